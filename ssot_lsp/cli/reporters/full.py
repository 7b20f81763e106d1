"""For people: every diagnostic with its line of source, as rustc and ruff print them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from click import style
from rich.cells import cell_len

from ssot_lsp.cli.reporters.common import advice, one_line, place, region, visible
from ssot_lsp.model import Diagnostic, Location, Report, Severity

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFORMATION: "cyan", Severity.HINT: "cyan"}


def render(reports: Sequence[Report], root: Path, colour: bool) -> str:
    """The diagnostics, a blank line between them."""
    return "\n\n".join(
        "\n".join(line.rstrip() for line in _lines(report, diagnostic, root, colour))
        for report in reports
        for diagnostic in report.diagnostics
    )


def _lines(report: Report, diagnostic: Diagnostic, root: Path, colour: bool) -> Iterator[str]:
    def paint(text: str, tone: str | None = "blue") -> str:
        return style(text, fg=tone, bold=True) if colour else text

    tone = _COLOURS[diagnostic.severity]
    where = region(report.text, diagnostic.span)
    row, column = report.text.position(diagnostic.span.start)
    line = report.text.line(row)
    # Of a span over several lines the first is shown.
    end = column + len(report.text.source[slice(*diagnostic.span)]) if where.end_row == where.row else len(line)
    indent = cell_len(visible(line[:column]))
    carets = "^" * max(1, cell_len(visible(line[column:end])))
    margin = " " * len(str(where.row))

    label = f"{diagnostic.severity.label}[{diagnostic.code}]"
    yield f"{paint(label, tone)}{paint(': ' + one_line(diagnostic.message), None)}"
    yield f"{margin}{paint('-->')} {place(Location(report.path, report.text, diagnostic.span), root)}"
    yield f"{margin} {paint('|')}"
    yield f"{paint(f'{where.row} |')} {visible(line)}"
    yield f"{margin} {paint('|')} {' ' * indent}{paint(carets, tone)}"
    yield f"{margin} {paint('|')}"
    for text in advice(diagnostic):
        yield f"{paint('help', 'cyan')}: {text}"
    for related in diagnostic.related:
        yield f"{paint('note', None)}: {place(related.location, root)}: {one_line(related.message)}"
