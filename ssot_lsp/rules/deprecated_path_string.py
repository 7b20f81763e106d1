"""SSOT007: a dotted path in a string that the registry has moved, or that leads to nothing."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ssot_lsp.model import (
    Applicability,
    Diagnostic,
    Entry,
    ObjectRef,
    PathKind,
    Replacement,
    Severity,
    StringMove,
)
from ssot_lsp.modules import Answer, Modules
from ssot_lsp.project import Project
from ssot_lsp.registry import Match
from ssot_lsp.rules import Import, Mention, Rule, did_you_mean, fate, imported_names, is_missing, sentence
from ssot_lsp.search import SearchPath

_PATCHED_UNASKED = frozenset(name for name in dir(builtins) if not name.startswith("_"))
"""The names that `mock.patch` adds to a module that lacks them, since code in the module can use them."""


class _Place(NamedTuple):
    """A path by which code looks an object up, as a module's own import proves."""

    path: str
    why: str
    """A sentence that tells whose code that is."""


def suspects(project: Project, path: str, may_be_module: bool) -> bool:
    """Whether a path is registered, or leads to nothing where it should lead to something."""
    modules, dotted = project.modules, path.replace(":", ".")
    if project.registry.match(ObjectRef(dotted)) is not None:
        return True
    if not modules.is_first_party(dotted):
        return False
    if may_be_module and modules.exists(dotted) is Answer.NO:
        return True
    module, colon, name = path.partition(":")
    ref = ObjectRef(module, name) if colon else modules.split(ObjectRef(dotted))
    binds = modules.binds(ref.module, ref.qualname.partition(".")[0]) if ref.qualname else modules.exists(ref.module)
    return binds is Answer.NO


def check(mention: Mention) -> Diagnostic | None:
    """Report a path that is deprecated or leads to nothing; offer where it leads now, or may have been meant to."""
    ref = _ref(mention)
    match = mention.matched(ref)
    if match is None:
        return (_renamed(mention, ref) or _unresolved(mention, ref)) if _leads_to_nothing(mention, ref) else None
    leads_on = match.target is not None and not is_missing(mention.project, match.target)
    leads_on = leads_on and not match.entry.versions_of  # of what is not the project's nobody knows what it has
    if _may_be_anything(mention, ref) and not match.deprecated.qualname and not leads_on:
        return None
    if match.target is None:
        return _removed(mention, ref, match)
    is_module = mention.string.kind is PathKind.MODULE
    target = match.target if is_module else mention.project.modules.split(match.target)
    if mention.is_tried_before(target, mention.string.handler_of):
        return None
    return _deprecated(mention, ref, match, target)


def _ref(mention: Mention) -> ObjectRef:
    """The path as module and name: what stands before and behind a `:`, else as far as there are modules."""
    string = mention.string
    if string.kind is PathKind.MODULE:
        return ObjectRef(string.path)
    module, colon, name = string.path.partition(":")
    if colon:
        return ObjectRef(module, name)
    module, _, name = string.path.rpartition(".")
    return mention.project.modules.split(ObjectRef(module, name) if module else ObjectRef(name))


def _may_be_anything(mention: Mention, ref: ObjectRef) -> bool:
    """Whether only what it leads to can tell that a string is a path: `cache:size` need not be one."""
    return ":" in mention.string.path and "." not in ref.module


def _leads_to_nothing(mention: Mention, ref: ObjectRef) -> bool:
    """Whether a path is known to lead to nothing, where it should lead to something."""
    string, modules = mention.string, mention.project.modules
    if _may_be_anything(mention, ref):
        return False
    name, _, attributes = ref.qualname.partition(".")
    if _may_be_elsewhere(mention.search_path, ref):
        return False
    if not name:
        return modules.exists(ref.module) is Answer.NO and not string.may_lack
    if ":" not in string.path and _is_hidden(modules, ref.module):
        return False
    may_lack = string.may_lack or (string.kind is PathKind.PATCH and name in _PATCHED_UNASKED)
    return modules.binds(ref.module, name) is Answer.NO and not (may_lack and not attributes)


def _may_be_elsewhere(path: SearchPath, ref: ObjectRef) -> bool:
    """Whether a path may lead to something outside of the source roots."""
    for place in path.places:
        module, qualname = place.split(ObjectRef(ref.dotted))
        name = qualname.partition(".")[0]
        if place.find(module) is not None and not (name and place.binds(module, name, relative=True) is Answer.NO):
            return True
    return path.is_open


def _is_hidden(modules: Modules, module: str) -> bool:
    """Whether a package binds something else to the name of a module on the way: attributes lead there then."""
    while "." in module:
        parent, _, name = module.rpartition(".")
        package = modules.find(parent)
        bindings = package.bindings.names.get(name, ()) if package is not None else ()
        if any(binding.origin != ObjectRef(module) for binding in bindings):
            return True
        module = parent
    return False


def _covers(prefix: str, path: str) -> bool:
    return path == prefix or path.startswith(prefix + ".")


# What the registry explains


def _removed(mention: Mention, ref: ObjectRef, match: Match) -> Diagnostic:
    names = " or ".join(f"`{alternative}`" for alternative in match.last.alternatives)
    return _diagnostic(
        mention,
        f"`{mention.string.path}` {fate(match.last)}.",
        entry=match.last,
        advice=f"look at {names}" if names else "",
        paths=_written(mention, match.last.alternatives),
        still_works=not _leads_to_nothing(mention, ref),
    )


def _deprecated(mention: Mention, ref: ObjectRef, match: Match, target: ObjectRef) -> Diagnostic:
    """A path that has moved: for a patch to where the name is looked up, for anything else to the canonical path."""
    path, still_works = mention.string.path, not _leads_to_nothing(mention, ref)
    if is_missing(mention.project, target):
        message = f"`{path}` is deprecated, but the canonical `{target}` does not exist: the string stays as it is."
        return _diagnostic(mention, message, entry=match.entry, still_works=still_works)
    message = f"`{path}` is deprecated: it is `{target}` now."
    if mention.string.kind.is_patch:
        modules = [module for module in _tested(mention) if module != target.module]
        if _covers(match.deprecated.module if match.deprecated.qualname else match.deprecated.dotted, ref.module):
            modules.insert(0, ref.module)
        places = _places(mention, modules, target)
        return _patch(mention, message, match.entry, target, places)._replace(deprecated=still_works)
    paths = _written(mention, [target])
    return _diagnostic(
        mention,
        message,
        entry=match.entry,
        advice=f"name `{paths[0]}`" if paths else "",
        paths=paths,
        is_sure=True,
        target=target,
        still_works=still_works,
    )


def _renamed(mention: Mention, ref: ObjectRef) -> Diagnostic | None:
    """A patch of a name that its module has by another one since, as the registry tells."""
    name, _, attributes = ref.qualname.partition(".")
    if not mention.string.kind.is_patch or not name:
        return None
    for match in map(mention.matched, mention.project.registry.deprecated_named(name)):
        if match is None or match.target is None:
            continue
        moved = match.target._replace(qualname=".".join(filter(None, (match.target.qualname, attributes))))
        target = mention.project.modules.split(moved)
        if places := () if is_missing(mention.project, target) else _places(mention, [ref.module], target):
            message = f"`{ref.module}` does not have `{name}`: the registry has moved it to `{match.target}`."
            return _patch(mention, message, match.entry, target, places)
    return None


def _patch(mention: Mention, message: str, entry: Entry, target: ObjectRef, places: tuple[_Place, ...]) -> Diagnostic:
    """A patch: what it is to be is only sure if the name is known to be looked up in one place."""
    paths = tuple(dict.fromkeys([*(place.path for place in places), target.dotted]))
    told = [place.why for place in places] or ["A patch takes effect where the name is looked up."]
    is_sure = len(places) == 1
    return _diagnostic(
        mention,
        " ".join([message, *told]),
        entry=entry,
        advice=f"patch {' or '.join(f'`{path}`' for path in (paths[:1] if is_sure else paths))}",
        paths=paths,
        is_sure=is_sure,
        target=target,
    )


# Where a name is looked up


def _places(mention: Mention, modules: Iterable[str], target: ObjectRef) -> tuple[_Place, ...]:
    """Where some modules look an object up, each path once."""
    places: dict[str, _Place] = {}
    for module in modules:
        for place in _looked_up(mention.project, module, target):
            if mention.project.registry.match(ObjectRef(place.path)) is None:
                places.setdefault(place.path, place)
    return tuple(places.values())


def _looked_up(project: Project, module: str, target: ObjectRef) -> Iterator[_Place]:
    """Where a module looks an object up: among its own names if it imports it by name, else in the object's module."""
    document, found = project.source_of(module), project.modules.find(module)
    if document is None or found is None:
        return
    head = target.qualname.partition(".")[0]
    for statement in document.syntax.imports:
        for imported in imported_names(project, document, statement) if not statement.type_checking else ():
            path = _imported_path(imported, ObjectRef(target.module, head))
            if head and path == target.module and imported.name is not None:
                if f".{head}" in document.text.source:
                    yield _Place(target.dotted, f"`{module}` looks `{head}` up in `{path}`: patch it there.")
            elif _covers(path, target.dotted) and _covers(target.module, path):
                name = imported.name.local if imported.name else head
                is_own = statement.is_from or (imported.name is not None and imported.name.asname is not None)
                rows = {binding.row for binding in found.bindings.names.get(name, ())}
                if is_own and (imported.name is None or document.text.position(imported.name_span.start).row in rows):
                    own = f"{module}.{name}{target.dotted[len(path) :]}"
                    yield _Place(own, f"`{module}` looks `{name}` up in its own namespace: patch `{own}`.")
                else:
                    yield _Place(target.dotted, f"`{module}` looks it up as `{target.dotted}`: patch it there.")


def _imported_path(imported: Import, target: ObjectRef) -> str:
    """The dotted path that is imported, moves made: that of the target if the same object is, be it by a star."""
    modules = imported.project.modules
    if imported.name is None:
        brought = modules.origins(ObjectRef(imported.module, target.qualname)) if target.qualname else None
        return target.dotted if (brought or frozenset()) & (modules.origins(target) or frozenset()) else ""
    is_object = imported.statement.is_from and target.qualname
    is_same = is_object and (modules.origins(imported.ref) or frozenset()) & (modules.origins(target) or frozenset())
    return (target if is_same else _canonical(imported)).dotted


def _canonical(imported: Import) -> ObjectRef:
    """What is imported, moves made."""
    match = imported.project.registry.match(imported.ref)
    return match.target if match is not None and match.target is not None else imported.ref


def _tested(mention: Mention) -> Iterator[str]:
    """The first-party modules that the document imports, or defines what it imports, each once."""
    modules, seen = mention.project.modules, {mention.document.module}
    for statement in mention.document.syntax.imports:
        for imported in imported_names(mention.project, mention.document, statement):
            ref = modules.split(_canonical(imported))
            origins = (modules.origins(ref) or frozenset()) if ref.qualname else frozenset()
            for module in (ref.module, *sorted(origin.module for origin in origins)):
                if module not in seen and modules.is_first_party(module):
                    seen.add(module)
                    yield module


# What nothing explains


def _unresolved(mention: Mention, ref: ObjectRef) -> Diagnostic:
    """A path that leads to nothing, with what may have been meant."""
    modules, name = mention.project.modules, ref.qualname.partition(".")[0]
    guesses = dict.fromkeys(modules.split(guess) for guess in _guesses(mention, ref))
    known = [r for r in guesses if mention.project.registry.match(r) is None and not is_missing(mention.project, r)]
    paths = _written(mention, known)
    if name and modules.find(ref.module) is not None:
        message = f"This string leads to nothing: `{ref.module}` does not have `{name}`."
    else:
        message = f"This string leads to nothing: no file provides the module `{ref.module}`."
    return _diagnostic(mention, " ".join(filter(None, (message, did_you_mean(paths)))), paths=paths)


def _guesses(mention: Mention, ref: ObjectRef) -> Iterator[ObjectRef]:
    """What may have been meant, the likeliest first; some of it may not exist."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a string that leads to nothing needs it

    modules = mention.project.modules
    if not ref.qualname:
        yield from (ObjectRef(module) for module in modules.similar(ref.module))
        return
    parts = ref.qualname.split(".")
    # which parts are missing modules nobody knows: by convention the first capitalized name is the object
    at = next((index for index, part in enumerate(parts) if part[:1].isupper()), len(parts) - 1)
    name, attributes = parts[at], "".join(f".{part}" for part in parts[at + 1 :])
    missing = ".".join([ref.module, *parts[:at]])
    registered = (same for same in mention.same_name(name) if same.qualname)
    yield from (ObjectRef(same.module, f"{same.qualname}{attributes}") for same in registered)
    if missing != ref.module or modules.find(missing) is None:
        yield from (
            ObjectRef(module, f"{name}{attributes}")
            for module in modules.similar(missing)
            if modules.binds(module, name) is Answer.YES
        )
    else:
        close = get_close_matches(name, sorted(modules.names(missing)), 3, 0.75)
        yield from (ObjectRef(missing, f"{similar}{attributes}") for similar in close)
    yield from (ObjectRef(module, f"{name}{attributes}") for module in modules.exporters(name))


# How it is told


def _written(mention: Mention, refs: Iterable[ObjectRef]) -> tuple[str, ...]:
    """Paths as the string spells its own, without those that it cannot name."""
    modules, string = mention.project.modules, mention.string
    found: list[str] = []
    for ref in refs:
        module, _, name = ref.dotted.rpartition(".")
        if string.kind is PathKind.MODULE:
            found += [ref.dotted] if not ref.qualname or modules.find(ref.dotted) is not None else []
        elif ":" in string.path and not ref.qualname:
            found += [f"{module}:{name}"] if module else []
        else:
            found += [str(ref)] if ":" in string.path else [ref.dotted] if module else []
    return tuple(path for path in dict.fromkeys(found) if path != string.path)


def _diagnostic(
    mention: Mention,
    message: str,
    *,
    entry: Entry | None = None,
    advice: str = "",
    paths: Iterable[str] = (),
    is_sure: bool = False,
    target: ObjectRef | None = None,
    still_works: bool = False,
) -> Diagnostic:
    """A diagnostic with the paths that are offered; `is_sure`: the first of them is what the string is to be."""
    is_applied = is_sure and entry is not None and entry.applicability is not Applicability.DISPLAY
    verb = "Patch" if mention.string.kind.is_patch else "Name"
    return Diagnostic(
        RULE.code,
        RULE.name,
        " ".join(filter(None, (message, sentence(entry) if entry else ""))),
        (entry.severity if entry else None) or Severity.WARNING,
        mention.string.span,
        help=advice,
        deprecated=still_works and not (entry is not None and entry.is_gone),
        entry=entry,
        related=(
            *(mention.defined(target, f"`{target.dotted}` is defined here") if target else ()),
            *(mention.registered(entry) if entry else ()),
        ),
        replacements=tuple(
            Replacement(
                f"{verb} `{path}` in the string",
                Applicability.UNSAFE if is_applied and index == 0 else Applicability.DISPLAY,
                strings=(StringMove(mention.string.span, path),),
            )
            for index, path in enumerate(paths)
        ),
    )


RULE = Rule("SSOT007", "deprecated-path-string", 7, check_string=check, suspects_string=suspects)
