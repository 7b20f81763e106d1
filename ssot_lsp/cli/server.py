"""`ssot-lsp server`."""

from __future__ import annotations

import click

from ssot_lsp.cli.options import fail


@click.command()
@click.option("--stdio", is_flag=True, help="Speak over standard input and output (the default).")
@click.option("--tcp", metavar="HOST:PORT", help="Listen for one client there instead.")
def server(*, stdio: bool, tcp: str | None) -> None:
    """Run the language server."""
    if stdio and tcp:
        fail("--stdio and --tcp exclude each other")
    host, _, port = (tcp or "").rpartition(":")
    if tcp and not (host and port.isdecimal() and int(port) < 65536):
        fail(f"--tcp {tcp}: expected HOST:PORT")
    from ssot_lsp.server import serve  # noqa: PLC0415 - pygls: 0.3 s that no other command pays

    serve((host.strip("[]"), int(port)) if tcp else None)
