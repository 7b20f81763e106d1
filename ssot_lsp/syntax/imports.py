"""The import statements of a text, and what the statements around them say about them."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ssot_lsp.model import ImportedName, ImportStatement
from ssot_lsp.syntax.tree import Tree, code_points, dotted, encoded, parser
from ssot_lsp.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

IMPORT_NODES = frozenset({"import_statement", "import_from_statement", "future_import_statement"})
_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError"})
_CAUGHT = _IMPORT_ERRORS | {"Exception", "BaseException"}
_RAISES = frozenset({"raises", "assertRaises", "assertRaisesRegex"})


class Block(NamedTuple):
    """What a block says of the import statements in it."""

    place: int
    """Where it begins, in bytes; -1 for the module, which some other block may seem to begin with."""
    others: int
    """As in `ImportStatement`."""
    runs: Mapping[int, int]
    """The number of the unbroken run of imports in which each stands, by where it begins (bytes of the tree)."""

    @classmethod
    def of(cls, node: Node, original: Callable[[int], int], until: int) -> Block:
        """Read it from its node, as far as it matters for imports that begin before or at some byte of the tree."""
        if node.type == "module":
            return cls(-1, sys.maxsize, dict(_runs(node, until)))
        others = sum(child.type != "comment" for child in node.named_children) - 1
        return cls(original(node.start_byte), others, dict(_runs(node, until)))


def statements(
    tree: Tree, source: str, nodes: Sequence[Node] | None = None, module: Block | None = None
) -> Iterator[ImportStatement]:
    """The import statements of a text in their order, or those of some nodes; with what is known of the module."""
    nodes = tree.around((b"import",), IMPORT_NODES) if nodes is None else nodes
    blocks: dict[int, Block] = {tree.root.id: module} if module is not None else {}
    for node in nodes:
        parent = node.parent
        if parent is None:
            continue
        if parent.id not in blocks:
            blocks[parent.id] = Block.of(parent, tree.reduced.original, nodes[-1].start_byte)
        block = blocks[parent.id]
        statement = _statement(node, tree.offset)
        if statement is not None:
            place = place_of(node, tree.reduced.original)._asdict()
            well_formed = _begins(statement, source) and _parses(source[slice(*statement.span)])
            run = block.runs.get(node.start_byte, -1)
            statement = statement._replace(
                block=block.place, run=run, others=block.others, well_formed=well_formed, **place
            )
            if not well_formed and (inner := _recovered(statement, source)) is not None:
                yield inner
            yield statement


def _recovered(statement: ImportStatement, source: str) -> ImportStatement | None:
    """The whole import on the last line of what is no statement.

    Below a half-typed `from a` the parser takes `import b` for its end, below `if x` only half of `from a import b`.
    """
    line = max(source.rfind("\n", 0, statement.span.end), source.rfind("\r", 0, statement.span.end)) + 1
    code = source[line : statement.span.end]
    start = line + len(code) - len(code.lstrip())
    if not code.lstrip().startswith(("import ", "from ")) or not _parses(code.lstrip()):
        return None
    data = encoded(code.lstrip())
    node = parser().parse(data).root_node.named_child(0)
    offset = code_points(data, code.lstrip())
    found = _statement(node, lambda byte: start + offset(byte)) if node and node.type in IMPORT_NODES else None
    return (
        found._replace(
            block=statement.block,
            run=-1,
            guarded_by=statement.guarded_by,
            handler_of=statement.handler_of,
            branches=statement.branches,
            deferred=statement.deferred,
            expects_error=statement.expects_error,
            type_checking=statement.type_checking,
            by_version=statement.by_version,
        )
        if found
        else None
    )


def _begins(statement: ImportStatement, source: str) -> bool:
    """Whether a statement can begin where this one does: at the beginning of a line, or behind `;` or `:`.

    In half-typed code the parser may take `import b` of `from a import b` for a statement of its own.
    """
    start = statement.span.start
    before = source[max(source.rfind("\n", 0, start), source.rfind("\r", 0, start)) + 1 : start].rstrip()
    return not before or before[-1] in ";:"


@lru_cache(maxsize=8192)  # most import statements stand in many files
def _parses(statement: str) -> bool:
    try:
        return len(ast.parse(statement).body) == 1
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _runs(block: Node, until: int) -> Iterator[tuple[int, int]]:
    """The import statements of a block by where they begin, each with the number of its unbroken run of imports."""
    run = 0
    cursor = block.walk()
    has_more = cursor.goto_first_child()
    while has_more and (child := cursor.node) is not None and child.start_byte <= until:
        if child.type in IMPORT_NODES:
            yield child.start_byte, run
        elif child.is_named and child.type != "comment" and not is_docstring(child):
            run += 1
        has_more = cursor.goto_next_sibling()


def is_docstring(node: Node) -> bool:
    """Whether a statement is a string alone."""
    return node.type == "expression_statement" and [child.type for child in node.named_children] == ["string"]


def _statement(node: Node, offset: Callable[[int], int]) -> ImportStatement | None:
    start = offset(node.start_byte)
    level, module = 0, ""
    module_node = node.child_by_field_name("module_name")
    if node.type == "import_from_statement":
        if module_node is None:
            return None
        level, module = _module(module_node)
        module_span = Span(offset(module_node.start_byte), offset(module_node.end_byte))
    names = tuple(_name(child, offset) for child in node.children_by_field_name("name") if child.type != "ERROR")
    if node.type == "future_import_statement":
        module = "__future__"
        module_span = Span(start, start)
    elif node.type == "import_statement":
        if not names:
            return None
        module_span = names[0].name_span
    return ImportStatement(
        span=Span(start, offset(node.end_byte)),
        is_from=node.type != "import_statement",
        module=module,
        level=level,
        module_span=module_span,
        names=names,
        is_star=any(child.type == "wildcard_import" for child in node.named_children),
    )


def _module(node: Node) -> tuple[int, str]:
    """Level and dotted module of `a.b` or `..a.b`. White space between the parts is legal and means nothing."""
    written = dotted(node)
    module = written.lstrip(".")
    return len(written) - len(module), module


def _name(node: Node, offset: Callable[[int], int]) -> ImportedName:
    name = node.child_by_field_name("name") or node
    alias = node.child_by_field_name("alias")
    name_span = Span(offset(name.start_byte), offset(name.end_byte))
    return ImportedName(
        name=dotted(name),
        asname=dotted(alias) if alias else None,
        name_span=name_span,
        span=Span(name_span.start, offset(node.end_byte)),
    )


class _Place(NamedTuple):
    """What the statements around a node say about it. The fields are those of `ImportStatement`."""

    guarded_by: tuple[int, ...]
    handler_of: tuple[int, ...]
    branches: tuple[tuple[int, int], ...]
    deferred: bool
    expects_error: bool
    type_checking: bool
    by_version: bool


def place_of(node: Node, original: Callable[[int], int]) -> _Place:
    """Look at the statements around a node, from the innermost outwards; they are named by where they begin."""
    guarded_by: tuple[int, ...] = ()
    handler_of: tuple[int, ...] = ()
    branches: tuple[tuple[int, int], ...] = ()
    expects_error = type_checking = by_version = False
    deferred = False  # in a function's body: it runs later, outside of the `try` or `with` around its definition
    child, parent = node, node.parent
    while parent is not None:
        kind = parent.type
        if kind in ("function_definition", "lambda"):
            deferred = True
        elif kind in ("if_statement", "elif_clause"):
            condition, body = parent.child_by_field_name("condition"), parent.child_by_field_name("consequence")
            by_version |= kind == "if_statement" and any(map(_asks_for_version, parent.named_children))
            if kind == "if_statement" and not deferred:
                branches += ((original(parent.start_byte), original(child.start_byte)),)
            if condition is not None and body == child:
                type_checking |= _needs_type_checker(condition)
        elif kind == "else_clause" and parent.parent is not None and parent.parent.type == "if_statement":
            condition = parent.parent.child_by_field_name("condition")
            is_not = condition is not None and condition.type == "not_operator"
            type_checking |= condition is not None and is_not and _needs_type_checker(condition.named_children[0])
        elif deferred:
            pass
        elif kind == "try_statement":
            catches = any(_catches(clause) & _CAUGHT for clause in parent.named_children)
            if catches and parent.child_by_field_name("body") == child:
                guarded_by += (original(parent.start_byte),)
            elif child.type == "except_clause" and _catches(child) & _CAUGHT:
                handler_of += (original(parent.start_byte),)
        elif kind == "with_statement":
            calls = dict(_context_calls(parent, node))
            expects_error |= any(_IMPORT_ERRORS & calls.get(name, frozenset()) for name in _RAISES)
            if calls.get("suppress", frozenset()) & _CAUGHT:
                guarded_by += (original(parent.start_byte),)
        child, parent = parent, parent.parent
    return _Place(guarded_by, handler_of, branches, deferred, expects_error, type_checking, by_version)


asks_for_version = re.compile(
    r"version_info|hexversion|sys\.version|python_version|hasattr\s*\(|(?i:(?:\b|_)py(?:thon)?_?[23])"
).search
"""Whether a condition, as written, seems to ask for the version of Python, or for what a module has."""


def _asks_for_version(node: Node) -> bool:
    """Whether a child of an `if` statement is such a condition, or has one."""
    condition = node.child_by_field_name("condition") if node.type == "elif_clause" else node
    if condition is None or node.type in ("block", "else_clause", "comment"):
        return False
    return asks_for_version((condition.text or b"").decode("utf-8", "replace")) is not None


def _needs_type_checker(condition: Node) -> bool:
    """Whether a condition holds only while a type checker reads the file."""
    if condition.type in ("boolean_operator", "parenthesized_expression"):
        is_or = any(child.type == "or" for child in condition.children)
        return not is_or and any(_needs_type_checker(child) for child in condition.named_children)
    return condition.type in ("identifier", "attribute") and "TYPE_CHECKING" in _last_parts(condition)


def _catches(node: Node) -> frozenset[str]:
    """The last parts of the exceptions that an `except` clause names; a bare one catches BaseException."""
    if node.type != "except_clause":
        return frozenset()
    value = next((child for child in node.named_children if child.type not in ("block", "comment")), None)
    return _last_parts(value) if value is not None else frozenset({"BaseException"})


def _last_parts(node: Node) -> frozenset[str]:
    if node.type in ("identifier", "attribute"):
        return frozenset({dotted(node).split(".")[-1]})
    if node.type == "as_pattern":
        return _last_parts(node.named_children[0])
    if node.type == "keyword_argument":
        return _last_parts(node.named_children[-1])
    if node.type in ("tuple", "parenthesized_expression"):
        return frozenset().union(*(_last_parts(child) for child in node.named_children))
    return frozenset()


def _context_calls(node: Node, before: Node) -> Iterator[tuple[str, frozenset[str]]]:
    """The calls among a `with` statement's items: the function's last part, and the last parts of its arguments.

    Only those before some node: an item is not in the context of those behind it.
    """
    for clause in node.named_children:
        for item in clause.named_children if clause.type == "with_clause" else ():
            call = item.child_by_field_name("value")
            while call is not None and call.type in ("as_pattern", "parenthesized_expression"):
                call = call.named_children[0]
            if call is None or call.type != "call" or call.end_byte > before.start_byte:
                continue
            function, arguments = call.child_by_field_name("function"), call.child_by_field_name("arguments")
            if function is not None and arguments is not None:
                names = (_last_parts(argument) for argument in arguments.named_children)
                yield dotted(function).split(".")[-1], frozenset().union(*names)
