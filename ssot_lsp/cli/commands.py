"""Groups of commands, each a module."""

from __future__ import annotations

from importlib import import_module

import click


class Commands(click.Group):
    """Commands of which only the one that is called is imported: start-up is a part of every keystroke's price."""

    package = ""
    """Where their modules are, each with the name of its command."""
    names: tuple[str, ...] = ()
    """In the order in which help lists them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """As click asks for them."""
        return list(self.names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """As click asks for them."""
        if cmd_name not in self.names:
            return None
        command: click.Command = getattr(import_module(f"{self.package}.{cmd_name}"), cmd_name)
        return command
