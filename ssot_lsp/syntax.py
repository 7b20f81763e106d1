"""Source text → what it imports and which strings are paths, and where. Works on half-typed code and newer syntax.

The only module that knows tree-sitter, the one parser on the typing path. It says what is written and judges nothing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property, lru_cache
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from ssot_lsp.lexical import Reduced, around, without_definitions
from ssot_lsp.model import ImportedName, ImportStatement, PathKind, PathString, is_dotted_name
from ssot_lsp.text import Span, Text

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Parser, Query

_IMPORT_NODES = frozenset({"import_statement", "import_from_statement", "future_import_statement"})
_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError"})
_CAUGHT = _IMPORT_ERRORS | {"Exception", "BaseException"}
_RAISES = frozenset({"raises", "assertRaises", "assertRaisesRegex"})

MODULE_WORDS = ("sys.modules", "import_module", "__import__", "find_spec")
PATCH_WORDS = ("patch", "setattr", "delattr", "resolve_name")
"""Without any of these a text has no dotted paths in strings, but for those of the form `module:name`.

Without the first no such path is a module's as a whole.
"""
_NAMES = rb"[A-Za-z_\x80-\xff][\w\x80-\xff]*(?:\.[A-Za-z_\x80-\xff][\w\x80-\xff]*)*"
_REFERENCE = r":[^\W\d][\w.]*[\"']"  # how `module:name` ends; compiled on use, as what follows
PATH = rb"([\"'])(?P<path>%b(?P<object>:%b)?)(?=\1)" % (_NAMES, _NAMES)
_PREFIX = r"(?i)(r|u|f|rf|fr)?[\"']+"

_SUPPRESSION = (  # compiled on use
    r"(?i)#\s*(?:ssot:\s*(?P<file>ignore-file)\b"
    # a list of codes with a mistake in it silences nothing: a typo must not silence everything
    r"|ssot:\s*ignore\b(?:\s*\[(?P<codes>\s*[A-Z]+[0-9]+(?:\s*,\s*[A-Z]+[0-9]+)*\s*)\]|(?!-|\s*[\[(]))(?P<rest>[^#]*)"
    r"|noqa:\s*(?P<noqa>[A-Z][A-Z]*[0-9]+(?:[\s,]+[A-Z]+[0-9]+)*))"
)
_UNTIL = r"until=([^\s\]]*)"
_SILENCING = (b"ssot:", b"SSOT")


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
    has_comments = any(word.decode() in source for word in _SILENCING)
    has_words = any(word in source for word in (*PATCH_WORDS, *MODULE_WORDS))
    has_paths = has_words or re.search(_REFERENCE, source) is not None
    if "import" not in source and not has_comments and not has_paths:
        return Syntax()
    data = _bytes(source)
    written = [match for match in re.finditer(PATH, data) if has_words or match["object"]] if has_paths else []
    points = sorted([*_places(data, b"import"), *_marks(data)])
    points_with_paths = sorted([*points, *(match.start() for match in written)])
    tree = _Tree.of(data, without_definitions(data, points_with_paths if with_paths else points), source)
    suppressions, ignore_file = _suppressions(tree, text)
    imports = tuple(_statements(tree, source))

    def read_paths() -> Iterable[PathString]:
        all_of = tree if with_paths else _Tree.of(data, without_definitions(data, points_with_paths), source)
        return _paths(all_of, written, imports) if written else ()

    return Syntax(imports, suppressions, ignore_file, tree.root.has_error, read_paths)


def parse_around(text: Text, points: Sequence[int]) -> Syntax:
    r"""The same of nothing but the imports and strings that stand at some places, and what they are in.

    They are given as offsets in bytes, in UTF-8, of a text whose lines end at `\n`; strings only with all imports. What
    is told of how imports stand beside each other (`run`, `others`) is of no use: nothing can be rewritten by it.
    """
    data = _bytes(text.source)
    strings = [match for match in (re.compile(PATH).match(data, point) for point in points) if match]
    tree = _Tree.of(data, around(data, sorted([*points, *_marks(data)])), text.source)
    suppressions, ignore_file = _suppressions(tree, text)
    imports = tuple(_statements(tree, text.source))
    return Syntax(
        imports,
        suppressions,
        ignore_file,
        tree.root.has_error,
        read_paths=lambda: parse(text).paths,
        read_paths_in_question=lambda: _paths(tree, strings, imports),
    )


def _marks(data: bytes) -> list[int]:
    """Where comments that silence may be."""
    return [place for word in _SILENCING for place in _places(data, word)]


class _Tree(NamedTuple):
    """What the parser makes of a text, or of the pieces of it that matter."""

    root: Node
    reduced: Reduced
    to_code_points: Callable[[int], int]
    """From offsets in the whole text's bytes."""

    @classmethod
    def of(cls, data: bytes, reduced: Reduced, source: str) -> _Tree:
        """Parse the pieces, or all of the text if there are errors in them.

        Classes and functions that do not matter need not be parsed, which are nine tenths of most files.
        """
        root = _parser().parse(reduced.data).root_node
        if root.has_error and len(reduced.starts) > 1:
            reduced = Reduced(data)
            root = _parser().parse(data).root_node
        return cls(root, reduced, _code_points(data, source))

    def offset(self, place: int) -> int:
        """The offset in the text, in code points, of a place that a node tells; fast in ascending order."""
        return self.to_code_points(self.reduced.original(place))

    def span(self, node: Node) -> Span:
        """Where a node stands in the text."""
        return Span(self.offset(node.start_byte), self.offset(node.end_byte))

    def around(self, words: Iterable[bytes], types: Container[str]) -> list[Node]:
        """The nodes of some types to which the tokens belong in which some words stand, in their order."""
        found: dict[int, Node] = {}
        for place, length in ((place, len(word)) for word in words for place in _places(self.reduced.data, word)):
            node = self.root.descendant_for_byte_range(place, place + length)
            node = node if node is None or node.type in types else node.parent
            if node is not None and node.type in types:
                found[node.start_byte] = node
        return [node for _, node in sorted(found.items())]


def _places(data: bytes, word: bytes) -> list[int]:
    return [match.start() for match in re.finditer(re.escape(word), data)]


def count_errors(source: str) -> int:
    """How many places of a text the parser could not make sense of."""
    root = _parser().parse(_bytes(source)).root_node
    if not root.has_error:
        return 0
    from tree_sitter import QueryCursor  # noqa: PLC0415

    found = QueryCursor(_query("(ERROR) @error (MISSING) @missing")).captures(root)
    return sum(len(nodes) for nodes in found.values())


def older(source: str) -> str | None:
    r"""A text that binds the same names in the same places, in syntax of Python 3.10; its lines end at `\n`.

    None for what the parser cannot make sense of. What is left of strings and of types is not what they mean.
    """
    data = _bytes(source)
    from tree_sitter import QueryCursor  # noqa: PLC0415

    found = QueryCursor(_query(_NEWER)).captures(_parser().parse(data).root_node)
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


def _statements(tree: _Tree, source: str) -> Iterator[ImportStatement]:
    blocks: dict[int, tuple[int, int, dict[int, int]]] = {}
    for node in tree.around((b"import",), _IMPORT_NODES):
        parent = node.parent
        if parent is None:
            continue
        if parent.id not in blocks:
            others = sum(child.type != "comment" for child in parent.named_children) - 1
            others = max(others, 1) if parent.type == "module" else others
            blocks[parent.id] = (len(blocks), others, dict(_runs(parent)))
        block, others, runs = blocks[parent.id]
        statement = _statement(node, tree.offset)
        if statement is not None:
            place = _place(node, tree.reduced.original)._asdict()
            well_formed = _begins(statement, source) and _parses(source[slice(*statement.span)])
            run = runs.get(node.id, -1)
            statement = statement._replace(block=block, run=run, others=others, well_formed=well_formed, **place)
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


@lru_cache(maxsize=8192)  # most import statements stand in many files
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


def _place(node: Node, original: Callable[[int], int]) -> _Place:
    """Look at the statements around a node, from the innermost outwards; they are named by where they begin."""
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
                yield _dotted(function).split(".")[-1], frozenset().union(*names)


def _paths(tree: _Tree, written: Iterable[re.Match[bytes]], imports: Sequence[ImportStatement]) -> Iterator[PathString]:
    """Those of the strings that look like a dotted path that code takes for one."""
    origins: dict[str, str] = {}
    for statement in imports:
        for name in statement.names if not statement.level else ():
            origins[name.local] = name.bound_in(statement.module)
    for match in written:
        start, end = map(tree.reduced.here, match.span("path"))
        content = tree.root.descendant_for_byte_range(start, end)
        string = _whole_string(content) if content is not None and content.byte_range == (start, end) else None
        use = _use(string, origins, is_reference=bool(match["object"])) if string is not None else None
        path = match["path"].decode("utf-8", "surrogatepass")
        if content is None or string is None or use is None or not all(map(is_dotted_name, path.split(":"))):
            continue
        if "." not in path and use.kind.is_patch:
            continue
        around = _place(string, tree.reduced.original)
        guards = around.guarded_by, around.handler_of, around.expects_error
        yield PathString(tree.span(content), path, use.kind, tree.span(use.node), use.may_lack, *guards)


def _whole_string(content: Node) -> Node | None:
    """The string literal whose whole text this is, if it is one piece of text: no bytes, no escapes, nothing put in."""
    string = content.parent
    if string is None or string.type != "string" or [child.type for child in string.children] != _PLAIN_STRING:
        return None
    is_text = re.fullmatch(_PREFIX, (string.children[0].text or b"").decode()) is not None
    is_piece = string.parent is not None and string.parent.type != "concatenated_string"
    return string if is_text and is_piece else None


_PLAIN_STRING = ["string_start", "string_content", "string_end"]


class _Use(NamedTuple):
    """What a string is used for. The fields are those of `PathString`, but for the node of its place."""

    kind: PathKind
    node: Node
    may_lack: bool = False


class _Call(NamedTuple):
    """A call, as it is written."""

    node: Node
    function: str
    """The dotted name of what is called, from where it is imported."""
    positional: tuple[Node, ...]
    """The arguments before the first `*`."""
    keywords: Mapping[str, Node]
    is_complete: bool
    """No `**` adds arguments."""

    def has(self, keyword: str, unless: str) -> bool:
        """Whether it may be called with another value of that argument than a constant."""
        value = self.keywords.get(keyword)
        return not self.is_complete if value is None else value.type != unless

    def argument(self, position: int, keyword: str) -> Node | None:
        """An argument by its place or name."""
        return self.positional[position] if position < len(self.positional) else self.keywords.get(keyword)


def _use(string: Node, origins: Mapping[str, str], *, is_reference: bool) -> _Use | None:
    """What a string is used for, if it is taken for a path; `origins`: what the file's names are imported from."""
    node, parent = string, string.parent
    while parent is not None and parent.type == "parenthesized_expression":
        node, parent = parent, parent.parent
    if parent is None or parent.type == "expression_statement":  # a docstring, or as good as one
        return None
    call = _call(parent, origins)
    use = _use_in_call(call, node, origins) if call is not None else None
    if is_reference:
        is_plain = not (string.text or b"").lower().startswith((b"f", b"rf"))
        return _Use(PathKind.OBJECT, use.node if use else string) if use or is_plain else None
    if parent.type == "subscript" and parent.child_by_field_name("value") != node:
        return _Use(PathKind.MODULE, parent) if _is_sys_modules(parent.named_children[0], origins) else None
    if parent.type == "pair" and parent.child_by_field_name("key") == node and (display := parent.parent) is not None:
        call = _call(display.parent, origins)
        if call is not None and _patched_by(call.function) == "dict" and call.argument(1, "values") == display:
            modules = call.argument(0, "in_dict")
            return _Use(PathKind.MODULE, string) if modules and _is_sys_modules(modules, origins) else None
    return use


def _use_in_call(call: _Call, node: Node, origins: Mapping[str, str]) -> _Use | None:
    """What a call takes one of its arguments for."""
    receiver, _, method = call.function.rpartition(".")
    patched = _patched_by(call.function)
    if patched is not None:
        if call.argument(0, "in_dict" if patched == "dict" else "target") != node:
            return None
        if patched:
            return _Use(PathKind.OBJECT, call.node)
        return _Use(PathKind.PATCH, call.node, call.has("create", unless="false"))
    if call.function in _OF_MODULES or call.function in _OF_OBJECTS:
        kind = PathKind.MODULE if call.function in _OF_MODULES else PathKind.OBJECT
        return _Use(kind, call.node, method == "find_spec") if call.argument(0, "name") == node else None
    if not re.fullmatch(_MONKEYPATCH, receiver.rpartition(".")[2]):
        return None
    if method in ("setitem", "delitem") and call.positional and _is_sys_modules(call.positional[0], origins):
        return _Use(PathKind.MODULE, call.node) if call.argument(1, "name") == node else None
    # with one more argument the first one is the object itself
    arguments = {"setattr": 2, "delattr": 1 if "name" not in call.keywords else 0}.get(method)
    if len(call.positional) == arguments and "value" not in call.keywords and call.positional[0] == node:
        return _Use(PathKind.ATTRIBUTE, call.node, call.has("raising", unless="true"))
    return None


_OF_MODULES = frozenset(
    {
        "importlib.import_module",
        "import_module",
        "importlib.util.find_spec",
        "util.find_spec",
        "find_spec",
        "__import__",
        "builtins.__import__",
    }
)
_OF_OBJECTS = frozenset({"pkgutil.resolve_name", "resolve_name"})
_MONKEYPATCH = r"(?i)\w*monkey_?patch\w*|mp|m"  # the names that pytest's documentation gives it


def _patched_by(function: str) -> str | None:
    """`dict` and `multiple` for `patch.dict` and `patch.multiple`, empty for `patch`; None for what is none of them."""
    *around, last = function.split(".")
    which = ""
    if last in ("dict", "multiple") and around:
        which, (*around, last) = last, around
    is_mock = not around or around[-1] == "mock" or around[-1].endswith("mocker")
    return which if last == "patch" and is_mock else None


def _call(arguments: Node | None, origins: Mapping[str, str]) -> _Call | None:
    """The call of which a node is the list of arguments, or a named one among them."""
    if arguments is not None and arguments.type == "keyword_argument":
        arguments = arguments.parent
    call = arguments.parent if arguments is not None and arguments.type == "argument_list" else None
    function = call.child_by_field_name("function") if call is not None else None
    if arguments is None or call is None or function is None or function.type not in ("identifier", "attribute"):
        return None
    given = [child for child in arguments.named_children if child.type != "comment"]
    special = ("keyword_argument", "list_splat", "dictionary_splat")
    positional = takewhile(lambda child: child.type not in special, given)
    named = (child for child in given if child.type == "keyword_argument")
    keywords = {_dotted(child.named_children[0]): child.named_children[-1] for child in named}
    is_complete = all(child.type != "dictionary_splat" for child in given)
    return _Call(call, _origin(function, origins), tuple(positional), keywords, is_complete)


def _is_sys_modules(node: Node, origins: Mapping[str, str]) -> bool:
    return node.type in ("identifier", "attribute") and _origin(node, origins) == "sys.modules"


def _origin(node: Node, origins: Mapping[str, str]) -> str:
    """The dotted name of an expression, from where it is imported."""
    root, dot, rest = _dotted(node).partition(".")
    return f"{origins.get(root, root)}{dot}{rest}"


def _suppressions(tree: _Tree, text: Text) -> tuple[tuple[Suppression, ...], bool]:
    found: list[Suppression] = []
    ignore_file = False
    for node in tree.around(_SILENCING, ("comment",)):
        comment = (node.text or b"").decode("utf-8", "replace").rstrip()
        for match in re.finditer(_SUPPRESSION, comment):
            if match["file"]:
                ignore_file = True
                continue
            codes = frozenset(re.findall(r"\w+", (match["codes"] or match["noqa"] or "").upper()))
            start = tree.offset(node.start_byte)
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
