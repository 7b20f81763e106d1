"""Files of a project → reports, for the commands: what the server does with open documents, on files on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from ssot_lsp import engine, repository
from ssot_lsp.cli.options import Options, note, progress
from ssot_lsp.files import SourceFile, UnreadableFileError, decode
from ssot_lsp.model import Diagnostic, Report
from ssot_lsp.project import Document, Project
from ssot_lsp.text import Text

T = TypeVar("T")


class Opened(NamedTuple):
    """A file that was read: its bytes, how they were decoded, and the document."""

    data: bytes
    source: SourceFile
    document: Document


def open_file(project: Project, path: Path) -> Opened | Report:
    """Read a file; one that cannot be read gives a report that says why (SSOT092)."""
    try:
        data = path.read_bytes()
        source = decode(data)
    except UnreadableFileError as error:
        return _unreadable(project, path, str(error))
    except OSError as error:
        return _unreadable(project, path, error.strerror or str(error))
    return Opened(data, source, project.document(path, source.source))


def _unreadable(project: Project, path: Path, reason: str) -> Report:
    return Report(path, Text(""), tuple(engine.as_settings_say([engine.unreadable(reason)], project.settings)))


def check_file(project: Project, path: Path) -> Report:
    """Check one file, its fixes worked out."""
    opened = open_file(project, path)
    if isinstance(opened, Report):
        return opened
    document = opened.document
    diagnostics = engine.check(document, project)
    fixed = (engine.with_fixes(document, project, diagnostic, choices=False) for diagnostic in diagnostics)
    told = "does not parse; what was found may be incomplete" if document.syntax.has_errors else ""
    return Report(path, document.text, tuple(fixed), told)


def each_file(
    options: Options, project: Project, files: Sequence[str], label: str, work: Callable[[Project, Path], T]
) -> list[T]:
    """Do some work with each file in which something may be found; in their order, with a progress bar."""
    done: list[T] = []
    with progress(len(files), label) as bar, repository.executor(options.jobs, len(files)) as executor:
        for count, found in repository.process(project, files, work, executor, options.jobs):
            done += found
            bar.update(count)
    return done


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
