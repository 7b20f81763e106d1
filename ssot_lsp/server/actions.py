"""What is offered at a place in a document: its fixes, alone and in groups, and what else can be done about it.

An offer tells what would be done; the edits are worked out when someone wants them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from ssot_lsp import engine
from ssot_lsp.model import Applicability, Diagnostic, Replacement
from ssot_lsp.project import Project
from ssot_lsp.server.background import Wanted
from ssot_lsp.server.checked import Checked
from ssot_lsp.server.offer import QUICK_FIX, FileEdit, Offer, RefusedError, known, nothing
from ssot_lsp.server.remedies import bridges, entries
from ssot_lsp.suppression import UNUSED
from ssot_lsp.text import Span, TextEdit

FIX_ALL = "source.fixAll.ssot"
FIX_WORKSPACE = "source.ssot.fixWorkspace"
"""No kind of `source.fixAll`: editors do those on save."""


def offers(checked: Checked, here: Sequence[Diagnostic], only: Sequence[str] | None) -> Iterator[Offer]:
    """What is offered about the diagnostics `here`, and for the whole file, of the kinds that are asked for.

    An editor that asks for no kind in particular asks at each move of the cursor: it gets what is of use there.
    """
    if wants(only, QUICK_FIX):
        for diagnostic in here:
            yield from _fixes(checked, diagnostic)
        yield from _groups(checked, here)
        for diagnostic in here:
            yield from bridges(checked, diagnostic)
            yield from entries(checked, diagnostic)
        yield from _suppressions(checked, here)
    if wants(only, FIX_ALL) and (only is not None or here):
        yield from _fix_all(checked)
    if only is not None and wants(only, FIX_WORKSPACE):
        yield Offer("Fix all imports in the whole workspace…", FIX_WORKSPACE, nothing, wanted=Wanted())


def _fixes(checked: Checked, diagnostic: Diagnostic) -> Iterator[Offer]:
    """One for each fix of a diagnostic; preferred is only a safe one without a rival."""
    sure = [fix for fix in diagnostic.replacements if fix.applicability is Applicability.SAFE]
    for fix in diagnostic.replacements:
        work = partial(_fixed, checked, fix)
        yield Offer(fix.title, QUICK_FIX, work, (diagnostic,), is_preferred=len(sure) == 1 and fix in sure)


def _groups(checked: Checked, here: Sequence[Diagnostic]) -> Iterator[Offer]:
    """The fixes of all that is like something here: of the same entry, or of the same rule."""
    seen = set[object]()
    for diagnostic in here:
        levels = (Applicability.SAFE, Applicability.UNSAFE)
        level = next((level for level in levels if engine.fixed_by(diagnostic, level) is not None), None)
        if level is None:
            continue
        entry = diagnostic.entry
        fixable = [d for d in checked.diagnostics if engine.fixed_by(d, level) is not None]
        same_rule = tuple(d for d in fixable if d.code == diagnostic.code)
        same_entry = tuple(d for d in fixable if d.entry == entry) if entry is not None else ()
        unsure = "" if level is Applicability.SAFE else ", also what is not sure"
        for group, title in (
            (same_entry, f"Fix all {len(same_entry)} of `{entry.canonical}` in this file{unsure}" if entry else ""),
            (same_rule, f"Fix all {len(same_rule)} {diagnostic.code} {diagnostic.name} in this file{unsure}"),
        ):
            if len(group) > 1 and group not in seen:
                seen.add(group)
                yield Offer(title, QUICK_FIX, partial(_all_fixed, checked, group, level), group)
        wanted = Wanted(str(entry.path), entry.place) if entry is not None else None
        if entry is not None and wanted not in seen:
            seen.add(wanted)
            title = f"Fix all of `{entry.canonical}` in the whole workspace…"
            yield Offer(title, QUICK_FIX, nothing, (diagnostic,), wanted=wanted)


def _suppressions(checked: Checked, here: Sequence[Diagnostic]) -> Iterator[Offer]:
    """A comment for each diagnostic, once a row and rule, that silences it."""
    seen = set[TextEdit]()
    for diagnostic in here:
        edit = suppression_of(checked, diagnostic)
        if edit is not None and edit not in seen:
            seen.add(edit)
            change = FileEdit(checked.opened.path, checked.opened.text, (edit,))
            title = f"Ignore {diagnostic.code} on this line"
            yield Offer(title, QUICK_FIX, partial(known, (change,)), (diagnostic,))


def _fix_all(checked: Checked) -> Iterator[Offer]:
    """All safe fixes of the file as one, if there seem to be any."""
    codes = [d.code for d in checked.diagnostics if engine.fixed_by(d, Applicability.SAFE) is not None]
    if codes and not checked.document.syntax.has_errors:
        what = "problem" if UNUSED in codes else "deprecated import"
        title = f"Fix all {what}s ({len(codes)})" if len(codes) > 1 else f"Fix the {what}"
        yield Offer(title, FIX_ALL, partial(_all_fixed, checked, checked.diagnostics, Applicability.SAFE))


def _fixed(checked: Checked, replacement: Replacement, project: Project) -> tuple[FileEdit, ...]:
    edits, why = engine.rewritten(checked.document, project, [replacement])
    if why:
        raise RefusedError(why)
    return _in_this_file(checked, edits)


def _all_fixed(
    checked: Checked, diagnostics: Sequence[Diagnostic], level: Applicability, project: Project
) -> tuple[FileEdit, ...]:
    if not engine.compiles(checked.document):
        return ()
    return _in_this_file(checked, engine.fix(checked.document, project, diagnostics, level).edits)


def _in_this_file(checked: Checked, edits: tuple[TextEdit, ...]) -> tuple[FileEdit, ...]:
    return (FileEdit(checked.opened.path, checked.opened.text, edits),) if edits else ()


def suppression_of(checked: Checked, diagnostic: Diagnostic) -> TextEdit | None:
    """The edit that adds a comment which silences a diagnostic, or its code to such a comment that is there.

    None where no comment can stand: behind a backslash, and where a string may begin that ends further below.
    """
    text = checked.opened.text
    statements = (s.span for s in checked.document.syntax.imports if s.span.contains(diagnostic.span))
    place = next(statements, diagnostic.span).end
    row = text.position(place).row
    here = next((s for s in checked.document.syntax.suppressions if s.row == row and s.codes), None)
    bracket = text.source.find("]", *here.span) if here is not None else -1
    if bracket >= 0:
        return TextEdit(Span(bracket, bracket), f", {diagnostic.code}")
    end = text.line_span(row).end
    rest = text.source[place:end]
    if rest.endswith("\\") or '"""' in rest or "'''" in rest:
        return None
    return TextEdit(Span(end, end), f"  # ssot: ignore[{diagnostic.code}]")


def wants(only: Sequence[str] | None, kind: str) -> bool:
    """Whether a client that asks for the kinds `only` asks for `kind`: kinds are hierarchical, separated by dots."""
    return only is None or any(kind == wanted or kind.startswith(f"{wanted}.") for wanted in only)


def touching(diagnostics: Sequence[Diagnostic], span: Span) -> list[Diagnostic]:
    """The diagnostics that touch a span."""
    return [d for d in diagnostics if d.span.start <= span.end and span.start <= d.span.end]
