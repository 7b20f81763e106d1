"""`ssot-lsp explain`."""

from __future__ import annotations

import sys

import click

from ssot_lsp.cli.options import fail
from ssot_lsp.model import RULE_NAMES


@click.command()
@click.argument("code")
def explain(code: str) -> None:
    """Explain a rule, by its code (SSOT004) or its name (unresolved-name)."""
    from ssot_lsp.rules import page_text  # noqa: PLC0415

    pages = {known: text for known, name in RULE_NAMES.items() if (text := page_text(name)) is not None}
    wanted = next((known for known in pages if code.upper() == known or code.lower() == RULE_NAMES[known]), None)
    if wanted is None:
        fail(f"no rule {code!r}; there are {', '.join(pages)}")
    text = pages[wanted]
    if not sys.stdout.isatty():
        click.echo(text)
        return
    from rich.console import Console  # noqa: PLC0415 - 40 ms that only a terminal pays
    from rich.markdown import Markdown  # noqa: PLC0415

    Console().print(Markdown(text))
