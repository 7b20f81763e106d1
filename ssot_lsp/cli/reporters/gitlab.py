"""For GitLab: a Code Quality report (https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from ssot_lsp.cli.reporters.common import region_in_file, shown_path
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
    seen: Counter[tuple[str, ...]] = Counter()
    for report in reports:
        path = shown_path(report.path, root)
        for diagnostic in report.diagnostics:
            # GitLab compares two runs by fingerprint: it holds no row, so that it stays when code above it moves. Of
            # diagnostics that say the same, the first, second, … have fingerprints of their own.
            identity = (path, diagnostic.code, diagnostic.message)
            fingerprint = sha256(json.dumps([*identity, seen[identity]]).encode()).hexdigest()[:32]
            seen[identity] += 1
            where = region_in_file(report.text, diagnostic.span)
            violations.append(
                {
                    "check_name": diagnostic.code,
                    "description": f"{diagnostic.code}: {diagnostic.message}",
                    "severity": _SEVERITIES[diagnostic.severity],
                    "fingerprint": fingerprint,
                    "location": {
                        "path": path,
                        "positions": {
                            "begin": {"line": where.row, "column": where.column},
                            "end": {"line": where.end_row, "column": where.end_column},
                        },
                    },
                }
            )
    return json.dumps(violations, indent=2)
