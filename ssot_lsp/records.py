"""Reports as plain data, which JSON can hold: how they travel between processes and lie in the cache.

The texts that a report speaks of are not in it; they are read again when someone asks for more than rows and columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ssot_lsp.embedded import EmbeddedText
from ssot_lsp.embedded.file import is_embedded, read_embedded
from ssot_lsp.files import UnreadableFileError, decode
from ssot_lsp.model import Applicability, Diagnostic, Entry, Fix, Location, Related, Report, Severity
from ssot_lsp.text import Place, Span, Text, TextEdit

Record = list[Any]
TextOf = Callable[[str], "TextOnDisk"]
"""From a file to its text."""
Entries = Mapping[tuple[Any, ...], Entry]
"""The entries of a registry, by their file and their place in there."""


def by_place(entries: Iterable[Entry]) -> Entries:
    """Entries by their file and their place in there."""
    return {(str(entry.path), entry.place): entry for entry in entries}


def pack(report: Report) -> Record:
    """A report as plain data, with all that is printed of it."""
    places = sorted({offset for diagnostic in report.diagnostics for offset in diagnostic.span})
    positions = [[offset, *report.text.place(offset)] for offset in places]
    silenced = [[str(entry.path), entry.place] for entry in report.silenced]
    return [str(report.path), report.note, positions, [*map(_packed, report.diagnostics)], silenced]


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
    path, note, positions, diagnostics, silenced = record
    text = text_of(path)
    text.places.update({offset: Place(*place) for offset, *place in positions})
    known = (entries.get(tuple(key)) for key in silenced)
    return Report(
        Path(path),
        text,
        tuple(_unpacked(packed, text_of, entries) for packed in diagnostics),
        note,
        tuple(entry for entry in known if entry is not None),
    )


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

    __slots__ = ("_path", "_whole", "places")

    def __init__(self, path: str) -> None:
        self._path = path
        self.places: dict[int, Place] = {}
        """Where some offsets are."""
        self._whole: Text | None = None
        self._starts = None
        self._asked = 0

    @property
    def source(self) -> str:  # type: ignore[override]
        """The whole text."""
        return self._read().source

    def _read(self) -> Text:
        if self._whole is None:
            self._whole = Text("")
            with suppress(OSError, UnreadableFileError):
                data = Path(self._path).read_bytes()
                is_part = is_embedded(self._path)
                self._whole = (
                    EmbeddedText(read_embedded(self._path, data).pieces) if is_part else Text(decode(data).source)
                )
        return self._whole

    def place(self, offset: int) -> Place:
        """Where in the file `offset` is."""
        return self.places.get(offset) or self._read().place(offset)

    def written(self, edit: TextEdit) -> str:
        """The new text of an edit as it is to be written in the file."""
        return self._read().written(edit)
