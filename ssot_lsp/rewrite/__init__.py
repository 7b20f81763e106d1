"""Moves → text edits, verified. The only package that knows LibCST.

`imports` moves names from statement to statement, `uses` renames what was imported by `import a.b`, `verify` checks the
result and shares no code with the other two.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence

from ssot_lsp.model import Move
from ssot_lsp.modules import Answer
from ssot_lsp.project import Document, Project
from ssot_lsp.rewrite.imports import move_names
from ssot_lsp.rewrite.uses import attributes_of, rename_dotted
from ssot_lsp.rewrite.verify import verify, verify_unparsable
from ssot_lsp.text import Text, TextEdit, apply_edits

__all__ = ["RefusalError", "rewrite"]


class RefusalError(Exception):
    """A rewrite that is not made; its text says why, for the user."""


def rewrite(document: Document, project: Project, moves: Sequence[Move]) -> tuple[TextEdit, ...]:
    """The verified edits that carry out all the moves together, in the order of the text.

    Raises RefusalError where that cannot be done without doubt.
    """
    tree = _tree(document.text)
    try:
        statements = [
            (statement, (project.absolute(statement, document) or "?") if statement.is_from else "")
            for statement in document.syntax.imports
        ]
        edits = [*move_names(document, statements, moves)]
        for move in moves:
            edits += _use_edits(document, project, move, tree)
        after = Text(apply_edits(document.text.source, edits))
    except ValueError as error:
        raise RefusalError(str(error)) from error
    if tree is None:
        doubt = verify_unparsable(document.text, after)
    else:
        doubt = verify(document.text, after, document.package, moves)
    if doubt:
        raise RefusalError(doubt)
    return tuple(sorted(edits, key=lambda edit: edit.span))


def _tree(text: Text) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text.source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _use_edits(document: Document, project: Project, move: Move, tree: ast.Module | None) -> Sequence[TextEdit]:
    """What a moved module's uses become. Raises ValueError if one of them would find nothing at the new path."""
    if move.target.qualname and project.modules.find(move.target.dotted) is None:
        return ()  # an object, not a module: its attributes are its own affair
    written = move.name.asname or move.name.name
    if tree is not None:
        used = attributes_of(tree, written)
    else:
        used = frozenset(re.findall(rf"\b{re.escape(written)}\.(\w+)", document.text.source))
    for name in sorted(used):
        if project.modules.binds(move.target.dotted, name) is Answer.NO:
            raise ValueError(f"`{written}.{name}` is used, and `{move.target.dotted}` does not have `{name}`")
    if move.statement.is_from or move.name.asname is not None or "." not in move.name.name:
        return ()
    if tree is None:
        raise ValueError(f"the uses of `{written}` cannot be told in a file that does not parse")
    return rename_dotted(tree, document.text, move.statement.span, written, move.target.dotted)
