"""`ssot-lsp fix`."""

from __future__ import annotations

import difflib
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click

from ssot_lsp import engine
from ssot_lsp.cli.options import (
    CHANGED_MEANWHILE,
    CLEAN,
    FOUND,
    Options,
    exit_code,
    load_project,
    note,
    print_reports,
    progress,
    shared_options,
)
from ssot_lsp.cli.workspace import check_file, open_file, registry_reports, with_findings
from ssot_lsp.files import ChangedFileError, RefusedWriteError, replace_file
from ssot_lsp.model import Applicability, Diagnostic, Report
from ssot_lsp.project import Project

_LINES = re.compile(r"(?<=\n)|(?<=\r)(?!\n)")


class _Change(NamedTuple):
    """A file that is to be changed, and what that mends."""

    path: Path
    old: bytes
    new: bytes
    diff: str
    applied: tuple[Diagnostic, ...]


@click.command()
@shared_options
@click.option("--unsafe-fixes", is_flag=True, help="Apply fixes that may change the meaning too.")
@click.option("--diff", is_flag=True, help="Print what would change, and write nothing.")
@click.option("--verify", metavar="COMMAND", help="Run this afterwards; if it fails, put every file back.")
def fix(options: Options, *, unsafe_fixes: bool, diff: bool, verify: str | None) -> None:
    """Rewrite deprecated imports to their canonical paths.

    Exits with 0 if nothing is left, 1 if something is left or was refused, 2 if it could not run, 3 if a file changed
    meanwhile.
    """
    project = load_project(options)
    applicability = Applicability.UNSAFE if unsafe_fixes else Applicability.SAFE
    files = list(project.find_files(options.paths))
    changes: list[_Change] = []
    reports: list[Report] = []
    with progress(files, "Fixing") as todo:
        for path in todo:
            change, report = _plan(project, path, applicability)
            changes += [change] if change else []
            reports += [report] if report else []
    if diff:
        click.echo("".join(change.diff for change in changes), nl=False)
        sys.exit(FOUND if changes else CLEAN)
    written, refused, raced = _write_all(project, changes)
    if verify and written and not _succeeds(verify, project.root):
        _put_back(project, written)
        note(f"error: {verify!r} failed: every file was put back")
        sys.exit(FOUND)
    _print_changes(options, project, written)
    left = _left(options, project, [*reports, *refused], files=[c.path for c in changes])
    print_reports(options, project, left)
    for path in raced:
        note(f"error: {project.relative(path)}: it changed while it was being fixed; it was left alone")
    if raced:
        sys.exit(CHANGED_MEANWHILE)
    bad = any(d.code == engine.REFUSED[0] for report in left for d in report.diagnostics)
    sys.exit(FOUND if bad and not options.exit_zero else exit_code(options, left))


def _plan(project: Project, path: Path, applicability: Applicability) -> tuple[_Change | None, Report | None]:
    """What is to change in a file; and a report if something was found in it that this change does not mend."""
    opened = open_file(project, path)
    if isinstance(opened, Report):
        return None, opened
    document = opened.document
    diagnostics = engine.check(document, project)
    if not diagnostics:
        return None, None
    if not engine.compiles(document):
        note(f"note: {project.relative(path)}: does not parse and is not fixed")
        return None, Report(path, document.text, diagnostics)
    fixed = engine.fix(document, project, diagnostics, applicability)
    report = Report(path, document.text, fixed.refused)
    if not fixed.edits:
        return None, report
    try:
        new = opened.source.encode(fixed.text.source)
    except RefusedWriteError as error:
        return None, Report(path, document.text, (_refused(path, str(error)),))
    name = project.relative(path)
    diff = unified_diff(document.text.source, fixed.text.source, name)
    return _Change(path, opened.data, new, diff, fixed.applied), report


def unified_diff(old: str, new: str, name: str) -> str:
    """A unified diff of two texts, lines split where the text model splits them, as git and patch read it."""
    before, after = ([line for line in _LINES.split(side) if line] for side in (old, new))
    lines = difflib.unified_diff(before, after, f"a/{name}", f"b/{name}")
    return "".join(line if line.endswith(("\n", "\r")) else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _write_all(project: Project, changes: Sequence[_Change]) -> tuple[list[_Change], list[Report], list[Path]]:
    """Replace the files; gives those written, a report for each refused, and those that changed meanwhile."""
    written: list[_Change] = []
    refused: list[Report] = []
    raced: list[Path] = []
    for change in changes:
        try:
            replace_file(change.path, change.old, change.new, project.root)
        except ChangedFileError:
            raced.append(change.path)
        except (RefusedWriteError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            opened = open_file(project, change.path)
            text = opened.text if isinstance(opened, Report) else opened.document.text
            refused.append(Report(change.path, text, (_refused(change.path, reason),)))
        else:
            written.append(change)
    return written, refused, raced


def _refused(path: Path, reason: str) -> Diagnostic:
    return engine.refused(f"{path.name} is not written: {reason}")


def _succeeds(command: str, root: Path) -> bool:
    # a shell, as in a Makefile: COMMAND comes from the command line alone, never from the workspace
    return subprocess.run(command, shell=True, cwd=root, check=False).returncode == 0  # noqa: S602


def _put_back(project: Project, written: Sequence[_Change]) -> None:
    for change in written:
        try:
            replace_file(change.path, change.new, change.old, project.root)
        except (ChangedFileError, RefusedWriteError, OSError) as error:
            note(f"error: {project.relative(change.path)}: could not be put back: {error}")


def _print_changes(options: Options, project: Project, written: Sequence[_Change]) -> None:
    """Say what changed: with the report if a person reads it, beside it if a program does."""
    for change in written:
        counts = Counter(f"{diagnostic.code} {diagnostic.name}" for diagnostic in change.applied)
        what = ", ".join(f"{count} x {rule}" for rule, count in sorted(counts.items()))
        is_human = options.output_format in ("full", "concise")
        click.echo(f"fixed {project.relative(change.path)}: {what}", err=not is_human)


def _left(options: Options, project: Project, reports: Sequence[Report], files: Sequence[Path]) -> list[Report]:
    """What is left after the change: the refusals, and what a fresh look at the files with findings finds."""
    fresh = Project.load(project.root, project.settings)
    paths = dict.fromkeys([*files, *(report.path for report in reports)])
    again = {path: check_file(fresh, path) for path in paths}
    refusals: dict[Path, list[Diagnostic]] = {}
    for report in reports:
        refusals.setdefault(report.path, []).extend(d for d in report.diagnostics if d.code == engine.REFUSED[0])
    merged = [
        Report(path, report.text, tuple(sorted((*report.diagnostics, *refusals.get(path, ())), key=lambda d: d.span)))
        for path, report in sorted(again.items())
    ]
    return with_findings([*registry_reports(fresh), *merged])
