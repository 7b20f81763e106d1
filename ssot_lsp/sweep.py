"""Files of a project → reports: what the server does with open documents, on files on disk, many or one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple, TypeVar

import ssot_lsp
from ssot_lsp import __version__, engine, repository
from ssot_lsp.embedded import EmbeddedText
from ssot_lsp.embedded.file import EmbeddedFile, is_embedded, read_embedded
from ssot_lsp.files import SourceFile, UnreadableFileError, decode, read_bytes
from ssot_lsp.lint import lint, lint_uses
from ssot_lsp.model import Diagnostic, Report
from ssot_lsp.project import Document, Project
from ssot_lsp.records import Record, TextOnDisk, by_place, pack, unpack
from ssot_lsp.screen import UNSEEN, Look
from ssot_lsp.text import Text

T = TypeVar("T")
OnProgress = Callable[[int, int], None]
"""Told after each piece of work how many files are done, and how many there are to do."""
OnFound = Callable[[Sequence[Record]], None]
"""Told of reports as soon as they are known, in no particular order."""

_WORTH_REMEMBERING = 5
"""Files; fewer are checked again before the cache would have been read."""


class Opened(NamedTuple):
    """A file that was read: its bytes, how they were decoded, and the document."""

    data: bytes
    source: SourceFile | EmbeddedFile
    document: Document

    @property
    def note(self) -> str:
        """What of it could not be read; empty if all could."""
        return self.source.note if isinstance(self.source, EmbeddedFile) else ""


def open_file(project: Project, path: Path, look: Look = UNSEEN) -> Opened | Report:
    """Read a file; one that cannot be read gives a report that says why (SSOT092).

    After a first look, the bytes are those that it has seen, and of the document only what is suspicious is read.
    """
    try:
        data = look.data if look.data is not None else read_bytes(path)
        if is_embedded(path):
            file = read_embedded(path, data)
            return Opened(data, file, project.part_of(path, EmbeddedText(file.pieces)))
        source = decode(data)
    except UnreadableFileError as error:
        return _unreadable(project, path, str(error))
    except OSError as error:
        return _unreadable(project, path, error.strerror or str(error))
    return Opened(data, source, project.document(path, source.source, look.points))


def _unreadable(project: Project, path: Path, reason: str) -> Report:
    found = engine.as_settings_say([engine.unreadable(reason)], project.settings_for(path))
    return Report(path, Text(""), tuple(found))


def check_file(project: Project, path: Path, look: Look = UNSEEN, *, with_edits: bool = True) -> Report:
    """Check one file; with the edits of its fixes, which take much longer to be worked out, or without."""
    # edits are made from all of a document
    opened = open_file(project, path, look._replace(points=None) if with_edits else look)
    if isinstance(opened, Report):
        return opened
    document = opened.document
    found = engine.findings(document, project)
    fixed = (
        engine.with_fixes(document, project, diagnostic, choices=False)
        if with_edits
        else engine.with_proposals(diagnostic)
        for diagnostic in found.diagnostics
    )
    told = "does not parse; what was found may be incomplete" if document.syntax.has_errors else opened.note
    return Report(path, document.text, tuple(fixed), told, found.silenced)


class Sweep(NamedTuple):
    """How many files are gone through."""

    jobs: int = 1
    """How many processes there may be."""
    on_progress: OnProgress = lambda done, files: None
    on_found: OnFound = lambda records: None
    use_cache: bool = True
    with_edits: bool = False
    """The edits of all fixes are wanted too."""

    def check(self, project: Project, files: Sequence[str], paths: Sequence[Path]) -> list[Record]:
        """The packed reports of files in which something may be found, as far as it is not known from the last time.

        `paths` are what was asked for, in which the files were found.
        """
        work = _check_with_edits if self.with_edits else _check
        if not self.use_cache or len(files) < _WORTH_REMEMBERING:
            records = list[Record]()
            for done in self._each(project, work, files):
                found = [found.value for found in done.found]
                self.on_found(found)
                records += found
            return records
        from ssot_lsp.cache import slot  # noqa: PLC0415 - as below
        from ssot_lsp.remembered import remembered  # noqa: PLC0415 - only a large repository is remembered

        run = partial(self._each, project, work, remembers=True)
        is_whole = [*paths] == [project.root] and not project.settings.exclude
        others = () if is_whole else project.modules.files
        name = project.root, work.__name__, *paths, *sorted(project.overrides.items())
        return remembered(project, files, others, slot(_key(project), *name), run, on_found=self.on_found)

    def workspace(self, project: Project) -> list[Report]:
        """The reports of all files of the workspace, which name the registry's entries that speak in them."""
        records = self.check(project, list(project.find_files([project.root])), [project.root])
        text_of, entries = cache(TextOnDisk), by_place(project.registry.entries)
        return [unpack(record, text_of, entries) for record in records]

    def work(self, project: Project, files: Sequence[str], work: Callable[[Project, Path, Look], T]) -> Iterator[T]:
        """Do some work with each file in which something may be found, in their order."""
        for done in self._each(project, work, files):
            yield from (found.value for found in done.found)

    def _each(
        self, project: Project, work: repository.Work, files: Sequence[str], *, remembers: bool = False
    ) -> Iterator[repository.Done]:
        """What comes of each file that matters."""
        count = 0
        with repository.executor(self.jobs, len(files), again=remembers) as executor:
            for more, done in repository.process(project, files, work, executor, self.jobs, remembers=remembers):
                count += more
                yield done
                self.on_progress(count, len(files))


def _key(project: Project) -> str:
    """What must be the same for old results to hold, besides the files: this program, the settings, the registry…"""
    from ssot_lsp.cache import digest  # noqa: PLC0415

    program = sorted((file.name, file.stat().st_mtime_ns) for file in Path(ssot_lsp.__file__).parent.rglob("*.py"))
    registry = [(file.path, file.text.source) for file in project.registry.files]
    packs = (file.written for file in project.registry.files if file.is_pack)
    applied = [(entry.place, entry.is_gone, entry.deprecated) for written in packs for entry in written]
    where = project.modules.roots, sorted(project.modules.packages)
    environment = project.environment.site_packages, sorted(project.environment.distributions)
    return digest(__version__, sys.version, program, registry, applied, project.settings, where, environment)


def _check(project: Project, path: Path, look: Look) -> Record:
    return pack(check_file(project, path, look, with_edits=False))


def _check_with_edits(project: Project, path: Path, look: Look) -> Record:
    return pack(check_file(project, path, look))


def registry_reports(project: Project, found: Iterable[Report] | None = None) -> Iterator[Report]:
    """What is wrong with single entries of the registry, file by file.

    With all that was `found` in the workspace's files also what rests on who still uses what an entry replaces.
    """
    problems: dict[Path, list[Diagnostic]] = {}
    looked_at = [] if found is None else lint_uses(project, found, date.today())
    for path, problem in chain(project.registry.own_problems, lint(project), looked_at):
        problems.setdefault(path, []).extend(engine.as_settings_say([problem], project.settings_for(path)))
    for path, diagnostics in problems.items():
        in_order = sorted(diagnostics, key=lambda diagnostic: diagnostic.span)
        yield Report(path, project.registry.text(path), tuple(in_order))
