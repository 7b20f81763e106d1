"""Adding to a registry: one edit, in the style of the file, and its data are the old ones and what was added."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssot_lsp.model import ObjectRef
from ssot_lsp.registry.edit import added_entry
from ssot_lsp.text import Text, apply_edits

NEW, OLD = ObjectRef("pkg.new", "A"), ObjectRef("pkg.old", "A")
ENTRY = '{"canonical": "pkg.new:A", "deprecated": ["pkg.old:A"]}'
TWO_STYLES = (
    '{"canonical": "a", "deprecated": ["b"]},\n'
    '    {\n      "deprecated": ["c", "d"],\n      "canonical": "e",\n      "since": "1", "removal": "2"\n    }'
)


def added(source: str, canonical: ObjectRef | None = NEW, deprecated: ObjectRef = OLD) -> str:
    edit = added_entry(Text(source), canonical, deprecated)
    assert edit is not None
    result = apply_edits(source, [edit])
    kept = len(source) - (edit.span.end - edit.span.start)
    assert len(result) == kept + len(edit.new_text)
    assert result[: edit.span.start] == source[: edit.span.start]
    assert result.endswith(source[edit.span.end :])
    return result


def registry(entries: str, *, end: str = "") -> str:
    return f'{{\n  "version": 1,\n  "entries": {entries}{end}\n}}\n'


# the text; what is to stand there with pkg.old:A → pkg.new:A added
STYLES = {
    "empty": (
        registry("[]"),
        registry(
            '[\n    {\n      "canonical": "pkg.new:A",\n      "deprecated": ["pkg.old:A"]\n    }\n  ]',
        ),
    ),
    "empty, on two lines": (
        registry("[\n  ]"),
        registry('[\n    {\n      "canonical": "pkg.new:A",\n      "deprecated": ["pkg.old:A"]\n    }\n  ]'),
    ),
    "empty, the end not indented": (
        '{"version": 1, "entries": [\n]}',
        '{"version": 1, "entries": [\n  {\n    "canonical": "pkg.new:A",\n    "deprecated": ["pkg.old:A"]\n  }\n]}',
    ),
    "empty, on one line": ('{"version": 1, "entries": [ ]}', f'{{"version": 1, "entries": [{ENTRY}]}}'),
    "empty, minified": (
        '{"version":1,"entries":[]}',
        '{"version":1,"entries":[{"canonical":"pkg.new:A","deprecated":["pkg.old:A"]}]}',
    ),
    "empty, tabs, CRLF, more behind": (
        '{\r\n\t"entries": [],\r\n\t"version": 1\r\n}',
        '{\r\n\t"entries": [\r\n\t\t{\r\n\t\t\t"canonical": "pkg.new:A",\r\n\t\t\t"deprecated": ["pkg.old:A"]\r\n\t\t}'
        '\r\n\t],\r\n\t"version": 1\r\n}',
    ),
    "one entry on one line": (
        registry('[\n    {"canonical": null, "deprecated": ["b"]}\n  ]'),
        registry(f'[\n    {{"canonical": null, "deprecated": ["b"]}},\n    {ENTRY}\n  ]'),
    ),
    "padded as prettier does": (
        registry('[{ "canonical": "a", "deprecated": ["b"] }]'),
        registry(
            '[{ "canonical": "a", "deprecated": ["b"] }, { "canonical": "pkg.new:A", "deprecated": ["pkg.old:A"] }]'
        ),
    ),
    "the last of several styles, other keys": (
        registry(f"[\n    {TWO_STYLES}\n  ]"),
        registry(
            f"[\n    {TWO_STYLES},\n"
            '    {\n      "canonical": "pkg.new:A",\n      "deprecated": ["pkg.old:A"]\n    }\n  ]'
        ),
    ),
    "commas first": (
        registry('[ {"canonical": "a", "deprecated": ["b"]}\n  , {"canonical": "c", "deprecated": ["d"]}\n  ]'),
        registry(
            '[ {"canonical": "a", "deprecated": ["b"]}\n  , {"canonical": "c", "deprecated": ["d"]}\n'
            f"  , {ENTRY}\n  ]"
        ),
    ),
    "an entry for the canonical path": (
        registry(
            '[\n    {"canonical": "pkg.new:A", "deprecated": ["b:A"]},\n    {"canonical": "a", "deprecated": ["b"]}]'
        ),
        registry(
            '[\n    {"canonical": "pkg.new:A", "deprecated": ["b:A", "pkg.old:A"]},\n'
            '    {"canonical": "a", "deprecated": ["b"]}]'
        ),
    ),
    "the same, minified": (
        '{"version":1,"entries":[{"deprecated":["b:A"],"canonical":"pkg.new:A"}]}',
        '{"version":1,"entries":[{"deprecated":["b:A","pkg.old:A"],"canonical":"pkg.new:A"}]}',
    ),
    "the same, one a line": (
        registry('[{"canonical": "pkg.new:A", "deprecated": [\n      "b:A"\n    ]}]'),
        registry('[{"canonical": "pkg.new:A", "deprecated": [\n      "b:A",\n      "pkg.old:A"\n    ]}]'),
    ),
    "an entry for the canonical path that is not in force": (
        registry('[\n    {"canonical": "pkg.new:A", "deprecated": ["b:A"], "resaon": ""}\n  ]'),
        registry(f'[\n    {{"canonical": "pkg.new:A", "deprecated": ["b:A"], "resaon": ""}},\n    {ENTRY}\n  ]'),
    ),
    "astral characters before": (
        '{"version": 1, "$schema": "𐍈", "entries": []}',
        f'{{"version": 1, "$schema": "𐍈", "entries": [{ENTRY}]}}',
    ),
}


@pytest.mark.parametrize(("source", "expected"), STYLES.values(), ids=STYLES)
def test_the_style_of_the_file(source: str, expected: str) -> None:
    assert added(source) == expected
    assert added_entry(Text(expected), NEW, OLD) is None


def test_what_was_removed_has_an_entry_of_its_own() -> None:
    source = registry('[{"canonical": null, "deprecated": ["b"], "reason": "never used"}]')
    assert json.loads(added(source, None))["entries"][1:] == [{"canonical": None, "deprecated": ["pkg.old:A"]}]


UNUSABLE = {
    "nothing": "",
    "half-typed": '{"version": 1, "entries": [',
    "another kind of file": '{"registry": []}',
    "no array": '{"version": 1, "entries": {}}',
    "a bad reference": registry('[{"canonical": "a:1", "deprecated": ["b"]}]'),
    "an entry without deprecated paths": registry('[{"canonical": "a", "deprecated": []}]'),
}


@pytest.mark.parametrize("source", UNUSABLE.values(), ids=UNUSABLE)
def test_a_registry_that_cannot_be_used_is_left_alone(source: str) -> None:
    assert added_entry(Text(source), NEW, OLD) is None


@pytest.mark.parametrize("canonical", [NEW, None])
def test_a_reference_that_is_none(canonical: ObjectRef | None) -> None:
    with pytest.raises(ValueError, match="not an object reference"):
        added_entry(Text(registry("[]")), canonical, ObjectRef("pkg.old", 'A"'))


LAYOUTS: dict[str, Callable[[Any], str]] = {
    "one line": json.dumps,
    "minified": lambda value: json.dumps(value, separators=(",", ":")),
    "indent 2": lambda value: json.dumps(value, indent=2, ensure_ascii=False),
    "indent 4, line feed at the end": lambda value: json.dumps(value, indent=4) + "\n",
    "indent 0": lambda value: json.dumps(value, indent=0),
    "tabs": lambda value: json.dumps(value, indent="\t"),
    "CRLF": lambda value: json.dumps(value, indent=2).replace("\n", "\r\n"),
    "CR": lambda value: json.dumps(value, indent=2).replace("\n", "\r"),
}
PARTS = st.sampled_from(["a", "b", "_c1", "日本", "É"])
PATHS = st.lists(PARTS, min_size=1, max_size=2).map(".".join)
REFERENCES = st.builds(ObjectRef, PATHS, PATHS | st.just(""))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
ENTRIES = st.fixed_dictionaries(
    {"canonical": st.none() | REFERENCES.map(str), "deprecated": st.lists(REFERENCES.map(str), min_size=1, max_size=3)},
    optional={"reason": TEXTS, "exclusive": st.booleans(), "allow": st.lists(st.just("tests/**"), max_size=2)},
)
TOPS = st.fixed_dictionaries({"version": st.just(1)}, optional={"packages": st.lists(PATHS, max_size=2)})


@settings(deadline=None)
@given(
    top=TOPS,
    entries=st.lists(ENTRIES, max_size=3),
    behind=st.booleans(),
    layout=st.sampled_from([*LAYOUTS]),
    more=st.lists(st.tuples(st.none() | REFERENCES, REFERENCES), min_size=2, max_size=2),
)
def test_the_data_are_the_old_ones_and_what_was_added(
    top: dict[str, Any],
    entries: list[dict[str, Any]],
    behind: bool,
    layout: str,
    more: list[tuple[ObjectRef | None, ObjectRef]],
) -> None:
    data = {"entries": entries, **top} if behind else {**top, "entries": entries}
    source, shows_style = LAYOUTS[layout](data), bool(entries)
    for canonical, deprecated in more:
        written = None if canonical is None else str(canonical)
        same = [entry for entry in data["entries"] if entry["canonical"] == written]
        if any(str(deprecated) in entry["deprecated"] for entry in same):
            assert added_entry(Text(source), canonical, deprecated) is None
            continue
        source = added(source, canonical, deprecated)
        if canonical is not None and same:
            same[0]["deprecated"].append(str(deprecated))
        else:
            data["entries"].append({"canonical": written, "deprecated": [str(deprecated)]})
        assert json.loads(source) == data
        if shows_style and source.isascii():
            assert source == LAYOUTS[layout](data)  # written as if it had always been there
