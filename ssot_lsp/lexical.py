r"""Bytes of Python whose lines end at `\n` → where its strings of several lines are, and its statements begin.

Exact for what Python accepts, and without a parser: only the lines on which three quotes stand are looked at closely.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence

_TRIPLE = (b'"""', b"'''")
_STRING_OR_COMMENT = (  # compiled on use, as the others
    rb"#[^\n]*|\"\"\"(?:[^\\\"]|\\(?s:.)|\"(?!\"\"))*\"\"\"|'''(?:[^\\']|\\(?s:.)|'(?!''))*'''"
    rb"|\"(?:[^\"\\\n]|\\(?s:.))*\"|'(?:[^'\\\n]|\\(?s:.))*'"
)
_BEGINS = rb"\n[^\s#)\]}]"
_HEADER = rb"class[ \t]+([\w\x80-\xff]+)|(?:async[ \t]+)?def[ \t]+([\w\x80-\xff]+)"
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
    """The text with `0` and blanks in the place of each class and function at its top level that has no point in it.

    `points` are ascending offsets in bytes. All else stays where it is, and there are as many statements as before.
    """
    return _replaced(data, points, lambda begin, start, end: b"0%b\n" % (b" " * (end - begin - 2)))


def without_bodies(data: bytes, points: Sequence[int]) -> bytes:
    """The text with `class A:0` or `def a():0` in the place of each class and function that has no point in it.

    Only those at the top level are meant. All else stays in its row and column.
    """

    def header(begin: int, start: int, end: int) -> bytes | None:
        match = re.match(_HEADER, data[start:end])
        if match is None:
            return None
        above, below = data.count(b"\n", begin, start), data.count(b"\n", start, end)
        line = b"class %b:0" % match[1] if match[1] else b"def %b():0" % match[2]
        return b"\n" * above + line + b"\n" * below

    return _replaced(data, points, header)


def _replaced(data: bytes, points: Sequence[int], new: Callable[[int, int, int], bytes | None]) -> bytes:
    in_string = strings(data)
    ends = (match.start() for match in re.finditer(_BEGINS, data))
    starts = [0, *(end + 1 for end in ends if data[end - 1 : end] != b"\\" and not in_string(end))]
    pieces: list[bytes] = []
    kept = 0
    for begin, start, end in _definitions(data, starts):
        if bisect_right(points, begin - 1) == bisect_right(points, end - 1) and end - begin > 2:
            text = new(begin, start, end)
            if text is not None:
                pieces += (data[kept:begin], text)
                kept = end
    return b"".join([*pieces, data[kept:]]) if pieces else data


def _definitions(data: bytes, starts: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """The classes and functions among some statements, given by where they begin.

    Of each where it begins with its decorators, and without, and where it ends.
    """
    begun = -1
    for start, end in zip(starts, [*starts[1:], len(data)], strict=True):
        if not re.match(_DEFINITION, data[start : start + 6]):
            begun = -1
            continue
        begun = start if begun < 0 else begun
        if data[start : start + 1] != b"@":
            yield begun, start, end
            begun = -1
