"""Where in a JSON text the value at a path stands.

The standard library's decoder says nothing of places. Instead of decoding a second time we walk to the one value that
is asked for and let the decoder, which is native code, skip everything beside the way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice

from ssot_lsp.text import Span

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")
_COLON = re.compile(r"[ \t\n\r]*:[ \t\n\r]*")
_COMMA = re.compile(r"[ \t\n\r]*,?[ \t\n\r]*")

JsonPath = Sequence[str | int]


def locate(source: str, path: JsonPath, *, key: bool = False) -> Span:
    """The span (code points) of the value at `path` in a JSON text, or with `key` that of the last key itself.

    A path that does not exist gives the nearest value above it; an element of an array has no key and gives its value.
    The text must be valid JSON up to the end of that value: else the rest of the text from its beginning comes back.
    """
    return Places(source).locate(path, key=key)


class Places:
    """Where the values of one JSON text stand. It walks along each array only once."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._arrays: dict[int, tuple[list[int], Iterator[int]]] = {}
        """By where an array begins: where its elements do, as far as the walk went, and the walk to the others."""

    def locate(self, path: JsonPath, *, key: bool = False) -> Span:
        """What `locate` says of the text."""
        start, key_span = _skip(_SPACE, self.source, 0), None
        try:
            for part in path:
                found = self._member(start, part)
                if found is None:
                    key_span = None
                    break
                key_span, start = found
            return key_span if key and key_span else Span(start, _end(self.source, start))
        except (ValueError, RecursionError):
            return Span(start, len(self.source))

    def has(self, path: JsonPath) -> bool:
        """Whether there is a value at `path`."""
        at = _skip(_SPACE, self.source, 0)
        for part in path:
            found = self._member(at, part)
            if found is None:
                return False
            at = found[1]
        return True

    def parts(self, path: JsonPath) -> Iterator[tuple[Span | None, Span]]:
        """The members of the object or array at `path`, in their order: the key's span, if it has one, the value's.

        The text must be valid JSON; a path that does not exist gives those of the nearest value above it.
        """
        for _, key_span, at in _members(self.source, self.locate(path).start):
            yield key_span, Span(at, _end(self.source, at))

    def _member(self, start: int, part: str | int) -> tuple[Span | None, int] | None:
        """The key and the beginning of the value at a key or an index of what begins at `start`; None without one."""
        if isinstance(part, str):
            return next(((key, at) for name, key, at in _members(self.source, start) if name == part), None)
        if start not in self._arrays:
            elements = (at for name, _, at in _members(self.source, start) if isinstance(name, int))
            self._arrays[start] = [], elements
        walked, others = self._arrays[start]
        walked += islice(others, max(part + 1 - len(walked), 0))
        return (None, walked[part]) if part < len(walked) else None


def members(source: str) -> Iterator[tuple[tuple[str | int, ...], Span | None, Span]]:
    """Every member of every object and array of a valid JSON text, outer ones first: path, key's span, value's span."""
    todo: list[tuple[tuple[str | int, ...], int]] = [((), _skip(_SPACE, source, 0))]
    while todo:
        path, start = todo.pop()
        for part, key_span, at in _members(source, start):
            yield (*path, part), key_span, Span(at, _end(source, at))
            todo.append(((*path, part), at))


def _members(source: str, start: int) -> Iterator[tuple[str | int, Span | None, int]]:
    """The members of the object or array at `start`: key or index, the key's span, where the value begins.

    Nothing is read behind the beginning of the last one that is asked for.
    """
    if source[start : start + 1] not in ("{", "["):
        return
    is_object = source[start] == "{"
    at = _skip(_SPACE, source, start + 1)
    index = 0
    while at < len(source) and source[at] not in "]}":
        name: str | int = index
        key_span = None
        if is_object:
            name, end = _DECODER.raw_decode(source, at)
            key_span = Span(at, end)
            at = _skip(_COLON, source, end)
        yield name, key_span, at
        at = _skip(_COMMA, source, _end(source, at))
        index += 1


def _end(source: str, start: int) -> int:
    """Where the value that begins at `start` ends."""
    return _DECODER.raw_decode(source, start)[1]


def _skip(pattern: re.Pattern[str], source: str, at: int) -> int:
    match = pattern.match(source, at)
    return match.end() if match else at
