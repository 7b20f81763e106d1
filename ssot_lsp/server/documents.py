"""The documents that are open in the editor: their texts are the truth, whatever is on disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from lsprotocol import types as lsp

from ssot_lsp.server.convert import Encoding, path_of
from ssot_lsp.text import Text, TextEdit, apply_edits


class OpenDocument(NamedTuple):
    """One version of an open document."""

    uri: str
    path: Path
    """Its file, or where it might be saved."""
    version: int
    text: Text

    @property
    def is_python(self) -> bool:
        """Whether it is a Python file, by its name."""
        return self.path.suffix in (".py", ".pyi", ".pyw")


class Documents:
    """All open documents, by URI."""

    def __init__(self) -> None:
        self._open: dict[str, OpenDocument] = {}

    def __iter__(self) -> Iterator[OpenDocument]:
        return iter(tuple(self._open.values()))

    def get(self, uri: str) -> OpenDocument | None:
        """The document of that URI, if it is open."""
        return self._open.get(uri)

    def at(self, path: Path) -> OpenDocument | None:
        """The document of that file, if it is open."""
        return next((document for document in self._open.values() if document.path == path), None)

    def open(self, item: lsp.TextDocumentItem, root: Path) -> OpenDocument:
        """Take over a document from the editor; one that is no file counts as if saved at the root."""
        path = path_of(item.uri)
        if path is None:
            name = item.uri.rpartition(":")[2].rpartition("/")[2] or "untitled"
            path = root / (name if item.language_id != "python" or name.endswith(".py") else f"{name}.py")
        self._open[item.uri] = OpenDocument(item.uri, path, item.version, Text(item.text))
        return self._open[item.uri]

    def change(
        self, uri: str, version: int, changes: Sequence[lsp.TextDocumentContentChangeEvent], encoding: Encoding
    ) -> OpenDocument | None:
        """Apply changes one after the other; None for a document that is not open, or an older version."""
        document = self._open.get(uri)
        if document is None or version < document.version:
            return None
        text = document.text
        for change in changes:
            if isinstance(change, lsp.TextDocumentContentChangePartial):
                text = Text(apply_edits(text.source, [TextEdit(encoding.span(text, change.range), change.text)]))
            else:
                text = Text(change.text)
        self._open[uri] = document._replace(version=version, text=text)
        return self._open[uri]

    def close(self, uri: str) -> OpenDocument | None:
        """Forget a document."""
        return self._open.pop(uri, None)
