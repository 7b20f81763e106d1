"""SSOT001: a path that the registry has moved elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from ssot_lsp.model import Applicability, Diagnostic, ObjectRef, Replacement
from ssot_lsp.modules import Answer
from ssot_lsp.registry import Match
from ssot_lsp.rules import (
    Import,
    Rule,
    are_different,
    is_missing,
    is_registered,
    new_cycle,
    sentence,
    uses_apart,
    uses_of_package,
    warning,
)


def check(imported: Import) -> Diagnostic | None:
    """Report a deprecated path; offer the canonical one where that is not known to be missing."""
    match = imported.match
    if match is None or match.target is None or imported.name is None:
        return None
    target = match.target
    missing = is_missing(imported.project, target)
    cycle = () if missing else new_cycle(imported, target)
    return Diagnostic(
        RULE.code,
        RULE.name,
        " ".join(filter(None, (_message(imported, target, missing=missing), warning(cycle), sentence(match.entry)))),
        match.entry.severity or imported.failure_severity,
        imported.name_span,
        help="" if missing else f"{'use' if imported.use else 'import'} `{target}`",
        deprecated=imported.is_bound is not Answer.NO,
        entry=match.entry,
        related=(*imported.defined(target, f"`{target.dotted}` is defined here"), *imported.registered(match.entry)),
        replacements=() if missing else tuple(_replacements(imported, match, target, is_cycle=bool(cycle))),
    )


def _message(imported: Import, target: ObjectRef, *, missing: bool) -> str:
    path = imported.ref.dotted
    if not missing:
        return f"`{path}` is deprecated: {'use' if imported.use else 'import'} `{target}`."
    if target.qualname and imported.project.modules.exists(target.module) is not Answer.NO:
        return (
            f"`{path}` is deprecated, but its canonical module `{target.module}` does not have "
            f"`{target.qualname}`: the import stays as it is."
        )
    return f"`{path}` is deprecated, but the canonical `{target}` does not exist: the import stays as it is."


def _replacements(imported: Import, match: Match, target: ObjectRef, *, is_cycle: bool) -> Iterator[Replacement]:
    """The replacement, and with it the choice to keep the local name where the canonical one is called otherwise."""
    stated = match.entry.applicability
    different = stated is None and are_different(imported.project, imported.ref, target)
    applicability = stated or (Applicability.UNSAFE if different else Applicability.SAFE)
    if is_cycle and applicability is Applicability.SAFE:
        applicability = Applicability.UNSAFE
    doubt = " (a different definition)" if different else ""
    moves = imported.move(target)
    for use in () if imported.use else (*uses_apart(imported), *uses_of_package(imported)):
        if use.match is not None and use.match.target is not None:
            moves += use.move(use.match.target)
            order = [Applicability.SAFE, Applicability.UNSAFE, Applicability.DISPLAY]
            applicability = max(applicability, use.match.entry.applicability or applicability, key=order.index)
    yield Replacement(f"{'Use' if imported.use else 'Import'} `{target.dotted}`{doubt}", applicability, moves)
    name = imported.name
    is_renamed = name is not None and not name.asname and target.dotted.rpartition(".")[2] != name.local
    is_direct = not imported.use and (imported.statement.is_from or "." not in imported.module)
    if name is not None and is_renamed and is_direct and "." not in target.qualname:
        kept = tuple(move._replace(keeps_name=True) for move in moves)
        yield Replacement(f"Import `{target.dotted}` as `{name.local}`{doubt}", Applicability.DISPLAY, kept)


RULE = Rule("SSOT001", "deprecated-import", 1, check, suspects=is_registered)
