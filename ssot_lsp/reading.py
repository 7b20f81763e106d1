"""A text that Python can parse, read once: its tree, its scopes, its imports by place, and every use of a name.

What is here is certain: a use whose place or meaning cannot be told is not listed, its name is among the `unsure`.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

from ssot_lsp.scopes import ImportScopes, Scope, Scopes, last_part
from ssot_lsp.syntax import asks_for_version, interpolated
from ssot_lsp.text import Span, Text

_LOOKS_UP_NAMES = frozenset({"locals", "globals", "eval", "exec"})
_SETTERS = frozenset({"object", "setattr", "delattr"})
_TYPE_COMMENT = re.compile(r"#\s*type:(?!\s*ignore\b)\s*(.*?)\s*(?:#.*)?$", re.DOTALL)
_LITERAL = re.compile(r"""[rRuU]?('''|\"""|'|")(.*)\1""", re.DOTALL)


class Reference(NamedTuple):
    """A use of a name, with the attributes that follow it directly: `a.b.c`."""

    names: tuple[str, ...]
    start: int
    """Where it begins, in code points."""
    ends: tuple[int, ...]
    """Where each of its parts ends."""
    scope: Scope
    """The scope in which it stands."""
    row: int
    """The row (from 0) that it begins in."""
    is_deleted: bool = False
    """The name itself is the target of a `del`."""
    is_target: bool = False
    """All of it is the target of an assignment or of a `del`."""
    is_cut: bool = False
    """More attributes follow, behind a parenthesis or a comment."""

    @property
    def root(self) -> str:
        """The name itself."""
        return self.names[0]

    def span(self, parts: int) -> Span:
        """The text of its first parts."""
        return Span(self.start, self.ends[parts - 1])


class Reading:
    """What is worked out once for a text, however often it is asked for."""

    def __init__(self, text: Text, tree: ast.Module) -> None:
        self.text = text
        self.tree = tree
        self.scopes = Scopes(tree)
        self.imports = ImportScopes(self.scopes, text)
        self._unsure: set[str] = set()

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """Every use of a name, in no order: in code, f-strings, types that are strings, type comments."""
        return (*self._in_code(), *self._in_types(), *self._in_comments())

    @cached_property
    def by_root(self) -> Mapping[str, Sequence[Reference]]:
        """The same by the name that they begin with."""
        found: dict[str, list[Reference]] = {}
        for reference in self.references:
            found.setdefault(reference.root, []).append(reference)
        return found

    @cached_property
    def unsure(self) -> frozenset[str]:
        """The names that are also mentioned where their uses cannot be told, or not be changed."""
        _ = self.references
        return frozenset(self._unsure)

    @cached_property
    def _nodes(self) -> tuple[ast.AST, ...]:
        return tuple(ast.walk(self.tree))

    @cached_property
    def name_lookups(self) -> frozenset[Scope]:
        """The scopes in which code asks for names by their text: `locals()`, `globals()`, `eval` and the like."""
        calls = (node for node in self._nodes if isinstance(node, ast.Call))
        called = ((node, node.func) for node in calls if isinstance(node.func, ast.Name))
        return frozenset(
            self.scopes.of[name]
            for node, name in called
            if name.id in _LOOKS_UP_NAMES or (name.id in ("vars", "dir") and not node.args)
        )

    @cached_property
    def nones(self) -> frozenset[ast.AST]:
        """The names in `name = None`, as it stands in the handler of an import that may fail."""
        assigned = (node for node in self._nodes if isinstance(node, ast.Assign))
        is_none = (n for n in assigned if isinstance(n.value, ast.Constant) and n.value.value is None)
        return frozenset(target for node in is_none for target in node.targets)

    @cached_property
    def rows_by_version(self) -> frozenset[int]:
        """The rows (from 0) of what is chosen by the version of Python, or by what a module has."""
        by_version = (
            node
            for node in self._nodes
            if (isinstance(node, (ast.If, ast.IfExp)) and asks_for_version(ast.unparse(node.test)))
            or (isinstance(node, ast.Try) and any(map(_catches_missing_attributes, node.handlers)))
        )
        return frozenset(row for node in by_version for row in range(node.lineno - 1, node.end_lineno or node.lineno))

    @cached_property
    def in_strings(self) -> frozenset[str]:
        """The names in strings that are names or paths, as in `__all__` or `module:name`, and those in doctests."""
        others = {node for node, _ in self.scopes.types}
        for node in self._nodes:
            if isinstance(node, ast.Subscript) and last_part(node.value) == "Literal":
                others.update(child for child in ast.walk(node.slice) if isinstance(child, ast.Constant))
            elif isinstance(node, ast.FormattedValue) and node.format_spec is not None:
                others.update(child for child in ast.walk(node.format_spec) if isinstance(child, ast.Constant))
            elif isinstance(node, ast.JoinedStr):  # only `f"{module}.name"` says that it is one
                parts = (part for part in node.values if isinstance(part, ast.Constant))
                others.update(part for part in parts if str(part.value).isidentifier())
        found: set[str] = set()
        for node in self._nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in others:
                if re.fullmatch(r"[\w.:]+", node.value):
                    found.update(re.split("[.:]", node.value))
                elif ">>>" in node.value:
                    found.update(re.findall(r"\w+", node.value))
        return frozenset(found)

    @cached_property
    def set_by_name(self) -> frozenset[object]:
        """The names by which attributes are patched, set or deleted, as in `patch.object(module, "name")`."""
        calls = (node for node in self._nodes if isinstance(node, ast.Call) and last_part(node.func) in _SETTERS)
        return frozenset(arg.value for node in calls for arg in node.args if isinstance(arg, ast.Constant))

    @cached_property
    def test_parameters(self) -> frozenset[str]:
        """The parameters of tests and fixtures: pytest looks for them among the module's names."""
        found: set[str] = set()
        for node in self._nodes:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                decorators = (child for decorator in node.decorator_list for child in ast.walk(decorator))
                if node.name.startswith("test") or any(last_part(child) == "fixture" for child in decorators):
                    found.update(arg.arg for arg in (*node.args.args, *node.args.kwonlyargs))
        return frozenset(found)

    def resolve(self, reference: Reference) -> Scope | None:
        """The scope that binds what a reference means; None if none does, as for a builtin."""
        return self.scopes.resolve(reference.root, reference.scope)

    def of(self, scope: Scope, name: str) -> Iterator[Reference]:
        """The uses of a name that a scope binds."""
        return (r for r in self.by_root.get(name, ()) if self.resolve(r) is scope)

    def _in_code(self) -> Iterator[Reference]:
        outer = {node.value: node for node in self._nodes if isinstance(node, ast.Attribute)}
        formatted = list(_outermost(self.tree))
        inside = {node for string in formatted for node in ast.walk(string)}
        for node in self.scopes.names():
            if node not in inside and not isinstance(node.ctx, ast.Store):
                yield self._chain(node, outer, self.scopes.of[node], self.text, 0)
        for string in formatted:
            yield from self._in_f_string(string)

    def _chain(
        self, node: ast.Name, outer: dict[ast.expr, ast.Attribute], scope: Scope, text: Text, base: int
    ) -> Reference:
        """A name and the attributes behind it, as far as they are written in one piece; `base`: where `text` begins."""
        start = text.offset_of_utf8(node.lineno - 1, node.col_offset)
        names, ends = [node.id], [_end(text, node)]
        at: ast.expr = node
        is_cut = False
        while at in outer:
            at = outer[at]
            end = _end(text, at)
            written = re.sub(r"[ \t\f]|\\?\r?\n|\\?\r", "", text.source[ends[-1] : end])
            if written != f".{at.attr}":  # a comment or a parenthesis stands between
                is_cut = True
                break
            names.append(at.attr)
            ends.append(end)
        if text.source[start : ends[0]] != node.id:  # written in letters that Python takes for others (PEP 3131)
            self._unsure.add(node.id)
        is_deleted = isinstance(node.ctx, ast.Del)
        row = self.text.position(base + start).row
        is_target = not isinstance(getattr(at, "ctx", None), ast.Load)
        ends = [base + end for end in ends]
        return Reference(tuple(names), base + start, tuple(ends), scope, row, is_deleted, is_target, is_cut)

    def _in_f_string(self, node: ast.JoinedStr) -> Iterator[Reference]:
        scopes: dict[str, set[Scope]] = {}
        count: Counter[str] = Counter()
        for child in ast.walk(node):
            if isinstance(child, ast.Name):
                scopes.setdefault(child.id, set()).add(self.scopes.of[child])
                count[child.id] += 1
        if not count:
            return
        start = self.text.offset_of_utf8(node.lineno - 1, node.col_offset)
        source = self.text.source[start : _end(self.text, node)]
        found = [*interpolated(source)]
        written = Counter(chain.names[0] for chain in found)
        for name in count:
            if count[name] != written[name] or len(scopes[name]) > 1:
                self._unsure.add(name)
        for names, begin, ends, is_shown in found:
            if is_shown:
                self._unsure.add(names[0])
            elif names[0] in count and names[0] not in self._unsure:
                (scope,) = scopes[names[0]]
                row = self.text.position(start + begin).row
                yield Reference(names, start + begin, tuple(start + end for end in ends), scope, row)

    def _in_types(self) -> Iterator[Reference]:
        for node, scope in self.scopes.types:
            start = self.text.offset_of_utf8(node.lineno - 1, node.col_offset)
            match = _LITERAL.fullmatch(self.text.source[start : _end(self.text, node)])
            if match is None or match[2] != node.value:
                self._unsure.update(re.findall(r"\w+", str(node.value)))
            else:
                yield from self._in_type(match[2], start + match.start(2), scope)

    def _in_type(self, source: str, start: int, scope: Scope) -> Iterator[Reference]:
        """The names in a type that is written as text."""
        try:
            tree = ast.parse(f"({source}\n)", mode="eval")
            if any(isinstance(node, (ast.Lambda, ast.comprehension, ast.NamedExpr)) for node in ast.walk(tree)):
                raise ValueError("names of its own")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            self._unsure.update(re.findall(r"\w+", source))
            return
        text = Text(f"({source}\n)")
        outer = {node.value: node for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                yield self._chain(node, outer, scope, text, start - 1)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                self._unsure.update(re.findall(r"\w+", node.value))

    def _in_comments(self) -> Iterator[Reference]:
        if "type:" not in self.text.source:
            return
        for span in _comments(self.text):
            match = _TYPE_COMMENT.match(self.text.source[slice(*span)])
            if match is None:
                continue
            if "->" in match[1]:  # of a whole function; too rare to be taken apart
                self._unsure.update(re.findall(r"\w+", match[1]))
            else:
                scope = self._scope_at(self.text.position(span.start).row)
                yield from self._in_type(match[1], span.start + match.start(1), scope)

    def _scope_at(self, row: int) -> Scope:
        """The innermost function or class that a row (from 0) belongs to."""
        found, rows = self.scopes.module, len(self.text.line_starts) + 1
        for scope in set(self.scopes.of.values()):
            first = getattr(scope.node, "lineno", 0) - 1
            last = (getattr(scope.node, "end_lineno", 0) or 0) - 1
            if isinstance(scope.node, ast.stmt) and first <= row <= last and last - first < rows:
                found, rows = scope, last - first
        return found


@lru_cache(maxsize=4)
def read(text: Text) -> Reading | None:
    """Read a text; None if it does not parse. Raises RecursionError for one that is nested too deeply."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.source)
    except (SyntaxError, ValueError, MemoryError):
        return None
    return Reading(text, tree)


def _catches_missing_attributes(handler: ast.ExceptHandler) -> bool:
    caught = ast.walk(handler.type) if handler.type is not None else ()
    return any(isinstance(name, ast.Name) and name.id == "AttributeError" for name in caught)


def _outermost(node: ast.AST) -> Iterator[ast.JoinedStr]:
    """The f-strings that are not part of another."""
    todo = [node]
    while todo:
        at = todo.pop()
        if isinstance(at, ast.JoinedStr):
            yield at
        else:
            todo += ast.iter_child_nodes(at)


def _comments(text: Text) -> Iterator[Span]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(text.source, newline="").readline):
            if token.type == tokenize.COMMENT:
                start = text.line_starts[token.start[0] - 1] + token.start[1]
                yield Span(start, start + len(token.string))
    except (tokenize.TokenError, SyntaxError):
        return


def _end(text: Text, node: ast.expr) -> int:
    return text.offset_of_utf8((node.end_lineno or node.lineno) - 1, node.end_col_offset or 0)
