"""A text that is being edited: what an edit leaves alone is not read again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ssot_lsp.lexical import Reduced
from ssot_lsp.model import ImportStatement, PathString
from ssot_lsp.syntax import Syntax, parse
from ssot_lsp.syntax.comments import Suppression, suppressions_of
from ssot_lsp.syntax.imports import IMPORT_NODES, Block, is_docstring, statements
from ssot_lsp.syntax.strings import has_path_words, path_strings, written_paths
from ssot_lsp.syntax.tree import Tree, code_points, encoded, parser
from ssot_lsp.text import Span, Text, TextEdit

if TYPE_CHECKING:
    from tree_sitter import Node
    from tree_sitter import Tree as WholeTree

T = TypeVar("T", ImportStatement, PathString, Suppression)

Edit = Callable[[Text], TextEdit]
"""An edit, made from the text of which it speaks."""


class Live:
    """One version of a text in an editor, and its syntax, which is always as if it were parsed afresh."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.syntax = parse(text)
        self.has_words = has_path_words(text.source)
        """Whether there are words in it beside which strings may be paths."""
        self.data = b""
        self._whole: WholeTree | None = None
        """The tree of `data`, the whole text: made by the first edit, as it takes longer than `parse`."""

    def edited(self, edits: Iterable[Edit]) -> Live:
        """The next version, after some edits, one after the other."""
        old = self._whole.copy() if self._whole is not None else None
        text, begin, end = self.text, -1, -1
        for make_edit in edits:
            edit = make_edit(text)
            before, text = text, text.edited(edit)
            if old is not None:
                start, until = (_byte(before, offset) for offset in edit.span)
                longer = len(encoded(edit.new_text)) - (until - start)
                behind = edit.span.start + len(edit.new_text)
                points = _point(before, edit.span.start), _point(before, edit.span.end), _point(text, behind)
                old.edit(start, until, until + longer, *points)
                begin = start if begin < 0 else min(begin, start)
                end = max(end, until) + longer
        data = encoded(text.source)
        new = parser().parse(data, old) if old is not None else parser().parse(data)
        # what the parser makes of errors depends on what was there before
        if old is None or begin < 0 or self.syntax.has_errors or new.root_node.has_error:
            after = Live(text)
        else:
            for changed in old.changed_ranges(new):
                begin, end = min(begin, changed.start_byte), max(end, changed.end_byte)
            tree = Tree(new.root_node, Reduced(data), code_points(data, text.source))
            carrier = _Carrier(self, text, old.root_node, tree, (begin, end))
            after = Live.__new__(Live)
            after.text, after.syntax, after.has_words = text, carrier.syntax, carrier.has_words
        after.data, after._whole = data, new
        return after


class _Top(NamedTuple):
    """A statement or a comment at the top level of a module, by its place in bytes."""

    begin: int
    end: int
    kind: tuple[str, bool]
    """Its type, and whether it is a docstring: all that the imports beside it depend on."""


class _Carrier:
    """Makes the syntax of a version of a text from the one before.

    Whole statements at the top level are read again, or not at all: what stands in one says nothing about the others.
    """

    def __init__(self, before: Live, text: Text, old: Node, tree: Tree, part: tuple[int, int]) -> None:
        """`old` is the tree before, its places moved by the edits, which lie in a part of the text now (in bytes)."""
        self.before, self.text, self.tree, self.data = before, text, tree, tree.reduced.data
        new, (begin, end) = tree.root, part
        tops, gone = _tops(new, begin, end), _tops(old, begin, end)
        while (around := _around([*tops, *gone], begin, end)) != (begin, end):
            begin, end = around
            tops, gone = _tops(new, begin, end), _tops(old, begin, end)
        self.begin, self.end = begin, end
        """What is read again, in bytes of the text as it is now."""
        self.longer = len(self.data) - len(before.data)
        """How much longer the text is, in bytes."""
        self.kinds = [top.kind for top in tops], [top.kind for top in gone]
        self.span = Span(_code_points(before.data, begin), _code_points(before.data, end - self.longer))
        """The same in code points of the text before."""
        self.moved = len(text.source) - len(before.text.source)
        self.rows = len(text.line_starts) - len(before.text.line_starts)
        had = has_path_words(before.text.source[slice(*self.span)])
        has = has_path_words(text.source[self.span.start : self.span.end + self.moved])
        self.has_words = before.has_words if had == has else has or has_path_words(text.source)

    @property
    def syntax(self) -> Syntax:
        """The syntax now."""
        imports = self.imports()
        suppressions, ignore_file = self.suppressions()
        paths = tuple(self.paths(imports))
        return Syntax(imports, suppressions, ignore_file, read_paths=lambda: paths)

    def carried(self, items: Sequence[T], move: Callable[[T], T]) -> tuple[list[T], list[T]]:
        """What is left of some things before the part that is read again, and what comes behind it, moved."""
        head = [item for item in items if item.span.end <= self.span.start]
        tail = [item for item in items[len(head) :] if item.span.start >= self.span.end]
        return head, [move(item) for item in tail] if self.longer or self.moved or self.rows else tail

    def imports(self) -> tuple[ImportStatement, ...]:
        nodes = self.tree.around((b"import",), IMPORT_NODES, self.begin, self.end)
        head, tail = self.carried(self.before.syntax.imports, self.moved_import)
        kinds, gone = self.kinds
        module: Block | None = None
        if kinds != gone or any(kind in IMPORT_NODES for kind, _ in kinds):
            ends = [node.start_byte for node in nodes[-1:]]
            ends += [_byte(self.text, statement.span.start) for statement in (tail or head)[-1:]]
            module = Block.of(self.tree.root, self.tree.reduced.original, max(ends, default=0))
        inside = [*statements(self.tree, self.text.source, nodes, module)]
        self.reads_imports = bool(inside) or len(head) + len(tail) < len(self.before.syntax.imports)
        found = [*head, *inside, *tail]
        if module is None:
            return tuple(found)
        runs = iter(module.runs.values())
        return tuple(
            statement._replace(run=next(runs)) if statement.block == module.place and statement.run >= 0 else statement
            for statement in found
        )

    def moved_import(self, statement: ImportStatement) -> ImportStatement:
        by = self.longer
        names = (
            name._replace(name_span=self.moved_span(name.name_span), span=self.moved_span(name.span))
            for name in statement.names
        )
        return statement._replace(
            span=self.moved_span(statement.span),
            module_span=self.moved_span(statement.module_span),
            names=tuple(names),
            block=statement.block + by if statement.block >= 0 else statement.block,
            guarded_by=tuple(place + by for place in statement.guarded_by),
            handler_of=tuple(place + by for place in statement.handler_of),
            branches=tuple((place + by, branch + by) for place, branch in statement.branches),
        )

    def moved_span(self, span: Span) -> Span:
        return Span(span.start + self.moved, span.end + self.moved)

    def suppressions(self) -> tuple[tuple[Suppression, ...], bool]:
        found, is_for_file = suppressions_of(self.tree, self.text, self.begin, self.end)
        if is_for_file or self.before.syntax.ignore_file:
            return suppressions_of(self.tree, self.text)
        head, tail = self.carried(self.before.syntax.suppressions, self.moved_suppression)
        return (*head, *found, *tail), False

    def moved_suppression(self, suppression: Suppression) -> Suppression:
        part = self.moved_span(suppression.part) if suppression.part is not None else None
        return suppression._replace(row=suppression.row + self.rows, span=self.moved_span(suppression.span), part=part)

    def paths(self, imports: Sequence[ImportStatement]) -> Iterator[PathString]:
        before, head, tail = self.before, list[PathString](), list[PathString]()
        begin, end = 0, len(self.data)
        # what a string is taken for depends on some words anywhere, and on what names are imported from
        if self.has_words == before.has_words and not self.reads_imports:
            head, tail = self.carried(before.syntax.paths, self.moved_path)
            begin, end = self.begin, self.end
        yield from head
        yield from path_strings(self.tree, written_paths(self.data, self.has_words, begin, end), imports)
        yield from tail

    def moved_path(self, path: PathString) -> PathString:
        by = self.longer
        return path._replace(
            span=self.moved_span(path.span),
            place=self.moved_span(path.place),
            guarded_by=tuple(place + by for place in path.guarded_by),
            handler_of=tuple(place + by for place in path.handler_of),
        )


def _tops(root: Node, begin: int, end: int) -> list[_Top]:
    """What stands at the top level and touches a part of the text (in bytes)."""
    found: list[_Top] = []
    cursor = root.walk()
    if cursor.goto_first_child_for_byte(max(begin - 1, 0)) is None:
        return found
    while (node := cursor.node) is not None and node.start_byte <= end:
        if node.end_byte >= begin:
            found.append(_Top(node.start_byte, node.end_byte, (node.type, is_docstring(node))))
        if not cursor.goto_next_sibling():
            break
    return found


def _around(tops: Sequence[_Top], begin: int, end: int) -> tuple[int, int]:
    """A part of the text with all of what touches it."""
    return min([begin, *(top.begin for top in tops)]), max([end, *(top.end for top in tops)])


def _byte(text: Text, offset: int) -> int:
    """An offset in code points as one in bytes."""
    return offset if text.source.isascii() else len(encoded(text.source[:offset]))


def _code_points(data: bytes, byte: int) -> int:
    """The opposite."""
    return byte if data.isascii() else len(data[:byte].decode("utf-8", "surrogatepass"))


def _point(text: Text, offset: int) -> tuple[int, int]:
    """An offset in code points as row and column, as tree-sitter counts them: the column in bytes."""
    row, column = text.position(offset)
    return row, len(encoded(text.source[offset - column : offset]))
