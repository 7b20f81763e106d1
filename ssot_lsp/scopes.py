"""Which scope binds which name, and where it is used: Python's rules of binding and look-up over `ast`.

The language reference, "Execution model: Naming and binding", and PEP 695 for type parameters.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Container, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from ssot_lsp.model import ImportStatement
from ssot_lsp.text import Text

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Scope:
    """A module, class, function, lambda, comprehension, or what holds the type parameters of one."""

    def __init__(self, node: ast.AST, parent: Scope | None) -> None:
        self.node = node
        self.parent = parent
        self.sites: dict[str, list[ast.AST]] = {}
        """What binds (or deletes) each name here: the nodes, in the order of the text."""
        self.declared: set[str] = set()
        """The names that a `global` or `nonlocal` statement gives away."""

    @property
    def is_class(self) -> bool:
        """Whether it is a class body, which the functions in it do not see."""
        return isinstance(self.node, ast.ClassDef)

    @property
    def is_module(self) -> bool:
        """Whether it is the module."""
        return self.parent is None

    def within(self) -> Iterator[Scope]:
        """The scope itself and those around it, from the inside out."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent


class Scopes:
    """The scopes of one module."""

    def __init__(self, tree: ast.Module) -> None:
        self.module = Scope(tree, None)
        self.of: dict[ast.AST, Scope] = {}
        """The scope in which each name, each import statement and each alias stands."""
        self.given_away: set[str] = set()
        """The names of all `global` and `nonlocal` statements: functions bind them for others."""
        self._block(tree.body, self.module)

    def resolve(self, name: str, scope: Scope) -> Scope | None:
        """The scope whose binding a name means where it is used; None if no scope binds it, as for a builtin."""
        for at in scope.within():
            if name in at.declared:
                continue
            if name in at.sites and (at is scope or not at.is_class):
                return at
        return None

    def names(self) -> Iterator[ast.Name]:
        """Every name in the module."""
        return (node for node in self.of if isinstance(node, ast.Name))

    def _bind(self, name: str, node: ast.AST, scope: Scope) -> None:
        target = scope
        if isinstance(node, ast.Name):  # `:=` in a comprehension binds in the function around it (PEP 572)
            while isinstance(target.node, _COMPREHENSIONS) and target.parent and not _is_target(node, target.node):
                target = target.parent
        if name in target.declared:
            target = self.module
        target.sites.setdefault(name, []).append(node)

    def _block(self, nodes: Iterable[ast.AST], scope: Scope) -> None:
        statements = list(nodes)
        for node in statements:
            for child in _same_scope(node):
                if isinstance(child, (ast.Global, ast.Nonlocal)):
                    scope.declared.update(child.names)
                    self.given_away.update(child.names)
        for node in statements:
            self._visit(node, scope)

    def _visit(self, node: ast.AST, scope: Scope) -> None:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            self._definition(node, scope)
        elif isinstance(node, ast.Lambda):
            self._function(node.args, [node.body], Scope(node, scope), scope)
        elif isinstance(node, _COMPREHENSIONS):
            self._comprehension(node, scope)
        elif type(node).__name__ == "TypeAlias":
            self._visit(node.name, scope)  # type: ignore[attr-defined]
            inner = self._type_parameters(node, scope)
            self._visit(node.value, inner)  # type: ignore[attr-defined]
        else:
            self._plain(node, scope)
            for child in ast.iter_child_nodes(node):
                self._visit(child, scope)

    def _plain(self, node: ast.AST, scope: Scope) -> None:
        if isinstance(node, ast.Name):
            self.of[node] = scope
            if not isinstance(node.ctx, ast.Load):
                self._bind(node.id, node, scope)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            self.of[node] = scope
            for alias in node.names:
                self.of[alias] = scope
                is_plain = isinstance(node, ast.Import) and not alias.asname
                local = alias.name.partition(".")[0] if is_plain else alias.asname or alias.name
                self._bind(local, alias, scope)
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            self._bind(node.name, node, scope)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            self._bind(node.rest, node, scope)

    def _definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, scope: Scope) -> None:
        self._bind(node.name, node, scope)
        for decorator in node.decorator_list:
            self._visit(decorator, scope)
        outer = self._type_parameters(node, scope)
        if isinstance(node, ast.ClassDef):
            for base in (*node.bases, *node.keywords):
                self._visit(base, outer)
            self._block(node.body, Scope(node, outer))
            return
        if node.returns is not None:
            self._visit(node.returns, outer)
        self._function(node.args, node.body, Scope(node, outer), outer)

    def _function(self, args: ast.arguments, body: Iterable[ast.AST], inner: Scope, outer: Scope) -> None:
        for default in (*args.defaults, *(value for value in args.kw_defaults if value is not None)):
            self._visit(default, outer)
        for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg):
            if arg is not None:
                self._bind(arg.arg, arg, inner)
                if arg.annotation is not None:
                    self._visit(arg.annotation, outer)
        self._block(body, inner)

    def _comprehension(self, node: ast.AST, scope: Scope) -> None:
        inner = Scope(node, scope)
        generators: list[ast.comprehension] = node.generators  # type: ignore[attr-defined]
        for index, generator in enumerate(generators):
            self._visit(generator.iter, inner if index else scope)  # the first is evaluated outside
            self._visit(generator.target, inner)
            for condition in generator.ifs:
                self._visit(condition, inner)
        for field in ("elt", "key", "value"):
            if (part := getattr(node, field, None)) is not None:
                self._visit(part, inner)

    def _type_parameters(self, node: ast.AST, scope: Scope) -> Scope:
        parameters = getattr(node, "type_params", None)
        if not parameters:
            return scope
        inner = Scope(node, scope)
        inner.node = ast.Module([], [])  # a scope of its own, and not a class even if it is a class's
        for parameter in parameters:
            self._bind(parameter.name, parameter, inner)
            for child in ast.iter_child_nodes(parameter):
                self._visit(child, inner)
        return inner


class ImportScopes:
    """The scopes of a module's import statements, by where these stand."""

    def __init__(self, scopes: Scopes, text: Text) -> None:
        self._scopes = scopes
        self._at: dict[int, Scope] = {}
        self.aliases: dict[ast.AST, int] = {}
        """Where (code points) each alias of an import stands."""
        for node, scope in scopes.of.items():
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                self._at[text.offset_of_utf8(node.lineno - 1, node.col_offset)] = scope
            elif isinstance(node, ast.alias):
                self.aliases[node] = text.offset_of_utf8(node.lineno - 1, node.col_offset)

    def _scope(self, statement: ImportStatement) -> Scope:
        return self._at.get(statement.span.start, self._scopes.module)

    def count(self, statement: ImportStatement, local: str) -> int:
        """How often a name is bound in the statement's scope; more than can be, if functions bind it for others."""
        return len(self._scope(statement).sites.get(local, ())) + 1000 * (local in self._scopes.given_away)

    def are_together(self, one: ImportStatement, other: ImportStatement) -> bool:
        """Whether two statements bind names in the same scope."""
        return self._scope(one) is self._scope(other)

    def has_star(self, statement: ImportStatement) -> bool:
        """Whether an `import *` may bind any name in the statement's scope or around it."""
        return any("*" in scope.sites for scope in self._scope(statement).within())

    def around(self, statement: ImportStatement, local: str) -> Scope | None:
        """The scope around the statement's own that binds a name, if there is one: it shows once its own does not."""
        parent = self._scope(statement).parent
        return self._scopes.resolve(local, parent) if parent is not None else None

    def is_in(self, statement: ImportStatement, scope: Scope) -> bool:
        """Whether a statement binds names in a scope."""
        return self._scope(statement) is scope

    def is_module(self, statement: ImportStatement) -> bool:
        """Whether the statement binds names of the module."""
        return self._scope(statement).is_module

    def is_function(self, statement: ImportStatement) -> bool:
        """Whether the statement binds names of a function, which mean nothing before it."""
        scope = self._scope(statement)
        return not scope.is_module and not scope.is_class


class Chain(NamedTuple):
    """A name and the attributes that follow it directly, as in `a.b.c`."""

    names: tuple[str, ...]
    start: int
    """Where it begins, in code points."""
    ends: tuple[int, ...]
    """Where each of its parts ends."""
    scope: Scope
    """The scope in which it stands."""


class Reading(NamedTuple):
    """What is worked out once for a text, however often it is asked for."""

    tree: ast.Module
    scopes: Scopes
    imports: ImportScopes

    def chains(self, text: Text, roots: Container[str]) -> Iterator[Chain]:
        """The longest attribute chains that begin with one of the names in `roots`."""
        inner = {id(node.value) for node in ast.walk(self.tree) if isinstance(node, ast.Attribute)}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute) and id(node) not in inner:
                parts: list[ast.Attribute] = []
                base: ast.expr = node
                while isinstance(base, ast.Attribute):
                    parts.insert(0, base)
                    base = base.value
                if isinstance(base, ast.Name) and base.id in roots:
                    names = (base.id, *(part.attr for part in parts))
                    start = text.offset_of_utf8(base.lineno - 1, base.col_offset)
                    ends = tuple(_end(text, part) for part in (base, *parts))
                    # where Python's own places are wrong, as inside of f-strings before 3.12, we know nothing
                    written = (text.source[end - len(name) : end] for name, end in zip(names, ends, strict=True))
                    if tuple(written) == names:
                        yield Chain(names, start, ends, self.scopes.of[base])


def _end(text: Text, node: ast.expr) -> int:
    return text.offset_of_utf8((node.end_lineno or node.lineno) - 1, node.end_col_offset or 0)


@lru_cache(maxsize=4)
def read_scopes(text: Text) -> Reading | None:
    """The tree and the scopes of a text; None if it does not parse. Raises RecursionError for one that is too deep."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.source)
    except (SyntaxError, ValueError, MemoryError):
        return None
    scopes = Scopes(tree)
    return Reading(tree, scopes, ImportScopes(scopes, text))


def _same_scope(node: ast.AST) -> Iterator[ast.AST]:
    """A statement and those nested in it that belong to the same scope."""
    yield node
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.expr)):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.stmt, ast.ExceptHandler, ast.match_case)):
                yield from _same_scope(child)


def _is_target(name: ast.Name, comprehension: ast.AST) -> bool:
    generators: list[ast.comprehension] = getattr(comprehension, "generators", [])
    return any(name is child for generator in generators for child in ast.walk(generator.target))
