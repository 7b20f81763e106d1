"""Moves → text edits, verified. The only package that knows LibCST.

`names` decides what the moved names will be called, with `spelling` for the ways to write an object, and spells their
uses anew; `imports` moves names from statement to statement, with `layout` for a statement's parts and `lines` for its
place in the text. `verify` checks the result and shares no code with the others.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import cache, partial

from ssot_lsp.model import ImportStatement, Move, ObjectRef, StringMove
from ssot_lsp.modules import Answer, prefixes
from ssot_lsp.project import Document, Project
from ssot_lsp.reading import Reading, read
from ssot_lsp.rewrite.imports import move_names
from ssot_lsp.rewrite.names import Names, Others, plan_names
from ssot_lsp.rewrite.refusal import RefusalError
from ssot_lsp.rewrite.verify import verify, verify_comments, verify_strings, verify_unparsable
from ssot_lsp.scopes import Scope
from ssot_lsp.text import Span, Text, TextEdit, apply_edits

__all__ = ["UNVERIFIED", "RefusalError", "rewrite"]

UNVERIFIED = "the result could not be verified"
"""How a refusal begins that the verifier made."""


def rewrite(
    document: Document,
    project: Project,
    moves: Sequence[Move],
    strings: Sequence[StringMove] = (),
    comments: Sequence[TextEdit] = (),
) -> tuple[TextEdit, ...]:
    """The verified edits that carry out all the moves together, in the order of the text; or those of comments.

    Where local names change with their uses and the result is in doubt, the local names stay instead. Raises
    RefusalError where the moves cannot be made without doubt.
    """
    if comments:
        if moves or strings:
            raise RefusalError("comments are changed by themselves")
        return _rewrite_comments(document, comments)
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
        raise RefusalError(f"{UNVERIFIED}: {doubt}")
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
        lambda name: name in (project.modules.exports(document.module) or ()) or project.is_asked_for(document, name),
        cache(partial(_leads_back, document, project)),
        partial(_is_there, document, project),
        lambda module: project.registry.match(ObjectRef(module)) is not None,
        lambda name: document.is_init and project.modules.is_submodule(document.module, name),
        partial(_is_hidden, project),
        project.line_length,
    )
    names = plan_names(statements, moves, reading, others)
    scopes = reading.imports if reading else None
    edits = [*move_names(document, statements, names.plans, scopes, others)]
    edits += [*names.edits, *_string_edits(strings)]
    if reading is not None:
        _keep_loaded(document, project, names, reading)
    for move in moves:
        _check_uses(document, project, move, reading, [m.use.start for m in moves if m.use])
    edits = sorted(_disjoint(edits), key=lambda edit: edit.span)
    after = Text(apply_edits(document.text.source, edits))
    if reading is None:
        doubt = verify_unparsable(document.text, after)
    else:
        doubt = verify(document.text, after, document.package, moves, names.private, strings=strings, edits=edits)
    return tuple(edits), doubt, names.is_renamed


def _rewrite_strings(document: Document, strings: Sequence[StringMove]) -> tuple[TextEdit, ...]:
    """The verified edits of paths in strings alone, which need no scopes. Raises RefusalError if they are in doubt."""
    edits = sorted(_string_edits(strings), key=lambda edit: edit.span)
    after = Text(apply_edits(document.text.source, edits))
    if doubt := verify_strings(document.text, after, strings):
        raise RefusalError(doubt)
    return tuple(edits)


def _rewrite_comments(document: Document, comments: Sequence[TextEdit]) -> tuple[TextEdit, ...]:
    """The verified edits of comments alone. Raises RefusalError if they are in doubt."""
    edits = tuple(sorted(set(comments), key=lambda edit: edit.span))
    if doubt := verify_comments(document.text, Text(apply_edits(document.text.source, edits))):
        raise RefusalError(doubt)
    return edits


def _string_edits(strings: Sequence[StringMove]) -> Iterator[TextEdit]:
    """The edits of paths in strings, each path once. Raises RefusalError if one is to become two others."""
    paths: dict[Span, str] = {}
    for span, path in strings:
        if paths.setdefault(span, path) != path:
            raise RefusalError(f"the string would become both `{paths[span]}` and `{path}`")
    return (TextEdit(span, path) for span, path in paths.items())


def _is_needed(document: Document, project: Project, reading: Reading | None, name: str) -> bool:
    """Whether code may ask this file for a name: it is a package's own, named in a string, or imported from here."""
    if document.is_init or document.path.name == "conftest.py" or not (document.module or document.is_part):
        return True
    if name.startswith("__") and name.endswith("__"):  # Python asks for it, as for `__getattr__` (PEP 562)
        return True
    imported = (alias.path_in(s.module) for s in document.syntax.imports if not s.level for alias in s.names)
    if document.module in imported:
        return True
    if reading is None or name in reading.in_strings or name in reading.test_parameters:
        return True
    return project.is_asked_for(document, name)


def _is_there(document: Document, project: Project, statement: ImportStatement, name: str) -> bool:
    """Whether a name that a `from` statement imports is known to be there."""
    module = project.absolute(statement, document)
    return module is not None and project.modules.binds(module, name, relative=statement.level > 0) is Answer.YES


def _keep_loaded(document: Document, project: Project, names: Names, reading: Reading) -> None:
    """Make sure that no submodule is used whose only import goes. Raises RefusalError if one is."""
    before, after = set[str](), set[str]()
    for statement in document.syntax.imports:
        module = (project.absolute(statement, document) or "") if statement.is_from else ""
        for name in statement.parts:
            plan = names.plans.get((statement.span, name.span))
            is_submodule = bool(module) and project.modules.is_submodule(module, name.name)
            before.add(name.path_in(module) if not module or is_submodule else module)
            after |= {name.path_in(module)} if plan is None or plan.stays else set()
            new = ((s.module, s.item) for s in (plan.spellings if plan else ()) if s.item is not None)
            after |= {f"{module}.{item.name}".lstrip(".") for module, item in new}
    lost = {prefix for path in before for prefix in prefixes(path)} - {p for path in after for p in prefixes(path)}
    changed = {edit.span.start for edit in names.edits}
    for use in reading.references if lost else ():
        if use.start not in changed and len(use.names) > 1 and (scope := reading.resolve(use)) is not None:
            for path in _paths(document, project, reading, scope, use.root):
                if any(f"{path}.{'.'.join(use.names[1:end])}" in lost for end in range(2, len(use.names) + 1)):
                    raise RefusalError(f"`{'.'.join(use.names)}` is used, and only this statement loads it")


def _paths(document: Document, project: Project, reading: Reading, scope: Scope, local: str) -> Iterator[str]:
    """What the imports of a scope bind a name to."""
    places = {reading.imports.aliases.get(site) for site in scope.sites.get(local, ())}
    for statement in document.syntax.imports:
        for name in statement.names:
            if name.span.start in places:
                module = (project.absolute(statement, document) or "") if statement.is_from else ""
                yield name.bound_in(module)


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


def _check_uses(
    document: Document, project: Project, move: Move, reading: Reading | None, apart: Collection[int]
) -> None:
    """Make sure that what is used of a moved module is there. Raises RefusalError if it is not.

    `apart` is where the uses begin that move by themselves.
    """
    modules = project.modules
    if move.use is not None or (move.target.qualname and modules.find(move.target.dotted) is None):
        return  # an object, not a module: its attributes are its own affair
    written = move.name.asname or move.name.name
    if reading is not None:
        prefix = written.split(".")
        scope = reading.scopes.binder(prefix[0], reading.imports.scope(move.statement))
        uses = (use.names for use in reading.of(scope, prefix[0]) if use.start not in apart)
        used = {names[len(prefix)] for names in uses if [*names[: len(prefix)]] == prefix and len(names) > len(prefix)}
    else:
        used = {*re.findall(rf"\b{re.escape(written)}\.(\w+)", document.text.source)}
    module = project.absolute(move.statement, document) if move.statement.is_from else ""
    old, new = modules.find(move.name.path_in(module or "")), modules.find(move.target.dotted)
    for name in sorted(used):
        is_loaded_no_more = new is not None and old is not None and old.loads(name) and not new.provides(name)
        if modules.binds(move.target.dotted, name) is Answer.NO or is_loaded_no_more:
            raise RefusalError(f"`{written}.{name}` is used, and `{move.target.dotted}` does not have `{name}`")


def _is_hidden(project: Project, module: str) -> bool:
    """Whether a package on the way to a module binds the next name to something else."""
    for prefix in [*prefixes(module)][:-1]:
        package, _, last = prefix.rpartition(".")
        found = project.modules.find(package) if project.modules.is_first_party(package) else None
        if found is not None and any(b.origin != ObjectRef(prefix) for b in found.bindings.names.get(last, ())):
            return True
    return False
