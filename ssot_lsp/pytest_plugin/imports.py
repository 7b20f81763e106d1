"""The tests that `pytest --ssot` has besides its own: one for each Python file that it comes upon."""

from __future__ import annotations

import gc
import json
import threading
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ssot_lsp import engine
from ssot_lsp.cli.baseline import Baseline, BaselineError
from ssot_lsp.cli.reporters import render
from ssot_lsp.config import ConfigError, find_root
from ssot_lsp.model import Report, Severity
from ssot_lsp.project import Project
from ssot_lsp.records import Record, TextOnDisk, unpack
from ssot_lsp.registry import RegistryError
from ssot_lsp.repository import available_cores
from ssot_lsp.sweep import Sweep, open_file, registry_reports

_KEY = "ssot_lsp"


class Imports:
    """What is found in the files of a project, all at once."""

    def __init__(self, config: pytest.Config) -> None:
        """Raises pytest.UsageError if settings, registry or baseline cannot be used."""
        self._config = config
        try:
            self._project = Project.load(find_root(config.rootpath))
            name = config.getoption("--ssot-baseline")
            path = config.invocation_params.dir / name if name else None
            self._baseline = Baseline.read(path, self._project.root) if path is not None else None
        except (ConfigError, RegistryError, BaselineError) as error:
            raise pytest.UsageError(f"ssot-lsp: {error}") from error

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Look at all files, before there are threads: not every system lets processes that have some be forked."""
        _ = self._swept

    def pytest_report_header(self) -> str:
        """How many test modules can be imported, as far as their own imports tell."""
        modules = [file for file in self._swept.files if self._is_test(file)]
        broken = {record[0] for record in self._swept.records}.intersection(modules)
        failing = sum(self._fails_at_import(Path(file)) for file in broken)
        return f"ssot-lsp: {len(modules) - failing} of {len(modules)} test modules importable"

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """A test for a file that is to be checked."""
        if str(file_path) not in self._files:
            return None
        # not below a package: pytest would import that first
        return _File.of(parent.session, file_path, self._failing.get(str(file_path)), self._project.root)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a process that pytest-xdist begins what was found."""
        node.workerinput[_KEY] = json.dumps(self._swept)

    @cached_property
    def _swept(self) -> _Swept:
        told = getattr(self._config, "workerinput", {}).get(_KEY)
        if told is not None:
            return _Swept(*json.loads(told))
        files = list(self._project.find_files([self._project.root]))
        thresholds = gc.get_threshold()
        try:
            sweep = Sweep(available_cores() if threading.active_count() == 1 else 1)
            return _Swept(files, sweep.check(self._project, files, [self._project.root]))
        finally:
            gc.set_threshold(*thresholds)  # which the tests may count on

    @cached_property
    def _files(self) -> frozenset[str]:
        """The files that have a test: those of Python, and those of the registry that are the project's."""
        return frozenset([*self._swept.files, *(str(file.path) for file in self._project.registry.files)])

    @cached_property
    def _failing(self) -> dict[str, Report]:
        """What fails, by file."""
        text_of = cache(TextOnDisk)
        reports: Iterable[Report] = (unpack(record, text_of) for record in self._swept.records)
        reports = [*registry_reports(self._project), *reports]
        if self._baseline is not None:
            reports = map(self._baseline.fresh, reports)
        return {
            str(report.path): report
            for report in reports
            if any(diagnostic.severity <= Severity.WARNING for diagnostic in report.diagnostics)
        }

    def _is_test(self, file: str) -> bool:
        """Whether pytest takes a file for a test module."""
        patterns: list[str] = self._config.getini("python_files")
        return any(fnmatch(file if "/" in pattern else Path(file).name, pattern) for pattern in patterns)

    def _fails_at_import(self, path: Path) -> bool:
        opened = open_file(self._project, path)
        return isinstance(opened, Report) or engine.fails_at_import(opened.document, self._project)


class _Swept(NamedTuple):
    """What was found."""

    files: list[str]
    """All files that were looked at."""
    records: list[Record]


class _File(pytest.File):
    """A file, as a place for its test."""

    report: Report | None
    root: Path

    @classmethod
    def of(cls, session: pytest.Session, path: Path, report: Report | None, root: Path) -> _File:
        """A file, what fails in it, and the project's folder."""
        file: _File = cls.from_parent(session, path=path)
        file.report, file.root = report, root
        return file

    def collect(self) -> Iterator[pytest.Item]:
        """The one test."""
        test: _Test = _Test.from_parent(self, name="ssot")
        test.add_marker("ssot")
        yield test


class _FindingsError(Exception):
    """Something was found; the text is the report."""


class _Test(pytest.Item):
    """A file's imports are as they should be."""

    parent: _File

    def runtest(self) -> None:
        """Fail, if something was found."""
        if self.parent.report is not None:
            raise _FindingsError(render("full", [self.parent.report], self.parent.root))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any, **given: Any) -> Any:
        """What was found; how we came to tell is of no interest."""
        if isinstance(excinfo.value, _FindingsError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, *args, **given)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the first finding is."""
        report = self.parent.report
        row = report.text.position(report.diagnostics[0].span.start).row if report is not None else None
        return self.path, row, f"imports of {self.parent.nodeid}"
