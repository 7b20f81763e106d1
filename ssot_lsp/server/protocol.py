"""pygls' protocol with what it lacks: documents are ours to keep, and whoever asks gets an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol, lsp_method
from pygls.protocol.json_rpc import JsonRPCNotification


class KeepsDocuments(Protocol):
    """A server that keeps documents itself."""

    def did_open(self, params: lsp.DidOpenTextDocumentParams) -> None:
        """A document was opened."""

    def did_change(self, params: lsp.DidChangeTextDocumentParams) -> None:
        """A document has changed."""

    def did_close(self, params: lsp.DidCloseTextDocumentParams) -> None:
        """A document was closed."""


class SsotProtocol(LanguageServerProtocol):
    """pygls splits lines where no editor does, so it must not keep documents."""

    _server: KeepsDocuments  # type: ignore[assignment]
    is_over = False
    """The client is gone: whatever is sent gets lost, and to tell of that would be lost too."""

    def _send_data(self, data: Any) -> None:
        if not self.is_over:
            super()._send_data(data)

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Read a message; one that asks and cannot be read is answered with an error, which pygls does not do."""
        if "jsonrpc" in data and "method" in data and self.get_message_type(str(data["method"])) is None:
            data.setdefault("params", None)
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if "id" not in data or "method" not in data:
                raise
            self._send_response(data["id"], error=error.to_response_error())
            return JsonRPCNotification(str(data["method"]), "answered already", None)

    # pygls finds these by their decorator, and keeps its own documents in those that they replace

    @lsp_method(lsp.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: lsp.DidOpenTextDocumentParams) -> None:
        """Hand the document on."""
        self._server.did_open(params)

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: lsp.DidChangeTextDocumentParams) -> None:
        """Hand the change on."""
        self._server.did_change(params)

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: lsp.DidCloseTextDocumentParams) -> None:
        """Hand it on."""
        self._server.did_close(params)


def as_function(method: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A method as a function, because pygls notes things on what it registers, and a bound method takes no notes."""

    def call(params: Any) -> Any:
        return method(params)

    return call


def as_coroutine(method: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
    """The same of a method that waits for others."""

    async def call(params: Any) -> Any:
        return await method(params)

    return call
