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

from ssot_lsp.config import Settings
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
from ssot_lsp.scan import chains
from ssot_lsp.search import SearchPath
from ssot_lsp.text import Span

MOST_GUESSES = 10
"""How many paths are offered at most where nobody knows which one was meant."""


class Glimpse(NamedTuple):
    """What may be an import statement, as a first look at a file's bytes shows it."""

    project: Project
    module: str
    """The absolute module that names are imported from; empty for `import a, b`."""
    names: tuple[str, ...]
    """The imported names, dotted for `import a.b`; none for `import *`."""
    is_relative: bool
    search_path: SearchPath
    """Where the file finds modules."""

    @property
    def refs(self) -> Iterator[ObjectRef]:
        """The paths that are imported; the module for `import *`."""
        if self.module and not self.names:
            yield ObjectRef(self.module)
        for name in self.names:
            yield ObjectRef(self.module, name) if self.module else ObjectRef(name)


def is_registered(glimpse: Glimpse) -> bool:
    """Whether the registry may speak of one of the paths, or of what a star brings: a first look for several rules."""
    registry = glimpse.project.registry
    if glimpse.module and registry.is_silent_about(glimpse.module):
        return False
    is_star = bool(glimpse.module) and not glimpse.names
    return (is_star and registry.speaks_below(glimpse.module)) or any(registry.match(ref) for ref in glimpse.refs)


def _says_nothing(subject: object) -> None:
    """What a rule says of what it is not about."""


def _suspects_everything(*_: object) -> bool:
    """The first look of a rule that has none of its own."""
    return True


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
    suspects: Callable[[Glimpse], bool] = _suspects_everything
    """A first look: whether `check` may have something to say of an import. It may be wrong, but never in a no."""
    suspects_string: Callable[[Project, str, bool], bool] = _suspects_everything
    """The same for `check_string`, of a path as written; the last argument tells whether it may be a module's."""

    @property
    def checks_imports(self) -> bool:
        """Whether it is about imports at all."""
        return self.check is not _says_nothing

    @property
    def checks_strings(self) -> bool:
        """Whether it is about strings at all."""
        return self.check_string is not _says_nothing


def page(name: str) -> Path | None:
    """The documentation page of a rule, or of another thing that is reported, in Markdown; None if there is none."""
    path = Path(__file__).with_name(f"{name.replace('-', '_')}.md")
    return path if path.is_file() else None


def page_text(name: str) -> str | None:
    """What that page explains, without its cases."""
    path = page(name)
    return path.read_text("utf-8").partition("\n## Cases")[0].rstrip() if path is not None else None


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule, in the order in which they are asked."""
    modules = (import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
    return tuple(sorted((module.RULE for module in modules), key=lambda rule: (rule.order, rule.code)))


def first_looks(settings: Settings) -> tuple[Callable[[Glimpse], bool], ...]:
    """What the rules that are wanted suspect of imports, each question once: no to all of them, and none has a say."""
    wanted = (rule for rule in all_rules() if rule.checks_imports and settings.reports(rule.code))
    return tuple(dict.fromkeys(rule.suspects for rule in wanted))


@dataclass(frozen=True)
class Subject:
    """Something in a document of a project: what a rule looks at."""

    project: Project
    document: Document

    @cached_property
    def search_path(self) -> SearchPath:
        """Where the document's absolute imports find modules."""
        return self.project.search_path(self.document)

    def matched(self, ref: ObjectRef) -> Match | None:
        """What the registry says of a path, unless its entry says nothing in this document."""
        found = self.project.registry.match(ref)
        return None if found is None or self.project.is_exempt(found.entry, self.document) else found

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
        return self.project.registry.canonical_named(name)

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
    """The absolute dotted path of the module: `a.b` of `from a.b import c`; the whole path of `import a.b`.

    Of a relative import that leads above the top, the path as written, by which nothing can be found.
    """

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
        return self.search_path.exists(self.module, relative=self.statement.level > 0)

    @cached_property
    def is_bound(self) -> Answer:
        """Whether the import finds its module and, for a `from` import, the name in it."""
        if self._is_gone:
            return Answer.NO
        if not self.statement.is_from or self.name is None or self.module_exists is not Answer.YES:
            return self.module_exists
        return self.search_path.binds(self.module, self.name.name, relative=self.statement.level > 0)

    @property
    def _is_gone(self) -> bool:
        """Whether the registry says that nothing is at the path any more."""
        return self.match is not None and self.match.entry.is_gone

    @cached_property
    def match(self) -> Match | None:
        """What the registry says of the path, where it has a say."""
        return self.match_of(self.ref)

    def match_of(self, ref: ObjectRef) -> Match | None:
        """What the registry says of a path that the statement imports, where it has a say."""
        return self._applied(self.project.registry.match(ref))

    @cached_property
    def exclusive(self) -> Match | None:
        """What an exclusive entry says of the path, if it is another one to its object and could be that one."""
        is_free = self.name is not None and self.match is None
        found = self._applied(self.project.exclusive(self.ref)) if is_free else None
        if found is None or found.target is None:
            return None
        is_circular = self.project.modules.is_imported_by(self.document.module, found.target.module)
        return None if is_circular else found

    def _applied(self, found: Match | None) -> Match | None:
        if found is None or self.project.is_exempt(found.entry, self.document) or self._is_fallback(found.target):
            return None
        return None if found.entry.versions_of and self.is_by_version else found

    @property
    def is_by_version(self) -> bool:
        """Whether the program looks at the version of Python, or at what a module has, before it comes here."""
        return self.statement.by_version

    def _is_fallback(self, target: ObjectRef | None) -> bool:
        """Whether it is there for those who do not have the canonical path yet.

        It stands in an `except ImportError` whose `try` imports that path, or binds the same local name to an object of
        that name in that package; or another branch of the same `if` binds the local name by the canonical path.
        """
        here = self.statement
        if target is None or not (here.handler_of or here.branches):
            return False
        if self.is_tried_before(target, here.handler_of):
            return True
        for statement in self.document.syntax.imports:
            is_try = bool({*statement.guarded_by} & {*here.handler_of})
            if not is_try and not _are_alternatives(statement, here):
                continue
            for imported in imported_names(self.project, self.document, statement):
                is_same_name = (imported.name and imported.name.local) == (self.name and self.name.local)
                is_alike = _are_alike(imported.ref, target) and self.project.registry.match(imported.ref) is None
                if is_same_name and (is_alike if is_try else imported.ref.dotted == target.dotted):
                    return True
        return False

    @property
    def reading(self) -> Reading | None:
        """The names and scopes of the document; None if it does not parse."""
        return _reading(self.document)

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
        match = self.match or self.exclusive
        covered = len(match.deprecated.dotted.split(".")) if match else 0
        beyond = covered - len(self.path.module.split("."))
        return self.reference.span(min(self.imported_parts + max(beyond, 0), len(self.reference.ends)))

    @cached_property
    def is_bound(self) -> Answer:
        """Whether the module that was imported has the first attribute."""
        if self._is_gone:
            return Answer.NO
        return self.project.modules.binds(self.module, self.use[0]) if self.use else Answer.UNKNOWN

    @property
    def is_by_version(self) -> bool:
        """The same, which may be known of the use alone."""
        reading = self.reading if not self.statement.by_version else None
        return reading is None or self.reference.row in reading.rows_by_version

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
    """The uses of imported modules of which the registry has something to say, where the import itself is fine.

    Nothing in a file that does not parse, or where it is not certain what a name refers to.
    """
    wanted: dict[int, Import] = {}
    for statement in document.syntax.imports:
        for imported in imported_names(project, document, statement) if statement.well_formed else ():
            if imported.name is None or not is_spoken_of_below(project, imported.ref.dotted):
                continue
            written = imported.name.name if _is_plain(imported) else imported.name.local
            if project.registry.match(imported.ref) is None and may_use(
                project, document.text.source, written, imported.ref
            ):
                wanted[imported.name.span.start] = imported
    yield from _uses(document, wanted)


def is_spoken_of_below(project: Project, path: str) -> bool:
    """Whether the registry speaks of something under a dotted path, so that uses of what is imported there matter."""
    return project.registry.speaks_below(path) or (project.has_exclusive and bool(project.exclusive_names(path)))


def may_use(project: Project, source: str, written: str, ref: ObjectRef) -> bool:
    """Whether a text may use something under an imported path of which the registry speaks.

    `written` is how uses of what is imported begin: `a.b` after `import a.b`, else the local name.
    """
    root, _, rest = written.partition(".")
    exclusive = project.exclusive_names(ref.dotted)
    for chain in chains(source, root):
        if f"{chain}.".startswith(f"{rest}." if rest else ""):
            attributes = chain[len(rest) + 1 :] if rest else chain
            is_registered = attributes and project.registry.match(ObjectRef(ref.dotted, attributes)) is not None
            if is_registered or attributes.partition(".")[0] in exclusive:
                return True
    return False


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
    for reference in (reference for root in sorted(roots) for reference in reading.by_root.get(root, ())):
        scope = reading.resolve(reference)
        if scope is None or len(reference.names) < 2 or reference.root in scope.given_away:
            continue
        # an attribute of None is never what is meant
        sites = [site for site in scope.sites[reference.root] if site not in reading.nones]
        places = [reading.imports.aliases.get(site) for site in sites]
        found = [wanted[place] for place in places if place is not None and place in wanted]
        for imported in found if len(found) == len(sites) or all(map(_is_plain, found)) else ():
            if (use := _use(imported, reference)) is not None:
                yield use
                break


def uses_of_package(imported: Import) -> Iterator[Use]:
    """The uses of `a.x` that a plain `import a.b` makes possible, and of which the registry speaks too."""
    reading = _reading(imported.document) if _is_plain(imported) and "." in imported.module else None
    if reading is None or imported.name is None:
        return
    scope, root = reading.imports.scope(imported.statement), imported.name.local
    statements = (s for s in imported.document.syntax.imports if not s.is_from and reading.imports.scope(s) is scope)
    others = [f"{name.name}." for statement in statements for name in statement.names if name.local == root]
    for reference in reading.of(scope, root) if root not in scope.given_away else ():
        path = ".".join(reference.names)
        if len(reference.names) > 1 and not f"{path}.".startswith(tuple(others)):
            ref = ObjectRef(root, path[len(root) + 1 :])
            around = (imported.project, imported.document, imported.statement, imported.name)
            use = Use(*around, root, ref, reference, 1)
            if use.match is not None:
                yield use


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
    if found.match is not None:
        return found
    if reference.names[parts] not in imported.project.exclusive_names(ref.module):
        return None
    names, ends = reference.names[: parts + 1], reference.ends[: parts + 1]
    reference = reference._replace(names=names, ends=ends)
    found = Use(*around, ref.module, ObjectRef(ref.module, names[parts]), reference, parts)
    return found if found.exclusive is not None else None


def _are_alike(one: ObjectRef, other: ObjectRef) -> bool:
    """Whether two paths begin with the same package and end in the same name."""
    ends = ([ref.dotted.partition(".")[0], ref.dotted.rpartition(".")[2]] for ref in (one, other))
    return next(ends) == next(ends)


def _are_alternatives(one: ImportStatement, other: ImportStatement) -> bool:
    """Whether two statements stand in different branches of one `if`."""
    branches = dict(one.branches)
    return any(branches.get(at, branch) != branch for at, branch in other.branches)


def imported_names(project: Project, document: Document, statement: ImportStatement) -> Iterator[Import]:
    """What a statement imports, name by name.

    Of one whose relative path leads above the top, the path as written if that surely fails, and nothing if it may not.
    """
    if not statement.is_from:
        for name in statement.names:
            yield Import(project, document, statement, name, name.name)
        return
    module = project.absolute(statement, document)
    if module is None and project.leads_above_the_top(statement, document):
        module = "." * statement.level + statement.module
    if module is not None:
        for imported in statement.names or (None,):
            yield Import(project, document, statement, imported, module)


def is_missing(project: Project, target: ObjectRef) -> bool:
    """Whether a canonical path is known not to exist. What is third-party counts as the registry says."""
    return _exists(project, target) is Answer.NO


def are_different(project: Project, old: ObjectRef, new: ObjectRef) -> bool:
    """Whether two paths exist and are known to lead to different definitions."""
    modules = project.modules
    if _exists(project, old) is not Answer.YES or _exists(project, new) is not Answer.YES:
        return False
    pairs = [(old, new)]
    if not new.qualname and not old.qualname:
        # two modules are never the same object, but one may only re-export what the other defines
        names = (name for name in modules.names(old.module) if not name.startswith("_"))
        pairs = [(ObjectRef(old.module, name), ObjectRef(new.module, name)) for name in names]
    return any(not _meet(modules.origins(one), modules.origins(other)) for one, other in pairs)


def new_cycle(imported: Import, target: ObjectRef) -> tuple[str, ...]:
    """The modules of an import cycle that the move would close and that is not there yet; empty if it closes none."""
    statement, module, modules = imported.statement, imported.document.module, imported.project.modules
    if not module or statement.deferred or statement.type_checking or module == target.module:
        return ()
    chain = modules.import_chain(target.module, module)
    return () if not chain or modules.import_chain(module, target.module) else (module, *chain)


def warning(cycle: Sequence[str]) -> str:
    """A sentence that names an import cycle; empty if there is none."""
    return f"That closes an import cycle: {' -> '.join(cycle)}." if cycle else ""


def _exists(project: Project, ref: ObjectRef) -> Answer:
    if not ref.qualname:
        return project.modules.exists(ref.module)
    return project.modules.binds(ref.module, ref.qualname.partition(".")[0])


def _meet(old: frozenset[ObjectRef] | None, new: frozenset[ObjectRef] | None) -> bool:
    if old is None or new is None:
        return True
    return bool({ref.dotted for ref in old} & {ref.dotted for ref in new})


def sentence(entry: Entry) -> str:
    """An entry's reason, issue, owner and dates, in a line; empty if it gives none."""
    facts = [
        *entry.dates,
        *([f"owner: {entry.owner}"] if entry.owner else []),
        *([f"see {entry.issue}"] if entry.issue else []),
    ]
    return " ".join(part for part in (entry.reason, f"({', '.join(facts)})" if facts else "") if part)


def fate(entry: Entry, otherwise: str = "has no replacement") -> str:
    """What has become of what an entry without a canonical path speaks of, as a predicate; `otherwise` if unknown."""
    if not (entry.versions_of and entry.removal):
        return otherwise
    return "was removed" if entry.is_gone else "is to be removed"


def did_you_mean(names: tuple[str, ...]) -> str:
    """`Did you mean …?`, with all that are offered; empty without any."""
    return f"Did you mean {' or '.join(f'`{name}`' for name in names[:3])}?" if names else ""
