"""The agents, and the supervisor that runs them."""
