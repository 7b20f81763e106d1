"""registry.json → its entries, and those of the registries that it extends.

What makes a registry unusable is a `RegistryError`. What concerns one entry only is a diagnostic, and that entry is
left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ssot_lsp.files import is_glob
from ssot_lsp.model import Applicability, Diagnostic, Entry, ObjectRef, Severity, is_dotted_name
from ssot_lsp.registry.locate import JsonPath, locate
from ssot_lsp.registry.validate import RegistryError, decode, error_at, key_of, validated
from ssot_lsp.text import Span, Text

Problem = tuple[Path, Diagnostic]


class LoadedFile(NamedTuple):
    """One registry file, read: its entries in the order of the file and what was wrong with single ones."""

    path: Path
    text: Text
    packages: tuple[str, ...]
    extends: tuple[str, ...]
    entries: tuple[Entry, ...]
    problems: tuple[Diagnostic, ...]


Locate = Callable[[str], Path | None]
"""From the name under which a distribution offers a registry to that file."""


def load_files(path: Path, root: Path, read: Callable[[Path], bytes], distributed: Locate) -> Iterator[LoadedFile]:
    """Read the registry at `path` and all that it extends, the nearest first, each file once.

    Raises RegistryError if any of them cannot be used.
    """
    seen: set[Path] = set()
    queue: list[tuple[Path, LoadedFile | None, int]] = [(path, None, 0)]
    while queue:
        file, parent, index = queue.pop(0)
        if file in seen:
            continue
        seen.add(file)
        try:
            source = decode(file, read(file))
        except (OSError, ValueError) as error:
            reason = f"cannot be read: {getattr(error, 'strerror', None) or error}"
            if parent is None:
                raise RegistryError(file, Text(""), Span(0, 0), "", reason) from error
            place, reason = ("extends", index), f"{parent.extends[index]!r} {reason}"
            raise error_at(parent.path, parent.text, place, reason) from error
        loaded = load_file(file, source)
        yield loaded
        for number, name in enumerate(loaded.extends):
            target = _extended(file, name, root, distributed)
            if target is None:
                reason = f"no registry {name!r} inside the workspace, nor one of an installed distribution"
                raise error_at(file, loaded.text, ("extends", number), reason)
            queue.append((target, loaded, number))


def _extended(file: Path, name: str, root: Path, distributed: Locate) -> Path | None:
    """The file that `name` stands for: relative to the registry that names it and inside the root, or distributed."""
    if name.endswith(".json"):
        try:
            target = (file.parent / name).resolve()
        except ValueError:  # a null character
            return None
        base = root.resolve() if file.resolve().is_relative_to(root.resolve()) else file.parent.resolve()
        return target if target.is_relative_to(base) else None
    return distributed(name)


def load_file(path: Path, text: Text) -> LoadedFile:
    """Read one registry file without following `extends`.

    Raises RegistryError if it cannot be used.
    """
    value, unknown = validated(path, text)
    problems = [_problem(text, place, reason) for place, reason in unknown]
    skipped = {place[1] for place, _ in unknown if place[0] == "entries"}
    packages = tuple(value.get("packages", ()))
    for index, name in enumerate(packages):
        if not is_dotted_name(name):
            raise error_at(path, text, ("packages", index), f"{name!r} is not a dotted name")
    entries: list[Entry] = []
    for index, item in enumerate(value["entries"]):
        entry = _entry(path, text, index, item)
        bad = [number for number, glob in enumerate(entry.allow) if not is_glob(glob)]
        problems += (_problem(text, ("entries", index, "allow", number), "not a glob") for number in bad)
        if index not in skipped and not bad:
            entries.append(entry)
    return LoadedFile(path, text, packages, tuple(value.get("extends", ())), tuple(entries), tuple(problems))


def _problem(text: Text, place: JsonPath, reason: str) -> Diagnostic:
    span = locate(text.source, place, key=True)
    return Diagnostic("SSOT100", "invalid-registry", f"{key_of(place)}: {reason}", Severity.WARNING, span)


def _entry(path: Path, text: Text, index: int, item: Mapping[str, Any]) -> Entry:
    def refs(key: str) -> tuple[ObjectRef, ...]:
        return tuple(ref(written, key, number) for number, written in enumerate(item.get(key, ())))

    def ref(written: str, *place: str | int) -> ObjectRef:
        try:
            return ObjectRef.parse(written)
        except ValueError as error:
            raise error_at(path, text, ("entries", index, *place), str(error)) from error

    canonical = item["canonical"]
    return Entry(
        canonical=None if canonical is None else ref(canonical, "canonical"),
        deprecated=refs("deprecated"),
        alternatives=refs("alternatives"),
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
        place=index,
    )
