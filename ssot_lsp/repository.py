"""Many files of one project: looked at, and worked on where that matters, by all cores; in the order of the files.

The one seam is a `concurrent.futures.Executor`: whatever maps a picklable function over picklable arguments will do.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from ssot_lsp.config import Settings
from ssot_lsp.project import Project
from ssot_lsp.screen import Screen

T = TypeVar("T")

_ENOUGH = 400
"""Files; fewer are done before another process would have begun."""
_CHUNKS = 16
"""Pieces of the work for each process: small, so that none waits long for the last; but neighbours share modules."""


class Chunk(NamedTuple):
    """A part of the files, and all that another process needs to know to work on it."""

    root: Path
    overrides: dict[str, Any]
    """The settings that are not in the project's own files."""
    files: tuple[str, ...]
    work: Callable[[Project, Path], Any]
    """What is to be done with each file that may matter: a function of a module, by which it is pickled."""


class _Loaded(NamedTuple):
    """The project that this process works for."""

    root: Path
    overrides: dict[str, Any]
    project: Project
    screen: Screen


_loaded: list[_Loaded] = []
"""At most one: a process that is forked finds it here, another one loads it with its first chunk."""


def process(
    project: Project, files: Sequence[str], work: Callable[[Project, Path], T], executor: Executor | None, jobs: int = 1
) -> Iterator[tuple[int, list[T]]]:
    """Do some work with each file in which a rule may have something to say, in the order of the files.

    Gives, piece by piece, how many files that was, and what came of those that mattered.
    """
    screen = Screen(project)
    _loaded[:] = [_Loaded(project.root, project.overrides, project, screen)]
    size = max(1, len(files) // (_CHUNKS * jobs))
    pieces = [tuple(files[start : start + size]) for start in range(0, len(files), size)]
    chunks = [Chunk(project.root, project.overrides, piece, work) for piece in pieces]
    done = executor.map(process_chunk, chunks) if executor is not None else map(process_chunk, chunks)
    for piece, found in zip(pieces, done, strict=True):
        yield len(piece), found


def process_chunk(chunk: Chunk) -> list[Any]:
    """Do the work of one chunk, in whatever process this is."""
    loaded = next((at for at in _loaded if (at.root, at.overrides) == (chunk.root, chunk.overrides)), None)
    if loaded is None:
        project = Project.load(chunk.root, Settings(**chunk.overrides))
        loaded = _Loaded(chunk.root, chunk.overrides, project, Screen(project))
        _loaded[:] = [loaded]
    return [chunk.work(loaded.project, Path(file)) for file in chunk.files if _matters(loaded, file)]


def _matters(loaded: _Loaded, file: str) -> bool:
    try:
        with open(file, "rb", buffering=0) as opened:  # noqa: PTH123 - of every file there is
            data = opened.read()
    except OSError:
        return True  # to be told
    module, is_init = loaded.project.modules.name_of(file)
    return not loaded.screen.passes(data, module, is_init=is_init)


@contextmanager
def executor(jobs: int, files: int) -> Iterator[Executor | None]:
    """As many processes as are asked for; none but this one where there is little to do."""
    if jobs < 2 or files < _ENOUGH:
        yield None
        return
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - 20 ms
    from multiprocessing import get_context  # noqa: PLC0415

    # a fork finds everything loaded; macOS's system libraries do not survive one, and Windows has none
    context = get_context("fork" if sys.platform == "linux" else "spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        yield pool


def available_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
