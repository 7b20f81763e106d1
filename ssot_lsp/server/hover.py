"""Hover on what is imported, used or named in a string: deprecated → canonical, why, until when, and what that is."""

from __future__ import annotations

from datetime import date

from ssot_lsp.model import Entry, Location, ObjectRef
from ssot_lsp.registry import Match
from ssot_lsp.rules import fate, sentence
from ssot_lsp.server.checked import Checked
from ssot_lsp.server.named import Named


def _match(named: Named, checked: Checked) -> Match | None:
    match = checked.project.registry.match(named.ref)
    return None if match is None or checked.project.is_about_another(match.entry, checked.document) else match


def canonical_of(named: Named, checked: Checked) -> ObjectRef | None:
    """What the registry says is to be used instead of a path; None if it says nothing, or nothing is."""
    match = _match(named, checked)
    return match.target if match is not None else None


def hover_text(named: Named, checked: Checked, today: date, about: str) -> str | None:
    """Markdown on what the registry says of a path, and what it is `about`; None if it says nothing."""
    match = _match(named, checked)
    if match is None:
        return None
    written = named.ref.dotted
    lines = [f"`{written}` → `{match.target}`" if match.target else f"`{written}` {fate(match.last, 'was removed')}"]
    for entry in dict.fromkeys((match.entry, match.last)):
        lines += [sentence(entry), until(entry, today)]
    lines += [f"Alternative: `{ref}`" for ref in match.last.alternatives]
    lines += [f"```text\n{about}\n```"] if about else []
    return "\n\n".join(line for line in lines if line)


def definition_of(named: Named, checked: Checked) -> Location | None:
    """Where the canonical object is defined that a path leads to, also from a deprecated path; None if nobody knows."""
    target, project = canonical_of(named, checked), checked.project
    modules, ref = project.modules, target or named.ref
    if target is not None and not modules.is_first_party(target.module):
        modules = project.installed(target.module)
    found = modules.definition(modules.split(ref))
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
