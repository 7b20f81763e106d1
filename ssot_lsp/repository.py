"""Many files of one project: looked at, and worked on where that matters, by all cores; in the order of the files.

The one seam is a `concurrent.futures.Executor`: whatever maps a function of a module over arguments that can be pickled
will do, be it a pool of processes here or a cluster's.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ssot_lsp.config import Settings
from ssot_lsp.project import Project
from ssot_lsp.scan import definitions
from ssot_lsp.screen import UNSEEN, Claim, Look, Screen

if TYPE_CHECKING:
    from concurrent.futures import Executor

ENOUGH = 400
"""Files; fewer are done before another process would have begun."""
_ENOUGH_AGAIN = 10
_SHARE = 6
_LEAST = 100
"""A process takes this part of its share of what is left, but no less than that part of its share of all.

So neighbours, which share modules, stay together; and at the end none waits long for the others.
"""

_SAFE_PATH = "PYTHONSAFEPATH"
_IS_SAFE_TO_SPAWN = sys.version_info >= (3, 11)
"""Whether Python knows `PYTHONSAFEPATH`."""
_COLLECTED = 50_000, 20, 100
"""How often garbage is collected."""

Work = Callable[[Project, Path, Look], Any]
"""What is to be done with a file, given what a first look at it told: a function of a module, pickled by its name."""


class Chunk(NamedTuple):
    """A part of the files, and all that another process needs to know to work on it."""

    root: Path
    overrides: dict[str, Any]
    """The settings that are not in the project's own files."""
    files: tuple[str, ...]
    work: Work
    remembers: bool
    """Whether what the outcome rests on is wanted too."""


class Found(NamedTuple):
    """What came of a file that mattered."""

    file: str
    value: Any
    rests_on: tuple[str, ...]
    """As `Modules.asked` has it."""


Seen = tuple[int, int, int, str]
"""A file as it was when it was read: the time of its last change (ns), size (bytes), inode, a digest of its bytes."""


class Done(NamedTuple):
    """What came of a chunk; with nothing but what was found, if nothing is to be remembered."""

    found: list[Found]
    seen: dict[str, Seen]
    defined: dict[str, list[str]]
    """The names that each file seems to define."""
    claims: dict[Claim, set[str]]
    """Why the other files do not matter, and what that rests on."""


class _Loaded(NamedTuple):
    """The project that this process works for."""

    root: Path
    overrides: dict[str, Any]
    project: Project
    screen: Screen


_loaded: list[_Loaded] = []
"""At most one: a process that is forked finds it here, another one loads it with its first chunk."""


def process(
    project: Project,
    files: Sequence[str],
    work: Work,
    executor: Executor | None = None,
    jobs: int = 1,
    *,
    remembers: bool = False,
) -> Iterator[tuple[int, Done]]:
    """Do some work with each file in which a rule may have something to say, in the order of the files.

    Gives, piece by piece, how many files that was, and what came of those that mattered.
    """
    _loaded[:] = [_Loaded(project.root, project.overrides, project, Screen(project))]
    gc.set_threshold(*_COLLECTED)  # nearly all that is made lives for one file, and what stays is searched each time
    pieces = list(_pieces(files, jobs))
    chunks = [Chunk(project.root, project.overrides, piece, work, remembers) for piece in pieces]
    done = executor.map(process_chunk, chunks) if executor is not None else map(process_chunk, chunks)
    for piece, found in zip(pieces, done, strict=True):
        yield len(piece), found


def _pieces(files: Sequence[str], jobs: int) -> Iterator[tuple[str, ...]]:
    """The files in pieces, large ones first."""
    start, least = 0, 1 + len(files) // (_LEAST * jobs)
    while start < len(files):
        size = max(least, (len(files) - start) // (_SHARE * jobs))
        yield tuple(files[start : start + size])
        start += size


def process_chunk(chunk: Chunk) -> Done:
    """Do the work of one chunk, in whatever process this is."""
    loaded = next((at for at in _loaded if (at.root, at.overrides) == (chunk.root, chunk.overrides)), None)
    if loaded is None:
        project = Project.load(chunk.root, Settings(**chunk.overrides))
        loaded = _Loaded(chunk.root, chunk.overrides, project, Screen(project))
        _loaded[:] = [loaded]
    project, screen = loaded.project, loaded.screen
    found: list[Found] = []
    seen: dict[str, Seen] = {}
    defined: dict[str, list[str]] = {}
    for file in chunk.files:
        look = UNSEEN
        with suppress(OSError), open(file, "rb", buffering=0) as opened:  # noqa: PTH123 - of every file there is
            facts = os.fstat(opened.fileno()) if chunk.remembers else None
            data = opened.read()
            if facts is not None:
                from ssot_lsp.cache import digest_of  # noqa: PLC0415 - 10 ms that only those who remember need pay

                seen[file] = (facts.st_mtime_ns, facts.st_size, facts.st_ino, digest_of(data))
                defined[file] = sorted(definitions(data))
            look = screen.look(data, file)
            if not look.is_suspicious:
                continue
        project.modules.asked.clear()
        value = chunk.work(project, Path(file), look)
        found.append(Found(file, value, tuple(project.modules.asked) if chunk.remembers else ()))
    claims = dict(screen.claims) if chunk.remembers else {}
    screen.claims.clear()
    return Done(found, seen, defined, claims)


@contextmanager
def executor(jobs: int, files: int, *, again: bool = False) -> Iterator[Executor | None]:
    """As many processes as are asked for; none but this one where there is little to do.

    There is more to do for each file if it is looked at `again` because something has changed.
    """
    forks = sys.platform == "linux"
    if jobs < 2 or files < (_ENOUGH_AGAIN if forks and again else ENOUGH) or not (forks or _IS_SAFE_TO_SPAWN):
        yield None
        return
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - 20 ms
    from multiprocessing import get_context  # noqa: PLC0415

    # a fork finds everything loaded; macOS's system libraries do not survive one, and Windows has none
    context = get_context("fork" if forks else "spawn")
    # a process that is begun anew would look for modules in the current folder, which may be anybody's
    before = os.environ.get(_SAFE_PATH)
    os.environ[_SAFE_PATH] = "1"
    try:
        with ProcessPoolExecutor(jobs, mp_context=context) as pool:
            yield pool
    finally:
        os.environ.pop(_SAFE_PATH)
        if before is not None:
            os.environ[_SAFE_PATH] = before


def available_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
