"""From a file's bytes to the Python in it, and from other Python back to bytes."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ssot_lsp.embedded import LostPieceError, Pieces
from ssot_lsp.files import NOTEBOOK_SUFFIX, PAGE_SUFFIXES, RefusedWriteError, UnreadableFileError

if TYPE_CHECKING:
    from ssot_lsp.embedded.notebook import Notebook
    from ssot_lsp.embedded.page import Page


def is_embedded(path: str | Path) -> bool:
    """Whether the Python of a file stands in something else."""
    return str(path).endswith((NOTEBOOK_SUFFIX, *PAGE_SUFFIXES))


class EmbeddedFile(NamedTuple):
    """A file with Python in it."""

    inside: Notebook | Page
    bom: bool

    @property
    def pieces(self) -> Pieces:
        """The Python."""
        return self.inside.pieces

    @property
    def note(self) -> str:
        """What could not be read of it; empty if all could."""
        return self.inside.note

    def encode(self, source: str) -> bytes:
        """The bytes of the file after a change of the pieces' source text.

        Raises RefusedWriteError if the change went beyond them.
        """
        try:
            return (codecs.BOM_UTF8 if self.bom else b"") + self.inside.with_source(source).encode()
        except LostPieceError as error:
            raise RefusedWriteError("the result does not tell its cells or blocks apart") from error


def read_embedded(path: str | Path, data: bytes) -> EmbeddedFile:
    """Read a notebook or a Markdown page. Raises UnreadableFileError."""
    bom = data.startswith(codecs.BOM_UTF8)
    try:
        text = data[len(codecs.BOM_UTF8) * bom :].decode()
    except UnicodeDecodeError as error:
        raise UnreadableFileError(f"not utf-8: {error.reason}") from error
    # each is loaded where there is one: most folders have neither
    if str(path).endswith(NOTEBOOK_SUFFIX):
        from ssot_lsp.embedded.notebook import read_notebook  # noqa: PLC0415

        return EmbeddedFile(read_notebook(text), bom)
    from ssot_lsp.embedded.page import read_page  # noqa: PLC0415

    return EmbeddedFile(read_page(text), bom)
