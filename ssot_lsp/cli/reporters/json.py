"""For tools: the very shape, order of keys and indentation of `ruff check --output-format json`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from ssot_lsp.cli.reporters.common import region, url
from ssot_lsp.model import Diagnostic, Fix, Report
from ssot_lsp.text import Span, Text


def render(reports: Sequence[Report], root: Path, colour: bool) -> str:
    """A list of diagnostics; `[]` if there are none. ASCII, so that any pipe and any text survives it."""
    return json.dumps(
        [_diagnostic(report, diagnostic, root) for report in reports for diagnostic in report.diagnostics], indent=2
    )


def _diagnostic(report: Report, diagnostic: Diagnostic, root: Path) -> dict[str, object]:
    location, end_location = _locations(report.text, diagnostic.span)
    return {
        "cell": region(report.text, diagnostic.span).cell or None,
        "code": diagnostic.code,
        "end_location": end_location,
        "filename": str((root / report.path).absolute()),
        "fix": _fix(report.text, diagnostic.fix) if diagnostic.fix else None,
        "location": location,
        "message": diagnostic.message,
        "name": diagnostic.name,
        "noqa_row": location["row"],
        "severity": diagnostic.severity.label,
        "url": url(diagnostic.code),
    }


def _fix(text: Text, fix: Fix) -> dict[str, object]:
    edits = []
    for edit in sorted(fix.edits, key=lambda edit: edit.span):
        location, end_location = _locations(text, edit.span)
        cell = region(text, edit.span).cell
        made = {"content": text.written(edit), "end_location": end_location, "location": location}
        edits.append({"cell": cell, **made} if cell else made)  # which one ruff does not say
    return {"applicability": fix.applicability.value, "edits": edits, "message": fix.title}


def _locations(text: Text, span: Span) -> tuple[dict[str, int], dict[str, int]]:
    where = region(text, span)
    return {"column": where.column, "row": where.row}, {"column": where.end_column, "row": where.end_row}
