"""Writing a changed import statement down in its line: what takes its place, what follows it, where comments go."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ssot_lsp.model import ImportedName, ImportStatement
from ssot_lsp.rewrite.layout import Item, Layout
from ssot_lsp.text import Span, Text, TextEdit, minimal_edit

# comments that speak to a tool about the statement they stand behind, and so go with each part of it
_PRAGMA = re.compile(
    r"#\s*(?:noqa|type:\s*ignore|isort:|pragma:|pylint:|pyright:|pyrefly:|ty:|mypy:|ruff:|fmt:|nosec|pyre-)[^#]*"
)
_COMMENT_BEHIND = re.compile(r"[ \t\f]*;?[ \t\f]*(#.*)", re.DOTALL)


class WorkingStatement:
    """A statement of the block that is being worked on, as it was and as it will be."""

    def __init__(self, origin: ImportStatement, absolute: str, items: list[Item], *, is_new: bool = False) -> None:
        self.origin = origin
        """The statement as it was; for a new one, the statement that it follows."""
        self.is_new = is_new
        self.absolute = absolute
        """The absolute module of a `from` statement; empty for `import`."""
        self.layout: Layout | None = None
        """None until it is needed, and once all names have gone."""
        self.items = items
        """What it imports, in order."""
        self.names: list[ImportedName | None] = [None] * len(items) if is_new else [*origin.parts]
        """The names as they were written, one for each item; None for one that has come here."""
        self.changed = False
        self.above: list[str] = []
        """The comments that came with the name of a new statement, to stand above it."""
        self.behind = ""
        """The comment that came with a name, to stand behind the statement."""
        self.followers: list[WorkingStatement] = []
        """New statements that come after it."""
        self.leaders: list[WorkingStatement] = []
        """New statements that come before it."""
        self.orphans: list[str] = []
        """Comments of names that are imported elsewhere already."""

    @property
    def is_gone(self) -> bool:
        """Whether nothing is left of it, and nothing has taken its place."""
        return self.changed and self.layout is None and not self.followers

    @property
    def code(self) -> str:
        """The statement as Python writes it."""
        return self.layout.code if self.layout else ""

    def indentation(self, text: Text) -> str:
        """The white space before it; nothing if other code stands there."""
        before = text.source[_line(self.origin, text).start : self.origin.span.start]
        return before.replace("\f", "") if not before.strip() else ""


def comment_behind(origin: ImportStatement, text: Text) -> str:
    """The comment behind a statement, if nothing else stands between."""
    match = _COMMENT_BEHIND.match(text.source[origin.span.end : _line(origin, text).end])
    return match[1].strip() if match else ""


def pragmas(origin: ImportStatement, layout: Layout | None, text: Text) -> str:
    """The comments for tools that hold for the statement as a whole, and so for what is split off from it."""
    comments = [*(layout.own_comments if layout else ()), comment_behind(origin, text)]
    return "  ".join(match[0].strip() for comment in comments for match in _PRAGMA.finditer(comment))


def stands_alone(origin: ImportStatement, text: Text) -> bool:
    """Whether a statement has its lines to itself, but for a comment behind it."""
    line = _line(origin, text)
    rest = text.source[origin.span.end : line.end].strip()
    return not text.source[line.start : origin.span.start].strip() and (not rest or rest.startswith("#"))


def write(statement: WorkingStatement, text: Text, *, needs_pass: bool) -> Iterator[TextEdit]:
    """The edits that put a changed statement and those that follow it into the text.

    `needs_pass`: the block would be empty without it.
    """
    origin, line = statement.origin, _line(statement.origin, text)
    parts = [*statement.leaders, *([statement] if statement.layout else []), *statement.followers]
    if not stands_alone(origin, text):
        yield from _write_in_line(statement, parts, text, line, needs_pass=needs_pass)
        return
    indentation, newline = statement.indentation(text), _newline(text, line)
    if not parts:
        if statement.orphans or needs_pass:
            lines = [*statement.orphans, *(["pass"] if needs_pass else [])]
            yield TextEdit(origin.span, (newline + indentation).join(lines))
        else:
            yield _deletion(origin, text, line)
        return
    old, rest = text.source[slice(*origin.span)], text.source[origin.span.end : line.end].strip()
    first = statement if statement.layout else parts[0]
    # what is said to tools of an `import *` does not hold for an import by name
    pragma = pragmas(origin, Layout.parse(old), text) if len(parts) > 1 and not origin.is_star else ""
    if statement.layout is None:  # the first of the new statements takes its place, and the comment behind it
        above = [*statement.orphans, *first.above, *([first.behind] if rest and first.behind else [])]
        lines = [*above, _commented(first.code, "" if rest else first.behind)]
        yield TextEdit(origin.span, (newline + indentation).join(lines))
    else:
        before = [*statement.orphans, *_lines(statement.leaders, pragma)]
        if before:
            inserted = "".join(new + newline + indentation for new in before)
            yield TextEdit(Span(origin.span.start, origin.span.start), inserted)
        if edit := minimal_edit(origin.span, old, _commented(first.code, first.behind)):
            yield edit
    added = [*_lines(statement.followers[0 if statement.layout else 1 :], pragma)]
    if added:
        yield TextEdit(Span(line.end, line.end), "".join(newline + indentation + new for new in added))


def _lines(statements: Sequence[WorkingStatement], pragma: str) -> Iterator[str]:
    """The lines of new statements, with the comments that came with their names."""
    for statement in statements:
        yield from (*statement.above, _commented(statement.code, statement.behind, pragma))


def _write_in_line(
    statement: WorkingStatement, parts: Sequence[WorkingStatement], text: Text, line: Span, *, needs_pass: bool
) -> Iterator[TextEdit]:
    """The same for a statement that shares its line with others: comments can only go to the line's end."""
    origin = statement.origin
    if parts:
        yield TextEdit(origin.span, "; ".join(_flat(part, is_new=part is not statement) for part in parts))
    else:
        yield TextEdit(origin.span, "pass") if needs_pass else _deletion(origin, text, line)
    comments = [*statement.orphans, *(comment for part in parts for comment in (*part.above, part.behind) if comment)]
    new_items = [item for part in parts if part.is_new for item in part.items if len(part.items) > 1]
    comments += [comment for item in new_items for comment in item.comments]
    if comments:
        yield TextEdit(Span(line.end, line.end), "".join("  " + comment for comment in comments))


def _line(origin: ImportStatement, text: Text) -> Span:
    """From the beginning of the statement's first line to the end of its last."""
    first, last = text.position(origin.span.start).row, text.position(origin.span.end).row
    return Span(text.line_span(first).start, text.line_span(last).end)


def _newline(text: Text, line: Span) -> str:
    """The line end of the statement's line, or of the text's first line if it is the last and has none."""
    for at in (line.end, text.line_span(0).end):
        if match := re.match(r"\r\n|\n|\r", text.source[at : at + 2]):
            return match[0]
    return "\n"


def _deletion(origin: ImportStatement, text: Text, line: Span) -> TextEdit:
    """Take the statement out, with its line if nothing else stands there."""
    before, rest = text.source[line.start : origin.span.start], text.source[origin.span.end : line.end]
    if match := re.match(r"[ \t]*;[ \t]*", rest):
        following = rest[match.end() :]
        if following or not before.strip():  # the next statement, or the comment, moves up
            rest = following
            origin = origin._replace(span=Span(origin.span.start, origin.span.end + match.end()))
            if following:
                return TextEdit(origin.span, "")
    if match := re.search(r"[ \t]*;[ \t]*$", before):
        return TextEdit(Span(line.start + match.start(), origin.span.end), "")
    if rest.strip().startswith("#"):
        return TextEdit(Span(origin.span.start, origin.span.end + len(rest) - len(rest.lstrip())), "")
    end = line.end + len(_newline(text, line)) if line.end < len(text.source) else line.end
    return TextEdit(Span(line.start, min(end, len(text.source))), "")


def _commented(code: str, *comments: str) -> str:
    return "  ".join(filter(None, (code, *comments)))


def _flat(statement: WorkingStatement, *, is_new: bool) -> str:
    """A statement's code for a line that it shares with others."""
    layout = statement.layout
    if layout is None or not is_new:
        return statement.code
    return f"{layout.head}{layout.module}{' import ' if layout.module else ''}{', '.join(layout.aliases)}"
