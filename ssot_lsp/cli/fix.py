"""`ssot-lsp fix`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import click

from ssot_lsp import engine
from ssot_lsp.cli.changes import Change, Outcome, plan, put_back, write_all
from ssot_lsp.cli.options import (
    CHANGED_MEANWHILE,
    CLEAN,
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
from ssot_lsp.config import ConfigError
from ssot_lsp.model import Applicability, Diagnostic, Report
from ssot_lsp.project import Project
from ssot_lsp.registry import RegistryError
from ssot_lsp.sweep import Sweep, check_file, registry_reports

_STDERR = 2
"""What a command prints must not stand in the middle of a report."""


@click.command()
@shared_options
@click.option("--unsafe-fixes", is_flag=True, help="Apply fixes that may change the meaning too.")
@click.option("--diff", is_flag=True, help="Print what would change, and write nothing.")
@click.option("--verify", metavar="COMMAND", help="Run this afterwards; if it fails, put every file back.")
@click.option("--watch", is_flag=True, help="Go on: fix each file when it is saved, until Ctrl+C.")
def fix(options: Options, *, unsafe_fixes: bool, diff: bool, verify: str | None, watch: bool) -> None:
    """Rewrite deprecated imports to their canonical paths.

    Exits with 0 if nothing is left, 1 if something is left or was refused, 2 if it could not run, 3 if a file changed
    meanwhile.
    """
    if watch and (diff or verify):
        fail("--watch goes with neither --diff nor --verify")
    if (watch or diff) and options.reports:
        fail("--report goes with neither --diff nor --watch")
    project = load_project(options)
    applicability = Applicability.UNSAFE if unsafe_fixes else Applicability.SAFE
    if watch:
        from ssot_lsp.cli.watch import watch as go_on  # noqa: PLC0415 - few watch

        go_on(options, project, applicability)
        return
    changes: list[Change] = []
    reports: list[Report] = []
    files = _each_once(project.find_files(options.paths))
    with progress("Fixing") as told:
        sweep = Sweep(options.jobs, told)
        for change, report in sweep.work(project, files, partial(plan, applicability=applicability)):
            changes += [change] if change else []
            reports += [report] if report else []
    tell(project, reports)
    if diff:
        click.echo(b"".join(change.diff for change in changes), nl=False)
        sys.exit(FOUND if changes else CLEAN)
    outcome = write_all(project, changes)
    if verify and outcome.written:
        _verify(verify, project, outcome.written)
    _print_changes(options, project, outcome.written)
    left = _left(options, project, [*reports, *outcome.refused], [change.path for change in changes])
    print_reports(options, project, left)
    sys.exit(_exit_code(options, project, outcome, left))


def _each_once(files: Iterable[str]) -> list[str]:
    """The files, less the links to other ones among them: a file is fixed once, by its own name."""
    found = list(files)
    own = {path for path in found if not os.path.islink(path)}  # noqa: PTH114 - of every file there is
    return [path for path in found if path in own or str(Path(path).resolve()) not in own]


def _exit_code(options: Options, project: Project, outcome: Outcome, left: Sequence[Report]) -> int:
    for path in outcome.raced:
        note(f"error: {project.relative(path)}: it changed while it was being fixed; it was left alone")
    if outcome.raced:
        return CHANGED_MEANWHILE
    is_refused = any(d.code == engine.REFUSED for report in left for d in report.diagnostics)
    return FOUND if is_refused and not options.exit_zero else exit_code(options, left)


def _verify(command: str, project: Project, written: Sequence[Change]) -> None:
    """Run a command; unless it succeeds, put every file back and end the program."""
    is_kept = False
    try:
        # a shell, as in a Makefile: the command comes from the command line alone, never from the workspace
        done = subprocess.run(command, shell=True, cwd=project.root, stdout=_STDERR, check=False)  # noqa: S602
        is_kept = done.returncode == 0
    finally:
        if not is_kept:
            others = put_back(project, written)
            if not others:
                note(f"error: {command!r} failed: every file was put back")
    if not is_kept:
        sys.exit(CHANGED_MEANWHILE if others else FOUND)


def _print_changes(options: Options, project: Project, written: Sequence[Change]) -> None:
    """Say what changed: with the report if a person reads it, beside it if a program does."""
    for change in written:
        is_human = options.output_format in ("full", "concise")
        click.echo(f"fixed {project.relative(change.path)}: {change.summary}", err=not is_human)


def _left(options: Options, project: Project, reports: Sequence[Report], files: Sequence[Path]) -> list[Report]:
    """What is left after the change: the refusals, and what a fresh look at the files with findings finds."""
    try:
        fresh = Project.load(project.root, project.settings)
    except (ConfigError, RegistryError) as error:
        fail(str(error))
    paths = dict.fromkeys([*files, *(report.path for report in reports)])
    again = {path: check_file(fresh, path, with_edits=options.shows_edits) for path in paths}
    tell(project, again.values())
    refusals: dict[Path, list[Diagnostic]] = {}
    for report in reports:
        refusals.setdefault(report.path, []).extend(d for d in report.diagnostics if d.code == engine.REFUSED)
    merged = [
        Report(path, report.text, tuple(sorted((*report.diagnostics, *refusals.get(path, ())), key=lambda d: d.span)))
        for path, report in sorted(again.items())
    ]
    return with_findings([*registry_reports(fresh), *merged])
