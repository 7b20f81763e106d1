"""Changes of files: planned from what was found, shown as a diff, written all or put back."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ssot_lsp import engine
from ssot_lsp.cli.options import note
from ssot_lsp.files import ChangedFileError, RefusedWriteError, replace_file
from ssot_lsp.model import Applicability, Diagnostic, Report
from ssot_lsp.project import Project
from ssot_lsp.screen import Look
from ssot_lsp.sweep import open_file

_LINE = re.compile(rb"(?<=\n)")
_UNUSUAL = re.compile(r'[\x00-\x1f\x7f"\\]')


class Change(NamedTuple):
    """A file that is to be changed, and what that mends."""

    path: Path
    old: bytes
    new: bytes
    diff: bytes
    """A unified diff in the file's own encoding."""
    applied: tuple[Diagnostic, ...]

    @property
    def summary(self) -> str:
        """What it mends, counted by rule."""
        counts = Counter(f"{diagnostic.code} {diagnostic.name}" for diagnostic in self.applied)
        return ", ".join(f"{count} x {rule}" for rule, count in sorted(counts.items()))


class Outcome(NamedTuple):
    """What became of some changes."""

    written: tuple[Change, ...]
    refused: tuple[Report, ...]
    """SSOT091 for each file that was not ours to replace."""
    raced: tuple[Path, ...]
    """The files that someone else changed meanwhile."""


def plan(project: Project, path: Path, look: Look, applicability: Applicability) -> tuple[Change | None, Report | None]:
    """What is to change in a file; and a report if something was found in it that this change does not mend."""
    opened = open_file(project, path, look._replace(points=None))
    if isinstance(opened, Report):
        return None, opened
    document = opened.document
    diagnostics = engine.check(document, project)
    if (diagnostics or document.syntax.has_errors) and not engine.compiles(document):
        return None, Report(path, document.text, diagnostics, "does not parse and is not fixed")
    if not diagnostics:
        return None, None
    fixed = engine.fix(document, project, diagnostics, applicability)
    report = Report(path, document.text, fixed.refused)
    if not fixed.edits:
        return None, report
    try:
        new = opened.source.encode(fixed.text.source)
    except RefusedWriteError as error:
        return None, Report(path, document.text, (_refused(path, str(error)),))
    diff = b"".join(unified_diff(opened.data, new, project.relative(path)))
    return Change(path, opened.data, new, diff, fixed.applied), report


def unified_diff(old: bytes, new: bytes, name: str) -> Iterator[bytes]:
    """A unified diff as git and patch read it: lines end at line feeds alone, unusual names are quoted as git does."""
    before, after = ([line for line in _LINE.split(side) if line] for side in (old, new))
    old_name, new_name = (_quoted(f"{side}/{name}").encode("utf-8", "surrogateescape") for side in "ab")
    for line in difflib.diff_bytes(difflib.unified_diff, before, after, old_name, new_name):
        yield line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n"


def _quoted(name: str) -> str:
    if _UNUSUAL.search(name):
        return '"' + _UNUSUAL.sub(lambda match: f"\\{ord(match[0]):03o}", name) + '"'
    return name + "\t" if " " in name else name  # where the name ends, patch would not know otherwise


def write_all(project: Project, changes: Sequence[Change]) -> Outcome:
    """Replace the files."""
    written: list[Change] = []
    refused: list[Report] = []
    raced: list[Path] = []
    for change in changes:
        try:
            replace_file(change.path, change.old, change.new, project.root)
        except (ChangedFileError, FileNotFoundError):
            raced.append(change.path)
        except (RefusedWriteError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            opened = open_file(project, change.path)
            text = opened.text if isinstance(opened, Report) else opened.document.text
            refused.append(Report(change.path, text, (_refused(change.path, reason),)))
        else:
            written.append(change)
    return Outcome(tuple(written), tuple(refused), tuple(raced))


def _refused(path: Path, reason: str) -> Diagnostic:
    return engine.refused(f"{path.name} is not written: {reason}.")


def put_back(project: Project, written: Sequence[Change]) -> list[Path]:
    """Undo changes; gives the files that could not be put back, each of which is told."""
    left: list[Path] = []
    for change in written:
        try:
            replace_file(change.path, change.new, change.old, project.root)
        except (ChangedFileError, RefusedWriteError, OSError) as error:
            left.append(change.path)
            note(f"error: {project.relative(change.path)}: could not be put back: {error}")
    return left
