"""What several reporters need: where a diagnostic stands, what helps against it, and text that is safe to print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ssot_lsp.model import Applicability, Diagnostic, Location, Report
from ssot_lsp.text import Span, Text

_NOTES = {
    Applicability.SAFE: "safe fix",
    Applicability.UNSAFE: "unsafe fix: needs --unsafe-fixes",
    Applicability.DISPLAY: "suggestion: never applied in bulk",
}

# A terminal obeys control characters, reorders a line at bidirectional ones (https://trojansource.codes) and cannot be
# sent lone surrogates; a tab's width depends on where it stands. All of them get a stand-in of a known width.
_STAND_INS: dict[int, int | str] = {
    **{code: 0x2400 + code for code in range(0x20)},  # symbols for control characters: "\N{SYMBOL FOR ESCAPE}"
    ord("\x7f"): "\N{SYMBOL FOR DELETE}",
    **dict.fromkeys([*range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\N{REPLACEMENT CHARACTER}"),
    ord("\t"): "    ",
    ord("\n"): "\n",
}


Identity = tuple[str, str, str]
"""File (as shown), code and the source that it is about."""


def identity(report: Report, diagnostic: Diagnostic, root: Path) -> Identity:
    """What a finding is known by from one run to the next: nothing that changes when lines move, or with our words."""
    return shown_path(report.path, root), diagnostic.code, report.text.source[slice(*diagnostic.span)]


def fingerprints(reports: Iterable[Report], root: Path) -> Iterator[tuple[Report, Diagnostic, str]]:
    """All findings, each with a text that no other one has; of those with one identity the first, second, … differ."""
    from hashlib import sha256  # noqa: PLC0415 - few formats have them

    seen: Counter[Identity] = Counter()
    for report in reports:
        for diagnostic in report.diagnostics:
            known = identity(report, diagnostic, root)
            text = "\0".join([*known, str(seen[known])])
            seen[known] += 1
            yield report, diagnostic, sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class Region(NamedTuple):
    """A span as people and most tools count: rows and columns (code points) from 1, the end exclusive."""

    row: int
    column: int
    end_row: int
    end_column: int
    cell: int = 0
    """In a notebook, the cell whose rows these are; else 0."""


def region(text: Text, span: Span) -> Region:
    """Where in its file a span of `text` stands."""
    start, end = text.place(span.start), text.place(span.end)
    return Region(start.row + 1, start.column + 1, end.row + 1, end.column + 1, start.cell)


def region_in_file(text: Text, span: Span) -> Region:
    """Where in its file a span of `text` stands, for tools that know nothing of cells: for a notebook rows alone."""
    where = region(text, span)
    if not where.cell:
        return where
    start, end = text.place(span.start), text.place(span.end)
    return Region(start.file_row + 1, 1, end.file_row + 1, 1)


def shown_path(path: Path, root: Path) -> str:
    """`path`, relative to `root` if it lies inside; with `/` on every system."""
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def place(location: Location, root: Path) -> str:
    """`path:row:column`, which editors and terminals make a link; row and column from 1.

    In a notebook `path:cell N:row:column`, as ruff has it.
    """
    where = region(location.text, location.span)
    cell = f"cell {where.cell}:" if where.cell else ""
    return f"{one_line(shown_path(location.path, root))}:{cell}{where.row}:{where.column}"


def url(code: str) -> str | None:
    """The web page that explains a rule; None while there is none."""
    return None


def is_safely_fixable(diagnostic: Diagnostic) -> bool:
    """Whether `fix` would apply its fix without being asked: what `[*]` says."""
    return diagnostic.fix is not None and diagnostic.fix.applicability is Applicability.SAFE


def advice(diagnostic: Diagnostic) -> list[str]:
    """What to do about it, a line each: its one fix, else its help text, else the fixes there are to choose from."""
    if diagnostic.fix is None and diagnostic.help:
        return [one_line(diagnostic.help)]
    fixes = [diagnostic.fix] if diagnostic.fix else diagnostic.fixes
    return [f"{one_line(fix.title)} ({_NOTES[fix.applicability]})" for fix in fixes]


def visible(text: str) -> str:
    """`text` with a visible stand-in for every character that a terminal would obey or could not be sent.

    Line feeds stay.
    """
    return text.translate(_STAND_INS).encode("utf-8", "replace").decode("utf-8")


def one_line(text: str) -> str:
    """`text` on one line, made visible."""
    return visible(" ".join(line.strip() for line in text.splitlines() if line.strip()))
