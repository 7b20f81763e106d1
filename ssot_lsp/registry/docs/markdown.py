"""A page in Markdown, as GitHub, GitLab and whoever knows tables and `~~` show it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ssot_lsp.registry.docs import MARK, Item, Listed, Page, Section, count, is_link

_MOST_FILES = 10
"""That are named of those that are left of an entry."""
# An underscore between letters is one; what begins a line never comes from outside.
_SPECIAL = re.compile(r"[\\`*\[\]{}<>|~&$]|(?<![^\W_])_|_(?![^\W_])")
_BACKTICKS = re.compile("`+")


def render(page: Page) -> str:
    """The page as Markdown."""
    sections = (line for section in page.sections for line in _section(section, page))
    return "\n".join([f"<!-- {MARK} -->", "", *_head(page), *sections])


def _head(page: Page) -> Iterator[str]:
    yield "# Canonical imports"
    yield ""
    yield f"Where everything is to be imported from, and what that replaces, as {code(page.registry)} says."
    if not page.sections:
        yield "It has no entries."
    elif page.counts_importers:
        total, left = sum(1 for _ in page.entries), len(page.importers)
        yield f"**{page.done:,} of {count(total, 'entry')}** {'is' if total == 1 else 'are'} done, {_left(left)}."
    yield ""
    if page.sections:
        columns = ["package", "objects", *["files left"] * page.counts_importers]
        yield _row(columns)
        yield _row(["---", *["---:"] * (len(columns) - 1)])
        for section in page.sections:
            cells = [f"[{_title(section)}](<#{section.anchor}>)", f"{len(section.items):,}"]
            yield _row([*cells, f"{len(section.importers):,}"] if page.counts_importers else cells)
        yield ""


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _title(section: Section) -> str:
    return code(section.package) if section.package else "Removed"


def _section(section: Section, page: Page) -> Iterator[str]:
    yield f"## {_anchor(section.anchor)}{_title(section)}"
    yield ""
    for item in section.items:
        yield from _item(item, page)


def _item(item: Item, page: Page) -> Iterator[str]:
    yield f"### {_anchor(item.anchor)}{code(item.name)}"
    yield ""
    if item.statement:
        yield from ["```python", item.statement, *[item.use] * bool(item.use), "```", ""]
    elif not item.is_removed:
        yield from ["Built in: it needs no import.", ""]
    for entry in item.entries:
        yield from (f"- {line}" for line in _entry(entry, item, page))
    yield ""


def _entry(entry: Listed, item: Item, page: Page) -> Iterator[str]:
    if entry.deprecated:
        paths = ", ".join(f"~~{code(path)}~~" for path in entry.deprecated)
        yield f"{'Removed' if item.is_removed else 'Instead of'}: {paths}"
    if entry.by_way_of:
        yield f"By way of: ~~{code(entry.by_way_of)}~~"
    if entry.alternatives:
        yield f"Alternatives: {_codes(entry.alternatives)}"
    if entry.reason:
        yield f"Why: {escaped(entry.reason)}"
    if entry.issue:
        yield f"Issue: {f'<{entry.issue}>' if is_link(entry.issue) else escaped(entry.issue)}"
    if entry.facts:
        yield " · ".join(f"{name}: {escaped(text)}" for name, text in entry.facts)
    if entry.allow:
        yield f"Allowed in: {_codes(entry.allow)}"
    if entry.notes:
        yield f"Note: {escaped('; '.join(entry.notes))}"
    if page.counts_importers and entry.importers:
        more = len(entry.importers) - _MOST_FILES
        rest = f" and {more:,} more" if more > 0 else ""
        yield f"**{count(len(entry.importers), 'file')} left**: {_codes(entry.importers[:_MOST_FILES])}{rest}"
    elif page.counts_importers and entry.is_done:
        yield "**Done**: nobody uses this"


def _left(files: int) -> str:
    return f"{count(files, 'file')} {'is' if files == 1 else 'are'} left" if files else "no file is left"


def _anchor(name: str) -> str:
    """A place that links lead to; a reference is all that is in its name."""
    return f'<a id="{name}"></a>'


def _codes(texts: Iterable[str]) -> str:
    return ", ".join(map(code, texts))


def code(text: str) -> str:
    """A text as code, whatever is in it."""
    fence = "`" * (1 + max(map(len, _BACKTICKS.findall(text)), default=0))
    pad = " " * (len(fence) > 1)
    return f"{fence}{pad}{text}{pad}{fence}"


def escaped(text: str) -> str:
    """A text as text, whatever is in it."""
    return _SPECIAL.sub(lambda match: f"\\{match[0]}", text)
