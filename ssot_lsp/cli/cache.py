"""`ssot-lsp cache`."""

from __future__ import annotations

import click

from ssot_lsp.cli.options import fail


@click.group()
def cache() -> None:
    """The cache, which makes a second check of a repository quick."""


@cache.command()
def clear() -> None:
    """Remove all that is cached, of every workspace."""
    from ssot_lsp.cache import clear as clear_cache  # noqa: PLC0415 - as for every command
    from ssot_lsp.cache import folder  # noqa: PLC0415

    try:
        files, size = clear_cache()
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    click.echo(f"Removed {files} file{'' if files == 1 else 's'} ({size / 1e6:.1f} MB) from {folder()}")
