"""What is wrong in the files of a folder that are not open, as far as the editor wants to know."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence, Set
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from lsprotocol import types as lsp

from ssot_lsp.server.background import (
    Background,
    EntryProblems,
    Failed,
    FileProblems,
    Finished,
    Job,
    Message,
    Progressed,
)
from ssot_lsp.server.progress import LongWork

_MOMENT = 0.2
"""Seconds."""


class Known(NamedTuple):
    """What is wrong in one file, as it was when it was last looked at."""

    uri: str
    diagnostics: list[lsp.Diagnostic]
    result_id: str


class Problems:
    """The problems of one folder's files, as they were when they were last looked at."""

    def __init__(
        self,
        on_change: Callable[[str], None],
        tell: Callable[[str], None],
        show: Callable[[Callable[[], None]], LongWork],
        on_entries: Callable[[EntryProblems], None],
    ) -> None:
        """`on_change` is told of each file whose problems may be others now; `show` shows that work is under way."""
        self.found: dict[str, Known] = {}
        """By file; those that are clean are not in it."""
        self._on_change, self._tell, self._show, self._on_entries = on_change, tell, show, on_entries
        self._seen = set[str]()
        self._under_way: tuple[Background, LongWork] | None = None
        self._next: Job | None = None
        self._soon: asyncio.TimerHandle | None = None
        self._news = asyncio.Event()

    @property
    def is_under_way(self) -> bool:
        """Whether the files are being looked at, or will be soon."""
        return self._under_way is not None or self._next is not None

    async def news(self) -> None:
        """Wait until something more is known than now, or nothing is under way any more."""
        if self.is_under_way:
            await self._news.wait()

    def look(self, job: Job) -> None:
        """Look at the files, when nobody has asked for it for a moment, and the look that is under way is over."""
        self._next = job
        if self._soon is not None:
            self._soon.cancel()
        self._soon = asyncio.get_running_loop().call_later(_MOMENT, self._begin)

    def forget(self) -> None:
        """Nobody wants to know any more."""
        self.end()
        self._keep(set())

    def end(self) -> None:
        """Look no more; what was found stays."""
        self._next = None
        self.stop()

    def stop(self) -> None:
        """End the look that is under way; what was found stays."""
        if self._under_way is not None:
            background, shown = self._under_way
            background.stop()
            shown.end()

    def _begin(self) -> None:
        if self._under_way is not None:
            return
        job, self._next = self._next, None
        if job is not None:
            self._seen = set()
            self._under_way = Background(job, self._take, self._end), self._show(self.stop)

    def _take(self, message: Message) -> None:
        if self._under_way is None:
            return
        if isinstance(message, Progressed):
            self._under_way[1].report(*message)
        elif isinstance(message, FileProblems):
            self._seen.add(message.path)
            self._set(message.path, message.diagnostics)
        elif isinstance(message, EntryProblems):
            self._on_entries(message)
        elif isinstance(message, Finished):
            self._keep(self._seen)
        elif isinstance(message, Failed) and message.reason:
            self._tell(message.reason)
        self._tell_news()

    def _end(self) -> None:
        if self._under_way is not None:
            self._under_way[1].end()
            self._under_way = None
        self._begin()
        self._tell_news()

    def _keep(self, files: Set[str]) -> None:
        for path in [path for path in self.found if path not in files]:
            self._set(path, [])

    def _set(self, path: str, diagnostics: list[lsp.Diagnostic]) -> None:
        before = self.found.pop(path, None)
        if diagnostics:
            self.found[path] = Known(Path(path).as_uri(), diagnostics, result_id(diagnostics))
        if before != self.found.get(path):
            self._on_change(path)

    def _tell_news(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


def result_id(diagnostics: Sequence[lsp.Diagnostic]) -> str:
    """A name for what some diagnostics say: the same for the same ones, whoever asks and when."""
    return blake2b(repr(diagnostics).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
