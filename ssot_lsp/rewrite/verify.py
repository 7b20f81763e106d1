"""The independent check of a rewrite: does the result mean what the original meant, but for the moves?

It knows nothing of how the rewrite was made and shares no code with it. Both texts are brought into a normal form and
compared: every name, wherever it is used, stands there as the object that the imports in force make of it, as
`symtable` resolves it, with the moves made on both sides. Imports stand there as what they provide. Of the strings
exactly those differ that are named, and as they are said to.
"""

from __future__ import annotations

import ast
import builtins
import io
import re
import symtable
import tokenize
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from ssot_lsp.model import Move, StringMove
from ssot_lsp.rewrite.excerpt import LOOK_UPS, excerpts
from ssot_lsp.rewrite.typed import type_expressions, type_strings
from ssot_lsp.syntax import count_errors
from ssot_lsp.text import Span, Text, TextEdit

Form = tuple[object, ...]
_Position = tuple[int, int]
"""A row, from 1, and a column in bytes, from 0."""
_START = (0, 0)
_BAD_SOURCE = (SyntaxError, ValueError, RecursionError, MemoryError)
_NOT_A_CONSTANT = "the path is not the whole of a string"


def verify(
    before: Text,
    after: Text,
    package: str,
    moves: Sequence[Move],
    private: Collection[str],
    *,
    strings: Sequence[StringMove] = (),
    edits: Sequence[TextEdit] = (),
) -> str:
    """Why `after` does not mean the same as `before`, but for the moves; empty if it does.

    `package` is the one that the file's relative imports start from; `private` are the names of the module that nobody
    else asks for, so that they may go. With the `edits` that are said to lead from one to the other, it is enough to
    look at what they touch, where that is proven to be all.
    """
    changes = _Changes.of(before, moves, package, private)
    if edits and not strings and _is_proven_in_part(before, after, edits, changes):
        return ""
    try:
        renamed = _constants(before, strings)
    except _BAD_SOURCE as error:
        return f"the file does not compile: {error}"
    return _compared(before, after, changes, renamed) if renamed is not None else _NOT_A_CONSTANT


def _is_proven_in_part(before: Text, after: Text, edits: Sequence[TextEdit], changes: _Changes) -> bool:
    """Whether it is enough to look at what the edits touch, and that is as it should be."""
    try:
        found = excerpts(before, _parse(before)[0], after, edits)
        if found is None:
            return False
        top = _parse(found.after)[0].body
    except _BAD_SOURCE:
        return False
    inner = (statement for node in top if isinstance(node, ast.ClassDef) for statement in node.body)
    begun = {(statement.lineno, statement.col_offset) for statement in (*top, *inner)}
    return found.places <= begun and not _compared(found.before, found.after, changes, {})


def _compared(before: Text, after: Text, changes: _Changes, renamed: Mapping[ast.AST, str]) -> str:
    """Why two texts do not mean the same, but for the changes and the constants that are renamed; empty if they do."""
    try:
        old = _Module(before, changes, renamed=renamed)
    except _BAD_SOURCE as error:
        return f"the file does not compile: {error}"
    try:
        new = _Module(after, changes, old)
    except _BAD_SOURCE as error:
        return f"the result would not compile: {error}"
    if old.form != new.form:
        return _difference(old.form, new.form)
    if old.comments != new.comments:
        return "a comment would change"
    if len(old.blocks) != len(new.blocks):
        return "the blocks would change"
    return _imports_differ(old, new, changes)


def verify_strings(before: Text, after: Text, strings: Sequence[StringMove]) -> str:
    """Why a change of paths in strings, and of nothing else, is not sure; empty if it is.

    Between the paths both texts are the same. Each path is the whole of a constant before; as what stands there after
    is identifiers with `.` and `:`, which mean nothing in any literal, it is the whole of that constant then.
    """
    end = end_after = 0
    for span, path in sorted(set(strings)):
        length = span.start - end
        here = end_after + length
        is_same = before.source[end : span.start] == after.source[end_after:here]
        if not is_same or not after.source.startswith(path, here) or not re.fullmatch(r"\w+(?:[.:]\w+)*", path):
            return "the text around the string would change"
        end, end_after = span.end, here + len(path)
    if before.source[end:] != after.source[end_after:]:
        return "the text behind the string would change"
    try:
        return "" if _constants(before, strings) is not None else _NOT_A_CONSTANT
    except _BAD_SOURCE:
        return verify_unparsable(before, after)


def verify_comments(before: Text, after: Text) -> str:
    """Why a change of comments, and of nothing else, is not sure; empty if it is: every other token is the same."""
    try:
        return "" if _code(before) == _code(after) else "more than comments would change"
    except (*_BAD_SOURCE, tokenize.TokenError):
        return "the file does not parse"


def _code(text: Text) -> list[tuple[int, str]]:
    """The tokens of a text that are code."""
    tokens = tokenize.generate_tokens(io.StringIO(text.source, newline="").readline)
    return [
        (token.type, token.string if token.type != tokenize.NEWLINE else "")
        for token in tokens
        if token.type not in (tokenize.COMMENT, tokenize.NL)
    ]


def verify_unparsable(before: Text, after: Text) -> str:
    """Why a change of a file that does not parse is not sure; empty if it neither adds nor hides an error.

    The statements put in are known to parse, and the bytes around them are the same by construction.
    """
    if count_errors(before.source) != count_errors(after.source):
        return "the file does not parse, and the change would be read differently"
    return ""


def _constants(text: Text, strings: Sequence[StringMove]) -> dict[ast.AST, str] | None:
    """The constants of which some spans are the whole text, and what each is to be; None if one cannot be told."""
    found: dict[ast.AST, str] = {}
    for span, path in set(strings):
        same = _texts(text, _parse(text)[0]).get(text.source[slice(*span)], ())
        nodes = [node for place, node in same if place.contains(span)]
        if len(nodes) != 1 or nodes[0] in found:
            return None
        found[nodes[0]] = path
    return found


@lru_cache(maxsize=2)
def _texts(text: Text, tree: ast.Module) -> dict[str, list[tuple[Span, ast.Constant]]]:
    """The strings of a text and its tree by their values, each with the place of its literal."""
    found: dict[str, list[tuple[Span, ast.Constant]]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.end_lineno is not None:
            start = text.offset_of_utf8(node.lineno - 1, node.col_offset)
            end = text.offset_of_utf8(node.end_lineno - 1, node.end_col_offset or 0)
            found.setdefault(node.value, []).append((Span(start, end), node))
    return found


@lru_cache(maxsize=4)  # a text, what becomes of it, and excerpts of both
def _parse(text: Text) -> tuple[ast.Module, symtable.SymbolTable]:
    """A text's tree and its scopes; it must compile, where `await` may stand at the top, as it may in a notebook."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # compiled, never executed
        compile(text.source, "<verify>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        return ast.parse(text.source), symtable.symtable(text.source, "<verify>", "exec")


def _difference(old: object, new: object) -> str:
    """A word on the first place where two normal forms differ."""
    if isinstance(old, tuple) and isinstance(new, tuple) and len(old) == len(new):
        return next(_difference(a, b) for a, b in zip(old, new, strict=True) if a != b)
    return f"{_short(old)} would become {_short(new)}"


def _short(form: object) -> str:
    text = str(form)
    return f"`{text[:60]}…`" if len(text) > 60 else f"`{text}`"


@dataclass(frozen=True)
class _Changes:
    """What is allowed to differ."""

    paths: Mapping[str, str]
    """The moves: from dotted path to dotted path."""
    modules: Mapping[str, str]
    """The new paths, and the module that must be imported for each."""
    used: frozenset[str]
    """The old paths of what moves by its uses."""
    starred: Mapping[str, str]
    """The names that an `import *` has provided and that are to be imported by name, with the star's path."""
    package: Sequence[str]
    private: frozenset[str]

    @classmethod
    def of(cls, text: Text, moves: Sequence[Move], package: str, private: Collection[str]) -> _Changes:
        parents = package.split(".") if package else []
        paths: dict[str, str] = {}
        modules: dict[str, str] = {}
        used: set[str] = set()
        starred: dict[str, str] = {}
        for move in moves:
            statement = move.statement
            module = _absolute(statement.module, statement.level, parents) if statement.is_from else ""
            path = move.name.path_in(module)
            if move.use is not None:
                written = re.sub(r"[\s\\]", "", text.source[slice(*move.use)])
                is_path = not statement.is_from and move.name.asname is None
                path = written if is_path else f"{path}.{written.partition('.')[2]}"
                used.add(path)
            elif statement.is_star and move.name.name != "*":
                starred[move.name.name] = f"{module}.*"
            paths[path] = move.target.dotted
            modules[move.target.dotted] = move.target.module
        return cls(paths, modules, frozenset(used), starred, parents, frozenset(private))

    def apply(self, path: str) -> str:
        """A path with the moves made: that of its longest prefix, and once."""
        end = len(path)
        while end > 0:
            new = self.paths.get(path[:end])
            if new is not None:
                is_done = len(new) > end and _is_under(path, new)  # `foo` → `foo.bar`: it is there already
                return path if is_done else new + path[end:]
            end = path.rfind(".", 0, end)
        return path


def _is_under(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix + ".")


def _absolute(module: str, level: int, package: Sequence[str]) -> str:
    if not level:
        return module
    above = level - 1
    base = package[: len(package) - above] if above <= len(package) else ["." * level]
    return ".".join([*base, *([module] if module else [])])


class _Scope:
    """A symbol table, and what the tree says of the names that it binds."""

    def __init__(self, table: symtable.SymbolTable | None, parent: _Scope | None, name: str = "") -> None:
        self.name = name
        self.table = table
        """None where it cannot be found: then the tree alone tells."""
        self.parent = parent
        self.imports: dict[str, set[str]] = {}
        """What imports bind each name to: for `import a.b`, `a`."""
        self.loaded: set[str] = set()
        """All paths that imports name."""
        self.others: set[str] = set()
        """The names that are bound in another way."""
        self.nones: set[str] = set()
        """The names that are set to None, as in the handler of an import that failed."""
        self.given_away: set[str] = set()
        """The names that functions declare `global` or `nonlocal`, and so bind here."""
        self.stars: dict[str, _Position] = {}
        """Where the last `import *` of each path stands."""
        self.first_import: dict[str, _Position] = {}
        self.expected: set[str] = set()
        """The names that a star provides in the original, where they are read as imported by name behind it."""
        self._tables: dict[tuple[str, int], list[symtable.SymbolTable]] = {}
        for child in table.get_children() if table is not None else ():
            self._tables.setdefault((child.get_name(), child.get_lineno()), []).append(child)

    def enter(self, name: str, row: int) -> _Scope:
        """The next scope of that name that begins in a row (from 1)."""
        found = self._tables.get((name, row))
        return _Scope(found.pop(0) if found else None, self, name)

    def within(self) -> Iterator[_Scope]:
        """The scope itself and those around it, from the inside out."""
        at: _Scope | None = self
        while at is not None:
            yield at
            at = at.parent

    @property
    def is_class(self) -> bool:
        return self.table is not None and self.table.get_type() == "class"

    @property
    def is_function(self) -> bool:
        return self.parent is not None and not self.is_class

    @property
    def last_star(self) -> _Position:
        """Where the last `import *` stands; before everything if there is none."""
        return max(self.stars.values(), default=_START)

    def symbol(self, name: str) -> symtable.Symbol | None:
        try:
            return self.table.lookup(name) if self.table is not None else None
        except KeyError:
            return None

    def binds(self, name: str) -> bool:
        """Whether a name is local here."""
        symbol = self.symbol(name)
        if symbol is None or name in self.expected:
            return name in self.imports or name in self.others or name in self.nones
        return symbol.is_local()

    def resolve(self, name: str) -> _Scope | None:
        """The scope whose binding a name means here; None for builtins and unknown names."""
        *_, root = self.within()
        for at in self.within():
            symbol = at.symbol(name)
            if at.binds(name) and (at is self or not at.is_class):
                return at
            if symbol is not None and symbol.is_global():
                return root if root.binds(name) else None
        return None


class _Module:
    """One text in its normal form."""

    def __init__(
        self,
        text: Text,
        changes: _Changes,
        before: _Module | None = None,
        renamed: Mapping[ast.AST, str] = MappingProxyType({}),
    ) -> None:
        tree, table = _parse(text)
        self.changes = changes
        self.is_original = before is None
        self.renamed = renamed
        """The constants that are to be another text."""
        self.root = _Scope(table, None)
        self.places: dict[ast.AST, _Scope] = {}
        """The nodes at which another scope begins."""
        self.nonlocals: list[tuple[_Scope, str]] = []
        self.nones: set[ast.AST] = set()
        """The names in `name = None`."""
        self.types: set[ast.AST] = set()
        """The strings that are read as code."""
        self.looked_up: set[_Scope] = set()
        """The scopes whose names are asked for by their text."""
        self.all_imports: set[tuple[str, str]] = set()
        self._survey(tree)
        for scope, name in self.nonlocals:
            meant = (at for at in scope.within() if at is not scope and at.is_function and at.binds(name))
            for at in [*meant][:1]:
                at.given_away.add(name)
        bound = self.root.imports.keys() | self.root.others | self.root.nones
        self.kept: frozenset[str] = before.kept if before else frozenset(bound) - changes.private
        """The names of the module that others may ask for."""
        self.used: dict[tuple[_Scope, str], set[str]] = {}
        """What the names of a scope are used for, moves not made."""
        self.through_modules: list[tuple[_Scope, str]] = []
        """The uses of plain imports, with their scopes."""
        self.blocks: list[tuple[_Scope, frozenset[tuple[str, str, str, str]]]] = []
        """What the imports of each block provide: a name if it must stay, the path, where that has moved, the name."""
        self.scope = self.root
        self.form = self.node(tree)
        self.comments = self._type_comments(text)

    # First: which scope is where, and what it binds

    def _survey(self, tree: ast.Module) -> None:
        todo: list[tuple[ast.AST, _Scope]] = [(tree, self.root)]
        while todo:
            node, scope = todo.pop()
            self._note(node, scope)
            self._open(node, scope)
            children = reversed([*ast.iter_child_nodes(node)])
            todo += [(child, self.places.get(child, scope)) for child in children]

    def _open(self, node: ast.AST, scope: _Scope) -> None:
        """Note where the scopes of a node begin."""
        row = getattr(node, "lineno", 0)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            around = scope.enter(node.name, row) if getattr(node, "type_params", None) else scope
            inner = around.enter(node.name, row)
            outside = [*node.bases, *node.keywords] if isinstance(node, ast.ClassDef) else [node.args, node.returns]
            self._put(around, [*outside, *getattr(node, "type_params", ())])
            self._put(inner, node.body)
            if not isinstance(node, ast.ClassDef):
                self._parameters(node.args, inner)
        elif isinstance(node, ast.Lambda):
            inner = scope.enter("lambda", row)
            self._put(inner, [node.body])
            self._parameters(node.args, inner)
        elif isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            name = {"GeneratorExp": "genexpr"}.get(type(node).__name__, type(node).__name__.lower())
            inner = scope.enter(name, row)
            results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
            self._put(inner, [*results, *node.generators])
            self._put(scope, [node.generators[0].iter])
        elif type(node).__name__ == "TypeAlias":
            name = node.name.id  # type: ignore[attr-defined]
            around = scope.enter(name, row) if node.type_params else scope  # type: ignore[attr-defined]
            self._put(around.enter(name, row), [node.value])  # type: ignore[attr-defined]
            self._put(around, node.type_params)  # type: ignore[attr-defined]

    def _put(self, scope: _Scope, nodes: Sequence[ast.AST | None]) -> None:
        self.places.update((node, scope) for node in nodes if node is not None)

    def _parameters(self, args: ast.arguments, scope: _Scope) -> None:
        for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg):
            if arg is not None:
                scope.others.add(arg.arg)

    def _note(self, node: ast.AST, scope: _Scope) -> None:
        """Note what a node binds itself, and which of its strings are types."""
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias, path in self._aliases(node):
                place = (node.lineno, node.col_offset)
                self._note_import(alias, path, place, scope, is_from=isinstance(node, ast.ImportFrom))
        elif isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                (scope.nones if node in self.nones else scope.others).add(node.id)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and node.value.value is None:
            self.nones.update(node.targets)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            scope.others.add(node.name)
        elif isinstance(node, ast.Global):
            self.root.given_away.update(node.names)
        elif isinstance(node, ast.Nonlocal):
            self.nonlocals += ((scope, name) for name in node.names)
        elif isinstance(node, ast.NamedExpr):
            next(at for at in scope.within() if at.name not in _COMPREHENSIONS).others.add(node.target.id)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            scope.others.add(node.rest)
        elif type(node).__name__ in ("ExceptHandler", "MatchAs", "MatchStar", "TypeVar", "ParamSpec", "TypeVarTuple"):
            scope.others.add(getattr(node, "name", None) or "")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            name = node.func.id
            if name in LOOK_UPS or (name == "vars" and not node.args):
                self.looked_up.update(scope.within())
        for part in type_expressions(node):
            self.types.update(type_strings(part))

    def _note_import(self, alias: ast.alias, path: str, at: _Position, scope: _Scope, *, is_from: bool) -> None:
        if alias.name == "*":
            new = self.changes.apply(path)
            scope.stars[new] = max(scope.stars.get(new, at), at)
            return
        local = alias.asname or (alias.name if is_from else alias.name.partition(".")[0])
        bound = path if is_from or alias.asname else local
        scope.imports.setdefault(local, set()).add(bound)
        scope.first_import[local] = min(scope.first_import.get(local, at), at)
        if self.is_original and self.changes.starred.get(local) == f"{path.rpartition('.')[0]}.*":
            scope.expected.add(local)
        scope.loaded.add(path)
        self.all_imports.add((local, path))

    def _aliases(self, node: ast.Import | ast.ImportFrom) -> Iterator[tuple[ast.alias, str]]:
        """The names of an import statement and the paths that they speak of."""
        module = ""
        if isinstance(node, ast.ImportFrom):
            module = _absolute(node.module or "", node.level, self.changes.package)
        for alias in node.names:
            yield alias, f"{module}.{alias.name}" if module else alias.name
            if alias.name == "*" and self.is_original:
                names = (name for name, star in self.changes.starred.items() if star == f"{module}.*")
                yield from ((ast.alias(name), f"{module}.{name}") for name in names)

    # Then: what it says

    def is_imported(self, scope: _Scope, name: str) -> bool:
        """Whether a name is bound by imports and by nothing else."""
        symbol = scope.symbol(name)
        return (
            name in scope.imports
            and (symbol is None or symbol.is_imported() or name in scope.expected)
            and name not in scope.others | scope.nones
            and name not in scope.given_away
            and self.is_behind_star(scope, name)
        )

    def is_behind_star(self, scope: _Scope, name: str) -> bool:
        """Whether no `import *` can bind a name anew; of a name that a star has provided, whether that one cannot."""
        star = self.changes.starred.get(name) if scope is self.root else None
        if star is None:
            return scope.first_import[name] > scope.last_star
        last = scope.stars.get(self.changes.apply(star), _START)
        return name in scope.expected or scope.first_import[name] > last

    def is_ordered(self, scope: _Scope, name: str) -> bool:
        """Whether it matters where among the statements a name is bound: it may mean several things."""
        if not self.is_imported(scope, name) or (hasattr(builtins, name) and not scope.is_function):
            return True
        return len({self.changes.apply(path) for path in scope.imports[name]}) > 1

    def may_go(self, scope: _Scope, name: str) -> bool:
        """Whether nobody can tell if a name that imports bind is called otherwise."""
        if not self.is_imported(scope, name) or scope in self.looked_up or scope.is_class:
            return False
        return scope.is_function or name not in self.kept

    def block(self, statements: Sequence[ast.stmt]) -> Form:
        """A block: its statements in their order, and among them the imports whose order matters."""
        provided: set[tuple[str, str, str, str]] = set()
        at = len(self.blocks)
        self.blocks.append((self.scope, frozenset()))
        others: list[object] = []
        ordered: list[tuple[str, str]] = []
        for statement in statements:
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                scope = self.places.get(statement, self.scope)
                for alias, path in self._aliases(statement):
                    is_plain = isinstance(statement, ast.Import) and alias.asname is None
                    local = alias.name.partition(".")[0] if is_plain else alias.asname or alias.name
                    new = self.changes.apply(path)
                    if new == f"builtins.{local}" and local != "*":
                        continue  # with it or without, the name means the same
                    if is_plain and "." in path:
                        provided.add(("", path, new, local))
                    elif alias.name == "*" or self.is_ordered(scope, local):
                        ordered.append((local, new))
                    else:
                        provided.add(("" if self.may_go(scope, local) else local, path, new, local))
            elif not isinstance(statement, ast.Pass):
                others += (*_by_name(ordered), self.node(statement))
                ordered = []
        self.blocks[at] = (self.scope, frozenset(provided))
        return (*others, *_by_name(ordered))

    def node(self, node: ast.AST) -> Form:
        around = self.scope
        self.scope = self.places.get(node, around)
        form = self._node(node)
        self.scope = around
        return form

    def _node(self, node: ast.AST) -> Form:
        if isinstance(node, (ast.Name, ast.Attribute)):
            names: list[str] = []
            at: ast.expr = node
            while isinstance(at, ast.Attribute):
                names.insert(0, at.attr)
                at = at.value
            if isinstance(at, ast.Name):
                return self._name(at.id, names, type(node.ctx).__name__)
        if isinstance(node, ast.Module):
            return ("Module", self.block(node.body))  # the one block that may be empty
        if isinstance(node, ast.Constant) and node in self.renamed:
            return (type(node).__name__, repr(self.renamed[node]), repr(node.kind))
        if node in self.types and isinstance(node, ast.Constant):
            try:
                return ("type", self.node(ast.parse(f"({node.value!s}\n)", mode="eval").body))
            except _BAD_SOURCE:
                pass
        return (type(node).__name__, *(self._value(value) for _, value in ast.iter_fields(node)))

    def _name(self, name: str, attributes: Sequence[str], context: str) -> Form:
        """A use of a name: what it is, moves made."""
        scope = self.scope.resolve(name)
        if scope is None:
            is_builtin = hasattr(builtins, name) and not self.root.stars
            return (context, (".".join(["builtins" if is_builtin else "?", name, *attributes]),))
        is_optional = name in scope.nones and name not in scope.others | scope.given_away and name in scope.imports
        if not self.is_imported(scope, name) and not (is_optional and attributes):
            return (context, (name, *attributes))
        paths = [".".join([path, *attributes]) for path in sorted(scope.imports[name])]
        self.used.setdefault((scope, name), set()).update(paths)
        if scope.imports[name] == {name}:
            self.through_modules.append((scope, paths[0]))
        return (context, tuple(sorted({self.changes.apply(path) for path in paths})))

    def _value(self, value: object) -> object:
        if isinstance(value, ast.AST):
            return self.node(value)
        if isinstance(value, list):
            if value and isinstance(value[0], ast.stmt):
                around = self.scope
                self.scope = self.places.get(value[0], around)
                form = self.block(value)
                self.scope = around
                return form
            return tuple(self._value(item) for item in value)
        return repr(value)

    def _type_comments(self, text: Text) -> Form:
        """The comments that are read as types, as they are read at the module's top."""
        found: list[object] = []
        if "# type:" in text.source:
            for token in tokenize.generate_tokens(io.StringIO(text.source, newline="").readline):
                if token.type == tokenize.COMMENT and (match := re.match(r"# type:(?!\s*ignore)([^#]*)", token.string)):
                    try:
                        found.append(self.node(ast.parse(match[1].strip(), mode="eval").body))
                    except _BAD_SOURCE:
                        found.append(match[1])
        return tuple(found)


_COMPREHENSIONS = frozenset({"listcomp", "setcomp", "dictcomp", "genexpr"})


def _by_name(events: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """What imports bind, sorted by name where only the order of different names differs; a star stays where it is.

    One star twice, with nothing between, is one.
    """
    run: list[tuple[str, str]] = []
    star: tuple[str, str] | None = None
    for event in events:
        if event[0] == "*":
            yield from sorted(dict.fromkeys(run), key=lambda item: item[0])
            if run or event != star:
                yield event
            run, star = [], event
        else:
            run.append(event)
    yield from sorted(dict.fromkeys(run), key=lambda item: item[0])


def _imports_differ(old: _Module, new: _Module, changes: _Changes) -> str:
    """Why the imports of a block would not provide what they did; empty if they do."""
    for (_, before), (scope, after) in zip(old.blocks, new.blocks, strict=True):
        had, has = ({(local, path) for local, _, path, _ in provided} for provided in (before, after))
        had_paths, has_paths = ({path for _, path in names} for names in (had, has))
        for local, old_path, path, name in sorted(before):
            is_there = (local, path) in has or (not local and path in has_paths)
            if not is_there and (local or not _may_go(old_path, path, has_paths, new, (scope, name))):
                return f"`{old_path}` would not be imported any more"
        for _, path in sorted(has - had):
            is_asked = any(_is_under(to, path) and _is_under(path, module) for to, module in changes.modules.items())
            if not is_asked and not any(_is_under(other, path) for other in had_paths | {p for _, p, _, _ in before}):
                return f"`{path}` would be imported, which nothing asks for"
    known = {path for paths in old.used.values() for path in paths}
    for scope, path in new.through_modules:
        for target, module in changes.modules.items():
            if _is_under(path, target) and path not in known and not _is_loaded(module, scope, changes):
                return f"`{path}` would be used, and `{module}` not be imported"
    return _tables_differ(old, new)


def _may_go(old_path: str, path: str, has: Collection[str], new: _Module, bound: tuple[_Scope, str]) -> bool:
    """Whether an import may go: what is used of it is now used from elsewhere, or other imports provide it."""
    module = new.changes.modules.get(path, path)
    if path.startswith("builtins."):
        return True
    if any((_is_under(path, other) and _is_under(other, module)) or _is_under(other, path) for other in has):
        return True
    is_used = any(_is_under(used, old_path) for used in new.used.get(bound, ()))
    return not is_used and any(_is_under(used, old_path) for used in new.changes.used)


def _is_loaded(module: str, scope: _Scope, changes: _Changes) -> bool:
    """Whether a module is imported in a scope, or what moved was reached through it before."""
    return any(_is_under(path, module) for path in (*scope.loaded, *changes.used))


def _tables_differ(old: _Module, new: _Module) -> str:
    """Why a name would mean something else in some scope; empty if none does.

    The names that imports bind are left out: their uses were compared, and what they resolve to.
    """
    changed = {local for local, _ in old.all_imports | new.all_imports}
    changed |= {path.split(".")[1] for path in new.changes.paths.values() if path.startswith("builtins.")}
    todo = [(old.root.table, new.root.table)]
    while todo:
        left, right = todo.pop()
        if left is None or right is None:
            continue
        before, after = _symbols(left), _symbols(right)
        for name in sorted({*before, *after} - changed):
            if _flags(before.get(name)) != _flags(after.get(name)):
                return f"`{name}` would mean something else in {left.get_type()} {left.get_name()}"
        children = left.get_children(), right.get_children()
        if [child.get_name() for child in children[0]] != [child.get_name() for child in children[1]]:
            return "the scopes would change"
        todo += zip(*children, strict=True)
    return ""


def _symbols(table: symtable.SymbolTable) -> dict[str, symtable.Symbol]:
    return {symbol.get_name(): symbol for symbol in table.get_symbols()}


def _flags(symbol: symtable.Symbol | None) -> tuple[bool, ...]:
    if symbol is None:
        return ()
    asked = (
        symbol.is_referenced,
        symbol.is_imported,
        symbol.is_assigned,
        symbol.is_parameter,
        symbol.is_local,
        symbol.is_global,
        symbol.is_declared_global,
        symbol.is_nonlocal,
        symbol.is_free,
        symbol.is_annotated,
    )
    return tuple(ask() for ask in asked)
