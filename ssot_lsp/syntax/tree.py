"""What tree-sitter makes of a text: the one parser on the typing path, which reads half-typed code and newer syntax."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Container, Iterable
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ssot_lsp.lexical import Reduced
from ssot_lsp.text import Span

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Parser, Query


class Tree(NamedTuple):
    """What the parser makes of a text, or of the pieces of it that matter."""

    root: Node
    reduced: Reduced
    to_code_points: Callable[[int], int]
    """From offsets in the whole text's bytes."""

    @classmethod
    def of(cls, data: bytes, reduced: Reduced, source: str) -> Tree:
        """Parse the pieces, or all of the text if there are errors in them.

        Classes and functions that do not matter need not be parsed, which are nine tenths of most files.
        """
        root = parser().parse(reduced.data).root_node
        if root.has_error and len(reduced.starts) > 1:
            reduced = Reduced(data)
            root = parser().parse(data).root_node
        return cls(root, reduced, code_points(data, source))

    def offset(self, place: int) -> int:
        """The offset in the text, in code points, of a place that a node tells; fast in ascending order."""
        return self.to_code_points(self.reduced.original(place))

    def span(self, node: Node) -> Span:
        """Where a node stands in the text."""
        return Span(self.offset(node.start_byte), self.offset(node.end_byte))

    def around(
        self, words: Iterable[bytes], types: Container[str], begin: int = 0, end: int = sys.maxsize
    ) -> list[Node]:
        """The nodes of some types to which the tokens belong in which some words stand, in their order.

        Of the words between two places alone (in bytes of what was parsed), if these are given.
        """
        found: dict[int, Node] = {}
        in_data = ((place, len(word)) for word in words for place in places(self.reduced.data, word, begin, end))
        for place, length in in_data:
            node = self.root.descendant_for_byte_range(place, place + length)
            node = node if node is None or node.type in types else node.parent
            if node is not None and node.type in types:
                found[node.start_byte] = node
        return [node for _, node in sorted(found.items())]


def places(data: bytes, word: bytes, begin: int = 0, end: int = sys.maxsize) -> list[int]:
    """Where a word begins, in bytes, between two places."""
    return [match.start() for match in re.compile(re.escape(word)).finditer(data, begin, end)]


def count_errors(source: str) -> int:
    """How many places of a text the parser could not make sense of."""
    root = parser().parse(encoded(source)).root_node
    if not root.has_error:
        return 0
    from tree_sitter import QueryCursor  # noqa: PLC0415

    found = QueryCursor(query("(ERROR) @error (MISSING) @missing")).captures(root)
    return sum(len(nodes) for nodes in found.values())


def encoded(source: str) -> bytes:
    """The text as tree-sitter reads it: in UTF-8, and with `\n` for a lone `\r`, where its comments would not end."""
    if "\r" in source:
        source = re.sub(r"\r(?!\n)", "\n", source)
    return source.encode("utf-8", "surrogatepass")


@cache
def _language() -> Language:
    from tree_sitter import Language  # noqa: PLC0415 - 20 ms that a file without imports need not pay
    from tree_sitter_python import language  # noqa: PLC0415

    return Language(language())


@cache
def parser() -> Parser:
    """The parser, the same one each time."""
    from tree_sitter import Parser  # noqa: PLC0415

    return Parser(_language())


@cache
def query(pattern: str) -> Query:
    """A query by its pattern."""
    from tree_sitter import Query  # noqa: PLC0415

    query: Query = Query(_language(), pattern)
    return query


def code_points(data: bytes, source: str) -> Callable[[int], int]:
    """A function from offsets in UTF-8 bytes to offsets in code points; fast if it is asked in ascending order."""
    if len(data) == len(source):
        return lambda byte: byte
    last = (0, 0)

    def convert(byte: int) -> int:
        nonlocal last
        if byte < last[0]:
            last = (0, 0)
        last = (byte, last[1] + len(data[last[0] : byte].decode("utf-8", "surrogatepass")))
        return last[1]

    return convert


def dotted(node: Node) -> str:
    """The text of a dotted name without white space, line continuations and comments between its parts."""
    if node.type in ("identifier", "."):
        return (node.text or b"").decode("utf-8", "replace")
    return "".join(dotted(child) for child in node.children)
