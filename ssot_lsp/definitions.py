"""Which files seem to define a name, in little memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress

from ssot_lsp.scan import definitions

_MOST_NEWER = 1_000


class Definitions:
    """The names that files seem to define.

    Most of it is a text that is searched as it is: to read all of it takes longer than to look some names up.
    """

    def __init__(self, text: bytes = b"", newer: Mapping[str, list[str]] | None = None) -> None:
        self.text = text
        r"""For each file `\0"path"\0 name name `, the path as JSON, which has no null character and no line end."""
        self.newer = {**(newer or {})}
        """What is known of files besides, which holds instead of what the text says of them."""

    @classmethod
    def of(cls, files: Iterable[str], read: Callable[[str], bytes]) -> Definitions:
        """Those of some files. What cannot be read defines nothing."""
        return cls(b"".join(_line(file, _encoded(_names(file, read))) for file in files))

    def files(self, name: str) -> Iterator[str]:
        """The files that seem to define a name."""
        word = b" %b " % name.encode("utf-8", "replace")
        at = self.text.find(word)
        while at >= 0:
            names = self.text.rfind(b"\0", 0, at) + 1
            if self.text.startswith(b" ", names):  # else it stands in a path
                file = json.loads(self.text[self.text.rfind(b"\0", 0, names - 1) + 1 : names - 1])
                if file not in self.newer:
                    yield file
            at = self.text.find(word, at + 1)
        for file, defined in self.newer.items():
            if name in defined:
                yield file

    def settle(self, files: Collection[str]) -> None:
        """Forget all but some files; and make one text of it, should there be much beside the text."""
        if len(self.newer) < _MOST_NEWER:
            return
        parts = self.text.split(b"\0")[1:]
        known = {file: names for path, names in zip(parts[::2], parts[1::2], strict=True) if (file := json.loads(path))}
        known.update((file, _encoded(names)) for file, names in self.newer.items())
        self.text, self.newer = b"".join(_line(file, names) for file, names in known.items() if file in files), {}


def _names(file: str, read: Callable[[str], bytes]) -> set[str]:
    with suppress(OSError):
        return definitions(read(file))
    return set()


def _encoded(names: Iterable[str]) -> bytes:
    return b" %b " % b" ".join(name.encode("utf-8", "replace") for name in names)


def _line(file: str, names: bytes) -> bytes:
    return b"\0%b\0%b" % (json.dumps(file).encode(), names)
