"""Source text → what it imports, and where each import stands. Works on half-typed code and on newer syntax.

The only module that knows tree-sitter, the one parser on the typing path. It says what is written and judges nothing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ssot_lsp.model import ImportedName, ImportStatement
from ssot_lsp.text import Span, Text

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Parser, Query

_IMPORT_NODES = frozenset({"import_statement", "import_from_statement", "future_import_statement"})
_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError"})
_CAUGHT = _IMPORT_ERRORS | {"Exception", "BaseException"}
_RAISES = frozenset({"raises", "assertRaises", "assertRaisesRegex"})

_SUPPRESSION = (  # compiled on use
    r"(?i)#\s*(?:ssot:\s*(?P<file>ignore-file)\b"
    # a list of codes with a mistake in it silences nothing: a typo must not silence everything
    r"|ssot:\s*ignore\b(?:\s*\[(?P<codes>\s*[A-Z]+[0-9]+(?:\s*,\s*[A-Z]+[0-9]+)*\s*)\]|(?!-|\s*[\[(]))(?P<rest>[^#]*)"
    r"|noqa:\s*(?P<noqa>[A-Z][A-Z]*[0-9]+(?:[\s,]+[A-Z]+[0-9]+)*))"
)
_UNTIL = r"until=([^\s\]]*)"


class Suppression(NamedTuple):
    """A comment that silences diagnostics on its row (from 0)."""

    row: int
    span: Span
    codes: frozenset[str]
    """Upper-case rule codes; empty means all."""
    until: date | None = None
    """The last day on which it holds."""

    def silences(self, code: str, today: date) -> bool:
        """Whether it silences the rule `code` on the day `today`."""
        return (not self.codes or code in self.codes) and (self.until is None or today <= self.until)


class Syntax(NamedTuple):
    """What a source text imports and what its comments silence."""

    imports: tuple[ImportStatement, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    ignore_file: bool = False
    has_errors: bool = False
    """Whether the parser met something that is not Python."""


def parse(text: Text) -> Syntax:
    """Read a source text. Never fails: what cannot be read is left out or marked as not well formed."""
    source = text.source
    has_comments = "ssot:" in source or "SSOT" in source
    if "import" not in source and not has_comments:
        return Syntax()
    data = _bytes(source)
    root = _parser().parse(data).root_node
    offset = _code_points(data, source)
    captures = _captures(root, comments=has_comments)
    nodes = sorted(captures.get("import", ()), key=lambda node: node.start_byte)
    suppressions, ignore_file = _suppressions(captures.get("comment", ()), text, offset)
    imports = tuple(_statements(nodes, source, offset))
    return Syntax(imports, suppressions, ignore_file, root.has_error)


def count_errors(source: str) -> int:
    """How many places of a text the parser could not make sense of."""
    root = _parser().parse(_bytes(source)).root_node
    if not root.has_error:
        return 0
    from tree_sitter import QueryCursor  # noqa: PLC0415

    found = QueryCursor(_query("(ERROR) @error (MISSING) @missing")).captures(root)
    return sum(len(nodes) for nodes in found.values())


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
    data = _bytes(source)
    offset = _code_points(data, source)
    from tree_sitter import QueryCursor  # noqa: PLC0415

    found = QueryCursor(_query("(interpolation) @braces")).captures(_parser().parse(data).root_node)
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
    names, start, ends = [_dotted(node)], offset(node.start_byte), [offset(node.end_byte)]
    while (parent := node.parent) is not None and parent.type == "attribute":
        attribute = parent.child_by_field_name("attribute")
        if attribute is None or parent.child_by_field_name("object") != node:
            break
        names.append(_dotted(attribute))
        ends.append(offset(attribute.end_byte))
        node = parent
    return Interpolated(tuple(names), start, tuple(ends), is_shown)


def _bytes(source: str) -> bytes:
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
def _parser() -> Parser:
    from tree_sitter import Parser  # noqa: PLC0415

    return Parser(_language())


@cache
def _query(pattern: str) -> Query:
    from tree_sitter import Query  # noqa: PLC0415

    query: Query = Query(_language(), pattern)
    return query


def _captures(root: Node, *, comments: bool) -> dict[str, list[Node]]:
    from tree_sitter import QueryCursor  # noqa: PLC0415

    pattern = "[(import_statement) (import_from_statement) (future_import_statement)] @import"
    return QueryCursor(_query(pattern + " (comment) @comment" if comments else pattern)).captures(root)


def _code_points(data: bytes, source: str) -> Callable[[int], int]:
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


def _statements(nodes: list[Node], source: str, offset: Callable[[int], int]) -> Iterator[ImportStatement]:
    blocks: dict[int, tuple[int, int, dict[int, int]]] = {}
    for node in nodes:
        parent = node.parent
        if parent is None:
            continue
        if parent.id not in blocks:
            others = sum(child.type != "comment" for child in parent.named_children) - 1
            others = max(others, 1) if parent.type == "module" else others
            blocks[parent.id] = (len(blocks), others, dict(_runs(parent)))
        block, others, runs = blocks[parent.id]
        statement = _statement(node, offset)
        if statement is not None:
            well_formed = _begins(statement, source) and _parses(source[slice(*statement.span)])
            run = runs.get(node.id, -1)
            statement = statement._replace(block=block, run=run, others=others, well_formed=well_formed)
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
    data = _bytes(code.lstrip())
    node = _parser().parse(data).root_node.named_child(0)
    offset = _code_points(data, code.lstrip())
    found = _statement(node, lambda byte: start + offset(byte)) if node and node.type in _IMPORT_NODES else None
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


def _parses(statement: str) -> bool:
    try:
        return len(ast.parse(statement).body) == 1
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _runs(block: Node) -> Iterator[tuple[int, int]]:
    """The import statements of a block by node id, each with the number of its unbroken run of imports."""
    run = 0
    for child in block.named_children:
        if child.type in _IMPORT_NODES:
            yield child.id, run
        elif child.type != "comment" and not _is_docstring(child):
            run += 1


def _is_docstring(node: Node) -> bool:
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
    place = _place(node)
    return ImportStatement(
        span=Span(start, offset(node.end_byte)),
        is_from=node.type != "import_statement",
        module=module,
        level=level,
        module_span=module_span,
        names=names,
        is_star=any(child.type == "wildcard_import" for child in node.named_children),
        **place._asdict(),
    )


def _module(node: Node) -> tuple[int, str]:
    """Level and dotted module of `a.b` or `..a.b`. White space between the parts is legal and means nothing."""
    written = _dotted(node)
    module = written.lstrip(".")
    return len(written) - len(module), module


def _dotted(node: Node) -> str:
    """The text of a dotted name without white space, line continuations and comments between its parts."""
    if node.type in ("identifier", "."):
        return (node.text or b"").decode("utf-8", "replace")
    return "".join(_dotted(child) for child in node.children)


def _name(node: Node, offset: Callable[[int], int]) -> ImportedName:
    name = node.child_by_field_name("name") or node
    alias = node.child_by_field_name("alias")
    name_span = Span(offset(name.start_byte), offset(name.end_byte))
    return ImportedName(
        name=_dotted(name),
        asname=_dotted(alias) if alias else None,
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


def _place(node: Node) -> _Place:
    """Look at the statements around a node, from the innermost outwards."""
    guarded_by: tuple[int, ...] = ()
    handler_of: tuple[int, ...] = ()
    branches: tuple[tuple[int, int], ...] = ()
    expects_error = type_checking = False
    deferred = False  # in a function's body: it runs later, outside of the `try` or `with` around its definition
    child, parent = node, node.parent
    while parent is not None:
        kind = parent.type
        if kind in ("function_definition", "lambda"):
            deferred = True
        elif kind in ("if_statement", "elif_clause"):
            condition, body = parent.child_by_field_name("condition"), parent.child_by_field_name("consequence")
            if kind == "if_statement" and not deferred:
                branches += ((parent.start_byte, child.start_byte),)
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
                guarded_by += (parent.start_byte,)
            elif child.type == "except_clause" and _catches(child) & _CAUGHT:
                handler_of += (parent.start_byte,)
        elif kind == "with_statement":
            calls = dict(_context_calls(parent))
            expects_error |= any(_IMPORT_ERRORS & calls.get(name, frozenset()) for name in _RAISES)
            if calls.get("suppress", frozenset()) & _CAUGHT:
                guarded_by += (parent.start_byte,)
        child, parent = parent, parent.parent
    return _Place(guarded_by, handler_of, branches, deferred, expects_error, type_checking)


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
        return frozenset({_dotted(node).split(".")[-1]})
    if node.type == "as_pattern":
        return _last_parts(node.named_children[0])
    if node.type == "keyword_argument":
        return _last_parts(node.named_children[-1])
    if node.type in ("tuple", "parenthesized_expression"):
        return frozenset().union(*(_last_parts(child) for child in node.named_children))
    return frozenset()


def _context_calls(node: Node) -> Iterator[tuple[str, frozenset[str]]]:
    """The calls among a `with` statement's items: the function's last part, and the last parts of its arguments."""
    for clause in node.named_children:
        for item in clause.named_children if clause.type == "with_clause" else ():
            call = item.child_by_field_name("value")
            while call is not None and call.type in ("as_pattern", "parenthesized_expression"):
                call = call.named_children[0]
            if call is None or call.type != "call":
                continue
            function, arguments = call.child_by_field_name("function"), call.child_by_field_name("arguments")
            if function is not None and arguments is not None:
                names = (_last_parts(argument) for argument in arguments.named_children)
                yield _dotted(function).split(".")[-1], frozenset().union(*names)


def _suppressions(
    comments: list[Node] | tuple[()], text: Text, offset: Callable[[int], int]
) -> tuple[tuple[Suppression, ...], bool]:
    found: list[Suppression] = []
    ignore_file = False
    for node in sorted(comments, key=lambda node: node.start_byte):
        comment = (node.text or b"").decode("utf-8", "replace").rstrip()
        for match in re.finditer(_SUPPRESSION, comment):
            if match["file"]:
                ignore_file = True
                continue
            codes = frozenset(re.findall(r"\w+", (match["codes"] or match["noqa"] or "").upper()))
            start = offset(node.start_byte)
            span = Span(start, start + len(comment))
            row = text.position(span.start).row
            if match["noqa"] is None:
                until = re.search(_UNTIL, match["rest"] or "")
                found.append(Suppression(row, span, codes, _date(until[1]) if until else None))
            elif codes:
                found.append(Suppression(row, span, codes))
    return tuple(found), ignore_file


def _date(iso: str) -> date:
    """An ISO date; one that does not exist (2026-02-30) has passed, so that a typo never silences for ever."""
    try:
        return date.fromisoformat(iso)
    except ValueError:
        return date.min
