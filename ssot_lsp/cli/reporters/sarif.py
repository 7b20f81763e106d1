"""For code scanning: SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/)."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ssot_lsp import __version__
from ssot_lsp.cli.reporters.common import fingerprints, region, region_in_file, url
from ssot_lsp.model import Diagnostic, Fix, Location, Report, Severity
from ssot_lsp.rules import page_text
from ssot_lsp.text import Span, Text

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFORMATION: "note", Severity.HINT: "note"}
_ROOT = "%SRCROOT%"  # the name that GitHub knows
_FINGERPRINT = "ssotFinding/v1"

Json = dict[str, Any]


def render(reports: Sequence[Report], root: Path, colour: bool) -> str:
    """One log of one run; paths inside `root` are relative to it."""
    found = [*fingerprints(reports, root)]
    rules = {diagnostic.code: _rule(diagnostic) for _, diagnostic, _ in found}
    index = {code: number for number, code in enumerate(rules)}
    run = {
        "tool": {"driver": {"name": "ssot-lsp", "version": __version__, "rules": list(rules.values())}},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"uri": root.absolute().as_uri().rstrip("/") + "/"}},
        "results": [
            _result(report, diagnostic, root)
            | {"ruleIndex": index[diagnostic.code], "partialFingerprints": {_FINGERPRINT: fingerprint}}
            for report, diagnostic, fingerprint in found
        ],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2)


def _rule(diagnostic: Diagnostic) -> Json:
    rule: Json = {
        "id": diagnostic.code,
        "name": diagnostic.name,
        "shortDescription": {"text": diagnostic.name.replace("-", " ")},
    }
    if (text := page_text(diagnostic.name)) is not None:
        paragraphs = text.split("\n\n")
        rule["fullDescription"] = {"text": " ".join(paragraphs[1].split())}
        rule["help"] = {"text": text, "markdown": text}
    address = url(diagnostic.code)
    return rule | {"helpUri": address} if address else rule


def _result(report: Report, diagnostic: Diagnostic, root: Path) -> Json:
    result: Json = {
        "ruleId": diagnostic.code,
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": diagnostic.message},
        "locations": [{"physicalLocation": _physical(Location(report.path, report.text, diagnostic.span), root)}],
    }
    if diagnostic.related:
        # The schema wants them to be different from each other: the ids see to it.
        result["relatedLocations"] = [
            {
                "id": number,
                "physicalLocation": _physical(related.location, root),
                "message": {"text": related.message},
            }
            for number, related in enumerate(diagnostic.related)
        ]
    is_in_cell = region(report.text, diagnostic.span).cell
    if diagnostic.fix and diagnostic.fix.edits and not is_in_cell:  # the schema forbids a fix that changes nothing
        result["fixes"] = [_fix(report, diagnostic.fix, root)]
    return result


def _fix(report: Report, fix: Fix, root: Path) -> Json:
    replacements = [
        {"deletedRegion": _region(report.text, edit.span), "insertedContent": {"text": report.text.written(edit)}}
        for edit in sorted(fix.edits, key=lambda edit: edit.span)
    ]
    return {
        "description": {"text": fix.title},
        "artifactChanges": [{"artifactLocation": _artifact(report.path, root), "replacements": replacements}],
        "properties": {"applicability": fix.applicability.value},
    }


def _physical(location: Location, root: Path) -> Json:
    return {"artifactLocation": _artifact(location.path, root), "region": _region(location.text, location.span)}


def _artifact(path: Path, root: Path) -> Json:
    if path.is_relative_to(root):
        return {"uri": quote(os.fsencode(path.relative_to(root).as_posix())), "uriBaseId": _ROOT}
    return {"uri": path.absolute().as_uri()}


def _region(text: Text, span: Span) -> dict[str, int]:
    where = region_in_file(text, span)
    return {
        "startLine": where.row,
        "startColumn": where.column,
        "endLine": where.end_row,
        "endColumn": where.end_column,
    }
