"""A registry → what a page says of it: where everything is to be imported from, what that replaces, and who is left.

Pure: the same registry and the same importers give the same page, on any machine and on any day.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from ssot_lsp.model import Applicability, Entry, ObjectRef
from ssot_lsp.registry import Registry

MARK = "Made by `ssot-lsp registry docs`: change the registry, and make this page anew."
"""Stands near the beginning of every page in a comment: a file without it is not ours to replace."""

Importers = Mapping[tuple[Path, int], Iterable[str]]
"""The files that still use what an entry replaces, relative to the root, by its file and its place in there."""
NameOf = Callable[[Path], str | None]
"""What a registry file is called on the page; None for one that is not the workspace's own."""

_UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""Control characters, those that reorder a line (https://trojansource.codes), and what no file in UTF-8 may hold."""
_LINK = re.compile(r"https?://[^\s<>\"'`\\^{|}\[\]]+", re.IGNORECASE)
_APPLICABILITY = {
    Applicability.UNSAFE: "fixed with --unsafe-fixes alone, or by choice",
    Applicability.DISPLAY: "offered in the editor, and never fixed in bulk",
}


class Listed(NamedTuple):
    """One entry as a page lists it. Its texts stand on one line, and may hold anything that can be shown."""

    deprecated: tuple[str, ...]
    by_way_of: str
    """The canonical path that it names itself, which has moved on since; empty if it has not."""
    alternatives: tuple[str, ...]
    reason: str
    owner: str
    issue: str
    since: str
    removal: str
    notes: tuple[str, ...]
    """What else holds for it."""
    allow: tuple[str, ...]
    registry: str
    """The registry that it comes from; empty if that is the workspace's first."""
    is_applied: bool
    """It is in no cycle, where nobody can tell who uses what."""
    importers: tuple[str, ...]
    """The files that still use what it replaces."""

    @property
    def is_done(self) -> bool:
        """Whether nobody is left who uses what it replaces."""
        return self.is_applied and not self.importers

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Its short texts, with what they are."""
        named = {"Owner": self.owner, "Since": self.since, "Removal": self.removal, "Registry": self.registry}
        return tuple((name, text) for name, text in named.items() if text)


class Item(NamedTuple):
    """An object with all that it replaces, or one that was removed."""

    anchor: str
    """What a link to it ends in: its reference, where that is not taken."""
    ref: ObjectRef
    """Where it is now; of a removed one where it was."""
    is_removed: bool
    entries: tuple[Listed, ...]

    @property
    def name(self) -> str:
        """What it is called."""
        return self.ref.qualname or self.ref.module.rpartition(".")[2]

    @property
    def module(self) -> str:
        """The module or package that it is in; empty for one at the top."""
        return self.ref.module if self.ref.qualname else self.ref.module.rpartition(".")[0]

    @property
    def statement(self) -> str:
        """How it is imported; empty for what is gone, or needs no import."""
        if self.is_removed or self.ref.module == "builtins":
            return ""
        head = self.ref.qualname.partition(".")[0]
        return f"from {self.ref.module} import {head}" if head else f"import {self.ref.module}"

    @property
    def use(self) -> str:
        """How it is used after that, where that is another name than the one that is imported."""
        return self.ref.qualname if "." in self.ref.qualname and self.statement else ""

    @property
    def importers(self) -> frozenset[str]:
        """The files that are left."""
        return frozenset(file for entry in self.entries for file in entry.importers)

    @property
    def is_done(self) -> bool:
        """Whether nobody is left who uses what it replaces."""
        return all(entry.is_done for entry in self.entries)


class Section(NamedTuple):
    """A package with the objects that are imported from it, or all that was removed."""

    anchor: str
    package: str
    """Empty for what was removed."""
    items: tuple[Item, ...]

    @property
    def importers(self) -> frozenset[str]:
        """The files that are left."""
        return frozenset().union(*(item.importers for item in self.items))

    @property
    def is_done(self) -> bool:
        """Whether nobody is left who uses what its objects replace."""
        return all(item.is_done for item in self.items)


class Page(NamedTuple):
    """All that a page says."""

    registry: str
    """What the registry file is called."""
    sections: tuple[Section, ...]
    counts_importers: bool
    """Whether it is to tell who is left."""

    @property
    def entries(self) -> Iterator[Listed]:
        """All entries."""
        return (entry for section in self.sections for item in section.items for entry in item.entries)

    @property
    def done(self) -> int:
        """How many entries are."""
        return sum(entry.is_done for entry in self.entries)

    @property
    def importers(self) -> frozenset[str]:
        """The files that are left."""
        return frozenset().union(*(section.importers for section in self.sections))


def page_of(registry: Registry, importers: Importers | None, name_of: NameOf) -> Page:
    """The page of a registry; without importers one that changes only with the registry.

    Entries of others' registries are on it as far as somebody here uses what they replace.
    """
    look = _Look(registry, importers or {}, name_of)
    homes: dict[ObjectRef, list[Listed]] = {}
    removed: list[tuple[ObjectRef, Listed]] = []
    for entry in registry.entries:
        if name_of(entry.path) is None and not look.importers(entry):
            continue
        home, listed = look.listed(entry)
        if home is not None:
            homes.setdefault(home, []).append(listed)
        else:
            removed.append((entry.deprecated[0], listed))
    unique = _Anchors()
    packages = {package for ref in homes for package in _around(ref.module)}
    moved = sorted(homes, key=lambda ref: (_package(ref, packages), ref.dotted, ref))
    sections = [
        Section(
            f"{package}/",
            package,
            tuple(Item(unique(ref), ref, is_removed=False, entries=tuple(homes[ref])) for ref in refs),
        )
        for package, refs in groupby(moved, lambda ref: _package(ref, packages))
    ]
    if removed:
        removed.sort(key=lambda one: one[0].dotted)
        gone = (Item(unique(ref), ref, is_removed=True, entries=(listed,)) for ref, listed in removed)
        sections.append(Section("/removed", "", tuple(gone)))
    name = name_of(registry.files[0].path) if registry.files else None
    return Page(shown(name or ""), tuple(sections), importers is not None)


def _around(module: str) -> Iterator[str]:
    """The packages that a module is in."""
    while module := module.rpartition(".")[0]:
        yield module


def _package(ref: ObjectRef, packages: set[str]) -> str:
    """The package that an object is imported from: its module, if that is known to be one, else the one around it."""
    return ref.module if ref.module in packages else ref.module.rpartition(".")[0] or ref.module


class _Anchors:
    """What links end in, each one once."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def __call__(self, ref: ObjectRef) -> str:
        count = self._taken[str(ref)] = self._taken.get(str(ref), 0) + 1
        return f"{ref}/{count}" if count > 1 else str(ref)


class _Look:
    """One look at the entries of a registry."""

    def __init__(self, registry: Registry, importers: Importers, name_of: NameOf) -> None:
        self._registry, self._importers, self._name_of = registry, importers, name_of
        self._circular = {found.entry for _, found in registry.problems if found.code == "SSOT102"}
        self._first = registry.files[0].path if registry.files else None

    def importers(self, entry: Entry) -> tuple[str, ...]:
        """The files that still use what an entry replaces."""
        return tuple(sorted(set(map(shown, self._importers.get((entry.path, entry.place), ())))))

    def listed(self, entry: Entry) -> tuple[ObjectRef | None, Listed]:
        """Where the object of an entry is to be imported from at last, if it is anywhere, and what is said of it."""
        canonical, home, alternatives = entry.canonical, entry.canonical, entry.alternatives
        if canonical is not None and (match := self._registry.match(canonical)) is not None:
            home, alternatives = match.target, alternatives or match.last.alternatives
        return home, Listed(
            deprecated=tuple(str(ref) for ref in entry.deprecated if ref != canonical),
            by_way_of=str(canonical) if canonical != home else "",
            alternatives=tuple(map(str, alternatives)) if home is None else (),
            reason=shown(entry.reason),
            owner=shown(entry.owner),
            issue=shown(entry.issue),
            since=shown(entry.named(entry.since)),
            removal=shown(entry.named(entry.removal)),
            notes=tuple(self._notes(entry)),
            allow=tuple(map(shown, entry.allow)),
            registry=shown(self._name_of(entry.path) or "/".join(entry.path.parts[-2:]))
            if entry.path != self._first
            else "",
            is_applied=entry not in self._circular,
            importers=self.importers(entry),
        )

    def _notes(self, entry: Entry) -> Iterator[str]:
        if entry in self._circular:
            yield "leads back to itself through other entries, and does not count"
        if entry.exclusive:
            yield "the only path: any other to the same object is told too"
        if entry.applicability in _APPLICABILITY:
            yield _APPLICABILITY[entry.applicability]
        if entry.severity is not None:
            yield f"told as {entry.severity.label}"


def shown(text: str) -> str:
    """A text on one line, with a stand-in for each character that cannot be shown or would confuse a reader."""
    return _UNSHOWABLE.sub("\N{REPLACEMENT CHARACTER}", " ".join(text.split()))


def is_link(text: str) -> bool:
    """Whether a text is an address on the web, and nothing else."""
    return _LINK.fullmatch(text) is not None


def count(number: int, noun: str) -> str:
    """`1 file`, `2 files`, `2 entries`."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"
