"""The comments that silence diagnostics."""

from __future__ import annotations

import re
import sys
from datetime import date
from typing import NamedTuple

from ssot_lsp.syntax.tree import Tree, places
from ssot_lsp.text import Span, Text

_SUPPRESSION = (  # compiled on use
    r"(?i)#\s*(?:ssot:\s*(?P<file>ignore-file)\b"
    # a list of codes with a mistake in it silences nothing: a typo must not silence everything
    r"|ssot:\s*ignore\b(?:\s*\[(?P<codes>\s*[A-Z]+[0-9]+(?:\s*,\s*[A-Z]+[0-9]+)*\s*)\]|(?!-|\s*[\[(]))(?P<rest>[^#]*)"
    r"|noqa:\s*(?P<noqa>[A-Z][A-Z]*[0-9]+(?:[\s,]+[A-Z]+[0-9]+)*))"
)
_UNTIL = r"until=([^\s\]]*)"
SILENCING = (b"ssot:", b"SSOT")


class Suppression(NamedTuple):
    """A comment that silences diagnostics on its row (from 0)."""

    row: int
    span: Span
    codes: frozenset[str]
    """Upper-case rule codes; empty means all."""
    until: date | None = None
    """The last day on which it holds."""
    part: Span | None = None
    """Its own part of the comment; None for a `noqa`, which other tools read too."""

    def silences(self, code: str, today: date) -> bool:
        """Whether it silences the rule `code` on the day `today`."""
        return (not self.codes or code in self.codes) and (self.until is None or today <= self.until)


def marks(data: bytes) -> list[int]:
    """Where comments that silence may be."""
    return [place for word in SILENCING for place in places(data, word)]


def suppressions_of(
    tree: Tree, text: Text, begin: int = 0, end: int = sys.maxsize
) -> tuple[tuple[Suppression, ...], bool]:
    """The comments that silence, in their order, and whether one of them is for the whole file.

    Of those between two places alone (in bytes of what was parsed), if these are given.
    """
    found: list[Suppression] = []
    ignore_file = False
    for node in tree.around(SILENCING, ("comment",), begin, end):
        comment = (node.text or b"").decode("utf-8", "replace").rstrip()
        for match in re.finditer(_SUPPRESSION, comment):
            if match["file"]:
                ignore_file = True
                continue
            codes = frozenset(re.findall(r"\w+", (match["codes"] or match["noqa"] or "").upper()))
            start = tree.offset(node.start_byte)
            span = Span(start, start + len(comment))
            row = text.position(span.start).row
            if match["noqa"] is None:
                until = re.search(_UNTIL, match["rest"] or "")
                part = Span(start + match.start(), start + len(comment[: match.end()].rstrip()))
                found.append(Suppression(row, span, codes, _date(until[1]) if until else None, part))
            elif codes:
                found.append(Suppression(row, span, codes))
    return tuple(found), ignore_file


def _date(iso: str) -> date:
    """An ISO date; one that does not exist (2026-02-30) has passed, so that a typo never silences for ever."""
    try:
        return date.fromisoformat(iso)
    except ValueError:
        return date.min
