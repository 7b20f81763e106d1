"""Code points ↔ LSP: positions in the negotiated encoding, and our nouns as LSP's types."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from lsprotocol import types as lsp

from ssot_lsp.model import Diagnostic, Related
from ssot_lsp.rules import page
from ssot_lsp.server.client import Client
from ssot_lsp.text import Position, Span, Text, TextEdit

SOURCE = "ssot"
_FENCE = re.compile(r"^```\w*\n?", re.MULTILINE)
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


class Terms(NamedTuple):
    """How one client is spoken to."""

    encoding: Encoding = Encoding()
    client: Client = Client()

    def diagnostic(self, text: Text, diagnostic: Diagnostic) -> lsp.Diagnostic:
        """A diagnostic as LSP's, with what the client can make use of."""
        related = [self._related(place) for place in diagnostic.related] if self.client.shows_related else None
        href = _page_uri(diagnostic.name) if self.client.shows_pages else None
        return lsp.Diagnostic(
            range=self.encoding.range(text, diagnostic.span),
            message=diagnostic.message,
            severity=lsp.DiagnosticSeverity(int(diagnostic.severity)),
            code=diagnostic.code,
            code_description=lsp.CodeDescription(href) if href else None,
            source=SOURCE,
            tags=[lsp.DiagnosticTag.Deprecated] if diagnostic.deprecated and self.client.shows_tags else None,
            related_information=related or None,
            data=_data(diagnostic) if self.client.keeps_data else None,
        )

    def markup(self, markdown: str) -> lsp.MarkupContent:
        """Markdown, or the same without its marks."""
        if self.client.shows_markdown:
            return lsp.MarkupContent(lsp.MarkupKind.Markdown, markdown)
        return lsp.MarkupContent(lsp.MarkupKind.PlainText, _FENCE.sub("", markdown).replace("`", ""))

    def _related(self, place: Related) -> lsp.DiagnosticRelatedInformation:
        path, text, span = place.location
        return lsp.DiagnosticRelatedInformation(
            lsp.Location(path.as_uri(), self.encoding.range(text, span)), place.message
        )

    def edits(self, text: Text, edits: Iterable[TextEdit]) -> list[lsp.TextEdit]:
        """Edits of a text as LSP's."""
        return [lsp.TextEdit(self.encoding.range(text, edit.span), edit.new_text) for edit in edits]


def _data(diagnostic: Diagnostic) -> dict[str, Any]:
    """What a client may want to know of a diagnostic without reading its message."""
    proposed = diagnostic.replacements or diagnostic.fixes
    entry = diagnostic.entry
    return {
        "name": diagnostic.name,
        "fixes": [[fix.title, fix.applicability.value] for fix in proposed],
        "entry": [entry.path.as_uri(), entry.place] if entry is not None else None,
    }


@cache
def _page_uri(name: str) -> str | None:
    path = page(name)
    return path.as_uri() if path is not None else None
