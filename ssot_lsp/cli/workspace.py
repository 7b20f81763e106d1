"""Files of a project → reports, for the commands: what the server does with open documents, on files on disk."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import ssot_lsp
from ssot_lsp import __version__, engine, repository
from ssot_lsp.cli.options import Options, note, progress
from ssot_lsp.files import SourceFile, UnreadableFileError, decode, read_bytes
from ssot_lsp.model import Diagnostic, Report
from ssot_lsp.project import Document, Project
from ssot_lsp.records import Record, TextOnDisk, pack, unpack
from ssot_lsp.screen import UNSEEN, Look
from ssot_lsp.text import Text

T = TypeVar("T")

_WORTH_REMEMBERING = 5
"""Files; fewer are checked again before the cache would have been read."""


class Opened(NamedTuple):
    """A file that was read: its bytes, how they were decoded, and the document."""

    data: bytes
    source: SourceFile
    document: Document


def open_file(project: Project, path: Path, look: Look = UNSEEN) -> Opened | Report:
    """Read a file; one that cannot be read gives a report that says why (SSOT092).

    After a first look, the bytes are those that it has seen, and of the document only what is suspicious is read.
    """
    try:
        data = look.data if look.data is not None else read_bytes(path)
        source = decode(data)
    except UnreadableFileError as error:
        return _unreadable(project, path, str(error))
    except OSError as error:
        return _unreadable(project, path, error.strerror or str(error))
    return Opened(data, source, project.document(path, source.source, look.points))


def _unreadable(project: Project, path: Path, reason: str) -> Report:
    return Report(path, Text(""), tuple(engine.as_settings_say([engine.unreadable(reason)], project.settings)))


def check_file(project: Project, path: Path, look: Look = UNSEEN, *, with_edits: bool = True) -> Report:
    """Check one file; with the edits of its fixes, which take much longer to be worked out, or without."""
    # edits are made from all of a document
    opened = open_file(project, path, look._replace(points=None) if with_edits else look)
    if isinstance(opened, Report):
        return opened
    document = opened.document
    diagnostics = engine.check(document, project)
    fixed = (
        engine.with_fixes(document, project, diagnostic, choices=False)
        if with_edits
        else engine.with_proposals(diagnostic)
        for diagnostic in diagnostics
    )
    told = "does not parse; what was found may be incomplete" if document.syntax.has_errors else ""
    return Report(path, document.text, tuple(fixed), told)


def check_files(options: Options, project: Project, files: Sequence[str]) -> list[Report]:
    """Check some files: those in which something may be found, as far as it is not known from the last time."""
    text_of = cache(TextOnDisk)
    work = _check_with_edits if options.shows_edits else _check
    if not options.use_cache or len(files) < _WORTH_REMEMBERING:
        records = [found.value for done in _each(options, project, files, work) for found in done.found]
    else:
        from ssot_lsp.cache import slot  # noqa: PLC0415 - as below
        from ssot_lsp.remembered import remembered  # noqa: PLC0415 - only a large repository is remembered

        run = partial(_each, options, project, work=work, remembers=True)
        is_whole = options.paths == (project.root,) and not project.settings.exclude
        others = () if is_whole else project.modules.files
        name = project.root, work.__name__, *options.paths, *sorted(project.overrides.items())
        records = remembered(project, files, others, slot(_key(project), *name), run)
    return [unpack(record, text_of) for record in records]


def _key(project: Project) -> str:
    """What must be the same for old results to hold, besides the files: this program, the settings, the registry…"""
    from ssot_lsp.cache import digest  # noqa: PLC0415

    program = sorted((file.name, file.stat().st_mtime_ns) for file in Path(ssot_lsp.__file__).parent.rglob("*.py"))
    registry = [(file.path, file.text.source) for file in project.registry.files]
    where = project.modules.roots, sorted(project.modules.packages)
    environment = project.environment.site_packages, sorted(project.environment.distributions)
    return digest(__version__, sys.version, program, registry, project.settings, where, environment)


def fix_files(
    options: Options, project: Project, files: Sequence[str], work: Callable[[Project, Path, Look], T]
) -> list[T]:
    """Do the work of `fix` with each file in which something may be found, in their order."""
    return [found.value for done in _each(options, project, files, work, "Fixing") for found in done.found]


def _check(project: Project, path: Path, look: Look) -> Record:
    return pack(check_file(project, path, look, with_edits=False))


def _check_with_edits(project: Project, path: Path, look: Look) -> Record:
    return pack(check_file(project, path, look))


def _each(
    options: Options,
    project: Project,
    files: Sequence[str],
    work: repository.Work,
    label: str = "Checking",
    *,
    remembers: bool = False,
) -> Iterator[repository.Done]:
    """What comes of each file that matters, with a progress bar meanwhile."""
    pool = repository.executor(options.jobs, len(files), again=remembers)
    with progress(len(files), label) as bar, pool as executor:
        for count, done in repository.process(project, files, work, executor, options.jobs, remembers=remembers):
            yield done
            bar.update(count)


def tell(project: Project, reports: Iterable[Report]) -> None:
    """Say what the reports have to say beside their diagnostics."""
    for report in reports:
        if report.note:
            note(f"note: {project.relative(report.path)}: {report.note}")


def registry_reports(project: Project) -> Iterator[Report]:
    """What is wrong with single entries of the registry, file by file."""
    problems: dict[Path, list[Diagnostic]] = {}
    for path, problem in project.registry.problems:
        problems.setdefault(path, []).extend(engine.as_settings_say([problem], project.settings))
    for path, found in problems.items():
        yield Report(path, project.registry.text(path), tuple(found))


def with_findings(reports: Iterable[Report]) -> list[Report]:
    """The reports that have something to say."""
    return [report for report in reports if report.diagnostics]
