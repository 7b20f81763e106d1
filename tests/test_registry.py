"""registry.json: what cannot be used says where and why; what concerns one entry costs that entry; matching."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ssot_lsp.cli import main
from ssot_lsp.distributions import NotOfferedError, OfferedRegistry
from ssot_lsp.model import ObjectRef, is_dotted_name, is_plain_reference
from ssot_lsp.places import Places
from ssot_lsp.registry import Match, Registry, RegistryError, load
from ssot_lsp.registry.load import load_file
from ssot_lsp.registry.validate import _is_plainly_valid, _known, decode, schema
from ssot_lsp.text import Span, Text

ROOT = Path("/work space")
FILE = ROOT / "registry.json"
VALIDATOR = jsonschema_rs.Draft7Validator(schema())

FULL: dict[str, Any] = {
    "$schema": "schema.json",
    "version": 1,
    "packages": ["pkg", "lib.part"],
    "extends": [],
    "entries": [
        {
            "canonical": "pkg.new:A",
            "deprecated": ["pkg.old:A", "pkg.older:A.B"],
            "reason": "because",
            "issue": "https://example.com/1",
            "owner": "platform",
            "since": "2025-09-01",
            "removal": "2.0",
            "severity": "error",
            "applicability": "safe",
            "exclusive": False,
            "allow": ["tests/**"],
        },
        {"canonical": None, "deprecated": ["pkg.gone"], "alternatives": ["pkg.new:A"]},
    ],
}


def registry(value: Any) -> Registry:
    return loads({"registry.json": json.dumps(value) if not isinstance(value, str) else value})


def loads(
    files: Mapping[str, str], distributed: Mapping[str, str] | None = None, first: str = "registry.json"
) -> Registry:
    """A registry from files at a root that exists nowhere."""

    def offered(name: str) -> OfferedRegistry:
        if name not in (distributed or {}):
            raise NotOfferedError(f"{name!r} is not offered")
        path = ROOT / (distributed or {})[name]
        return OfferedRegistry(path, path.parent, f"{name} 1.0", is_editable=False)

    def read(path: Path) -> bytes:
        name = path.relative_to(ROOT).as_posix()
        if name not in files:
            raise FileNotFoundError(2, "No such file or directory", str(path))
        return files[name].encode()

    return load(ROOT / first, ROOT, read, offered)


def entries(*moves: tuple[str | None, str] | Mapping[str, Any], **top: Any) -> dict[str, Any]:
    items = [{"canonical": m[0], "deprecated": [m[1]]} if isinstance(m, tuple) else dict(m) for m in moves]
    return {"version": 1, "entries": items, **top}


def failure(data: str | bytes) -> RegistryError:
    data = data if isinstance(data, bytes) else data.encode()
    with pytest.raises(RegistryError) as caught:
        load_file(FILE, decode(FILE, data))
    error = caught.value
    assert 0 <= error.span.start <= error.span.end <= len(error.text.source)
    row, column = error.text.position(error.span.start)
    assert str(error).startswith(f"{FILE}:{row + 1}:{column + 1}: ")
    assert len(str(error).splitlines()) == 1
    assert error.path == FILE
    return error


def marked(source: str) -> tuple[str, int]:
    """The text without its mark `§`, and where that was."""
    at = source.index("§")
    return source.replace("§", ""), at


def entry_with(place: str, value: str, *, indent: str = "  ") -> str:
    """A registry whose second entry has `value`, JSON that may hold a mark, at the key `place`."""
    second = {"canonical": '"pkg.new:B"', "deprecated": '["pkg.old:B"]', place: value}
    members = f",\n{indent}".join(f'"{key}": {text}' for key, text in second.items())
    return f'{{"version": 1,\n"entries": [{json.dumps(FULL["entries"][0])}, {{{members}}}]}}'


# text with a mark where the error is to be reported; the key that is to be named
NOT_JSON = {
    "empty": "§",
    "only white space": " \n §",
    "a word": "§registry",
    "truncated in an object": '{"version": 1, "entries": [§',
    "truncated in a string": '{"version": 1, "entries": [{"canonical": §"pkg.n',
    "truncated behind a comma": '{"version": 1,§',
    "trailing comma in an array": '{"version": 1, "entries": [{}§, ]}',
    "comment": '{§// why\n"version": 1}',
    "single quotes": "{§'version': 1}",
    "two documents": '{"version": 1, "entries": []}\n§{}',
    "unescaped line feed": '{"version": 1, "a": "b§\nc"}',
    "bad escape": '{"version": 1, "a": "b§\\x"}',
    "NaN": '{"version": 1, "entries": [], "a": §NaN}',
    "Infinity": '{"version": 1, "entries": [], "a": §Infinity}',
    "-Infinity": '{"version": 1, "entries": [], "a": §-Infinity}',
    "NaN behind a string that speaks of it": '{"version": 1, "$schema": "NaN", "entries": [],\n "a": §NaN}',
    "astral characters before": '{"version": 1, "$schema": "𐍈𐍈", "entries": §oops}',
}


@pytest.mark.parametrize("source", NOT_JSON.values(), ids=NOT_JSON)
def test_not_json(source: str) -> None:
    text, at = marked(source)
    error = failure(text)
    assert "not JSON" in str(error)
    near = 2 if text[at : at + 1] == "," else 0  # CPython 3.13 points at the comma itself
    assert abs(error.span.start - at) <= near, (str(error), text[error.span.start :])


NOT_UTF8 = {
    "a byte": (b'{"version": 1,\n "\xe9": 1}', 2, 3),
    "behind other characters": ('{"日本": 1,\n "é𐍈'.encode() + b'\xff": 1}', 2, 5),
    "behind a mark": (b"\xef\xbb\xbf" + b'{"version": 1,\n "\xe9": 1}', 2, 3),
    "UTF-16": ('{"version": 1, "entries": []}'.encode("utf-16"), 1, 1),
    "cut in a character": ('{"é'.encode()[:-1], 1, 3),
}


@pytest.mark.parametrize(("data", "row", "column"), NOT_UTF8.values(), ids=NOT_UTF8)
def test_not_utf8(data: bytes, row: int, column: int) -> None:
    error = failure(data)
    assert "UTF-8" in str(error)
    assert str(error).startswith(f"{FILE}:{row}:{column}: ")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_byte_order_mark_shifts_nothing(end: str) -> None:
    source = json.dumps(FULL, indent=2).replace("\n", end)
    assert load_file(FILE, decode(FILE, b"\xef\xbb\xbf" + source.encode())).entries
    error = failure(b"\xef\xbb\xbf" + source.replace('"version": 1', '"version": 2').encode())
    assert str(error).startswith(f"{FILE}:3:14: version: ")


TOP_LEVEL = {
    "no object but an array": ("§[]", ""),
    "no object but null": ("§null", ""),
    "no object but a string": ('§"entries"', ""),
    "no version": ('§{"entries": []}', ""),
    "no entries": ('§{"version": 1}', ""),
    "version 0": ('{"version": §0, "entries": []}', "version"),
    "version 2": ('{"version": §2, "entries": []}', "version"),
    "version true": ('{"version": §true, "entries": []}', "version"),
    "version false": ('{"version": §false, "entries": []}', "version"),
    "version null": ('{"version": §null, "entries": []}', "version"),
    "version in a string": ('{"version": §"1", "entries": []}', "version"),
    "version with a fraction": ('{"version": §1.5, "entries": []}', "version"),
    "version 1.0": ('{"version": §1.0, "entries": []}', "version"),
    "version of many digits": ('{"version": §1' + "0" * 30 + ', "entries": []}', "version"),
    "version beyond all floats": ('{"version": §1e999, "entries": []}', "version"),
    "$schema a number": ('{"$schema": §1, "version": 1, "entries": []}', "$schema"),
    "packages a string": ('{"version": 1, "packages": §"pkg", "entries": []}', "packages"),
    "packages null": ('{"version": 1, "packages": §null, "entries": []}', "packages"),
    "package a number": ('{"version": 1, "packages": ["pkg", §1], "entries": []}', "packages[1]"),
    "package an empty string": ('{"version": 1, "packages": [§""], "entries": []}', "packages[0]"),
    "package a keyword": ('{"version": 1, "packages": ["pkg", §"class"], "entries": []}', "packages[1]"),
    "package an object": ('{"version": 1, "packages": [§"pkg:A"], "entries": []}', "packages[0]"),
    "package a path": ('{"version": 1, "packages": [§"../pkg"], "entries": []}', "packages[0]"),
    "extends a string": ('{"version": 1, "extends": §"a.json", "entries": []}', "extends"),
    "extends a number": ('{"version": 1, "extends": [§1], "entries": []}', "extends[0]"),
    "extends an empty string": ('{"version": 1, "extends": ["a.json", §""], "entries": []}', "extends[1]"),
    "entries an object": ('{"version": 1, "entries": §{}}', "entries"),
    "entries null": ('{"version": 1, "entries": §null}', "entries"),
    "entry a string": ('{"version": 1, "entries": [§"pkg.old:A"]}', "entries[0]"),
    "entry null": ('{"version": 1, "entries": [§null]}', "entries[0]"),
    "entry without canonical": ('{"version": 1, "entries": [§{"deprecated": ["a:b"]}]}', "entries[0]"),
    "entry without deprecated": ('{"version": 1, "entries": [§{"canonical": "a:b"}]}', "entries[0]"),
    "a key twice": ('{"version": 1, §"version": 1, "entries": []}', "version"),
    "a key twice, differently written": ('{"version": 1, §"v\\u0065rsion": 1, "entries": []}', "version"),
    "lone surrogate": ('{"version": 1, "entries": [], "packages": [§"\\ud800"]}', "packages[0]"),
}


def test_a_number_that_python_does_not_read() -> None:
    assert "digits" in failure('{"version": 1' + "0" * 5000 + ', "entries": []}').reason


@pytest.mark.parametrize(("source", "key"), TOP_LEVEL.values(), ids=TOP_LEVEL)
def test_unusable_at_the_top(source: str, key: str) -> None:
    check_place(source, key)


def check_place(source: str, key: str) -> None:
    text, at = marked(source)
    error = failure(text)
    assert error.key == key
    # of a key that stands twice the first may be meant as well
    places = (
        {at, text.index('"' + key.rpartition(".")[2] + '"', text.rfind("{", 0, at))} if "twice" in str(error) else {at}
    )
    assert error.span.start in places, (str(error), text[error.span.start : error.span.end])
    assert not key or f": {key}: " in str(error)


IN_ENTRY: dict[str, tuple[str, str]] = {
    **{
        f"{key} {json_value}": (key, f"§{json_value}")
        for key in (
            "canonical",
            "reason",
            "issue",
            "owner",
            "since",
            "removal",
            "severity",
            "applicability",
            "exclusive",
        )
        for json_value in ("1", "[]", "{}", "true", '""', "null")
        if (key, json_value) not in {("canonical", "null"), ("exclusive", "true")}
        and not (json_value == '""' and key in ("reason", "issue", "owner", "since", "removal"))
    },
    **{
        f"{key} {json_value}": (key, f"§{json_value}")
        for key in ("deprecated", "alternatives", "allow")
        for json_value in ("1", '"pkg.old:A"', "{}", "true", "null")
    },
    "deprecated empty": ("deprecated", "§[]"),
    "severity unknown": ("severity", '§"fatal"'),
    "severity in capitals": ("severity", '§"ERROR"'),
    "applicability unknown": ("applicability", '§"always"'),
    "exclusive in a string": ("exclusive", '§"false"'),
    "exclusive a number": ("exclusive", "§0"),
}


@pytest.mark.parametrize(("place", "value"), IN_ENTRY.values(), ids=IN_ENTRY)
def test_unusable_in_an_entry(place: str, value: str) -> None:
    check_place(entry_with(place, value), f"entries[1].{place}")


NO_REFERENCES = [
    *(
        "",
        " ",
        ".",
        ":",
        "a:",
        ":a",
        "a.",
        ".a",
        "a..b",
        "a:b:c",
        "a:.b",
        "a:b.",
        "a::b",
        "a b",
        "a. b",
        "a:b c",
        " a",
        "a ",
    ),
    *(
        "a\n",
        "a\nb",
        "a:b\n",
        "\ta",
        "a\r",
        "a\u2028b",
        "a;b",
        "a;import os",
        "a as b",
        "a, b",
        "a:*",
        "a.*",
        "(a)",
        "a[0]",
        "a()",
    ),
    *(
        "1a",
        "a.1b",
        "a-b",
        "a:b-c",
        "a/b",
        "a\\b",
        "../a",
        "..a",
        "./a",
        "/etc/passwd",
        "a.py:b/",
        "C:\\a",
        "~/a",
        "a@b",
    ),
    *(
        "https://example.com/a",
        "file:///a",
        "git+https://a",
        "class",
        "a.class",
        "a:class",
        "a.None:b",
        "a:b.True",
        "a:import",
    ),
    *(
        "\uff41\uff0e\uff42",
        "a\uff1ab",
        "a\u2024b",
        "a\u200bb",
        "a\u200db",
        "\u202ea",
        "a\u00a0b",
        "\ufeffa",
        "a\x00b",
        "a#b",
        "'a'",
        '"a"',
    ),
    *("\u00b2a", "a\u037e", "é\u20dd", "💥", "a:💥", "{a}", "$a", "%a", "a`b", "lambda", "a:await.b"),
]
REFERENCES = [
    "a",
    "a.b",
    "a:b",
    "a.b:c.d",
    "_",
    "_a._b:_c",
    "é.ü:ñ",
    "日本:語",
    "a.match:type",
    "a1:b2",
    "A:case._",
    "__a__:__b__",
]
HOLDERS = {"canonical": "§{}", "deprecated": '["pkg.x", §{}]', "alternatives": "[§{}]"}


@pytest.mark.parametrize("reference", NO_REFERENCES, ids=ascii)
@pytest.mark.parametrize("place", HOLDERS)
@pytest.mark.parametrize("ascii_only", [True, False], ids=["escaped", "plain"])
def test_references_that_are_none(reference: str, place: str, ascii_only: bool) -> None:
    value = HOLDERS[place].replace("{}", json.dumps(reference, ensure_ascii=ascii_only))
    index = {"canonical": "", "deprecated": "[1]", "alternatives": "[0]"}[place]
    check_place(entry_with(place, value), f"entries[1].{place}{index}")


@pytest.mark.parametrize("reference", REFERENCES)
@pytest.mark.parametrize("place", HOLDERS)
def test_references(reference: str, place: str) -> None:
    value = HOLDERS[place].replace("{}", json.dumps(reference)).replace("§", "")
    loaded = load_file(FILE, Text(entry_with(place, value)))
    assert len(loaded.entries) == 2
    assert not loaded.problems


def test_a_key_twice_in_an_entry_is_found_where_it_is() -> None:
    check_place(entry_with("reason", '"a",\n  §"reason": "b"'), "entries[1].reason")


def test_deep_nesting() -> None:
    for depth in (50, 300, 1_000, 100_000):
        deep = "[" * depth + "]" * depth
        for source in (
            deep,
            f'{{"version": 1, "entries": {deep}}}',
            f'{{"version": 1, "packages": [{deep}], "entries": []}}',
        ):
            failure(source)
        # below an unknown key it harms nobody; that it is too deep may be said
        try:
            load_file(FILE, Text(f'{{"version": 1, "entries": [], "later": {deep}}}'))
        except RegistryError as error:
            assert "deep" in error.reason


def test_what_is_too_deep_or_too_long_is_found() -> None:
    deep = "[" * 100_000
    error = failure(f'{{"version": 1, "later": "[[", "entries": {deep}}}')
    assert error.span == Span(error.text.source.rindex("["), error.text.source.rindex("[") + 1)
    error = failure(f'{{"version": 1, "entries": [], "later": [12, "{"3" * 6_000}", {"4" * 5_000}]}}')
    assert error.text.source[slice(*error.span)] == "4" * 5_000


def test_a_key_twice_before_the_text_breaks_off() -> None:
    error = failure('{"version": 1, "version": 1, "entries": [{"canonical": ')
    assert (error.reason, error.span.start) == ("not JSON: Expecting value", len(error.text.source))


@pytest.mark.parametrize("character", ["\u200b", "\u202e", "\x1b", "\x00"])
def test_what_cannot_be_seen_is_shown(character: str) -> None:
    error = failure(
        json.dumps({"version": 1, "entries": [{"canonical": 1, "deprecated": ["a"], "owner": [character]}]})
    )
    assert str(error).isprintable()
    error = failure(json.dumps({"version": 1, "entries": f"a{character}b"}))
    assert str(error).isprintable()
    assert "a\\" in str(error)


def test_what_is_wrong_is_said_in_a_line_that_can_be_read() -> None:
    big = {str(number): ["x" * 50] for number in range(1000)}
    for value in (
        {"version": 1, "entries": big},
        {"version": 1, "entries": [big["1"] * 100]},
        {"version": big, "entries": []},
    ):
        assert len(str(failure(json.dumps(value)))) < 400
    for source in ('{"a\\nb": 1, "a\\nb": 2}', '{"version": "\\n\\u2028", "entries": []}'):
        failure(source)


def test_an_unreadable_registry() -> None:
    with pytest.raises(RegistryError, match="No such file") as caught:
        loads({}, first="nowhere.json")
    assert str(caught.value).startswith(f"{ROOT / 'nowhere.json'}:1:1: ")


# unknown keys

UNKNOWN = {
    "a typo": ('"deprecatd": []', "did you mean 'deprecated'"),
    "unlike all": ('"xyzzy": {"a": 1}', "xyzzy"),
    "an empty one": ('"": 1', "''"),
    "another case": ('"Reason": "x"', "did you mean 'reason'"),
    "a line feed": ('"a\\nb": 1', "a"),
    "astral": ('"𐍈": 1', "𐍈"),
    "a lone surrogate": ('"\\ud800": 1', "unknown"),
    "a huge number": ('"later": 1e999', "later"),
    "many digits": ('"later": ' + "9" * 400, "later"),
    "a surrogate in its value": ('"later": "\\udfff"', "later"),
}


@pytest.mark.parametrize(("member", "message"), UNKNOWN.values(), ids=UNKNOWN)
def test_an_unknown_key_costs_its_entry_only(member: str, message: str) -> None:
    source = f"""{{"version": 1, "entries": [
  {{"canonical": "pkg.new:A", "deprecated": ["pkg.old:A"]}},
  {{"canonical": "pkg.new:B", {member}, "deprecated": ["pkg.old:B"]}},
  {{"canonical": "pkg.new:C", "deprecated": ["pkg.old:C"]}}
]}}"""
    loaded = registry(source)
    assert [str(entry.canonical) for entry in loaded.entries] == ["pkg.new:A", "pkg.new:C"]
    ((path, problem),) = loaded.problems
    assert path == FILE
    assert problem.code.startswith("SSOT1")
    assert problem.span.start == source.index(member), source[slice(*problem.span)]
    assert source[slice(*problem.span)] == member.partition(": ")[0]
    assert message in problem.message
    assert target(loaded, "pkg.old:A") == "pkg.new:A"
    assert target(loaded, "pkg.old:B") is None
    assert target(loaded, "pkg.old:C") == "pkg.new:C"
    # the entry keeps its number: what points into the file points right
    last = list(loaded.entries)[-1]
    assert source[slice(*loaded.location(last, "canonical").span)] == '"pkg.new:C"'


def test_an_unknown_key_at_the_top_costs_nothing() -> None:
    source = '{"version": 1, "packags": ["pkg"], "entries": [{"canonical": "pkg.new:A", "deprecated": ["pkg.old:A"]}]}'
    loaded = registry(source)
    ((_, problem),) = loaded.problems
    assert source[slice(*problem.span)] == '"packags"'
    assert "did you mean 'packages'" in problem.message
    assert target(loaded, "pkg.old:A") == "pkg.new:A"


def test_all_unknown_keys_are_told() -> None:
    value = copy.deepcopy(FULL)
    value["x"] = value["entries"][0]["y"] = value["entries"][0]["z"] = value["entries"][1]["y"] = 1
    loaded = registry(value)
    assert len(loaded.problems) == 4
    assert not list(loaded.entries)


def test_a_wrong_type_beside_an_unknown_key_cannot_be_used() -> None:
    value = copy.deepcopy(FULL)
    value["x"] = 1
    value["entries"][1]["reason"] = 1
    assert failure(json.dumps(value)).key == "entries[1].reason"


# properties

SEEDS = [FULL, entries(("a", "b")), entries(), {**FULL, "packages": []}]
LEAVES: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        1,
        2,
        -1,
        1.0,
        1.5,
        10**30,
        1e300,
        "",
        "a",
        "a.b:c",
        "a b",
        "class",
        "a:b:c",
        "error",
        "safe",
    ),
    *(
        "display",
        [],
        {},
        [""],
        ["a:b"],
        [None],
        [[]],
        {"": ""},
        "x.json",
        "\ud800",
        "é",
        "💥",
        "\n",
        float("inf"),
        float("nan"),
    ),
]
KEYS = [*FULL, *FULL["entries"][0], "alternatives", "x", "", "\ud800", "Version"]


def mutated(pick: random.Random) -> Any:
    """A valid registry with some values, keys or items changed, dropped or added."""
    value = copy.deepcopy(pick.choice(SEEDS))
    for _ in range(pick.randint(1, 3)):
        holders = [holder for holder in walk(value) if isinstance(holder, (dict, list))]
        if not holders:
            return pick.choice(LEAVES)
        holder = pick.choice(holders)
        leaf = copy.deepcopy(pick.choice(LEAVES))
        if isinstance(holder, dict):
            key = pick.choice([*holder, *holder, *KEYS])
            if pick.random() < 0.3:
                holder.pop(key, None)
            else:
                holder[key] = leaf
        elif holder and pick.random() < 0.6:
            holder[pick.randrange(len(holder))] = leaf
        else:
            holder.append(leaf)
    return value


def walk(value: Any) -> list[Any]:
    found = [value]
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        found += walk(child)
    return found


def schema_rejects(value: Any) -> bool:
    """Whether the schema rejects a value for more than an unknown key; a value that it cannot even read counts too."""
    if isinstance(value, dict) and "entries" in value:
        value, _ = _known(value)
    try:
        return any(error.schema_path[-1] != "additionalProperties" for error in VALIDATOR.iter_errors(value))
    except (ValueError, TypeError, OverflowError, UnicodeError, SystemError):
        return True


def accepted(source: str) -> bool:
    """Whether a registry text can be used; any failure must be a RegistryError at a place in the text."""
    try:
        registry(source)
    except RegistryError as error:
        assert 0 <= error.span.start <= error.span.end <= len(error.text.source)
        assert len(str(error).splitlines()) == 1
        return False
    return True


@given(st.integers(0, 2**32))
@settings(max_examples=400, deadline=None, derandomize=True)
def test_mutated_values_are_used_only_if_the_schema_agrees(seed: int) -> None:
    value = mutated(random.Random(seed))
    is_accepted = accepted(json.dumps(value, indent=seed % 3 or None))
    assert not (is_accepted and schema_rejects(value))
    if is_taken_at_a_glance(value):
        # references are looked at later: of those only that they are strings is asked at a glance
        assert not schema_rejects(value) or not is_accepted


def is_taken_at_a_glance(value: Any) -> bool:
    if not isinstance(value, dict) or "entries" not in value:
        return False
    known, unknown = _known(value)
    return not unknown and _is_plainly_valid(known)


@given(st.integers(0, 2**32))
@settings(max_examples=400, deadline=None, derandomize=True)
def test_the_quick_look_accepts_nothing_that_the_schema_rejects_but_references(seed: int) -> None:
    value = mutated(random.Random(seed))
    if is_taken_at_a_glance(value):
        left = list(VALIDATOR.iter_errors(plain_references(value)))
        assert not left, left[0].message


def plain_references(value: Any) -> Any:
    """The registry with a good reference for every string where one belongs."""
    value = copy.deepcopy(value)
    for entry in value["entries"]:
        for key in ("deprecated", "alternatives"):
            if key in entry:
                entry[key] = ["a:b" for _ in entry[key]]
        entry["canonical"] = None if entry["canonical"] is None else "a:b"
    if "packages" in value:
        value["packages"] = ["a" for _ in value["packages"]]
    return value


TEXT = json.dumps(FULL, indent=1)


@given(st.integers(0, 2**32))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_damaged_texts_fail_at_a_place_in_them(seed: int) -> None:
    pick = random.Random(seed)
    text = TEXT
    for _ in range(pick.randint(1, 3)):
        at = pick.randrange(len(text) + 1)
        piece = pick.choice(
            ['"', "{", "}", "[", "]", ",", ":", "\\", "\n", "NaN", "1e999", "\\ud83d", "é", "💥", "\x00", "null", ""]
        )
        text = text[:at] + piece + text[at + pick.choice([0, 0, 1, 5, 200]) :]
    accepted(text)


@given(st.binary(max_size=200))
@example(b"\xef\xbb\xbf\xff")
@example(b"\xef\xbb")
@settings(deadline=None, derandomize=True)
def test_any_bytes(data: bytes) -> None:
    for source in (data, b'{"version": 1, "entries": [], "packages": ["' + data + b'"]}'):
        try:
            load(FILE, ROOT, lambda _: source)  # noqa: B023
        except RegistryError as error:
            assert 0 <= error.span.start <= error.span.end <= len(error.text.source)


# matching


def match(loaded: Registry, reference: str) -> Match | None:
    return loaded.match(ObjectRef.parse(reference))


def target(loaded: Registry, reference: str) -> str | None:
    """Where a reference is moved to; None if it is not, `removed` if it was."""
    found = match(loaded, reference)
    return None if found is None else "removed" if found.target is None else str(found.target)


def both(reference: str) -> list[str]:
    """A reference as `from` imports and as `import` write it: matching is on the dotted path."""
    module, _, name = reference.replace(":", ".").rpartition(".")
    return [reference.replace(":", "."), f"{module}:{name}"] if module else [reference]


MATCHES: dict[str, tuple[dict[str, Any], dict[str, str | None]]] = {
    "an object": (
        entries(("pkg.new:A", "pkg.old:A")),
        {
            "pkg.old:A": "pkg.new:A",
            "pkg.old:B": None,
            "pkg.old": None,
            "pkg.old:AA": None,
            "pkg.old.A": "pkg.new:A",
            "pkg.new:A": None,
            "pkg:old": None,
            "other.pkg.old:A": None,
        },
    ),
    "a renamed object": (entries(("pkg.new:B", "pkg.old:A")), {"pkg.old:A": "pkg.new:B"}),
    "what is in an object moves with it": (entries(("pkg.new:B", "pkg.old:A")), {"pkg.old:A.f": "pkg.new:B.f"}),
    "a module covers what is under it": (
        entries(("new.pkg", "old.pkg")),
        {
            "old.pkg": "new.pkg",
            "old:pkg": "new.pkg",
            "old.pkg:X": "new.pkg:X",
            "old.pkg.sub:X": "new.pkg.sub:X",
            "old.pkg.sub": "new.pkg.sub",
            "old.pkg.sub:X.f": "new.pkg.sub:X.f",
            "old.pkgs:X": None,
            "old:X": None,
            "new.pkg.sub:X": None,
        },
    ),
    "a whole package": (
        entries(("new", "old")),
        {"old": "new", "old:X": "new:X", "old.a.b:X": "new.a.b:X", "older": None},
    ),
    "longest first": (
        entries(("n1", "old"), ("n2", "old.a"), ("n3:Y", "old.a:X"), (None, "old.a.b:Z")),
        {
            "old:X": "n1:X",
            "old.b:X": "n1.b:X",
            "old.a:W": "n2:W",
            "old.a:X": "n3:Y",
            "old.a.b:X": "n2.b:X",
            "old.a.b:Z": "removed",
        },
    ),
    "longest first, in the other order": (
        entries((None, "old.a.b:Z"), ("n3:Y", "old.a:X"), ("n2", "old.a"), ("n1", "old")),
        {"old:X": "n1:X", "old.a:W": "n2:W", "old.a:X": "n3:Y", "old.a.b:Z": "removed"},
    ),
    "at equal length the one with a colon": (
        entries(("a_module", "old.a"), ("as_object:a", "old:a")),
        {"old:a": "as_object:a", "old.a": "as_object:a", "old.a:X": "as_object:a.X"},
    ),
    "a colon tells how the canonical one is imported": (
        entries(("new.mod", "old:thing"), ("new:thing", "old.mod")),
        {"old:thing": "new.mod", "old:mod": "new:thing", "old.mod": "new:thing", "old.mod:X": "new:thing.X"},
    ),
    "a chain": (
        entries(("c:C", "b:B"), ("b:B", "a:A"), ("d:D", "c:C")),
        {"a:A": "d:D", "b:B": "d:D", "c:C": "d:D", "d:D": None},
    ),
    "a chain through modules": (
        entries(("b.x", "a"), ("c", "b"), ("d:Y", "c.x:X")),
        {"a:X": "d:Y", "a:Z": "c.x:Z", "a.s:X": "c.x.s:X"},
    ),
    "a chain to a removal": (entries(("b:B", "a:A"), (None, "b")), {"a:A": "removed", "b:X": "removed"}),
    "a long chain": (entries(*((f"m{n + 1}:A", f"m{n}:A") for n in range(500))), {"m0:A": "m500:A"}),
    "canonical equal to deprecated": (entries(("a:A", "a:A"), ("b", "b")), {"a:A": None, "b": None, "b:X": None}),
    "canonical equal to one of the deprecated": (
        entries({"canonical": "a:A", "deprecated": ["a:A", "b:A"]}),
        {"a:A": None, "b:A": "a:A"},
    ),
    "a push-down": (
        entries(("quux.foo", "foo")),
        {
            "foo": "quux.foo",
            "foo:X": "quux.foo:X",
            "foo.a:X": "quux.foo.a:X",
            "quux.foo:X": None,
            "foo.foo:X": "quux.foo.foo:X",
        },
    ),
    "a push-down into itself": (
        entries(("conf.conf", "conf")),
        {
            "conf": "conf.conf",
            "conf:X": "conf.conf:X",
            "conf.conf": None,
            "conf.conf:X": None,
            "conf.conf.a:X": None,
            "conf.confs:X": "conf.conf.confs:X",
        },
    ),
    "a push-down of an object": (
        entries(("conf:conf.get", "conf:get")),
        {"conf:get": "conf:conf.get", "conf:conf.get": None, "conf:conf": None},
    ),
    "a push-down twice": (
        entries(("a.b", "a"), ("a.b.c", "a.b")),
        {"a:X": "a.b.c:X", "a.b:X": "a.b.c:X", "a.b.c:X": None},
    ),
    "a pull-up": (
        entries(("foo", "foo.compat")),
        {"foo.compat": "foo", "foo.compat:X": "foo:X", "foo.compat.a:X": "foo.a:X", "foo:X": None, "foo:compat": "foo"},
    ),
    "a pull-up of an object": (
        entries(("foo:X", "foo.X:X")),
        {"foo.X:X": "foo:X", "foo:X": None, "foo.X:Y": None},
    ),
    "a dotted qualified name": (
        entries(("airflow.configuration:conf.get", "airflow.configuration:get")),
        {"airflow.configuration:get": "airflow.configuration:conf.get", "airflow.configuration:conf.get": None},
    ),
    "builtins": (entries(("builtins:bytes", "six:binary_type")), {"six:binary_type": "builtins:bytes"}),
    "several deprecated": (
        entries({"canonical": "n:A", "deprecated": ["o:A", "p.q:B", "r"]}),
        {"o:A": "n:A", "p.q:B": "n:A", "r": "n:A", "r:x": "n:A.x"},
    ),
    "the first of two equal ones": (entries(("a:A", "o:A"), ("b:B", "o:A")), {"o:A": "a:A"}),
    "removed": (
        entries((None, "o:A"), (None, "gone")),
        {"o:A": "removed", "gone": "removed", "gone.a:X": "removed", "o:B": None},
    ),
    "nothing": (entries(), {"a:A": None}),
    "other letters": (entries(("n:É", "ö:é")), {"ö:é": "n:É", "Ö:é": None}),
}


@pytest.mark.parametrize(("value", "expected"), MATCHES.values(), ids=MATCHES)
def test_matching(value: dict[str, Any], expected: dict[str, str | None]) -> None:
    loaded = registry(value)
    assert not loaded.problems
    assert {reference: target(loaded, reference) for reference in expected} == expected


@pytest.mark.parametrize(("value", "expected"), MATCHES.values(), ids=MATCHES)
def test_a_move_is_made_once(value: dict[str, Any], expected: dict[str, str | None]) -> None:
    loaded = registry(value)
    for goal in expected.values():
        assert goal in (None, "removed") or target(loaded, str(goal)) is None


def test_the_match_tells_its_entries() -> None:
    loaded = registry(entries(("b:B", "a:A"), ("c:C", "b:B")))
    found = match(loaded, "a:A")
    assert found is not None
    assert (str(found.entry.canonical), str(found.deprecated), str(found.last.canonical)) == ("b:B", "a:A", "c:C")
    assert found.entry.place == 0
    assert found.entry.path == FILE


CYCLES: dict[str, tuple[dict[str, Any], list[int], dict[str, str | None]]] = {
    "of two": (entries(("b:B", "a:A"), ("a:A", "b:B")), [0, 1], {"a:A": None, "b:B": None}),
    "of three": (
        entries(("b:B", "a:A"), ("c:C", "b:B"), ("a:A", "c:C"), ("n:N", "o:O")),
        [0, 1, 2],
        {"a:A": None, "b:B": None, "c:C": None, "o:O": "n:N"},
    ),
    "of modules": (entries(("b", "a"), ("a", "b")), [0, 1], {"a:A": None, "b.x:B": None}),
    "of modules and what is in one": (
        entries(("b", "a"), ("a:X", "b:X")),
        [0, 1],
        {"a:X": None, "b:X": None, "a:Y": None},
    ),
    "that grows": (entries(("b.c", "a"), ("a", "b")), [0, 1], {"a:X": None, "b:X": None}),
    "one that leads into it": (
        entries(("a:A", "z:Z"), ("b:B", "a:A"), ("a:A", "b:B")),
        [1, 2],
        {"z:Z": "a:A", "a:A": None, "b:B": None},
    ),
    "two": (
        entries(("b:B", "a:A"), ("a:A", "b:B"), ("d", "c"), ("c", "d")),
        [0, 1, 2, 3],
        {"a:A": None, "c:C": None},
    ),
    "with a longer way": (
        entries({"canonical": "b:B", "deprecated": ["a:A", "x:X"]}, ("a:A", "b:B")),
        [0, 1],
        {"a:A": None, "x:X": None, "b:B": None},
    ),
    "a way out behind a push-down": (entries(("a.b", "a"), ("a", "c")), [], {"c:X": "a.b:X", "a:X": "a.b:X"}),
    "none, only itself": (entries(("a:A", "a:A"), ("a:A", "b:A")), [], {"b:A": "a:A", "a:A": None}),
}


@pytest.mark.parametrize(("value", "circular", "expected"), CYCLES.values(), ids=CYCLES)
def test_cycles(value: dict[str, Any], circular: list[int], expected: dict[str, str | None]) -> None:
    loaded = registry(value)
    assert {problem.code for _, problem in loaded.problems} <= {"SSOT102"}
    places = [problem.entry.place for _, problem in loaded.problems if problem.entry]
    assert sorted(places) == circular
    assert {reference: target(loaded, reference) for reference in expected} == expected
    source = json.dumps(value)
    for _, problem in loaded.problems:
        assert problem.name == "registry-cycle"
        assert source[slice(*problem.span)].startswith('"')


@given(
    st.lists(st.tuples(*[st.sampled_from(["a", "b", "a.b", "b.a", "a:b", "b:a", "c", "c:a", "a.b:c"])] * 2), max_size=5)
)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_no_look_up_runs_for_ever_or_moves_twice(moves: list[tuple[str, str]]) -> None:
    loaded = registry(entries(*moves))
    circular = {problem.entry.place for _, problem in loaded.problems if problem.entry}
    for reference in ("a", "b", "a:b", "a.b:c", "b:a", "c:a", "a.b.a:b"):
        found = match(loaded, reference)
        if found is not None:
            assert found.entry.place not in circular
            assert found.last.place not in circular
            assert found.target is not None


PATHS = ["a", "b", "a.b", "b.a", "a:b", "b:a", "c", "c:a", "a.b:c", "a.b.c", "c.b:a", "a.b.c:d"]


def under(prefix: str, dotted: str) -> bool:
    return f"{dotted}.".startswith(f"{prefix}.")


class Naive:
    """The rules of matching on dotted paths, said once more, without an index: moves as (canonical, deprecated)."""

    def __init__(self, moves: list[tuple[str | None, str]]) -> None:
        self.moves = list(enumerate(moves))
        circular = set[int]()
        for number, (canonical, _) in self.moves:
            at, way = canonical and canonical.replace(":", "."), [number]
            while at and (step := self.step(at)) is not None and step[0] not in way[1:]:
                if step[0] == number:
                    circular |= {*way}
                    break
                way.append(step[0])
                at = step[1]
        self.circular = sorted(circular)
        self.moves = [(number, move) for number, move in self.moves if number not in circular]

    def step(self, dotted: str) -> tuple[int, str | None] | None:
        """The number of the first, longest entry with `:` that covers a path, and where that leads."""
        covering = [
            (-len(old), ":" not in old, number, old.replace(":", "."), new and new.replace(":", "."))
            for number, (new, old) in self.moves
            if new != old and under(old.replace(":", "."), dotted)
        ]
        for _, _, number, old, new in sorted(covering, key=lambda found: found[:3]):
            is_done = new and under(old, new) and (under(new, dotted) or (dotted != old and under(dotted, new)))
            if not is_done:
                return number, new and new + dotted[len(old) :]
        return None

    def target(self, dotted: str) -> str | None:
        seen, at = set[int](), dotted
        while (step := self.step(at)) is not None:
            if step[0] in seen:
                return None
            seen.add(step[0])
            if step[1] is None:
                return "removed"
            at = step[1]
        return at if seen else None


@given(st.lists(st.tuples(st.sampled_from([*PATHS, None]), st.sampled_from(PATHS)), max_size=7))
@settings(max_examples=500, deadline=None, derandomize=True)
def test_matches_and_cycles_are_those_of_a_search_through_all_entries(moves: list[tuple[str | None, str]]) -> None:
    loaded, naive = registry(entries(*moves)), Naive(moves)
    assert [problem.entry.place for _, problem in loaded.problems if problem.entry] == naive.circular
    for reference in PATHS:
        found = target(loaded, reference)
        assert (found and found.replace(":", ".")) == naive.target(reference.replace(":", ".")), reference
    deprecated = {old.replace(":", ".") for _, (new, old) in naive.moves if new != old}
    for path in ("a", "b", "c", "a.b", "a.b.c", "d"):
        assert loaded.speaks_below(path) == any(old.startswith(f"{path}.") for old in deprecated)
        assert sorted(loaded.names_below(path)) == sorted(
            old.rpartition(".")[2] for old in deprecated if old.rpartition(".")[0] == path
        )
    for name in "abcd":
        for named, written in (
            (loaded.canonical_named(name), [new for new, _ in moves if new]),
            (loaded.deprecated_named(name), [old for _, old in moves]),
        ):
            expected = [reference for reference in written if reference[-1] == name]
            assert [*map(str, named)] == list(dict.fromkeys(expected))


def test_a_long_way_is_gone_once() -> None:
    count = 5_000
    chain = [(f"m{n + 1}:A", f"m{n}:A") for n in range(count)]
    assert target(registry(entries(*chain)), "m0:A") == f"m{count}:A"
    circle = registry(entries(*chain, ("m0:A", f"m{count}:A")))
    assert len(circle.problems) == count + 1


@given(st.text(alphabet="aé_1.: \n", max_size=8) | st.sampled_from([*REFERENCES, *NO_REFERENCES]))
@settings(deadline=None, derandomize=True)
def test_a_reference_that_is_one_at_a_glance_is_one(text: str) -> None:
    module, colon, name = text.partition(":")
    is_reference = is_dotted_name(module) and (not colon or is_dotted_name(name))
    assert is_reference or not is_plain_reference(text)
    assert is_reference == bool(is_plain_reference(text)) or not text.isascii()


@given(st.integers(0, 2**32))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_places_are_those_of_the_values(seed: int) -> None:
    pick = random.Random(seed)
    value = entries(*([copy.deepcopy(pick.choice(FULL["entries"])) for _ in range(pick.randint(1, 5))]), packages=["p"])
    source = json.dumps(value, indent=pick.choice([None, 1]))
    places = Places(source)
    ways: list[tuple[str | int, ...]] = [
        ("entries", number, key) for number, entry in enumerate(value["entries"]) for key in entry
    ]
    ways += [("entries", number, "deprecated", 0) for number in range(len(value["entries"]))]
    for way in pick.sample(ways, len(ways)):
        expected = value
        for part in way:
            expected = expected[part]  # type: ignore[index]
        assert json.loads(source[slice(*places.locate(way))]) == expected
        if isinstance(way[-1], str):
            assert json.loads(source[slice(*places.locate(way, key=True))]) == way[-1]
    whole = places.locate(())
    assert places.locate(("nothing", 1)) == whole
    assert places.locate(("entries", 99, "reason")) == places.locate(("entries",))
    assert places.locate((0,)) == whole


# extends

BASE = entries(("new:A", "old:A"), ("new:B", "old:B"))


def test_the_nearer_registry_wins() -> None:
    loaded = loads(
        {
            "registry.json": json.dumps(
                entries(("near:A", "old:A"), extends=["conf/a.json", "b.json"], packages=["p"])
            ),
            "conf/a.json": json.dumps(entries(("a:A", "old:A"), ("a:B", "old:B"), extends=["../c.json"])),
            "b.json": json.dumps(entries(("b:B", "old:B"), ("b:C", "old:C"), packages=["q"])),
            "c.json": json.dumps(entries(("c:C", "old:C"), ("c:D", "old:D"))),
        }
    )
    assert {name: target(loaded, f"old:{name}") for name in "ABCDE"} == {
        "A": "near:A",
        "B": "a:B",
        "C": "b:C",
        "D": "c:D",
        "E": None,
    }
    assert loaded.packages == ("p",)
    found = match(loaded, "old:D")
    assert found is not None
    assert found.entry.path == ROOT / "c.json"
    assert loaded.location(found.entry).path == ROOT / "c.json"


def test_the_longest_wins_over_the_nearer() -> None:
    loaded = loads(
        {
            "registry.json": json.dumps(entries(("near", "old"), extends=["a.json"])),
            "a.json": json.dumps(entries(("far:A", "old.mod:A"))),
        }
    )
    assert target(loaded, "old.mod:A") == "far:A"
    assert target(loaded, "old.mod:B") == "near.mod:B"


def test_a_removal_nearby_wins() -> None:
    loaded = loads(
        {
            "registry.json": json.dumps(entries((None, "old:A"), extends=["a.json"])),
            "a.json": json.dumps(entries(("far:A", "old:A"))),
        }
    )
    assert target(loaded, "old:A") == "removed"


@pytest.mark.parametrize("extends", [["registry.json"], ["a.json"], ["a.json", "./a.json", "x/../a.json"]])
def test_each_file_is_read_once(extends: list[str]) -> None:
    loaded = loads(
        {
            "registry.json": json.dumps(entries(("new:A", "old:A"), extends=extends)),
            "a.json": json.dumps(entries(("new:B", "old:B"), extends=["registry.json"])),
        }
    )
    assert len({file.path for file in loaded.files}) == len(loaded.files) <= 2
    assert target(loaded, "old:A") == "new:A"


def test_a_distribution_offers_a_registry() -> None:
    loaded = loads(
        {
            "registry.json": json.dumps(entries(("near:A", "old:A"), extends=["acme"])),
            "site/acme/moves.json": json.dumps(BASE),
        },
        {"acme": "site/acme/moves.json"},
    )
    assert target(loaded, "old:B") == "new:B"
    assert target(loaded, "old:A") == "near:A"


EXTENDS = {
    "missing": "nowhere.json",
    "out of the workspace": "../other.json",
    "out of the workspace and in again": "../../etc/x.json",
    "absolute": "/etc/passwd.json",
    "not offered": "acme",
    "no registry's name": "../../acme",
    "a URL": "https://example.com/registry.json",
    "a URL of a file": "file:///etc/registry.json",
    "a NUL": "a\x00.json",
    "too long": "a" * 5000 + ".json",
    "a home": "~/registry.json",
    "a lone surrogate": "\ud800.json",
}


@pytest.mark.parametrize("name", EXTENDS.values(), ids=EXTENDS)
def test_unreadable_extends(tmp_path: Path, name: str) -> None:
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (tmp_path / "other.json").write_text(json.dumps(BASE), "utf-8")
    (root / "a" / "ok.json").write_text(json.dumps(BASE), "utf-8")
    source = f'{{"version": 1, "extends": ["a/ok.json",\n  {json.dumps(name)}], "entries": []}}'
    (root / "registry.json").write_text(source, "utf-8")
    with pytest.raises(RegistryError) as caught:
        load(root / "registry.json", root)
    error = caught.value
    assert error.path == root / "registry.json"
    assert error.key == "extends[1]"
    assert str(error).startswith(f"{root / 'registry.json'}:2:3: ")
    assert len(str(error).splitlines()) == 1


def test_extends_does_not_follow_a_link_out_of_the_workspace(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "other.json").write_text(json.dumps(BASE), "utf-8")
    (root / "link.json").symlink_to(tmp_path / "other.json")
    (root / "registry.json").write_text(json.dumps(entries(extends=["link.json"])), "utf-8")
    with pytest.raises(RegistryError):
        load(root / "registry.json", root)


def test_an_extended_registry_that_cannot_be_used_is_the_one_named() -> None:
    with pytest.raises(RegistryError) as caught:
        loads({"registry.json": json.dumps(entries(extends=["a.json"])), "a.json": '{"version": 3, "entries": []}'})
    assert str(caught.value).startswith(f"{ROOT / 'a.json'}:1:13: version: ")


def test_problems_of_an_extended_registry_are_told_there() -> None:
    loaded = loads(
        {
            "registry.json": json.dumps(entries(("b:B", "a:A"), extends=["a.json"])),
            "a.json": json.dumps(entries(("a:A", "b:B"), {"canonical": "n:N", "deprecated": ["o:O"], "x": 1})),
        }
    )
    assert sorted((path.name, problem.code[:5]) for path, problem in loaded.problems) == [
        ("a.json", "SSOT1"),
        ("a.json", "SSOT1"),
        ("registry.json", "SSOT1"),
    ]


# through the command line: exit code 2 and one line


@pytest.mark.parametrize("command", ["check", "fix"])
@pytest.mark.parametrize(
    "source",
    [
        "",
        "{",
        '{"version": 9, "entries": []}',
        '{"version": 1, "entries": [{"canonical": "a b", "deprecated": ["c"]}]}',
        '{"version": 1, "extends": ["x.json"], "entries": []}',
        '{"version": 1, "entries": [{}]}',
    ],
)
def test_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_cli: Callable[..., Any], command: str, source: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "moves.json").write_text(source, "utf-8")
    result = run_cli(command, "--registry", "moves.json")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"error: {tmp_path / 'moves.json'}:1:")
    assert result.stderr.count("\n") == 1


@pytest.fixture
def run_cli() -> Callable[..., Any]:
    from click.testing import CliRunner

    return lambda *arguments: CliRunner().invoke(main, arguments)
