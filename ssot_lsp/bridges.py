"""What a bridge at a deprecated path is to offer, and in which files it is to stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ssot_lsp.bindings import Binding
from ssot_lsp.model import ObjectRef, is_dotted_name
from ssot_lsp.modules import Answer, Modules, prefixes
from ssot_lsp.registry import Registry
from ssot_lsp.registry.bridge import can_bind, can_import


class Bridged(NamedTuple):
    """The names of a deprecated module, each with its canonical object."""

    names: Mapping[str, ObjectRef]
    """Those that a bridge can offer, as far as anyone knows."""
    missing: Mapping[str, ObjectRef]
    """Those whose canonical object is known not to be there."""


def bridged_names(module: str, registry: Registry, modules: Modules) -> Bridged:
    """What the entries of a registry say of the names in a deprecated module, both parts sorted by name.

    Of a module that has moved as a whole these are the names in the canonical one's `__all__`, else its public names,
    less what it imports from outside of the first-party packages, and modules. Chains are followed to their ends. An
    object that was removed is no part of it, nor are modules under `module`, which have bridges of their own.
    """
    names: dict[str, ObjectRef] = {}
    missing: dict[str, ObjectRef] = {}
    for name in sorted(filter(can_bind, _candidates(module, registry, modules))):
        match = registry.match(ObjectRef(module, name))
        target = match.target if match is not None else None
        if match is None or target is None or not can_import(module, target):
            continue
        is_module_of_its_own = not target.qualname and match.deprecated == ObjectRef(f"{module}.{name}")
        if not is_module_of_its_own:
            (missing if _is_missing(target, modules) else names)[name] = target
    return Bridged(names, missing)


def _candidates(module: str, registry: Registry, modules: Modules) -> set[str]:
    """The names of which the registry may say something."""
    candidates = {*registry.names_below(module)}
    match = registry.match(ObjectRef(module))
    target = modules.split(match.target) if match is not None and match.target is not None else None
    if target is not None and not target.qualname:
        # an entry for a name of the canonical module speaks of the same name of the deprecated one
        candidates.update(registry.names_below(target.module), _offered(target.module, modules))
    return candidates


def _offered(module: str, modules: Modules) -> Iterator[str]:
    """The names in a module's `__all__`, else its own public ones, with those that its stars bring."""
    todo, seen = [module], set[str]()
    while todo:
        at = todo.pop()
        found = modules.find(at) if at not in seen and modules.is_first_party(at) else None
        seen.add(at)
        exports = modules.exports(at) if found is not None else None
        if exports is not None:
            yield from exports
        elif found is not None:
            for name, bindings in found.bindings.names.items():
                if not name.startswith("_") and any(_is_own(binding, modules) for binding in bindings):
                    yield name
            todo += found.bindings.stars


def _is_own(binding: Binding, modules: Modules) -> bool:
    """Whether it is more than an import of a module, or from outside of the first-party packages."""
    origin = binding.origin
    return origin is None or (bool(origin.qualname) and modules.is_first_party(origin.module))


def _is_missing(target: ObjectRef, modules: Modules) -> bool:
    """Whether an object is known not to be there."""
    module, qualname = target
    there = modules.binds(module, qualname.partition(".")[0]) if qualname else modules.exists(module)
    return there is Answer.NO


def bridge_place(module: str, modules: Modules) -> tuple[Path, ...] | None:
    """The files to create for a module that does not exist: the `__init__.py` of missing packages, its own file last.

    They stand in the innermost package around it that exists, else in the first source root with a first-party package.
    None if something of its name is there already, or there is no package but a plain module around it.

    Raises ValueError if `module` is not a dotted name.
    """
    if not is_dotted_name(module):
        raise ValueError(f"{module!r} is not the dotted path of a module")
    around = next((found for prefix in prefixes(module) if (found := modules.find(prefix)) is not None), None)
    if around is None:
        folders, parts = _roots(modules), module.split(".")
    else:
        folders, parts = around.folders, module[len(around.name) + 1 :].split(".")
    if not folders or parts == [""]:
        return None
    folder = folders[0]
    # whatever is spelled alike: a plain file in the way, or `Old.py` where `old.py` is the same file on some disks
    if {parts[0].casefold(), f"{parts[0]}.py".casefold()} & {name.casefold() for name in modules.listing(folder)}:
        return None
    packages = [folder.joinpath(*parts[:depth]) for depth in range(1, len(parts))]
    return *(package / "__init__.py" for package in packages), folder.joinpath(*parts).with_suffix(".py")


def _roots(modules: Modules) -> tuple[Path, ...]:
    """The source roots, those with first-party packages before the others."""
    tops = {package.partition(".")[0] for package in modules.packages}
    return tuple(
        sorted(modules.roots, key=lambda root: tops.isdisjoint(Path(name).stem for name in modules.listing(root)))
    )
