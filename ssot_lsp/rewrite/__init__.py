"""Moves → text edits, verified. The only package that knows LibCST.

`imports` moves names from statement to statement, with `layout` for a statement's parts and `lines` for its place in
the text; `uses` renames what was imported by `import a.b`, with `scopes` to tell what a name means. `verify` checks the
result and shares no code with the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial

from ssot_lsp.model import ImportStatement, Move
from ssot_lsp.modules import Answer
from ssot_lsp.project import Document, Project
from ssot_lsp.rewrite.imports import Others, move_names
from ssot_lsp.rewrite.uses import PlainImports, attributes_of
from ssot_lsp.rewrite.verify import verify, verify_unparsable
from ssot_lsp.scopes import ImportScopes, Reading, read_scopes
from ssot_lsp.text import Span, Text, TextEdit, apply_edits

__all__ = ["RefusalError", "rewrite"]


class RefusalError(Exception):
    """A rewrite that is not made; its text says why, for the user."""


def rewrite(document: Document, project: Project, moves: Sequence[Move]) -> tuple[TextEdit, ...]:
    """The verified edits that carry out all the moves together, in the order of the text.

    Raises RefusalError where that cannot be done without doubt.
    """
    try:
        reading = read_scopes(document.text)
        statements = [
            (statement, (project.absolute(statement, document) or "?") if statement.is_from else "")
            for statement in document.syntax.imports
        ]
        imports = reading.imports if reading else None
        moves = [*moves, *_moved_along(document, moves, imports)]
        others = Others(
            partial(_is_needed, document, project),
            partial(_leads_back, document, project),
            partial(_is_there, document, project),
        )
        edits = [*move_names(document, statements, moves, imports, others)]
        edits += _rename_uses(document, moves, reading)
        if reading is not None:
            _keep_loaded(document, project, moves, reading)
        for move in moves:
            _check_uses(document, project, move, reading)
        edits = list(_disjoint(edits))
        after = Text(apply_edits(document.text.source, edits))
    except ValueError as error:
        raise RefusalError(str(error)) from error
    except RecursionError as error:
        raise RefusalError("the file is nested too deeply") from error
    if reading is None:
        doubt = verify_unparsable(document.text, after)
    else:
        doubt = verify(document.text, after, document.package, moves)
    if doubt:
        raise RefusalError(doubt)
    return tuple(sorted(edits, key=lambda edit: edit.span))


def _moved_along(document: Document, moves: Sequence[Move], imports: ImportScopes | None) -> Iterator[Move]:
    """The plain `import a.b` statements that must move with another one of the same scope, as they share their uses."""
    given = {move.name.span for move in moves}
    for move in moves:
        if _is_plain(move) and imports is not None:
            for statement in document.syntax.imports:
                for name in statement.names:
                    other = move._replace(statement=statement, name=name)
                    is_same = name.name == move.name.name and imports.are_together(statement, move.statement)
                    if is_same and name.span not in given and _is_plain(other):
                        given.add(name.span)
                        yield other


def _is_needed(document: Document, project: Project, name: str) -> bool:
    """Whether other files may ask this one for a name: it is a package's own, listed, or imported from here."""
    if document.is_init or not document.module or re.search(rf"""["']{name}["']""", document.text.source):
        return True
    return project.is_imported_from(document, name)


def _is_there(document: Document, project: Project, statement: ImportStatement, name: str) -> bool:
    """Whether a name that a `from` statement imports is known to be there."""
    module = project.absolute(statement, document)
    return module is not None and project.modules.binds(module, name, relative=statement.level > 0) is Answer.YES


def _keep_loaded(document: Document, project: Project, moves: Sequence[Move], reading: Reading) -> None:
    """Make sure that no submodule is used whose only import moves away. Raises ValueError if one is."""
    moved = {move.name.span for move in moves}
    left = set[str]()
    for statement in document.syntax.imports:
        module = project.absolute(statement, document) if statement.is_from else ""
        stays = [name.path_in(module or "") for name in statement.names if name.span not in moved]
        left |= {*stays, *([module] if module and stays else [])}
    for move in moves:
        if move.statement.is_from and move.statement.level == 0:
            path = move.statement.module
            root = path.partition(".")[0]
            is_loaded = any(other == path or other.startswith(path + ".") for other in left)
            if "." in path and root in left | {other.partition(".")[0] for other in left} and not is_loaded:
                for chain in reading.chains(document.text, {root}):
                    if ".".join(chain.names).startswith(path + "."):
                        raise ValueError(f"`{'.'.join(chain.names)}` is used, and only this statement loads `{path}`")


def _leads_back(document: Document, project: Project, statement: ImportStatement) -> bool:
    """Whether what a statement imports may import the document in its turn."""
    module = project.absolute(statement, document) if statement.is_from else ""
    return any(project.modules.leads_to(name.path_in(module or ""), document.module) for name in statement.names)


def _rename_uses(document: Document, moves: Sequence[Move], reading: Reading | None) -> Iterator[TextEdit]:
    """What the uses of plain `import a.b` statements become."""
    dotted = [move for move in moves if _is_plain(move)]
    if not dotted or reading is None:
        return
    plain = PlainImports(reading.tree, reading.scopes, document.text)
    moved = [move.name.span for move in dotted]
    for move in dotted:
        yield from plain.rename(move.name.span, move.name.name, move.target.dotted, moved)


def _is_plain(move: Move) -> bool:
    return not move.statement.is_from and move.name.asname is None and "." in move.name.name


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
    """Make sure that what is used of a moved module is there. Raises ValueError if it is not."""
    if move.target.qualname and project.modules.find(move.target.dotted) is None:
        return  # an object, not a module: its attributes are its own affair
    written = move.name.asname or move.name.name
    if reading is not None:
        used = attributes_of(reading.tree, written)
    elif _is_plain(move):
        raise ValueError(f"the uses of `{written}` cannot be told in a file that does not parse")
    else:
        used = frozenset(re.findall(rf"\b{re.escape(written)}\.(\w+)", document.text.source))
    for name in sorted(used):
        if project.modules.binds(move.target.dotted, name) is Answer.NO:
            raise ValueError(f"`{written}.{name}` is used, and `{move.target.dotted}` does not have `{name}`")
