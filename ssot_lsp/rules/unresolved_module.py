"""SSOT003: a first-party module that no file provides."""

from __future__ import annotations

from itertools import islice

from ssot_lsp.model import Applicability, Diagnostic, Move, ObjectRef, Replacement
from ssot_lsp.modules import Answer
from ssot_lsp.rules import MOST_GUESSES, Glimpse, Import, Rule, did_you_mean


def check(imported: Import) -> Diagnostic | None:
    """Report a module that does not exist, once per statement; offer those that may have been meant."""
    if imported.module_exists is not Answer.NO:
        return None
    missing = f"No file provides the module `{imported.module}`"
    if imported.module.startswith("."):
        return _diagnostic(imported, f"{missing}: the relative import leads above the top.")
    modules = tuple(islice((module for module in _similar(imported) if _provides(imported, module)), MOST_GUESSES))
    replacements = tuple(_replacement(imported, module) for module in modules if imported.name)
    return _diagnostic(imported, " ".join(filter(None, (f"{missing}.", did_you_mean(modules)))), replacements)


def _diagnostic(imported: Import, message: str, replacements: tuple[Replacement, ...] = ()) -> Diagnostic:
    severity, span = imported.failure_severity, imported.module_span
    return Diagnostic(RULE.code, RULE.name, message, severity, span, replacements=replacements)


def _similar(imported: Import) -> tuple[str, ...]:
    registered = (ref.module for ref in imported.same_name(imported.module.rpartition(".")[2]) if not ref.qualname)
    return tuple(dict.fromkeys([*registered, *imported.project.modules.similar(imported.module)]))


def _provides(imported: Import, module: str) -> bool:
    """Whether a candidate has all names that the statement wants from the missing module."""
    names = imported.statement.names if imported.statement.is_from else ()
    return all(imported.project.modules.surely_binds(module, name.name) for name in names)


def _replacement(imported: Import, module: str) -> Replacement:
    if imported.statement.is_from:
        statement = imported.statement
        moves = tuple(Move(statement, name, ObjectRef(module, name.name)) for name in statement.names)
    else:
        moves = imported.move(ObjectRef(module))
    return Replacement(f"Import from `{module}` instead", Applicability.DISPLAY, moves)


def suspects(glimpse: Glimpse) -> bool:
    """Whether a module is missing."""
    exists = glimpse.search_path.exists
    modules = (glimpse.module,) if glimpse.module else glimpse.names
    return any(exists(module, relative=glimpse.is_relative) is Answer.NO for module in modules)


RULE = Rule("SSOT003", "unresolved-module", 3, check, suspects=suspects)
