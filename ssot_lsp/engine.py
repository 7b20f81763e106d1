"""Check and fix one document of one project: what both shells, the server and the command line, call.

text → syntax → rules → diagnostics; and diagnostics → rewrite → verify → edits.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from ssot_lsp.config import Settings
from ssot_lsp.model import RULE_NAMES, Applicability, Diagnostic, Entry, Fix, Replacement, Severity
from ssot_lsp.modules import Answer
from ssot_lsp.project import Document, Project
from ssot_lsp.rules import Glimpse, Import, Mention, Rule, all_rules, first_looks, imported_names, uses
from ssot_lsp.suppression import silenced
from ssot_lsp.text import Span, Text, TextEdit, apply_edits, composed

REFUSED = "SSOT091"
UNREADABLE = "SSOT092"
INTERNAL_ERROR = "internal error"
"""How the reason of a refusal begins that is a mistake of ours."""

Report = Callable[[Rule, Exception], None]


class Findings(NamedTuple):
    """What is to be said of a document."""

    diagnostics: tuple[Diagnostic, ...]
    silenced: tuple[Entry, ...] = ()
    """The entries that speak of something that comments or the settings of single files silence."""


def check(
    document: Document, project: Project, *, today: date | None = None, on_fault: Report | None = None
) -> tuple[Diagnostic, ...]:
    """The diagnostics of a document; see `findings`."""
    return findings(document, project, today=today, on_fault=on_fault).diagnostics


def findings(
    document: Document, project: Project, *, today: date | None = None, on_fault: Report | None = None
) -> Findings:
    """The diagnostics of a document, in the order of the text, without their fixes' edits, and what is silenced.

    `today` decides which suppressions still hold. A rule that fails is told to `on_fault` and the others go on; without
    `on_fault` its exception is raised.
    """
    found: dict[tuple[str, Span], Diagnostic] = {}
    faults: list[Rule] = []

    def fault(rule: Rule, error: Exception) -> None:
        if on_fault is None:
            raise error
        faults.append(rule)
        on_fault(rule, error)

    for diagnostic in _found(document, project, fault):
        if diagnostic is not None:
            found.setdefault((diagnostic.code, diagnostic.span), diagnostic)
    settings = project.settings_for(document.path)
    left: tuple[Diagnostic, ...] = ()
    if not document.syntax.ignore_file:
        wanted = [*as_settings_say(found.values(), settings)]
        left = silenced(wanted, document, project, today or date.today(), is_all=not faults)
    told = {(diagnostic.code, diagnostic.span) for diagnostic in left}
    quiet = (diagnostic.entry for key, diagnostic in found.items() if key not in told)
    return Findings(
        tuple(sorted(as_settings_say(left, settings), key=lambda d: d.span)),
        tuple(dict.fromkeys(entry for entry in quiet if entry is not None)),
    )


def as_settings_say(diagnostics: Iterable[Diagnostic], settings: Settings) -> Iterator[Diagnostic]:
    """The diagnostics that are wanted, with the severities that the settings give them."""
    for diagnostic in diagnostics:
        if settings.reports(diagnostic.code):
            yield diagnostic._replace(severity=settings.severity.get(diagnostic.code, diagnostic.severity))


def _found(document: Document, project: Project, on_fault: Report) -> Iterator[Diagnostic | None]:
    """What the rules say of each imported name and of each path in a string."""
    for imported in _imports(document, project):
        yield _first(imported, project.settings, on_fault)
    for string in document.syntax.paths_in_question if project.reads_strings else ():
        if not string.expects_error:
            yield _first(Mention(project, document, string), project.settings, on_fault)


def _imports(document: Document, project: Project) -> Iterator[Import]:
    suspects, path = first_looks(project.settings), project.search_path(document)
    for statement in document.syntax.imports:
        if statement.well_formed and not statement.expects_error and statement.module != "__future__":
            module = project.absolute(statement, document) if statement.is_from else ""
            names = tuple(name.name for name in statement.names)
            glimpse = Glimpse(project, module or "", names, statement.level > 0, path)
            if module is None or any(is_suspicious(glimpse) for is_suspicious in suspects):
                yield from imported_names(project, document, statement)
    yield from uses(project, document)


def _first(subject: Import | Mention, settings: Settings, on_fault: Report) -> Diagnostic | None:
    """What the first rule that has something to say about a subject says; None if that one's code is not wanted.

    Rules that are not wanted are only asked if one that is has something to say, and would have to give way to them.
    """

    def said(rule: Rule) -> Diagnostic | None:
        try:
            return rule.check(subject) if isinstance(subject, Import) else rule.check_string(subject)
        except Exception as error:
            on_fault(rule, error)
            return None

    before: list[Rule] = []
    for rule in all_rules():
        if not settings.reports(rule.code):
            before.append(rule)
        elif (diagnostic := said(rule)) is not None:
            return diagnostic if all(said(other) is None for other in before) else None
    return None


def with_fixes(document: Document, project: Project, diagnostic: Diagnostic, *, choices: bool = True) -> Diagnostic:
    """The diagnostic with the edits of each of its replacements that can be made on its own.

    Without `choices`, what is only offered is left out where there is something better.
    """
    fixes: list[Fix] = []
    for replacement in diagnostic.replacements:
        if fixes and not choices and fixes[0].applicability is not Applicability.DISPLAY:
            break
        edits, why = rewritten(document, project, [replacement])
        if edits and not any(edits == fix.edits for fix in fixes):
            fixes.append(Fix(replacement.title, replacement.applicability, edits))
        elif why and replacement.applicability is not Applicability.DISPLAY:
            diagnostic = diagnostic._replace(help=f"{diagnostic.help}; it is not done by itself: {why}")
    return diagnostic._replace(fixes=tuple(fixes))


def with_proposals(diagnostic: Diagnostic) -> Diagnostic:
    """The diagnostic with what its fixes are called and how sure they are, but without their edits.

    What is proposed here may still be refused when its edits are worked out.
    """
    fixes = (Fix(replacement.title, replacement.applicability, ()) for replacement in diagnostic.replacements)
    return diagnostic._replace(fixes=tuple(fixes))


def rewritten(
    document: Document, project: Project, replacements: Sequence[Replacement]
) -> tuple[tuple[TextEdit, ...], str]:
    """The verified edits for some replacements together, or why there are none."""
    from ssot_lsp.rewrite import RefusalError, rewrite  # noqa: PLC0415 - LibCST: 0.15 s that a clean file need not pay

    try:
        moves = [move for replacement in replacements for move in replacement.moves]
        strings = [string for replacement in replacements for string in replacement.strings]
        comments = [edit for replacement in replacements for edit in replacement.comments]
        return rewrite(document, project, moves, strings, comments), ""
    except RefusalError as error:
        return (), str(error)
    except Exception as error:  # a mistake of ours: it must not stop the other files, and it must be told
        return (), f"{INTERNAL_ERROR}: {type(error).__name__}: {error}"


class Fixed(NamedTuple):
    """The outcome of fixing a document."""

    edits: tuple[TextEdit, ...]
    """All edits together; empty if nothing is to be changed."""
    text: Text
    """The text after the edits."""
    applied: tuple[Diagnostic, ...]
    """What they mend."""
    refused: tuple[Diagnostic, ...]
    """SSOT091 for each fix that was not made, with the reason."""


def fix(
    document: Document,
    project: Project,
    diagnostics: Sequence[Diagnostic],
    applicability: Applicability = Applicability.SAFE,
    *,
    today: date | None = None,
) -> Fixed:
    """Apply the fixes of `diagnostics` that are as sure as `applicability`.

    Those that cannot be made together with the others are tried again after them, and refused if they still cannot.
    Comments come last: what they silence is known when all else is done.
    """
    of_comments = [d for d in diagnostics if (r := fixed_by(d, applicability)) is not None and r.comments]
    others = [diagnostic for diagnostic in diagnostics if diagnostic not in of_comments]
    fixed = _fix(document, project, others, applicability)
    if fixed.refused and fixed.edits:
        spans = {refusal.span for refusal in fixed.refused}
        refused = [d for d in others if d.span in spans and d not in fixed.applied]
        wanted = {diagnostic.message for diagnostic in refused}
        after, found = _again(document, project, fixed, today)
        again = _fix(after, project, [d for d in found if d.message in wanted], applicability)
        made = {d.message for d in again.applied} - {d.message for d in again.refused}
        late = [diagnostic for diagnostic in refused if diagnostic.message in made]
        left = (refusal for refusal in fixed.refused if refusal.span not in {diagnostic.span for diagnostic in late})
        fixed = _then(document, fixed, again, late)._replace(refused=tuple(left))
    if of_comments:
        after, found = _again(document, project, fixed, today) if fixed.edits else (document, tuple(diagnostics))
        codes = {diagnostic.code for diagnostic in of_comments}
        again = _fix(after, project, [d for d in found if d.code in codes], applicability)
        fixed = _then(document, fixed, again, of_comments if not again.refused else again.applied)
    return fixed


def _again(
    document: Document, project: Project, fixed: Fixed, today: date | None
) -> tuple[Document, tuple[Diagnostic, ...]]:
    """The document as it was fixed so far, and what is found in it then."""
    after = project.document(document.path, fixed.text.source)
    return after, check(after, project, today=today)


def _then(document: Document, first: Fixed, second: Fixed, applied: Iterable[Diagnostic]) -> Fixed:
    """Both together: the second was made of what the first has left, and has applied that."""
    edits = composed(document.text.source, first.edits, second.edits)
    return Fixed(edits, second.text, (*first.applied, *applied), (*first.refused, *second.refused))


def _fix(
    document: Document, project: Project, diagnostics: Sequence[Diagnostic], applicability: Applicability
) -> Fixed:
    wanted = [(d, r) for d in diagnostics if (r := fixed_by(d, applicability)) is not None]
    attempt = _Attempt(document, project)
    attempt.apply(wanted)
    attempt.retry()
    after = Text(apply_edits(document.text.source, attempt.edits))
    return Fixed(
        attempt.edits,
        after,
        tuple(d for d, _ in attempt.kept),
        tuple(_refusal(d, why) for d, _, why in attempt.refused),
    )


class _Attempt:
    """As many fixes as can be made together, found by halving."""

    def __init__(self, document: Document, project: Project) -> None:
        self.document = document
        self.project = project
        self.kept: list[tuple[Diagnostic, Replacement]] = []
        self.edits: tuple[TextEdit, ...] = ()
        self.refused: list[tuple[Diagnostic, Replacement, str]] = []

    def retry(self) -> None:
        """Try again what was refused before others were made, as long as that makes more of them possible.

        What is said of the same path goes together: two imports of a name in one scope may only change both.
        """
        while refused := self.refused:
            self.refused = []
            same: dict[str, list[tuple[Diagnostic, Replacement]]] = {}
            for diagnostic, replacement, _ in refused:
                same.setdefault(diagnostic.message, []).append((diagnostic, replacement))
            for wanted in same.values():
                self.apply(wanted)
            if len(self.refused) == len(refused):
                break

    def apply(self, wanted: Sequence[tuple[Diagnostic, Replacement]]) -> None:
        """Make some fixes besides those that were made, and refuse those that do not fit."""
        if not wanted:
            return
        together = [*self.kept, *wanted]
        edits, why = rewritten(self.document, self.project, [replacement for _, replacement in together])
        if not why:
            self.kept, self.edits = together, edits
        elif len(wanted) == 1:
            self.refused.append((*wanted[0], why))
        else:
            half = len(wanted) // 2
            self.apply(wanted[:half])
            self.apply(wanted[half:])


def fixed_by(diagnostic: Diagnostic, applicability: Applicability) -> Replacement | None:
    """What a bulk fix that may go as far as `applicability` would do about a diagnostic; None if nothing."""
    levels = [Applicability.SAFE, Applicability.UNSAFE]
    allowed = levels[: levels.index(applicability) + 1]
    # of several the last one, which is less sure, does more
    return next((r for r in reversed(diagnostic.replacements) if r.applicability in allowed), None)


def _refusal(diagnostic: Diagnostic, why: str) -> Diagnostic:
    return refused(f"The fix of {diagnostic.code} is not made: {why}.")._replace(span=diagnostic.span)


def refused(message: str) -> Diagnostic:
    """The diagnostic that tells of a change that was not made, at the beginning of the file."""
    return Diagnostic(REFUSED, RULE_NAMES[REFUSED], message, Severity.WARNING, Span(0, 0))


def compiles(document: Document) -> bool:
    """Whether Python accepts the document: only then are its fixes applied without someone who looks at them."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(document.text.source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def fails_at_import(document: Document, project: Project) -> bool:
    """Whether importing the document as a module surely fails, as far as it and its own imports tell."""
    at_once = (s for s in document.syntax.imports if s.well_formed and not (s.deferred or s.expects_error))
    imported = (name for statement in at_once for name in imported_names(project, document, statement))
    return not compiles(document) or any(name.is_bound is Answer.NO and not name.may_fail for name in imported)


def unreadable(reason: str) -> Diagnostic:
    """The diagnostic of a file that cannot be read."""
    return Diagnostic(
        UNREADABLE, RULE_NAMES[UNREADABLE], f"The file cannot be read: {reason}.", Severity.ERROR, Span(0, 0)
    )
