"""The baseline: findings that are known and do not fail. It can only shrink: what is gone must be taken out of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ssot_lsp.model import Diagnostic, Report

_VERSION = 1
Key = tuple[str, str, str]
Checked = Callable[[str, str], bool]
"""Whether a file (relative to the root) was checked for a code."""


class BaselineError(Exception):
    """A baseline that cannot be read or written; the text names the file."""


def _key(report: Report, diagnostic: Diagnostic, root: Path) -> Key:
    """What a finding is known by: file, code and the source it is about, so that moved lines stay known."""
    inside = report.path.is_relative_to(root)
    path = report.path.relative_to(root).as_posix() if inside else report.path.as_posix()
    return path, diagnostic.code, report.text.source[slice(*diagnostic.span)]


def write_baseline(path: Path, reports: Sequence[Report], root: Path, checked: Checked) -> None:
    """Write all findings to the baseline, and what it knows of what was not checked now. Raises BaselineError."""
    counts = Counter(_key(report, diagnostic, root) for report in reports for diagnostic in report.diagnostics)
    if path.exists():
        counts.update({key: count for key, count in _read(path).items() if not checked(key[0], key[1])})
    findings = [
        {"path": file, "code": code, "source": source, "count": count}
        for (file, code, source), count in sorted(counts.items())
    ]
    text = json.dumps({"version": _VERSION, "findings": findings}, indent=2, ensure_ascii=False) + "\n"
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise BaselineError(f"{path}: cannot be written: {error.strerror or error}") from error


def apply_baseline(path: Path, reports: Iterable[Report], root: Path, checked: Checked) -> tuple[list[Report], int]:
    """The reports without the known findings, and how many known findings are gone. Raises BaselineError."""
    known = _read(path)
    left: list[Report] = []
    for report in reports:
        fresh: list[Diagnostic] = []
        for diagnostic in report.diagnostics:
            key = _key(report, diagnostic, root)
            if known[key] > 0:
                known[key] -= 1
            else:
                fresh.append(diagnostic)
        if fresh:
            left.append(report._replace(diagnostics=tuple(fresh)))
    return left, sum(count for (file, code, _), count in known.items() if checked(file, code))


def _read(path: Path) -> Counter[Key]:
    try:
        data = json.loads(path.read_text("utf-8"))
        if data["version"] != _VERSION:
            raise BaselineError(f"{path}: version: expected {_VERSION}")
        found = {(f["path"], f["code"], f["source"]): int(f["count"]) for f in data["findings"]}
        if not all(isinstance(part, str) for key in found for part in key):
            raise BaselineError(f"{path}: findings: expected texts for path, code and source")
        return Counter(found)
    except OSError as error:
        raise BaselineError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise BaselineError(f"{path}: not a baseline: {error}") from error
