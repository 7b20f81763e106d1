"""What is noted on the way, as the client's log shows it."""

from __future__ import annotations

import logging
from contextlib import suppress

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

_TYPES = {
    logging.ERROR: lsp.MessageType.Error,
    logging.WARNING: lsp.MessageType.Warning,
    logging.INFO: lsp.MessageType.Info,
}


def log_to(server: LanguageServer) -> None:
    """Let the server's client see what is noted from now on."""
    log = logging.getLogger("ssot_lsp")
    log.setLevel(logging.INFO)
    log.addHandler(_LogToClient(server))
    logging.getLogger("pygls.protocol.json_rpc").addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    """Whether what pygls notes is more than that a request was refused, or cancelled when it was done already."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, JsonRpcException) and not str(record.msg).startswith("Cancel notification")


class _LogToClient(logging.Handler):
    """Sends records as `window/logMessage`."""

    def __init__(self, server: LanguageServer) -> None:
        super().__init__(logging.INFO)
        self._server = server
        self.setFormatter(logging.Formatter("%(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record."""
        with suppress(RuntimeError, OSError, ValueError):  # the client is gone
            kind = _TYPES.get(record.levelno, lsp.MessageType.Log)
            self._server.window_log_message(lsp.LogMessageParams(kind, self.format(record)))
