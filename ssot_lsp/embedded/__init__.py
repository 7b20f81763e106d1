"""Python that stands in other files: the cells of a notebook, the fenced blocks of a Markdown page.

Their code becomes one source text, piece below piece, as it is run or read from top to bottom. What is between them,
and lines that only IPython understands, is stood for by string statements that nobody writes: no rewrite touches
these, so that they tell in the end which piece is which.
"""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from ssot_lsp.text import Place, Span, Text, TextEdit

_LINE_END = re.compile(r"\r\n|\n|\r")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|\Z)")
_START = r"(?:\A|(?<=[\r\n]))"
_ONLY_IPYTHON = re.compile(r"[ \t]*(?:[%!?]|,\w|;\w|[\w.\[\]\"']+\?{1,2}\s*$|[\w.,\[\] \t\"'*()]+=[ \t]*[%!])")
"""IPython, "Built-in magic commands" and "Dynamic object information": a line that is no Python."""


class LostPieceError(Exception):
    """A new source text in which the pieces can no longer be told from each other."""


class Piece(NamedTuple):
    """A stretch of Python in a file."""

    code: str
    """Its lines, without what stands before each of them in the file."""
    row: int
    """The row of its first line, from 0: of the file, or of its cell."""
    prefix: str = ""
    """What stands before each of its lines."""
    cell: int = 0
    """The cell that it is, from 1, of all in the notebook; 0 outside of notebooks."""


RowInFile = Callable[[Piece, int], int]
"""The row of the file in which a line of a piece is written, all from 0."""


class Pieces:
    """The Python of one file as one source text."""

    def __init__(
        self,
        pieces: Sequence[Piece],
        line_end: str = "\n",
        row_in_file: RowInFile = lambda piece, line: piece.row + line,
    ) -> None:
        self.pieces = pieces
        self._line_end = line_end
        self._row_in_file = row_in_file
        self._mark = _unused("".join(piece.code for piece in pieces))
        self._held: list[str] = []
        """The lines that only IPython understands."""
        parts = list[str]()
        for number, piece in enumerate(pieces):
            parts += (f'"{self._mark}:{number}"', line_end, *self._lines(piece.code))
            if not piece.code.endswith(("\n", "\r")):
                parts.append(line_end)
        self.source = "".join(parts)
        self._starts = [match.start() for match in self._marks(self.source)]

    def _marks(self, source: str) -> Iterator[re.Match[str]]:
        return re.finditer(rf'{_START}"{self._mark}:(\d+)"(?:\r\n|\n|\r)', source)

    def _lines(self, code: str) -> Iterator[str]:
        """The lines of a piece, with something in the place of those that are no Python."""
        if parses(code):
            yield code
            return
        indentation, goes_on = "", False
        for line in lines_of(code):
            content = line.rstrip("\r\n")
            if goes_on or _ONLY_IPYTHON.match(content):
                indentation = indentation if goes_on else content[: len(content) - len(content.lstrip(" \t"))]
                goes_on = content.endswith("\\")
                # the names in it are told, so that they stay as they are
                names = "".join(f":{name}" for name in dict.fromkeys(re.findall(r"\w+", content)))
                yield f'{indentation}"{self._mark}::{len(self._held)}{names}"{line[len(content) :]}'
                self._held.append(content)
            else:
                yield line

    def restored(self, source: str) -> list[str]:
        """The codes of the pieces in a new source text. Raises LostPieceError if they cannot be told."""
        marks = [*self._marks(source)]
        if [int(mark[1]) for mark in marks] != [*range(len(self.pieces))] or (marks and marks[0].start()):
            raise LostPieceError
        held = re.compile(rf'{_START}[ \t]*"{self._mark}::(\d+)[\w:]*"')
        if [int(number) for number in held.findall(source)] != [*range(len(self._held))]:
            raise LostPieceError
        codes = list[str]()
        for piece, mark, after in zip_longest(self.pieces, marks, marks[1:]):
            code = source[mark.end() : after.start() if after is not None else None]
            code = held.sub(lambda match: self._held[int(match[1])], code)
            is_open = not piece.code.endswith(("\n", "\r"))
            codes.append(code.removesuffix(self._line_end) if is_open else code)
        return codes

    def piece(self, offset: int) -> Piece:
        """The piece that an offset (code points) in the source is in."""
        return self.pieces[self._number(offset)]

    def _number(self, offset: int) -> int:
        return max(bisect_right(self._starts, offset) - 1, 0)

    def place(self, text: Text, offset: int) -> Place:
        """Where in the file an offset (code points) in the source, or in a text of it, is."""
        row, column = text.position(offset)
        if not self.pieces:
            return Place(row, column)
        number = self._number(offset)
        piece = self.pieces[number]
        first = text.position(self._starts[number]).row + 1
        line = max(row - first, 0)
        return Place(line + piece.row, column + len(piece.prefix), piece.cell, self._row_in_file(piece, line))


class EmbeddedText(Text):
    """The source text of the pieces of a file."""

    __slots__ = ("pieces",)

    def __init__(self, pieces: Pieces) -> None:
        super().__init__(pieces.source)
        self.pieces = pieces

    def place(self, offset: int) -> Place:
        """Where in the file an offset is."""
        return self.pieces.place(self, offset)

    def is_one_piece(self, span: Span) -> bool:
        """Whether a span lies in one cell or block."""
        return self.pieces.piece(span.start) is self.pieces.piece(span.end)

    def written(self, edit: TextEdit) -> str:
        """The new text of an edit, with what stands before each line in the file."""
        return _LINE_END.sub(lambda end: f"{end[0]}{self.pieces.piece(edit.span.start).prefix}", edit.new_text)


def lines_of(code: str) -> list[str]:
    """The lines of a piece of code, each with its end."""
    return [line for line in _LINE.findall(code) if line]


def parses(code: str) -> bool:
    """Whether Python's parser accepts a piece of code; `await` may stand at the top."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _unused(text: str) -> str:
    """The beginning of strings that do not occur in a text."""
    number = 0
    while (mark := f"ssot_piece_{number}") in text:
        number += 1
    return mark
