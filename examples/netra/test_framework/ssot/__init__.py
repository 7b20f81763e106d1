"""The one home of every test helper."""
