"""For people and `grep`: a line per diagnostic, as ruff prints it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from click import style

from ssot_lsp.cli.reporters.common import is_safely_fixable, one_line, place
from ssot_lsp.model import Diagnostic, Location, Report


def render(reports: Sequence[Report], root: Path, colour: bool) -> str:
    """`path:row:column: CODE [*] message`, where `[*]` marks a safe fix."""

    def line(report: Report, diagnostic: Diagnostic) -> str:
        where = place(Location(report.path, report.text, diagnostic.span), root)
        code, mark = diagnostic.code, "[*]"
        if colour:
            where, code, mark = style(where, bold=True), style(code, fg="red", bold=True), style(mark, fg="cyan")
        marked = [mark] if is_safely_fixable(diagnostic) else []
        return " ".join([f"{where}:", code, *marked, one_line(diagnostic.message)])

    return "\n".join(line(report, diagnostic) for report in reports for diagnostic in report.diagnostics)
