"""Hover on what is imported, used or named in a string: deprecated → canonical, why, until when, and what that is."""

from __future__ import annotations

from datetime import date

from ssot_lsp.model import Entry, Location, ObjectRef
from ssot_lsp.project import Project
from ssot_lsp.rules import sentence
from ssot_lsp.server.named import Named


def canonical_of(named: Named, project: Project) -> ObjectRef | None:
    """What the registry says is to be used instead of a path; None if it says nothing, or nothing is."""
    match = project.registry.match(named.ref)
    return match.target if match is not None else None


def hover_text(named: Named, project: Project, today: date, about: str) -> str | None:
    """Markdown on what the registry says of a path, and what it is `about`; None if it says nothing."""
    match = project.registry.match(named.ref)
    if match is None:
        return None
    written = named.ref.dotted
    lines = [f"`{written}` → `{match.target}`" if match.target else f"`{written}` was removed"]
    for entry in dict.fromkeys((match.entry, match.last)):
        lines += [sentence(entry), until(entry, today)]
    lines += [f"Alternative: `{ref}`" for ref in match.last.alternatives]
    lines += [f"```text\n{about}\n```"] if about else []
    return "\n\n".join(line for line in lines if line)


def definition_of(named: Named, project: Project) -> Location | None:
    """Where the canonical object is defined that a path leads to, also from a deprecated path; None if nobody knows."""
    target = canonical_of(named, project) or named.ref
    found = project.modules.definition(project.modules.split(target))
    return found.location if found is not None else None


def until(entry: Entry, today: date) -> str:
    """How long it is until the removal; empty if it is no date."""
    try:
        days = (date.fromisoformat(entry.removal) - today).days
    except ValueError:
        return ""
    if days < 0:
        return f"Its removal was due {_days(-days)} ago."
    return f"It will be removed in {_days(days)}." if days else "It is to be removed today."


def _days(count: int) -> str:
    return f"{count} day" if count == 1 else f"{count} days"
