"""One module's text → what the module binds and exports when it is imported, as far as reading can tell.

What cannot be told is *unknown*: `open_ended` for names, `open_modules` for submodules, no `all_parts` for `__all__`.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from ssot_lsp.lexical import plain, without_bodies
from ssot_lsp.model import ObjectRef
from ssot_lsp.text import Text

_DYNAMIC_WORDS = (
    *(b"global", b"globals", b"locals", b"vars", b"exec", b"modules", b"import_module", b"__import__"),
    *(b"_convert", b"_convert_", b"global_enum", b"__path__", b"__name__"),
)
"""Without one of these a text can do nothing that makes reading it more work."""
_IMPORTS_MODULES = r"\bfrom\s+sys\s+import\b(?s:.){0,200}?\bmodules\b"
_HARMLESS_METHODS = frozenset({"get", "keys", "values", "items", "copy"})
_HARMLESS_CALLS = frozenset(
    {
        "sorted",
        "list",
        "tuple",
        "set",
        "frozenset",
        "len",
        "any",
        "all",
        "enumerate",
        "iter",
        "join",
        "zip",
        "print",
        "dict",
    }
)
_ENUM_EXPORTERS = frozenset({"global_enum", "_convert_", "_convert"})
_LOOKS_UP_MODULES = frozenset({"get", "import_module", "__import__"})


class Binding(NamedTuple):
    """One way in which a module comes to bind a name."""

    row: int
    """Where its name stands: row from 0."""
    column: int
    """Column in bytes of UTF-8, as `ast` counts."""
    origin: ObjectRef | None = None
    """For an import and a plain alias (`A = B`, `A = b.C`): what it refers to. None for a definition."""
    is_conditional: bool = False
    """It stands in a branch, a loop or the like."""


class Bindings(NamedTuple):
    """What one module binds and exports."""

    names: Mapping[str, tuple[Binding, ...]]
    stars: tuple[str, ...] = ()
    """The absolute modules of its `import *`."""
    open_ended: bool = False
    """It may bind more names than can be read: a module `__getattr__`, `globals()`, …"""
    open_modules: bool = False
    """It may have submodules that no file provides: it changes its `__path__`, or writes to `sys.modules`."""
    all_parts: tuple[str | ObjectRef, ...] | None = None
    """The names in its `__all__`, and the modules whose own it adds; None if it has none, or none that can be read."""
    has_all: bool = False
    """It has an `__all__`, known or not."""
    declared: frozenset[str] = frozenset()
    """Names that it only annotates: someone else is expected to bind them."""
    imports: tuple[str, ...] = ()
    """What is imported along with it, be it modules or names in them; what only type checkers read is not."""


def absolute(written: str, level: int, module: str, *, is_init: bool) -> str | None:
    """The absolute path of the module that a `from` statement in the file of `module` names.

    `level` counts the leading dots. None for a relative import that leads above the top (PEP 328).
    """
    if not level:
        return written
    package = module.split(".")
    drop = level - 1 if is_init else level
    if drop >= len(package):
        return None
    base = package[: len(package) - drop]
    return ".".join([*base, written] if written else base)


def read_bindings(
    text: Text, module: str, *, is_init: bool, is_stub: bool, older: Callable[[str], str | None] = lambda source: None
) -> Bindings:
    """Read a module's text, or what `older` makes of it, should it be in newer syntax than the running Python's.

    Raises SyntaxError, ValueError, RecursionError or MemoryError for what Python's own parser does not take.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an invalid escape in someone's module is not our news
        whole = plain(text.source)
        source = _reduced(whole)
        try:
            tree = ast.parse(source)
        except SyntaxError:
            source, tree = _parsed(whole, older)
    reader = _Reader(module, source, is_init=is_init)
    reader.block(tree.body, conditional=False)
    if is_stub:
        for name, node in reader.declared.items():
            reader.bind(name, node)
    exports = _All(reader, tree, source)
    return Bindings(
        names={name: tuple(bindings) for name, bindings in reader.names.items()},
        stars=tuple(reader.stars),
        open_ended=reader.open_ended or reader.may_find_itself or "__getattr__" in reader.names,
        open_modules=reader.open_modules,
        all_parts=tuple(exports.parts) if exports.known else None,
        has_all=exports.seen,
        declared=frozenset() if is_stub else frozenset(reader.declared),
        imports=tuple(dict.fromkeys(reader.imported)),
    )


def _parsed(source: str, older: Callable[[str], str | None]) -> tuple[str, ast.Module]:
    try:
        return source, ast.parse(source)
    except SyntaxError:
        if (source_before := older(source)) is None:
            raise
        return source_before, ast.parse(source_before)


def _reduced(source: str) -> str:
    """A text without the bodies that can neither bind a module's names nor make them unknown, which most cannot."""
    data = _encoded(source)
    walruses = (match.start() for match in re.finditer(b":=", data))
    points = sorted([*_places(data, (*_DYNAMIC_WORDS, b"__all__")), *walruses])
    return without_bodies(data, points).decode("utf-8", "surrogatepass")


def _encoded(source: str) -> bytes:
    return source.encode("utf-8", "surrogatepass")


def _places(data: bytes, words: Iterable[bytes]) -> Iterator[int]:
    """Where some words stand, in bytes: word by word, which is faster than one expression for all of them."""
    for word in words:
        at = data.find(word)
        while at >= 0:
            end = at + len(word)
            if not re.search(rb"\w", data[max(at - 1, 0) : at] + data[end : end + 1]):
                yield at
            at = data.find(word, end)


class _Reader:
    """Walks the statements that run when a module is imported, and notes what they bind."""

    def __init__(self, module: str, source: str, *, is_init: bool) -> None:
        self.module = module
        self.source = source
        self.is_init = is_init
        data = _encoded(source)
        self.dynamic_rows = sorted(data.count(b"\n", 0, place) for place in _places(data, _DYNAMIC_WORDS))
        self.has_walrus = ":=" in source
        self.names: dict[str, list[Binding]] = {}
        self.stars: list[str] = []
        self.imported: list[str] = []
        self.is_conditional = False
        self.open_ended = False
        self.open_modules = False
        self.looks_up_modules = False
        """A function looks up a module by a name that it is given."""
        self.tells_its_name = False
        """`__name__` is used for more than a logger and a comparison, so it may be given to such a function."""
        self.declared: dict[str, ast.expr] = {}
        self.all_statements: list[tuple[ast.stmt, bool]] = []
        """The statements that set or change `__all__` at the top level, and whether they are conditional."""

    @property
    def may_find_itself(self) -> bool:
        """Whether a function that looks up modules may find this one."""
        return self.looks_up_modules and self.tells_its_name

    def bind(self, name: str, node: ast.AST, origin: ObjectRef | None = None) -> None:
        row, column = getattr(node, "lineno", 1) - 1, getattr(node, "col_offset", 0)
        self.names.setdefault(name, []).append(Binding(row, column, origin, self.is_conditional))

    def block(self, statements: list[ast.stmt], *, conditional: bool) -> None:
        for statement in statements:
            self.is_conditional = conditional
            self.statement(statement, conditional=conditional)

    def statement(self, node: ast.stmt, *, conditional: bool) -> None:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            self.definition(node)
            return
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            self.imports(node)
            return
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            self.assignment(node, conditional=conditional)
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            self.target(node.target)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                if item.optional_vars is not None:
                    self.target(item.optional_vars)
        elif isinstance(node, ast.Delete) and not conditional:
            for child in ast.walk(node):
                if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Del):
                    self.names.pop(child.id, None)
        elif isinstance(node, ast.Match):
            for case in node.cases:
                self.pattern(case.pattern)
        elif isinstance(node, ast.Expr):
            self.all_statements.append((node, conditional))
        elif type(node).__name__ == "TypeAlias":  # PEP 695, Python 3.12
            self.target(node.name)  # type: ignore[attr-defined,unused-ignore]
        self.expressions(node)
        if isinstance(node, ast.If) and _is_main_test(node.test):
            self.block(node.orelse, conditional=True)  # its body does not run when the module is imported
            return
        if isinstance(node, ast.If) and _last_part(node.test) == "TYPE_CHECKING":
            before = len(self.imported)
            self.block(node.body, conditional=True)
            del self.imported[before:]  # it does not run when the module is imported, though its names are bound
            self.block(node.orelse, conditional=True)
            return
        always = isinstance(node, (ast.With, ast.AsyncWith))
        for name in ("body", "orelse", "finalbody"):
            self.block(getattr(node, name, []), conditional=conditional or not always)
        for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            self.expressions(part)
            self.block(part.body, conditional=True)

    def definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        self.bind(node.name, node)
        if self.has_walrus:
            args = getattr(node, "args", None)
            outside = [*node.decorator_list, *getattr(node, "bases", ()), *getattr(node, "keywords", ())]
            for part in (*outside, getattr(node, "returns", None), args):
                if part is not None:
                    self.named_expressions(part)
        self.dynamic(node, inside=True)

    def imports(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                self.imported.append(alias.name)
                self.bind(alias.asname or top, alias, ObjectRef(alias.name if alias.asname else top))
            return
        module = absolute(node.module or "", node.level, self.module, is_init=self.is_init)
        for alias in node.names:
            if module:
                self.imported.append(module if alias.name == "*" else f"{module}.{alias.name}")
            if alias.name == "*":
                self.stars.append(module or "")
                self.open_ended |= not module
            else:
                origin: ObjectRef | None = ObjectRef(module, alias.name) if module else None
                if origin is not None and origin.dotted == f"{self.module}.{alias.asname or alias.name}":
                    origin = ObjectRef(origin.dotted)  # `from . import sub` in a package binds the submodule
                self.bind(alias.asname or alias.name, alias, origin)

    def assignment(self, node: ast.Assign | ast.AugAssign | ast.AnnAssign, *, conditional: bool) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if isinstance(node, ast.AnnAssign) and node.value is None:
            if isinstance(node.target, ast.Name):
                self.declared[node.target.id] = node.target
            return
        if any(_name(target) == "__all__" for target in targets):
            self.all_statements.append((node, conditional))
        for target in targets:
            self.target(target, None if isinstance(node, ast.AugAssign) else node.value)

    def target(self, node: ast.expr, value: ast.expr | None = None) -> None:
        """What an assignment of `value`, where that is known, binds."""
        if isinstance(node, ast.Name):
            alias = _dotted(value) if value is not None else ""
            self.bind(node.id, node, ObjectRef(self.module, alias) if alias else None)
        elif isinstance(node, ast.Starred):
            self.target(node.value)
        elif isinstance(node, (ast.Tuple, ast.List)):
            parts: list[ast.expr | None] = [None] * len(node.elts)
            if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(node.elts):
                is_plain = not any(isinstance(part, ast.Starred) for part in (*node.elts, *value.elts))
                parts = [*value.elts] if is_plain else parts
            for part, given in zip(node.elts, parts, strict=True):
                self.target(part, given)

    def pattern(self, node: ast.pattern) -> None:
        for child in ast.walk(node):
            name = getattr(child, "rest", None) if isinstance(child, ast.MatchMapping) else getattr(child, "name", None)
            if isinstance(name, str):
                self.bind(name, child)

    def expressions(self, node: ast.AST) -> None:
        """What the expressions of one statement, without the statements under it, may bind."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.expr, ast.withitem)):
                self.named_expressions(child)
                self.dynamic(child, inside=False)

    def named_expressions(self, node: ast.AST) -> None:
        todo = [node] if self.has_walrus else []
        while todo:
            child = todo.pop()
            if isinstance(child, ast.NamedExpr):
                self.target(child.target, child.value)
            # a lambda's body keeps what it binds, its defaults do not
            todo += child.args.defaults if isinstance(child, ast.Lambda) else ast.iter_child_nodes(child)

    def has_dynamic_words(self, node: ast.AST) -> bool:
        """Whether one of the words that it takes for that stands in the rows of an expression or a definition."""
        parts = [node, *getattr(node, "decorator_list", ())]
        rows = [getattr(part, "lineno", 1) - 1 for part in parts]
        last = getattr(node, "end_lineno", None)
        return bisect_left(self.dynamic_rows, min(rows)) < bisect_left(self.dynamic_rows, last or sys.maxsize)

    def dynamic(self, node: ast.AST, *, inside: bool) -> None:
        """Note what an expression, or a definition's body when it runs, may bind besides what it says.

        `inside` of a definition, `locals()` and `vars()` are not the module's.
        """
        harmless: set[ast.AST] = set()
        for child in ast.walk(node) if self.has_dynamic_words(node) else ():
            if isinstance(child, ast.Global):
                for name in child.names:
                    self.names.setdefault(name, []).append(Binding(child.lineno - 1, child.col_offset))
            elif isinstance(child, ast.Call):
                self.call(child, harmless, inside=inside)
            elif isinstance(child, ast.Subscript):
                self.subscript(child, harmless, node, inside=inside)
            elif isinstance(child, ast.Compare):
                harmless.update((child.left, *child.comparators))
            elif _name(child) == "__path__":
                self.open_modules |= child not in harmless
            elif _name(child) == "__name__":
                self.tells_its_name |= child not in harmless
            if isinstance(child, ast.ClassDef):
                self.open_ended |= any(_last_part(part) in _ENUM_EXPORTERS for part in child.decorator_list)

    def is_sys_modules(self, node: ast.expr) -> bool:
        """Whether an expression may be `sys.modules`, by whatever name; something else may be called `modules` too."""
        if isinstance(node, ast.Attribute):
            return node.attr == "modules" and _name(node.value) not in ("", "self", "cls")
        return _name(node) == "modules" and re.search(_IMPORTS_MODULES, self.source) is not None

    def call(self, node: ast.Call, harmless: set[ast.AST], *, inside: bool) -> None:
        called = _last_part(node.func)
        if isinstance(node.func, ast.Attribute):
            if called in _HARMLESS_METHODS:
                harmless.add(node.func.value)
            if self.is_sys_modules(node.func.value) and called in ("setdefault", "update", "__setitem__"):
                self.open_modules = True
        elif called in _HARMLESS_CALLS:
            harmless.update(node.args)
        if called in ("getLogger", "iter_modules", "walk_packages"):
            harmless.update(node.args)
        if called == "globals" or (called in ("locals", "vars") and not inside and not node.args):
            self.open_ended |= node not in harmless
        elif called == "exec":
            own = len(node.args) > 1 and "globals" not in map(
                _last_part, ast.walk(node.args[1])
            )  # a name space of its own
            self.open_ended |= not own
        elif called in _LOOKS_UP_MODULES:
            self.open_ended |= any(_name(argument) == "__name__" for argument in node.args)
        self.open_ended |= called in _ENUM_EXPORTERS

    def subscript(self, node: ast.Subscript, harmless: set[ast.AST], around: ast.AST, *, inside: bool) -> None:
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        is_globals = isinstance(node.value, ast.Call) and _name(node.value.func) == "globals"
        if isinstance(node.ctx, ast.Load):
            harmless.add(node.value)
        elif is_globals and isinstance(key, str):  # `globals()["name"] = …` binds that name and no other
            harmless.add(node.value)
            if isinstance(node.ctx, ast.Store):
                self.names.setdefault(key, []).append(Binding(node.lineno - 1, node.col_offset, is_conditional=True))
        if self.is_sys_modules(node.value) and not _is_only_read(node, around):
            # another module's name, written out, is none of this module's business
            is_other = isinstance(node.slice, ast.Constant) and node.slice.value != self.module
            is_plain = isinstance(node.slice, ast.Name) or not isinstance(node.ctx, ast.Load)
            root = _dotted(node.slice).partition(".")[0] if is_plain else ""
            is_given = inside and root not in ("", "__name__", "__spec__")
            self.looks_up_modules |= is_given
            self.open_ended |= not (is_other or is_given)
            self.open_modules |= not isinstance(node.ctx, ast.Load)


class _All:
    """What the statements of a module make of `__all__`."""

    def __init__(self, reader: _Reader, tree: ast.Module, source: str) -> None:
        self.reader = reader
        self.parts: list[str | ObjectRef] = []
        self.known = self.seen = False
        self.followed = 0
        """How many mentions of `__all__` were understood."""
        if "__all__" not in source:
            return
        for statement, conditional in reader.all_statements:
            self.statement(statement, conditional=conditional)
        self.seen |= "__all__" in reader.names
        if self.known and self.followed < source.count("__all__"):
            self.known = not _is_changed_elsewhere(tree, {id(statement) for statement, _ in reader.all_statements})

    def statement(self, node: ast.stmt, *, conditional: bool) -> None:
        if isinstance(node, ast.Expr):
            call = node.value
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
                return
            if _name(call.func.value) != "__all__" or call.func.attr not in ("append", "extend") or len(call.args) != 1:
                return
            self.known &= not conditional
            self.part(ast.List([call.args[0]], ast.Load()) if call.func.attr == "append" else call.args[0])
        elif isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)) and node.value is not None:
            keeps = isinstance(node, ast.AugAssign) or any(_name(child) == "__all__" for child in ast.walk(node.value))
            if not keeps:
                self.parts, self.known = [], True
            self.known &= not conditional
            self.part(node.value)
        self.seen = True
        self.followed += 1

    def part(self, value: ast.expr) -> None:
        if isinstance(value, (ast.List, ast.Tuple, ast.Set)):
            for item in value.elts:
                if isinstance(item, ast.Constant) and isinstance(item.value, str):
                    self.parts.append(item.value)
                elif isinstance(item, ast.Starred):
                    self.part(item.value)
                else:
                    self.known = False
        elif isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
            self.part(value.left)
            self.part(value.right)
        elif isinstance(value, ast.Call) and _name(value.func) in ("list", "tuple", "sorted", "set"):
            for argument in value.args:
                self.part(argument)
            self.known &= len(value.args) == 1
        elif isinstance(value, ast.Attribute) and value.attr == "__all__" and (path := _dotted(value.value)):
            self.other(path)
        elif _name(value) == "__all__":
            self.followed += 1
        elif (origin := self.origin(_name(value))) is not None and origin.qualname == "__all__":
            self.parts.append(ObjectRef(origin.module))  # `from a import __all__ as listed`
        else:
            self.known = False

    def other(self, path: str) -> None:
        """Another module's `__all__`, by the name that this one gives that module."""
        root, _, rest = path.partition(".")
        origin = self.origin(root)
        if origin is None:
            self.known = False
        else:
            self.parts.append(ObjectRef(f"{origin.dotted}.{rest}" if rest else origin.dotted))
            self.followed += 1

    def origin(self, name: str) -> ObjectRef | None:
        """What a name refers to, where all that bind it agree."""
        origins = {binding.origin for binding in self.reader.names.get(name, ())}
        return origins.pop() if len(origins) == 1 else None


def _is_changed_elsewhere(tree: ast.Module, understood: set[int]) -> bool:
    """Whether anything but the statements that were understood may change `__all__`."""
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        if id(node) in understood and (not isinstance(node, ast.Expr) or _is_all_call(node.value)):
            continue
        if _may_change_all(node):
            return True
        todo += ast.iter_child_nodes(node)
    return False


def _may_change_all(node: ast.AST) -> bool:
    """Whether a node changes `__all__`, or hands it to something that may."""
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and _name(node.func.value) == "__all__":
            return node.func.attr not in ("copy", "index", "count")
        given = (*node.args, *(keyword.value for keyword in node.keywords))
        return any(_name(value) == "__all__" for value in given) and _last_part(node.func) not in _HARMLESS_CALLS
    if isinstance(node, ast.Subscript):
        return _name(node.value) == "__all__" and not isinstance(node.ctx, ast.Load)
    if isinstance(node, (ast.Assign, ast.NamedExpr, ast.AnnAssign)):
        return _name(node.value) == "__all__"
    return _name(node) == "__all__" and isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)


def _is_all_call(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and _name(node.func.value) == "__all__"
        and node.func.attr in ("append", "extend")
        and len(node.args) == 1
    )


def _is_only_read(module: ast.Subscript, around: ast.AST) -> bool:
    """Whether an expression that gives a module, somewhere in another node, serves to read from that module alone."""
    parents = {child: node for node in ast.walk(around) for child in ast.iter_child_nodes(node)}
    parent = parents.get(module)
    if not isinstance(parent, ast.Assign) or len(parent.targets) != 1 or not (name := _name(parent.targets[0])):
        return _reads(module, parents)
    scope: ast.AST = parent
    while scope in parents and not isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        scope = parents[scope]
    inner = [*ast.walk(scope)]
    if not isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return False  # the name may be used from elsewhere
    if any(isinstance(node, (ast.Global, ast.Nonlocal)) and name in node.names for node in inner):
        return False
    uses = (node for node in inner if _name(node) == name and node is not parent.targets[0])
    return all(_reads(use, parents) for use in uses)


def _reads(module: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> bool:
    """Whether the expression around a module asks it for an attribute, or whether it is there."""
    parent = parents.get(module)
    if isinstance(parent, ast.Call):
        return _name(parent.func) in ("getattr", "hasattr") and parent.args[0] is module
    if isinstance(parent, ast.Attribute) and parent.attr == "__dict__":
        around = parents.get(parent)
        is_method = isinstance(around, ast.Attribute) and around.attr in _HARMLESS_METHODS
        return is_method or (isinstance(around, ast.Subscript) and isinstance(around.ctx, ast.Load))
    if isinstance(parent, ast.Attribute):
        return isinstance(parent.ctx, ast.Load) and parent.attr != "__setattr__"
    return isinstance(parent, (ast.Compare, ast.UnaryOp, ast.If))


def _is_main_test(node: ast.expr) -> bool:
    """Whether it is `__name__ == "__main__"`."""
    if not isinstance(node, ast.Compare) or len(node.ops) != 1 or not isinstance(node.ops[0], ast.Eq):
        return False
    sides = (node.left, node.comparators[0])
    return {_name(side) for side in sides} == {"__name__", ""} and any(
        isinstance(side, ast.Constant) and side.value == "__main__" for side in sides
    )


def _name(node: ast.AST | None) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _dotted(node: ast.expr) -> str:
    """`a.b.c` for such an expression, else empty."""
    if isinstance(node, ast.Attribute):
        return f"{base}.{node.attr}" if (base := _dotted(node.value)) else ""
    return _name(node)


def _last_part(node: ast.AST) -> str:
    """`c` of `a.b.c`; empty for what is no name."""
    return node.attr if isinstance(node, ast.Attribute) else _name(node)
