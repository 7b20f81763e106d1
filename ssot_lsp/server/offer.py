"""The nouns of code actions: something that can be done, before anyone works out its edits."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from pathlib import Path
from typing import NamedTuple

from ssot_lsp.model import Diagnostic
from ssot_lsp.project import Project
from ssot_lsp.server.background import Wanted
from ssot_lsp.text import Span, Text, TextEdit

QUICK_FIX = "quickfix"


class RefusedError(Exception):
    """What was offered cannot be done; the text says why."""


class FileEdit(NamedTuple):
    """Edits of one file."""

    path: Path
    text: Text | None
    """The text that they speak of; None for a file that is to be created."""
    edits: tuple[TextEdit, ...]


Work = Callable[[Project], tuple[FileEdit, ...]]
"""Works out edits; nothing if there is nothing to do. It may take a while, and asks a project of its own.

Raises RefusedError.
"""


class Offer(NamedTuple):
    """A code action before its edits are known."""

    title: str
    kind: str
    work: Work
    diagnostics: tuple[Diagnostic, ...] = ()
    """What it mends."""
    is_preferred: bool = False
    wanted: Wanted | None = None
    """What of the whole workspace it mends besides."""
    creates: bool = False
    """It creates a file."""

    @property
    def place(self) -> Span | None:
        """Where what it mends is first, in code points; None for what mends the whole file."""
        return self.diagnostics[0].span if self.diagnostics else None

    @property
    def key(self) -> Hashable:
        """What tells it from the other offers about its document."""
        return self.kind if self.place is None else (self.kind, self.title, self.place)


def nothing(project: Project) -> tuple[FileEdit, ...]:
    """The work of an offer that has none of its own."""
    return ()


def known(files: tuple[FileEdit, ...], project: Project) -> tuple[FileEdit, ...]:
    """The work of an offer whose edits are known already."""
    return files
