"""For GitLab: a Code Quality report (https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from ssot_lsp.cli.reporters.common import fingerprints, region_in_file, shown_path
from ssot_lsp.model import Report, Severity

_SEVERITIES = {
    Severity.ERROR: "major",
    Severity.WARNING: "minor",
    Severity.INFORMATION: "info",
    Severity.HINT: "info",
}


def render(reports: Sequence[Report], root: Path, colour: bool) -> str:
    """A list of violations; `[]` if there are none. GitLab expects `root` to be the repository's folder."""
    violations = []
    # GitLab compares two runs by fingerprint: those that are the same are told apart by their order alone.
    for report, diagnostic, fingerprint in fingerprints(reports, root):
        where = region_in_file(report.text, diagnostic.span)
        begin, end = {"line": where.row, "column": where.column}, {"line": where.end_row, "column": where.end_column}
        violations.append(
            {
                "check_name": diagnostic.code,
                "description": f"{diagnostic.code}: {diagnostic.message}",
                "severity": _SEVERITIES[diagnostic.severity],
                "fingerprint": fingerprint,
                "location": {
                    "path": shown_path(report.path, root),
                    "lines": {"begin": where.row, "end": where.end_row},  # all that older versions read
                    "positions": {"begin": begin, "end": end},
                },
            }
        )
    return json.dumps(violations, indent=2)
