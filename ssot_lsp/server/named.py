"""What a place in a document names: an imported object, a use of one, a path in a string."""

from __future__ import annotations

from typing import NamedTuple

from ssot_lsp.model import ObjectRef
from ssot_lsp.project import Document, Project
from ssot_lsp.reading import Reading, read
from ssot_lsp.rules import Import, imported_names
from ssot_lsp.text import Span, Text


class Named(NamedTuple):
    """A path that is written somewhere, or that a name there stands for."""

    ref: ObjectRef
    span: Span
    """Where, in code points."""


def named_at(document: Document, project: Project, offset: int) -> Named | None:
    """What is named at an offset (in code points), or ends there; None if that is nothing that is imported."""
    for statement in document.syntax.imports:
        if statement.span.start <= offset <= statement.span.end:
            for imported in imported_names(project, document, statement):
                if imported.name is not None and _holds(imported.name.span, offset):
                    return Named(imported.ref, imported.name.span)
                if statement.is_from and _holds(statement.module_span, offset):
                    return Named(ObjectRef(imported.module), statement.module_span)
            return None
    for string in document.syntax.paths:
        if _holds(string.span, offset):
            return Named(project.modules.split(ObjectRef(string.dotted)), string.span)
    return _used_at(document, project, offset)


def read_uses(text: Text) -> Reading | None:
    """The uses of names in a text, worked out once; None if it does not parse. In a long text that takes a while."""
    try:
        reading = read(text)
    except RecursionError:
        return None
    if reading is not None:
        _ = reading.references
    return reading


def _used_at(document: Document, project: Project, offset: int) -> Named | None:
    """What a use of an imported name means, as far as it is certain: all that binds the name is the same import."""
    reading = read_uses(document.text)
    used = (r for r in reading.references if r.start <= offset <= r.ends[-1]) if reading is not None else ()
    reference = min(used, key=lambda reference: reference.ends[-1] - reference.start, default=None)
    scope = reading.resolve(reference) if reading is not None and reference is not None else None
    if reading is None or reference is None or scope is None:
        return None
    count = next(count for count, end in enumerate(reference.ends, 1) if offset <= end)
    places = {reading.imports.aliases.get(site) for site in scope.sites[reference.root] if site not in reading.nones}
    for imported in _imports(document, project) if len(places) == 1 else ():
        if imported.name is not None and imported.name.span.start in places:
            is_plain = not imported.statement.is_from and imported.name.asname is None
            begin = reference.root if is_plain else imported.ref.dotted
            path = ".".join([begin, *reference.names[1:count]])
            return Named(project.modules.split(ObjectRef(path)) if count > 1 else imported.ref, reference.span(count))
    return None


def _imports(document: Document, project: Project) -> list[Import]:
    return [name for statement in document.syntax.imports for name in imported_names(project, document, statement)]


def _holds(span: Span, offset: int) -> bool:
    return span.start <= offset <= span.end
