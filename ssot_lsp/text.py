"""The one text type: source code as code points, with lines where Python, LSP and editors agree that they are.

Everything in this package speaks of places in a text as offsets in *code points* (indexes into a ``str``), from 0, ends
exclusive. Other units (bytes of UTF-8, UTF-16 units) exist only at the edges and are converted there.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple

# LSP 3.17, "Text Documents": lines end at \r\n, \n or \r and at nothing else. Python's tokenizer agrees.
# `str.splitlines` does not: it also splits at form feed, U+0085, U+2028 and others.
_LINE_END = re.compile(r"\r\n|\n|\r")
_MANY = 8
"""Questions about places in a text, from which on an index is quicker than counting."""


class Span(NamedTuple):
    """A stretch of text: code points from 0, end exclusive."""

    start: int
    end: int

    def contains(self, other: Span) -> bool:
        """Whether `other` lies wholly inside this span."""
        return self.start <= other.start and other.end <= self.end


class Position(NamedTuple):
    """A place in a text: row and column from 0, the column in code points."""

    row: int
    column: int


class Place(NamedTuple):
    """A place in a file, as it is told to people: row and column from 0, the column in code points."""

    row: int
    column: int
    cell: int = 0
    """In a notebook the cell, from 1, in which the row is; else 0."""
    file_row: int = 0
    """The row of the file, from 0."""


class TextEdit(NamedTuple):
    """Replace the text of `span` (code points) by `new_text`."""

    span: Span
    new_text: str


class Text:
    """A source text and the index of its lines, which is made when it is first asked for."""

    __slots__ = ("_asked", "_starts", "source")

    def __init__(self, source: str) -> None:
        self.source = source
        self._starts: list[int] | None = None
        self._asked = 0

    @property
    def line_starts(self) -> list[int]:
        """Offsets (code points) at which the rows begin; row 0 begins at 0."""
        if self._starts is None:
            if "\r" in self.source:
                self._starts = [0, *(match.end() for match in _LINE_END.finditer(self.source))]
            else:
                lengths = accumulate(map(len, self.source.split("\n")), initial=0)
                self._starts = [length + row for row, length in enumerate(lengths)][:-1]
        return self._starts

    def edited(self, edit: TextEdit) -> Text:
        """The text after an edit, whose span lies in this one; an index of the lines is not made anew."""
        (start, end), new = edit
        text = Text(f"{self.source[:start]}{new}{self.source[end:]}")
        if self._starts is not None:
            # a line more on either side: what is put in may join two halves of a line end
            first = max(bisect_right(self._starts, start) - 2, 0)
            after = bisect_right(self._starts, end) + 1
            begin = self._starts[first]
            moved = len(text.source) - len(self.source)
            rest = self._starts[after:]
            stop = rest[0] + moved if rest else len(text.source)
            inside = [begin + match.end() for match in _LINE_END.finditer(text.source[begin:stop])]
            if rest and inside and inside[-1] == stop:
                inside.pop()
            text._starts = self._starts[: first + 1] + inside + [place + moved for place in rest]
        return text

    def position(self, offset: int) -> Position:
        """Row and column (code points, from 0) of `offset`; an offset beyond the end means the end."""
        offset = max(0, min(offset, len(self.source)))
        self._asked += 1
        if self._starts is None and self._asked < _MANY and "\r" not in self.source:  # not worth an index yet
            row = self.source.count("\n", 0, offset)
            return Position(row, offset - self.source.rfind("\n", 0, offset) - 1)
        row = bisect_right(self.line_starts, offset) - 1
        return Position(row, offset - self.line_starts[row])

    def place(self, offset: int) -> Place:
        """Where in its file `offset` is: there, unless the text is only a part of it."""
        row, column = self.position(offset)
        return Place(row, column, 0, row)

    def is_one_piece(self, span: Span) -> bool:
        """Whether what is in a span stands together in the file too."""
        return True

    def written(self, edit: TextEdit) -> str:
        """The new text of an edit as it is to be written in the file."""
        return edit.new_text

    def offset(self, position: Position) -> int:
        """Offset (code points) of a position; rows and columns beyond the text or the line mean its end."""
        if position.row >= len(self.line_starts):
            return len(self.source)
        row = self.line_span(max(0, position.row))
        return min(row.start + max(0, position.column), row.end)

    def line_span(self, row: int) -> Span:
        """The text of a row (from 0) without its line end."""
        start = self.line_starts[row]
        end = self.line_starts[row + 1] if row + 1 < len(self.line_starts) else len(self.source)
        while end > start and self.source[end - 1] in "\r\n":
            end -= 1
        return Span(start, end)

    def line(self, row: int) -> str:
        """The text of a row (from 0) without its line end."""
        return self.source[slice(*self.line_span(row))]

    def offset_of_utf8(self, row: int, column: int) -> int:
        """Offset (code points) of a row (from 0) and a column in bytes of UTF-8, as `ast` counts them."""
        start = self.line_starts[row]
        if self.source.isascii():
            return start + column
        line = self.line(row)
        return start + len(line.encode("utf-8", "surrogatepass")[:column].decode("utf-8", "replace"))


def apply_edits(source: str, edits: Iterable[TextEdit]) -> str:
    """Apply edits that all speak of `source`; insertions at one place keep their order.

    Raises ValueError if two edits overlap or one lies outside the text.
    """
    pieces: list[str] = []
    end = 0
    for span, new_text in sorted(edits, key=lambda edit: edit.span):
        if span.start < end or span.end < span.start or span.end > len(source):
            raise ValueError(f"edits overlap or lie outside the text at {span.start}-{span.end}")
        pieces += (source[end : span.start], new_text)
        end = span.end
    pieces.append(source[end:])
    return "".join(pieces)


def composed(source: str, first: Iterable[TextEdit], second: Iterable[TextEdit]) -> tuple[TextEdit, ...]:
    """The edits of `source` that do what `first` does, and then `second`, which speaks of the text after `first`."""
    between: list[tuple[Span, Span]] = []
    shift = 0
    made = sorted(first, key=lambda edit: edit.span)
    for span, new_text in made:  # each edit with its place in the text after the first ones
        start = span.start + shift
        between.append((Span(start, start + len(new_text)), span))
        shift += len(new_text) - (span.end - span.start)
    text = apply_edits(source, made)
    todo = sorted(
        [*((after, None) for after, _ in between), *((edit.span, edit) for edit in second)], key=lambda e: e[0]
    )
    clusters: list[tuple[Span, list[TextEdit]]] = []
    for span, edit in todo:
        inside = [edit] if edit else []
        if clusters and span.start <= clusters[-1][0].end:
            around, before = clusters.pop()
            clusters.append((Span(around.start, max(around.end, span.end)), [*before, *inside]))
        else:
            clusters.append((span, inside))
    edits: list[TextEdit] = []
    for span, inside in clusters:
        local = (edit._replace(span=Span(*(offset - span.start for offset in edit.span))) for edit in inside)
        start, end = (
            _before(offset, between, is_end=is_end) for offset, is_end in zip(span, (False, True), strict=True)
        )
        edits.append(TextEdit(Span(start, end), apply_edits(text[slice(*span)], local)))
    return tuple(edit for edit in edits if source[slice(*edit.span)] != edit.new_text)


def _before(offset: int, between: Iterable[tuple[Span, Span]], *, is_end: bool) -> int:
    """The place in a text of what is at `offset` after its edits, each given by its span then and before."""
    shift = 0
    for after, span in between:
        if after.start > offset or (after.start == offset and not is_end):
            break
        if is_end and after.start == offset and after.end > offset:
            break
        shift = span.end - after.end
    return offset + shift


def minimal_edit(span: Span, old: str, new: str) -> TextEdit | None:
    r"""The edit that turns `old`, the text of `span`, into `new` and touches neither what both begin nor end with.

    A pair of `\r\n` is never cut in two. None if the texts are equal.
    """
    if old == new:
        return None
    limit = min(len(old), len(new))
    head = next((i for i in range(limit) if old[i] != new[i]), limit)
    tail = next((i for i in range(limit - head) if old[-1 - i] != new[-1 - i]), limit - head)
    if old[head - 1 : head] == "\r":
        head -= 1
    if tail and old[-tail] == "\n" and "\r" in (old[-tail - 1 : -tail], new[-tail - 1 : -tail]):
        tail -= 1
    return TextEdit(Span(span.start + head, span.end - tail), new[head : len(new) - tail])
