"""`ssot-lsp explain`."""

from __future__ import annotations

import sys

import click

from ssot_lsp.cli.options import fail


@click.command()
@click.argument("code")
def explain(code: str) -> None:
    """Explain a rule, by its code (SSOT004) or its name (unresolved-name)."""
    from ssot_lsp.rules import all_rules  # noqa: PLC0415

    rule = next((rule for rule in all_rules() if code.upper() == rule.code or code.lower() == rule.name), None)
    if rule is None:
        fail(f"no rule {code!r}; there are {', '.join(rule.code for rule in all_rules())}")
    page = rule.page().partition("\n## Cases")[0].rstrip()
    if not sys.stdout.isatty():
        click.echo(page)
        return
    from rich.console import Console  # noqa: PLC0415 - 40 ms that only a terminal pays
    from rich.markdown import Markdown  # noqa: PLC0415

    Console().print(Markdown(page))
