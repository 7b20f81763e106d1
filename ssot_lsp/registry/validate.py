"""A registry's text → a value that the schema accepts, less the keys that it does not know.

Whatever is wrong is a `RegistryError` that names file, place and key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ssot_lsp.model import Applicability, Severity
from ssot_lsp.places import JsonPath, locate, members
from ssot_lsp.text import Span, Text

if TYPE_CHECKING:
    from jsonschema_rs import Draft7Validator

_SURROGATE = r"[\ud800-\udfff]"  # compiled on use
_LONGEST_REASON = 200


class RegistryError(Exception):
    """A registry that cannot be used. Its text is one line: file, line and column (from 1), key, what is wrong."""

    def __init__(self, path: Path, text: Text, span: Span, key: str, reason: str) -> None:
        self.path = path
        self.text = text
        self.span = span
        """Where in the file, in code points."""
        self.key = key
        """The offending key as a path: `entries[3].canonical`; empty where there is none."""
        reason = reason if len(reason) <= _LONGEST_REASON else reason[:_LONGEST_REASON] + "…"
        self.reason = re.sub(r"\W", lambda found: _shown(found[0]), reason)
        row, column = text.position(span.start)
        super().__init__(f"{path}:{row + 1}:{column + 1}: {key + ': ' if key else ''}{self.reason}")


def _shown(character: str) -> str:
    """A character, or its escape sequence if it cannot be seen, as those that turn the direction of writing."""
    return character if character.isprintable() else character.encode("unicode_escape").decode()


class NotARegistryError(RegistryError):
    """A JSON file of another kind, which has no `entries`."""


def error_at(path: Path, text: Text, place: JsonPath, reason: str) -> RegistryError:
    """The error for a value of the registry, at its place."""
    return RegistryError(path, text, locate(text.source, place), key_of(place), reason)


def key_of(place: JsonPath) -> str:
    """A path in a JSON text as people write it: `entries[3].canonical`."""
    return "".join(
        f".{part}" if isinstance(part, str) and part.isprintable() else f"[{json.dumps(part)}]" for part in place
    ).lstrip(".")


def decode(path: Path, data: bytes) -> Text:
    """The text of a registry file, which is UTF-8.

    Raises RegistryError if it is not.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return Text(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        text = Text(data[: error.start].decode("utf-8", "replace"))
        span = Span(len(text.source), len(text.source))
        raise RegistryError(path, text, span, "", f"not UTF-8: {error.reason}") from error


def validated(path: Path, text: Text) -> tuple[dict[str, Any], list[tuple[tuple[str | int, ...], str]]]:
    """The registry's value without its unknown keys, and these, each with what to say of it.

    Raises RegistryError if the text is not JSON, or the schema rejects the rest.
    """
    value = _json(path, text)
    if not isinstance(value, dict) or "entries" not in value:
        raise NotARegistryError(path, text, locate(text.source, ()), "", "not a registry: it has no `entries`")
    known, unknown = _known(value)
    if not _is_plainly_valid(known):
        _validate(path, text, known)
    return known, unknown


def _known(value: dict[str, Any]) -> tuple[dict[str, Any], list[tuple[tuple[str | int, ...], str]]]:
    """The value without the keys that the schema does not name."""
    unknown: list[tuple[tuple[str | int, ...], str]] = [
        ((key,), _unknown(key, _properties())) for key in value if key not in _properties()
    ]
    known = {key: item for key, item in value.items() if key in _properties()}
    if isinstance(known["entries"], list):
        of_entry, entries = _entry_properties(), known["entries"]
        knows_all = frozenset(of_entry).issuperset
        odd = [index for index, entry in enumerate(entries) if isinstance(entry, dict) and not knows_all(entry)]
        known["entries"] = entries = [*entries] if odd else entries
        for index in odd:
            entry = entries[index]
            unknown += ((("entries", index, key), _unknown(key, of_entry)) for key in entry if key not in of_entry)
            entries[index] = {key: item for key, item in entry.items() if key in of_entry}
    return known, unknown


@lru_cache
def _unknown(key: str, known: tuple[str, ...]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only a registry with a mistake needs it

    close = get_close_matches(key, known, 1) or get_close_matches(key.lower(), known, 1)
    return f"unknown key {key!r}" + (f": did you mean {close[0]!r}?" if close else "")


def _is_plainly_valid(value: dict[str, Any]) -> bool:
    """Whether a registry is valid at a glance. It saves loading the validator, which knows what exactly is wrong."""
    if type(value.get("version")) is not int or value["version"] != 1 or not isinstance(value.get("$schema", ""), str):
        return False
    if not (_is_list_of_strings(value.get("packages", [])) and _is_list_of_strings(value.get("extends", []))):
        return False
    return isinstance(value["entries"], list) and all(map(_is_plain_entry, value["entries"]))


def _is_plain_entry(entry: Any) -> bool:
    if not isinstance(entry, dict) or "canonical" not in entry or not entry.get("deprecated"):
        return False
    return all([_PLAIN[key](item) for key, item in entry.items()])  # noqa: C419 - a generator takes twice the time


def _is_list_of_strings(items: Any) -> bool:
    return isinstance(items, list) and all([isinstance(item, str) and item for item in items])  # noqa: C419


def _is_string(item: Any) -> bool:
    return isinstance(item, str)


_PLAIN: dict[str, Callable[[Any], bool]] = {
    "canonical": lambda item: item is None or isinstance(item, str),
    "deprecated": _is_list_of_strings,
    "alternatives": _is_list_of_strings,
    **dict.fromkeys(("reason", "issue", "owner", "since", "removal"), _is_string),
    "severity": [severity.label for severity in Severity].__contains__,
    "applicability": [applicability.value for applicability in Applicability].__contains__,
    "exclusive": lambda item: isinstance(item, bool),
    "allow": _is_list_of_strings,
}
"""For each key of an entry, whether a value is valid at a glance."""


def _validate(path: Path, text: Text, value: dict[str, Any]) -> None:
    """Validate against the schema. Raises RegistryError for the first error, by its place."""
    try:
        errors = sorted(_validator().iter_errors(value), key=lambda error: [str(part) for part in error.instance_path])
    except (UnicodeEncodeError, SystemError) as error:  # the validator is native code and knows no halves of characters
        half = next((place for place, _, item in members(text.source) if _has_half(text.source, item)), ())
        raise error_at(path, text, half, "half of a surrogate pair") from error
    except ValueError as error:
        raise RegistryError(path, text, Span(0, 0), "", f"not a registry: {error}") from error
    for found in errors:
        raise error_at(path, text, list(found.instance_path), _reason(found.schema_path, found.message))
    if type(value["version"]) is not int:  # the schema cannot tell 1.0 from 1
        raise error_at(path, text, ("version",), f"{value['version']!r} is not 1")


def _has_half(source: str, span: Span) -> bool:
    item = source[slice(*span)]
    return item.startswith('"') and re.search(_SURROGATE, json.loads(item)) is not None


def _reason(schema_path: Sequence[str | int], message: str) -> str:
    """What is wrong, in our words where the validator's would show a schema to someone who wrote a registry."""
    where = "".join(f"/{part}" for part in schema_path)
    if "objectReference" in where or where.endswith(("/canonical/anyOf", "/pattern")):
        or_null = " or null" if "canonical" in where else ""
        return f"expected an object reference (package.module or package.module:name){or_null}"
    return " ".join(message.split())


def _json(path: Path, text: Text, made: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    """The value of a text, its objects `made` from their keys and values; by default no key may stand twice.

    Raises RegistryError if the text is not JSON.
    """
    try:
        return json.loads(text.source, parse_constant=_reject_constant, object_pairs_hook=made or _object)
    except json.JSONDecodeError as error:
        span = Span(error.pos, min(error.pos + 1, len(text.source)))
        raise RegistryError(path, text, span, "", f"not JSON: {error.msg}") from error
    except _ConstantError as error:
        span = next((Span(*found.span()) for found in _outside_strings("NaN|-?Infinity", text.source)), Span(0, 0))
        raise RegistryError(path, text, span, "", f"not JSON: {error}") from error
    except _TwiceError as error:
        _json(path, text, dict)  # that all of it is JSON, so that there is a way through it, nobody knows yet
        seen: set[tuple[str | int, ...]] = set()
        for place, key_span, _ in members(text.source):
            if place in seen and key_span is not None:
                raise RegistryError(path, text, key_span, key_of(place), "this key stands twice") from error
            seen.add(place)
        raise RegistryError(path, text, Span(0, 0), "", "a key stands twice") from error
    except RecursionError as error:
        raise RegistryError(path, text, _deepest(text.source), "", "not a registry: nested too deeply") from error
    except ValueError as error:  # a number of more digits than Python reads
        numbers = (Span(*found.span()) for found in _outside_strings(r"\d+", text.source))
        longest = max(numbers, key=lambda span: span.end - span.start, default=Span(0, 0))
        raise RegistryError(path, text, longest, "", f"not a registry: {error}") from error


def _deepest(source: str) -> Span:
    """The bracket in a JSON text that the most others are around."""
    depth, most, deepest = 0, 0, Span(0, 0)
    for found in _outside_strings(r"[\[\]{}]", source):
        depth += 1 if found[0] in "[{" else -1
        if depth > most:
            most, deepest = depth, Span(*found.span())
    return deepest


def _outside_strings(pattern: str, source: str) -> Iterator[re.Match[str]]:
    """What in a JSON text, but not in one of its strings, a pattern matches."""
    found = re.finditer(rf'(?s)"(?:[^"\\]|\\.)*"|{pattern}', source)
    return (match for match in found if not match[0].startswith('"'))


class _ConstantError(ValueError):
    """NaN or Infinity, which Python's decoder lets pass and JSON does not."""


class _TwiceError(ValueError):
    """A key that stands twice in one object: one of the two would be lost."""


def _reject_constant(constant: str) -> None:
    raise _ConstantError(constant)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _TwiceError
    return found


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of a registry, as shipped with this package."""
    loaded: dict[str, Any] = json.loads(schema_text())
    return loaded


def schema_text() -> str:
    """The same as it stands in its file."""
    return Path(__file__).with_name("schema.json").read_text("utf-8")


@cache
def _validator() -> Draft7Validator:
    import jsonschema_rs  # noqa: PLC0415 - 20 ms that only a registry with a mistake needs

    return jsonschema_rs.Draft7Validator(schema())


@cache
def _properties() -> tuple[str, ...]:
    return tuple(schema()["properties"])


@cache
def _entry_properties() -> tuple[str, ...]:
    return tuple(schema()["definitions"]["entry"]["properties"])
