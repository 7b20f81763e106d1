"""Code actions: the fixes of the diagnostics in a range, and all safe ones of the file at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lsprotocol import types as lsp

from ssot_lsp.model import Applicability, Diagnostic
from ssot_lsp.server.checked import Checked
from ssot_lsp.server.convert import Encoding
from ssot_lsp.text import Span, TextEdit

FIX_ALL = "source.fixAll.ssot"


class Actions:
    """Makes the code actions of one version of a document, in one client's terms."""

    def __init__(self, checked: Checked, encoding: Encoding, *, related: bool, versioned: bool) -> None:
        """`related`: the client shows related places; `versioned`: it takes edits that name their version."""
        self.checked = checked
        self.text = checked.opened.text
        self.encoding = encoding
        self.related = related
        self.versioned = versioned

    def quick_fixes(self, diagnostics: Sequence[Diagnostic]) -> Iterator[lsp.CodeAction]:
        """One action for each fix of each diagnostic; preferred is only a safe one without a rival."""
        for diagnostic in diagnostics:
            fixes = self.checked.fixes(diagnostic)
            safe = [fix for fix in fixes if fix.applicability is Applicability.SAFE]
            for fix in fixes:
                yield lsp.CodeAction(
                    title=fix.title,
                    kind=lsp.CodeActionKind.QuickFix,
                    diagnostics=[self.encoding.diagnostic(self.text, diagnostic, related=self.related)],
                    is_preferred=len(safe) == 1 and fix in safe,
                    edit=self._edit(fix.edits),
                )

    def suppressions(self, diagnostics: Sequence[Diagnostic]) -> Iterator[lsp.CodeAction]:
        """A comment for each diagnostic, once a row and rule, that silences it."""
        seen = set[TextEdit]()
        for diagnostic in diagnostics:
            edit = suppression_of(self.checked, diagnostic)
            if edit is not None and edit not in seen:
                seen.add(edit)
                yield lsp.CodeAction(
                    title=f"Ignore {diagnostic.code} on this line",
                    kind=lsp.CodeActionKind.QuickFix,
                    diagnostics=[self.encoding.diagnostic(self.text, diagnostic, related=self.related)],
                    edit=self._edit([edit]),
                )

    def fix_all(self) -> Iterator[lsp.CodeAction]:
        """All safe fixes of the file as one action, if there is any."""
        fixed = self.checked.fixed
        if fixed is not None:
            count = len(fixed.applied)
            title = f"Fix all deprecated imports ({count})" if count > 1 else "Fix the deprecated import"
            yield lsp.CodeAction(title=title, kind=FIX_ALL, edit=self._edit(fixed.edits))

    def _edit(self, edits: Sequence[TextEdit]) -> lsp.WorkspaceEdit:
        converted = self.encoding.edits(self.text, edits)
        uri = self.checked.opened.uri
        if not self.versioned:
            return lsp.WorkspaceEdit(changes={uri: converted})
        identifier = lsp.OptionalVersionedTextDocumentIdentifier(uri=uri, version=self.checked.opened.version)
        return lsp.WorkspaceEdit(document_changes=[lsp.TextDocumentEdit(identifier, [*converted])])


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
