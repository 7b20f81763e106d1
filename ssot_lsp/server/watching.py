"""What changes outside of the editor, where the editor does not tell; and whether the editor still lives."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path, PurePath

from ssot_lsp.files import PYTHON_SUFFIXES

WATCHED = ("**/*.py", "**/*.pyi", "**/*.json", "**/pyproject.toml")
"""Globs of the files whose changes matter."""
_ELSEWHERE = frozenset({".git", ".hg", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".nox", ".ssot-lsp"})
_OFTEN = 3.0
"""Seconds."""


def is_watched(path: PurePath) -> bool:
    """Whether a file's changes matter."""
    is_kind = path.suffix in (*PYTHON_SUFFIXES, ".json") or path.name == "pyproject.toml"
    return is_kind and _ELSEWHERE.isdisjoint(path.parts)


async def watched(roots: Sequence[Path]) -> AsyncIterator[list[Path]]:
    """The files below some folders that have changed, as they change. Ends when it is cancelled.

    Raises OSError if the system does not let so many folders be watched.
    """
    from watchfiles import awatch  # noqa: PLC0415 - most editors watch files themselves

    def matters(_: object, path: str) -> bool:
        return is_watched(PurePath(path))

    async for changes in awatch(*roots, watch_filter=matters, ignore_permission_denied=True):
        yield [Path(path) for _, path in changes]


async def death_of(process: int) -> None:
    """Wait until a process that `lives` does not."""
    while lives(process):
        await asyncio.sleep(_OFTEN)


def lives(process: int) -> bool:
    """Whether a process is seen to live.

    A client in another container has a number that means nothing here, and not every system can be asked: then our
    input ends when the client does.
    """
    if os.name != "posix":
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
