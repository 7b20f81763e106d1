"""The registry: which paths are deprecated, and what the canonical ones are.

A look-up is pure: from a path to the entry that speaks of it and where its chain of moves ends.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

from ssot_lsp.model import Diagnostic, Entry, Location, ObjectRef, Severity
from ssot_lsp.places import Places
from ssot_lsp.registry.load import LoadedFile, Locate, Problem, WrittenEntry, load_files, nothing_is_offered
from ssot_lsp.registry.validate import NotARegistryError, RegistryError
from ssot_lsp.text import Text
from ssot_lsp.words import finder

_MOST_WORDS = 5_000
"""With more of them it takes longer to get ready to look for them than is won."""
_STAR = r"import(?:[*\\\t\f]| [ \t\f\\*])"

__all__ = ["Match", "NotARegistryError", "Registry", "RegistryError", "load"]


class Match(NamedTuple):
    """What the registry says of one path."""

    entry: Entry
    """The entry that speaks of it: the longest match, in the nearest registry."""
    deprecated: ObjectRef
    """Which of the entry's deprecated references it was."""
    target: ObjectRef | None
    """Where the chain of entries that begins here ends; None if the object was removed."""
    last: Entry
    """The last entry of that chain: the same one, unless the canonical path is itself deprecated."""


class _Step(NamedTuple):
    """One move of a dotted path."""

    written: WrittenEntry
    deprecated: str
    """Which of its deprecated references covers the path."""
    length: int
    """How much of the path that is, in code points."""


def load(
    path: Path,
    root: Path,
    read: Callable[[Path], bytes] = Path.read_bytes,
    distributed: Locate = nothing_is_offered,
) -> Registry:
    """Load the registry file at `path`, and those that it extends, for the workspace at `root`.

    Raises RegistryError if one of them cannot be used.
    """
    with _uncollected():
        return Registry(tuple(load_files(path, root, read, distributed)))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without garbage collection, which would search all the new objects of a large registry again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class Registry:
    """All entries in force, the nearest registry's first."""

    def __init__(self, files: tuple[LoadedFile, ...] = ()) -> None:
        self.files = files
        self.packages = files[0].packages if files else ()
        """The first-party packages as the nearest registry gives them; empty if it does not."""
        self._written = tuple(written for file in files for written in file.written)
        self._index = _index(self._written)
        circular = self._circular()
        if circular:
            self._index = _index(written for written in self._written if written not in circular)
        mine = (written.entry for written in circular if not written.versions_of)
        cycles = sorted(mine, key=lambda entry: (str(entry.path), entry.place))
        self.problems: tuple[Problem, ...] = (
            *((file.path, problem) for file in files for problem in file.problems),
            *((entry.path, self._cycle_problem(entry)) for entry in cycles),
        )
        """What is wrong with single entries, each with its file; of a pack's nothing, as others have to mend them."""

    @property
    def has_packs(self) -> bool:
        """Whether some of its files came with this program."""
        return any(file.is_pack for file in self.files)

    def applied(self, oldest: tuple[int, ...], is_other: Callable[[str], bool]) -> Registry:
        """The registry as it holds for a project: of its packs only what is true there.

        `oldest` is the oldest version that the project supports: an entry whose canonical path came later is left out,
        and what was removed by then is gone. `is_other` tells of the name of a top-level module whether it means
        something else in the project than the packs do.
        """
        files = (_applied(file, oldest, is_other) if file.is_pack else file for file in self.files)
        return Registry(tuple(files))

    @property
    def own_problems(self) -> Iterator[Problem]:
        """Those that are the workspace's to mend: what is wrong in what a distribution offers concerns others."""
        return ((path, problem) for path, problem in self.problems if self._file(path).is_own)

    @property
    def entries(self) -> Iterator[Entry]:
        """Every entry that was read, the nearest registry's first, those in cycles included."""
        return (written.entry for written in self._written)

    @property
    def exclusive(self) -> Iterator[Entry]:
        """The entries that are exclusive."""
        return (written.entry for written in self._written if written.exclusive)

    def text(self, path: Path) -> Text:
        """The text of one of the registry's files."""
        return self._file(path).text

    def places(self, path: Path) -> Places:
        """Where the values in one of the registry's files stand."""
        return self._file(path).places

    def location(self, entry: Entry, *place: str | int) -> Location:
        """Where an entry stands, or with `place` the value at that key of it."""
        file = self._file(entry.path)
        return Location(entry.path, file.text, file.places.locate(("entries", entry.place, *place)))

    def _file(self, path: Path) -> LoadedFile:
        return next(file for file in self.files if file.path == path)

    def speaks_below(self, dotted: str) -> bool:
        """Whether an entry speaks of something under a dotted path."""
        return dotted in self._below

    def is_silent_about(self, dotted: str) -> bool:
        """Whether it says nothing of a dotted path, nor of anything under it."""
        return dotted not in self._below and not any(prefix in self._index for prefix in _prefixes(dotted))

    @cached_property
    def may_be_spoken_of_in(self) -> Callable[[bytes], bool]:
        """A test of a file's bytes: whether it may speak of anything in one of them. Wrong at times, but never in a no.

        Whatever the form, the last part of a deprecated path stands in the file, or a star brings it.
        """
        words = sorted({path.rpartition(".")[2] for path in self._index})
        if len(words) > _MOST_WORDS or not all(word.isascii() for word in words):
            return lambda data: True
        return finder(words, _STAR)

    @cached_property
    def deprecated_modules(self) -> tuple[str, ...]:
        """The modules that have moved or gone, or that have lost something, sorted."""
        return tuple(sorted({_module(ref, written) for written in self._written for ref in written.deprecated} - {""}))

    def names_below(self, dotted: str) -> Iterator[str]:
        """The last parts of the deprecated paths directly under a dotted path, in the order of the registry."""
        return (path[len(dotted) + 1 :] for path in self._below.get(dotted, ()))

    @cached_property
    def _below(self) -> dict[str, list[str]]:
        """The deprecated paths directly under each path that has some under it, however far."""
        below: dict[str, list[str]] = {}
        for path in self._index:
            below.setdefault(path.rpartition(".")[0], []).append(path)
        for path in (*below,):
            while (path := path.rpartition(".")[0]) and path not in below:
                below[path] = []
        below.pop("", None)
        return below

    def canonical_named(self, name: str) -> tuple[ObjectRef, ...]:
        """The canonical references that end in `name`, in the order of the registry."""
        return tuple(map(ObjectRef.parse, self._canonical_by_name.get(name, ())))

    def deprecated_named(self, name: str) -> tuple[ObjectRef, ...]:
        """The deprecated references that end in `name`, in the order of the registry."""
        return tuple(map(ObjectRef.parse, self._deprecated_by_name.get(name, ())))

    @cached_property
    def _canonical_by_name(self) -> dict[str, list[str]]:
        return _by_name(written.canonical for written in self._written if written.canonical is not None)

    @cached_property
    def _deprecated_by_name(self) -> dict[str, list[str]]:
        return _by_name(reference for written in self._written for reference in written.deprecated)

    def match(self, ref: ObjectRef) -> Match | None:
        """What the registry says of a path; None if nothing.

        A target is final: nothing is said of it, so that a second look changes nothing. Where entries lead in circles,
        nothing is said of the path. `ref` says how the path was written: `from a.b import C` is `a.b:C`, and
        `import a.b` is `a.b`.
        """
        way: dict[WrittenEntry, str] = {}
        target: ObjectRef | None = ref
        while target is not None and (step := self._step(target.dotted)) is not None:
            if step.written in way:
                return None
            way[step.written] = step.deprecated
            canonical = step.written.entry.canonical
            target = None if canonical is None else _moved(target, step.length, canonical)
        if not way:
            return None
        first, deprecated = next(iter(way.items()))
        return Match(first.entry, ObjectRef.parse(deprecated), target, next(reversed(way)).entry)

    def _step(self, dotted: str) -> _Step | None:
        """One move of a dotted path: by the longest entry that covers it."""
        for prefix in _prefixes(dotted):
            for written, deprecated in self._index.get(prefix, ()):
                canonical = _dotted(written.canonical or "")
                # a push-down (`foo` → `foo.bar.baz`): what is at or under its target is canonical already, and so is
                # what is on the way there
                is_push_down = _covers(prefix, canonical)
                is_on_the_way = len(dotted) > len(prefix) and _covers(dotted, canonical)
                if not (is_push_down and (is_on_the_way or _covers(canonical, dotted))):
                    return _Step(written, deprecated, len(prefix))
        return None

    def _circular(self) -> set[WrittenEntry]:
        """The entries whose canonical path leads back to the entry itself through others, and those others."""
        circular: set[WrittenEntry] = set()
        settled: set[str] = set()
        """Canonical paths of which all that comes after them is known, since each move is one of a whole path."""
        apart: dict[str, bool] = {}
        """Whether no entry speaks of a path, nor of one around it."""

        def is_apart(path: str) -> bool:
            parent = path.rpartition(".")[0]
            if parent not in apart:
                apart[parent] = not any(prefix in self._index for prefix in _prefixes(parent))
            return apart[parent] and path not in self._index

        for first in self._written:
            path = _dotted(first.canonical or "")
            if is_apart(path):  # as nearly all are
                continue
            way, passed, is_whole = {first: 0}, list[str](), True
            while not is_apart(path) and path not in settled and (step := self._step(path)) is not None:
                passed.append(path)
                is_whole = is_whole and step.length == len(path)
                if step.written in way:
                    if is_whole or step.written is first:
                        circular.update([*way][way[step.written] :])
                    break
                way[step.written] = len(way)
                canonical = step.written.canonical
                path = "" if canonical is None else _dotted(canonical) + path[step.length :]
            if is_whole:
                settled.update(passed)
        return circular

    def _cycle_problem(self, entry: Entry) -> Diagnostic:
        message = f"{entry.canonical} leads back to itself through other entries: no entry of a cycle is applied"
        span = self.location(entry, "canonical").span
        return Diagnostic("SSOT102", "registry-cycle", message, Severity.ERROR, span, entry=entry)


def _applied(file: LoadedFile, oldest: tuple[int, ...], is_other: Callable[[str], bool]) -> LoadedFile:
    is_same = cache(lambda top: not is_other(top))
    written: list[WrittenEntry] = []
    for entry in file.written:
        deprecated = [ref for ref in entry.deprecated if is_same(_dotted(ref).partition(".")[0])]
        if deprecated and not (entry.since and version(entry.since) > oldest):
            is_gone = bool(entry.removal) and version(entry.removal) <= oldest
            written.append(entry.only(deprecated, is_gone=is_gone))
    return file._replace(written=tuple(written))


def version(text: str) -> tuple[int, ...]:
    """A version in a pack, as numbers that can be compared: `3.10` is later than `3.9`."""
    return tuple(map(int, text.split(".")))


def _index(entries: Iterable[WrittenEntry]) -> dict[str, list[tuple[WrittenEntry, str]]]:
    """Entries by each of their deprecated paths; where two share one, the one with `:` first, then the nearest."""
    index: dict[str, list[tuple[WrittenEntry, str]]] = {}
    for written in entries:
        canonical = written.canonical
        for reference in written.deprecated:
            if reference != canonical:
                index.setdefault(_dotted(reference), []).append((written, reference))
    for found in index.values():
        if len(found) > 1:
            found.sort(key=lambda item: ":" not in item[1])
    return index


def _module(reference: str, written: WrittenEntry) -> str:
    """The module that a deprecated reference of an entry names, or in which it names something."""
    if ":" in reference or ":" not in (written.canonical or ""):
        return reference.partition(":")[0]
    return reference.rpartition(".")[0]


def _by_name(references: Iterable[str]) -> dict[str, list[str]]:
    """References, each once, by their last part."""
    found: dict[str, list[str]] = {}
    for reference in dict.fromkeys(references):
        found.setdefault(_dotted(reference).rpartition(".")[2], []).append(reference)
    return found


def _dotted(reference: str) -> str:
    """The dotted path of a reference as written."""
    return reference.replace(":", ".")


def _prefixes(dotted: str) -> Iterator[str]:
    """A path and the paths around it, the longest first."""
    end = len(dotted)
    while end > 0:
        yield dotted[:end]
        end = dotted.rfind(".", 0, end)


def _covers(prefix: str, dotted: str) -> bool:
    return dotted == prefix or dotted.startswith(prefix + ".")


def _moved(ref: ObjectRef, matched: int, canonical: ObjectRef) -> ObjectRef:
    """`ref` with its first `matched` characters (of the dotted path) replaced by the canonical reference."""
    rest = ref.dotted[matched + 1 :]
    if not rest:
        return canonical
    if canonical.qualname:
        return ObjectRef(canonical.module, f"{canonical.qualname}.{rest}")
    if matched > len(ref.module):
        return ObjectRef(canonical.module, rest)
    in_module = ref.module[matched + 1 :]
    return ObjectRef(f"{canonical.module}.{in_module}" if in_module else canonical.module, ref.qualname)
