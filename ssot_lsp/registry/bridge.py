"""The text of a bridge: a module at a deprecated path that re-exports from the canonical ones, with a warning.

It is laid out as ruff and black do by default: lines of 88 columns, imports in isort's order. A lazy one imports what
it is asked for (PEP 562), and type checkers read the same imports as in any other.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import textwrap
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from itertools import count, groupby
from types import ModuleType
from typing import NamedTuple

from ssot_lsp.model import ObjectRef, is_dotted_name

_WIDTH = 88
_INDENT = "    "
_MOST_NAMES = 5
"""Names of one module that the warning lists."""
OPENING = '"""Deprecated: what was here has moved to where it is imported from below."""\n'
"""The first line of each bridge."""
_FOUND_ANYWAY = frozenset(
    {*dir(ModuleType), *(name for name in globals() if name[:2] == "__"), "__getattr__", "__path__"}
)
"""Names that are found in a module, or looked for, before anyone asks its `__getattr__`."""
_GETATTR = """\
def __getattr__(name: str) -> object:
    if name not in {moved}:
        raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
    {warnings}.warn(
        f"{{__name__}}.{{name}} is deprecated: import {{{moved}[name].rstrip(':')}}",
        DeprecationWarning,
        stacklevel=2,
    )
    return {resolve_name}({moved}[name])
"""
_DIR = """\
def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
"""
_NUMBER_OR_CHARACTER = re.compile(r"[0-9]+|(?s:.)")

_SortKey = tuple[object, ...]


class _Import(NamedTuple):
    """One name that the bridge imports."""

    module: str
    """The module of the `from` statement; empty for `import name`."""
    name: str
    local: str

    @property
    def alias(self) -> str:
        """As an import statement writes it."""
        return self.name if self.local == self.name else f"{self.name} as {self.local}"

    @property
    def is_alone(self) -> bool:
        """Whether it is a statement of its own: isort has only names that keep their name share one."""
        return not self.module or self.local != self.name


class _Locals:
    """The module-level names of a bridge: those that it offers, and private ones that collide with none of them."""

    def __init__(self, offered: Iterable[str]) -> None:
        self._taken = {*offered, "__all__"}

    def private(self, name: str) -> str:
        """A new private name after `name`."""
        candidates = (f"_{name}{'_' * more}" for more in count())
        local = next(candidate for candidate in candidates if candidate not in self._taken)
        self._taken.add(local)
        return local


def can_bind(name: str) -> bool:
    """Whether a bridge can offer a name: an identifier, and neither the list of these names nor Python's constant."""
    return is_dotted_name(name) and "." not in name and name not in ("__all__", "__debug__")


def can_import(module: str, target: ObjectRef) -> bool:
    """Whether a bridge at `module` can import an object: not from itself, nor what is no object but a statement."""
    leads_back = f"{target.dotted}.".startswith(f"{module}.") and not target.module.startswith(f"{module}.")
    return not leads_back and target.module != "__future__"


def bridge_text(module: str, names: Mapping[str, ObjectRef], *, is_lazy: bool = False) -> str:
    """The text of a bridge at `module` that binds each of `names` to its canonical object, a module or any other.

    Importing it warns its first importer; asking a lazy one for a name warns whoever asks.

    Raises ValueError where there are no names, one of them or a path is none that may stand in code, or the bridge
    would import from itself.
    """
    _check(module, names, is_lazy=is_lazy)
    in_order = {name: names[name] for name in sorted(names, key=_name_key)}
    return _lazy(module, in_order) if is_lazy else _eager(module, in_order)


def _eager(module: str, names: Mapping[str, ObjectRef]) -> str:
    local_names = _Locals(names)
    warnings = _Import("", "warnings", local_names.private("warnings"))
    imports, bindings = _bound(names, local_names)
    category = "DeprecationWarning"
    if category in names:
        imports.append(_Import("builtins", category, category := local_names.private(category)))
    return "\n".join(
        [
            OPENING,
            *_sections([warnings, *imports], module),
            _listed(names),
            *bindings,
            _warning(warnings.local, category, f"{module} is deprecated: {_advice(names.values())}"),
        ]
    )


def _lazy(module: str, names: Mapping[str, ObjectRef]) -> str:
    local_names = _Locals(names)
    typing = _Import("", "typing", local_names.private("typing"))
    warnings = _Import("", "warnings", local_names.private("warnings"))
    resolve_name = _Import("pkgutil", "resolve_name", local_names.private("resolve_name"))
    moved = local_names.private("moved")
    imports, bindings = _bound(names, local_names)
    typed = [*_sections(imports, module, _WIDTH - len(_INDENT)), *bindings]
    table = "".join(_moved(name, target) for name, target in names.items())
    at_work = [
        f"{moved} = {{\n{table}}}\n",
        _GETATTR.format(moved=moved, warnings=warnings.local, resolve_name=resolve_name.local),
        _DIR,
    ]
    return "\n".join(
        [
            OPENING,
            *_sections([typing, warnings, resolve_name], module),
            _listed(names),
            f"if {typing.local}.TYPE_CHECKING:\n{_indented(typed)}else:\n{_indented(at_work)}",
        ]
    )


def bridged_by(module: str, text: str) -> Mapping[str, ObjectRef] | None:
    """What the text of a module offers, if it is that of a bridge at `module`; None for another one, or one edited.

    What formatters change does not count: where lines end, which quotes there are, in which order imports stand.
    """
    if not text.startswith(OPENING.rstrip()) or _has_comments(text):
        return None
    try:
        names, said = _read(text), _said(text)
        is_bridge = any(_said(bridge_text(module, names, is_lazy=is_lazy)) == said for is_lazy in (False, True))
    except (SyntaxError, TypeError, ValueError, RecursionError, MemoryError):
        return None
    return names if is_bridge else None


def _said(text: str) -> tuple[list[str], str]:
    """What a bridge says, however it is laid out: its imports in one order, then all else."""
    tree = ast.parse(text)
    imports: list[str] = []
    for number, block in enumerate([tree.body, *(node.body for node in tree.body if isinstance(node, ast.If))]):
        for node in block:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                source = f"{node.level} {node.module}" if isinstance(node, ast.ImportFrom) else ""
                imports += (f"{number} {source} {ast.dump(alias)}" for alias in node.names)
        block[:] = [node for node in block if not isinstance(node, (ast.Import, ast.ImportFrom))]
    return sorted(imports), ast.dump(tree)


def _has_comments(text: str) -> bool:
    """Whether somebody has said something in it, or nobody can tell."""
    try:
        return any(token.type == tokenize.COMMENT for token in tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return True


def _read(text: str) -> Mapping[str, ObjectRef]:
    """The names that a bridge binds, lazy or not, each with where from; nonsense of any other text.

    Raises what `ast.parse` and `ast.literal_eval` do.
    """
    bound: dict[str, ObjectRef] = {}
    offered: list[str] = []
    for node in sorted(ast.walk(ast.parse(text)), key=lambda node: isinstance(node, ast.Assign)):
        match node:
            case ast.Import(names):
                bound.update((alias.asname or alias.name, ObjectRef(alias.name)) for alias in names)
            case ast.ImportFrom(from_module, names):
                bound.update((alias.asname or alias.name, ObjectRef(from_module or "", alias.name)) for alias in names)
            case ast.Assign([ast.Name("__all__")], ast.List() as listed):
                offered = [name for name in ast.literal_eval(listed) if isinstance(name, str)]
            case ast.Assign([ast.Name()], ast.Dict() as moved):
                bound.update(
                    (name, ObjectRef.parse(str(said).removesuffix(":")))
                    for name, said in ast.literal_eval(moved).items()
                )
            case ast.Assign([ast.Name(name)], ast.Name() | ast.Attribute() as value):
                root, _, rest = ast.unparse(value).partition(".")
                at = bound.get(root, ObjectRef("builtins", root))
                bound[name] = ObjectRef(at.module, ".".join(filter(None, (at.qualname, rest))))
    return {name: bound[name] for name in offered if name in bound}


def _check(module: str, names: Mapping[str, ObjectRef], *, is_lazy: bool) -> None:
    """Raises ValueError for what `bridge_text` refuses."""
    if not is_dotted_name(module):
        raise ValueError(f"{module!r} is not the dotted path of a module")
    if not names:
        raise ValueError(f"a bridge at {module} would offer nothing")
    for name, target in names.items():
        if not can_bind(name):
            raise ValueError(f"{name!r} is no name that a bridge can offer")
        if is_lazy and name in _FOUND_ANYWAY:
            raise ValueError(f"{name!r} is no name that a lazy bridge can offer")
        ObjectRef.parse(str(target))
        if not can_import(module, target):
            raise ValueError(f"a bridge at {module} cannot import {target}")


def _bound(names: Mapping[str, ObjectRef], local_names: _Locals) -> tuple[list[_Import], list[str]]:
    """How names come to be bound: what is imported, and the lines, if any, that bind attributes and builtins."""
    imports: list[_Import] = []
    roots: dict[tuple[str, str], str] = {}
    bindings = ""
    for name, target in names.items():
        head, _, rest = target.qualname.partition(".")
        if not head:
            parent, _, last = target.module.rpartition(".")
            imports.append(_Import(parent, last, name))
        elif target.module == "builtins" and head not in names:
            bindings += f"{name} = {target.qualname}\n"
        elif rest or target.module == "builtins":
            if (target.module, head) not in roots:
                roots[target.module, head] = local_names.private(head)
                imports.append(_Import(target.module, head, roots[target.module, head]))
            bindings += f"{name} = {'.'.join(filter(None, (roots[target.module, head], rest)))}\n"
        else:
            imports.append(_Import(target.module, head, name))
    return imports, [bindings] if bindings else []


def _listed(names: Iterable[str]) -> str:
    return _list("__all__ = [", [f'"{name}"' for name in names], "]")


def _moved(name: str, target: ObjectRef) -> str:
    """The line of a lazy bridge that tells where one name is now, in parts if it is too long."""
    # with its colon a module is imported as one: without, an ImportError in it would be told as a missing attribute
    key, reference = f'{_INDENT}"{name}": ', f"{target.module}:{target.qualname}"
    if len(f'{_INDENT}{key}"{reference}",') <= _WIDTH:
        return f'{key}"{reference}",\n'
    inner = _INDENT * 2
    parts = [reference]
    if len(f'{_INDENT}{inner}"{reference}"') > _WIDTH and target.qualname:
        parts = [f"{target.module}:", target.qualname]
    return "".join([f"{key}(\n", *(f'{inner}"{part}"\n' for part in parts), f"{_INDENT}),\n"])


def _indented(parts: Iterable[str]) -> str:
    return textwrap.indent("\n".join(parts), _INDENT)


def _sections(imports: Iterable[_Import], module: str, width: int = _WIDTH) -> Iterator[str]:
    """The import statements by section: the standard library, others, what is beside the bridge."""
    top = module.partition(".")[0]

    def section(imported: _Import) -> int:
        package = (imported.module or imported.name).partition(".")[0]
        return 2 if package == top else 0 if package in sys.stdlib_module_names else 1

    for _, inside in groupby(sorted(imports, key=section), section):
        yield "".join(_statements(inside, width))


def _statements(imports: Iterable[_Import], width: int) -> Iterator[str]:
    """The import statements of one section."""
    statements: dict[tuple[str, str], list[_Import]] = {}
    for imported in sorted(imports, key=_import_key):
        statements.setdefault((imported.module, imported.alias if imported.is_alone else ""), []).append(imported)
    for (module, _), inside in statements.items():
        if module:
            yield _list(f"from {module} import ", [imported.alias for imported in inside], "", width)
        else:
            yield f"import {inside[0].alias}\n"


def _list(opening: str, items: list[str], closing: str, width: int = _WIDTH) -> str:
    """A statement that ends with a list, on one line if it fits; parentheses where it needs them to be broken."""
    line = f"{opening}{', '.join(items)}{closing}\n"
    if len(line) <= width + 1:
        return line
    if not closing:
        opening, closing = f"{opening}(", ")"
    return "\n".join([opening, *(f"    {item}," for item in items), f"{closing}\n"])


def _warning(warnings: str, category: str, message: str) -> str:
    """The call that warns, its message on as many lines as it needs."""
    lines = textwrap.wrap(message, _WIDTH - len('    "",'), break_long_words=False, break_on_hyphens=False)
    literals = "\n".join(
        f'    "{line}{" " if more else ""}"' for more, line in zip([*lines[1:], ""], lines, strict=True)
    )
    return f"{warnings}.warn(\n{literals},\n    {category},\n    stacklevel=2,\n)\n"


def _advice(targets: Iterable[ObjectRef]) -> str:
    """What to import instead, in words: `import A, B from new; C from new.core`."""
    by_module: dict[str, set[str]] = {}
    for module, qualname in targets:
        parent, _, last = module.rpartition(".")
        by_module.setdefault(module if qualname else parent, set()).add(qualname or last)
    advice = []
    for module, found in sorted(by_module.items()):
        names = sorted(found, key=_name_key)
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        advice.append(f"{', '.join(names[:_MOST_NAMES])}{more}{f' from {module}' if module else ''}")
    return f"import {'; '.join(advice)}"


def _import_key(imported: _Import) -> _SortKey:
    """Isort's order: `import` before `from`, by module; in a module by what is imported."""
    _, name, local = imported
    of_name = _name_key(name) if imported.module else _path_key(name)
    return bool(imported.module), _path_key(imported.module), of_name, local != name, _natural_key(local)


def _name_key(name: str) -> _SortKey:
    """Isort's order of names: constants, classes, others."""
    kind = 0 if len(name) > 1 and name.isupper() else 1 if name[:1].isupper() else 2
    return kind, _path_key(name)


def _path_key(path: str) -> _SortKey:
    """Isort's order of modules: upper case matters only between what is else equal."""
    return _natural_key(path.lower()), _natural_key(path)


def _natural_key(text: str) -> _SortKey:
    """The order in which `a2` stands before `a10`."""
    parts = _NUMBER_OR_CHARACTER.findall(text)
    return tuple((ord("0"), int(part)) if part.isdecimal() else (ord(part), 0) for part in parts)
