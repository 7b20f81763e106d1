"""Files that change, told as they do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePath

from ssot_lsp.files import PYTHON_SUFFIXES

WATCHED = ("**/*.py", "**/*.pyi", "**/*.json", "**/pyproject.toml")
"""Globs of the files whose changes matter."""
_ELSEWHERE = frozenset({".git", ".hg", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".nox", ".ssot-lsp"})
_MOMENT = 200
"""Milliseconds that nothing may change before it is told, so that a file is whole by then."""


def is_watched(path: PurePath) -> bool:
    """Whether a file's changes matter."""
    is_kind = path.suffix in (*PYTHON_SUFFIXES, ".json") or path.name == "pyproject.toml"
    return is_kind and _ELSEWHERE.isdisjoint(path.parts)


def _matters(_: object, path: str) -> bool:
    return is_watched(PurePath(path))


async def watched(folders: Sequence[Path]) -> AsyncIterator[list[Path]]:
    """The files below some folders that have changed, as they change. Ends when it is cancelled.

    Raises OSError if the system does not let so many folders be watched.
    """
    from watchfiles import awatch  # noqa: PLC0415 - most editors watch files themselves

    async for changes in awatch(*folders, watch_filter=_matters, step=_MOMENT, ignore_permission_denied=True):
        yield sorted({Path(path) for _, path in changes})


def changes(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """The same for files and folders, until the program is interrupted."""
    from watchfiles import watch  # noqa: PLC0415 - few commands watch

    found = watch(*paths, watch_filter=_matters, step=_MOMENT, ignore_permission_denied=True)
    with suppress(KeyboardInterrupt):
        for changed in found:
            yield sorted({Path(path) for _, path in changed})
