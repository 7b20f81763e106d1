"""Moves → text edits, verified. The only package that knows LibCST.

`names` decides what the moved names will be called, with `spelling` for the ways to write an object, and spells their
uses anew; `imports` moves names from statement to statement, with `layout` for a statement's parts and `lines` for its
place in the text. `verify` checks the result and shares no code with the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial

from ssot_lsp.model import ImportStatement, Move, ObjectRef, StringMove
from ssot_lsp.modules import Answer
from ssot_lsp.project import Document, Project
from ssot_lsp.reading import Reading, read
from ssot_lsp.rewrite.imports import move_names
from ssot_lsp.rewrite.names import Names, Others, plan_names
from ssot_lsp.rewrite.refusal import RefusalError
from ssot_lsp.rewrite.verify import verify, verify_strings, verify_unparsable
from ssot_lsp.text import Span, Text, TextEdit, apply_edits

__all__ = ["RefusalError", "rewrite"]


def rewrite(
    document: Document, project: Project, moves: Sequence[Move], strings: Sequence[StringMove] = ()
) -> tuple[TextEdit, ...]:
    """The verified edits that carry out all the moves together, in the order of the text.

    Where local names change with their uses and the result is in doubt, the local names stay instead. Raises
    RefusalError where the moves cannot be made without doubt.
    """
    if not moves:
        return _rewrite_strings(document, strings)
    try:
        reading = read(document.text)
        edits, doubt, is_renamed = _attempt(document, project, moves, strings, reading)
        if doubt and is_renamed:
            moves = [move._replace(keeps_name=True) for move in moves]
            edits, doubt, _ = _attempt(document, project, moves, strings, reading)
    except RecursionError as error:
        raise RefusalError("the file is nested too deeply") from error
    if doubt:
        raise RefusalError(doubt)
    return edits


def _attempt(
    document: Document,
    project: Project,
    moves: Sequence[Move],
    strings: Sequence[StringMove],
    reading: Reading | None,
) -> tuple[tuple[TextEdit, ...], str, bool]:
    """The edits for the moves; why they are in doubt, if they are; and whether local names change by choice.

    Raises RefusalError for moves that cannot be made.
    """
    statements = [
        (statement, (project.absolute(statement, document) or "?") if statement.is_from else "")
        for statement in document.syntax.imports
    ]
    others = Others(
        partial(_is_needed, document, project, reading),
        partial(_leads_back, document, project),
        partial(_is_there, document, project),
        lambda module: project.registry.match(ObjectRef(module)) is not None,
    )
    names = plan_names(statements, moves, reading, others)
    edits = [*move_names(document, statements, names.plans, reading.imports if reading else None, others)]
    edits += [*names.edits, *_string_edits(strings)]
    if reading is not None:
        _keep_loaded(document, project, names, reading)
    for move in moves:
        _check_uses(document, project, move, reading)
    edits = sorted(_disjoint(edits), key=lambda edit: edit.span)
    after = Text(apply_edits(document.text.source, edits))
    if reading is None:
        doubt = verify_unparsable(document.text, after)
    else:
        doubt = verify(document.text, after, document.package, moves, names.private, strings=strings)
    return tuple(edits), doubt, names.is_renamed


def _rewrite_strings(document: Document, strings: Sequence[StringMove]) -> tuple[TextEdit, ...]:
    """The verified edits of paths in strings alone, which need no scopes. Raises RefusalError if they are in doubt."""
    edits = sorted(_string_edits(strings), key=lambda edit: edit.span)
    after = Text(apply_edits(document.text.source, edits))
    if doubt := verify_strings(document.text, after, strings):
        raise RefusalError(doubt)
    return tuple(edits)


def _string_edits(strings: Sequence[StringMove]) -> Iterator[TextEdit]:
    """The edits of paths in strings, each path once. Raises RefusalError if one is to become two others."""
    paths: dict[Span, str] = {}
    for span, path in strings:
        if paths.setdefault(span, path) != path:
            raise RefusalError(f"the string would become both `{paths[span]}` and `{path}`")
    return (TextEdit(span, path) for span, path in paths.items())


def _is_needed(document: Document, project: Project, reading: Reading | None, name: str) -> bool:
    """Whether code may ask this file for a name: it is a package's own, named in a string, or imported from here."""
    if document.is_init or not document.module or document.path.name == "conftest.py":
        return True
    if reading is None or reading.is_in_string(name) or reading.is_parameter_of_test(name):
        return True
    return project.is_asked_for(document, name)


def _is_there(document: Document, project: Project, statement: ImportStatement, name: str) -> bool:
    """Whether a name that a `from` statement imports is known to be there."""
    module = project.absolute(statement, document)
    return module is not None and project.modules.binds(module, name, relative=statement.level > 0) is Answer.YES


def _keep_loaded(document: Document, project: Project, names: Names, reading: Reading) -> None:
    """Make sure that no submodule is used whose only import goes. Raises RefusalError if one is."""
    gone = {key for key, plan in names.plans.items() if not plan.stays}
    left = set[str]()
    for statement in document.syntax.imports:
        module = project.absolute(statement, document) if statement.is_from else ""
        stays = [name.path_in(module or "") for name in statement.names if (statement.span, name.span) not in gone]
        left |= {*stays, *([module] if module and stays else [])}
    for statement in document.syntax.imports:
        path = statement.module
        if statement.is_from and statement.level == 0 and any(span == statement.span for span, _ in gone):
            root = path.partition(".")[0]
            is_loaded = any(other == path or other.startswith(path + ".") for other in left)
            if "." in path and root in left | {other.partition(".")[0] for other in left} and not is_loaded:
                changed = {edit.span.start for edit in names.edits}
                for use in reading.references:
                    if use.start not in changed and ".".join(use.names).startswith(path + "."):
                        raise RefusalError(f"`{'.'.join(use.names)}` is used, and only this statement loads `{path}`")


def _leads_back(document: Document, project: Project, statement: ImportStatement) -> bool:
    """Whether what a statement imports may import the document in its turn."""
    module = project.absolute(statement, document) if statement.is_from else ""
    return any(project.modules.leads_to(name.path_in(module or ""), document.module) for name in statement.names)


def _disjoint(edits: Sequence[TextEdit]) -> Iterator[TextEdit]:
    """The edits, each once, and deletions that overlap made one: two statements may both take the `;` between them."""
    last: TextEdit | None = None
    for edit in sorted(dict.fromkeys(edits), key=lambda edit: edit.span):
        if last and edit.span.start < last.span.end and not last.new_text and not edit.new_text:
            last = TextEdit(Span(last.span.start, max(last.span.end, edit.span.end)), "")
            continue
        if last:
            yield last
        last = edit
    if last:
        yield last


def _check_uses(document: Document, project: Project, move: Move, reading: Reading | None) -> None:
    """Make sure that what is used of a moved module is there. Raises RefusalError if it is not."""
    if move.use is not None or (move.target.qualname and project.modules.find(move.target.dotted) is None):
        return  # an object, not a module: its attributes are its own affair
    written = move.name.asname or move.name.name
    if reading is not None:
        prefix = written.split(".")
        uses = (use.names for use in reading.references if [*use.names[: len(prefix)]] == prefix)
        used = {names[len(prefix)] for names in uses if len(names) > len(prefix)}
    else:
        used = {*re.findall(rf"\b{re.escape(written)}\.(\w+)", document.text.source)}
    for name in sorted(used):
        if project.modules.binds(move.target.dotted, name) is Answer.NO:
            raise RefusalError(f"`{written}.{name}` is used, and `{move.target.dotted}` does not have `{name}`")
