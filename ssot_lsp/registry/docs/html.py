"""A page in HTML: one file that asks for nothing else, and that is all there without its script.

It is well-formed as XML too, so that a test can see that every element ends where it should.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from html import escape
from pathlib import Path
from urllib.parse import quote

from ssot_lsp.registry.docs import MARK, Item, Listed, Page, Section, count, is_link

_HERE = Path(__file__).parent
_ICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>"
    "<circle cx='8' cy='8' r='7' fill='#2f6f4f'/><path d='M4.5 8.3l2.4 2.4 4.6-5' fill='none' stroke='#fff' "
    "stroke-width='1.8'/></svg>"
)
_JOINT = re.compile(r"[.:/_]")
"""Behind what a long path may go on in the next line."""

_RUN = 50
"""Objects of a package that are laid out together, when one of them comes on the screen."""


def render(page: Page) -> str:
    """The page as HTML."""
    style, script = _part("page.css"), _part("page.js")
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    lines = (
        "<!DOCTYPE html>",
        f"<!-- {MARK} -->",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8" />',
        '<meta name="viewport" content="width=device-width, initial-scale=1" />',
        '<meta name="color-scheme" content="light dark" />',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}" />',
        "<title>Canonical imports</title>",
        f'<link rel="icon" href="data:image/svg+xml,{quote(_ICON)}" />',
        f"<style>{style}</style>",
        "</head>",
        "<body>",
        *_body(page),
        f"<script>{script}</script>",
        "</body>",
        "</html>",
        "",
    )
    return "\n".join(lines)


@cache
def _part(name: str) -> str:
    return "\n" + (_HERE / name).read_text("utf-8")


def _hash(text: str) -> str:
    """What the policy of a page calls a style or script that stands in it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _body(page: Page) -> Iterator[str]:
    total = sum(len(section.items) for section in page.sections)
    yield '<a class="skip" href="#imports">Skip to the imports</a>'
    yield '<header class="top">'
    yield "<h1>Canonical imports</h1>"
    yield "<p>Where everything is to be imported from, and what that replaces.</p>"
    yield from _progress(page)
    yield "</header>"
    yield '<div class="find" role="search">'
    yield '<label for="search">Search</label>'
    yield (
        '<input id="search" type="search" placeholder="A path, an import, an owner…" autocomplete="off" '
        'spellcheck="false" aria-keyshortcuts="/" aria-controls="imports" />'
    )
    yield '<kbd aria-hidden="true">/</kbd>'
    if page.counts_importers:
        yield '<label class="only"><input id="only-left" type="checkbox" /> only what is left</label>'
    yield f'<output id="count" for="search" aria-live="polite">{count(total, "object")}</output>'
    yield "</div>"
    yield '<div class="columns">'
    if page.sections:
        yield '<nav aria-label="Packages">'
        yield '<details id="packages" open="">'
        yield "<summary>Packages</summary>"
        yield "<ul>"
        yield from (_link(section, page) for section in page.sections)
        yield "</ul>"
        yield "</details>"
        yield "</nav>"
    yield '<main id="imports" tabindex="-1">'
    for section in page.sections:
        yield from _section(section, page)
    empty = "" if not page.sections else ' hidden=""'
    yield f'<p id="nothing"{empty}>{"Nothing matches." if page.sections else "The registry has no entries."}</p>'
    yield "</main>"
    yield "</div>"
    yield "<footer>"
    yield f"<p>Made from {_code(page.registry)} by <code>ssot-lsp registry docs</code>.</p>"
    yield "</footer>"


def _progress(page: Page) -> Iterator[str]:
    total = sum(1 for _ in page.entries)
    if not page.counts_importers or not total:
        return
    left = len(page.importers)
    files = f"<strong>{left:,}</strong> {'file' if left == 1 else 'files'} left" if left else "no file left"
    yield '<div class="progress">'
    yield f'<progress max="{total}" value="{page.done}" aria-label="Entries that are done"></progress>'
    yield (
        f"<p><strong>{page.done:,}</strong> of {count(total, 'entry')} done"
        f'<span aria-hidden="true"> · </span><span>{files}</span></p>'
    )
    yield "</div>"


def _link(section: Section, page: Page) -> str:
    title = _path(section.package) if section.package else "Removed"
    kind, state = _state(section, page)
    number = f'<span class="{f"number {kind}".strip()}">{state or f"{len(section.items):,}"}</span>'
    return f'<li><a href="#{escape(section.anchor)}"><span>{title}</span> {number}</a></li>'


def _state(of: Item | Section, page: Page) -> tuple[str, str]:
    """Whether anything is left to do: a class, and words; nothing where nobody knows."""
    if not page.counts_importers or not (of.is_done or of.importers):
        return "", ""
    return ("done", "done") if of.is_done else ("left", f"{count(len(of.importers), 'file')} left")


def _section(section: Section, page: Page) -> Iterator[str]:
    title = f"<code>{_path(section.package)}</code>" if section.package else "Removed"
    yield f'<section id="{escape(section.anchor)}">'
    yield f'<h2><a href="#{escape(section.anchor)}">{title}</a></h2>'
    for start in range(0, len(section.items), _RUN):
        yield '<div class="run">'
        for item in section.items[start : start + _RUN]:
            yield from _item(item, page)
        yield "</div>"
    yield "</section>"


def _item(item: Item, page: Page) -> Iterator[str]:
    kind, state = _state(item, page)
    anchor, name = escape(item.anchor), escape(item.name)
    yield f'<article id="{anchor}" class="{f"{kind} gone".strip() if item.is_removed else kind}">'
    yield f'<h3><a href="#{anchor}"><code>{_path(item.name)}</code></a></h3>'
    if state:
        yield f'<p class="state">{state}</p>'
    if item.statement:
        yield '<div class="import">'
        use = f"\n<code>{_path(item.use)}</code>" if item.use else ""
        yield f"<pre><code>{_statement(item)}</code>{use}</pre>"
        yield f'<button type="button" aria-label="Copy the import of {name}">Copy</button>'
        yield "</div>"
    elif not item.is_removed:
        yield '<p class="why">Built in: it needs no import.</p>'
    for entry in item.entries:
        yield from _entry(entry, item, page)
    yield "</article>"


def _statement(item: Item) -> str:
    words = [f"<b>{word}</b>" if word in ("from", "import") else _path(word) for word in item.statement.split(" ")]
    return " ".join(words)


def _entry(entry: Listed, item: Item, page: Page) -> Iterator[str]:
    yield '<div class="entry">'
    if entry.deprecated:
        yield f'<p class="old">{"removed" if item.is_removed else "instead of"}</p>'
        yield from _list(f"<del>{_code(path)}</del>" for path in entry.deprecated)
    if entry.by_way_of:
        yield f'<p class="note">by way of <del>{_code(entry.by_way_of)}</del>, which has moved on</p>'
    if entry.alternatives:
        yield '<p class="old">alternatives</p>'
        yield from _list(map(_code, entry.alternatives))
    if entry.reason:
        yield f'<p class="why" dir="auto">{escape(entry.reason)}</p>'
    if entry.facts or entry.issue:
        yield "<dl>"
        for name, text in entry.facts:
            yield f'<div><dt>{name}</dt> <dd dir="auto">{escape(text)}</dd></div>'
        if entry.issue:
            yield f"<div><dt>Issue</dt> <dd>{_issue(entry.issue)}</dd></div>"
        yield "</dl>"
    if entry.allow:
        yield f'<p class="note">allowed in {", ".join(map(_code, entry.allow))}</p>'
    yield from (f'<p class="note">{escape(note)}</p>' for note in entry.notes)
    if page.counts_importers and entry.importers:
        yield "<details>"
        left = len(entry.importers)
        yield f"<summary>{count(left, 'file')} still {'uses' if left == 1 else 'use'} this</summary>"
        yield from _list(map(_code, entry.importers))
        yield "</details>"
    yield "</div>"


def _list(items: Iterable[str]) -> Iterator[str]:
    yield "<ul>"
    yield from (f"<li>{item}</li>" for item in items)
    yield "</ul>"


def _issue(text: str) -> str:
    """A link, if it is an address on the web; else the text."""
    if not is_link(text):
        return f'<span dir="auto">{escape(text)}</span>'
    return f'<a href="{escape(text)}" rel="noopener noreferrer">{_path(text.partition("://")[2].rstrip("/"))}</a>'


def _code(text: str) -> str:
    return f"<code>{_path(text)}</code>"


def _path(text: str) -> str:
    """A path that may go on in the next line behind its joints."""
    return _JOINT.sub(r"\g<0><wbr />", escape(text)).replace("<wbr /><wbr />", "<wbr />")
