"""ssot-lsp: one registry of canonical import paths for editors, the command line and CI."""

__version__ = "0.1.0"
