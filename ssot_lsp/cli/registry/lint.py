"""`ssot-lsp registry lint`: what is wrong with a registry itself."""

from __future__ import annotations

import codecs
import sys
from pathlib import Path
from typing import NamedTuple

import click

from ssot_lsp.cli.options import (
    CHANGED_MEANWHILE,
    Options,
    exit_code,
    fail,
    load_project,
    note,
    print_reports,
    progress,
    shared_options,
    with_findings,
)
from ssot_lsp.config import ConfigError, Settings
from ssot_lsp.files import ChangedFileError, RefusedWriteError, read_bytes, replace_file
from ssot_lsp.model import Applicability, Report
from ssot_lsp.project import Project
from ssot_lsp.registry import RegistryError
from ssot_lsp.sweep import Sweep, registry_reports
from ssot_lsp.text import TextEdit, apply_edits


@click.command()
@shared_options
@click.option("--fix", is_flag=True, help="Take out or correct what is sure to be wrong.")
def lint(options: Options, *, fix: bool) -> None:
    """Report what is wrong with the registry: entries that lead nowhere, contradict each other or are done.

    All files below the current folder are looked at, to know who still uses what. Exits as check does.
    """
    # who still uses what is told by other rules than those that are asked for
    project = load_project(options._replace(select=(), ignore=()))
    if not project.has_registry:
        fail("there is no registry")
    path = project.registry.files[0].path
    if not path.is_relative_to(project.root):
        note(f"note: {path} is outside of {project.root}, and so may be what it speaks of: its entries are not checked")
    wanted = Settings(select=options.select, ignore=options.ignore)
    with progress("Checking") as told:
        reports = found_in_registries(project, Sweep(options.jobs, told, use_cache=options.use_cache), wanted)
    if fix:
        reports = _fixed(project, reports, wanted)
    print_reports(options, project, reports)
    sys.exit(exit_code(options, reports))


def found_in_registries(project: Project, sweep: Sweep, wanted: Settings) -> list[Report]:
    """What is wrong with the registry, given all that is found in the workspace's files; of that what is wanted."""
    return with_findings(
        r._replace(diagnostics=tuple(d for d in r.diagnostics if wanted.reports(d.code)))
        for r in registry_reports(project, sweep.workspace(project))
    )


class Mended(NamedTuple):
    """What all safe fixes make of a workspace's registries."""

    texts: dict[Path, str]
    """By file, changed or not."""
    edits: int
    """How many."""
    left: list[Report]


def mended(project: Project, reports: list[Report], wanted: Settings) -> Mended:
    """What becomes of the registries, given what is wrong with them. Nothing is written."""
    after, count = {file.path: file.text.source for file in project.registry.files}, 0

    def read(path: str | Path) -> bytes:
        return after[Path(path)].encode() if Path(path) in after else read_bytes(path)

    while edits := {report.path: found for report in reports if (found := _safe_edits(report))}:
        count += sum(map(len, edits.values()))
        for path, of_file in edits.items():
            after[path] = apply_edits(after[path], of_file)
        try:
            again = Project.load(project.root, Settings(**project.overrides), read)
        except (ConfigError, RegistryError) as error:
            fail(f"internal error, nothing is written: the registry could not be used after its fixes: {error}")
        reports = found_in_registries(again, Sweep(use_cache=False), wanted)  # no other process knows that registry
    return Mended(after, count, reports)


def _fixed(project: Project, reports: list[Report], wanted: Settings) -> list[Report]:
    """What is left after all safe fixes of the registry files, which are written."""
    found = mended(project, reports, wanted)
    for path, text in found.texts.items():
        before = project.registry.text(path).source
        if text != before:
            _write(project, path, before, text)
    note(f"{found.edits} of its problems mended" if found.edits else "nothing to mend")
    return found.left


def _safe_edits(report: Report) -> list[TextEdit]:
    """The edits of the safe fixes of a registry file that do not get in each other's way, the earlier ones first."""
    safe = (d.fix for d in report.diagnostics if d.fix is not None and d.fix.applicability is Applicability.SAFE)
    chosen: list[TextEdit] = []
    for edit in sorted(
        {edit for fix in safe for edit in fix.edits}, key=lambda edit: (edit.span.start, -edit.span.end)
    ):
        if not chosen or edit.span.start >= chosen[-1].span.end:
            chosen.append(edit)
    return chosen


def _write(project: Project, path: Path, before: str, after: str) -> None:
    try:
        data = read_bytes(path)
        bom = data[: len(codecs.BOM_UTF8)] if data.startswith(codecs.BOM_UTF8) else b""
        replace_file(path, bom + before.encode(), bom + after.encode(), project.root)
    except ChangedFileError as error:
        note(f"error: {project.relative(path)}: {error}")
        sys.exit(CHANGED_MEANWHILE)
    except (RefusedWriteError, OSError) as error:
        fail(f"{project.relative(path)}: not written: {error}")
