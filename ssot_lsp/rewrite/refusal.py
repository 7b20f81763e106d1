"""The one exception of the rewrite."""

from __future__ import annotations


class RefusalError(Exception):
    """A rewrite that is not made; its text says why, for the user."""
