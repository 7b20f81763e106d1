"""Reports as plain data, which JSON can hold: how they travel between processes and lie in the cache.

The texts that a report speaks of are not in it; they are read again when someone asks for more than rows and columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ssot_lsp.files import UnreadableFileError, decode
from ssot_lsp.model import Applicability, Diagnostic, Entry, Fix, Location, Related, Report, Severity
from ssot_lsp.text import Position, Span, Text, TextEdit

Record = list[Any]
TextOf = Callable[[str], "TextOnDisk"]
"""From a file to its text."""
Entries = Mapping[tuple[Any, ...], Entry]
"""The entries of a registry, by their file and their place in there."""


def pack(report: Report) -> Record:
    """A report as plain data, with all that is printed of it."""
    places = sorted({offset for diagnostic in report.diagnostics for offset in diagnostic.span})
    positions = [[offset, *report.text.position(offset)] for offset in places]
    return [str(report.path), report.note, positions, [_packed(diagnostic) for diagnostic in report.diagnostics]]


def _packed(diagnostic: Diagnostic) -> Record:
    related = [[at.message, str(at.location.path), *at.location.span] for at in diagnostic.related]
    fixes = [
        [fix.title, fix.applicability.value, [[*edit.span, edit.new_text] for edit in fix.edits]]
        for fix in diagnostic.fixes
    ]
    what = [diagnostic.code, diagnostic.name, diagnostic.message, int(diagnostic.severity), *diagnostic.span]
    entry = [str(diagnostic.entry.path), diagnostic.entry.place] if diagnostic.entry is not None else None
    return [*what, diagnostic.help, diagnostic.deprecated, related, fixes, entry]


def unpack(record: Record, text_of: TextOf, entries: Entries = MappingProxyType({})) -> Report:
    """The report that was packed. Raises TypeError, ValueError or LookupError for what is none."""
    path, note, positions, diagnostics = record
    text = text_of(path)
    text.positions.update({offset: Position(row, column) for offset, row, column in positions})
    return Report(Path(path), text, tuple(_unpacked(packed, text_of, entries) for packed in diagnostics), note)


def _unpacked(record: Record, text_of: TextOf, entries: Entries) -> Diagnostic:
    code, name, message, severity, start, end, advice, deprecated, related, fixes, entry = record
    return Diagnostic(
        code,
        name,
        message,
        Severity(severity),
        Span(start, end),
        help=advice,
        deprecated=deprecated,
        entry=entries.get(tuple(entry)) if entry is not None else None,
        related=tuple(Related(what, Location(Path(path), text_of(path), Span(*span))) for what, path, *span in related),
        fixes=tuple(Fix(title, Applicability(level), _edits(edits)) for title, level, edits in fixes),
    )


def _edits(edits: Sequence[tuple[int, int, str]]) -> tuple[TextEdit, ...]:
    return tuple(TextEdit(Span(start, end), new) for start, end, new in edits)


class TextOnDisk(Text):
    """The text of a file, read when it is first asked for; empty if it cannot be read."""

    __slots__ = ("_path", "_source", "positions")

    def __init__(self, path: str) -> None:
        self._path = path
        self.positions: dict[int, Position] = {}
        """Where some offsets are."""
        self._source: str | None = None
        self._starts = None
        self._asked = 0

    @property
    def source(self) -> str:  # type: ignore[override]
        """The whole text."""
        if self._source is None:
            self._source = ""
            with suppress(OSError, UnreadableFileError):
                self._source = decode(Path(self._path).read_bytes()).source
        return self._source

    def position(self, offset: int) -> Position:
        """Row and column (code points, from 0) of `offset`."""
        return self.positions.get(offset) or super().position(offset)
