"""Moving imported names, statement by statement: split, renamed in place, joined to an import that is there already.

Works on the statements of one block in the order of the text. A statement in work is a `_Statement`; what it becomes is
decided first, name by name, and written last.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ssot_lsp.model import ImportStatement, Move, ObjectRef
from ssot_lsp.project import Document
from ssot_lsp.rewrite.layout import Gap, Item, Layout
from ssot_lsp.text import Span, TextEdit, minimal_edit

# comments that speak to a tool about the statement they stand behind, and so go with each part of it
_PRAGMA = re.compile(
    r"#\s*(?:noqa|type:\s*ignore|isort:|pragma:|pylint:|pyright:|pyrefly:|ty:|mypy:|ruff:|fmt:|nosec|pyre-)[^#]*"
)
_FLAT_LENGTH = 88


@dataclass(frozen=True, slots=True)
class Destination:
    """How a name is written at its new path: as a part of which statement, and under which name."""

    module: str
    """The module of the `from` statement as it is to be written, `..a.b` for a relative one; empty for `import`."""
    absolute: str
    """That module's absolute path."""
    item: Item | None
    """The alias; None if the import simply goes, because the object is a builtin of the same name."""


@dataclass
class _Statement:
    """A statement of the block that is being worked on, as it was and as it will be."""

    origin: ImportStatement | None
    """None for a statement that did not exist before."""
    absolute: str
    """The absolute module of a `from` statement; empty for `import`."""
    layout: Layout | None
    """None once all of its names have gone."""
    items: list[Item]
    """What it imports, in order."""
    above: list[str] = field(default_factory=list)
    behind: str = ""
    """The comment that came with the name of a new statement, to stand behind it."""
    followers: list[_Statement] = field(default_factory=list)
    """New statements that come after it."""
    changed: bool = False


def move_names(
    document: Document, statements: Sequence[tuple[ImportStatement, str]], moves: Iterable[Move]
) -> tuple[TextEdit, ...]:
    """The edits that import names from where the moves say, with every local name as it was.

    `statements` are all of the document's imports, each with its absolute module (empty for `import`). Raises
    ValueError for a move that an import statement alone cannot express.
    """
    wanted = {(move.statement.span, move.name.span): move.target for move in moves}
    edits: list[TextEdit] = []
    by_block: dict[int, list[tuple[ImportStatement, str]]] = {}
    for statement, absolute in statements:
        by_block.setdefault(statement.block, []).append((statement, absolute))
    for block in by_block.values():
        if any(statement.span == span for statement, _ in block for span, _ in wanted):
            edits += _Block(document, block).apply(wanted)
    return tuple(_coalesced(edits))


def _coalesced(edits: list[TextEdit]) -> Iterator[TextEdit]:
    """The edits, with deletions that overlap made one: two statements of a line may both take the `;` between them."""
    last: TextEdit | None = None
    for edit in sorted(edits, key=lambda edit: edit.span):
        if last and edit.span.start < last.span.end and not last.new_text and not edit.new_text:
            last = TextEdit(Span(last.span.start, max(last.span.end, edit.span.end)), "")
            continue
        if last:
            yield last
        last = edit
    if last:
        yield last


def destination(statement: ImportStatement, item: Item, target: ObjectRef, package: str) -> Destination:
    """How a name that a statement imports is to be written at `target`.

    A relative import stays relative where the target is in the same top-level package. Raises ValueError where no
    import statement can bind the same local name.
    """
    local = item.asname or item.name
    module, name = target.module, target.qualname
    if not name and (item.asname or "." not in item.name):
        if statement.is_from or module.rpartition(".")[2] == local:
            module, _, name = module.rpartition(".")
        if not module or not name:
            alias = target.module if target.module == local else f"{target.module} as {local}"
            return Destination("", "", Item(*_parts(alias), above=item.above, behind=item.behind))
    if not name:
        return Destination("", "", Item(target.module))
    if "." in local and not item.asname:
        raise ValueError(f"`import {item.name}` binds a module; `{target}` is not one")
    if "." in name:
        raise ValueError(f"`{target}` is an attribute of `{module}:{name.partition('.')[0]}`, which no import can bind")
    if module == "builtins" and name == local:
        return Destination("", module, None)
    explicit = item.asname is not None and item.asname == item.name == local  # `X as X` says: re-exported
    asname = local if name != local or explicit else None
    written = _relative(module, package) if statement.level else module
    return Destination(written, module, Item(name, asname, item.above, item.behind))


def _parts(alias: str) -> tuple[str, str | None]:
    name, _, asname = alias.partition(" as ")
    return name, asname or None


def _relative(module: str, package: str) -> str:
    """A module path relative to a package, if both have the same top-level package; else as it is."""
    target, here = module.split("."), package.split(".") if package else []
    shared = 0
    while shared < min(len(target), len(here)) and target[shared] == here[shared]:
        shared += 1
    return "." * (len(here) - shared + 1) + ".".join(target[shared:]) if shared else module


class _Block:
    """The import statements of one block of statements."""

    def __init__(self, document: Document, statements: Sequence[tuple[ImportStatement, str]]) -> None:
        self.document = document
        self.source = document.text.source
        self.statements = [
            _Statement(statement, absolute, None, [Item(name.name, name.asname) for name in statement.names])
            for statement, absolute in statements
        ]

    def apply(self, wanted: dict[tuple[Span, Span], ObjectRef]) -> Iterator[TextEdit]:
        """Carry out the moves that concern this block."""
        for index, statement in enumerate(self.statements):
            origin = statement.origin
            assert origin is not None  # noqa: S101 - only followers have none
            targets = [wanted.get((origin.span, name.span)) for name in origin.names]
            if any(targets):
                self._move(index, targets)
        gone = sum(s.layout is None and s.changed and not s.followers for s in self.statements)
        for statement in self.statements:
            if statement.changed:
                is_empty = statement.origin is not None and gone > statement.origin.others
                yield from self._edits(statement, needs_pass=is_empty)
                gone -= is_empty

    def _open(self, statement: _Statement) -> Layout:
        """The statement's layout, parsed when it is first needed."""
        if statement.layout is None and not statement.changed:
            assert statement.origin is not None  # noqa: S101 - followers are made with a layout
            layout = Layout.parse(self.source[slice(*statement.origin.span)])
            statement.layout = layout
            comments = (layout.comments(i) for i in range(len(layout.aliases)))
            statement.items = [
                Item(item.name, item.asname, above, behind)
                for item, (above, behind) in zip(statement.items, comments, strict=True)
            ]
        if statement.layout is None:
            raise ValueError("the statement has gone")
        return statement.layout

    def _move(self, index: int, targets: Sequence[ObjectRef | None]) -> None:
        statement = self.statements[index]
        origin = statement.origin
        assert origin is not None  # noqa: S101
        layout = self._open(statement)
        places = [
            destination(origin, item, target, self.document.package) if target is not None else None
            for item, target in zip(statement.items, targets, strict=True)
        ]
        if any(place and place.absolute == self.document.module for place in places):
            raise ValueError("a file cannot import from itself")
        homes = [self._home(index, place) if place else None for place in places]
        if self._pragma(origin) or (all(places) and (layout.has_own_comment or self._comment_behind(origin))):
            # joining would leave a comment behind, alone: only what is imported there already may go
            homes = [
                home if home and place and place.item and _has(home, place.item) else None
                for home, place in zip(homes, places, strict=True)
            ]
        stays = [i for i, place in enumerate(places) if place is None]
        in_place = next((p for p, home in zip(places, homes, strict=True) if p and not home and p.item), None)
        statement.changed = True
        keep: list[int] = []
        for i, (place, home) in enumerate(zip(places, homes, strict=True)):
            if place is None:
                keep.append(i)
            elif place.item is None:
                continue
            elif home is not None:
                self._join(home, place.item)
            elif _same_statement(place, origin, statement, in_place, stays):
                layout = layout.with_alias(i, _alias_code(layout.aliases[i], place.item))
                statement.items[i] = place.item
                keep.append(i)
            else:
                self._follow(statement, layout, place)
        self._settle(statement, layout, keep, None if stays else in_place)

    def _settle(self, statement: _Statement, layout: Layout, keep: list[int], moved_to: Destination | None) -> None:
        """What is left of a statement once its other names have gone elsewhere."""
        if not keep:
            statement.layout, statement.items = None, []
            return
        for i in reversed(range(len(layout.aliases))):
            if i not in keep:
                layout = layout.without(i)
        statement.items = [statement.items[i] for i in keep]
        if moved_to is not None and moved_to.module and statement.absolute:
            layout = layout.with_module(moved_to.module)
            statement.absolute = moved_to.absolute
        statement.layout = layout

    def _home(self, index: int, place: Destination) -> _Statement | None:
        """The statement of the block that a moved name joins: one that imports from there, with room for the name."""
        if place.item is None:
            return None
        here = self.statements[index].origin
        assert here is not None  # noqa: S101
        if here.is_from and place.absolute == self.statements[index].absolute:
            return None  # a rename inside its module stays where it is
        for at, statement in enumerate(self.statements):
            origin = statement.origin
            candidates = [*([statement] if at != index else []), *statement.followers]
            if origin is None or not origin.well_formed or origin.is_star:
                continue
            # a later import only if nothing but imports stands between, or the name would be bound too late
            near = origin.run == here.run or (at < index and self._is_bound_once(place.item.local))
            for candidate in candidates if near else ():
                if candidate.absolute == place.absolute and self._has_room(candidate, place.item):
                    return candidate
        return None

    def _has_room(self, statement: _Statement, item: Item) -> bool:
        if statement.changed and statement.layout is None:
            return False
        layout = self._open(statement)
        if not statement.absolute:  # `import a.b`: only if it stands there already
            return _has(statement, item)
        same = [other for other in statement.items if other.local == item.local]
        has_room = bool(same) or layout.can_hold(item) or self._can_end_line(statement, layout, item)
        return has_room and all(other.name == item.name for other in same)

    def _can_end_line(self, statement: _Statement, layout: Layout, item: Item) -> bool:
        """Whether the item can come last on a statement's one line, with its comment behind it."""
        origin = statement.origin
        if item.above or layout.tail or statement.behind or origin is None:
            return False
        return not self.source[origin.span.end : self._line(origin).end].strip()

    def _is_bound_once(self, name: str) -> bool:
        """Whether the file seems to bind a name nowhere but in one import: then it matters little where that stands."""
        assignments = rf"^[ \t]*(?:{name}\b[^\n#]*=(?!=)|(?:class|def|async[ \t]+def|del|global)[ \t]+{name}\b)"
        statements = (s.origin for s in self.statements if s.origin)
        imported = sum(imported.local == name for origin in statements for imported in origin.names)
        return imported <= 2 and not re.search(assignments, self.source, re.MULTILINE)

    def _join(self, home: _Statement, item: Item) -> None:
        if _has(home, item):
            return
        layout = self._open(home)
        if layout.can_hold(item):
            layout = layout.with_item(item)
        else:
            layout, home.behind = layout.with_item(item, at_end=True), item.behind
        home.items.insert(layout.aliases.index(item.code), item)
        home.layout, home.changed = layout, True

    def _follow(self, statement: _Statement, layout: Layout, place: Destination) -> None:
        """Put a moved name into a new statement behind its old one, or into the one that is there already."""
        item = place.item
        assert item is not None  # noqa: S101
        for follower in statement.followers:
            if follower.absolute == place.absolute and place.module:
                follower.items.append(item)
                follower.layout = _new_layout(place.module, follower.items, layout, self._indentation(statement))
                follower.above, follower.behind = [], ""
                return
        alone = _new_layout(place.module, [item], layout, "")
        new = _Statement(None, place.absolute, alone, [item], list(item.above), item.behind, changed=True)
        statement.followers.append(new)

    def _edits(self, statement: _Statement, *, needs_pass: bool) -> Iterator[TextEdit]:
        origin = statement.origin
        assert origin is not None  # noqa: S101
        old = self.source[slice(*origin.span)]
        if not statement.followers and statement.layout is None:
            yield TextEdit(origin.span, "pass") if needs_pass else self._deletion(origin)
            return
        line = self._line(origin)
        own_line = not self.source[line.start : origin.span.start].strip()
        rest = self.source[origin.span.end : line.end]
        own_line = own_line and (not rest.strip() or rest.lstrip().startswith("#"))
        parts = statement.followers if statement.layout is None else [statement, *statement.followers]
        if not own_line:
            yield TextEdit(origin.span, "; ".join(_flat(part) for part in parts))
            return
        indentation, newline = self._indentation(statement), self._newline(line)
        first = parts[0]
        if statement.layout is None:  # the first of the new statements takes its place, and the comment behind it
            above = [*first.above, *([first.behind] if rest.strip() and first.behind else [])]
            lines = [*above, _commented(_code(first), "" if rest.strip() else first.behind)]
            yield TextEdit(origin.span, (newline + indentation).join(lines))
        elif edit := minimal_edit(origin.span, old, _commented(_code(first), first.behind)):
            yield edit
        pragma = self._pragma(origin)
        lines = [new for part in parts[1:] for new in (*part.above, _commented(_code(part), part.behind, pragma))]
        if lines:
            yield TextEdit(Span(line.end, line.end), "".join(newline + indentation + new for new in lines))

    def _line(self, origin: ImportStatement) -> Span:
        """From the beginning of the statement's first line to the end of its last."""
        text = self.document.text
        first, last = text.position(origin.span.start).row, text.position(origin.span.end).row
        return Span(text.line_span(first).start, text.line_span(last).end)

    def _indentation(self, statement: _Statement) -> str:
        origin = statement.origin
        if origin is None:
            return ""
        before = self.source[self._line(origin).start : origin.span.start]
        return before.replace("\f", "") if not before.strip() else ""

    def _newline(self, line: Span) -> str:
        """The line end of the statement's line, or of the text's first line if it is the last and has none."""
        for at in (line.end, self.document.text.line_span(0).end):
            if match := re.match(r"\r\n|\n|\r", self.source[at : at + 2]):
                return match[0]
        return "\n"

    def _comment_behind(self, origin: ImportStatement) -> str:
        rest = self.source[origin.span.end : self._line(origin).end].strip()
        return rest if rest.startswith("#") else ""

    def _pragma(self, origin: ImportStatement) -> str:
        """The comments for tools behind the statement, which also hold for what is split off from it."""
        return "  ".join(match[0].strip() for match in _PRAGMA.finditer(self._comment_behind(origin)))

    def _deletion(self, origin: ImportStatement) -> TextEdit:
        """Take the statement out, with its line if nothing else stands there."""
        line = self._line(origin)
        before, rest = self.source[line.start : origin.span.start], self.source[origin.span.end : line.end]
        if match := re.match(r"[ \t]*;[ \t]*", rest):
            following = rest[match.end() :]
            if following and not following.startswith("#"):
                return TextEdit(Span(origin.span.start, origin.span.end + match.end()), "")
        if match := re.search(r"[ \t]*;[ \t]*$", before):
            return TextEdit(Span(line.start + match.start(), origin.span.end), "")
        if rest.strip().startswith("#"):
            return TextEdit(Span(origin.span.start, origin.span.end + len(rest) - len(rest.lstrip())), "")
        end = line.end + len(self._newline(line)) if line.end < len(self.source) else line.end
        return TextEdit(Span(line.start, min(end, len(self.source))), "")


def _has(statement: _Statement, item: Item) -> bool:
    return any(other.name == item.name and other.local == item.local for other in statement.items)


def _same_statement(
    place: Destination,
    origin: ImportStatement,
    statement: _Statement,
    in_place: Destination | None,
    stays: list[int],
) -> bool:
    """Whether a moved name can remain a part of its own statement."""
    if not origin.is_from:
        return not place.module
    if not place.module or in_place is None:
        return False
    return place.absolute == (statement.absolute if stays else in_place.absolute)


def _alias_code(old: str, item: Item) -> str:
    """The alias at its new path, with the white space around `as` as it was."""
    match = re.fullmatch(r"\S+(\s+as\s+)(\S+)", old)
    if match and item.asname:
        return item.name + match[1] + item.asname
    return item.code


def _code(statement: _Statement) -> str:
    return statement.layout.code if statement.layout else ""


def _commented(code: str, *comments: str) -> str:
    return "  ".join(filter(None, (code, *comments)))


def _flat(statement: _Statement) -> str:
    """A statement's code for a line that it shares with others."""
    layout = statement.layout
    if layout is None or statement.origin is not None:
        return _code(statement)
    return f"{layout.head}{layout.module}{' import ' if layout.module else ''}{', '.join(layout.aliases)}"


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
