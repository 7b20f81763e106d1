"""What the verifier has to see of a file: the statements that a change touches, and what they have to do with others.

A statement at the top of a module that is the same before and after means the same if every name that it reads in the
module does. So all that need be seen of it is which names it binds there, which others may go by their text, and how
it reads the names whose imports change: one line says so in its place, and then whole files are never compared.

What is left out has no import of the module's, no `global` at the top, no comment that is a type, and mentions no name
whose import changes but to read it. It is never left out in a file with an `import *`, nor ahead of a `__future__`.
"""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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


class Excerpts(NamedTuple):
    """Two texts that mean the same if what they were taken from does."""

    before: Text
    after: Text
    rows: frozenset[int]
    """The rows (from 1) of `after` that stand for what is left out: a statement of the module must begin in each."""


class _Part(NamedTuple):
    """Lines of a module that hold whole statements of its top, up to the next ones."""

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


class _Module(NamedTuple):
    """A module in parts."""

    parts: Sequence[_Part]
    whole: int
    """So many of the first ones must be seen, and be as they were."""


def excerpts(before: Text, tree: ast.Module, after: Text, edits: Sequence[TextEdit]) -> Excerpts | None:
    """What of two texts is to be compared, if `edits` lead from one to the other; None if it is all of them.

    `tree` is that of `before`. Raises SyntaxError if what the edits touch does not parse by itself.
    """
    module = _in_parts(before, tree)
    touched = _touched(module.parts, edits) if module is not None else {}
    if module is None or not touched or min(touched) < module.whole:
        return None
    if "".join(touched.get(i, part.text) for i, part in enumerate(module.parts)) != after.source:
        return None
    old = frozenset[_Binding]().union(*(module.parts[i].bindings for i in touched))
    new = frozenset[_Binding]().union(*(_bindings(ast.parse(text).body) for text in touched.values()))
    is_new_star = any(kind == "import" and name == "*" for kind, name, _ in new)
    if _UNCLEAR in old | new or is_new_star or any("__future__" in text for text in touched.values()):
        return None
    changed = {name for _, name, _ in old ^ new} | {name for kind, name, _ in old | new if kind == "import"}
    return _excerpts(module, touched, changed)


def _excerpts(module: _Module, touched: Mapping[int, str], changed: Collection[str]) -> Excerpts | None:
    old: list[str] = []
    new: list[str] = []
    rows: list[int] = []
    row = 1
    left_out: list[_Part] = []
    for i, part in enumerate([*module.parts, None]):
        is_seen = part is None or i < module.whole or i in touched or not part.is_plain
        if part is not None and not is_seen and part.mentions.isdisjoint(changed):
            left_out.append(part)
            continue
        for line in _in_place_of(left_out, changed):
            if new and new[-1] and _CONTINUED.search(new[-1]):
                return None
            old.append(line)
            new.append(line)
            rows.append(row)
            row += line.count("\n")
        left_out = []
        if part is not None:
            old.append(part.text)
            new.append(touched.get(i, part.text))
            row += len(Text(new[-1]).line_starts) - 1
    return Excerpts(Text("".join(old)), Text("".join(new)), frozenset(rows)) if rows else None


def _in_place_of(parts: Sequence[_Part], changed: Collection[str]) -> Iterator[str]:
    """The lines that say of some parts what must be known of them."""
    if not parts:
        return
    reads = {written for part in parts for name in changed for written in part.reads.get(name, ())}
    values = [*sorted(reads), *(["locals()"] if any(part.looks_up for part in parts) else [])]
    names = dict.fromkeys(name for part in parts for _, name, _ in sorted(part.bindings))
    yield " = ".join([*names, f"lambda: [{', '.join(values)}]"]) + "\n"
    if declared := sorted({name for part in parts for name in part.declared}):
        yield f"lambda: 0\ndef {next(iter(names))}():\n    global {', '.join(declared)}\n"


def _touched(parts: Sequence[_Part], edits: Sequence[TextEdit]) -> dict[int, str]:
    """The parts that edits change, and their texts then; nothing if edits go beyond parts or these beyond lines."""
    found: dict[int, str] = {}
    todo = sorted(edits, key=lambda edit: edit.span)
    for i, part in enumerate(parts):
        end = part.start + len(part.text)
        is_last = i == len(parts) - 1
        pieces: list[str] = []
        at = part.start
        while todo and (todo[0].span.start < end or is_last):
            span, new_text = todo.pop(0)
            if not at <= span.start <= span.end <= end:
                return {}
            pieces += (part.text[at - part.start : span.start - part.start], new_text)
            at = span.end
        if pieces:
            found[i] = "".join((*pieces, part.text[at - part.start :]))
            is_closed = not found[i] or (found[i].endswith(("\n", "\r")) and not _CONTINUED.search(found[i]))
            if not is_last and not is_closed:
                return {}
    return found


@lru_cache(maxsize=4)
def _in_parts(text: Text, tree: ast.Module) -> _Module | None:
    """A module in parts; None if it is never to be taken apart."""
    groups: list[list[ast.stmt]] = []
    starts: list[int] = []
    end = 0
    for statement in tree.body:
        decorators = statement.decorator_list if isinstance(statement, _DEFINITIONS) else []
        row = min([statement.lineno, *(node.lineno for node in decorators)])
        start = text.line_starts[row - 1]
        if groups and (start < end or _CONTINUED.search(text.source, max(0, start - 3), start)):
            groups[-1].append(statement)
        else:
            groups.append([statement])
            starts.append(start)
        end = text.offset_of_utf8((statement.end_lineno or row) - 1, statement.end_col_offset or 0)
    starts[:1] = [0]
    ends = [*starts[1:], len(text.source)]
    parts = tuple(
        _part(statements, text.source[slice(*span)], span.start)
        for statements, span in zip(groups, map(Span, starts, ends), strict=True)
    )
    if any(kind == "import" and name == "*" for part in parts for kind, name, _ in part.bindings):
        return None
    future = [i for i, statements in enumerate(groups) if any(map(_is_future, statements))]
    return _Module(parts, max(future, default=-1) + 1)


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _part(statements: Sequence[ast.stmt], text: str, start: int) -> _Part:
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
    return _Part(text, start, bindings, reads, frozenset(mentions), frozenset(declared), looks_up, is_plain)


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
