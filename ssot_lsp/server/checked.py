"""What is known of one version of an open document, worked out when it is first asked for and then kept."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Hashable, Set
from typing import Any

from ssot_lsp import engine
from ssot_lsp.modules import MENTIONS
from ssot_lsp.project import Project
from ssot_lsp.server.documents import OpenDocument


class Checked:
    """One version of a document in one state of its project."""

    def __init__(self, opened: OpenDocument, project: Project, on_fault: engine.Report) -> None:
        assert opened.live is not None  # noqa: S101 - only Python files are checked
        self.opened = opened
        self.project = project
        self.document = project.document_of(opened.path, opened.text, opened.live.syntax)
        asked = project.modules.asked
        asked.clear()
        self.diagnostics = engine.check(self.document, project, on_fault=on_fault)
        self.rests_on = frozenset(asked)
        """As `Modules.asked` has it."""
        self.work: dict[Hashable, Future[Any]] = {}
        """What was begun to be worked out for it."""

    def is_of(self, opened: OpenDocument, project: Project) -> bool:
        """Whether it still holds for a document and a project."""
        return self.opened is opened and self.project is project

    def survives(self, project: Project, stale: Set[str]) -> bool:
        """Whether it still holds in the next state of its project, if some of what it may rest on has changed."""
        if self.rests_on.isdisjoint(stale) and not any(name.startswith(MENTIONS) for name in self.rests_on):
            self.project = project
            self.work.clear()  # fixes look further around than diagnostics do
        return self.project is project
