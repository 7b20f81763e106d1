"""`ssot-lsp fix --watch`: what is saved is fixed, whatever it is saved with."""

from __future__ import annotations

from pathlib import Path

import click

from ssot_lsp.cli.changes import Change, plan, write_all
from ssot_lsp.cli.options import Options, note
from ssot_lsp.config import ConfigError, Settings
from ssot_lsp.files import PYTHON_SUFFIXES, read_bytes
from ssot_lsp.model import Applicability
from ssot_lsp.project import Project
from ssot_lsp.registry import RegistryError
from ssot_lsp.screen import UNSEEN
from ssot_lsp.watching import changes


def watch(options: Options, project: Project, applicability: Applicability) -> None:
    """Fix each file when it is saved, until the program is interrupted. A change of the registry counts at once."""
    note(f"watching {', '.join(map(str, options.paths))}; Ctrl+C ends it")
    written: dict[Path, bytes] = {}
    for paths in changes(sorted({*options.paths, *(file.path.parent for file in project.registry.files)})):
        project = _again(project)
        for path in paths:
            is_ours = written.pop(path, None) == _bytes_of(path)
            if path.suffix in PYTHON_SUFFIXES and not is_ours and _is_asked_for(options, project, path):
                change = _fix(project, path, applicability)
                if change is not None:
                    written[path] = change.new


def _again(project: Project) -> Project:
    """The project as it is now; as it was if it cannot be used any more, which is told."""
    try:
        again = Project.load(project.root, Settings(**project.overrides))
    except (ConfigError, RegistryError) as error:
        note(f"error: {error}; what held before still does")
        return project.with_registry(project.registry)
    if again.note != project.note:
        note(f"note: {again.note}")
    return again


def _is_asked_for(options: Options, project: Project, path: Path) -> bool:
    is_below = any(path.is_relative_to(asked) for asked in options.paths)
    return is_below and path.is_file() and any(True for _ in project.find_files([path], only_python=True))


def _bytes_of(path: Path) -> bytes | None:
    try:
        return read_bytes(path)
    except OSError:
        return None


def _fix(project: Project, path: Path, applicability: Applicability) -> Change | None:
    """Fix a file, and say so in one line; None if it was left as it is."""
    change, report = plan(project, path, UNSEEN, applicability)
    outcome = write_all(project, [change] if change is not None else [])
    name = project.relative(path)
    refused = [diagnostic for found in (report, *outcome.refused) if found for diagnostic in found.diagnostics]
    if outcome.written:
        click.echo(f"fixed {name}: {outcome.written[0].summary}")
    elif outcome.raced:
        note(f"{name}: it changed while it was being fixed; it was left alone")
    elif report is not None and report.note:
        note(f"{name}: {report.note}")
    elif refused:
        note(f"{name}: {refused[0].message}")
    return outcome.written[0] if outcome.written else None
