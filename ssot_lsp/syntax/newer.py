"""Syntax that the running Python does not know, or tells no places of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from ssot_lsp.syntax.tree import code_points, dotted, encoded, parser, query

if TYPE_CHECKING:
    from tree_sitter import Node


def older(source: str) -> str | None:
    r"""A text that binds the same names in the same places, in syntax of Python 3.10; its lines end at `\n`.

    None for what the parser cannot make sense of. What is left of strings and of types is not what they mean.
    """
    data = encoded(source)
    from tree_sitter import QueryCursor  # noqa: PLC0415

    found = QueryCursor(query(_NEWER)).captures(parser().parse(data).root_node)
    lists = found.get("parameters", ())
    for error in found.get("error", ()):  # it does not know defaults of type parameters
        if not any(node.start_byte < error.start_byte and error.end_byte < node.end_byte for node in lists):
            return None
    text = bytearray(data)
    for string in sorted(found.get("string", ()), key=lambda node: node.start_byte):
        _unquote(string, data, text)
    for splat in found.get("splat", ()):
        text[splat.start_byte : splat.start_byte + 1] = b" "
    for comma in found.get("comma", ()):
        text[comma.start_byte : comma.end_byte] = b"|"
    for node in lists:
        _enclose(text, node.start_byte, node.end_byte)
        around = node.next_named_sibling
        if around is not None and around.type in ("parameters", "argument_list"):
            text[node.end_byte - 1 : around.start_byte + 1] = b" " * (around.start_byte + 2 - node.end_byte)
    for alias in found.get("alias", ()):
        _assign(alias, text)
    return text.decode("utf-8", "surrogatepass")


_NEWER = """
(string (string_start) @start (#match? @start "^[a-zA-Z]*[fFtT]")) @string
(concatenated_string (string) @string)
(splat_type) @splat
(subscript (list_splat) @splat)
(except_clause "," @comma)
(except_clause "*" @splat)
(_ type_parameters: (type_parameter) @parameters)
(type_alias_statement left: (type [(identifier) (generic_type (type_parameter) @parameters)])) @alias
[(ERROR) (MISSING)] @error
"""


def _enclose(text: bytearray, start: int, end: int) -> None:
    """Put an empty pair of parentheses, as long and as many lines high, in the place of a part of a text."""
    inner = re.sub(rb"[^\n]", b" ", text[start + 1 : end - 1])
    text[start:end] = b"(%b)" % inner if end - start > 1 else b"0"


def _unquote(string: Node, data: bytes, text: bytearray) -> None:
    """Leave only the expressions in a string, each in parentheses, in braces, as no alias is: `{(a)}`, `{(a)(b)}`.

    Of strings in a row, those behind the first one become arguments of a call: `{(a)}((b))`.
    """
    _enclose(text, string.start_byte, string.end_byte)
    parent = string.parent
    if parent is None or parent.type != "concatenated_string" or parent.start_byte == string.start_byte:
        text[string.start_byte], text[string.end_byte - 1] = b"{}"
    todo = [*string.children]
    while todo:
        node = todo.pop()
        expression = node.child_by_field_name("expression")
        if expression is not None:
            _enclose(text, node.start_byte, node.end_byte)
            if expression.type == "named_expression":  # `{a:=5}` formats `a` by `=5`
                expression = expression.named_children[0]
            text[expression.start_byte : expression.end_byte] = data[expression.start_byte : expression.end_byte]
        if node != expression and node.type in ("interpolation", "format_specifier", "format_expression"):
            todo += node.children


def _assign(alias: Node, text: bytearray) -> None:
    """Make an assignment of nothing in particular of a `type` statement."""
    left, right = alias.child_by_field_name("left"), alias.child_by_field_name("right")
    name = left.named_children[0] if left is not None else None
    if left is None or right is None or name is None or name.type not in ("identifier", "generic_type"):
        return  # it is an assignment to a part of `type(…)`
    _enclose(text, right.start_byte, right.end_byte)
    has_parameters = text[left.end_byte - 1 : left.end_byte] == b")"
    text[alias.start_byte : alias.start_byte + 4] = b"0; (" if has_parameters else b"0;  "
    if has_parameters:
        opening = text.index(b"(", left.start_byte)
        text[opening : opening + 1] = b" "


class Interpolated(NamedTuple):
    """A name, with the attributes that follow it directly, in the braces of an f-string."""

    names: tuple[str, ...]
    start: int
    """Where it begins, in code points."""
    ends: tuple[int, ...]
    """Where each of its parts ends."""
    is_shown: bool
    """It stands in `{name=}`, which prints its text."""


def interpolated(source: str) -> Iterator[Interpolated]:
    """The names in the f-strings of an expression, where Python's own parser tells no reliable places before 3.12."""
    data = encoded(source)
    offset = code_points(data, source)
    from tree_sitter import QueryCursor  # noqa: PLC0415

    found = QueryCursor(query("(interpolation) @braces")).captures(parser().parse(data).root_node)
    seen = set[int]()
    for braces in found.get("braces", ()):
        is_shown = any(child.type == "=" for child in braces.children)
        todo = [*braces.children]
        while todo:
            node = todo.pop()
            if node.type == "identifier" and _is_name(node) and node.start_byte not in seen:
                seen.add(node.start_byte)
                yield _interpolated(node, offset, is_shown=is_shown)
            todo += node.children


def _is_name(identifier: Node) -> bool:
    """Whether an identifier is a name, and not an attribute, the name of an argument or a parameter."""
    parent = identifier.parent
    if parent is None:
        return False
    field = next((name for name in ("attribute", "name") if parent.child_by_field_name(name) == identifier), "")
    return not field and "parameters" not in parent.type


def _interpolated(node: Node, offset: Callable[[int], int], *, is_shown: bool) -> Interpolated:
    names, start, ends = [dotted(node)], offset(node.start_byte), [offset(node.end_byte)]
    while (parent := node.parent) is not None and parent.type == "attribute":
        attribute = parent.child_by_field_name("attribute")
        if attribute is None or parent.child_by_field_name("object") != node:
            break
        names.append(dotted(attribute))
        ends.append(offset(attribute.end_byte))
        node = parent
    return Interpolated(tuple(names), start, tuple(ends), is_shown)
