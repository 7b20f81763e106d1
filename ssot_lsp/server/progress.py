"""Long work that was not asked for in so many words: the user sees how far it is, and can end it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from uuid import uuid4

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.progress import Progress

_LONG = 0.5
"""Seconds; what takes less is over before it would be read."""


class LongWork:
    """One piece of work, shown from the moment that it is long."""

    def __init__(self, progress: Progress | None, title: str, on_cancel: Callable[[], None]) -> None:
        """Without `progress` the client cannot show any."""
        self._progress, self._title, self._on_cancel = progress, title, on_cancel
        self._token: str | None = None
        self._share = 0
        self._is_over = False
        self._shown = asyncio.ensure_future(self._show(progress)) if progress is not None else None

    async def _show(self, progress: Progress) -> None:
        await asyncio.sleep(_LONG)
        token = uuid4().hex
        if not self._is_over:
            with suppress(JsonRpcException):
                await progress.create_async(token)
        if not self._is_over and token in progress.tokens:
            self._token = token
            loop = asyncio.get_running_loop()
            progress.tokens[token].add_done_callback(
                lambda future: loop.call_soon(self._on_cancel) if future.cancelled() else None
            )
            begun = lsp.WorkDoneProgressBegin(self._title, cancellable=True, percentage=self._share)
            progress.begin(token, begun)

    def report(self, done: int, count: int) -> None:
        """So many of so many files are done."""
        share = 100 * done // max(count, 1)
        if self._progress is not None and self._token is not None and share != self._share:
            message = f"{done:,} of {count:,} files"
            self._progress.report(self._token, lsp.WorkDoneProgressReport(message=message, percentage=share))
        self._share = share

    def end(self) -> None:
        """It is over."""
        self._is_over = True
        if self._progress is not None and self._token is not None:
            self._progress.end(self._token, lsp.WorkDoneProgressEnd())
            self._progress.tokens.pop(self._token, None)
            self._token = None
