"""What can be done about an import outside of its own file: a bridge where it looks, an entry in the registry."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import chain

from ssot_lsp.bridges import Bridge, NoBridgeError, bridge_at, bridge_place, bridge_to
from ssot_lsp.model import Diagnostic, ObjectRef
from ssot_lsp.modules import Answer
from ssot_lsp.registry.edit import added_entry
from ssot_lsp.rules import Import, imported_names
from ssot_lsp.server.checked import Checked
from ssot_lsp.server.offer import QUICK_FIX, FileEdit, Offer, known
from ssot_lsp.text import Span, TextEdit

_UNRESOLVED_MODULE = "SSOT003"
_UNREGISTERED = (_UNRESOLVED_MODULE, "SSOT004", "SSOT005")
_START = Span(0, 0)


def bridges(checked: Checked, diagnostic: Diagnostic) -> Iterator[Offer]:
    """A module at a path that nothing provides, which hands on what is meant by that path.

    That is what the registry says of the names there, or the names of the one module that may have been meant.
    """
    imported = _imported(checked, diagnostic)
    if imported is None or imported.module_exists is not Answer.NO or imported.module.startswith("."):
        return
    try:
        made = _bridge(imported, diagnostic)
    except NoBridgeError:
        return
    work = partial(known, tuple(_created(made)))
    yield Offer(f"Create a bridge at `{made.module}`", QUICK_FIX, work, (diagnostic,), creates=True)


def _bridge(imported: Import, diagnostic: Diagnostic) -> Bridge:
    """The bridge that would supply what is imported. Raises NoBridgeError."""
    module, modules = imported.module, imported.project.modules
    try:
        return bridge_at(module, imported.project.registry, modules)
    except NoBridgeError as error:
        if error.missing or diagnostic.code != _UNRESOLVED_MODULE or len(diagnostic.replacements) != 1:
            raise
        moves = diagnostic.replacements[0].moves
        names = {move.name.name: move.target for move in moves if move.target.qualname}
        files = bridge_place(module, modules)
        if files is None:
            raise
        return bridge_to(module, names, files, modules)


def _created(made: Bridge) -> Iterator[FileEdit]:
    for package in made.files[:-1]:
        yield FileEdit(package, None, ())
    yield FileEdit(made.files[-1], None, (TextEdit(_START, made.text),))


def entries(checked: Checked, diagnostic: Diagnostic) -> Iterator[Offer]:
    """An entry for a path that no entry speaks of: what may have been meant by it, or that it is no more."""
    imported = _imported(checked, diagnostic) if diagnostic.code in _UNREGISTERED else None
    if imported is None or imported.module.startswith("."):
        return
    is_module = diagnostic.code == _UNRESOLVED_MODULE
    old = ObjectRef(imported.module) if is_module else imported.ref
    targets = [replacement.moves[0].target for replacement in diagnostic.replacements if replacement.moves]
    meant = dict.fromkeys(ObjectRef(target.module) if is_module else target for target in targets)
    file = checked.project.registry.files[0]
    for new in chain(meant, () if diagnostic.code == "SSOT005" else (None,)):
        edit = added_entry(file.text, new, old)
        if edit is not None:
            title = f"Add to the registry: `{old}` {f'is now `{new}`' if new is not None else 'was removed'}"
            work = partial(known, (FileEdit(file.path, file.text, (edit,)),))
            yield Offer(title, QUICK_FIX, work, (diagnostic,))


def _imported(checked: Checked, diagnostic: Diagnostic) -> Import | None:
    """The import that a diagnostic speaks of; None if it speaks of something else."""
    for statement in checked.document.syntax.imports:
        if statement.span.contains(diagnostic.span):
            for imported in imported_names(checked.project, checked.document, statement):
                if diagnostic.span in (imported.name_span, imported.module_span):
                    return imported
    return None
