"""The command line, `ssot-lsp check | fix | registry | …`: one module a command. Only this package knows click."""

from __future__ import annotations

import click

from ssot_lsp import __version__
from ssot_lsp.cli.commands import Commands

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 120}


class _All(Commands):
    package = __name__
    names = ("check", "fix", "explain", "registry", "server", "cache")


@click.group(cls=_All, context_settings=_SETTINGS)
@click.version_option(__version__, "-V", "--version", prog_name="ssot-lsp", message="%(prog)s %(version)s")
def main() -> None:
    """Know the canonical path of every import, and rewrite the others, from one registry."""
