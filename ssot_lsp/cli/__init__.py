"""The command line, `ssot-lsp check | fix | explain | server`: one module a command. Only this package knows click."""

from __future__ import annotations

import click

from ssot_lsp import __version__
from ssot_lsp.cli.check import check
from ssot_lsp.cli.explain import explain
from ssot_lsp.cli.fix import fix
from ssot_lsp.cli.server import server

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 120}


@click.group(context_settings=_SETTINGS)
@click.version_option(__version__, "-V", "--version", prog_name="ssot-lsp", message="%(prog)s %(version)s")
def main() -> None:
    """Know the canonical path of every import, and rewrite the others, from one registry."""


for command in (check, fix, explain, server):
    main.add_command(command)
