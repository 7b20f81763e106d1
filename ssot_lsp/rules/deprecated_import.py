"""SSOT001: a path that the registry has moved elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from ssot_lsp.model import Applicability, Diagnostic, ObjectRef, Replacement
from ssot_lsp.modules import Answer
from ssot_lsp.registry import Match
from ssot_lsp.rules import Import, Rule, sentence, uses_apart


def check(imported: Import) -> Diagnostic | None:
    """Report a deprecated path; offer the canonical one where that is not known to be missing."""
    match = imported.match
    if match is None or match.target is None:
        return None
    target = match.target
    missing = imported.is_missing(target)
    return Diagnostic(
        RULE.code,
        RULE.name,
        " ".join(filter(None, (_message(imported, target, missing=missing), sentence(match.entry)))),
        match.entry.severity or imported.failure_severity,
        imported.name_span,
        help="" if missing else f"{'use' if imported.use else 'import'} `{target}`",
        deprecated=imported.is_bound is not Answer.NO,
        entry=match.entry,
        related=(*imported.defined(target, f"`{target.dotted}` is defined here"), *imported.registered(match.entry)),
        replacements=() if missing else tuple(_replacements(imported, match, target)),
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


def _replacements(imported: Import, match: Match, target: ObjectRef) -> Iterator[Replacement]:
    """The replacement, and with it the choice to keep the local name where the canonical one is called otherwise."""
    stated = match.entry.applicability
    different = stated is None and _are_different(imported, target)
    applicability = stated or (Applicability.UNSAFE if different else Applicability.SAFE)
    doubt = " (a different definition)" if different else ""
    moves = imported.move(target)
    for use in uses_apart(imported):
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


def _are_different(imported: Import, target: ObjectRef) -> bool:
    """Whether both paths exist and are known to lead to different definitions."""
    modules = imported.project.modules
    if imported.is_bound is not Answer.YES or not _exists(imported, target):
        return False
    pairs = [(imported.ref, target)]
    if not target.qualname and not imported.ref.qualname:
        # two modules are never the same object, but one may only re-export what the other defines
        names = (name for name in modules.names(imported.module) if not name.startswith("_"))
        pairs = [(ObjectRef(imported.module, name), ObjectRef(target.module, name)) for name in names]
    return any(not _meet(modules.origins(old), modules.origins(new)) for old, new in pairs)


def _exists(imported: Import, target: ObjectRef) -> bool:
    modules = imported.project.modules
    if not target.qualname:
        return modules.exists(target.module) is Answer.YES
    return modules.binds(target.module, target.qualname.partition(".")[0]) is Answer.YES


def _meet(old: frozenset[ObjectRef] | None, new: frozenset[ObjectRef] | None) -> bool:
    if old is None or new is None:
        return True
    return bool({ref.dotted for ref in old} & {ref.dotted for ref in new})


RULE = Rule("SSOT001", "deprecated-import", 1, check)
