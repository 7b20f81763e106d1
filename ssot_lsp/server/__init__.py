"""The language server. The only package that knows LSP, pygls and lsprotocol."""

from __future__ import annotations

import sys

from ssot_lsp.server.language_server import SsotLanguageServer

_TURN = 0.001
"""Seconds after which a thread that works gives way to the loop."""


def serve(address: tuple[str, int] | None = None) -> None:
    """Run the server until its client leaves: over standard input and output, or for one client at a TCP address.

    Ends the process: with 0 if the client said `shutdown` before it left, else with 1 (LSP 3.17, "Exit Notification").
    """
    sys.setswitchinterval(_TURN)
    server = SsotLanguageServer()
    if address is None:
        try:
            server.start_pipes()
        except ValueError:
            server.start_io()
    else:
        server.start_tcp(*address)
    sys.exit(0 if server.was_shut_down else 1)
