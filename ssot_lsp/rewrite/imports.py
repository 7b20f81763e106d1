"""Moving imported names, statement by statement: split, renamed in place, joined to an import that is there already.

Works on the statements of one block in the order of the text. What each becomes is decided here, name by name; `lines`
writes it down.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ssot_lsp.model import ImportStatement, Move, ObjectRef
from ssot_lsp.project import Document
from ssot_lsp.rewrite.layout import Gap, Item, Layout
from ssot_lsp.rewrite.lines import WorkingStatement, comment_behind, pragmas, stands_alone, write
from ssot_lsp.scopes import ImportScopes, Scope
from ssot_lsp.text import Span, TextEdit

_FLAT_LENGTH = 88

Wanted = Mapping[tuple[Span, Span], ObjectRef]
"""The targets of moves by the spans of statement and name."""


class Destination(NamedTuple):
    """How a name is written at its new path: as a part of which statement, and under which name."""

    module: str
    """The module of the `from` statement as it is to be written, `..a.b` for a relative one; empty for `import`."""
    absolute: str
    """That module's absolute path."""
    item: Item | None
    """The alias; None if the import simply goes, because the object is a builtin of the same name."""


class Others(NamedTuple):
    """What other files have to do with the one that is rewritten."""

    is_needed: Callable[[str], bool]
    """Whether a name of the module must exist for the sake of others."""
    leads_back: Callable[[ImportStatement], bool]
    """Whether what a statement imports may import this file in its turn."""
    is_there: Callable[[ImportStatement, str], bool]
    """Whether a name that a `from` statement imports is known to be there."""


class _BoundPath(NamedTuple):
    """A name that an import binds, and the path that it then refers to."""

    statement: ImportStatement
    local: str
    path: str


def move_names(
    document: Document,
    statements: Sequence[tuple[ImportStatement, str]],
    moves: Iterable[Move],
    scopes: ImportScopes | None,
    others: Others,
) -> Iterator[TextEdit]:
    """The edits that import names from where the moves say, with every local name as it was.

    `statements` are all of the document's imports, each with its absolute module (empty for `import`); `scopes` is None
    for a file that does not parse; `others` tells what other files have to do with this one. Raises ValueError for a
    move that an import statement alone cannot express.
    """
    wanted = {(move.statement.span, move.name.span): move.target for move in moves}
    by_block: dict[int, list[tuple[ImportStatement, str]]] = {}
    for statement, absolute in statements:
        by_block.setdefault(statement.block, []).append((statement, absolute))
    bound = tuple(_bound_paths(statements, wanted))
    for block in by_block.values():
        if any(statement.span == span for statement, _ in block for span, _ in wanted):
            yield from _Block(document, block, wanted, bound, scopes, others).apply()


def _bound_paths(statements: Sequence[tuple[ImportStatement, str]], wanted: Wanted) -> Iterator[_BoundPath]:
    """What all import statements of a file bind to which path, moves made."""
    for statement, absolute in statements:
        if statement.is_star:
            yield _BoundPath(statement, "*", absolute)
        for name in statement.names:
            target = wanted.get((statement.span, name.span))
            path = target.dotted if target else name.path_in(absolute)
            yield _BoundPath(statement, name.local, path)


def destination(
    statement: ImportStatement, item: Item, target: ObjectRef, package: str, *, is_needed: bool = True
) -> Destination:
    """How a name that a statement imports is to be written at `target`.

    A relative import stays relative where the target is in the same top-level package. `is_needed` says that the name
    must go on to exist even if it is a builtin. Raises ValueError where no import statement can bind the same name.
    """
    local = item.asname or item.name
    module, name = target.module, target.qualname
    if not name and (item.asname or "." not in item.name):
        if statement.is_from or (item.asname is None and module.rpartition(".")[2] == local):
            module, _, name = module.rpartition(".")
        if not module or not name:
            asname = None if target.module == local else local
            return Destination("", "", Item(target.module, asname, item.above, item.behind))
    if not name:
        return Destination("", "", Item(target.module))
    if "." in local and not item.asname:
        raise ValueError(f"`import {item.name}` binds a module; `{target}` is not one")
    if "." in name:
        raise ValueError(f"`{target}` is an attribute of `{module}:{name.partition('.')[0]}`, which no import can bind")
    if module == "builtins" and name == local and not is_needed:
        return Destination("", module, None)
    explicit = item.asname is not None and item.asname == item.name == local  # `X as X` says: re-exported
    asname = local if name != local or explicit else None
    written = _relative(module, package) if statement.level else module
    return Destination(written, module, Item(name, asname, item.above, item.behind))


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
        wanted: Wanted,
        bound: Sequence[_BoundPath],
        scopes: ImportScopes | None,
        others: Others,
    ) -> None:
        self.document = document
        self.wanted = wanted
        self.bound = bound
        self.scopes = scopes
        self.is_needed = others.is_needed
        self.leads_back = others.leads_back
        self.is_there = others.is_there
        self.statements = [
            WorkingStatement(statement, absolute, [Item(name.name, name.asname) for name in statement.names])
            for statement, absolute in statements
        ]

    def apply(self) -> Iterator[TextEdit]:
        """Carry out the moves that concern this block."""
        for index, statement in enumerate(self.statements):
            targets = self._targets(statement)
            if any(targets):
                self._move(index, statement, targets)
        gone = sum(statement.is_gone for statement in self.statements)
        for statement in self.statements:
            if statement.changed:
                needs_pass = statement.is_gone and gone > statement.origin.others
                yield from write(statement, self.document.text, needs_pass=needs_pass)
                gone -= needs_pass

    def _targets(self, statement: WorkingStatement) -> list[ObjectRef | None]:
        return [self.wanted.get((statement.origin.span, name.span)) for name in statement.origin.names]

    def _open(self, statement: WorkingStatement) -> Layout:
        """The statement's layout, parsed when it is first needed."""
        if statement.layout is None and not statement.changed:
            layout = Layout.parse(self.document.text.source[slice(*statement.origin.span)])
            statement.layout = layout
            statement.items = [item.with_comments(*layout.comments(i)) for i, item in enumerate(statement.items)]
        if statement.layout is None:
            raise ValueError("the statement has gone")
        return statement.layout

    def _place(self, statement: WorkingStatement, item: Item, target: ObjectRef) -> Destination:
        place = destination(
            statement.origin, item, target, self.document.package, is_needed=self._is_builtin_needed(statement, item)
        )
        if place.absolute and place.absolute == self.document.module:
            raise ValueError("a file cannot import from itself")
        return place

    def _is_builtin_needed(self, statement: WorkingStatement, item: Item) -> bool:
        """Whether a name must be bound here although it is a builtin: others ask this module, or its class, for it."""
        if self.scopes is None or not self._is_unambiguous(statement.origin, item.local, f"builtins.{item.local}"):
            return True
        around = self.scopes.around(statement.origin, item.local)
        if self.scopes.has_star(statement.origin) or (around and not self._is_only(around, item.local)):
            return True
        if self.scopes.is_module(statement.origin):
            return self.is_needed(item.local)
        return not self.scopes.is_function(statement.origin)

    def _is_only(self, scope: Scope, builtin: str) -> bool:
        """Whether a scope binds a name by imports of the builtin alone."""
        assert self.scopes is not None  # noqa: S101 - scopes come from it
        same = (b.statement for b in self.bound if b.local == builtin and b.path == f"builtins.{builtin}")
        return len(scope.sites[builtin]) == sum(self.scopes.is_in(statement, scope) for statement in same)

    def _move(self, index: int, statement: WorkingStatement, targets: Sequence[ObjectRef | None]) -> None:
        origin, layout = statement.origin, self._open(statement)
        places = [
            self._place(statement, item, target) if target is not None else None
            for item, target in zip(statement.items, targets, strict=True)
        ]
        only_known = self._must_stay(index, statement, layout, places)
        staying = [i for i, place in enumerate(places) if place is None]
        stays = bool(staying)
        keeps_order = self._keeps_order(origin, staying)
        in_place = None
        statement.changed = True
        keep: list[int] = []
        for i, place in enumerate(places):
            if place is None:
                keep.append(i)
                continue
            item = place.item
            if item is None:
                statement.orphans += statement.items[i].comments
                continue
            home = self._home(index, place) if not keeps_order else None
            if home is not None and not (only_known and not home.has(item)):
                self._join(statement, home, item)
                continue
            if origin.is_from and place.module and not stays and in_place is None:
                in_place = place
            same = statement.absolute if stays else in_place.absolute if in_place else ""
            if (place.module and place.absolute == same) if origin.is_from else not place.module:
                layout = layout.with_alias(i, _alias_code(layout.aliases[i], item))
                statement.items[i] = item
                keep.append(i)
            else:
                comes_first = keeps_order and all(self._is_there(origin, other) for other in staying if other < i)
                new = statement.leaders if comes_first else statement.followers
                self._add(new, statement, layout, place, item)
        self._settle(statement, layout, keep, in_place)

    def _keeps_order(self, origin: ImportStatement, staying: Sequence[int]) -> bool:
        """Whether it matters which names came first: they are bound one by one until one is missing."""
        return bool(origin.guarded_by) and not all(self._is_there(origin, i) for i in staying)

    def _is_there(self, origin: ImportStatement, index: int) -> bool:
        return self.is_there(origin, origin.names[index].name)

    def _must_stay(
        self, index: int, statement: WorkingStatement, layout: Layout, places: Sequence[Destination | None]
    ) -> bool:
        """Whether joining other statements would leave a comment behind that belongs to the statement as a whole."""
        if pragmas(statement.origin, layout, self.document.text):
            return True
        if not layout.own_comments and not comment_behind(statement.origin, self.document.text):
            return False
        return all(place and (place.item is None or self._home(index, place)) for place in places)

    def _settle(
        self, statement: WorkingStatement, layout: Layout, keep: Sequence[int], moved_to: Destination | None
    ) -> None:
        """What is left of a statement once its other names have gone elsewhere."""
        if not keep:
            statement.orphans += layout.own_comments
            statement.layout, statement.items = None, []
            return
        for i in reversed(range(len(layout.aliases))):
            if i not in keep:
                layout = layout.without(i)
        statement.items = [statement.items[i] for i in keep]
        if moved_to is not None:
            layout = layout.with_module(moved_to.module)
            statement.absolute = moved_to.absolute
        statement.layout = layout

    def _home(self, index: int, place: Destination) -> WorkingStatement | None:
        """The statement of the block that a moved name joins: one that imports from there, with room for the name."""
        here = self.statements[index]
        item = place.item
        if item is None or (here.origin.is_from and place.absolute == here.absolute):
            return None  # a rename inside its module stays where it is
        if not self._is_unambiguous(here.origin, item.local, f"{place.absolute}.{item.name}".lstrip(".")):
            return None
        for at, statement in enumerate(self.statements):
            if at == index or not statement.origin.well_formed or statement.origin.is_star:
                continue
            near = self._may_join(index, at, item)
            for candidate in (statement, *statement.followers) if near else ():
                if candidate.absolute == place.absolute and self._has_room(candidate, item):
                    return candidate
        return None

    def _may_join(self, index: int, at: int, item: Item) -> bool:
        """Whether it makes no difference that a name is bound by the statement `at` instead of by `index`."""
        here, there = self.statements[index].origin, self.statements[at].origin
        between = [s.origin for s in self.statements[min(index, at) + 1 : max(index, at)]]
        first, second = (there, here) if at < index else (here, there)
        stars = (bound.statement.span for bound in self.bound if bound.local == "*")
        if any(first.span.start < star.start < second.span.start for star in stars):
            return False
        if here.guarded_by:  # what stands between may fail, and then only one of the two was reached
            return here.run == there.run and not between
        if at < index:
            code = self.document.text.source[there.span.end : here.span.start]
            is_used = re.search(rf"\b{re.escape(item.local)}\b", code) is not None
            return here.run == there.run or not (is_used or self._may_be_builtin(here, item.local))
        # later: only past imports, and none that asks this module for the name before it is bound
        return here.run == there.run and not any(self.leads_back(origin) for origin in between)

    def _is_unambiguous(self, origin: ImportStatement, local: str, path: str) -> bool:
        """Whether a name is bound, in all its scope, by imports of that one path alone."""
        if self.scopes is None:
            return False
        same = (bound.statement for bound in self.bound if bound.local == local and bound.path == path)
        return self.scopes.count(origin, local) == sum(self.scopes.are_together(origin, other) for other in same)

    def _may_be_builtin(self, origin: ImportStatement, local: str) -> bool:
        """Whether a name means something before the statement that binds it: a builtin, or in a class a global."""
        assert self.scopes is not None  # noqa: S101 - asked after `_is_unambiguous`
        return not self.scopes.is_function(origin) and (hasattr(builtins, local) or not self.scopes.is_module(origin))

    def _has_room(self, statement: WorkingStatement, item: Item) -> bool:
        if statement.is_gone:
            return False
        if not statement.absolute:  # `import a.b`: only if it stands there already
            return statement.has(item)
        layout = self._open(statement)
        same = [other for other in statement.items if other.local == item.local]
        has_room = bool(same) or layout.can_hold(item) or self._can_end_line(statement, layout, item)
        return has_room and all(other.name == item.name for other in same)

    def _can_end_line(self, statement: WorkingStatement, layout: Layout, item: Item) -> bool:
        """Whether the item can come last on a statement's one line, with its comment behind it."""
        if item.above or layout.tail or statement.behind or statement.is_new:
            return False
        text = self.document.text
        return stands_alone(statement.origin, text) and not comment_behind(statement.origin, text)

    def _join(self, statement: WorkingStatement, home: WorkingStatement, item: Item) -> None:
        if home.has(item):
            statement.orphans += item.comments
            return
        layout = self._open(home)
        if layout.can_hold(item):
            layout = layout.with_item(item)
        else:
            layout, home.behind = layout.with_item(item, at_end=True), item.behind
        home.items.insert(layout.aliases.index(item.code), item)
        home.layout, home.changed = layout, True

    def _add(
        self, new: list[WorkingStatement], statement: WorkingStatement, model: Layout, place: Destination, item: Item
    ) -> None:
        """Put a moved name into a new statement beside its old one, or into the one that is there already."""
        for other in new:
            if place.module and other.absolute == place.absolute:
                other.items.append(item)
                indentation = statement.indentation(self.document.text)
                other.layout = _new_layout(place.module, other.items, model, indentation)
                other.above, other.behind = [], ""
                return
        added = WorkingStatement(statement.origin, place.absolute, [item], is_new=True)
        added.layout = _new_layout(place.module, [item], model, "")
        added.above, added.behind = list(item.above), item.behind
        new.append(added)


def _alias_code(old: str, item: Item) -> str:
    """The alias at its new path, with the white space around `as` as it was."""
    match = re.fullmatch(r"\S+(\s+as\s+)(\S+)", old)
    if match and item.asname:
        return item.name + match[1] + item.asname
    return item.code


def _new_layout(module: str, items: Sequence[Item], model: Layout, indentation: str) -> Layout:
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
    fits = not (model.is_wrapped and model.is_one_per_line) and len(indentation) + len(flat.code) <= _FLAT_LENGTH
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
