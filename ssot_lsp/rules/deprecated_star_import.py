"""SSOT008: `import *` from a module that the registry has moved, or that has deprecated names."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from ssot_lsp.model import Applicability, Diagnostic, Move, ObjectRef, Replacement, Severity
from ssot_lsp.modules import Answer
from ssot_lsp.project import Project
from ssot_lsp.registry import Match
from ssot_lsp.rules import Import, Rule, are_different, fate, is_missing, is_registered, new_cycle, sentence, warning
from ssot_lsp.scopes import Scope

_ORDER = [Applicability.SAFE, Applicability.UNSAFE, Applicability.DISPLAY]


class _Brought(NamedTuple):
    """A deprecated name that a star brings, or may bring."""

    name: str
    match: Match
    is_used: bool
    is_sure: bool
    """The star brings it, and nothing else can."""


class _Part(NamedTuple):
    """A part of the fix: a name, or `*`, that is imported from elsewhere."""

    name: str
    target: ObjectRef
    applicability: Applicability


def check(imported: Import) -> Diagnostic | None:
    """Report a star from a moved module, or one that brings deprecated names; offer to import what is meant."""
    if imported.name is not None:
        return None
    star = _Star(imported)
    if imported.match is None and not star.brought:
        return None
    entry = (imported.match or star.brought[0].match).entry
    targets = [*([star.target] if star.target is not None else []), *(part.target for part in star.named)]
    return Diagnostic(
        RULE.code,
        RULE.name,
        " ".join(filter(None, (*star.messages, warning(star.cycle), sentence(entry)))),
        entry.severity or Severity.WARNING,
        imported.module_span,
        help=f"import {_what(star.parts)}" if star.parts else "",
        deprecated=imported.match is not None and imported.is_bound is not Answer.NO,
        entry=entry,
        related=(
            *(place for ref in targets for place in imported.defined(ref, f"`{ref.dotted}` is defined here")),
            *imported.registered(entry),
        ),
        replacements=tuple(star.replacements),
    )


@dataclass(frozen=True)
class _Star:
    """One `import *`: what it brings, and what is to become of that."""

    imported: Import

    @property
    def project(self) -> Project:
        """The workspace."""
        return self.imported.project

    @property
    def target(self) -> ObjectRef | None:
        """Where its module has moved, if that is so."""
        return self.imported.match.target if self.imported.match is not None else None

    @cached_property
    def others(self) -> tuple[str | None, ...]:
        """The modules of the file's other stars; None for one above the top."""
        statements = self.imported.document.syntax.imports
        return tuple(
            self.project.absolute(other, self.imported.document)
            for other in statements
            if other.is_star and other.span != self.imported.statement.span
        )

    @cached_property
    def used(self) -> frozenset[str]:
        """The names that the file uses and does not bind: stars bring them, or they are builtins."""
        reading = self.imported.reading
        uses = reading.references if reading is not None else ()
        return frozenset(use.root for use in uses if reading is not None and reading.resolve(use) is None)

    def offers(self, name: str) -> Answer:
        """Whether the star brings a name."""
        is_relative = self.imported.statement.level > 0
        return self.project.modules.offers(self.imported.module, name, relative=is_relative)

    def is_only(self, name: str) -> bool:
        """Whether no other star can bring a name."""
        modules = self.project.modules
        return all(other is not None and modules.offers(other, name) is Answer.NO for other in self.others)

    @cached_property
    def brought(self) -> tuple[_Brought, ...]:
        """The deprecated names that the star brings, and that nothing else in the file binds."""
        module, registry = self.imported.module, self.project.registry
        reading = self.imported.reading if registry.speaks_below(module) else None
        return tuple(self._brought(module, registry.names_below(module), reading.scopes.module)) if reading else ()

    def _brought(self, module: str, names: Iterable[str], scope: Scope) -> Iterator[_Brought]:
        modules = self.project.modules
        # what the star is not known to offer matters only if it is used: of many deprecated names these are few
        candidates = {*modules.names(module), *(modules.exports(module) or ()), *self.used}
        for name in (name for name in names if name in candidates):
            match = self.imported.match_of(ObjectRef(module, name)) if name not in scope.sites else None
            offered = self.offers(name) if match is not None else Answer.NO
            is_used = name in self.used
            if match is not None and (offered is Answer.YES or (offered is Answer.UNKNOWN and is_used)):
                is_sure = offered is Answer.YES and self.is_only(name) and name not in scope.given_away
                yield _Brought(name, match, is_used, is_sure)

    @cached_property
    def is_moved(self) -> bool:
        """Whether the star itself is to be imported from elsewhere."""
        return self.target is not None and not self.target.qualname and not is_missing(self.project, self.target)

    @cached_property
    def named(self) -> tuple[_Part, ...]:
        """The names that are to be imported by name. An attribute of an object is not there to be imported."""
        found = ((brought, brought.match.target) for brought in self.brought if brought.is_used)
        return tuple(
            _Part(brought.name, target, self._sure(brought, target))
            for brought, target in found
            if target is not None and "." not in target.qualname and not is_missing(self.project, target)
        )

    def _sure(self, brought: _Brought, target: ObjectRef) -> Applicability:
        ref = ObjectRef(self.imported.module, brought.name)
        return self._stated(brought.match, ref, target) if brought.is_sure else Applicability.DISPLAY

    @cached_property
    def lost(self) -> tuple[str, ...]:
        """The names that the file uses through the star, as far as known, and that the canonical module lacks."""
        if not self.is_moved or self.target is None:
            return ()
        modules, named = self.project.modules, {part.name for part in self.named}
        return tuple(
            name
            for name in sorted(self.used - named)
            if modules.offers(self.target.module, name) is Answer.NO
            and (self.offers(name) is Answer.YES or self._may_be_gone(name))
            and self.is_only(name)
        )

    def _may_be_gone(self, name: str) -> bool:
        """Whether the star may have brought a name, where nobody can read its module."""
        is_readable = self.offers(name) is Answer.NO and self.imported.module_exists is Answer.YES
        return not is_readable and not hasattr(builtins, name)

    @cached_property
    def parts(self) -> tuple[_Part, ...]:
        """The star itself, if it is to be imported from elsewhere, then the names that are to be imported besides."""
        match, target = self.imported.match, self.target
        if not self.is_moved or match is None or target is None:
            return self.named
        sure = Applicability.DISPLAY if self.lost else self._stated(match, ObjectRef(self.imported.module), target)
        return (_Part("*", ObjectRef(target.module, "*"), sure), *self.named)

    def _stated(self, match: Match, old: ObjectRef, new: ObjectRef) -> Applicability:
        """What the entry says; unsafe if the two lead to different definitions, or the move closes an import cycle."""
        stated = match.entry.applicability or Applicability.SAFE
        is_different = match.entry.applicability is None and are_different(self.project, old, new)
        is_doubtful = stated is Applicability.SAFE and (is_different or new_cycle(self.imported, new))
        return Applicability.UNSAFE if is_doubtful else stated

    @property
    def replacements(self) -> Iterator[Replacement]:
        """What is sure, then with it what is less so; all at once where the star is to be imported from elsewhere."""
        levels = sorted({part.applicability for part in self.parts}, key=_ORDER.index)
        for level in levels[-1:] if self.is_moved else levels:
            parts = [part for part in self.parts if _ORDER.index(part.applicability) <= _ORDER.index(level)]
            yield Replacement(f"Import {_what(parts)}", level, tuple(map(self._move, parts)))

    def _move(self, part: _Part) -> Move:
        (star,) = self.imported.statement.parts
        return Move(self.imported.statement, star._replace(name=part.name), part.target)

    @property
    def cycle(self) -> tuple[str, ...]:
        """The import cycle that a part of the fix would close."""
        return next(filter(None, (new_cycle(self.imported, part.target) for part in self.parts)), ())

    @property
    def messages(self) -> Iterator[str]:
        """What is wrong, in sentences."""
        if self.target is not None:
            yield self._of_module(self.target)
        if self.lost:
            yield f"That module does not offer {_list(self.lost)}, which the file uses."
        if self.brought:
            verb = "brings" if any(brought.is_sure for brought in self.brought) else "may bring"
            what = "a deprecated name" if len(self.brought) == 1 else "deprecated names"
            said = [self._of_name(brought) for brought in self.brought[:5]]
            more = f", and {len(self.brought) - 5} more" if len(self.brought) > 5 else ""
            yield f"`import *` {verb} {what}: {', '.join(said)}{more}."

    def _of_module(self, target: ObjectRef) -> str:
        module = self.imported.module
        if self.is_moved:
            return f"`{module}` is deprecated: import from `{target}`."
        if target.qualname:
            return f"`{module}` is deprecated: `{target}` takes its place, which is no module."
        return f"`{module}` is deprecated, but the canonical `{target}` does not exist: the import stays as it is."

    def _of_name(self, brought: _Brought) -> str:
        target = brought.match.target
        if target is None:
            return f"`{brought.name}` {fate(brought.match.last)}"
        if is_missing(self.project, target):
            return f"`{brought.name}` should be `{target}`, which does not exist"
        return f"`{brought.name}` is now `{target}`"


def _what(parts: Sequence[_Part]) -> str:
    """What is to be imported, in words."""
    return " and ".join(
        f"everything from `{part.target.module}`" if part.name == "*" else f"`{part.target.dotted}` by name"
        for part in parts
    )


def _list(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


RULE = Rule("SSOT008", "deprecated-star-import", 1, check, suspects=is_registered)
