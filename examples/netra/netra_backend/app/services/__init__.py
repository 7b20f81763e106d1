"""What the agents and the routes call."""
