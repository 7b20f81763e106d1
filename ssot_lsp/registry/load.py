"""registry.json → its entries, and those of the registries that it extends.

What makes a registry unusable is a `RegistryError`. What concerns one entry only is a diagnostic, and that entry is
left out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ssot_lsp.distributions import NotOfferedError, OfferedRegistry
from ssot_lsp.files import is_glob
from ssot_lsp.model import Applicability, Diagnostic, Entry, ObjectRef, Severity, is_dotted_name, is_plain_reference
from ssot_lsp.places import JsonPath, Places
from ssot_lsp.registry.validate import RegistryError, decode, error_at, key_of, validated
from ssot_lsp.text import Span, Text

_PACK_FOLDER = Path(__file__).with_name("packs")
_PYTHON = "Python"
_PACKS = {"stdlib": _PYTHON}
"""The registries that come with this program: by the name that `extends` gives, what their versions are versions of."""

Problem = tuple[Path, Diagnostic]


class WrittenEntry:
    """An entry as it stands in its file, where all is valid. Most are never asked for more than their paths."""

    __slots__ = ("_entry", "_item", "_path", "is_gone", "place", "versions_of")

    def __init__(
        self, path: Path, place: int, item: Mapping[str, Any], versions_of: str = "", *, is_gone: bool = False
    ) -> None:
        self._path = path
        self.place = place
        """Its place in the file's `entries`, from 0."""
        self._item = item
        self.versions_of = versions_of
        self.is_gone = is_gone
        self._entry: Entry | None = None

    @property
    def canonical(self) -> str | None:
        """The canonical reference as written; None if the object was removed."""
        return self._item["canonical"]  # type: ignore[no-any-return]

    @property
    def deprecated(self) -> list[str]:
        """The deprecated references as written."""
        return self._item["deprecated"]  # type: ignore[no-any-return]

    @property
    def since(self) -> str:
        """As written; empty if it does not say."""
        return self._item.get("since", "")  # type: ignore[no-any-return]

    @property
    def removal(self) -> str:
        """As written; empty if it does not say."""
        return self._item.get("removal", "")  # type: ignore[no-any-return]

    @property
    def exclusive(self) -> bool:
        """Whether any other path to the object is to be flagged too."""
        return self._item.get("exclusive", False)  # type: ignore[no-any-return]

    def only(self, deprecated: list[str], *, is_gone: bool) -> WrittenEntry:
        """The entry as it holds for some of its deprecated paths alone."""
        item = {**self._item, "deprecated": deprecated}
        return WrittenEntry(self._path, self.place, item, self.versions_of, is_gone=is_gone)

    @property
    def entry(self) -> Entry:
        """The entry itself, each time the same."""
        if self._entry is None:
            entry = _entry(self._path, self.place, self._item)
            self._entry = entry._replace(versions_of=self.versions_of, is_gone=self.is_gone)
        return self._entry


class LoadedFile(NamedTuple):
    """One registry file, read: its entries in the order of the file and what was wrong with single ones."""

    path: Path
    text: Text
    places: Places
    packages: tuple[str, ...]
    extends: tuple[str, ...]
    written: tuple[WrittenEntry, ...]
    problems: tuple[Diagnostic, ...]
    versions_of: str = ""
    """What the versions in it are versions of: the distribution that offers it, or Python; empty for the project."""

    @property
    def is_own(self) -> bool:
        """Whether it is the workspace's own, to be mended here."""
        return not self.versions_of

    @property
    def is_pack(self) -> bool:
        """Whether it came with this program, and speaks of the standard library."""
        return self.versions_of == _PYTHON

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries; making them all takes as long as reading the file."""
        return tuple(written.entry for written in self.written)


Locate = Callable[[str], OfferedRegistry]
"""From the name under which a distribution offers a registry to that registry; raises NotOfferedError."""


def nothing_is_offered(name: str) -> OfferedRegistry:
    """What is offered where there is no environment. Raises NotOfferedError."""
    raise NotOfferedError(f"{name!r} is no file")


class _Named(NamedTuple):
    """A registry that is to be read, and who says so."""

    path: Path
    folder: Path
    """What it names by a relative path is in there too."""
    distribution: str = ""
    """Which offers it, with its version (`acme 1.0`); empty for the workspace's own."""
    by: tuple[LoadedFile, int] | None = None
    """The workspace's own registry that leads to it, if any, and the place in its `extends`."""


def load_files(path: Path, root: Path, read: Callable[[Path], bytes], distributed: Locate) -> Iterator[LoadedFile]:
    """Read the registry at `path` and all that it extends, the nearest first, each file once.

    Raises RegistryError if any of them cannot be used. What is wrong in one that a distribution offers is told where
    the workspace's own registry names it: there it can be mended.
    """
    base = root if path.resolve().is_relative_to(root.resolve()) else path.parent
    queue, seen = [_Named(path, base)], set[Path]()
    while queue:
        named = queue.pop(0)
        if named.path in seen:
            continue
        seen.add(named.path)
        try:
            loaded = _read(named, read)
            yield loaded
            queue += (_extended(loaded, number, named, root, distributed) for number in range(len(loaded.extends)))
        except RegistryError as error:
            if named.distribution and named.by is not None:
                (file, index), inner = named.by, str(error).removeprefix(f"{named.folder.parent}{os.sep}")
                reason = f"{file.extends[index]!r} leads to {named.distribution}, whose registry cannot be used"
                raise error_at(file.path, file.text, ("extends", index), f"{reason}: {inner}") from error
            raise


def _read(named: _Named, read: Callable[[Path], bytes]) -> LoadedFile:
    try:
        source = decode(named.path, read(named.path))
    except (OSError, ValueError) as error:
        reason = f"cannot be read: {getattr(error, 'strerror', None) or error}"
        if named.by is None or named.distribution:
            raise RegistryError(named.path, Text(""), Span(0, 0), "", reason) from error
        file, index = named.by
        raise error_at(file.path, file.text, ("extends", index), f"{file.extends[index]!r} {reason}") from error
    is_pack = named.path.parent == _PACK_FOLDER
    versions_of = _PACKS[named.path.stem] if is_pack else named.distribution.partition(" ")[0]
    return load_file(named.path, source, versions_of)


def _extended(file: LoadedFile, number: int, named: _Named, root: Path, distributed: Locate) -> _Named:
    """What `file`, which was `named`, extends: a pack, what a relative path leads to, or what a distribution offers.

    Raises RegistryError if there is nothing.
    """
    name = file.extends[number]
    by = named.by if named.distribution else (file, number)
    if name in _PACKS:
        return _Named(_PACK_FOLDER / f"{name}.json", _PACK_FOLDER, "ssot-lsp", by)
    try:
        if name.endswith(".json"):
            target = (file.path.parent / name).resolve()
            if not target.is_relative_to(named.folder.resolve()):
                raise NotOfferedError(f"{name!r} leads out of {named.folder}")
            return _Named(target, named.folder, named.distribution, by)
        found = distributed(name)
    except (NotOfferedError, ValueError) as error:  # a null character
        raise error_at(file.path, file.text, ("extends", number), str(error)) from error
    if found.is_editable and found.path.is_relative_to(root.resolve()):
        return _Named(found.path, root, by=by)  # the workspace's own, called by another name
    return _Named(found.path, found.folder, found.distribution, by)


def load_file(path: Path, text: Text, versions_of: str = "") -> LoadedFile:
    """Read one registry file without following `extends`.

    Raises RegistryError if it cannot be used.
    """
    value, unknown = validated(path, text)
    places = Places(text.source)
    problems = [_problem(places, place, reason) for place, reason in unknown]
    skipped = {place[1] for place, _ in unknown if place[0] == "entries"}
    packages = tuple(value.get("packages", ()))
    for index, name in enumerate(packages):
        if not is_dotted_name(name):
            raise error_at(path, text, ("packages", index), f"{name!r} is not a dotted name")
    are_plain = all(map(is_plain_reference, _references(value["entries"])))
    written: list[WrittenEntry] = []
    for index, item in enumerate(value["entries"]):
        if not are_plain:
            _check_references(path, text, index, item)
        bad = [number for number, glob in enumerate(item.get("allow", ())) if not is_glob(glob)]
        if bad:
            problems += (_problem(places, ("entries", index, "allow", number), "not a glob") for number in bad)
        elif index not in skipped:
            written.append(WrittenEntry(path, index, item, versions_of))
    extends = tuple(value.get("extends", ()))
    return LoadedFile(path, text, places, packages, extends, tuple(written), tuple(problems), versions_of)


def _problem(places: Places, place: JsonPath, reason: str) -> Diagnostic:
    span = places.locate(place, key=True)
    return Diagnostic("SSOT100", "invalid-registry", f"{key_of(place)}: {reason}", Severity.WARNING, span)


def _references(items: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """All references of some entries."""
    for item in items:
        if item["canonical"] is not None:
            yield item["canonical"]
        yield from item["deprecated"]
        yield from item.get("alternatives", ())


def _check_references(path: Path, text: Text, index: int, item: Mapping[str, Any]) -> None:
    """Raises RegistryError for the first reference of an entry that is none."""
    places: list[tuple[JsonPath, str]] = []
    if item["canonical"] is not None:
        places.append((("canonical",), item["canonical"]))
    for key in ("deprecated", "alternatives"):
        places += (((key, number), reference) for number, reference in enumerate(item.get(key, ())))
    for place, reference in places:
        try:
            ObjectRef.parse(reference)
        except ValueError as error:
            raise error_at(path, text, ("entries", index, *place), str(error)) from error


def _entry(path: Path, place: int, item: Mapping[str, Any]) -> Entry:
    """An entry from what stands in its file, which is valid."""
    canonical = item["canonical"]
    return Entry(
        canonical=None if canonical is None else ObjectRef.parse(canonical),
        deprecated=tuple(map(ObjectRef.parse, item["deprecated"])),
        alternatives=tuple(map(ObjectRef.parse, item.get("alternatives", ()))),
        reason=item.get("reason", ""),
        issue=item.get("issue", ""),
        owner=item.get("owner", ""),
        since=item.get("since", ""),
        removal=item.get("removal", ""),
        severity=Severity[item["severity"].upper()] if "severity" in item else None,
        applicability=Applicability(item["applicability"]) if "applicability" in item else None,
        exclusive=item.get("exclusive", False),
        allow=tuple(item.get("allow", ())),
        path=path,
        place=place,
    )
