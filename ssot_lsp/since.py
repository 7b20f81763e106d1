"""What a change has brought: all that is found in files that have changed, and in the others what was not there before.

A class that is renamed breaks the imports of files that nobody has touched, and an entry of the registry speaks of any
file. So each finding in a file that has not changed is looked for in the project as it was: with the modules and the
registry of the revision, under the settings of today.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence, Set
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from ssot_lsp.config import ConfigError, Settings
from ssot_lsp.files import PYTHON_SUFFIXES, read_bytes
from ssot_lsp.git import Changes
from ssot_lsp.model import Diagnostic, Report
from ssot_lsp.modules import Modules, Read
from ssot_lsp.project import Project
from ssot_lsp.records import TextOnDisk, unpack
from ssot_lsp.registry import RegistryError
from ssot_lsp.sweep import Sweep
from ssot_lsp.text import Span


class Since:
    """What has changed in a project, and what that has broken."""

    def __init__(self, project: Project, changes: Changes) -> None:
        self._project, self._changes = project, changes

    def is_changed(self, file: str | Path) -> bool:
        """Whether a file is another one than it was, or new."""
        return Path(file) in self._changes.now

    @property
    def concerns_others(self) -> bool:
        """Whether something has changed that what is found in other files may rest on."""
        registries = self._registries | {self._project.root / "registry.json"}
        changed = self._changes.now | self._changes.gone
        return any(path.suffix in PYTHON_SUFFIXES or path in registries for path in changed)

    def apart(self, reports: Sequence[Report]) -> tuple[list[Report], list[Report]]:
        """What was found before the change too, and what it has brought."""
        found = self._found_before([str(report.path) for report in reports if self._is_of_others(report)])
        before: list[Report] = []
        new: list[Report] = []
        for report in reports:
            old = tuple(d for d in report.diagnostics if self._was_there(report, d, found))
            before.append(report._replace(diagnostics=old))
            new.append(report._replace(diagnostics=tuple(d for d in report.diagnostics if d not in old)))
        return [report for report in before if report.diagnostics], [report for report in new if report.diagnostics]

    def _was_there(self, report: Report, diagnostic: Diagnostic, found: Set[tuple[str, str, Span]]) -> bool:
        if self.is_changed(report.path):
            return False
        # the entries of a registry speak for themselves
        return not self._is_of_others(report) or (str(report.path), diagnostic.code, diagnostic.span) in found

    def _is_of_others(self, report: Report) -> bool:
        return not self.is_changed(report.path) and report.path not in self._registries

    @cached_property
    def _registries(self) -> frozenset[Path]:
        return frozenset(file.path for file in self._project.registry.files)

    def _found_before(self, files: Sequence[str]) -> frozenset[tuple[str, str, Span]]:
        """What was found in files that have not changed: file, code and place."""
        if self._before is None or not files:
            return frozenset()
        records = Sweep(use_cache=False).check(self._before, files, ())  # no other process knows that project
        reports = (unpack(record, TextOnDisk) for record in records)
        return frozenset((str(report.path), d.code, d.span) for report in reports for d in report.diagnostics)

    @cached_property
    def _before(self) -> Project | None:
        """The project as it was; None if its registry could not be used then."""
        changes = self._changes

        def read(path: str | Path) -> bytes:
            path = Path(path)
            return changes.before(path) if path in changes.now or path in changes.gone else read_bytes(path)

        try:
            project = Project.load(self._project.root, Settings(**self._project.overrides), read)
        except (ConfigError, RegistryError):
            return None
        return replace(project, modules=_ModulesBefore(project.modules, read, changes))


class _ModulesBefore(Modules):
    """The modules as they were."""

    def __init__(self, now: Modules, read: Read, changes: Changes) -> None:
        super().__init__(now.roots, now.packages, read)
        self._new = _by_folder(changes.new)
        self._gone = _by_folder(changes.gone)

    def is_folder(self, path: Path) -> bool:
        """Whether a path was one of a folder."""
        return path in self._gone or path.is_dir()

    def listing(self, folder: Path) -> frozenset[str]:
        """The names that were in a folder."""
        if folder not in self._listings:
            names = set[str]()
            with suppress(OSError):
                names |= {*os.listdir(folder)}  # noqa: PTH208 - names, not paths, are wanted
            came = {name for name in self._new.get(folder, ()) if folder / name not in self._new}
            self._listings[folder] = frozenset((names - came) | self._gone.get(folder, set()))
        return self._listings[folder]


def _by_folder(paths: Iterable[Path]) -> dict[Path, set[str]]:
    """The names in each folder that lead to some files."""
    found: dict[Path, set[str]] = {}
    for path in paths:
        for inner in (path, *path.parents):
            found.setdefault(inner.parent, set()).add(inner.name)
    return found
