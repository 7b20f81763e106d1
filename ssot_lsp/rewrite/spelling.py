"""The ways to write an object down: an expression, and the import that it needs. The best way comes first."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import NamedTuple

from ssot_lsp.model import ImportedName, ImportStatement, ObjectRef
from ssot_lsp.rewrite.layout import Item


class Spelling(NamedTuple):
    """One way to write an object."""

    expression: str
    """`f`, `conf.get` or `d.e.f`."""
    module: str = ""
    """The absolute module of the `from` statement that it needs; empty for `import`."""
    item: Item | None = None
    """What that statement imports; None if nothing needs to be imported."""

    @property
    def imported(self) -> tuple[str, Item | None]:
        """The import that it needs, whatever is made of it."""
        return self.module, self.item

    @property
    def root(self) -> str:
        """The name that the expression begins with."""
        return self.expression.partition(".")[0]

    @property
    def path(self) -> str:
        """What that name then refers to."""
        if self.item is None:
            return f"builtins.{self.root}"
        if self.module or self.item.asname:
            return f"{self.module}.{self.item.name}".lstrip(".")
        return self.root


def is_plain(statement: ImportStatement, name: ImportedName) -> bool:
    """Whether it is `import a.b`, which binds `a` and speaks of `a.b`."""
    return not statement.is_from and name.asname is None and "." in name.name


def spellings(statement: ImportStatement, name: ImportedName, target: ObjectRef) -> Iterator[Spelling]:
    """The ways to import `target` in the place of an imported name, those with a name of the target's own first.

    Those that keep the local name have it as their expression. An `asname` is always kept, if an import can bind it.
    """
    module, qualname = target
    local = name.name if is_plain(statement, name) else name.local
    if "." in local:
        yield from _of_path(target)
    elif "." in qualname:
        yield from (_by_name(target), _by_module(target))
    elif qualname:
        yield from _of_object(name, target, local)
    else:
        parent, _, last = module.rpartition(".")
        if name.asname is None and parent and (statement.is_from or last == local):
            yield _by_name(target)
        elif name.asname is None:
            yield _by_name(target) if parent else _by_module(target)
        if parent and statement.is_from:
            yield Spelling(local, parent, Item(last, local if last != local else None))
        else:
            yield Spelling(local, "", Item(module, local if module != local else None))


def _of_path(target: ObjectRef) -> Iterator[Spelling]:
    if target.qualname:
        yield _by_name(target)
    yield _by_module(target)
    if not target.qualname and "." in target.module:
        yield _by_name(target)


def _of_object(name: ImportedName, target: ObjectRef, local: str) -> Iterator[Spelling]:
    module, qualname = target
    if name.asname is None and (module == "builtins" or qualname != local):
        yield _by_name(target)
    is_explicit = name.asname == name.name  # `X as X` says: re-exported
    yield Spelling(local, module, Item(qualname, local if qualname != local or is_explicit else None))


def spellings_of_use(
    imported: str, expression: str, used: str, target: ObjectRef, *, is_from: bool
) -> Iterator[Spelling]:
    """The ways to write `target` where `used` (a dotted path) stands, which begins with what was imported.

    `imported` is the path that `expression` refers to. `is_from`: an import of modules by name is the style there.
    """
    rest = target.dotted[len(imported) :]
    is_loaded = f"{imported}.".startswith(f"{target.module}.") or f"{used}.".startswith(f"{target.module}.")
    if target.dotted.startswith(f"{imported}.") and is_loaded:
        yield Spelling(expression + rest)
    if target.module == "builtins":
        yield _by_name(target)
        yield _by_module(target)
        return
    parent, _, last = target.module.rpartition(".")
    by_parent = Spelling(f"{last}.{target.qualname}".rstrip("."), parent, Item(last)) if parent else None
    if is_from and by_parent:
        yield by_parent
    yield _by_module(target)
    if not is_from and by_parent:
        yield by_parent
    if target.qualname:
        yield _by_name(target)


def _by_module(target: ObjectRef) -> Spelling:
    """`import a.b`, and `a.b.C`."""
    return Spelling(target.dotted, "", Item(target.module))


def _by_name(target: ObjectRef) -> Spelling:
    """`from a.b import C`, and `C`; nothing to import for a builtin."""
    if target.qualname:
        head = target.qualname.partition(".")[0]
        if target.module == "builtins" and hasattr(builtins, head):
            return Spelling(target.qualname)
        return Spelling(target.qualname, target.module, Item(head))
    parent, _, last = target.module.rpartition(".")
    return Spelling(last, parent, Item(last))
