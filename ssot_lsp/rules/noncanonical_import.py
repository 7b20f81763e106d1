"""SSOT006: another path to an object that the registry wants to be imported by its canonical path alone."""

from __future__ import annotations

from ssot_lsp.model import Applicability, Diagnostic, Replacement, Severity
from ssot_lsp.rules import Import, Rule, sentence


def check(imported: Import) -> Diagnostic | None:
    """Report a path that leads to an exclusive object; offer the canonical one."""
    found = imported.exclusive
    if found is None or found.target is None:
        return None
    entry, target = found.entry, found.target
    verb = "use" if imported.use else "import"
    # by attributes, what a package has under the name of its module is reached, and not the module
    is_reachable = not imported.use or not imported.project.modules.is_hidden(target.module)
    message = f"`{imported.ref.dotted}` is another path to `{target}`: {verb} that one."
    return Diagnostic(
        RULE.code,
        RULE.name,
        " ".join(filter(None, (message, sentence(entry)))),
        entry.severity or Severity.WARNING,
        imported.name_span,
        help=f"{verb} `{target}`",
        entry=entry,
        related=(*imported.defined(target, f"`{target.dotted}` is defined here"), *imported.registered(entry)),
        replacements=(
            Replacement(
                f"{verb.capitalize()} `{target.dotted}`",
                entry.applicability or Applicability.SAFE,
                imported.move(target),
            ),
        )
        if is_reachable
        else (),
    )


RULE = Rule(
    "SSOT006",
    "noncanonical-import",
    2,
    check,
    suspects=lambda glimpse: any(map(glimpse.project.may_be_exclusive, glimpse.refs)),
)
