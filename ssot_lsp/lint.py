"""What is wrong with a registry that can be used: entries that lead nowhere, contradict each other or say nothing.

One entry at a time is looked at, with the others and the modules beside it. What rests on who still uses what an entry
replaces is asked of what a check of all files has found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from ssot_lsp.config import Settings, offering_project, project_version
from ssot_lsp.model import RULE_NAMES, Applicability, Diagnostic, Entry, Fix, ObjectRef, Related, Report, Severity
from ssot_lsp.modules import Answer, prefixes
from ssot_lsp.places import Places
from ssot_lsp.project import Project
from ssot_lsp.registry.bridge import bridged_by
from ssot_lsp.registry.edit import replaced, with_key, without_deprecated, without_entry
from ssot_lsp.rules import MOST_GUESSES, did_you_mean
from ssot_lsp.signatures import differences
from ssot_lsp.text import TextEdit

_CODES = ("SSOT101", "SSOT103", "SSOT104", "SSOT105", "SSOT106", "SSOT110")
_TELL_OF_USES = ("SSOT001", "SSOT002", "SSOT006", "SSOT007", "SSOT008")
_REST_ON_USES = ("SSOT107", "SSOT108", "SSOT109")
Where = tuple[str, int] | tuple[str]
"""Where in an entry: a key, or a place in the list at a key."""


def lint(project: Project) -> Iterator[tuple[Path, Diagnostic]]:
    """What is wrong with the entries of the workspace's own registries: each with its file."""
    look = _Lint(project)
    for entry in _own(project) if any(map(project.settings.reports, _CODES)) else ():
        for diagnostic in look.of(entry):
            yield entry.path, diagnostic
    for entry, diagnostic in look.drop_ins():
        yield entry.path, diagnostic


def asks_for_uses(settings: Settings) -> bool:
    """Whether anything is wanted that rests on who still uses an entry, and all that tells of uses."""
    return any(map(settings.reports, _REST_ON_USES)) and all(map(settings.reports, _TELL_OF_USES))


def lint_uses(project: Project, reports: Iterable[Report], today: date) -> Iterator[tuple[Path, Diagnostic]]:
    """What is wrong with entries, given all that was found in the workspace's files: each with its file.

    Nothing, where that is not to be known.
    """
    if not asks_for_uses(project.settings):
        return
    uses, look = uses_by_entry(reports), _Lint(project)
    for entry in _own(project):
        for diagnostic in look.uses_of(entry, uses.get((entry.path, entry.place), Uses([], [])), today):
            yield entry.path, diagnostic


class Uses(NamedTuple):
    """Who still uses what an entry replaces."""

    told: list[tuple[Report, Diagnostic]]
    silenced: list[Report]
    """The files in which comments or settings silence some that are there."""


def uses_by_entry(reports: Iterable[Report]) -> dict[tuple[Path, int], Uses]:
    """Who still uses what the entries replace, by their files and their places in there; none for one without uses."""
    uses: dict[tuple[Path, int], Uses] = {}
    for report in reports:
        for entry in report.silenced:
            uses.setdefault((entry.path, entry.place), Uses([], [])).silenced.append(report)
        for diagnostic in report.diagnostics:
            if (speaks := diagnostic.entry) is not None:
                uses.setdefault((speaks.path, speaks.place), Uses([], [])).told.append((report, diagnostic))
    return uses


def _own(project: Project) -> Iterator[Entry]:
    """The entries that are the workspace's to mend.

    Those of a distribution are others'; and what a registry outside of the root speaks of may be outside, too.
    """
    for file in project.registry.files:
        if file.is_own and file.path.is_relative_to(project.root):
            yield from file.entries


class _Replaced(NamedTuple):
    """An old object that is still there, and is to be replaced by a new one."""

    entry: Entry
    number: int
    """Where in the entry's list it stands."""

    @property
    def old(self) -> ObjectRef:
        return self.entry.deprecated[self.number]

    @property
    def new(self) -> ObjectRef:
        assert self.entry.canonical is not None  # noqa: S101 - else nothing replaces it
        return self.entry.canonical


def _offered(project: Project) -> dict[Path, Path]:
    """The registry files that the workspace offers to others, each with the folder of the project that does."""
    found: dict[Path, Path] = {}
    for file in project.registry.files:
        folder = found.get(file.path) or offering_project(file.path, project.root)
        if folder is not None:
            extended = ((file.path.parent / name).resolve() for name in file.extends if name.endswith(".json"))
            found.update(dict.fromkeys([file.path, *extended], folder))
    return found


class _Lint:
    """One look at all entries."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._modules, self._registry = project.modules, project.registry
        self._first: dict[str, tuple[Entry, int]] = {}
        """Which entry was the first to speak of a path, and where in its list."""
        self._replaced: list[_Replaced] = []
        self._offered = _offered(project)
        """The files whose entries others rest on: that nobody here does tells nothing."""
        self._circular = {found.entry for _, found in self._registry.problems if found.code == "SSOT102"}

    def of(self, entry: Entry) -> Iterator[Diagnostic]:
        """What is wrong with an entry, but for `drop_ins`. Entries are asked in their order."""
        yield from self._deprecated(entry)
        if entry.canonical is not None and entry not in self._circular:
            yield from self._canonical(entry, entry.canonical)
        for number, alternative in enumerate(entry.alternatives):
            if self._registry.match(alternative) is None:
                yield from self._dangling(entry, alternative, ("alternatives", number), Severity.WARNING)

    def uses_of(self, entry: Entry, uses: Uses, today: date) -> Iterator[Diagnostic]:
        """What is wrong with an entry, given where what it replaces is still used; in places, without a word of it."""
        is_offered, count = entry.path in self._offered, len(uses.told)
        is_kept = bool(count) or (is_offered and any(self._is_kept(ref, entry.canonical) for ref in entry.deprecated))
        if is_kept and (since := self._overdue(entry, today)):
            still = f"used in {count} place{'s' * (count > 1)}" if count else "there"
            message = f"What this entry replaces was to be removed {since}, and is {still} still."
            yield self._diagnostic("SSOT108", message, Severity.ERROR, entry, ("removal",))
        elif (
            not (uses.told or uses.silenced or is_offered or entry in self._circular)
            and all(map(self._is_gone, entry.deprecated))
            and (entry.path, entry.place) not in self._rested_on
        ):
            what = "these paths" if len(entry.deprecated) > 1 else "this path"
            message = f"Nothing is at {what} any more, and nobody asks for it: the entry has done its work."
            applicability = Applicability.SAFE if self._is_alone(entry) else Applicability.DISPLAY
            fixes = (Fix("Drop the entry", applicability, (without_entry(self._places(entry), entry.place),)),)
            found = self._diagnostic("SSOT107", message, Severity.INFORMATION, entry, ("deprecated",))
            yield found._replace(fixes=fixes)
        for number, ref in enumerate(entry.deprecated):
            yield from self._unsupplied(entry, number, ref, uses.told)

    @cached_property
    def _rested_on(self) -> frozenset[tuple[Path, int]]:
        """The entries, by file and place, that the moves of other entries lead through."""
        canonical = (entry.canonical for entry in self._registry.entries)
        matches = (self._registry.match(ref) for ref in canonical if ref is not None)
        return frozenset((match.entry.path, match.entry.place) for match in matches if match is not None)

    def _is_alone(self, entry: Entry) -> bool:
        """Whether all other entries mean the same without it: none speaks of its paths, nor leads to what is around."""
        own = entry.canonical.dotted if entry.canonical is not None else ""
        around = (prefix for ref in entry.deprecated for prefix in prefixes(ref.dotted))
        is_led_to = any(self._canonicals[prefix] > (prefix == own) for prefix in around)
        return not is_led_to and all(self._speakers[ref.dotted] == 1 for ref in entry.deprecated)

    @cached_property
    def _canonicals(self) -> Counter[str]:
        """How many entries lead to a path."""
        return Counter(entry.canonical.dotted for entry in self._registry.entries if entry.canonical is not None)

    @cached_property
    def _speakers(self) -> Counter[str]:
        """How many entries speak of a path."""
        return Counter(path for entry in self._registry.entries for path in {ref.dotted for ref in entry.deprecated})

    def _overdue(self, entry: Entry, today: date) -> str:
        """Since when what an entry replaces should be gone; empty if its time has not come, or nobody knows."""
        try:
            return f"on {entry.removal}" if date.fromisoformat(entry.removal) < today else ""
        except ValueError:
            pass
        from packaging.version import Version  # noqa: PLC0415 - few entries name a version

        try:
            version = project_version(self._offered.get(entry.path, self._project.root))
            is_due = bool(entry.removal) and Version(entry.removal) <= Version(version)
        except ValueError:  # no version, or a number of more digits than Python reads
            return ""
        return f"in version {entry.removal}" if is_due else ""

    def _is_gone(self, ref: ObjectRef) -> bool:
        """Whether it is known that nothing is at a path."""
        if not ref.qualname and self._modules.exists(ref.module) is not Answer.NO:
            return False
        at = ref if ref.qualname else self._modules.split(ref)
        return not at.qualname or self._lacks(at)

    def _is_kept(self, ref: ObjectRef, canonical: ObjectRef | None) -> bool:
        """Whether it is known that something is at a path, and not on the way to the canonical one."""
        if canonical is not None and _holds(ref, canonical):
            return False
        if not ref.qualname:
            return self._modules.exists(ref.module) is Answer.YES
        return self._modules.binds(ref.module, ref.qualname.partition(".")[0]) is Answer.YES

    def _lacks(self, at: ObjectRef) -> bool:
        """Whether it is known that a module does not have an object."""
        return self._modules.binds(at.module, at.qualname.partition(".")[0]) is Answer.NO

    def _unsupplied(
        self, entry: Entry, number: int, ref: ObjectRef, uses: Sequence[tuple[Report, Diagnostic]]
    ) -> Iterator[Diagnostic]:
        """The names that importers ask a module for which is there, but does not have them."""
        if not uses or not self._is_bridge(ref.module, entry):
            return
        own = f"`{ref.module}` "  # those who ask for the module itself ask for no name
        asked = Counter(
            report.text.source[slice(*found.span)].rpartition(".")[2]
            for report, found in uses
            if not found.message.startswith(own)
        )
        wanted = [ref.qualname] if ref.qualname else [name for name in asked if name.isidentifier()]
        missing = [name for name in wanted if asked[name] and self._is_unsupplied(ref.module, name)]
        if missing:
            names = ", ".join(f"`{name}`" for name in sorted(missing))
            message = f"`{ref.module}` is there, but does not supply {names}, which is asked for by that path still."
            yield self._diagnostic("SSOT109", message, Severity.ERROR, entry, ("deprecated", number))

    def _is_unsupplied(self, module: str, name: str) -> bool:
        """Whether it is known that a module does not have a name: of a lazy bridge, by what it lists."""
        found = self._modules.find(module)
        text = found.text if found is not None and found.answers else None
        offered = bridged_by(module, text.source) if text is not None else None
        return name not in offered if offered is not None else self._lacks(ObjectRef(module, name))

    def _is_bridge(self, name: str, entry: Entry) -> bool:
        """Whether a deprecated module hands something on from where an entry leads, or warns of itself."""
        module = self._modules.find(name)
        if module is None or entry.canonical is None:
            return False
        origins = (binding.origin for bindings in module.bindings.names.values() for binding in bindings)
        to = entry.canonical.module
        hands_on = any(origin is not None and origin.module == to for origin in origins) or to in module.bindings.stars
        return hands_on or (module.text is not None and "DeprecationWarning" in module.text.source)

    def _canonical(self, entry: Entry, canonical: ObjectRef) -> Iterator[Diagnostic]:
        match = self._registry.match(canonical)
        if match is not None:
            yield self._deprecated_canonical(entry, canonical, match.target, match.entry)
            return
        dangling = [*self._dangling(entry, canonical, ("canonical",), Severity.ERROR)]
        yield from dangling
        if dangling:
            return
        at = canonical if canonical.qualname else self._modules.split(canonical)
        head = at.qualname.partition(".")[0]
        if head and self._modules.is_exported(at.module, head) is Answer.NO and not self._modules.is_submodule(*at):
            message = f"`{head}` is not in the `__all__` of `{at.module}`."
            yield self._diagnostic("SSOT106", message, Severity.WARNING, entry, ("canonical",))
        self._note_replaced(entry, canonical)

    def _deprecated_canonical(
        self, entry: Entry, canonical: ObjectRef, target: ObjectRef | None, other: Entry
    ) -> Diagnostic:
        """An entry whose canonical path is listed as deprecated, too."""
        where = (Related("it is deprecated here", self._registry.location(other)),)
        if target is None:
            message = f"`{canonical}` is canonical here, and another entry says that it was removed."
            return self._diagnostic("SSOT104", message, Severity.ERROR, entry, ("canonical",))._replace(related=where)
        message = f"`{canonical}` is canonical here, and deprecated in favour of `{target}` by another entry."
        edit = replaced(self._places(entry), (*_at(entry), "canonical"), str(target))
        # a push-down that becomes a move would move what is canonical now
        is_push_down = any(_holds(ref, canonical) for ref in entry.deprecated)
        fixes = () if is_push_down else self._fix(f"Say `{target}`", edit)
        found = self._diagnostic("SSOT104", message, Severity.WARNING, entry, ("canonical",))
        return found._replace(fixes=fixes, related=where)

    def _dangling(self, entry: Entry, ref: ObjectRef, place: Where, severity: Severity) -> Iterator[Diagnostic]:
        """A path that leads nowhere."""
        if self._modules.surely_binds(ref.module, ref.qualname.partition(".")[0]):
            return
        at = self._modules.split(ref)
        head = at.qualname.partition(".")[0]
        is_there = not (at.qualname and self._lacks(at))
        if is_there and (at.module != ref.module or self._modules.exists(ref.module) is not Answer.NO):
            return
        if at.module != ref.module or not ref.qualname:
            message = f"There is no module `{ref.module}`."
        else:
            message = f"`{at.module}` does not have `{head}`."
        found = tuple(islice(self._modules.elsewhere(ref), MOST_GUESSES))
        text = " ".join(filter(None, (message, did_you_mean(tuple(map(str, found))))))
        path = (*_at(entry), *place)
        fixes = tuple(
            Fix(f"Say `{guess}`", Applicability.DISPLAY, (replaced(self._places(entry), path, str(guess)),))
            for guess in found
        )
        yield self._diagnostic("SSOT101", text, severity, entry, place)._replace(fixes=fixes)

    def _deprecated(self, entry: Entry) -> Iterator[Diagnostic]:
        for number, ref in enumerate(entry.deprecated):
            first = self._first.setdefault(ref.dotted, (entry, number))
            if entry.canonical is not None and ref.dotted == entry.canonical.dotted:
                message = f"`{ref}` is the canonical path itself: this says nothing."
                yield self._useless(entry, number, "SSOT105", message)
            elif first != (entry, number):
                yield self._again(entry, number, ref, first[0])

    def _again(self, entry: Entry, number: int, ref: ObjectRef, first: Entry) -> Diagnostic:
        """A path of which an entry has spoken already."""
        where = (Related("it is here already", self._registry.location(first)),)
        if first.canonical == entry.canonical:
            found = self._useless(entry, number, "SSOT103", f"`{ref}` is listed with the same canonical path already.")
            if first in self._circular:  # which is not applied, and this one is
                found = found._replace(fixes=())
        elif first.path != entry.path:
            message = f"`{ref}` is decided by a nearer registry: this entry does not count for it."
            found = self._diagnostic("SSOT105", message, Severity.INFORMATION, entry, ("deprecated", number))
        else:
            said = [f"`{target}`" if target is not None else "nothing" for target in (first.canonical, entry.canonical)]
            message = f"`{ref}` is to be {said[0]} for one entry and {said[1]} for another; the first one counts."
            found = self._diagnostic("SSOT104", message, Severity.ERROR, entry, ("deprecated", number))
        return found._replace(related=where)

    def _useless(self, entry: Entry, number: int, code: str, message: str) -> Diagnostic:
        fixes = self._fix("Take it out", without_deprecated(self._places(entry), entry.place, number))
        return self._diagnostic(code, message, Severity.WARNING, entry, ("deprecated", number))._replace(fixes=fixes)

    def _note_replaced(self, entry: Entry, canonical: ObjectRef) -> None:
        """Note where a new object takes the place of an old one that is still there."""
        if entry.applicability in (None, Applicability.SAFE) and canonical.qualname:
            for number, ref in enumerate(entry.deprecated):
                if ref.qualname and self._modules.find(ref.module) is not None:
                    self._replaced.append(_Replaced(entry, number))

    def drop_ins(self) -> Iterator[tuple[Entry, Diagnostic]]:
        """Of the entries that were asked for those whose new object cannot simply take the place of the old one."""
        origin = self._modules.origin
        found = ((at, origin(at.old), origin(at.new)) for at in self._replaced)
        pairs = [(at, old, new) for at, old, new in found if old is not None and new is not None and old != new]
        why_not = differences([(old, new) for _, old, new in pairs], self._modules.source)
        for ((entry, number), old, _), why in zip(pairs, why_not, strict=True):
            if not why:
                continue
            message = f"`{entry.canonical}` cannot simply take the place of `{entry.deprecated[number]}`: {why}."
            places = self._places(entry)
            edit = (
                with_key(places, entry.place, "applicability", "unsafe")
                if entry.applicability is None
                else replaced(places, (*_at(entry), "applicability"), "unsafe")
            )
            fixes = self._fix("Say that its fixes are not safe", edit)
            problem = self._diagnostic("SSOT110", message, Severity.WARNING, entry, ("deprecated", number))
            at = self._modules.definition(old)
            where = (Related(f"`{old}` is defined here", at.location),) if at is not None else ()
            yield entry, problem._replace(fixes=fixes, related=where)

    def _fix(self, title: str, edit: TextEdit) -> tuple[Fix, ...]:
        return (Fix(title, Applicability.SAFE, (edit,)),)

    def _places(self, entry: Entry) -> Places:
        return self._registry.places(entry.path)

    def _diagnostic(self, code: str, message: str, severity: Severity, entry: Entry, place: Where) -> Diagnostic:
        span = self._registry.location(entry, *place).span
        return Diagnostic(code, RULE_NAMES[code], message, severity, span, entry=entry)


def _holds(ref: ObjectRef, other: ObjectRef) -> bool:
    """Whether a path is the other one, or around it."""
    return f"{other.dotted}.".startswith(f"{ref.dotted}.")


def _at(entry: Entry) -> tuple[str, int]:
    return "entries", entry.place
