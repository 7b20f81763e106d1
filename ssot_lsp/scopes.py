"""Which scope binds which name, and where it is used: Python's rules of binding and look-up over `ast`.

The language reference, "Execution model: Naming and binding", and PEP 695 for type parameters.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from ssot_lsp.model import ImportStatement
from ssot_lsp.text import Text

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_GENERICS = frozenset(
    [
        "Optional",
        "Union",
        "List",
        "Dict",
        "Set",
        "FrozenSet",
        "Tuple",
        "Type",
        "Callable",
        "Iterable",
        "Iterator",
        "Sequence",
        "Mapping",
        "MutableMapping",
        "Generator",
        "AsyncIterator",
        "AsyncIterable",
        "Awaitable",
        "Coroutine",
        "ClassVar",
        "Final",
        "Generic",
        "Protocol",
        "Annotated",
        "Collection",
        "Deque",
        "DefaultDict",
        "list",
        "dict",
        "set",
        "frozenset",
        "tuple",
        "type",
    ]
)
"""What is followed by `[…]` in types, and in hardly anything else."""
_TYPING = frozenset({"typing", "typing_extensions", "t", "te", "tp", "collections", "abc"})


_SIMPLE_BINDINGS = (
    ast.Assign,
    ast.AnnAssign,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Import,
    ast.ImportFrom,
)


class Scope:
    """A module, class, function, lambda, comprehension, or what holds the type parameters of one."""

    def __init__(self, node: ast.AST, parent: Scope | None) -> None:
        self.node = node
        self.parent = parent
        self.sites: dict[str, list[ast.AST]] = {}
        """What binds (or deletes) each name here: the nodes, in the order of the text."""
        self.declared: dict[str, bool] = {}
        """The names of `global` (true) and `nonlocal` (false) statements here."""
        self.given_away: set[str] = set()
        """The names that functions declare `global` or `nonlocal`, and so bind here."""

    @property
    def is_class(self) -> bool:
        """Whether it is a class body, which the functions in it do not see."""
        return isinstance(self.node, ast.ClassDef)

    @property
    def is_module(self) -> bool:
        """Whether it is the module."""
        return self.parent is None

    def has_bound(self, name: str, row: int) -> bool:
        """Whether only statements of its own bind a name, under no condition, and one does so above a row (from 0)."""
        binding = [node for node in getattr(self.node, "body", ()) if isinstance(node, _SIMPLE_BINDINGS)]
        direct = {part: node for node in binding for part in (node, *_bound_by(node))}
        sites = self.sites.get(name, ())
        return all(site in direct for site in sites) and any((direct[s].end_lineno or 0) <= row for s in sites)

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
        self.types: list[tuple[ast.Constant, Scope]] = []
        """The strings that are read as code, as those in annotations are (PEP 484, "Forward references")."""
        self._declaring: list[Scope] = []
        imported = (alias for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names)
        self._literals = {alias.asname or alias.name for alias in imported if alias.name == "Literal"} | {"Literal"}
        self._block(tree.body, self.module)
        for at in self._declaring:
            for name, is_global in at.declared.items():
                meant = self.module if is_global else self.resolve(name, at)
                if meant is not None:
                    meant.given_away.add(name)

    def resolve(self, name: str, scope: Scope) -> Scope | None:
        """The scope whose binding a name means where it is used; None if no scope binds it, as for a builtin."""
        for at in scope.within():
            if name in at.declared:
                if at.declared[name]:
                    return self.module if name in self.module.sites else None
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
        target = self.binder(name, target)
        target.sites.setdefault(name, []).append(node)

    def binder(self, name: str, scope: Scope) -> Scope:
        """The scope for which a statement in `scope` binds a name: another one if it is declared so."""
        if name not in scope.declared:
            return scope
        if not scope.declared[name]:
            for at in scope.within():
                if at is not scope and not at.is_class and not at.is_module and name not in at.declared:
                    return at  # the nearest function: if it is a further one, both are given away
        return self.module

    def _block(self, nodes: Iterable[ast.AST], scope: Scope) -> None:
        statements = list(nodes)
        for node in statements:
            for child in _same_scope(node):
                if isinstance(child, (ast.Global, ast.Nonlocal)):
                    scope.declared.update(dict.fromkeys(child.names, isinstance(child, ast.Global)))
                    self._declaring.append(scope)
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
            self._note_types(node.value, inner)  # type: ignore[attr-defined]
        else:
            self._plain(node, scope)
            for part in _types_in(node):
                self._note_types(part, scope)
            for child in ast.iter_child_nodes(node):
                self._visit(child, scope)

    def _note_types(self, node: ast.AST, scope: Scope) -> None:
        """Note the strings in an expression that stands for a type."""
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str) and not any(node is known for known, _ in self.types):
                self.types.append((node, scope))
        elif isinstance(node, ast.Subscript):
            kind = "Literal" if last_part(node.value) in self._literals else last_part(node.value)
            parts: list[ast.expr] = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            for part in [] if kind == "Literal" else parts[:1] if kind == "Annotated" else parts:
                self._note_types(part, scope)
        elif isinstance(node, (ast.BinOp, ast.List, ast.Tuple, ast.Starred, ast.Dict)):
            for child in ast.iter_child_nodes(node):
                self._note_types(child, scope)

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
                if isinstance(base, ast.Subscript):
                    self._note_types(base, outer)
            self._block(node.body, Scope(node, outer))
            return
        if node.returns is not None:
            self._visit(node.returns, outer)
            self._note_types(node.returns, outer)
        self._function(node.args, node.body, Scope(node, outer), outer)

    def _function(self, args: ast.arguments, body: Iterable[ast.AST], inner: Scope, outer: Scope) -> None:
        for default in (*args.defaults, *(value for value in args.kw_defaults if value is not None)):
            self._visit(default, outer)
        for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg):
            if arg is not None:
                self._bind(arg.arg, arg, inner)
                if arg.annotation is not None:
                    self._visit(arg.annotation, outer)
                    self._note_types(arg.annotation, outer)
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
        self._direct: set[int] = set()
        self.aliases: dict[ast.AST, int] = {}
        """Where (code points) each alias of an import stands."""
        for node, scope in scopes.of.items():
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                start = text.offset_of_utf8(node.lineno - 1, node.col_offset)
                self._at[start] = scope
                if node in getattr(scope.node, "body", ()):
                    self._direct.add(start)
            elif isinstance(node, ast.alias):
                self.aliases[node] = text.offset_of_utf8(node.lineno - 1, node.col_offset)

    def scope(self, statement: ImportStatement) -> Scope:
        """The scope in which a statement binds names."""
        return self._at.get(statement.span.start, self._scopes.module)

    def is_direct(self, statement: ImportStatement) -> bool:
        """Whether a statement runs whenever its scope does: it stands under no condition."""
        return statement.span.start in self._direct

    def others(self, statement: ImportStatement, local: str) -> int:
        """How often a name is bound in the statement's scope by anything but an import."""
        sites = self.scope(statement).sites.get(local, ())
        return sum(site not in self.aliases for site in sites) + (local in self.scope(statement).given_away)


def _bound_by(node: ast.stmt) -> Iterator[ast.AST]:
    """What a simple statement binds for certain: the targets of an assignment of a value, the names of an import."""
    if isinstance(node, ast.Assign):
        yield from (child for target in node.targets for child in ast.walk(target))
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        yield node.target
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from node.names


def last_part(node: ast.AST) -> str:
    """`c` of `a.b.c`; empty for what is neither a name nor an attribute."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _types_in(node: ast.AST) -> Iterator[ast.AST]:
    """The expressions directly in a node that stand for types, annotations of arguments apart."""
    if isinstance(node, ast.AnnAssign):
        yield node.annotation
        if last_part(node.annotation) == "TypeAlias" and node.value is not None:
            yield node.value
    elif isinstance(node, ast.Subscript) and last_part(node.value) in _GENERICS:
        if _may_be_typing(node.value):
            yield node
    elif isinstance(node, ast.Call) and _may_be_typing(node.func):
        called = last_part(node.func)
        if called == "cast":
            yield from node.args[:1]
        elif called in ("TypeVar", "NewType"):
            yield from node.args[1:]
            yield from (keyword.value for keyword in node.keywords if keyword.arg == "bound")
        elif called in ("NamedTuple", "TypedDict"):
            for fields in node.args[1:2]:
                yield from (fields.values if isinstance(fields, ast.Dict) else ())
                pairs = fields.elts if isinstance(fields, (ast.List, ast.Tuple)) else ()
                yield from (pair.elts[1] for pair in pairs if isinstance(pair, ast.Tuple) and len(pair.elts) == 2)


def _may_be_typing(node: ast.AST) -> bool:
    """Whether it is a name, or an attribute of what `typing` is usually called: `frame.cast` is something else."""
    base = getattr(node, "value", None)
    return isinstance(node, ast.Name) or (isinstance(base, ast.Name) and base.id in _TYPING)


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
