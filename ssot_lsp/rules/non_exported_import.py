"""SSOT005: a name that exists, but that its module's `__all__` leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice

from ssot_lsp.model import Diagnostic, ObjectRef, Severity
from ssot_lsp.modules import Answer
from ssot_lsp.rules import MOST_GUESSES, Glimpse, Import, Rule


def check(imported: Import) -> Diagnostic | None:
    """Report a name outside of a statically known `__all__`; offer a module that exports the same object."""
    name = imported.name
    if name is None or not imported.statement.is_from or imported.is_bound is not Answer.YES:
        return None
    exported = imported.search_path.is_exported(imported.module, name.name, relative=imported.statement.level > 0)
    if exported is not Answer.NO or _is_exempt(imported, name.name):
        return None
    offered = (ref for ref in chain(_origins(imported), _reexports(imported)) if ref.module != imported.module)
    exporters = tuple(islice(offered, MOST_GUESSES))
    return Diagnostic(
        RULE.code,
        RULE.name,
        f"`{name.name}` is not in the `__all__` of `{imported.module}`."
        + (f" `{exporters[0].module}` exports it." if exporters else ""),
        Severity.INFORMATION,
        imported.name_span,
        related=imported.defined(imported.ref, f"`{name.name}` is defined here"),
        replacements=imported.candidates(exporters),
    )


def _is_exempt(imported: Import, name: str) -> bool:
    """Submodules, dunders, what a module `__getattr__` answers for, imports inside the same package, and bridges.

    A bridge imports what the registry says: it is the registry that is to say something else (SSOT106).
    """
    module = imported.project.modules.find(imported.module)
    if module is None or (name.startswith("__") and name.endswith("__")):
        return True
    package = module.name if module.folders else module.name.rpartition(".")[0]
    return (
        module.answers
        or imported.project.modules.is_submodule(imported.module, name)
        or imported.document.package == package
        or _is_bridged(imported)
    )


def _is_bridged(imported: Import) -> bool:
    """Whether the import supplies a deprecated path with its canonical object."""
    local = imported.name.local if imported.name else ""
    match = imported.project.registry.match(ObjectRef(imported.document.module, local))
    return match is not None and match.target == imported.ref


def _origins(imported: Import) -> list[ObjectRef]:
    """Where the same object is defined, as far as that module does not keep it out of its own `__all__`."""
    modules = imported.project.modules
    origins = modules.origins(imported.ref) or frozenset()
    return sorted(ref for ref in origins if ref.qualname and modules.is_exported(*_parts(ref)) is not Answer.NO)


def _reexports(imported: Import) -> Iterator[ObjectRef]:
    """The other modules that list the name in their `__all__` and lead to the same object."""
    modules, name = imported.project.modules, imported.ref.qualname
    origins = modules.origins(imported.ref) or frozenset()
    listed = (ObjectRef(module, name) for module in modules.listers(name))
    return (ref for ref in listed if (modules.origins(ref) or frozenset()) & origins)


def _parts(ref: ObjectRef) -> tuple[str, str]:
    return ref.module, ref.qualname


def suspects(glimpse: Glimpse) -> bool:
    """Whether a name is missing in an `__all__`, and is no submodule."""
    modules, module = glimpse.project.modules, glimpse.module
    return bool(module) and any(
        modules.is_exported(module, name) is Answer.NO and not modules.is_submodule(module, name)
        for name in glimpse.names
    )


RULE = Rule("SSOT005", "non-exported-import", 5, check, suspects=suspects)
