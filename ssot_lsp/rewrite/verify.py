"""The independent check of a rewrite: does the result mean what the original meant, but for the moves?

It knows nothing of how the rewrite was made and shares no code with it. Three things must be equal: the syntax tree
without its imports; what the imports of each block bind to what; and, scope by scope, what `symtable` says of names.
"""

from __future__ import annotations

import ast
import builtins
import symtable
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from ssot_lsp.model import Move
from ssot_lsp.syntax import count_errors
from ssot_lsp.text import Text

Form = tuple[object, ...]


def verify(before: Text, after: Text, package: str, moves: Sequence[Move]) -> str:
    """Why `after` does not mean the same as `before`, but for the moves; empty if it does.

    `package` is the one that the file's relative imports start from.
    """
    try:
        old = _Module.read(before, package, {move.name.span.start: move for move in moves})
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"the file does not compile: {error}"
    try:
        new = _Module.read(after, package, {})
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"the result would not compile: {error}"
    if old.form != new.form:
        return _difference(old.form, new.form)
    return _scopes_differ(old, new)


def verify_unparsable(before: Text, after: Text) -> str:
    """Why a change of a file that does not parse is not sure; empty if it neither adds nor hides an error.

    The statements put in are known to parse, and the bytes around them are the same by construction.
    """
    if count_errors(before.source) != count_errors(after.source):
        return "the file does not parse, and the change would be read differently"
    return ""


@lru_cache(maxsize=2)
def _parse(text: Text) -> tuple[ast.Module, symtable.SymbolTable, frozenset[str]]:
    """A text's tree, its scopes and the names of its `global` and `nonlocal` statements; it must compile."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compile(text.source, "<verify>", "exec", dont_inherit=True)  # compiled, never executed
        tree = ast.parse(text.source)
        table = symtable.symtable(text.source, "<verify>", "exec")
    declared = (node.names for node in ast.walk(tree) if isinstance(node, (ast.Global, ast.Nonlocal)))
    return tree, table, frozenset(name for names in declared for name in names)


def _difference(old: object, new: object) -> str:
    """A word on the first place where two normal forms differ."""
    if isinstance(old, tuple) and isinstance(new, tuple) and len(old) == len(new):
        return next(_difference(a, b) for a, b in zip(old, new, strict=True) if a != b)
    return f"{_short(old)} would become {_short(new)}"


def _short(form: object) -> str:
    text = str(form)
    return f"`{text[:60]}…`" if len(text) > 60 else f"`{text}`"


@dataclass
class _Module:
    """One text in its normal form, and what must be known of it to compare its scopes."""

    package: list[str]
    moves: Mapping[int, Move]
    """The moves by where (code points) their names stand."""
    text: Text
    renamed: dict[str, str] = field(default_factory=dict)
    """The paths of plain `import a.b` that move, in the scope that is being read: their uses are spelled anew."""
    ambiguous: frozenset[str] = frozenset()
    """The names that the scope being read binds to more than one thing."""
    given_away: frozenset[str] = frozenset()
    """The names of `global` and `nonlocal` statements: others bind them too."""
    roots: set[str] = field(default_factory=set)
    """The first parts of all such paths, old and new."""
    builtins: set[str] = field(default_factory=set)
    """The names whose import goes because they are builtins."""
    form: Form = ()
    table: symtable.SymbolTable | None = None

    @classmethod
    def read(cls, text: Text, package: str, moves: Mapping[int, Move]) -> _Module:
        module = cls(package.split(".") if package else [], moves, text)
        for move in moves.values():
            if move.target.module == "builtins" and move.target.qualname == move.name.local:
                module.builtins.add(move.name.local)
        tree, module.table, module.given_away = _parse(text)
        module.form = module.node(tree)
        return module

    def block(self, statements: Sequence[ast.stmt]) -> Form:
        """A block: what its imports provide, in any order where that does not matter, then its statements in theirs."""
        provided: set[tuple[str, str]] = set()
        others: list[object] = []
        ordered: list[tuple[str, str]] = []
        for statement in statements:
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                for local, path in self.imports(statement):
                    if local in self.ambiguous:
                        ordered.append((local, path))
                    else:
                        provided.add((local, path))
            elif not isinstance(statement, ast.Pass):
                others += (*_by_name(ordered), self.node(statement))
                ordered = []
        form = (tuple(sorted(provided)), *others, *_by_name(ordered))
        return form if form != ((),) else ()  # as a block without statements: a module may lose its last one

    def imports(self, node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
        """What a statement provides, moves made: the local name and the path it refers to.

        A plain `import a.b` provides a path and no name of its own: its root may change, if all uses change with it.
        """
        module = self.absolute(node) if isinstance(node, ast.ImportFrom) else ""
        for alias in node.names:
            move = self.moves.get(self.text.offset_of_utf8(alias.lineno - 1, alias.col_offset))
            path = move.target.dotted if move else f"{module}.{alias.name}" if module else alias.name
            local = alias.asname or (path if "." in alias.name else alias.name)
            if path != f"builtins.{local}":  # with it or without, the name means the same
                yield ("" if "." in local else local), path

    def absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        above = node.level - 1
        base = self.package[: len(self.package) - above] if above <= len(self.package) else ["." * node.level]
        return ".".join([*base, *([node.module] if node.module else [])])

    def node(self, node: ast.AST) -> Form:
        if isinstance(node, ast.Attribute) and (path := _chain(node)):
            for old, new in sorted(self.renamed.items(), reverse=True):  # the longest first
                if path == old or path.startswith(old + "."):
                    return ("chain", new + path[len(old) :])
            return ("chain", path)
        around = self.renamed, self.ambiguous
        if isinstance(node, _SCOPES):
            self.renamed, self.ambiguous = self.renamed_in(node), self.ambiguous_in(node)
        form = (type(node).__name__, *(self.value(value) for _, value in ast.iter_fields(node)))
        self.renamed, self.ambiguous = around
        return form

    def ambiguous_in(self, scope: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> frozenset[str]:
        """The names that a scope binds to more than one thing: which it is, depends on the order of the statements."""
        bound: dict[str, set[object]] = {}
        for node in _own(scope.body):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                for local, path in self.imports(node):
                    bound.setdefault(local, set()).add(path)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                bound.setdefault(node.name, set()).add(node)
            else:
                for name in _stored(node):
                    bound.setdefault(name, set()).add(node)
        arguments = getattr(scope, "args", None)
        for argument in ast.walk(arguments) if arguments else ():
            if isinstance(argument, ast.arg):
                bound.setdefault(argument.arg, set()).add(argument)
        if "*" in bound:  # a star may bind any of them
            return frozenset(bound)
        many = {name for name, things in bound.items() if len(things) > 1}
        return frozenset(many | self.given_away | (bound.keys() & vars(builtins).keys()))

    def renamed_in(self, scope: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> dict[str, str]:
        """What uses are spelled anew in a scope: those of its imports, and those around it that these let through."""
        aliases = [alias for node in _own(scope.body) if isinstance(node, ast.Import) for alias in node.names]
        plain = [alias for alias in aliases if not alias.asname]
        own = {alias.name.partition(".")[0] for alias in plain}
        renamed = {old: new for old, new in self.renamed.items() if old.partition(".")[0] not in own}
        for alias in plain:
            move = self.moves.get(self.text.offset_of_utf8(alias.lineno - 1, alias.col_offset))
            if "." in alias.name and not move:
                renamed[alias.name] = alias.name  # what is under it stays its own
            elif move and "." in alias.name:
                renamed[alias.name] = move.target.dotted
                self.roots |= {path.partition(".")[0] for path in (alias.name, move.target.dotted)}
        return renamed

    def value(self, value: object) -> object:
        if isinstance(value, ast.AST):
            return self.node(value)
        if isinstance(value, list):
            if value and isinstance(value[0], ast.stmt):
                return self.block(value)
            return tuple(self.value(item) for item in value)
        return repr(value)


def _by_name(events: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """What imports bind, sorted by name where only the order of different names differs; a star stays where it is."""
    run: list[tuple[str, str]] = []
    for event in events:
        if event[0] == "*":
            yield from sorted(dict.fromkeys(run), key=lambda item: item[0])
            yield event
            run = []
        else:
            run.append(event)
    yield from sorted(dict.fromkeys(run), key=lambda item: item[0])


_SCOPES = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _own(statements: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """The statements that run in one scope, nested blocks included, nested scopes not."""
    for node in statements:
        yield node
        if not isinstance(node, _SCOPES):
            yield from _own([child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr)])


def _stored(node: ast.AST) -> Iterator[str]:
    """The names that a node other than an import or a definition binds itself, its nested statements apart."""
    if isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest
    for child in ast.iter_child_nodes(node):
        for name in ast.walk(child) if isinstance(child, (ast.expr, ast.withitem)) else ():
            if isinstance(name, ast.Name) and not isinstance(name.ctx, ast.Load):
                yield name.id


def _chain(node: ast.expr) -> str:
    """`a.b.c` for an attribute of an attribute of a name; empty for any other expression."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(names)]) if isinstance(node, ast.Name) else ""


def _scopes_differ(old: _Module, new: _Module) -> str:
    """Why a name would mean something else in some scope; empty if none does."""
    todo = [(old.table, new.table)]
    while todo:
        left, right = todo.pop()
        assert left is not None  # noqa: S101 - set by `read`
        assert right is not None  # noqa: S101
        before, after = _symbols(left), _symbols(right)
        for name in sorted({*before, *after}):
            if name in old.roots or name in old.builtins:
                if not all(_only_imported(table.get(name)) for table in (before, after)):
                    return f"`{name}` is also bound in another way"
            elif _flags(before.get(name)) != _flags(after.get(name)):
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


def _only_imported(symbol: symtable.Symbol | None) -> bool:
    return symbol is None or not (symbol.is_assigned() or symbol.is_parameter())
