"""The registry: which paths are deprecated, and what the canonical ones are.

A look-up is pure: from a path to the entry that speaks of it and where its chain of moves ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ssot_lsp.model import Diagnostic, Entry, Location, ObjectRef, Severity
from ssot_lsp.registry.load import LoadedFile, Locate, Problem, load_files
from ssot_lsp.registry.locate import locate
from ssot_lsp.registry.validate import NotARegistryError, RegistryError
from ssot_lsp.text import Text

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


def load(
    path: Path,
    root: Path,
    read: Callable[[Path], bytes] = Path.read_bytes,
    distributed: Locate = lambda name: None,
) -> Registry:
    """Load the registry file at `path`, and those that it extends, for the workspace at `root`.

    Raises RegistryError if one of them cannot be used.
    """
    return Registry(tuple(load_files(path, root, read, distributed)))


class Registry:
    """All entries in force, the nearest registry's first."""

    def __init__(self, files: tuple[LoadedFile, ...] = ()) -> None:
        self.files = files
        self.packages = files[0].packages if files else ()
        """The first-party packages as the nearest registry gives them; empty if it does not."""
        self._parents: set[str] | None = None
        self._index = _index(self.entries)
        cycles = [entry for _, entry in sorted(_cycles(self, self.entries).items())]
        if cycles:
            circular = {id(entry) for entry in cycles}
            self._index = _index(entry for entry in self.entries if id(entry) not in circular)
        self.problems: tuple[Problem, ...] = (
            *((file.path, problem) for file in files for problem in file.problems),
            *((entry.path, self._cycle_problem(entry)) for entry in cycles),
        )
        """What is wrong with single entries, each with its file."""

    @property
    def entries(self) -> Iterator[Entry]:
        """Every entry that was read, the nearest registry's first, those in cycles included."""
        return (entry for file in self.files for entry in file.entries)

    def text(self, path: Path) -> Text:
        """The text of one of the registry's files."""
        return next(file.text for file in self.files if file.path == path)

    def location(self, entry: Entry, *place: str | int) -> Location:
        """Where an entry stands, or with `place` the value at that key of it."""
        text = self.text(entry.path)
        return Location(entry.path, text, locate(text.source, ("entries", entry.place, *place)))

    def speaks_below(self, dotted: str) -> bool:
        """Whether an entry speaks of something under a dotted path."""
        if self._parents is None:
            self._parents = {path[:end] for path in self._index for end in _dots(path)}
        return dotted in self._parents

    def names_below(self, dotted: str) -> Iterator[str]:
        """The last parts of the deprecated paths directly under a dotted path, in the order of the registry."""
        for path in self._index if self.speaks_below(dotted) else ():
            parent, _, name = path.rpartition(".")
            if parent == dotted:
                yield name

    def match(self, ref: ObjectRef) -> Match | None:
        """What the registry says of a path; None if nothing.

        A target is final: nothing is said of it, so that a second look changes nothing. Where entries lead in circles,
        nothing is said of the path. `ref` says how the path was written: `from a.b import C` is `a.b:C`, and
        `import a.b` is `a.b`.
        """
        step = self._step(ref)
        if step is None:
            return None
        first, deprecated, target = step
        last, seen = first, {id(first)}
        while target is not None:
            following = self._step(target)
            if following is None:
                break
            if id(following[0]) in seen:
                return None
            last, _, target = following
            seen.add(id(last))
        return Match(first, deprecated, target, last)

    def _step(self, ref: ObjectRef) -> tuple[Entry, ObjectRef, ObjectRef | None] | None:
        """One move: the longest entry that covers `ref`, which of its references, and the path after the move."""
        dotted = ref.dotted
        end = len(dotted)
        while end > 0:
            for entry, deprecated in self._index.get(dotted[:end], ()):
                canonical = entry.canonical
                if canonical is None:
                    return entry, deprecated, None
                # a push-down (`foo` → `foo.bar.baz`): what is at or under its target is canonical already, and so is
                # what is on the way there
                is_push_down = _covers(deprecated.dotted, canonical.dotted)
                is_on_the_way = len(dotted) > end and _covers(dotted, canonical.dotted)
                if not (is_push_down and (is_on_the_way or _covers(canonical.dotted, dotted))):
                    return entry, deprecated, _moved(ref, end, canonical)
            end = dotted.rfind(".", 0, end)
        return None

    def _cycle_problem(self, entry: Entry) -> Diagnostic:
        message = f"{entry.canonical} leads back to itself through other entries: no entry of a cycle is applied"
        span = self.location(entry, "canonical").span
        return Diagnostic("SSOT102", "registry-cycle", message, Severity.ERROR, span, entry=entry)


def _index(entries: Iterable[Entry]) -> dict[str, tuple[tuple[Entry, ObjectRef], ...]]:
    """Entries by each of their deprecated paths; where two share one, the one with `:` first, then the nearest."""
    index: dict[str, tuple[tuple[Entry, ObjectRef], ...]] = {}
    for entry in entries:
        for ref in entry.deprecated:
            if ref != entry.canonical:
                index[ref.dotted] = (*index.get(ref.dotted, ()), (entry, ref))
    for dotted, found in index.items():
        if len(found) > 1:
            index[dotted] = tuple(sorted(found, key=lambda item: not item[1].qualname))
    return index


def _dots(dotted: str) -> Iterator[int]:
    """Where the dots of a path are."""
    return (index for index, character in enumerate(dotted) if character == ".")


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


def _cycles(registry: Registry, entries: Iterable[Entry]) -> dict[tuple[str, int], Entry]:
    """The entries whose canonical path leads back to the entry itself through others, and those others."""
    found: dict[tuple[str, int], Entry] = {}
    for entry in entries:
        target, way = entry.canonical, [entry]
        while target is not None:
            step = registry._step(target)
            if step is None or step[0] in way[1:]:
                break
            if step[0] is entry:
                found |= {(str(other.path), other.place): other for other in way}
                break
            way.append(step[0])
            target = step[2]
    return found
