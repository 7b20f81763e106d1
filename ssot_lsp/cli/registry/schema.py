"""`ssot-lsp registry schema`: the JSON Schema of registries, for editors."""

from __future__ import annotations

import click

from ssot_lsp.registry.validate import schema_text


@click.command()
def schema() -> None:
    """Print the JSON Schema of registries, for an editor's `$schema`."""
    click.echo(schema_text(), nl=False)
