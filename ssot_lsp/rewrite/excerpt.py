"""What the verifier has to see of a file: the statements that a change touches, and what they have to do with others.

A statement at the top of a module that is the same before and after means the same if every name that it reads in the
module does. So all that need be seen of it is which names it binds there, which others may go by their text, and how
it reads the names whose imports change: one line says so in its place, and then whole files are never compared.

What is left out has no import of the module's, no `global` at the top, no comment that is a type, and mentions no name
whose import changes but to read it. It is never left out in a file with an `import *`, nor ahead of a `__future__`.

A class of which something has to be seen is taken apart in the same way: no statement of its body reads the names of
the class but at the top of it, and those do not change, as a class that imports something is seen whole.
"""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from ssot_lsp.rewrite.typed import type_expressions, type_strings
from ssot_lsp.text import Span, Text, TextEdit

LOOK_UPS = frozenset({"locals", "globals", "eval", "exec"})
_CONTINUED = re.compile(r"\\(?:\r\n|\n|\r)\Z")
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_CAPTURES = (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)
_TYPE_PARAMETERS = frozenset({"TypeVar", "ParamSpec", "TypeVarTuple"})

_Binding = tuple[str, str, str]
"""How a name is bound, the name, and for an import what to."""
_UNCLEAR: _Binding = ("unclear", "", "")


Place = tuple[int, int]
"""A row, from 1, and a column."""


class Excerpts(NamedTuple):
    """Two texts that mean the same if what they were taken from does."""

    before: Text
    after: Text
    places: frozenset[Place]
    """What stands for the rest in `after`: a statement of the module or of a class at its top must begin there."""


class _Part(NamedTuple):
    """Lines that hold whole statements of a module or of a class, up to the next ones."""

    text: str
    start: int
    bindings: frozenset[_Binding]
    """What they bind for the module."""
    reads: Mapping[str, Collection[str]]
    """The names that they read, each with the expressions (`a.b.c`) in which they do."""
    mentions: frozenset[str]
    """The names that stand in them in any other way."""
    declared: frozenset[str]
    """The names that functions in them declare `global`."""
    looks_up: bool
    """They ask for names by their text."""
    is_plain: bool
    """They do nothing to the module but to bind names, and so may be left out."""
    indentation: str = ""
    """That of the body, if they are of a class."""
    body: str = ""
    """The indentation of the body that follows, if they are the head of a class."""
    inner: tuple[_Part, ...] = ()
    """The same lines as the head of a class and the parts of its body."""

    @property
    def leaves(self) -> tuple[_Part, ...]:
        """The smallest parts."""
        return self.inner or (self,)


class _Module(NamedTuple):
    """A module in parts."""

    parts: Sequence[_Part]
    whole: int
    """Where what may change, or be left out, begins."""


def excerpts(before: Text, tree: ast.Module, after: Text, edits: Sequence[TextEdit]) -> Excerpts | None:
    """What of two texts is to be compared, if `edits` lead from one to the other; None if it is all of them.

    `tree` is that of `before`. Raises SyntaxError if what the edits touch does not parse by itself.
    """
    module = _in_parts(before, tree)
    leaves = [leaf for part in module.parts for leaf in part.leaves] if module is not None else []
    touched = _touched(leaves, edits)
    if module is None or not touched or min(touched) < module.whole:
        return None
    if "".join(touched.get(leaf.start, leaf.text) for leaf in leaves) != after.source:
        return None
    changed: set[str] = set()
    for leaf in leaves:
        if leaf.start in touched:
            old, new = leaf.bindings, _bindings(_statements(touched[leaf.start], leaf))
            is_new_star = any(kind == "import" and name == "*" for kind, name, _ in new)
            if _UNCLEAR in old | new or is_new_star or "__future__" in touched[leaf.start]:
                return None
            if leaf.indentation and old != new:
                return None
            changed.update(name for _, name, _ in old ^ new)
            changed.update(name for kind, name, _ in old | new if kind == "import")
    excerpt = _Excerpt(module.whole, touched, changed)
    excerpt.add(module.parts)
    return excerpt.result()


def _statements(text: str, leaf: _Part) -> list[ast.stmt]:
    """The statements of a part that was edited, with one more for a class."""
    if leaf.indentation:
        text = f"if 0:\n{text}{leaf.indentation}pass\n"
    return ast.parse(f"{text}{leaf.body}pass\n" if leaf.body else text).body


class _Excerpt:
    """An excerpt in the making."""

    def __init__(self, whole: int, touched: Mapping[int, str], changed: Collection[str]) -> None:
        self._whole = whole
        self._touched = touched
        self._changed = changed
        self._old: list[str] = []
        self._new: list[str] = []
        self._row = 1
        self._places: set[Place] = set()
        self._left_out: list[_Part] = []

    def add(self, parts: Iterable[_Part]) -> None:
        """Take in what is to be seen of some parts of one body."""
        for part in parts:
            if self._may_go(part):
                self._left_out.append(part)
                continue
            self._sum_up()
            if part.inner:
                self.add(part.inner)
            else:
                self._write(part.text, self._touched.get(part.start, part.text))
        self._sum_up()

    def result(self) -> Excerpts | None:
        """The excerpt; None if it is nothing less than the whole."""
        if not self._places:
            return None
        return Excerpts(Text("".join(self._old)), Text("".join(self._new)), frozenset(self._places))

    def _may_go(self, part: _Part) -> bool:
        is_touched = any(leaf.start in self._touched for leaf in part.leaves)
        is_seen = is_touched or not part.is_plain or part.start < self._whole
        return not is_seen and part.mentions.isdisjoint(self._changed)

    def _write(self, old: str, new: str) -> None:
        self._old.append(old)
        self._new.append(new)
        self._row += len(Text(new).line_starts) - 1

    def _sum_up(self) -> None:
        """Say of what was left out what must be known of it."""
        if self._left_out:
            self._places.add((self._row, len(self._left_out[0].indentation)))
            line = _in_place_of(self._left_out, self._changed)
            self._write(line, line)
            self._left_out = []


def _in_place_of(parts: Sequence[_Part], changed: Collection[str]) -> str:
    """A statement that says of some parts what must be known of them, and one more for what they declare."""
    reads = {written for part in parts for name in changed for written in part.reads.get(name, ())}
    values = [*sorted(reads), *(["locals()"] if any(part.looks_up for part in parts) else [])]
    names = dict.fromkeys(name for part in parts for _, name, _ in sorted(part.bindings))
    indentation = parts[0].indentation
    line = indentation + " = ".join([*names, f"lambda: [{', '.join(values)}]"]) + "\n"
    if declared := sorted({name for part in parts for name in part.declared}):
        line += f"{indentation}def {next(iter(names))}():\n{indentation} global {', '.join(declared)}\n"
    return line


def _touched(parts: Sequence[_Part], edits: Sequence[TextEdit]) -> dict[int, str]:
    """The parts that edits change, by where they began, and their texts then.

    Nothing if an edit goes beyond a part, or what it leaves of one beyond its lines.
    """
    found: dict[int, str] = {}
    todo = sorted(edits, key=lambda edit: edit.span, reverse=True)
    for part in parts:
        end = part.start + len(part.text)
        is_last = part is parts[-1]
        pieces: list[str] = []
        at = part.start
        while todo and (todo[-1].span.start < end or is_last):
            span, new_text = todo.pop()
            if not at <= span.start <= span.end <= end:
                return {}
            pieces += (part.text[at - part.start : span.start - part.start], new_text)
            at = span.end
        if pieces:
            text = "".join((*pieces, part.text[at - part.start :]))
            if not is_last and text and (not text.endswith(("\n", "\r")) or _CONTINUED.search(text)):
                return {}
            found[part.start] = text
    return found


@lru_cache(maxsize=4)
def _in_parts(text: Text, tree: ast.Module) -> _Module | None:
    """A module in parts; None if it is never to be taken apart."""
    groups = _grouped(text, tree.body, len(text.source))
    if not groups:
        return None
    groups[0] = (groups[0][0], Span(0, groups[0][1].end))
    parts = tuple(_taken_apart(text, statements, span) for statements, span in groups)
    if any(kind == "import" and name == "*" for part in parts for kind, name, _ in part.bindings):
        return None
    future = (span.end for statements, span in groups if any(map(_is_future, statements)))
    return _Module(parts, max(future, default=0))


def _grouped(text: Text, body: Sequence[ast.stmt], end: int) -> list[tuple[list[ast.stmt], Span]]:
    """The statements of a body that ends there by the lines that they share, up to the next ones."""
    groups: list[list[ast.stmt]] = []
    starts: list[int] = []
    done = 0
    for statement in body:
        decorators = statement.decorator_list if isinstance(statement, _DEFINITIONS) else []
        start = text.line_starts[min([statement.lineno, *(node.lineno for node in decorators)]) - 1]
        if groups and (start < done or _CONTINUED.search(text.source, max(0, start - 3), start)):
            groups[-1].append(statement)
        else:
            groups.append([statement])
            starts.append(start)
        done = text.offset_of_utf8((statement.end_lineno or 1) - 1, statement.end_col_offset or 0)
    return [(group, Span(*span)) for group, *span in zip(groups, starts, [*starts[1:], end], strict=True)]


def _taken_apart(text: Text, statements: Sequence[ast.stmt], span: Span) -> _Part:
    """A part, and if it is a class, what it is made of."""
    part, node = _part(statements, text.source[slice(*span)], span.start), statements[0]
    if not isinstance(node, ast.ClassDef) or len(statements) > 1 or getattr(node, "type_params", None):
        return part
    groups = _grouped(text, node.body, span.end)
    found = [re.match(r"[ \t]*", text.source[start:end]) for _, (start, end) in groups]
    indentations = {match[0] for match in found if match}
    head = text.source[span.start : groups[0][1].start]
    is_apart = {len(indentation) for indentation in indentations} == {node.body[0].col_offset}
    bindings = _bindings(node.body)
    is_simple = all(kind in {"name", "none"} for kind, _, _ in bindings)
    if len(indentations) > 1 or not is_apart or not head.strip() or _CONTINUED.search(head) or not is_simple:
        return part
    (indentation,) = indentations
    begin = part._replace(text=head, bindings=_bindings(statements), is_plain=False, body=indentation)
    inner = (_part(body, text.source[slice(*lines)], lines.start, indentation) for body, lines in groups)
    return part._replace(inner=(begin, *inner))


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _part(statements: Sequence[ast.stmt], text: str, start: int, indentation: str = "") -> _Part:
    reads: dict[str, set[str]] = {}
    mentions: set[str] = set()
    declared: set[str] = set()
    looks_up = False
    todo: list[ast.AST] = [*statements]
    while todo:
        node = todo.pop()
        at: ast.AST = node
        attributes: list[str] = []
        while isinstance(at, ast.Attribute):
            attributes.append(at.attr)
            at = at.value
        if isinstance(at, ast.Name):
            if isinstance(at.ctx, ast.Load):
                reads.setdefault(at.id, set()).add(".".join([at.id, *reversed(attributes)]))
            else:
                mentions.add(at.id)
            continue
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            looks_up |= node.func.id in LOOK_UPS or (node.func.id == "vars" and not node.args)
        elif isinstance(node, ast.Global):
            declared.update(node.names)
        mentions.update(_names_of(node))
        for part in type_expressions(node):
            for constant in type_strings(part):
                mentions.update(re.findall(r"\w+", unicodedata.normalize("NFKC", str(constant.value))))
        todo += ast.iter_child_nodes(node)
    bindings = _bindings(statements)
    is_plain = all(kind == "name" for kind, _, _ in bindings) and (
        re.search(r"#\s*type:(?!\s*ignore)", text) is None and (bool(bindings) or not declared)
    )
    return _Part(
        text, start, bindings, reads, frozenset(mentions), frozenset(declared), looks_up, is_plain, indentation
    )


def _names_of(node: ast.AST) -> Iterable[str]:
    """The names that a node mentions by itself, other than a name that is an expression."""
    if isinstance(node, (*_DEFINITIONS, *_CAPTURES)) or type(node).__name__ in _TYPE_PARAMETERS:
        return (getattr(node, "name", None) or "",)
    if isinstance(node, ast.arg):
        return (node.arg,)
    if isinstance(node, (ast.Global, ast.Nonlocal)):
        return node.names
    if isinstance(node, ast.alias):
        return (node.asname or node.name.partition(".")[0],)
    return (node.rest or "",) if isinstance(node, ast.MatchMapping) else ()


def _bindings(statements: Iterable[ast.stmt]) -> frozenset[_Binding]:
    """What statements bind in their own scope."""
    found: set[_Binding] = set()
    todo: list[ast.AST | None] = [*statements]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            for alias in node.names:
                found.add(("import", alias.asname or alias.name.partition(".")[0], f"{alias.name} {alias.asname}"))
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            found.update(("import", alias.asname or alias.name, f"{module} {alias.name}") for alias in node.names)
        elif isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                found.add(("name" if isinstance(node.ctx, ast.Store) else "deleted", node.id, ""))
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and node.value.value is None:
            found.update(("none", target.id, "") for target in node.targets if isinstance(target, ast.Name))
            todo += (target for target in node.targets if not isinstance(target, ast.Name))
        elif isinstance(node, _DEFINITIONS):
            found.add(("name", node.name, ""))
            outside = [*node.bases, *node.keywords] if isinstance(node, ast.ClassDef) else [node.args, node.returns]
            todo += (*node.decorator_list, *outside)
        elif isinstance(node, ast.Lambda):
            todo.append(node.args)
        elif isinstance(node, _COMPREHENSIONS):
            found.update(_UNCLEAR for child in ast.walk(node) if isinstance(child, ast.NamedExpr))
        elif isinstance(node, ast.Global) or type(node).__name__ == "TypeAlias":
            found.add(_UNCLEAR)
        elif node is not None:
            if isinstance(node, (*_CAPTURES, ast.MatchMapping)):
                found.update(
                    ("name", name, "") for name in (getattr(node, "name", None), getattr(node, "rest", None)) if name
                )
            todo += ast.iter_child_nodes(node)
    return frozenset(found)
