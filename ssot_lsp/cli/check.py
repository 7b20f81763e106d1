"""`ssot-lsp check`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import click

from ssot_lsp.cli.options import (
    FOUND,
    Options,
    exit_code,
    fail,
    load_project,
    note,
    print_reports,
    progress,
    shared_options,
    tell,
    with_findings,
)
from ssot_lsp.model import Report
from ssot_lsp.project import Project
from ssot_lsp.records import TextOnDisk, unpack
from ssot_lsp.sweep import Sweep, registry_reports


@click.command()
@shared_options
@click.option("--changed", is_flag=True, help="Only the files that git says have changed.")
@click.option("--base", metavar="REV", help="With --changed: changed since where this revision and HEAD part.")
@click.option("--baseline", type=click.Path(path_type=Path), metavar="FILE", help="Known findings, which do not fail.")
@click.option("--update-baseline", is_flag=True, help="Write what is found to the baseline.")
def check(options: Options, *, changed: bool, base: str | None, baseline: Path | None, update_baseline: bool) -> None:
    """Report deprecated, unresolved and non-exported imports.

    Exits with 0 if nothing was found, 1 if something was, 2 if it could not run.
    """
    if base and not changed:
        fail("--base goes with --changed")
    if update_baseline and baseline is None:
        fail("--update-baseline goes with --baseline FILE")
    project = load_project(options)
    files = list(project.find_files(options.paths))
    if changed:
        files = _changed(files, project.root, base)
    with progress("Checking") as told:
        sweep = Sweep(options.jobs, told, use_cache=options.use_cache, with_edits=options.shows_edits)
        records = sweep.check(project, files, options.paths)
    text_of = cache(TextOnDisk)
    checked = [unpack(record, text_of) for record in records]
    tell(project, checked)
    reports = with_findings([*registry_reports(project), *checked])
    slack = 0
    if baseline is not None:
        reports, slack = _against(baseline, reports, project, files, update=update_baseline)
    print_reports(options, project, reports)
    if slack:
        note(f"error: {baseline}: {slack} known findings are gone: run again with --update-baseline")
    code = exit_code(options, reports)
    sys.exit(FOUND if slack and not options.exit_zero else code)


def _changed(files: Sequence[str], root: Path, base: str | None) -> list[str]:
    from ssot_lsp.git import GitError, changed_files  # noqa: PLC0415 - not every check asks git

    try:
        wanted = changed_files(root, base)
    except GitError as error:
        fail(f"--changed: {error}")
    return [path for path in files if Path(path) in wanted]


def _against(
    baseline: Path, reports: Sequence[Report], project: Project, files: Sequence[str], *, update: bool
) -> tuple[list[Report], int]:
    read = {project.relative(path) for path in files}

    def checked(file: str, code: str) -> bool:
        return project.settings.reports(code) and (file in read or not (project.root / file).exists())

    from ssot_lsp.cli.baseline import BaselineError, apply_baseline, write_baseline  # noqa: PLC0415

    try:
        if update:
            write_baseline(baseline, reports, project.root, checked)
        return apply_baseline(baseline, reports, project.root, checked)
    except BaselineError as error:
        fail(str(error))
