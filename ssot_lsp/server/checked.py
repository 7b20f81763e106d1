"""What is known of one version of an open document, worked out when it is first asked for and then kept."""

from __future__ import annotations

from collections.abc import Set
from functools import cached_property

from ssot_lsp import engine
from ssot_lsp.model import Diagnostic, Fix
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
        self._fixes: dict[int, tuple[Fix, ...]] = {}

    def is_of(self, opened: OpenDocument, project: Project) -> bool:
        """Whether it still holds for a document and a project."""
        return self.opened is opened and self.project is project

    def survives(self, project: Project, stale: Set[str]) -> bool:
        """Whether it still holds in the next state of its project, if some of what it may rest on has changed."""
        if self.rests_on.isdisjoint(stale) and not any(name.startswith(MENTIONS) for name in self.rests_on):
            self.project = project
        return self.project is project

    def fixes(self, diagnostic: Diagnostic) -> tuple[Fix, ...]:
        """The fixes of one of the diagnostics."""
        if id(diagnostic) not in self._fixes:
            self._fixes[id(diagnostic)] = engine.with_fixes(self.document, self.project, diagnostic).fixes
        return self._fixes[id(diagnostic)]

    @cached_property
    def fixed(self) -> engine.Fixed | None:
        """The document with all safe fixes applied; None if it does not parse, or nothing is to be changed."""
        if not self.diagnostics or not engine.compiles(self.document):
            return None
        fixed = engine.fix(self.document, self.project, self.diagnostics)
        return fixed if fixed.edits else None
