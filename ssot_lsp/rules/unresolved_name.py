"""SSOT004: a first-party module that does not bind the imported name."""

from __future__ import annotations

from itertools import islice

from ssot_lsp.model import Diagnostic, ObjectRef
from ssot_lsp.modules import Answer
from ssot_lsp.rules import MOST_GUESSES, Glimpse, Import, Rule, did_you_mean


def check(imported: Import) -> Diagnostic | None:
    """Report a name that its module does not have; offer every place that has it, and similar names."""
    if imported.name is None or not imported.statement.is_from or imported.module_exists is not Answer.YES:
        return None
    if imported.is_bound is not Answer.NO:
        return None
    from difflib import get_close_matches  # noqa: PLC0415 - only a broken import needs it

    name, modules = imported.name.name, imported.project.modules
    registered = imported.same_name(name)
    elsewhere = tuple(ObjectRef(module, name) for module in islice(modules.exporters(name), MOST_GUESSES))
    names = imported.search_path.provider(imported.module).names(imported.module)
    close = get_close_matches(name, sorted(names), 3, 0.75)
    here = tuple(ObjectRef(imported.module, similar) for similar in close)
    candidates = imported.candidates(registered, here, elsewhere)
    offered = tuple(str(replacement.moves[0].target) for replacement in candidates)
    return Diagnostic(
        RULE.code,
        RULE.name,
        " ".join(filter(None, (f"`{imported.module}` does not have `{name}`.", did_you_mean(offered)))),
        imported.failure_severity,
        imported.name_span,
        replacements=candidates,
    )


def suspects(glimpse: Glimpse) -> bool:
    """Whether a name is missing."""
    binds, module = glimpse.search_path.binds, glimpse.module
    names = glimpse.names if module else ()
    return any(binds(module, name, relative=glimpse.is_relative) is Answer.NO for name in names)


RULE = Rule("SSOT004", "unresolved-name", 4, check, suspects=suspects)
