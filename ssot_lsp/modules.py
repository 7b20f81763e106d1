"""Which file is module `a.b`, what it binds and exports, where that is defined.

Everything is found by reading: no module is ever imported. What cannot be known statically is *unknown*, never *wrong*.
"""

from __future__ import annotations

import ast
import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from ssot_lsp.files import PYTHON_SUFFIXES, UnreadableFileError, decode, find_python_files
from ssot_lsp.model import ImportStatement, Location, ObjectRef
from ssot_lsp.text import Span, Text

_EXTENSION_SUFFIXES = (".so", ".pyd")
_DEFINITION = (
    r"(?m)^(?:class|def|async[ \t]+def)[ \t]+(\w+)|^(\w+)[ \t]*(?::[^=\n]+)?=(?!=)|^type[ \t]+(\w+)"  # compiled on use
)
_DYNAMIC_CALLS = frozenset({"globals", "exec"})
_DYNAMIC_WORDS = ("globals", "exec", "modules", "global ")
"""Without any of these in a module's text there is no need to walk through the bodies of its functions."""


class Answer(Enum):
    """Whether something is so: a static reader does not always know."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Binding(NamedTuple):
    """One way in which a module comes to bind a name."""

    row: int
    """Where its name stands: row from 0."""
    column: int
    """Column in bytes of UTF-8, as `ast` counts."""
    origin: ObjectRef | None = None
    """For an import and a plain alias (`A = B`): what it refers to. None for a definition."""
    is_definition: bool = False
    """A class or function, as against a variable or an import."""


class Module(NamedTuple):
    """What is known of one module from its text."""

    name: str
    path: Path | None
    """Its file; None for a namespace package."""
    folders: tuple[Path, ...] = ()
    """Where its submodules are, if it is a package."""
    bindings: Mapping[str, tuple[Binding, ...]] = MappingProxyType({})
    stars: tuple[str, ...] = ()
    """The modules of its `import *`."""
    open_ended: bool = False
    """It may bind more names than can be read: a module `__getattr__`, `globals()`, a file that does not parse."""
    open_modules: bool = False
    """It may have submodules that no file provides: it sets its `__path__`, or writes to `sys.modules`."""
    exports: tuple[str, ...] | None = None
    """Its `__all__`, if it is statically known."""
    declared: frozenset[str] = frozenset()
    """Names that it only annotates: someone else is expected to bind them."""
    has_all: bool = False
    """It has an `__all__`, known or not."""
    text: Text | None = None


class Definition(NamedTuple):
    """Where an object is defined."""

    ref: ObjectRef
    location: Location


class Modules:
    """The first-party modules under some source roots, read when they are first asked for and then remembered.

    An instance is a snapshot: make a new one when files have changed.
    """

    def __init__(
        self, roots: Iterable[Path], packages: Iterable[str], read: Callable[[Path], bytes] = Path.read_bytes
    ) -> None:
        """`packages` are the first-party ones, as dotted names; `read` gives a file's bytes, or raises OSError."""
        self.roots = tuple(roots)
        self.packages = frozenset(packages)
        self._read = read
        self._found: dict[str, Module | None] = {}
        self._listings: dict[Path, frozenset[str]] = {}
        self._definers: dict[str, list[str]] | None = None
        self._names: set[str] = set()

    def is_first_party(self, module: str) -> bool:
        """Whether a dotted module path is at or under one of the first-party packages."""
        return any(prefix in self.packages for prefix in _prefixes(module))

    def name_of(self, path: Path) -> tuple[str, bool]:
        """The dotted module path of a file, and whether it is a package's `__init__`; empty outside of all roots."""
        inside = [root for root in self.roots if path.is_relative_to(root)]
        if not inside:
            return "", False
        root = max(inside, key=lambda root: len(root.parts))
        parts = list(path.relative_to(root).with_suffix("").parts)
        is_init = parts[-1] == "__init__"
        return ".".join(parts[:-1] if is_init else parts), is_init

    def find(self, name: str) -> Module | None:
        """The module of that dotted path, or None if no file or folder provides it."""
        if name not in self._found:
            self._found[name] = None  # while it is being read, a module that leads back here finds nothing
            self._found[name] = self._locate(name)
        return self._found[name]

    def exists(self, name: str, *, relative: bool = False) -> Answer:
        """Whether a module of that dotted path can be imported.

        Outside of the first-party packages nobody knows; what a `relative` import names is always first-party.
        """
        if not name or not (relative or self.is_first_party(name)):
            return Answer.UNKNOWN
        if self.find(name) is not None:
            return Answer.YES
        parent = self.find(name.rpartition(".")[0]) if "." in name else None
        return Answer.UNKNOWN if parent is not None and parent.open_modules else Answer.NO

    def binds(self, module: str, name: str, *, relative: bool = False) -> Answer:
        """Whether `from module import name` finds something: a binding, a re-export, a submodule."""
        return self._binds(module, name, frozenset(), relative=relative)

    def _binds(self, module: str, name: str, seen: frozenset[str], *, relative: bool = False) -> Answer:
        known = self.exists(module, relative=relative)
        found = self.find(module) if known is Answer.YES else None
        if found is None:
            return known
        if name in _MODULE_ATTRIBUTES or self._submodule(found, name):
            return Answer.YES
        # `from . import sub` in a package binds the submodule, so without that module it binds nothing
        myself = ObjectRef(f"{found.name}.{name}")
        if any(binding.origin != myself for binding in found.bindings.get(name, ())):
            return Answer.YES
        if found.open_ended or name in found.declared:
            return Answer.UNKNOWN
        answers = {self._star_binds(star, name, seen | {module}) for star in found.stars if star not in seen | {module}}
        return next((a for a in (Answer.YES, Answer.UNKNOWN) if a in answers), Answer.NO)

    def _star_binds(self, star: str, name: str, seen: frozenset[str]) -> Answer:
        source = self.find(star) if self.is_first_party(star) else None
        if source is None or (source.has_all and source.exports is None):
            return Answer.UNKNOWN
        if source.exports is not None:
            return Answer.YES if name in source.exports else Answer.NO
        return Answer.NO if name.startswith("_") else self._binds(star, name, seen)

    def names(self, module: str) -> frozenset[str]:
        """The names that a module is known to bind, through star imports too, without those of its submodules."""
        todo, seen, names = [module], set[str](), set[str]()
        while todo:
            found = self.find(todo.pop())
            if found is not None and found.name not in seen:
                seen.add(found.name)
                names |= set(found.bindings) if found.exports is None or found.name == module else set(found.exports)
                todo += found.stars
        return frozenset(names)

    def is_exported(self, module: str, name: str) -> Answer:
        """Whether a name is in the module's `__all__`; unknown where there is none, or not a static one."""
        found = self.find(module)
        if found is None or found.exports is None:
            return Answer.UNKNOWN
        return Answer.YES if name in found.exports else Answer.NO

    def is_submodule(self, module: str, name: str) -> bool:
        """Whether `from module import name` may mean a submodule."""
        found = self.find(module)
        return found is not None and self._submodule(found, name)

    def origins(self, ref: ObjectRef) -> frozenset[ObjectRef] | None:
        """What a path finally refers to, through re-exports and plain aliases: more than one where branches differ.

        None if that is not known. Two paths lead to the same object if their origins meet.
        """
        found: set[ObjectRef] = set()
        todo, seen = [ref], set[ObjectRef]()
        while todo:
            at = todo.pop()
            if at in seen:
                continue
            seen.add(at)
            step = self._follow(at)
            if step is None:
                return None
            is_origin, following = step
            todo += following
            if is_origin:
                found.add(at)
        return frozenset(found) or None

    def _follow(self, ref: ObjectRef) -> tuple[bool, list[ObjectRef]] | None:
        """One step of `origins`: whether the path is itself one, and where else it leads; None if nobody knows."""
        if not ref.qualname or not self.is_first_party(ref.module):
            return True, []
        module = self.find(ref.module)
        if module is None:
            return None
        head, _, rest = ref.qualname.partition(".")
        bindings = module.bindings.get(head)
        if bindings is None:
            if self._submodule(module, head):
                return False, [ObjectRef(f"{module.name}.{head}", rest)]
            for star in module.stars:
                if self._star_binds(star, head, frozenset({module.name})) is Answer.YES:
                    return False, [ObjectRef(star, ref.qualname)]
            return None if module.open_ended or module.stars else (True, [])
        origins = [binding.origin for binding in bindings]
        return None in origins, [_extended(origin, rest) for origin in origins if origin is not None]

    def definition(self, ref: ObjectRef) -> Definition | None:
        """Where the object that a path leads to is defined, if that is first-party and one place only."""
        origins = self.origins(ref)
        if origins is None or len(origins) != 1:
            return None
        (origin,) = origins
        module = self.find(origin.module) if self.is_first_party(origin.module) else None
        if module is None or module.path is None or module.text is None:
            return None
        head = origin.qualname.partition(".")[0]
        bindings = module.bindings.get(head, ())
        if not bindings:
            return Definition(origin, Location(module.path, module.text, Span(0, 0))) if not head else None
        start = module.text.offset_of_utf8(bindings[0].row, bindings[0].column)
        return Definition(origin, Location(module.path, module.text, Span(start, start + len(head))))

    def absolute(self, statement: ImportStatement, module: str, *, is_init: bool) -> str | None:
        """The absolute module path that a `from` statement in the file of `module` names.

        None for a relative import that leads above the top (PEP 328).
        """
        if not statement.level:
            return statement.module
        package = module.split(".") if module else []
        drop = statement.level - 1 if is_init else statement.level
        if drop > len(package):
            return None
        base = package[: len(package) - drop]
        return ".".join([*base, statement.module] if statement.module else base)

    def exporters(self, name: str) -> tuple[str, ...]:
        """The first-party modules that define a name at their top level and do not keep it out of their `__all__`."""
        if self._definers is None:
            self._definers = self._scan()
        return tuple(
            module
            for module in self._definers.get(name, ())
            if (found := self.find(module)) is not None
            and name in found.bindings
            and self.is_exported(module, name) is not Answer.NO
        )

    def similar(self, module: str) -> tuple[str, ...]:
        """The existing modules that someone who wrote `module` may have meant, the likeliest first.

        Modules of the same last name anywhere, then those with a similar name beside the place where it was expected.
        """
        from difflib import get_close_matches  # noqa: PLC0415 - only a broken import needs it

        if self._definers is None:
            self._definers = self._scan()
        parent, _, last = module.rpartition(".")
        same = sorted(name for name in self._names if name.rpartition(".")[2] == last)
        beside = {name.rpartition(".")[2]: name for name in self._names if name.rpartition(".")[0] == parent}
        close = [beside[name] for name in get_close_matches(last, sorted(beside), 3, 0.75)]
        return tuple(dict.fromkeys([*same, *close]))

    def _scan(self) -> dict[str, list[str]]:
        """All first-party modules, and by name those that seem to define it: a cheap superset, confirmed on use."""
        definers: dict[str, list[str]] = {}
        for path in self.files():
            name, _ = self.name_of(path)
            if not name:
                continue
            self._names.add(name)
            try:
                source = self._read(path).decode("utf-8", "replace")
            except OSError:
                continue
            for defined in {group for match in re.finditer(_DEFINITION, source) for group in match.groups() if group}:
                definers.setdefault(defined, []).append(name)
        return {name: sorted(modules) for name, modules in definers.items()}

    def files(self) -> Iterator[Path]:
        """The Python files of the first-party packages."""
        seen = set[Path]()
        for package in sorted(self.packages):
            for root in self.roots:
                base = root.joinpath(*package.split("."))
                for path in (base, *(base.with_name(base.name + suffix) for suffix in PYTHON_SUFFIXES)):
                    if path not in seen and path.exists():
                        seen.add(path)
                        yield from find_python_files([path], root)

    def _submodule(self, module: Module, name: str) -> bool:
        return bool(module.folders) and self.find(f"{module.name}.{name}" if module.name else name) is not None

    def _listing(self, folder: Path) -> frozenset[str]:
        """The names in a folder, as the disk spells them: `import Foo` must not find foo.py on any system."""
        if folder not in self._listings:
            try:
                self._listings[folder] = frozenset(os.listdir(folder))  # noqa: PTH208 - names, not paths, are wanted
            except OSError:
                self._listings[folder] = frozenset()
        return self._listings[folder]

    def _locate(self, name: str) -> Module | None:
        parent, _, last = name.rpartition(".")
        if parent:
            package = self.find(parent)
            folders = package.folders if package else ()
        else:
            folders = self.roots
        if not last:
            return None
        namespace: list[Path] = []
        # a regular package or a module ends the search, a folder without __init__ only adds its portion (PEP 420)
        for folder in folders:
            listing = self._listing(folder)
            if last in listing:
                inside = self._listing(folder / last)
                for suffix in (".py", ".pyi"):
                    if f"__init__{suffix}" in inside:
                        return self._parse(name, folder / last / f"__init__{suffix}", (folder / last,))
            for suffix in (".py", ".pyi"):
                if f"{last}{suffix}" in listing:
                    return self._parse(name, folder / f"{last}{suffix}", ())
            binary = [n for n in listing if n.partition(".")[0] == last and n.endswith(_EXTENSION_SUFFIXES)]
            if binary:
                return Module(name, folder / binary[0], open_ended=True)
            if last in listing and (folder / last).is_dir():
                namespace.append(folder / last)
        return Module(name, None, tuple(namespace)) if namespace else None

    def _parse(self, name: str, path: Path, folders: tuple[Path, ...]) -> Module:
        try:
            text = Text(decode(self._read(path)).source)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # an invalid escape in someone's module is not our news
                tree = ast.parse(text.source)
        except (OSError, UnreadableFileError, SyntaxError, ValueError, RecursionError, MemoryError):
            return Module(name, path, folders, open_ended=True)
        reader = _Reader(name, text.source, is_init=bool(folders), resolve=self.absolute)
        reader.block(tree.body, conditional=False)
        if path.suffix == ".pyi":
            for declared, node in reader.declared.items():
                reader.bind(declared, node)
        exports, has_all = _exports(reader, self)
        return Module(
            name,
            path,
            folders,
            {bound: tuple(bindings) for bound, bindings in reader.bindings.items()},
            tuple(reader.stars),
            reader.open_ended,
            reader.open_modules or "__path__" in reader.bindings,
            exports,
            frozenset() if path.suffix == ".pyi" else frozenset(reader.declared),
            has_all,
            text,
        )


_MODULE_ATTRIBUTES = frozenset(
    {"__name__", "__doc__", "__file__", "__path__", "__package__", "__spec__", "__loader__", "__dict__"}
) | frozenset({"__cached__", "__builtins__", "__annotations__", "__class__"})


def _prefixes(dotted: str) -> Iterator[str]:
    end = len(dotted)
    while end > 0:
        yield dotted[:end]
        end = dotted.rfind(".", 0, end)


def _extended(ref: ObjectRef, rest: str) -> ObjectRef:
    return ObjectRef(ref.module, ".".join(part for part in (ref.qualname, rest) if part))


class _Reader:
    """Walks the statements that run when a module is imported, and notes what they bind."""

    def __init__(self, name: str, source: str, *, is_init: bool, resolve: Callable[..., str | None]) -> None:
        self.name = name
        self.has_dynamic_words = any(word in source for word in _DYNAMIC_WORDS)
        self.has_inner_all = re.search(r"(?m)^[ \t]+.*\b__all__\b", source) is not None
        self.is_init = is_init
        self.resolve = resolve
        self.bindings: dict[str, list[Binding]] = {}
        self.stars: list[str] = []
        self.open_ended = False
        self.open_modules = False
        # what was seen of `__all__`, in the order of the file: names, and modules whose `__all__` is added
        self.all_parts: list[str | ObjectRef] = []
        self.all_known = True
        self.all_seen = False
        self.all_is_followed = True
        self.declared: dict[str, ast.expr] = {}

    def bind(self, name: str, node: ast.AST, origin: ObjectRef | None = None, *, offset: int = 0) -> None:
        row, column = getattr(node, "lineno", 1) - 1, getattr(node, "col_offset", 0) + offset
        is_definition = isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        self.bindings.setdefault(name, []).append(Binding(row, column, origin, is_definition))

    def block(self, statements: list[ast.stmt], *, conditional: bool) -> None:
        for statement in statements:
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
            for target in node.targets:
                if isinstance(target, ast.Name):
                    self.bindings.pop(target.id, None)
                    if target.id == "__all__":
                        self.all_is_unknown()
        elif isinstance(node, ast.Match):
            for case in node.cases:
                self.pattern(case.pattern)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            self.all_call(node.value, conditional=conditional)
        elif type(node).__name__ == "TypeAlias":  # PEP 695, Python 3.12
            self.target(node.name)  # type: ignore[attr-defined,unused-ignore]
        self.expressions(node)
        for name in ("body", "orelse", "finalbody"):
            self.block(getattr(node, name, []), conditional=True)
        for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            self.block(part.body, conditional=True)

    def definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        keyword = 4 if isinstance(node, ast.FunctionDef) else 6 if isinstance(node, ast.ClassDef) else 10
        self.bind(node.name, node, offset=keyword)
        if node.name == "__getattr__":
            self.open_ended = True
        self.open_ended |= any(_last_part(decorator) == "global_enum" for decorator in node.decorator_list)
        for part in (*node.decorator_list, *(node.bases if isinstance(node, ast.ClassDef) else ())):
            self.named_expressions(part)
        self.dynamic(node)
        if self.has_inner_all and any(_last_part(child) == "__all__" for child in ast.walk(node)):
            self.all_is_unknown()

    def imports(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                self.bind(alias.asname or top, alias, ObjectRef(alias.name if alias.asname else top))
            return
        statement = ImportStatement(Span(0, 0), True, node.module or "", node.level, Span(0, 0), (), is_star=False)
        module = self.resolve(statement, self.name, is_init=self.is_init)
        for alias in node.names:
            if alias.name == "*":
                self.stars.append(module or "")
                self.open_ended |= not module
            else:
                origin: ObjectRef | None = ObjectRef(module, alias.name) if module else None
                if origin is not None and origin.dotted == f"{self.name}.{alias.asname or alias.name}":
                    origin = ObjectRef(origin.dotted)  # `from . import sub` in a package binds the submodule
                self.bind(alias.asname or alias.name, alias, origin)

    def assignment(self, node: ast.Assign | ast.AugAssign | ast.AnnAssign, *, conditional: bool) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if isinstance(node, ast.AnnAssign) and node.value is None:
            if isinstance(node.target, ast.Name):
                self.declared[node.target.id] = node.target
            return
        if any(isinstance(target, ast.Subscript) and _last_part(target.value) == "__all__" for target in targets):
            self.all_is_unknown()
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            self.all_value(node.value, adds=isinstance(node, ast.AugAssign), conditional=conditional)
        for target in targets:
            if (
                isinstance(target, ast.Name)
                and isinstance(node.value, ast.Name)
                and not isinstance(node, ast.AugAssign)
            ):
                self.bind(target.id, target, ObjectRef(self.name, node.value.id))
            else:
                self.target(target)

    def target(self, node: ast.expr) -> None:
        for child in ast.walk(node):
            if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
                self.bind(child.id, child)

    def pattern(self, node: ast.pattern) -> None:
        for child in ast.walk(node):
            name = getattr(child, "rest", None) if isinstance(child, ast.MatchMapping) else getattr(child, "name", None)
            if isinstance(name, str):
                self.bind(name, child)

    def expressions(self, node: ast.stmt) -> None:
        """What the expressions of one statement, without the statements under it, may bind."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.expr, ast.withitem)):
                self.named_expressions(child)
                self.dynamic(child)

    def named_expressions(self, node: ast.AST) -> None:
        for child in ast.walk(node):
            if isinstance(child, ast.NamedExpr):
                self.target(child.target)

    def dynamic(self, node: ast.AST) -> None:
        """Note what a statement or expression, when it runs, may bind besides what it says."""
        for child in ast.walk(node) if self.has_dynamic_words else ():
            if isinstance(child, ast.Global):
                for name in child.names:
                    self.bindings.setdefault(name, []).append(Binding(child.lineno - 1, child.col_offset))
            elif isinstance(child, ast.Call):
                self.open_ended |= isinstance(child.func, ast.Name) and child.func.id in _DYNAMIC_CALLS
            elif isinstance(child, ast.Subscript) and _last_part(child.value) == "modules":
                self.open_ended |= isinstance(child.slice, ast.Name) and child.slice.id == "__name__"
                self.open_modules |= isinstance(child.ctx, ast.Store)

    def all_is_unknown(self) -> None:
        """Note that `__all__` is changed in a way that no reader can follow."""
        self.all_seen, self.all_is_followed = True, False

    def all_value(self, value: ast.expr | None, *, adds: bool, conditional: bool) -> None:
        if value is None:
            return
        if not adds:
            self.all_parts = []
            self.all_known = True
        self.all_seen = True
        self.all_known &= not conditional
        self.all_part(value)

    def all_call(self, call: ast.Call, *, conditional: bool) -> None:
        """`__all__.append("x")` and `__all__.extend([...])`; any other method makes `__all__` unknown."""
        function = call.func
        if not isinstance(function, ast.Attribute) or _last_part(function.value) != "__all__":
            if any(_last_part(child) == "__all__" for child in ast.walk(call) if isinstance(child, ast.Name)):
                self.all_is_unknown()  # who gets it as an argument may change it
            return
        self.all_seen = True
        if conditional or len(call.args) != 1 or function.attr not in ("append", "extend"):
            self.all_known = False
        elif function.attr == "append":
            self.all_part(ast.List([call.args[0]], ast.Load()))
        else:
            self.all_part(call.args[0])

    def all_part(self, value: ast.expr) -> None:
        if isinstance(value, (ast.List, ast.Tuple, ast.Set)):
            for item in value.elts:
                if isinstance(item, ast.Constant) and isinstance(item.value, str):
                    self.all_parts.append(item.value)
                elif isinstance(item, ast.Starred):
                    self.all_part(item.value)
                else:
                    self.all_known = False
        elif isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
            self.all_part(value.left)
            self.all_part(value.right)
        elif isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and len(value.args) == 1:
            if value.func.id in ("list", "tuple", "sorted", "set"):
                self.all_part(value.args[0])
            else:
                self.all_known = False
        elif isinstance(value, ast.Attribute) and value.attr == "__all__" and (path := _dotted(value.value)):
            root, _, rest = path.partition(".")
            origins = {binding.origin for binding in self.bindings.get(root, ())}
            origin = origins.pop() if len(origins) == 1 else None
            if origin is not None:
                self.all_parts.append(ObjectRef(f"{origin.dotted}.{rest}" if rest else origin.dotted))
            else:
                self.all_known = False
        elif not (isinstance(value, ast.Name) and value.id == "__all__"):
            self.all_known = False


def _dotted(node: ast.expr) -> str:
    """`a.b.c` for such an expression, else empty."""
    if isinstance(node, ast.Attribute):
        return f"{base}.{node.attr}" if (base := _dotted(node.value)) else ""
    return node.id if isinstance(node, ast.Name) else ""


def _last_part(node: ast.AST) -> str:
    """`c` of `a.b.c`; empty for what is no name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _exports(reader: _Reader, modules: Modules) -> tuple[tuple[str, ...] | None, bool]:
    """The names in `__all__`, if all of them are known, and whether there is an `__all__`."""
    if not reader.all_seen:
        return None, bool(reader.bindings.get("__all__"))
    if not (reader.all_known and reader.all_is_followed):
        return None, True
    names: list[str] = []
    for part in reader.all_parts:
        if isinstance(part, str):
            names.append(part)
            continue
        other = modules.find(part.dotted) if modules.is_first_party(part.module) else None
        if other is None or other.exports is None:
            return None, True
        names += other.exports
    return tuple(dict.fromkeys(names)), True
