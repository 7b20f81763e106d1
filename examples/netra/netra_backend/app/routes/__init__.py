"""What the outside world can call."""
