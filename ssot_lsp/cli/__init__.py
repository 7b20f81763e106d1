"""The command line, `ssot-lsp check | fix | registry | …`: one module a command. Only this package knows click."""

from __future__ import annotations

from importlib import import_module

import click

from ssot_lsp import __version__

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 120}
_COMMANDS = ("check", "fix", "explain", "registry", "server", "cache")


class _Commands(click.Group):
    """The commands, of which only the one that is called is imported: start-up is a part of every keystroke's price."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"{__name__}.{cmd_name}"), cmd_name)
        return command


@click.group(cls=_Commands, context_settings=_SETTINGS)
@click.version_option(__version__, "-V", "--version", prog_name="ssot-lsp", message="%(prog)s %(version)s")
def main() -> None:
    """Know the canonical path of every import, and rewrite the others, from one registry."""
