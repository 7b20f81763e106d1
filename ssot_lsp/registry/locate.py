"""Where in a JSON text the value at a path stands.

The standard library's decoder says nothing of places. Instead of decoding a second time we walk to the one value that
is asked for and let the decoder, which is native code, skip everything beside the way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from ssot_lsp.text import Span

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")

JsonPath = Sequence[str | int]


def locate(source: str, path: JsonPath, *, key: bool = False) -> Span:
    """The span (code points) of the value at `path` in a JSON text, or with `key` that of the last key itself.

    A path that does not exist gives the nearest value above it; an element of an array has no key and gives its value.
    The text must be valid JSON up to that value: else the span of the whole text comes back.
    """
    start = _skip_space(source, 0)
    found = Span(start, len(source))
    try:
        found = Span(start, _DECODER.raw_decode(source, start)[1])
        for depth, part in enumerate(path):
            is_last = depth == len(path) - 1
            member = next((m for m in _members(source, found.start) if m[0] == part), None)
            if member is None:
                return found
            _, key_span, value = member
            found = key_span if key and is_last and key_span else value
    except (ValueError, RecursionError):
        pass
    return found


def members(source: str) -> Iterator[tuple[tuple[str | int, ...], Span | None, Span]]:
    """Every member of every object and array of a valid JSON text, outer ones first: path, key's span, value's span."""
    todo: list[tuple[tuple[str | int, ...], int]] = [((), _skip_space(source, 0))]
    while todo:
        path, start = todo.pop()
        for part, key_span, value in _members(source, start):
            yield (*path, part), key_span, value
            todo.append(((*path, part), value.start))


def _members(source: str, start: int) -> Iterator[tuple[str | int, Span | None, Span]]:
    """The members of the object or array at `start`: key or index, the key's span, the value's span."""
    if source[start : start + 1] not in ("{", "["):
        return
    is_object = source[start] == "{"
    at = _skip_space(source, start + 1)
    index = 0
    while at < len(source) and source[at] not in "]}":
        name: str | int = index
        key_span = None
        if is_object:
            name, end = _DECODER.raw_decode(source, at)
            key_span = Span(at, end)
            at = _skip_space(source, _skip_space(source, end) + 1)
        end = _DECODER.raw_decode(source, at)[1]
        yield name, key_span, Span(at, end)
        at = _skip_space(source, end)
        if source[at : at + 1] == ",":
            at = _skip_space(source, at + 1)
        index += 1


def _skip_space(source: str, at: int) -> int:
    match = _SPACE.match(source, at)
    return match.end() if match else at
