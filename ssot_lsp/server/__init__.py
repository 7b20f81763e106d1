"""The language server. The only package that knows LSP, pygls and lsprotocol."""

from __future__ import annotations

from ssot_lsp.server.language_server import SsotLanguageServer


def serve(address: tuple[str, int] | None = None) -> None:
    """Run the server until its client leaves: over standard input and output, or for one client at a TCP address."""
    server = SsotLanguageServer()
    if address is None:
        server.start_io()
    else:
        server.start_tcp(*address)
