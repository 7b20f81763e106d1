"""`ssot-lsp registry`: what is to be said and done about a registry itself, one module a command."""

from __future__ import annotations

import click

from ssot_lsp.cli.commands import Commands


class _OfRegistries(Commands):
    package = __name__
    names = ("lint", "bridge", "docs", "schema")


@click.group(cls=_OfRegistries)
def registry() -> None:
    """See that a registry is true, and make something of it."""
