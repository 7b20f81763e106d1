"""registry.json → `Registry`: decoding, validation against the schema, `extends`.

What makes a registry unusable is a `RegistryError` that names file, place and key. What concerns one entry only is a
diagnostic, and that entry is left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ssot_lsp.model import Applicability, Diagnostic, Entry, ObjectRef, Severity, is_dotted_name
from ssot_lsp.registry.locate import JsonPath, locate
from ssot_lsp.text import Span, Text

if TYPE_CHECKING:
    from jsonschema_rs import Draft7Validator

Problem = tuple[Path, Diagnostic]


class RegistryError(Exception):
    """A registry that cannot be used. Its text is one line: file, line and column (from 1), key, what is wrong."""

    def __init__(self, path: Path, text: Text, span: Span, key: str, reason: str) -> None:
        self.path = path
        self.text = text
        self.span = span
        """Where in the file, in code points."""
        self.key = key
        """The offending key as a path: `entries[3].canonical`; empty where there is none."""
        self.reason = reason
        row, column = text.position(span.start)
        super().__init__(f"{path}:{row + 1}:{column + 1}: {key + ': ' if key else ''}{reason}")


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
        except OSError as error:
            reason = f"cannot be read: {error.strerror or error}"
            if parent is None:
                raise RegistryError(file, Text(""), Span(0, 0), "", reason) from error
            raise _error(parent.path, parent.text, ("extends", index), f"{parent.extends[index]!r} {reason}") from error
        loaded = load_file(file, source)
        yield loaded
        for number, name in enumerate(loaded.extends):
            target = _extended(file, name, root, distributed)
            if target is None:
                raise _error(file, loaded.text, ("extends", number), f"no registry named {name!r} inside the workspace")
            queue.append((target, loaded, number))


def _extended(file: Path, name: str, root: Path, distributed: Locate) -> Path | None:
    """The file that `name` stands for: relative to the registry that names it and inside the root, or distributed."""
    if name.endswith(".json"):
        target = (file.parent / name).resolve()
        base = root.resolve() if file.resolve().is_relative_to(root.resolve()) else file.parent.resolve()
        return target if target.is_relative_to(base) else None
    return distributed(name)


def decode(path: Path, data: bytes) -> Text:
    """The text of a registry file, which is UTF-8.

    Raises RegistryError if it is not.
    """
    try:
        return Text(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        text = Text(data[: error.start].decode("utf-8-sig", "replace"))
        span = Span(len(text.source), len(text.source))
        raise RegistryError(path, text, span, "", f"not UTF-8: {error.reason}") from error


def load_file(path: Path, text: Text) -> LoadedFile:
    """Read one registry file without following `extends`.

    Raises RegistryError if it cannot be used.
    """
    value = _json(path, text)
    unknown = [] if _is_plainly_valid(value) else _validate(path, text, value)
    problems = [
        _problem(text, place, f"unknown key {name!r}{_did_you_mean(name, _properties(place[:-1]))}")
        for place, name in unknown
    ]
    skipped = {place[1] for place, _ in unknown if place[0] == "entries"}
    packages = tuple(value.get("packages", ()))
    for index, name in enumerate(packages):
        if not is_dotted_name(name):
            raise _error(path, text, ("packages", index), f"{name!r} is not a dotted name")
    entries = tuple(
        _entry(path, text, index, item) for index, item in enumerate(value["entries"]) if index not in skipped
    )
    return LoadedFile(path, text, packages, tuple(value.get("extends", ())), entries, tuple(problems))


def _is_plainly_valid(value: Any) -> bool:
    """Whether a registry is valid at a glance. It saves loading the validator, which knows what exactly is wrong."""
    if (
        not isinstance(value, dict)
        or value.keys() - _properties(())
        or type(value.get("version")) is not int
        or value["version"] != 1
    ):
        return False
    lists = [value.get("packages", []), value.get("extends", [])]
    entries = value.get("entries")
    if not isinstance(entries, list):
        return False
    known, texts = set(_properties(("entries",))), ("reason", "issue", "owner", "since", "removal")
    for entry in entries:
        if not isinstance(entry, dict) or entry.keys() - known or not entry.get("deprecated"):
            return False
        if "canonical" not in entry or not isinstance(entry["canonical"], (str, type(None))):
            return False
        if any(not isinstance(entry.get(key, ""), str) for key in texts) or not isinstance(
            entry.get("exclusive", True), bool
        ):
            return False
        if (
            entry.get("severity", "error") not in _SEVERITIES
            or entry.get("applicability", "safe") not in _APPLICABILITIES
        ):
            return False
        lists += (entry["deprecated"], entry.get("alternatives", []), entry.get("allow", []))
    return all(isinstance(items, list) and all(isinstance(item, str) and item for item in items) for items in lists)


_SEVERITIES = tuple(severity.label for severity in Severity)
_APPLICABILITIES = tuple(applicability.value for applicability in Applicability)


def _validate(path: Path, text: Text, value: Any) -> list[tuple[list[str | int], str]]:
    """Validate against the schema; gives the unknown keys, each with its place. Raises RegistryError for all else."""
    unknown: list[tuple[list[str | int], str]] = []
    for error in sorted(_validator().iter_errors(value), key=lambda error: [str(part) for part in error.instance_path]):
        place = list(error.instance_path)
        if error.schema_path[-1] == "additionalProperties":
            allowed = _properties(place)
            unknown += (([*place, name], name) for name in _at(value, place) if name not in allowed)
        else:
            raise _error(path, text, place, _reason(error.schema_path, error.message))
    return unknown


def _json(path: Path, text: Text) -> Any:
    try:
        return json.loads(text.source, parse_constant=_reject_constant, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        span = Span(error.pos, min(error.pos + 1, len(text.source)))
        raise RegistryError(path, text, span, "", f"not JSON: {error.msg}") from error
    except _NotJsonError as error:
        at = max(text.source.find(error.needle), 0)
        raise RegistryError(path, text, Span(at, at + len(error.needle)), error.key, error.reason) from error
    except RecursionError as error:
        raise RegistryError(path, text, Span(0, 0), "", "not a registry: nested too deeply") from error


class _NotJsonError(ValueError):
    """Something that Python's decoder lets pass and JSON, or a registry, does not."""

    def __init__(self, key: str, needle: str, reason: str) -> None:
        super().__init__(reason)
        self.key, self.needle, self.reason = key, needle, reason


def _reject_constant(constant: str) -> None:
    raise _NotJsonError("", constant, f"not JSON: {constant}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _NotJsonError(
            twice, json.dumps(twice, ensure_ascii=False), f"the key {twice!r} stands twice in one object"
        )
    return members


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of a registry, as shipped with this package."""
    loaded: dict[str, Any] = json.loads(Path(__file__).with_name("schema.json").read_text("utf-8"))
    return loaded


@cache
def _validator() -> Draft7Validator:
    import jsonschema_rs  # noqa: PLC0415 - 20 ms that only a registry with a mistake needs

    return jsonschema_rs.Draft7Validator(schema())


def _properties(place: Sequence[str | int]) -> list[str]:
    owner = schema() if not place else schema()["definitions"]["entry"]
    return list(owner["properties"])


def _at(value: Any, place: Sequence[str | int]) -> Any:
    for part in place:
        value = value[part]
    return value


def _reason(schema_path: Sequence[str | int], message: str) -> str:
    """What is wrong, in our words where the validator's would show a schema to someone who wrote a registry."""
    where = "".join(f"/{part}" for part in schema_path)
    if "objectReference" in where or where.endswith("/canonical/anyOf") or where.endswith("/pattern"):
        return "expected an object reference (package.module or package.module:name)" + (
            " or null" if "canonical" in where else ""
        )
    return message


def _key(place: JsonPath) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")


def _error(path: Path, text: Text, place: JsonPath, reason: str) -> RegistryError:
    return RegistryError(path, text, locate(text.source, place), _key(place), reason)


def _problem(text: Text, place: JsonPath, reason: str) -> Diagnostic:
    span = locate(text.source, place, key=True)
    return Diagnostic("SSOT100", "invalid-registry", f"{_key(place)}: {reason}", Severity.WARNING, span)


def _did_you_mean(name: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only a registry with a mistake needs it

    close = get_close_matches(name, known, 1)
    return f": did you mean {close[0]!r}?" if close else ""


def _entry(path: Path, text: Text, index: int, item: Mapping[str, Any]) -> Entry:
    def refs(key: str) -> tuple[ObjectRef, ...]:
        return tuple(ref(written, key, number) for number, written in enumerate(item.get(key, ())))

    def ref(written: str, *place: str | int) -> ObjectRef:
        try:
            return ObjectRef.parse(written)
        except ValueError as error:
            raise _error(path, text, ("entries", index, *place), str(error)) from error

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
