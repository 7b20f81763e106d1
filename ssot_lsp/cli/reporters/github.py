"""For GitHub Actions: workflow commands, which become annotations.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ssot_lsp.cli.reporters.common import advice, place, region_in_file, visible
from ssot_lsp.model import Diagnostic, Location, Report, Severity

_COMMANDS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFORMATION: "notice",
    Severity.HINT: "notice",
}


def render(reports: Sequence[Report], root: Path, colour: bool) -> str:
    """A command per diagnostic, one line each."""
    return "\n".join(_command(report, diagnostic, root) for report in reports for diagnostic in report.diagnostics)


def _command(report: Report, diagnostic: Diagnostic, root: Path) -> str:
    where = region_in_file(report.text, diagnostic.span)
    properties: dict[str, object] = {
        "title": f"ssot-lsp ({diagnostic.code})",
        # Absolute: the runner makes it relative to the repository, which `root` may be a folder of.
        "file": (root / report.path).absolute(),
        "line": where.row,
        "endLine": where.end_row,
    }
    if where.row == where.end_row:  # GitHub rejects columns of a span over several lines
        properties |= {"col": where.column, "endColumn": where.end_column}
    # The log of the run shows the message alone: it says the place too.
    headline = (
        f"{place(Location(report.path, report.text, diagnostic.span), root)}: {diagnostic.code} {diagnostic.message}"
    )
    message = "\n".join([headline, *(f"  help: {text}" for text in advice(diagnostic))])
    pairs = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::{_COMMANDS[diagnostic.severity]} {pairs}::{_data(message)}"


def _data(text: str) -> str:
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
