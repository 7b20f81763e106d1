"""SSOT002: a path that the registry lists as removed, without a canonical one."""

from __future__ import annotations

from ssot_lsp.model import Diagnostic, Severity
from ssot_lsp.modules import Answer
from ssot_lsp.rules import Import, Rule, fate, is_registered, sentence


def check(imported: Import) -> Diagnostic | None:
    """Report a removed path; offer its alternatives as choices."""
    match = imported.match
    if match is None or match.target is not None:
        return None
    alternatives = match.last.alternatives
    names = " or ".join(f"`{ref}`" for ref in alternatives)
    return Diagnostic(
        RULE.code,
        RULE.name,
        " ".join(filter(None, (f"`{imported.ref.dotted}` {fate(match.last)}.", sentence(match.last)))),
        match.entry.severity or (imported.failure_severity if match.entry.is_gone else Severity.WARNING),
        imported.name_span,
        help=f"look at {names}" if names else "",
        deprecated=imported.is_bound is not Answer.NO,
        entry=match.last,
        related=(
            *(place for ref in alternatives for place in imported.defined(ref, f"the alternative `{ref.dotted}`")),
            *imported.registered(match.last),
        ),
        replacements=() if imported.use else imported.candidates(alternatives),
    )


RULE = Rule("SSOT002", "removed-import", 1, check, suspects=is_registered)
