r"""Bytes of Python whose lines end at `\n` → where its strings of several lines are, and its statements begin.

Exact for what Python accepts, and without a parser: only the lines on which three quotes stand are looked at closely.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

_TRIPLE = (b'"""', b"'''")
_STRING_OR_COMMENT = (  # compiled on use, as the others
    rb"#[^\n]*|\"\"\"(?:[^\\\"]|\\(?s:.)|\"(?!\"\"))*\"\"\"|'''(?:[^\\']|\\(?s:.)|'(?!''))*'''"
    rb"|\"(?:[^\"\\\n]|\\(?s:.))*\"|'(?:[^'\\\n]|\\(?s:.))*'"
)
_BODY = rb":[^\n]*\n(?:[ \t]*(?:#[^\n]*)?\n)*([ \t]+)[^\s#]"
_HEADER = rb"class[ \t]+([\w\x80-\xff]+)|(?:async[ \t]+)?def[ \t]+([\w\x80-\xff]+)"
_BRACKETS = ((b"(", b")"), (b"[", b"]"), (b"{", b"}"))
_DEFINITION = rb"@|(?:class|def|async)[ \t\\]"
_CLAUSE = rb"(?:el(?:se|if)|except|finally)\b"


def plain(source: str) -> str:
    r"""A text with `\n` for each line end, as all here takes it when it is encoded."""
    return source.replace("\r\n", "\n").replace("\r", "\n") if "\r" in source else source


def strings(data: bytes) -> Callable[[int], bool]:
    """A function that tells whether a place (in bytes) is in a string of several lines."""
    begins: list[int] = []
    ends: list[int] = []
    at = 0
    nearest = {kind: data.find(kind) for kind in _TRIPLE}
    while (quotes := min((place for place in nearest.values() if place >= 0), default=-1)) >= 0:
        start = max(data.rfind(b"\n", 0, quotes) + 1, at)
        while start > at and data[start - 2 : start] == b"\\\n":
            start = max(data.rfind(b"\n", 0, start - 1) + 1, at)
        at = _end_of_string(data, quotes)
        if re.search(rb"[\"'#]", data[start:quotes]):  # they may stand in a comment, or in another string
            token = next(m for m in re.compile(_STRING_OR_COMMENT).finditer(data, start) if m.end() > quotes)
            at = token.end()
            quotes = token.start()
        begins.append(quotes)
        ends.append(at)
        nearest = {kind: place if not 0 <= place < at else data.find(kind, at) for kind, place in nearest.items()}

    def in_string(place: int) -> bool:
        index = bisect_right(begins, place) - 1
        return index >= 0 and place < ends[index]

    return in_string


def _end_of_string(data: bytes, quotes: int) -> int:
    """Where the string ends that begins with the three quotes there."""
    end = data.find(data[quotes : quotes + 3], quotes + 3)
    while end >= 0 and (len(before := data[quotes + 3 : end]) - len(before.rstrip(b"\\"))) % 2:
        end = data.find(data[quotes : quotes + 3], end + 1)
    return end + 3 if end >= 0 else len(data)


class Reduced(NamedTuple):
    """Some pieces of a text, in its order, and where they come from. All places are in bytes."""

    data: bytes
    starts: Sequence[int] = (0,)
    """Where each piece begins in here."""
    origins: Sequence[int] = (0,)
    """Where it begins in the text."""

    def original(self, place: int) -> int:
        """The place in the text of something in here."""
        piece = bisect_right(self.starts, place) - 1
        return self.origins[piece] + place - self.starts[piece]

    def here(self, place: int) -> int:
        """The place in here of something in the text, if it is in one of the pieces."""
        piece = bisect_right(self.origins, place) - 1
        return self.starts[piece] + place - self.origins[piece]


def without_definitions(data: bytes, points: Sequence[int]) -> Reduced:
    """The text with `0` in the place of each class and function that has no point in it.

    Those at the top level are meant, and those in classes there. `points` are ascending offsets in bytes. There are as
    many statements as before.
    """
    return _without(data, ((cut.begin, cut.end) for cut in _definitions(data, points)))


def around(data: bytes, points: Sequence[int]) -> Reduced:
    """The statements at the top level in which there is a point, without the methods in which there is none.

    `points` are ascending offsets in bytes. Anything may come of it if the text is not well formed.
    """
    in_string = strings(data)
    starts = _statements_at(data, 0, len(data), b"", in_string)
    starts = [start for start in starts if not re.match(_CLAUSE, data[start : start + 8])]
    cuts: list[tuple[int, int]] = []
    begin = 0
    for start, end in pairwise([*starts, len(data)]):
        if data[start : start + 1] == b"@":
            continue
        statement = _Definition(begin, start, end)
        if not _is_free(statement, points):
            cuts += ((method.begin, method.end) for method in _methods(data, statement, points, in_string))
        elif cuts and cuts[-1][1] == begin:
            cuts[-1] = cuts[-1][0], end
        else:
            cuts.append((begin, end))
        begin = end
    return _without(data, cuts)


def _without(data: bytes, cuts: Iterable[tuple[int, int]]) -> Reduced:
    """The text with `0` in the place of each of the cuts, which are given by their begins and ends in bytes."""
    pieces: list[bytes] = []
    starts, origins, kept, length = [0], [0], 0, 0
    for begin, end in cuts:
        pieces += (data[kept:begin], b"0\n")
        length += begin - kept + 2
        kept = end
        starts.append(length)
        origins.append(kept)
    return Reduced(b"".join([*pieces, data[kept:]]), starts, origins) if pieces else Reduced(data)


def without_bodies(data: bytes, points: Sequence[int]) -> bytes:
    """The text with `class A:0` or `def a():0` in the place of each class and function that has no point in it.

    Those at the top level are meant, and those in classes there. All else stays in its row and column.
    """
    pieces: list[bytes] = []
    kept = 0
    for begin, start, end in _definitions(data, points):
        if match := re.match(_HEADER, data[start:end]):
            line = b"class %b:0" % match[1] if match[1] else b"def %b():0" % match[2]
            above, below = data.count(b"\n", begin, start), data.count(b"\n", start, end)
            indent = data[data.rfind(b"\n", 0, begin) + 1 : begin] if above else b""
            pieces += (data[kept:begin], b"\n" * above, indent, line, b"\n" * below)
            kept = end
    return b"".join([*pieces, data[kept:]])


class _Definition(NamedTuple):
    """A class or a function, by offsets in bytes."""

    begin: int
    """With its decorators."""
    start: int
    """Without them."""
    end: int


def _definitions(data: bytes, points: Sequence[int]) -> Iterator[_Definition]:
    """The classes and functions at the top level in which there is no point; in those classes where there is, too."""
    in_string = strings(data)
    for definition in _definitions_at(data, 0, len(data), b"", in_string):
        if _is_free(definition, points):
            if _is_whole(data, definition):
                yield definition
        else:
            yield from _methods(data, definition, points, in_string)


def _methods(
    data: bytes, definition: _Definition, points: Sequence[int], in_string: Callable[[int], bool]
) -> Iterator[_Definition]:
    """What is defined in a class, if it is one, and has no point in it."""
    if data.startswith(b"class", definition.start):
        body = re.compile(_BODY).search(data, definition.start, definition.end)
        if body is not None:
            inner = _definitions_at(data, body.start(1), definition.end, body[1], in_string)
            yield from (method for method in inner if _is_free(method, points) and _is_whole(data, method))


def _is_free(definition: _Definition, points: Sequence[int]) -> bool:
    return bisect_left(points, definition.begin) == bisect_left(points, definition.end)


def _is_whole(data: bytes, definition: _Definition) -> bool:
    """Whether a definition looks like one that is written to its end: what does not is left to the parser to judge."""
    text = data[definition.begin : definition.end]
    return (
        len(text) > 2
        and b":" in text
        and re.match(_HEADER, data[definition.start : definition.end]) is not None
        and all(text.count(opening) == text.count(closing) for opening, closing in _BRACKETS)
    )


def _definitions_at(
    data: bytes, begin: int, end: int, indent: bytes, in_string: Callable[[int], bool]
) -> Iterator[_Definition]:
    """The classes and functions among the statements of one indentation, in a part of the text that begins with one."""
    starts = _statements_at(data, begin, end, indent, in_string)
    begun = -1
    for start, following in zip(starts, [*starts[1:], end], strict=True):
        if not re.match(_DEFINITION, data[start : start + 6]):
            begun = -1
            continue
        begun = start if begun < 0 else begun
        if data[start : start + 1] != b"@":
            yield _Definition(begun, start, following - (len(indent) if following != end else 0))
            begun = -1


def _statements_at(data: bytes, begin: int, end: int, indent: bytes, in_string: Callable[[int], bool]) -> list[int]:
    """Where the statements of one indentation begin, and their clauses, in a part of the text that begins with one."""
    lines = (m.start() for m in re.compile(rb"\n%b[^\s#)\]}\\]" % indent).finditer(data, begin, end))
    ends = (line for line in lines if data[line - 1 : line] != b"\\" and not in_string(line))
    return [begin + len(indent), *(line + 1 + len(indent) for line in ends)]
