"""Inlay hints: behind a deprecated import what is to be imported instead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ssot_lsp.rules import sentence
from ssot_lsp.server.checked import Checked
from ssot_lsp.text import Span


class Hint(NamedTuple):
    """Something shown in a text that is not in it."""

    offset: int
    """In code points."""
    label: str
    tooltip: str


def hints(checked: Checked, span: Span) -> Iterator[Hint]:
    """The hints in a span: of each name that is imported from a path that an entry replaces, where it is now."""
    imports = [statement.span for statement in checked.document.syntax.imports]
    for diagnostic in checked.diagnostics:
        moves = [move for replacement in diagnostic.replacements[:1] for move in replacement.moves[:1]]
        is_imported = any(of_import.contains(diagnostic.span) for of_import in imports)
        if diagnostic.entry is not None and moves and is_imported and span.contains(diagnostic.span):
            yield Hint(diagnostic.span.end, f"→ {moves[0].target}", sentence(diagnostic.entry))
