"""The documents that are open in the editor: their texts are the truth, whatever is on disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from lsprotocol import types as lsp

from ssot_lsp.files import PYTHON_SUFFIXES
from ssot_lsp.server.convert import Encoding, path_of
from ssot_lsp.syntax.live import Live
from ssot_lsp.text import Span, Text, TextEdit


class OpenDocument(NamedTuple):
    """One version of an open document."""

    uri: str
    path: Path
    """Its file, or where it might be saved."""
    version: int
    text: Text
    live: Live | None
    """The text with its syntax; None if it is no Python file, by its name."""

    @property
    def is_python(self) -> bool:
        """Whether it is a Python file, by its name."""
        return self.live is not None


def _edit(change: lsp.TextDocumentContentChangeEvent, encoding: Encoding, text: Text) -> TextEdit:
    """A change as an edit of the text that it speaks of."""
    if isinstance(change, lsp.TextDocumentContentChangePartial):
        return TextEdit(encoding.span(text, change.range), change.text)
    return TextEdit(Span(0, len(text.source)), change.text)


class Documents:
    """All open documents, by URI."""

    def __init__(self) -> None:
        self._open: dict[str, OpenDocument] = {}
        self._uris: dict[Path, str] = {}

    def __iter__(self) -> Iterator[OpenDocument]:
        return iter(tuple(self._open.values()))

    def get(self, uri: str) -> OpenDocument | None:
        """The document of that URI, if it is open."""
        return self._open.get(uri)

    def at(self, path: Path) -> OpenDocument | None:
        """The document of that file, if it is open."""
        return self._open.get(self._uris.get(path, ""))

    def open(self, item: lsp.TextDocumentItem, root: Path) -> OpenDocument:
        """Take over a document from the editor; one that is no file counts as if saved at the root."""
        path = path_of(item.uri)
        if path is None:
            name = item.uri.rpartition(":")[2].rpartition("/")[2] or "untitled"
            path = root / (name if item.language_id != "python" or name.endswith(".py") else f"{name}.py")
        text = Text(item.text)
        live = Live(text) if path.suffix in PYTHON_SUFFIXES else None
        self._open[item.uri] = OpenDocument(item.uri, path, item.version, text, live)
        self._uris[path] = item.uri
        return self._open[item.uri]

    def change(
        self, uri: str, version: int, changes: Sequence[lsp.TextDocumentContentChangeEvent], encoding: Encoding
    ) -> OpenDocument | None:
        """Apply changes one after the other; None for a document that is not open, or an older version."""
        document = self._open.get(uri)
        if document is None or version < document.version:
            return None
        edits = [partial(_edit, change, encoding) for change in changes]
        if document.live is not None:
            live = document.live.edited(edits)
            self._open[uri] = document._replace(version=version, text=live.text, live=live)
        else:
            text = document.text
            for edit in edits:
                text = text.edited(edit(text))
            self._open[uri] = document._replace(version=version, text=text)
        return self._open[uri]

    def close(self, uri: str) -> OpenDocument | None:
        """Forget a document."""
        document = self._open.pop(uri, None)
        if document is not None and self._uris.get(document.path) == uri:
            del self._uris[document.path]
        return document
