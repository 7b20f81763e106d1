"""What the tests of the backend share."""
