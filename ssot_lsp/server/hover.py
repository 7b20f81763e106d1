"""Hover on an imported name: deprecated → canonical, why, until when, and what the canonical object is."""

from __future__ import annotations

from ssot_lsp.project import Document, Project
from ssot_lsp.rules import Import, imported_names, sentence
from ssot_lsp.text import Span


def hover_text(document: Document, project: Project, offset: int) -> tuple[str, Span] | None:
    """Markdown on what the registry says of the imported name at `offset` (code points), and that name's span."""
    for statement in document.syntax.imports:
        if statement.span.start <= offset <= statement.span.end:
            for imported in imported_names(project, document, statement):
                if imported.name and imported.name.span.start <= offset <= imported.name.span.end:
                    return _text(imported, project)
    return None


def _text(imported: Import, project: Project) -> tuple[str, Span] | None:
    match = project.registry.match(imported.ref)
    if match is None:
        return None
    lines = [f"`{imported.ref.dotted}` → `{match.target}`" if match.target else f"`{imported.ref.dotted}` was removed"]
    lines += [sentence(entry) for entry in dict.fromkeys((match.entry, match.last))]
    lines += [f"Alternative: `{ref}`" for ref in match.last.alternatives]
    if match.target is not None:
        described = project.environment.describe(match.target, project.modules.roots)
        lines += [f"```text\n{described}\n```"] if described else []
    return "\n\n".join(line for line in lines if line), imported.name_span
