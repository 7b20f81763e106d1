"""The cache: one file a workspace, in the folder that the platform has for such; nothing is lost if it is.

It is replaced as a whole, so that several processes may use it at once, and what is damaged counts as not there.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import zlib
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

_MAGIC = b"ssot-lsp cache 1"
_SUFFIX = ".cache"
LARGEST = 256 << 20
"""Bytes that all files of the cache may have together; beyond that the longest unused are dropped."""


def folder() -> Path:
    """Where the cache is; the folder need not be there."""
    from platformdirs import user_cache_path  # noqa: PLC0415 - not every run has a cache

    return user_cache_path("ssot-lsp", appauthor=False)


def digest(*parts: object) -> str:
    """A short name for what some values say, by their `str`."""
    return blake2b("\0".join(map(str, parts)).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def digest_of(data: bytes) -> str:
    """A short name for a file's bytes."""
    return blake2b(data, digest_size=8).hexdigest()


class Slot(NamedTuple):
    """A place in the cache, and what must be the same for what is in it to hold."""

    path: Path
    key: str

    def load(self) -> list[Any] | None:
        """What was stored for that key, section by section; None if there is nothing, or nothing that is whole.

        All but the first are given as JSON texts, as not every reader needs them.
        """
        try:
            head, *lines = self.path.read_bytes().split(b"\n")
            magic, key, *sums = head.split(b"\t")
            if magic != _MAGIC or key != self.key.encode() or [b"%08x" % zlib.crc32(line) for line in lines] != sums:
                return None
            first = json.loads(lines[0])
        except (OSError, ValueError, IndexError, RecursionError):
            return None
        with suppress(OSError):
            os.utime(self.path)  # it is in use
        return [first, *lines[1:]]

    def store(self, *sections: Any) -> None:
        """Replace what is there; bytes are taken for JSON already. Where nothing can be written, nothing is."""
        lines = [s if isinstance(s, bytes) else json.dumps(s, separators=(",", ":")).encode() for s in sections]
        head = b"\t".join([_MAGIC, self.key.encode(), *(b"%08x" % zlib.crc32(line) for line in lines)])
        with suppress(OSError):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(suffix=".tmp", dir=self.path.parent)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(b"\n".join([head, *lines]))
                Path(temporary).replace(self.path)
            except BaseException:
                with suppress(OSError):
                    Path(temporary).unlink()
                raise
            _trim(self.path.parent)


def slot(key: str, *name: object) -> Slot:
    """The place that goes by a name, for what holds as long as `key` does."""
    return Slot(folder() / f"{digest(*name)}{_SUFFIX}", key)


def clear() -> tuple[int, int]:
    """Remove all that is in the cache, what jedi keeps there included; how many files that were, and how many bytes.

    Raises OSError where that fails.
    """
    where = folder()
    sizes = [path.stat().st_size for path in where.rglob("*") if path.is_file()] if where.is_dir() else []
    if where.is_dir():
        shutil.rmtree(where)
    return len(sizes), sum(sizes)


def _trim(where: Path) -> None:
    """Drop what was longest not used, as long as all of it is too large."""
    found: list[tuple[float, int, Path]] = []
    for path in (*where.glob(f"*{_SUFFIX}"), *where.glob("*.tmp")):
        with suppress(OSError):
            facts = path.stat()
            found.append((facts.st_mtime, facts.st_size, path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= LARGEST:
            break
        with suppress(OSError):
            path.unlink()
        total -= size
