"""What every other part may import."""
