"""Code points ↔ LSP: positions in the negotiated encoding, and our nouns as LSP's types."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lsprotocol import types as lsp

from ssot_lsp.model import Diagnostic
from ssot_lsp.text import Position, Span, Text, TextEdit

SOURCE = "ssot"
_DRIVE = re.compile(r"^/[A-Za-z]:")


def path_of(uri: str) -> Path | None:
    """The file that a `file:` URI names; None for other schemes."""
    parts = urlsplit(uri)
    if parts.scheme != "file":
        return None
    path = unquote(parts.path)
    if parts.netloc:
        return Path(f"//{parts.netloc}{path}")
    return Path(path[1:] if _DRIVE.match(path) else path)


class Encoding:
    """The position encoding that client and server agreed on (LSP 3.17, `PositionEncodingKind`)."""

    def __init__(self, kind: str = "utf-16") -> None:
        self.kind = kind

    def _units(self, text: str) -> int:
        """How many units of the encoding a piece of a line takes."""
        if self.kind == "utf-32" or text.isascii():
            return len(text)
        if self.kind == "utf-8":
            return len(text.encode("utf-8", "surrogatepass"))
        return len(text) + sum(character > "\uffff" for character in text)

    def _code_points(self, line: str, units: int) -> int:
        """How many code points of a line lie before a column given in units; inside of a character means before it."""
        if self.kind == "utf-32" or line.isascii():
            return min(units, len(line))
        taken = 0
        for count, character in enumerate(line):
            taken += self._units(character)
            if taken > units:
                return count
        return len(line)

    def position(self, text: Text, offset: int) -> lsp.Position:
        """An offset in code points as an LSP position."""
        row, column = text.position(offset)
        return lsp.Position(row, self._units(text.line(row)[:column]))

    def range(self, text: Text, span: Span) -> lsp.Range:
        """A span in code points as an LSP range."""
        return lsp.Range(self.position(text, span.start), self.position(text, span.end))

    def offset(self, text: Text, position: lsp.Position) -> int:
        """An LSP position as an offset in code points; beyond a line or the text means its end (LSP, `Position`)."""
        if position.line >= len(text.line_starts):
            return len(text.source)
        return text.offset(Position(position.line, self._code_points(text.line(position.line), position.character)))

    def span(self, text: Text, range_: lsp.Range) -> Span:
        """An LSP range as a span in code points."""
        return Span(self.offset(text, range_.start), self.offset(text, range_.end))

    def edits(self, text: Text, edits: Iterable[TextEdit]) -> list[lsp.TextEdit]:
        """Edits of a text as LSP's."""
        return [lsp.TextEdit(self.range(text, edit.span), edit.new_text) for edit in edits]

    def diagnostic(self, text: Text, diagnostic: Diagnostic, *, related: bool = True) -> lsp.Diagnostic:
        """A diagnostic as LSP's; `related` says whether the client shows related places."""
        places = [
            lsp.DiagnosticRelatedInformation(
                lsp.Location(place.location.path.as_uri(), self.range(place.location.text, place.location.span)),
                place.message,
            )
            for place in diagnostic.related
        ]
        return lsp.Diagnostic(
            range=self.range(text, diagnostic.span),
            message=diagnostic.message,
            severity=lsp.DiagnosticSeverity(int(diagnostic.severity)),
            code=diagnostic.code,
            source=SOURCE,
            tags=[lsp.DiagnosticTag.Deprecated] if diagnostic.deprecated else None,
            related_information=places if related and places else None,
        )
