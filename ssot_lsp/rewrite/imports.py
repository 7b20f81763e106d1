"""Moving imported names, statement by statement: split, renamed in place, joined to an import that is there already.

Works on the statements of one block in the order of the text. Which names are imported instead was decided before, in
`names`; `lines` writes it down.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ssot_lsp.model import ImportStatement
from ssot_lsp.project import Document
from ssot_lsp.rewrite.layout import Gap, Item, Layout
from ssot_lsp.rewrite.lines import WorkingStatement, comment_behind, pragmas, stands_alone, write
from ssot_lsp.rewrite.names import Key, Others, Plan
from ssot_lsp.rewrite.refusal import RefusalError
from ssot_lsp.rewrite.spelling import Spelling
from ssot_lsp.scopes import ImportScopes
from ssot_lsp.text import Span, TextEdit


class _Place(NamedTuple):
    """Where a name is imported from: as a part of which statement."""

    module: str
    """The module of the `from` statement as it is to be written, `..a.b` for a relative one; empty for `import`."""
    absolute: str
    """That module's absolute path."""
    item: Item
    bound: _Bound
    is_besides: bool
    """It does not come instead of what was imported, but besides."""


class _Bound(NamedTuple):
    """A name that an import binds, and the path that it then refers to: `a` and `a` for `import a.b`."""

    statement: ImportStatement
    local: str
    path: str


def move_names(
    document: Document,
    statements: Sequence[tuple[ImportStatement, str]],
    plans: Mapping[Key, Plan],
    scopes: ImportScopes | None,
    others: Others,
) -> Iterator[TextEdit]:
    """The edits that import names as the plans say.

    `statements` are all of the document's imports, each with its absolute module (empty for `import`); `scopes` is None
    for a file that does not parse; `others` tells what other files have to do with this one. Raises RefusalError where
    a plan cannot be carried out.
    """
    by_block: dict[int, list[tuple[ImportStatement, str]]] = {}
    for statement, absolute in statements:
        by_block.setdefault(statement.block, []).append((statement, absolute))
    bound = tuple(_bound_paths(statements, plans))
    for block in by_block.values():
        if any(statement.span == span for statement, _ in block for span, _ in plans):
            yield from _Block(document, block, plans, bound, scopes, others).apply()


def _bound_paths(statements: Sequence[tuple[ImportStatement, str]], plans: Mapping[Key, Plan]) -> Iterator[_Bound]:
    """What all import statements of a file bind to which path, plans carried out."""
    for statement, absolute in statements:
        for name in statement.parts:
            plan = plans.get((statement.span, name.span))
            if plan is None or plan.stays:
                yield _Bound(statement, name.local, name.bound_in(absolute))
            for spelling in plan.spellings if plan else ():
                yield _Bound(statement, spelling.root, spelling.path)


def _relative(module: str, package: str) -> str:
    """A module path relative to a package, if both have the same top-level package; else as it is."""
    target, here = module.split("."), package.split(".") if package else []
    shared = 0
    while shared < min(len(target), len(here)) and target[shared] == here[shared]:
        shared += 1
    return "." * (len(here) - shared + 1) + ".".join(target[shared:]) if shared else module


class _Block:
    """The import statements of one block of statements."""

    def __init__(  # noqa: PLR0917 - handed through from `move_names`
        self,
        document: Document,
        statements: Sequence[tuple[ImportStatement, str]],
        plans: Mapping[Key, Plan],
        bound: Sequence[_Bound],
        scopes: ImportScopes | None,
        others: Others,
    ) -> None:
        self.document = document
        self.plans = plans
        self.bound = bound
        self.scopes = scopes
        self.others = others
        self.line_length = others.line_length
        self.statements = [
            WorkingStatement(statement, absolute, [Item(name.name, name.asname) for name in statement.parts])
            for statement, absolute in statements
        ]

    def apply(self) -> Iterator[TextEdit]:
        """Carry out the plans that concern this block."""
        for index, statement in enumerate(self.statements):
            names = statement.names
            plans = [self.plans.get((statement.origin.span, name.span)) if name else None for name in names]
            if any(plan is not None for plan in plans):
                self._move(index, statement, plans)
        gone = sum(statement.is_gone for statement in self.statements)
        for statement in self.statements:
            if statement.changed:
                needs_pass = statement.is_gone and gone > statement.origin.others
                yield from write(statement, self.document.text, needs_pass=needs_pass)
                gone -= needs_pass

    def _open(self, statement: WorkingStatement) -> Layout:
        """The statement's layout, parsed when it is first needed."""
        if statement.layout is None and not statement.changed:
            layout = Layout.parse(self.document.text.source[slice(*statement.origin.span)])
            statement.layout = layout
            statement.items = [item.with_comments(*layout.comments(i)) for i, item in enumerate(statement.items)]
        if statement.layout is None:
            raise RefusalError("the statement has gone")
        return statement.layout

    def _places(self, statement: WorkingStatement, item: Item, plan: Plan | None) -> Iterator[_Place]:
        """Where the names of a plan are imported from; a comment goes with what comes in its name's place."""
        is_besides = plan is None or plan.stays
        for spelling in plan.spellings if plan is not None else ():
            place = self._place(statement, spelling, is_besides=is_besides)
            yield place if is_besides else place._replace(item=place.item.with_comments(item.above, item.behind))
            is_besides = True

    def _place(self, statement: WorkingStatement, spelling: Spelling, *, is_besides: bool) -> _Place:
        module, item = spelling.module, spelling.item
        assert item is not None  # noqa: S101 - plans list what is to be imported
        if self.document.module == (module or item.name):
            raise RefusalError("a file cannot import from itself")
        written = _relative(module, self.document.package) if module and statement.origin.level else module
        bound = _Bound(statement.origin, spelling.root, spelling.path)
        return _Place(written, module, item, bound, is_besides)

    def _move(self, index: int, statement: WorkingStatement, plans: Sequence[Plan | None]) -> None:
        origin, layout = statement.origin, self._open(statement)
        places = [[*self._places(statement, *pair)] for pair in zip(statement.items, plans, strict=True)]
        keep = [i for i, plan in enumerate(plans) if plan is None or plan.stays]
        staying = tuple(keep)
        only_known = self._must_stay(index, statement, layout, [place for found in places for place in found])
        # it matters which names came first: they are bound one by one until one is missing
        keeps_order = bool(origin.guarded_by) and not all(self._is_there(statement, i) for i in staying)
        in_place = None
        statement.changed = True
        for i, found in enumerate(places):
            if not found and i not in staying:
                statement.orphans += statement.items[i].comments
            for place in found:
                item = place.item
                if any(_is_same(statement.items[k], item) for k in keep if k != i):
                    statement.orphans += item.comments  # it is imported here already
                    continue
                home = self._home(index, place) if not keeps_order else None
                if home is not None and not (only_known and not self._has(home, item)):
                    self._join(statement, home, item)
                    continue
                if origin.is_from and place.module and not staying and in_place is None:
                    in_place = place
                same = statement.absolute if staying else in_place.absolute if in_place else ""
                is_same = (place.module and place.absolute == same) if origin.is_from else not place.module
                if is_same and not place.is_besides:
                    layout = layout.with_alias(i, _alias_code(layout.aliases[i], item))
                    layout = layout.fitting(i, len(statement.indentation(self.document.text)), self.line_length)
                    statement.items[i], statement.names[i] = item, None
                    keep.append(i)
                else:
                    comes_first = keeps_order and all(self._is_there(statement, k) for k in staying if k < i)
                    new = statement.leaders if comes_first and not origin.is_star else statement.followers
                    self._add(new, statement, layout, place, item)
        self._settle(statement, layout, sorted(keep), in_place)

    def _is_there(self, statement: WorkingStatement, index: int) -> bool:
        """Whether a name that is imported is known to exist."""
        return statement.origin.is_from and self.others.is_there(statement.origin, statement.items[index].name)

    def _must_stay(self, index: int, statement: WorkingStatement, layout: Layout, places: Sequence[_Place]) -> bool:
        """Whether joining other statements would leave a comment behind that belongs to the statement as a whole."""
        if pragmas(statement.origin, layout, self.document.text):
            return True
        if not layout.own_comments and not comment_behind(statement.origin, self.document.text):
            return False
        return all(self._home(index, place) for place in places)

    def _settle(
        self, statement: WorkingStatement, layout: Layout, keep: Sequence[int], moved_to: _Place | None
    ) -> None:
        """What is left of a statement once its other names have gone elsewhere."""
        if not keep:
            statement.orphans += layout.own_comments
            statement.layout, statement.items, statement.names = None, [], []
            return
        for i in reversed(range(len(layout.aliases))):
            if i not in keep:
                layout = layout.without(i)
        statement.items = [statement.items[i] for i in keep]
        statement.names = [statement.names[i] for i in keep]
        if moved_to is not None:
            layout = layout.with_module(moved_to.module)
            statement.absolute = moved_to.absolute
        statement.layout = layout

    def _home(self, index: int, place: _Place) -> WorkingStatement | None:
        """The statement of the block that a moved name joins: one that imports from there, with room for the name."""
        here = self.statements[index]
        item = place.item
        if item.name == "*":
            return self._same_star(index, place)
        # a rename inside its module stays where it is, unless that is imported there already
        stays = here.origin.is_from and place.absolute == here.absolute and not place.is_besides
        if not self._is_unambiguous(place.bound):
            return None
        for at, statement in enumerate(self.statements):
            if at == index or not statement.origin.well_formed or statement.origin.is_star:
                continue
            candidates = [c for c in (statement, *statement.followers) if c.absolute == place.absolute]
            for candidate in candidates if candidates and self._may_join(index, at, item) else ():
                if self._has_room(candidate, item) and not (stays and not self._has(candidate, item)):
                    return candidate
        return None

    def _same_star(self, index: int, place: _Place) -> WorkingStatement | None:
        """The `import *` from there that stands beside a moved one: nothing comes between that it could bind anew."""
        for side in (reversed(self.statements[:index]), self.statements[index + 1 :]):
            other = next((statement for statement in side if not statement.is_gone), None)
            if other is not None and other.origin.is_star and other.absolute == place.absolute and not other.followers:
                return other if other.origin.run == self.statements[index].origin.run else None
        return None

    def _may_join(self, index: int, at: int, item: Item) -> bool:
        """Whether it makes no difference that a name is bound by the statement `at` instead of by `index`."""
        here, there = self.statements[index].origin, self.statements[at].origin
        between = [s.origin for s in self.statements[min(index, at) + 1 : max(index, at)]]
        first, second = (there, here) if at < index else (here, there)
        if not self.document.text.is_one_piece(Span(first.span.start, second.span.start)):
            return False
        stars = (bound.statement.span for bound in self.bound if bound.local == "*")
        if any(first.span.start < star.start <= second.span.start for star in stars):
            return False
        if here.guarded_by:  # what stands between may fail, and then only one of the two was reached
            return here.run == there.run and not between
        if at < index:
            code = self.document.text.source[there.span.end : here.span.start]
            is_used = re.search(rf"\b{re.escape(item.local)}\b", code) is not None
            return here.run == there.run or not (is_used or self._may_be_builtin(here, item.local))
        # later: only past imports, and none that asks this module for the name before it is bound
        return here.run == there.run and not any(self.others.leads_back(origin) for origin in between)

    def _is_unambiguous(self, bound: _Bound) -> bool:
        """Whether a name is bound, in all its scope, by imports of that one path alone."""
        if self.scopes is None or self.scopes.others(bound.statement, bound.local):
            return False
        scope = self.scopes.scope(bound.statement)
        same = (b for b in self.bound if b.local == bound.local and self.scopes.scope(b.statement) is scope)
        return all(b.path == bound.path for b in same)

    def _may_be_builtin(self, origin: ImportStatement, local: str) -> bool:
        """Whether a name means something before the statement that binds it: a builtin, or in a class a global."""
        assert self.scopes is not None  # noqa: S101 - asked after `_is_unambiguous`
        scope = self.scopes.scope(origin)
        return scope.is_class or (scope.is_module and hasattr(builtins, local))

    def _has_room(self, statement: WorkingStatement, item: Item) -> bool:
        if statement.changed and statement.layout is None:
            return False
        if not statement.absolute:  # `import a.b`: only if it stands there already
            return self._has(statement, item)
        layout = self._open(statement)
        same = [other for other in self._staying(statement) if other.local == item.local]
        has_room = bool(same) or layout.can_hold(item) or self._can_end_line(statement, layout, item)
        return has_room and all(other.name == item.name for other in same)

    def _staying(self, statement: WorkingStatement) -> list[Item]:
        """What a statement imports, without what is to go from it."""
        plans = [self.plans.get((statement.origin.span, name.span)) if name else None for name in statement.names]
        return [item for item, plan in zip(statement.items, plans, strict=True) if plan is None or plan.stays]

    def _has(self, statement: WorkingStatement, item: Item) -> bool:
        """Whether a statement imports that already, under the same name, and goes on to do so."""
        return any(_is_same(other, item) for other in self._staying(statement))

    def _can_end_line(self, statement: WorkingStatement, layout: Layout, item: Item) -> bool:
        """Whether the item can come last on a statement's one line, with its comment behind it."""
        if item.above or layout.tail or statement.behind or statement.is_new:
            return False
        text = self.document.text
        return stands_alone(statement.origin, text) and not comment_behind(statement.origin, text)

    def _join(self, statement: WorkingStatement, home: WorkingStatement, item: Item) -> None:
        if self._has(home, item):
            statement.orphans += item.comments
            return
        layout = self._open(home)
        if layout.can_hold(item):
            layout = layout.with_item(item)
            index = layout.aliases.index(item.code)
            layout = layout.fitting(index, len(home.indentation(self.document.text)), self.line_length)
        else:
            layout, home.behind = layout.with_item(item, at_end=True), item.behind
        index = layout.aliases.index(item.code)
        home.items.insert(index, item)
        home.names.insert(index, None)
        home.layout, home.changed = layout, True

    def _add(
        self, new: list[WorkingStatement], statement: WorkingStatement, model: Layout, place: _Place, item: Item
    ) -> None:
        """Put a moved name into a new statement beside its old one, or into the one that is there already."""
        for other in new:
            if other.absolute == place.absolute and any(_is_same(known, item) for known in other.items):
                statement.orphans += item.comments
                return
            if place.module and other.absolute == place.absolute:
                other.items.append(item)
                other.names.append(None)
                indentation = statement.indentation(self.document.text)
                other.layout = _new_layout(place.module, other.items, model, indentation, self.line_length)
                other.above, other.behind = [], ""
                return
        added = WorkingStatement(statement.origin, place.absolute, [item], is_new=True)
        added.layout = _new_layout(place.module, [item], model, "", self.line_length)
        added.above, added.behind = list(item.above), item.behind
        new.append(added)


def _is_same(one: Item, other: Item) -> bool:
    return one.name == other.name and one.local == other.local


def _alias_code(old: str, item: Item) -> str:
    """The alias at its new path, with the white space around `as` as it was."""
    match = re.fullmatch(r"\S+(\s+as\s+)(\S+)", old)
    if match and item.asname:
        return item.name + match[1] + item.asname
    return item.code


def _new_layout(module: str, items: Sequence[Item], model: Layout, indentation: str, limit: int) -> Layout:
    """A new statement in the style of the one that its names come from."""
    aliases = tuple(item.code for item in items)
    if not module:
        return Layout("import ", "", "", aliases, (",",) * (len(items) - 1), (Gap(""),) * (len(items) + 1), "", "")
    flat = Layout(
        "from ",
        module,
        " import ",
        aliases,
        (",",) * (len(items) - 1),
        (Gap(""), *(Gap(" ") for _ in items[1:]), Gap("")),
        "",
        "",
    )
    fits = not (model.is_wrapped and model.is_one_per_line) and len(indentation) + len(flat.code) <= limit
    if len(items) == 1 or ((fits or not model.is_wrapped) and not any(item.has_comment for item in items)):
        return flat
    first = model.gaps[0]
    newline = next((gap.newline for gap in model.gaps if gap.newline), "\n")
    lead = first.lead if first.newline else indentation + "    "
    gaps = []
    for before, item in zip((None, *items), (*items, None), strict=True):
        behind = "  " + before.behind if before is not None and before.behind else ""
        above = tuple(lead + comment + newline for comment in item.above) if item else ()
        gaps.append(Gap(lead if item else indentation, newline, behind, above))
    return Layout("from ", module, " import (", aliases, flat.commas, tuple(gaps), ",", ")")
