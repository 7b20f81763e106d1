"""`ssot-lsp registry docs`: the registry as a page that people read."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from ssot_lsp.cli.options import (
    CHANGED_MEANWHILE,
    FOUND,
    Options,
    fail,
    load_project,
    note,
    progress,
    workspace_options,
)
from ssot_lsp.files import ChangedFileError, RefusedWriteError, create_file, read_bytes, replace_file
from ssot_lsp.lint import uses_by_entry
from ssot_lsp.project import Project
from ssot_lsp.registry.docs import MARK, Importers, Page, count, html, markdown, page_of
from ssot_lsp.sweep import Sweep

_RENDERERS = {"markdown": markdown.render, "html": html.render}
_ENDINGS = {".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html"}
_MOST_BEFORE_MARK = 200
"""Bytes."""


@click.command()
@workspace_options
@click.option("--format", "form", type=click.Choice([*_RENDERERS]), help="By default what the file's ending says.")
@click.option(
    "--output",
    "outputs",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the page there, as often as it is given.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a file is not what it would be.")
@click.option("--no-importers", is_flag=True, help="Do not tell who is left: the page changes with the registry alone.")
def docs(options: Options, *, form: str | None, outputs: tuple[Path, ...], check: bool, no_importers: bool) -> None:
    """Make a page of the registry: canonical imports by package, what each replaces, why, and who is left.

    Without --output it is printed, as Markdown. With --check it exits with 0 if all files are up to date, 1 if not.
    """
    if check and not outputs:
        fail("--check goes with --output FILE")
    forms = {path: form or _form_of(path) for path in outputs}
    project = load_project(options)
    if not project.has_registry:
        fail("there is no registry")
    before = {path: _ours(path) for path in forms}
    page = _page(project, options, counts=not no_importers)
    if not outputs:
        click.echo(_RENDERERS[form or "markdown"](page), nl=False)
        return
    texts = {name: _RENDERERS[name](page).encode() for name in {*forms.values()}}
    stale = [path for path, name in forms.items() if _without_cr(before[path]) != texts[name]]
    if check:
        for path in stale:
            click.echo(f"{path}: {'is stale' if before[path] is not None else 'is not there'}")
        if stale:
            note(f"to make {'it' if len(stale) == 1 else 'them'} anew: {_command(options, form, stale, no_importers)}")
            sys.exit(FOUND)
        return
    for path, name in forms.items():
        if path in stale:
            _write(project, path, before[path], texts[name])
        note(f"{path}: {_summary(page)}{'' if path in stale else ', as it was'}")


def _form_of(path: Path) -> str:
    if path.suffix.lower() not in _ENDINGS:
        fail(f"--output {path}: .md or .html is expected, or --format")
    return _ENDINGS[path.suffix.lower()]


def _page(project: Project, options: Options, *, counts: bool) -> Page:
    importers: Importers | None = None
    if counts and not project.settings.reports("SSOT001"):
        note("note: SSOT001 is not checked, so the page does not tell who is left")
    elif counts:
        with progress("Looking for importers") as told:
            reports = Sweep(options.jobs, told, use_cache=options.use_cache).workspace(project)
        importers = {
            entry: [project.relative(report.path) for report in (*(report for report, _ in uses.told), *uses.silenced)]
            for entry, uses in uses_by_entry(reports).items()
        }
    names = {file.path: _name(project, file.path) for file in project.registry.files if file.is_own}
    return page_of(project.registry, importers, names.get)


def _name(project: Project, path: Path) -> str | None:
    """What a page calls a registry file of the workspace."""
    # a registry may be given that is outside of the root
    for folder in (project.root, project.registry.files[0].path.parent):
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return None


def _ours(path: Path) -> bytes | None:
    """What is in a file that is to be replaced; None if it is not there. Ends the program if it is no page of ours."""
    try:
        data = read_bytes(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        fail(f"{path}: cannot be read: {error.strerror or error}")
    if data.find(MARK.encode(), 0, _MOST_BEFORE_MARK) < 0:
        fail(f"{path}: was not made by this command, and is left as it is")
    return data


def _without_cr(data: bytes | None) -> bytes | None:
    """A page as it was made: git may have changed its line ends."""
    return data.replace(b"\r\n", b"\n") if data is not None else None


def _write(project: Project, path: Path, before: bytes | None, after: bytes) -> None:
    target = Path(os.path.normpath(Path.cwd() / path))
    try:
        if before is None:
            create_file(target, after, project.root)
        else:
            replace_file(target, before, after, project.root)
    except (ChangedFileError, FileExistsError) as error:
        note(f"error: {path}: {getattr(error, 'strerror', None) or error}")
        sys.exit(CHANGED_MEANWHILE)
    except (RefusedWriteError, OSError) as error:
        fail(f"{path}: not written: {getattr(error, 'strerror', None) or error}")


def _summary(page: Page) -> str:
    total = count(sum(1 for _ in page.entries), "entry")
    return f"{total}, {page.done:,} done, {count(len(page.importers), 'file')} left" if page.counts_importers else total


def _command(options: Options, form: str | None, outputs: Sequence[Path], no_importers: bool) -> str:
    """What is to be typed to make pages anew."""
    given: Mapping[str, object] = {"--registry": options.registry, "--python": options.python, "--format": form}
    flags = {"--include-docs": options.include_docs, "--no-importers": no_importers}
    return shlex.join(
        [
            *("ssot-lsp", "registry", "docs"),
            *(part for name, value in given.items() if value is not None for part in (name, str(value))),
            *(name for name, is_given in flags.items() if is_given),
            *(part for path in outputs for part in ("--output", str(path))),
        ]
    )
