"""Files: decoding as Python decodes, finding Python files, replacing a file so that no kill leaves half of it."""

from __future__ import annotations

import codecs
import errno
import io
import os
import re
import stat
import tempfile
import tokenize
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

PYTHON_SUFFIXES = (".py", ".pyi", ".pyw")
NOTEBOOK_SUFFIX = ".ipynb"
PAGE_SUFFIXES = (".md", ".markdown")
"""Of Markdown."""

_PRUNED = frozenset({"__pycache__", "node_modules", "site-packages"})


class UnreadableFileError(Exception):
    """A file that cannot be read as Python source; its text says why."""


class RefusedWriteError(Exception):
    """A file that is not to be replaced; its text says why."""


class SourceFile(NamedTuple):
    """A file's text and how it was encoded, so that unchanged text is written back byte for byte."""

    source: str
    encoding: str = "utf-8"
    bom: bool = False

    def encode(self, source: str) -> bytes:
        """The bytes of another text in this file's encoding.

        Raises RefusedWriteError if that encoding has no bytes for a character.
        """
        try:
            return (codecs.BOM_UTF8 if self.bom else b"") + source.encode(self.encoding)
        except UnicodeEncodeError as error:
            raise RefusedWriteError(
                f"its encoding, {self.encoding}, cannot write the result: {error.reason}"
            ) from error


def read_bytes(path: str | Path) -> bytes:
    """The bytes of a file, in a fifth of the time that `Path.read_bytes` takes. Raises OSError."""
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - as it says
        return file.read()


def decode(data: bytes) -> SourceFile:
    """The text of a Python file: a byte order mark, else the encoding cookie of PEP 263, else UTF-8.

    Raises UnreadableFileError if the encoding is unknown or the bytes are none of it.
    """
    bom = data.startswith(codecs.BOM_UTF8)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError as error:
        is_undeclared = "declaration" in str(error.msg)
        raise UnreadableFileError(
            "not utf-8, and no encoding is declared" if is_undeclared else str(error.msg)
        ) from error
    data, encoding = (data[len(codecs.BOM_UTF8) :], "utf-8") if bom else (data, encoding)
    try:
        source = data.decode(encoding)
        faithful = source.encode(encoding) == data
    except LookupError as error:
        raise UnreadableFileError(f"unknown encoding {encoding!r}") from error
    except ValueError as error:
        raise UnreadableFileError(f"not {encoding}: {getattr(error, 'reason', error)}") from error
    if not faithful:
        raise UnreadableFileError(f"its encoding, {encoding}, would not give the same bytes back")
    return SourceFile(source, encoding, bom)


def find_python_files(paths: Iterable[Path], root: Path, suffixes: tuple[str, ...] = PYTHON_SUFFIXES) -> Iterator[str]:
    """The files with Python in them among `paths` and in the folders among them, each once, sorted within a folder.

    They are given as text, which is what is cheap for tens of thousands. A file that is named is taken as it is. In
    folders, what .gitignore files ignore is passed over, as are hidden folders, virtual environments and symbolic links
    to folders.
    """
    seen: set[str] = set()
    for path in paths:
        is_folder = path.is_dir()
        ignores = _outer_ignores(path, root) if is_folder else ()
        for file in _walk(str(path), ignores, suffixes, is_named=True) if is_folder else (str(path),):
            if file not in seen:
                seen.add(file)
                yield file


_Patterns = tuple["GitIgnoreSpecPattern", ...]
_Ignores = tuple[tuple[str, _Patterns], ...]
"""The patterns of each .gitignore file around, with the folder that they are relative to."""


def _walk(folder: str, ignores: _Ignores, suffixes: tuple[str, ...], *, is_named: bool = False) -> Iterator[str]:
    try:
        with os.scandir(folder) as scanned:
            entries = sorted(scanned, key=lambda entry: entry.name)
    except OSError:
        return  # a folder that vanished or may not be read holds nothing for us
    names = [entry.name for entry in entries]
    if "pyvenv.cfg" in names and not is_named:
        return  # a virtual environment
    if ".gitignore" in names and (patterns := _ignore_file(folder)):
        ignores = (*ignores, (folder + os.sep, patterns))
    folders: list[str] = []
    for entry in entries:
        name = entry.name
        if name.endswith(suffixes) and _is_file(entry):
            if not _is_ignored(ignores, entry.path):
                yield entry.path
        elif name.startswith(".") or name in _PRUNED or not entry.is_dir(follow_symlinks=False):
            continue
        elif not _is_ignored(ignores, entry.path + os.sep):
            folders.append(entry.path)
    for child in folders:
        yield from _walk(child, ignores, suffixes)


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link that leads to itself
        return False


def _ignore_file(folder: str) -> _Patterns:
    try:
        lines = Path(folder, ".gitignore").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ()
    return tuple(pattern for line in lines for pattern in _patterns(line))


def _patterns(line: str) -> _Patterns:
    """The pattern that a line of a .gitignore file holds; none if it holds none, or one that git ignores too."""
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - not every run meets a .gitignore

    try:
        patterns = GitIgnoreSpec.from_lines([line]).patterns
    except (ValueError, re.error):
        return ()
    return tuple(pattern for pattern in patterns if pattern.include is not None)


def _outer_ignores(folder: Path, root: Path) -> _Ignores:
    """The .gitignore files between the repository's top, or the root, and `folder`: they speak of what is in it too."""
    top = next((parent for parent in (folder, *folder.parents) if (parent / ".git").exists()), root)
    between = [parent for parent in reversed(folder.parents) if parent.is_relative_to(top)]
    return tuple((str(p) + os.sep, patterns) for p in between if (patterns := _ignore_file(str(p))))


def _is_ignored(ignores: _Ignores, path: str) -> bool:
    """gitignore(5): of the deepest file that says anything the last pattern decides.

    The path of a folder ends with a separator. We ask of every folder on the way down, so only what a pattern says of
    the path itself counts, and not of a folder above.
    """
    for base, patterns in reversed(ignores):
        inner = path[len(base) :].replace(os.sep, "/")
        for pattern in reversed(patterns):
            if pattern.regex and any(_is_whole(match, inner) for match in pattern.regex.finditer(inner)):
                return bool(pattern.include)
    return False


def _is_whole(match: re.Match[str], path: str) -> bool:
    """Whether a pattern matched the path itself, and not a folder above it, which pathspec marks by a group `ps_d`."""
    if "ps_d" in match.re.groupindex:
        return match.end() == len(path) or match["ps_d"] is None
    return not (match[0].endswith("/") and match.end() == len(path))  # `a/**` is what is in `a`, not `a`


def replace_file(path: Path, expected: bytes, new: bytes, root: Path) -> None:
    """Write `new` in the place of a file that holds `expected`, all of it or nothing.

    The mode is kept. Raises ChangedFileError if the file no longer holds `expected`, RefusedWriteError for one that is
    not ours to replace, OSError if the system refuses.
    """
    target, before = _own(path, expected, root)
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".ssot-tmp", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(new)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(stat.S_IMODE(before.st_mode))
        if target.read_bytes() != expected:
            raise ChangedFileError("it changed while it was being fixed")
        Path(temporary).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
    _sync_folder(target.parent)


def create_file(path: Path, data: bytes, root: Path) -> None:
    """Write a file that is not there yet, all of it or nothing, with the folders that it is to be in.

    Where a file system knows no hard links, a kill may leave a part. Raises FileExistsError if something is there,
    RefusedWriteError if a symbolic link leads out of the root, OSError if the system refuses.
    """
    _inside(path, root)
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, "there is something already", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{token_hex(4)}.ssot-tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)  # unlike a rename it never takes the place of another file
        except FileExistsError:
            raise
        except OSError:
            with path.open("xb") as file:
                file.write(data)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def delete_file(path: Path, expected: bytes, root: Path) -> None:
    """Delete a file that holds `expected`. Raises what `replace_file` does, also RefusedWriteError for a link."""
    if path.is_symlink():
        raise RefusedWriteError("it is a symbolic link")
    target, _ = _own(path, expected, root)
    target.unlink()
    _sync_folder(target.parent)


def _own(path: Path, expected: bytes, root: Path) -> tuple[Path, os.stat_result]:
    """The file that is at a path, if it is ours to change and holds `expected`; raises what `replace_file` does."""
    target = _inside(path, root)
    before = target.stat()
    if not stat.S_ISREG(before.st_mode):
        raise RefusedWriteError("it is not a regular file")
    if before.st_nlink > 1:
        raise RefusedWriteError("it has other hard links, which would keep the old text")
    if hasattr(os, "getuid") and before.st_uid != os.getuid():
        raise RefusedWriteError("it belongs to another user")
    if target.read_bytes() != expected:
        raise ChangedFileError("it changed while it was being fixed")
    return target, before


def _inside(path: Path, root: Path) -> Path:
    """The path without symbolic links; raises RefusedWriteError if they lead out of the root."""
    target = path.resolve()
    if path.is_relative_to(root) and not target.is_relative_to(root.resolve()):
        raise RefusedWriteError("a symbolic link leads outside of the root")
    return target


class ChangedFileError(Exception):
    """A file that someone else changed meanwhile."""


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where folders can be synced at all (not on Windows)."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@lru_cache
def is_glob(pattern: str) -> bool:
    """Whether a text is a gitignore-style glob that matches anything."""
    return bool(_patterns(pattern))


def glob_matcher(patterns: Iterable[str]) -> Callable[[str], bool]:
    """A test of paths relative to the root, with `/`, against gitignore-style globs; what is none matches nothing."""
    from pathspec import GitIgnoreSpec  # noqa: PLC0415

    return GitIgnoreSpec.from_lines(pattern for pattern in patterns if is_glob(pattern)).match_file
