"""Work on whole folders, in a process of its own: it takes long, and what it needs is given back when it is done."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from functools import cache, partial
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple, TypeVar

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcRequestCancelled

from ssot_lsp import engine
from ssot_lsp.config import ConfigError, Settings
from ssot_lsp.git import GitError, changed_files
from ssot_lsp.lint import lint_uses
from ssot_lsp.model import Applicability, Diagnostic, Report
from ssot_lsp.project import Document, Project
from ssot_lsp.records import Entries, Record, TextOnDisk, by_place, unpack
from ssot_lsp.registry import RegistryError
from ssot_lsp.repository import available_cores
from ssot_lsp.screen import Look
from ssot_lsp.server.convert import Terms
from ssot_lsp.server.progress import LongWork
from ssot_lsp.server.settings import DiagnosticMode
from ssot_lsp.sweep import Sweep, open_file


class Wanted(NamedTuple):
    """Of what the fixes are wanted; of everything, if nothing is said."""

    registry: str = ""
    place: int = 0
    """An entry: its registry file, and its place in there."""
    file: str = ""
    """One file."""

    def holds(self, diagnostic: Diagnostic) -> bool:
        """Whether a diagnostic is among them."""
        entry = diagnostic.entry
        return not self.registry or (
            entry is not None and (str(entry.path), entry.place) == (self.registry, self.place)
        )


class Job(NamedTuple):
    """What is to be done in one folder."""

    root: Path
    overrides: Mapping[str, Any]
    """The settings that are not in the project's own files."""
    terms: Terms
    shown: DiagnosticMode = DiagnosticMode.EVERYTHING
    """Of which files the problems are wanted, besides those that are open."""
    with_entries: bool = False
    """Wanted is too what is wrong with entries, given who still uses what they replace: all files are looked at."""
    fixes: Wanted | None = None
    """Fixes are wanted, not diagnostics."""
    but: tuple[str, ...] = ()
    """Files that are open: whoever asks knows more of them."""


class Progressed(NamedTuple):
    """So many of so many files are done."""

    done: int
    files: int


class FileProblems(NamedTuple):
    """What is wrong in a file."""

    path: str
    diagnostics: list[lsp.Diagnostic]


class EntryProblems(NamedTuple):
    """What is wrong with the entries of a registry file, given who still uses what they replace."""

    path: Path
    source: str
    """The file's text, of which the diagnostics speak."""
    diagnostics: list[Diagnostic]


class FileFixes(NamedTuple):
    """The edits that fix a file."""

    path: str
    safe: list[lsp.TextEdit]
    unsafe: list[lsp.TextEdit]
    """Those that are needed besides for what is not sure."""


class Failed(NamedTuple):
    """Nothing can be done."""

    reason: str = ""
    """Why, if nobody has told the user yet."""


class Finished(NamedTuple):
    """All was done, and told."""


Found = TypeVar("Found", FileProblems, FileFixes)
Message = Progressed | FileProblems | EntryProblems | FileFixes | Failed | Finished


_NICE = 5
"""Whoever types comes first."""
_BEGIN = "import sys; sys.path[:] = sys.argv[1:]; from ssot_lsp.server.background import run; run()"
"""What the other process is told to do: Python alone would look for modules in the current folder first."""


class Background:
    """A job that is under way; what it has to say comes to the loop that it was begun from."""

    def __init__(self, job: Job, on_message: Callable[[Message], None], on_end: Callable[[], None]) -> None:
        """`on_end` is called once, when nothing more will be said: it is done, was stopped, or has failed."""
        self._loop = asyncio.get_running_loop()
        self._on_message, self._on_end = on_message, on_end
        here = {"", os.curdir, str(Path.cwd())}
        # isolated, so that neither the workspace nor its environment can put something before our modules
        command = [sys.executable, "-I", "-c", _BEGIN, *(path for path in sys.path if path not in here)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, start_new_session=True)  # noqa: S603
        Thread(target=self._listen, args=(job,), daemon=True).start()

    def _listen(self, job: Job) -> None:
        said, told = self._process.stdin, self._process.stdout
        assert said is not None  # noqa: S101 - both are pipes
        assert told is not None  # noqa: S101
        with suppress(EOFError, OSError, pickle.UnpicklingError), said, told:
            pickle.dump(job, said)
            said.flush()
            while True:
                self._say(self._on_message, pickle.load(told))  # noqa: S301 - it is our own process that speaks
        self._process.wait()
        self._say(self._on_end)

    def _say(self, what: Callable[..., None], *values: Any) -> None:
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(what, *values)

    def stop(self) -> None:
        """End the work at once. What it has found so far was told."""
        if self._process.poll() is None:
            if os.name == "posix":
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()


async def everywhere(job: Job, kind: type[Found], show: Callable[[Callable[[], None]], LongWork]) -> list[Found]:
    """What a job finds, of one kind, in all files of a folder; `show` shows that work is under way, and may stop it.

    Raises JsonRpcRequestCancelled if it was stopped before it was done.
    """
    messages: asyncio.Queue[Message | None] = asyncio.Queue()
    background = Background(job, messages.put_nowait, lambda: messages.put_nowait(None))
    shown, found, is_finished = show(background.stop), list[Found](), False
    try:
        while (message := await messages.get()) is not None:
            if isinstance(message, Progressed):
                shown.report(*message)
            elif isinstance(message, kind):
                found.append(message)
            is_finished = is_finished or isinstance(message, Finished)
    finally:
        background.stop()
        shown.end()
    if not is_finished:
        raise JsonRpcRequestCancelled
    return found


def run() -> None:
    """What the other process does: read a job from standard input, and tell what comes of it on standard output."""
    job = pickle.load(sys.stdin.buffer)  # noqa: S301 - the server has written it
    told = os.fdopen(os.dup(1), "wb")
    if hasattr(os, "nice"):
        os.nice(_NICE)
    os.dup2(2, 1)  # whatever else is printed must not stand between the messages

    def tell(message: Message) -> None:
        pickle.dump(message, told)
        told.flush()

    try:
        for message in _work(job, tell):
            tell(message)
    except (BrokenPipeError, ConnectionResetError):  # nobody listens any more
        if os.name == "posix":
            os.killpg(os.getpgrp(), signal.SIGKILL)  # a pool would wait for those that help, and they for it
        os._exit(1)


def _work(job: Job, tell: Callable[[Message], None]) -> Iterator[Message]:
    try:
        project = Project.load(job.root, Settings(**job.overrides))
        files = list(project.find_files([project.root], only_python=True))
        changed = changed_files(project.root) if job.shown is DiagnosticMode.CHANGED else frozenset()
        if not (job.with_entries or job.shown is DiagnosticMode.EVERYTHING):
            files = [file for file in files if Path(file) in changed]
        if job.fixes is not None and job.fixes.file:
            files = [file for file in files if file == job.fixes.file]
    except (ConfigError, RegistryError):
        yield Failed()
        return
    except GitError as error:
        yield Failed(f"which files have changed is not known: {error}")
        return

    def on_progress(done: int, files: int) -> None:
        tell(Progressed(done, files))

    entries = by_place(project.registry.entries)

    def is_shown(file: str) -> bool:
        return file not in job.but and (job.shown is DiagnosticMode.EVERYTHING or Path(file) in changed)

    def on_found(records: Sequence[Record]) -> None:
        for record in records if job.fixes is None else ():
            if is_shown(record[0]):
                tell(_problems(record, entries, job.terms))

    # a few files are read sooner than what is remembered of all others
    use_cache = job.with_entries or job.shown is DiagnosticMode.EVERYTHING
    sweep = Sweep(available_cores(), on_progress, on_found, use_cache=use_cache)
    records = sweep.check(project, files, [project.root])
    if job.fixes is not None:
        fixable = [record[0] for record in records if record[0] not in job.but]
        fix = partial(_fixes, terms=job.terms, wanted=job.fixes)
        yield from (found for found in sweep.work(project, fixable, fix) if found)
    if job.with_entries:
        yield from _entries(project, [unpack(record, cache(TextOnDisk), entries) for record in records])
    yield Finished()


def _problems(record: Record, entries: Entries, terms: Terms) -> FileProblems:
    report = unpack(record, cache(TextOnDisk), entries)
    return FileProblems(record[0], [terms.diagnostic(report.text, found) for found in report.diagnostics])


def _entries(project: Project, reports: Sequence[Report]) -> Iterator[EntryProblems]:
    problems: dict[Path, list[Diagnostic]] = {file.path: [] for file in project.registry.files}
    for path, problem in lint_uses(project, reports, date.today()):
        problems[path] += engine.as_settings_say([problem], project.settings_for(path))
    return (EntryProblems(path, project.registry.text(path).source, found) for path, found in problems.items())


def _fixes(project: Project, path: Path, look: Look, *, terms: Terms, wanted: Wanted) -> FileFixes | None:
    """The fixes of one file; None if there are none."""
    opened = open_file(project, path, look._replace(points=None))
    if isinstance(opened, Report):
        return None
    return fixes_of(opened.document, project, engine.check(opened.document, project), wanted, terms)


def fixes_of(
    document: Document, project: Project, diagnostics: Sequence[Diagnostic], wanted: Wanted, terms: Terms
) -> FileFixes | None:
    """The safe edits of a document and those that come on top of them; None if there are none.

    Both together and the safe ones alone leave what was verified. Where what is unsafe makes the safe ones others, all
    are unsafe.
    """
    mended = [diagnostic for diagnostic in diagnostics if wanted.holds(diagnostic)]
    if not mended or not engine.compiles(document):
        return None
    safe, everything = (
        engine.fix(document, project, mended, level).edits for level in (Applicability.SAFE, Applicability.UNSAFE)
    )
    if not set(safe) <= set(everything):
        safe = ()
    unsafe = [edit for edit in everything if edit not in safe]
    path, text = str(document.path), document.text
    return FileFixes(path, terms.edits(text, safe), terms.edits(text, unsafe)) if everything else None
