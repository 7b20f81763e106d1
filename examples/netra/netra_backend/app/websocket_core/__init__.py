"""Connections to browsers, and who may write to them."""
