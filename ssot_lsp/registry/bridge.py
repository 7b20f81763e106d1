"""The text of a bridge: a module at a deprecated path that re-exports from the canonical ones, with a warning.

It is laid out as ruff and black do by default: lines of 88 columns, imports in isort's order.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from itertools import count, groupby
from typing import NamedTuple

from ssot_lsp.model import ObjectRef, is_dotted_name

_WIDTH = 88
_MOST_NAMES = 5
"""Names of one module that the warning lists."""
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


def bridge_text(module: str, names: Mapping[str, ObjectRef]) -> str:
    """The text of a bridge at `module` that binds each of `names` to its canonical object, a module or any other.

    Raises ValueError where there are no names, one of them or a path is none that may stand in code, or the bridge
    would import from itself.
    """
    _check(module, names)
    local_names = _Locals(names)
    warnings = local_names.private("warnings")
    imports = [_Import("", "warnings", warnings)]
    roots: dict[tuple[str, str], str] = {}
    bindings: list[str] = []
    for name in sorted(names, key=_name_key):
        target = names[name]
        head, _, rest = target.qualname.partition(".")
        if not head:
            parent, _, last = target.module.rpartition(".")
            imports.append(_Import(parent, last, name))
        elif target.module == "builtins" and head not in names:
            bindings.append(f"{name} = {target.qualname}\n")
        elif rest or target.module == "builtins":
            if (target.module, head) not in roots:
                roots[target.module, head] = local_names.private(head)
                imports.append(_Import(target.module, head, roots[target.module, head]))
            bindings.append(f"{name} = {'.'.join(filter(None, (roots[target.module, head], rest)))}\n")
        else:
            imports.append(_Import(target.module, head, name))
    return "\n".join(
        [
            '"""Deprecated: what was here has moved to where it is imported from below."""\n',
            *_sections(imports, module),
            _list("__all__ = [", [f'"{name}"' for name in sorted(names, key=_name_key)], "]"),
            *filter(None, ["".join(bindings)]),
            _warning(warnings, f"{module} is deprecated: {_advice(names.values())}"),
        ]
    )


def _check(module: str, names: Mapping[str, ObjectRef]) -> None:
    """Raises ValueError for what `bridge_text` refuses."""
    if not is_dotted_name(module):
        raise ValueError(f"{module!r} is not the dotted path of a module")
    if not names:
        raise ValueError(f"a bridge at {module} would offer nothing")
    for name, target in names.items():
        if not can_bind(name):
            raise ValueError(f"{name!r} is no name that a bridge can offer")
        ObjectRef.parse(str(target))
        if not can_import(module, target):
            raise ValueError(f"a bridge at {module} cannot import {target}")


def _sections(imports: Iterable[_Import], module: str) -> Iterator[str]:
    """The import statements by section: the standard library, others, what is beside the bridge."""
    top = module.partition(".")[0]

    def section(imported: _Import) -> int:
        package = (imported.module or imported.name).partition(".")[0]
        return 2 if package == top else 0 if package in sys.stdlib_module_names else 1

    for _, inside in groupby(sorted(imports, key=section), section):
        yield "".join(_statements(inside))


def _statements(imports: Iterable[_Import]) -> Iterator[str]:
    """The import statements of one section."""
    statements: dict[tuple[str, str], list[_Import]] = {}
    for imported in sorted(imports, key=_import_key):
        statements.setdefault((imported.module, imported.alias if imported.is_alone else ""), []).append(imported)
    for (module, _), inside in statements.items():
        if module:
            yield _list(f"from {module} import ", [imported.alias for imported in inside], "")
        else:
            yield f"import {inside[0].alias}\n"


def _list(opening: str, items: list[str], closing: str) -> str:
    """A statement that ends with a list, on one line if it fits; parentheses where it needs them to be broken."""
    line = f"{opening}{', '.join(items)}{closing}\n"
    if len(line) <= _WIDTH + 1:
        return line
    if not closing:
        opening, closing = f"{opening}(", ")"
    return "\n".join([opening, *(f"    {item}," for item in items), f"{closing}\n"])


def _warning(warnings: str, message: str) -> str:
    """The call that warns, its message on as many lines as it needs."""
    lines = textwrap.wrap(message, _WIDTH - len('    "",'), break_long_words=False, break_on_hyphens=False)
    literals = "\n".join(
        f'    "{line}{" " if more else ""}"' for more, line in zip([*lines[1:], ""], lines, strict=True)
    )
    return f"{warnings}.warn(\n{literals},\n    DeprecationWarning,\n    stacklevel=2,\n)\n"


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
