"""`ssot-lsp check`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

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
from ssot_lsp.lint import asks_for_uses
from ssot_lsp.model import Report
from ssot_lsp.project import Project
from ssot_lsp.records import TextOnDisk, by_place, unpack
from ssot_lsp.sweep import Sweep, check_file, registry_reports

if TYPE_CHECKING:
    from ssot_lsp.since import Since


@click.command()
@shared_options
@click.option("--changed", is_flag=True, help="Only what git says has changed, and what that has broken.")
@click.option("--base", metavar="REV", help="With --changed: changed since where this revision and HEAD part.")
@click.option("--baseline", type=click.Path(path_type=Path), metavar="FILE", help="Known findings, which do not fail.")
@click.option("--update-baseline", is_flag=True, help="Make the baseline, or take out of it what is gone.")
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
    since = _since(project, base) if changed else None
    looked_at = [file for file in files if since is None or since.is_changed(file)]
    if since is None or since.concerns_others:
        todo, use_cache = files, options.use_cache
    else:
        todo, use_cache = looked_at, False  # which knows all files, or none
    with progress("Checking") as told:
        sweep = Sweep(options.jobs, told, use_cache=use_cache, with_edits=options.shows_edits and since is None)
        records = sweep.check(project, todo, options.paths)
    # who still uses what an entry replaces is known once all files are
    is_whole = since is None and [*options.paths] == [project.root] and asks_for_uses(project.settings)
    entries = by_place(project.registry.entries) if is_whole else {}
    text_of = cache(TextOnDisk)
    checked = [unpack(record, text_of, entries) for record in records]
    reports = with_findings([*registry_reports(project, checked if is_whole else None), *checked])
    tell(project, checked if since is None else (report for report in checked if since.is_changed(report.path)))
    before: list[Report] = []
    if since is not None:
        before, reports = since.apart(reports)
    slack = 0
    if baseline is not None:
        reports, slack = _against(baseline, before, reports, project, looked_at, update=update_baseline)
    if since is not None and options.shows_edits:
        reports = [_with_edits(project, report) for report in reports]
    print_reports(options, project, reports)
    if slack:
        note(f"error: {baseline}: {slack} known findings are gone: run again with --update-baseline")
    code = exit_code(options, reports)
    sys.exit(FOUND if slack and not options.exit_zero else code)


def _since(project: Project, base: str | None) -> Since:
    from ssot_lsp.git import Changes, GitError  # noqa: PLC0415 - not every check asks git
    from ssot_lsp.since import Since  # noqa: PLC0415

    try:
        return Since(project, Changes.since(project.root, base))
    except GitError as error:
        fail(f"--changed: {error}")


def _with_edits(project: Project, report: Report) -> Report:
    """The same findings, with the edits of their fixes."""
    if report.path in {file.path for file in project.registry.files}:
        return report
    wanted = {(diagnostic.code, diagnostic.span) for diagnostic in report.diagnostics}
    again = check_file(project, report.path)
    return again._replace(diagnostics=tuple(d for d in again.diagnostics if (d.code, d.span) in wanted))


def _against(
    file: Path, before: Sequence[Report], new: Sequence[Report], project: Project, files: Sequence[str], *, update: bool
) -> tuple[list[Report], int]:
    """What is found and not known, and how much is known and not found any more.

    What was there `before` uses up what is known first.
    """
    from ssot_lsp.cli.baseline import Baseline, BaselineError  # noqa: PLC0415

    read = {project.relative(path) for path in files}

    def checked(file: str, code: str) -> bool:
        return project.settings.reports(code) and (file in read or not (project.root / file).exists())

    try:
        if update and not file.exists():
            count = Baseline.of([*before, *new], project.root).write(file, checked)
            note(f"{file}: {count} finding{'s are' if count != 1 else ' is'} known from now on")
            return [], 0
        known = Baseline.read(file, project.root)
        for report in before:
            known.fresh(report)
        left, slack = with_findings(map(known.fresh, new)), known.slack(checked)
        if update:
            known.write(file, checked)
            note(f"{file}: {slack} finding{'s' if slack != 1 else ''} less")
        return left, 0 if update else slack
    except BaselineError as error:
        fail(str(error))
