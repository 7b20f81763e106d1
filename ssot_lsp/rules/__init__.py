"""The rules: one module each, found by itself, with a Markdown page of the same name beside it.

The page is the rule's explanation, its documentation and its test fixture. A rule is a pure function from one imported
name, or one path in a string, to a diagnostic; of the rules that would speak of it only the first, by `order`, does.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from ssot_lsp.model import (
    Applicability,
    Diagnostic,
    Entry,
    ImportedName,
    ImportStatement,
    Location,
    Move,
    ObjectRef,
    PathString,
    Related,
    Replacement,
    Severity,
)
from ssot_lsp.modules import Answer
from ssot_lsp.project import Document, Project
from ssot_lsp.reading import Reading, Reference, read
from ssot_lsp.registry import Match
from ssot_lsp.text import Span


def _says_nothing(subject: object) -> None:
    """What a rule says of what it is not about."""


class Rule(NamedTuple):
    """One rule."""

    code: str
    name: str
    order: int
    """Of the rules that would speak of one subject, the one with the lowest order does."""
    check: Callable[[Import], Diagnostic | None] = _says_nothing
    """What it says of an imported name."""
    check_string: Callable[[Mention], Diagnostic | None] = _says_nothing
    """What it says of a path in a string."""


def page(name: str) -> str | None:
    """The documentation page of a rule, or of another thing that is reported, in Markdown; None if there is none."""
    path = Path(__file__).with_name(f"{name.replace('-', '_')}.md")
    return path.read_text("utf-8") if path.is_file() else None


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule, in the order in which they are asked."""
    modules = (import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
    return tuple(sorted((module.RULE for module in modules), key=lambda rule: (rule.order, rule.code)))


@dataclass(frozen=True)
class Subject:
    """Something in a document of a project: what a rule looks at."""

    project: Project
    document: Document

    def matched(self, ref: ObjectRef) -> Match | None:
        """What the registry says of a path, unless its entry says nothing in this document."""
        found = self.project.registry.match(ref)
        return None if found is None or self.project.is_exempt(found.entry, self.document) else found

    def is_missing(self, target: ObjectRef) -> bool:
        """Whether a canonical path is known not to exist. What is third-party counts as the registry says."""
        modules = self.project.modules
        if not target.qualname:
            return modules.exists(target.module) is Answer.NO
        return modules.binds(target.module, target.qualname.partition(".")[0]) is Answer.NO

    def is_tried_before(self, target: ObjectRef, handler_of: Sequence[int]) -> bool:
        """Whether one of these `try` statements, in whose handler the subject stands, imports a path."""
        syntax = self.document.syntax
        return bool(handler_of) and (
            any(
                imported.ref.dotted == target.dotted
                for statement in syntax.imports
                if set(statement.guarded_by) & set(handler_of)
                for imported in imported_names(self.project, self.document, statement)
            )
            or any(
                string.dotted == target.dotted and set(string.guarded_by) & set(handler_of) for string in syntax.paths
            )
        )

    def same_name(self, name: str) -> tuple[ObjectRef, ...]:
        """The registry's canonical references that end in `name`."""
        entries = self.project.registry.entries
        found = (entry.canonical for entry in entries if entry.canonical is not None)
        return tuple(dict.fromkeys(ref for ref in found if ref.dotted.rpartition(".")[2] == name))

    def defined(self, ref: ObjectRef, message: str) -> tuple[Related, ...]:
        """A related place: where an object is defined, if that is known."""
        definition = self.project.modules.definition(ref)
        return (Related(message, definition.location),) if definition else ()

    def registered(self, entry: Entry) -> tuple[Related, ...]:
        """A related place: the registry's entry."""
        where = self.project.registry.location(entry)
        return (
            Related("registered here", Location(where.path, where.text, Span(where.span.start, where.span.start + 1))),
        )


@dataclass(frozen=True)
class Mention(Subject):
    """One path in a string."""

    string: PathString


@dataclass(frozen=True)
class Import(Subject):
    """One imported name in its statement."""

    statement: ImportStatement
    name: ImportedName | None
    """None for `import *`."""
    module: str
    """The absolute dotted path of the module: `a.b` of `from a.b import c`; the whole path of `import a.b`."""

    @property
    def ref(self) -> ObjectRef:
        """The path that is imported, as its form says: `a.b:c` for `from a.b import c`, `a.b` for `import a.b`."""
        return ObjectRef(self.module, self.name.name if self.statement.is_from and self.name else "")

    @property
    def name_span(self) -> Span:
        """The name as written: the alias without its `as`; the module path of an `import *`."""
        return self.name.name_span if self.name else self.statement.module_span

    @property
    def module_span(self) -> Span:
        """The module path as written."""
        return self.statement.module_span if self.statement.is_from else self.name_span

    @cached_property
    def module_exists(self) -> Answer:
        """Whether the module can be found."""
        return self.project.modules.exists(self.module, relative=self.statement.level > 0)

    @cached_property
    def is_bound(self) -> Answer:
        """Whether the import finds its module and, for a `from` import, the name in it."""
        if not self.statement.is_from or self.name is None or self.module_exists is not Answer.YES:
            return self.module_exists
        return self.project.modules.binds(self.module, self.name.name, relative=self.statement.level > 0)

    @cached_property
    def match(self) -> Match | None:
        """What the registry says of the path, where it has a say."""
        found = self.matched(self.ref) if self.name else None
        is_fallback = found and found.target and self.is_tried_before(found.target, self.statement.handler_of)
        return None if is_fallback else found

    @property
    def may_fail(self) -> bool:
        """Whether the program does not mind if this import fails: it is guarded, or never runs."""
        statement = self.statement
        return bool(statement.guarded_by or statement.handler_of or statement.type_checking)

    @property
    def failure_severity(self) -> Severity:
        """Error if the import fails today and nothing catches that, else warning."""
        return Severity.ERROR if self.is_bound is Answer.NO and not self.may_fail else Severity.WARNING

    @property
    def use(self) -> tuple[str, ...]:
        """The attributes by which the name is used, if it is a use that is looked at; empty for the import itself."""
        return ()

    def move(self, target: ObjectRef) -> tuple[Move, ...]:
        """The move of this name to another path."""
        return (Move(self.statement, self.name, target),) if self.name else ()

    def candidates(self, *groups: tuple[ObjectRef, ...]) -> tuple[Replacement, ...]:
        """Guesses, to be offered and never applied by themselves: each path once, the likelier groups first."""
        targets = dict.fromkeys(ref for group in groups for ref in group if ref != self.ref)
        return tuple(
            Replacement(f"Import `{ref}` instead", Applicability.DISPLAY, self.move(ref))
            for ref in targets
            if self.name
        )


@dataclass(frozen=True)
class Use(Import):
    """A use of an imported name by its attributes: `a.b.X` where the file has `import a.b`."""

    path: ObjectRef
    """What is used: `a.b:X`."""
    reference: Reference
    imported_parts: int
    """How many parts of the chain the import accounts for."""

    @property
    def ref(self) -> ObjectRef:
        """The path that is used."""
        return self.path

    @property
    def name_span(self) -> Span:
        """The chain as far as the registry's entry covers it."""
        covered = len(self.match.deprecated.dotted.split(".")) if self.match else 0
        beyond = covered - len(self.path.module.split("."))
        return self.reference.span(min(self.imported_parts + max(beyond, 0), len(self.reference.ends)))

    @cached_property
    def is_bound(self) -> Answer:
        """Whether the module that was imported has the first attribute."""
        return self.project.modules.binds(self.module, self.use[0]) if self.use else Answer.UNKNOWN

    @property
    def use(self) -> tuple[str, ...]:
        """The attributes by which the name is used."""
        return self.reference.names[self.imported_parts :]

    def move(self, target: ObjectRef) -> tuple[Move, ...]:
        """The move of what is used; `target` is where the whole use leads."""
        assert self.name is not None  # noqa: S101 - a use has a name that was imported
        path, rest = self.path.qualname.split("."), 0
        # the shortest part of the use that the registry moves in the same way: what follows stays as it is
        while len(path) > rest + 1:
            shorter = self.project.registry.match(ObjectRef(self.path.module, ".".join(path[: -rest - 1])))
            tail = ".".join(path[-rest - 1 :])
            if shorter is None or shorter.target is None or f"{shorter.target.dotted}.{tail}" != target.dotted:
                break
            rest += 1
            found = shorter.target
        span = self.reference.span(len(self.reference.names) - rest)
        return (Move(self.statement, self.name, found if rest else target, span),)


def uses(project: Project, document: Document) -> Iterator[Use]:
    """The uses of imported modules below which the registry has something to say, where the import itself is fine.

    Nothing in a file that does not parse, or where it is not certain what a name refers to.
    """
    wanted: dict[int, Import] = {}
    for statement in document.syntax.imports:
        for imported in imported_names(project, document, statement) if statement.well_formed else ():
            if imported.name and project.registry.speaks_below(imported.ref.dotted) and imported.match is None:
                wanted[imported.name.span.start] = imported
    yield from _uses(document, wanted)


def uses_apart(imported: Import) -> Iterator[Use]:
    """The uses of which a longer entry speaks than of what is imported: they do not go where that goes."""
    if imported.name and imported.project.registry.speaks_below(imported.ref.dotted):
        for use in _uses(imported.document, {imported.name.span.start: imported}):
            if use.match is not None and len(use.match.deprecated.dotted) > len(imported.ref.dotted):
                yield use


def _uses(document: Document, wanted: Mapping[int, Import]) -> Iterator[Use]:
    """What the registry says of the uses of some imports, given by where their names stand."""
    reading = _reading(document) if wanted else None
    if reading is None:
        return
    roots = {imported.name.local for imported in wanted.values() if imported.name}
    for reference in reading.references:
        scope = reading.resolve(reference) if reference.root in roots else None
        if scope is None or len(reference.names) < 2 or reference.root in scope.given_away:
            continue
        sites = scope.sites[reference.root]
        places = [reading.imports.aliases.get(site) for site in sites]
        found = [wanted[place] for place in places if place is not None and place in wanted]
        for imported in found if len(found) == len(sites) or all(map(_is_plain, found)) else ():
            if (use := _use(imported, reference)) is not None:
                yield use
                break


def _reading(document: Document) -> Reading | None:
    try:
        return read(document.text)
    except RecursionError:
        return None


def _is_plain(imported: Import) -> bool:
    return not imported.statement.is_from and imported.name is not None and imported.name.asname is None


def _use(imported: Import, reference: Reference) -> Use | None:
    """The reference as a use of what was imported, if it goes beyond it."""
    path = imported.ref.dotted.split(".")
    parts = len(path) if _is_plain(imported) else 1
    if len(reference.names) <= parts or (_is_plain(imported) and list(reference.names[:parts]) != path):
        return None
    ref = ObjectRef(imported.ref.dotted, ".".join(reference.names[parts:]))
    around = (imported.project, imported.document, imported.statement, imported.name)
    found = Use(*around, ref.module, ref, reference, parts)
    return found if found.match is not None else None


def imported_names(project: Project, document: Document, statement: ImportStatement) -> Iterator[Import]:
    """What a statement imports, name by name; nothing if its relative path leads above the top."""
    if not statement.is_from:
        for name in statement.names:
            yield Import(project, document, statement, name, name.name)
        return
    module = project.absolute(statement, document)
    if module is not None:
        for imported in statement.names or (None,):
            yield Import(project, document, statement, imported, module)


def sentence(entry: Entry) -> str:
    """An entry's reason, issue, owner and dates, in a line; empty if it gives none."""
    facts = [
        *([f"since {entry.since}"] if entry.since else []),
        *([f"to be removed {entry.removal}"] if entry.removal else []),
        *([f"owner: {entry.owner}"] if entry.owner else []),
        *([f"see {entry.issue}"] if entry.issue else []),
    ]
    return " ".join(part for part in (entry.reason, f"({', '.join(facts)})" if facts else "") if part)


def did_you_mean(names: tuple[str, ...]) -> str:
    """`Did you mean …?`, with all that are offered; empty without any."""
    return f"Did you mean {' or '.join(f'`{name}`' for name in names[:3])}?" if names else ""
