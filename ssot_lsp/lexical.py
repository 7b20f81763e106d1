r"""Bytes of Python whose lines end at `\n` → where its strings of several lines are, and its statements begin.

Exact for what Python accepts, and without a parser: only the lines on which three quotes stand are looked at closely.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
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


def without_definitions(data: bytes, points: Sequence[int]) -> bytes:
    """The text with `0` and blanks in the place of each class and function that has no point in it.

    Those at the top level are meant, and those in classes there. `points` are ascending offsets in bytes. All else
    stays where it is, and there are as many statements as before.
    """
    pieces: list[bytes] = []
    kept = 0
    for definition in _definitions(data, points):
        pieces += (data[kept : definition.begin], b"0%b\n" % (b" " * (definition.end - definition.begin - 2)))
        kept = definition.end
    return b"".join([*pieces, data[kept:]])


def without_bodies(data: bytes, points: Sequence[int]) -> bytes:
    """The text with `class A:0` or `def a():0` in the place of each class and function that has no point in it.

    Only those at the top level are meant. All else stays in its row and column.
    """
    pieces: list[bytes] = []
    kept = 0
    for begin, start, end in _definitions(data, points, in_classes=False):
        if match := re.match(_HEADER, data[start:end]):
            line = b"class %b:0" % match[1] if match[1] else b"def %b():0" % match[2]
            above, below = data.count(b"\n", begin, start), data.count(b"\n", start, end)
            pieces += (data[kept:begin], b"\n" * above, line, b"\n" * below)
            kept = end
    return b"".join([*pieces, data[kept:]])


class _Definition(NamedTuple):
    """A class or a function, by offsets in bytes."""

    begin: int
    """With its decorators."""
    start: int
    """Without them."""
    end: int


def _definitions(data: bytes, points: Sequence[int], *, in_classes: bool = True) -> Iterator[_Definition]:
    """The classes and functions at the top level in which there is no point; in those classes where there is, too."""
    in_string = strings(data)
    for definition in _definitions_at(data, 0, len(data), b"", in_string):
        if _is_free(definition, points):
            if _is_whole(data, definition):
                yield definition
        elif in_classes and data.startswith(b"class", definition.start):
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
    lines = (m.start() for m in re.compile(rb"\n%b[^\s#)\]}]" % indent).finditer(data, begin, end))
    ends = (line for line in lines if data[line - 1 : line] != b"\\" and not in_string(line))
    starts = [begin + len(indent), *(line + 1 + len(indent) for line in ends)]
    begun = -1
    for start, following in zip(starts, [*starts[1:], end], strict=True):
        if not re.match(_DEFINITION, data[start : start + 6]):
            begun = -1
            continue
        begun = start if begun < 0 else begun
        if data[start : start + 1] != b"@":
            yield _Definition(begun, start, following - (len(indent) if following != end else 0))
            begun = -1
