"""The comments that silence: what they leave of the diagnostics, and which of them are for nothing (SSOT090)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date

from ssot_lsp.model import RULE_NAMES, Applicability, Diagnostic, Replacement, Severity
from ssot_lsp.modules import TODAY
from ssot_lsp.project import Document, Project
from ssot_lsp.rules import all_rules
from ssot_lsp.syntax import Suppression
from ssot_lsp.text import Span, Text, TextEdit

UNUSED = "SSOT090"
_WITHOUT_REGISTRY = ("SSOT003", "SSOT004", "SSOT005")
"""The rules that have something to say where there is no registry."""


def silenced(
    diagnostics: Sequence[Diagnostic], document: Document, project: Project, today: date, *, is_all: bool
) -> tuple[Diagnostic, ...]:
    """The diagnostics that no comment silences, and one for each comment that is for nothing.

    Nothing is said of comments unless what was found `is_all` that there is. A comment is for what stands on its row,
    or in a statement or call that begins or ends there.
    """
    comments = document.syntax.suppressions
    if any(comment.until is not None for comment in comments):
        project.modules.asked.add(TODAY)
    used: dict[Suppression, set[str]] = {comment: set() for comment in comments}
    left: list[Diagnostic] = []
    for diagnostic in diagnostics:
        rows = _rows(diagnostic, document) if comments else set()
        silencing = [c for c in comments if c.row in rows and c.silences(diagnostic.code, today)]
        for comment in silencing:
            used[comment].add(diagnostic.code)
        left += [] if silencing else [diagnostic]
    if is_all and not document.syntax.has_errors:
        left += _unused(used, document.text, _judged(document, project), today)
    return tuple(left)


def _rows(diagnostic: Diagnostic, document: Document) -> set[int]:
    """The rows on which a comment silences a diagnostic."""
    spans = [diagnostic.span]
    spans += (s.span for s in document.syntax.imports if s.span.contains(diagnostic.span))
    spans += (s.place for s in document.syntax.paths_in_question if s.span == diagnostic.span)
    return {document.text.position(offset).row for span in spans for offset in span}


def _judged(document: Document, project: Project) -> Callable[[str], bool]:
    """Whether it is known that nothing of a code was found: a rule that is not wanted has not been asked."""
    settings = project.settings_for(document.path)
    return lambda code: (
        settings.reports(code) and (project.has_registry or code in _WITHOUT_REGISTRY or code not in RULE_NAMES)
    )


def _unused(
    used: dict[Suppression, set[str]], text: Text, judged: Callable[[str], bool], today: date
) -> Iterator[Diagnostic]:
    excused = {comment.row for comment in used if UNUSED in comment.codes and comment.silences(UNUSED, today)}
    for comment, codes in used.items():
        if comment.part is None or comment.row in excused:
            continue
        if comment.until is not None and today > comment.until:
            if comment.until == date.min:
                yield _diagnostic(comment.part, "What stands behind `until=` is no date, so this silences nothing.")
            else:
                message = f"This has silenced nothing since {comment.until} has passed."
                yield _diagnostic(comment.part, message, _without(comment.part, comment, text))
        elif not comment.codes:
            if not codes and all(judged(rule.code) for rule in all_rules()):
                yield _diagnostic(
                    comment.part, "There is nothing here to be silenced.", _without(comment.part, comment, text)
                )
        elif gone := {code for code in comment.codes - codes - {UNUSED} if judged(code)}:
            message = f"There is no {' and no '.join(sorted(gone))} here to be silenced."
            is_all = comment.codes <= gone | {UNUSED}
            edit = _without(comment.part, comment, text) if is_all else _without_codes(comment.part, gone, text)
            yield _diagnostic(comment.part, message, edit, "" if is_all else " and ".join(sorted(gone)))


def _diagnostic(span: Span, message: str, edit: TextEdit | None = None, what: str = "") -> Diagnostic:
    title = f"Remove {what} from the comment" if what else "Remove the comment"
    fixes = (Replacement(title, Applicability.SAFE, comments=(edit,)),) if edit is not None else ()
    return Diagnostic(UNUSED, RULE_NAMES[UNUSED], message, Severity.WARNING, span, replacements=fixes)


def _without(part: Span, comment: Suppression, text: Text) -> TextEdit:
    """The edit that takes out a comment, or its part, with the space that is then of no use."""
    source = text.source
    if part.start == comment.span.start and part.end < comment.span.end:  # another comment follows
        return TextEdit(Span(part.start, source.index("#", part.end)), "")
    row = text.line_span(comment.row)
    start, end = row.start + len(source[row.start : part.start].rstrip(" \t\f")), part.end
    if start == row.start and end == row.end and comment.row + 1 < len(text.line_starts):
        end = text.line_starts[comment.row + 1]
    return TextEdit(Span(start, end), "")


def _without_codes(part: Span, gone: set[str], text: Text) -> TextEdit:
    """The edit that takes some codes out of a comment's list."""
    start, end = text.source.index("[", part.start) + 1, text.source.index("]", part.start)
    left = [code for code in re.findall(r"\w+", text.source[start:end]) if code.upper() not in gone]
    return TextEdit(Span(start, end), ", ".join(left))
