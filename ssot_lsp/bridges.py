"""Bridges at deprecated paths: what one is to offer, in which files it is to stand, whether it can be made."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ssot_lsp.bindings import Binding
from ssot_lsp.model import ObjectRef, is_dotted_name
from ssot_lsp.modules import Answer, Modules, prefixes
from ssot_lsp.registry import Registry
from ssot_lsp.registry.bridge import bridge_text, bridged_by, can_bind, can_import


class Bridge(NamedTuple):
    """A bridge that can be made."""

    module: str
    names: Mapping[str, ObjectRef]
    """What it offers, each with its canonical object."""
    files: tuple[Path, ...]
    """As `bridge_place` gives them; those before the last one are to be empty."""
    text: str
    circular: tuple[str, ...] = ()
    """The canonical modules that import the bridge themselves, for which it is lazy."""


class NoBridgeError(Exception):
    """A bridge that is not made; its text says why."""

    def __init__(self, reason: str, missing: Mapping[str, ObjectRef] | None = None) -> None:
        super().__init__(reason)
        self.missing = missing or {}
        """The names whose canonical object is known not to be there."""


def bridge_at(module: str, registry: Registry, modules: Modules) -> Bridge:
    """The bridge at a deprecated module that offers all that the registry says of it.

    Raises NoBridgeError if it is not first-party, something is at its place already, a canonical object is known not to
    be there, or there is nothing to offer; ValueError if `module` is not a dotted name.
    """
    if not modules.is_first_party(module):
        raise NoBridgeError("it is in none of the first-party packages")
    names, missing = bridged_names(module, registry, modules)
    files = bridge_place(module, modules, is_package=_is_package(module, registry, modules))
    if files is None:
        raise NoBridgeError(_in_the_way(module, {**names, **missing}, modules))
    if missing:
        raise NoBridgeError("what it would hand on is not there", missing)
    if not names:
        raise NoBridgeError("no entry tells of a name in it that is somewhere else now")
    return bridge_to(module, names, files, modules)


def bridge_to(module: str, names: Mapping[str, ObjectRef], files: tuple[Path, ...], modules: Modules) -> Bridge:
    """The bridge that offers some names: lazy if it would import itself otherwise. Raises NoBridgeError."""
    circular = sorted({target.module for target in names.values() if _leads_back(target, module, modules)})
    if circular:
        names = {name: _as_module(target, modules) for name, target in names.items()}
    try:
        return Bridge(module, names, files, bridge_text(module, names, is_lazy=bool(circular)), tuple(circular))
    except ValueError as error:
        raise NoBridgeError(str(error)) from error


def _leads_back(target: ObjectRef, module: str, modules: Modules) -> bool:
    """Whether importing an object imports a module too, or has begun to before that module is imported."""
    around = modules.find(target.module) if module.startswith(f"{target.module}.") else None
    begun = around.bindings.imports if around is not None else ()
    paths = (target.dotted, *begun)
    return any(modules.leads_to(path, module) or _through_packages(path, module, modules) for path in paths)


def _through_packages(path: str, module: str, modules: Modules) -> bool:
    """Whether importing a path imports a module too, be it by way of a package around that which imports it.

    What is around both does not count: it is imported, or has begun to be, before either of them.
    """
    todo, seen = [path], {*prefixes(path)} & {*prefixes(module)}
    while todo:
        for prefix in {*prefixes(todo.pop())} - seen:
            if prefix == module:
                return True
            seen.add(prefix)
            found = modules.find(prefix) if modules.is_first_party(prefix) else None
            todo += found.bindings.imports if found is not None else ()
    return False


def _as_module(target: ObjectRef, modules: Modules) -> ObjectRef:
    """A target that is a submodule as such a one: asked as an attribute, it is there only once somebody imports it."""
    name = target.qualname
    is_submodule = bool(name) and "." not in name and modules.is_submodule(target.module, name)
    return ObjectRef(target.dotted) if is_submodule and not modules.is_hidden(target.dotted) else target


def _is_package(module: str, registry: Registry, modules: Modules) -> bool:
    """Whether there may have been modules in a deprecated one, which may want bridges of their own."""
    match, others = registry.match(ObjectRef(module)), registry.deprecated_modules
    moved = modules.find(match.target.dotted) if match is not None and match.target is not None else None
    inside = others[bisect(others, f"{module}.") :][:1]
    return bool(moved and moved.folders) or any(other.startswith(f"{module}.") for other in inside)


def _in_the_way(module: str, names: Mapping[str, ObjectRef], modules: Modules) -> str:
    """What is where a bridge would have to stand, and what that lacks."""
    found = modules.find(module)
    if found is None:
        return "something is in its way: a file of its name, or a plain module that would have to be a package"
    text = found.text
    known = bridged_by(module, text.source) if text is not None else None
    lacks = sorted(n for n in names if (modules.binds(module, n) is Answer.NO if known is None else n not in known))
    missing = ", ".join(f"`{name}` (`{names[name]}`)" for name in lacks)
    place = found.path or found.folders[0]
    shown = next((place.relative_to(root) for root in modules.roots if place.is_relative_to(root)), place)
    what = f"{shown.as_posix()} is there already{', a bridge' if known is not None else ''}"
    return f"{what}, and lacks {missing}" if missing else what


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


def bridge_place(module: str, modules: Modules, *, is_package: bool = False) -> tuple[Path, ...] | None:
    """The files to create for a module that does not exist: the `__init__.py` of missing packages, its own file last.

    That is an `__init__.py` too if it `is_package`. They stand in the innermost package around it that exists, else in
    the first source root with a first-party package. None if something of its name is there already, or there is no
    package but a plain module around it.

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
    packages = [folder.joinpath(*parts[:depth]) for depth in range(1, len(parts) + is_package)]
    own = () if is_package else (folder.joinpath(*parts).with_suffix(".py"),)
    return *(package / "__init__.py" for package in packages), *own


def _roots(modules: Modules) -> tuple[Path, ...]:
    """The source roots, those with first-party packages before the others."""
    tops = {package.partition(".")[0] for package in modules.packages}
    return tuple(
        sorted(modules.roots, key=lambda root: tops.isdisjoint(Path(name).stem for name in modules.listing(root)))
    )
