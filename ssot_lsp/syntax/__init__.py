"""Source text → what it imports and which strings are paths, and where. Works on half-typed code and newer syntax.

The only package that knows tree-sitter. It says what is written and judges nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ssot_lsp.lexical import around, without_definitions
from ssot_lsp.model import ImportStatement, PathString
from ssot_lsp.syntax.comments import SILENCING, Suppression, marks, suppressions_of
from ssot_lsp.syntax.imports import asks_for_version, statements
from ssot_lsp.syntax.newer import interpolated, older
from ssot_lsp.syntax.strings import (
    MODULE_WORDS,
    PATCH_WORDS,
    PATH,
    has_path_words,
    path_strings,
    written_paths,
)
from ssot_lsp.syntax.tree import Tree, count_errors, encoded, places
from ssot_lsp.text import Text

__all__ = [
    "MODULE_WORDS",
    "PATCH_WORDS",
    "PATH",
    "Suppression",
    "Syntax",
    "asks_for_version",
    "count_errors",
    "interpolated",
    "older",
    "parse",
    "parse_around",
]


@dataclass(frozen=True)
class Syntax:
    """What a source text imports, which of its strings are dotted paths, and what its comments silence."""

    imports: tuple[ImportStatement, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    ignore_file: bool = False
    has_errors: bool = False
    """Whether the parser met something that is not Python."""
    read_paths: Callable[[], Iterable[PathString]] = tuple
    read_paths_in_question: Callable[[], Iterable[PathString]] | None = None

    @cached_property
    def paths(self) -> tuple[PathString, ...]:
        """The strings that code takes for dotted paths."""
        return tuple(self.read_paths())

    @cached_property
    def paths_in_question(self) -> tuple[PathString, ...]:
        """Those of them of which something may have to be said: all, if nobody has looked yet."""
        return tuple(self.read_paths_in_question()) if self.read_paths_in_question is not None else self.paths


def parse(text: Text, *, with_paths: bool = True) -> Syntax:
    """Read a source text. Never fails: what cannot be read is left out or marked as not well formed.

    Without `with_paths` its paths in strings are only looked for when someone asks for them, which takes longer.
    """
    source = text.source
    has_comments = any(word.decode() in source for word in SILENCING)
    has_words = has_path_words(source)
    data = encoded(source)
    written = written_paths(data, has_words)
    if "import" not in source and not has_comments and not written:
        return Syntax()
    points = sorted([*places(data, b"import"), *marks(data)])
    points_with_paths = sorted([*points, *(match.start() for match in written)])
    tree = Tree.of(data, without_definitions(data, points_with_paths if with_paths else points), source)
    suppressions, ignore_file = suppressions_of(tree, text)
    imports = tuple(statements(tree, source))

    def read_paths() -> Iterable[PathString]:
        all_of = tree if with_paths else Tree.of(data, without_definitions(data, points_with_paths), source)
        return path_strings(all_of, written, imports) if written else ()

    return Syntax(imports, suppressions, ignore_file, tree.root.has_error, read_paths)


def parse_around(text: Text, points: Sequence[int]) -> Syntax:
    r"""The same of nothing but the imports and strings that stand at some places, and what they are in.

    They are given as offsets in bytes, in UTF-8, of a text whose lines end at `\n`; strings only with all imports. What
    is told of how imports stand beside each other (`run`, `others`) is of no use: nothing can be rewritten by it.
    """
    data = encoded(text.source)
    strings = [match for match in (re.compile(PATH).match(data, point) for point in points) if match]
    tree = Tree.of(data, around(data, sorted([*points, *marks(data)])), text.source)
    suppressions, ignore_file = suppressions_of(tree, text)
    imports = tuple(statements(tree, text.source))
    return Syntax(
        imports,
        suppressions,
        ignore_file,
        tree.root.has_error,
        read_paths=lambda: parse(text).paths,
        read_paths_in_question=lambda: path_strings(tree, strings, imports),
    )
