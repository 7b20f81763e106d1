"""The netra backend."""
