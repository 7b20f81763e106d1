"""A registry's text → the edit that adds to it, in the style in which the rest is written."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

from ssot_lsp.model import ObjectRef
from ssot_lsp.places import JsonPath, Places
from ssot_lsp.registry.load import load_file
from ssot_lsp.registry.validate import RegistryError
from ssot_lsp.text import Span, Text, TextEdit

_LINE_END = re.compile(r"\r\n|\n|\r")
_SPACE = " \t\n\r"
"""What JSON takes for white space."""


class _Layout(NamedTuple):
    """What stands between the parts of an object or an array."""

    opening: str
    """Between its bracket and the first part."""
    comma: str
    """Between two parts, the comma with all the space around it."""
    closing: str
    colon: str = ""
    """Between key and value, if it is an object."""

    def around(self, *parts: str) -> str:
        """What stands between the brackets: the parts in this layout."""
        return f"{self.opening}{self.comma.join(parts)}{self.closing}"


class _Style(NamedTuple):
    """How an entry is written: an object, and an array in it."""

    entry: _Layout
    deprecated: _Layout

    def written(self, canonical: ObjectRef | None, deprecated: ObjectRef) -> str:
        """The text of an entry."""
        first = f'"canonical"{self.entry.colon}{"null" if canonical is None else _quoted(canonical)}'
        second = f'"deprecated"{self.entry.colon}[{self.deprecated.around(_quoted(deprecated))}]'
        return f"{{{self.entry.around(first, second)}}}"


def added_entry(text: Text, canonical: ObjectRef | None, deprecated: ObjectRef) -> TextEdit | None:
    """The edit of a registry's text (code points) that deprecates a path in favour of a canonical one.

    The path joins the first entry in force for that canonical one, else a new entry is written behind the last. What
    was removed (`canonical` is None) has a new entry each time: a reason and alternatives are of one object alone.
    None if the text is no registry that can be used, or that entry has the path already.

    Raises ValueError for a reference that is none.
    """
    for reference in filter(None, (canonical, deprecated)):
        ObjectRef.parse(str(reference))
    try:
        file = load_file(Path(), text)
    except RegistryError:
        return None
    wanted = None if canonical is None else str(canonical)
    same = [written for written in file.written if written.canonical == wanted]
    if any(str(deprecated) in written.deprecated for written in same):
        return None
    if canonical is None or not same:
        return _added_to_entries(text.source, file.places, canonical, deprecated)
    path = ("entries", same[0].entry.place, "deprecated")
    return _appended(text.source, file.places, path, _quoted(deprecated))


def _added_to_entries(source: str, places: Places, canonical: ObjectRef | None, deprecated: ObjectRef) -> TextEdit:
    """The edit that writes an entry behind the last one."""
    last = len([*places.parts(("entries",))]) - 1
    if last >= 0:
        path = ("entries", last)
        style = _Style(_layout(source, places, path), _layout(source, places, (*path, "deprecated")))
        return _appended(source, places, ("entries",), style.written(canonical, deprecated))
    array, style = _first_layout(source, places)
    start, end = places.locate(("entries",))
    return TextEdit(Span(start + 1, end - 1), array.around(style.written(canonical, deprecated)))


def _appended(source: str, places: Places, path: JsonPath, value: str) -> TextEdit:
    """The edit that writes a value behind the last one of an array, which is not empty."""
    *_, (_, last) = places.parts(path)
    return TextEdit(Span(last.end, last.end), f"{_layout(source, places, path).comma}{value}")


def _layout(source: str, places: Places, path: JsonPath) -> _Layout:
    """How the object or array at `path`, which is not empty, is written."""
    start, end = places.locate(path)
    parts = [(value if key is None else key, value) for key, value in places.parts(path)]
    (first, value), (_, last) = parts[0], parts[-1]
    opening = source[start + 1 : first.start]
    if len(parts) > 1:
        # an object begins with what an entry has to have; of an array the newest part stands last
        (_, left), (right, _) = parts[:2] if first != value else parts[-2:]
        comma = source[left.end : right.start]
    elif _LINE_END.search(opening):
        comma = f",{opening}"
    else:
        comma = _comma(_colon(source, places, path))
    return _Layout(opening, comma, source[last.end : end - 1], source[first.end : value.start])


def _first_layout(source: str, places: Places) -> tuple[_Layout, _Style]:
    """How to write the array of entries, and the first one of them, to go with the keys beside it."""
    key, (start, end) = places.locate(("entries",), key=True), places.locate(("entries",))
    colon = _colon(source, places, ("entries",))
    inline = _Layout("", _comma(colon), "", colon)
    before = source[len(source[: key.start].rstrip(_SPACE)) : key.start]
    inside = source[start + 1 : end - 1]
    line_end = _LINE_END.search(before + inside)
    if line_end is None:
        return inline, _Style(inline, inline)
    indentation = _LINE_END.split(before)[-1] if _LINE_END.search(before) else ""
    unit = indentation or "  "
    outer = f"{line_end[0]}{_LINE_END.split(inside)[-1] if _LINE_END.search(inside) else indentation}"
    entry = _Layout(outer + 2 * unit, f",{outer}{2 * unit}", outer + unit, colon)
    return _Layout(outer + unit, "", outer), _Style(entry, inline)


def _colon(source: str, places: Places, path: JsonPath) -> str:
    """What stands between the last key of a path and its value."""
    return source[places.locate(path, key=True).end : places.locate(path).start]


def _comma(colon: str) -> str:
    """The comma that goes with a colon where nothing else tells: minified JSON has no space behind either."""
    return f",{colon.partition(':')[2]}"


def _quoted(reference: ObjectRef) -> str:
    return json.dumps(str(reference), ensure_ascii=False)


def replaced(places: Places, path: JsonPath, value: str) -> TextEdit:
    """The edit that puts another string in the place of the value at a path of a valid registry."""
    return TextEdit(places.locate(path), json.dumps(value, ensure_ascii=False))


def with_key(places: Places, place: int, key: str, value: str) -> TextEdit:
    """The edit that gives the entry at a place a key that it does not have yet, behind its others."""
    path = ("entries", place)
    *_, (_, last) = places.parts(path)
    layout = _layout(places.source, places, path)
    return TextEdit(Span(last.end, last.end), f"{layout.comma}{json.dumps(key)}{layout.colon}{json.dumps(value)}")


def without_deprecated(places: Places, place: int, number: int) -> TextEdit:
    """The edit that takes a deprecated path out of the entry at a place; the whole entry, if it has no other."""
    path = ("entries", place, "deprecated")
    if not places.has((*path, 1)):
        return without_entry(places, place)
    return _without(places, path, number)


def without_entry(places: Places, place: int) -> TextEdit:
    """The edit that takes the entry at a place out of a registry."""
    return _without(places, ("entries",), place)


def _without(places: Places, path: JsonPath, number: int) -> TextEdit:
    """The edit that takes one value out of an array, with a comma and the space around it."""
    here = places.locate((*path, number))
    if places.has((*path, number + 1)):
        return TextEdit(Span(here.start, places.locate((*path, number + 1)).start), "")
    if number:
        return TextEdit(Span(places.locate((*path, number - 1)).end, here.end), "")
    whole = places.locate(path)
    return TextEdit(Span(whole.start + 1, whole.end - 1), "")
