"""The options that `check` and `fix` share, and what both do before and after their work."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple, NoReturn

import click

from ssot_lsp import repository
from ssot_lsp.cli.reporters import FORMATS, render, statistics
from ssot_lsp.config import ConfigError, Settings, find_root
from ssot_lsp.git import repository_root
from ssot_lsp.model import RULE_NAMES, Diagnostic, Report, Severity, is_code
from ssot_lsp.project import Project
from ssot_lsp.registry import RegistryError
from ssot_lsp.sweep import OnProgress

CLEAN, FOUND, CANNOT_RUN, CHANGED_MEANWHILE = range(4)
"""Exit codes."""

_PROGRESS_AFTER = 0.5
"""Seconds; what is done sooner is done before a bar would be read."""
_OF_REPOSITORY = ("sarif", "gitlab", "junit")
"""The formats for those who know a whole repository, and its files by their paths in it."""


class Options(NamedTuple):
    """What `check` and `fix` were asked, as far as they share it."""

    paths: tuple[Path, ...] = ()
    registry: Path | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    output_format: str = "full"
    reports: tuple[tuple[str, Path], ...] = ()
    """Other formats, and the files that are to hold the report in them."""
    python: Path | None = None
    statistics: bool = False
    exit_zero: bool = False
    fail_on: Severity = Severity.WARNING
    jobs: int = 1
    """How many processes there may be."""
    use_cache: bool = True
    include_docs: bool = False

    @property
    def shows_edits(self) -> bool:
        """Whether the output has the edits of the fixes in it."""
        formats = [name for name, _ in self.reports] + [self.output_format] * (not self.statistics)
        return not {"json", "sarif"}.isdisjoint(formats)


_OF_WORKSPACE = (
    click.option("--registry", type=click.Path(path_type=Path), metavar="FILE", help="The registry to use."),
    click.option("--include-docs", is_flag=True, help="Python in Markdown pages too."),
    click.option("--python", type=click.Path(path_type=Path), metavar="PATH", help="The environment to read."),
    click.option("--jobs", type=click.IntRange(min=0), metavar="N", help="How many processes; all cores by default."),
    click.option("--no-cache", is_flag=True, help="Neither read nor write the cache."),
)
_OF_FINDINGS = (
    click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]..."),
    click.option("--select", multiple=True, metavar="CODES", help="Only these rules, separated by commas."),
    click.option("--ignore", multiple=True, metavar="CODES", help="All rules but these."),
    click.option(
        "--output-format", type=click.Choice(FORMATS), default="full", show_default=True, help="How to print."
    ),
    click.option(
        "--report", multiple=True, metavar="FORMAT=FILE", help="Write the report to a file in that format too."
    ),
    click.option("--statistics", is_flag=True, help="Count the diagnostics of each rule."),
    click.option("--exit-zero", is_flag=True, help="Exit with 0 even if something was found."),
    click.option(
        "--fail-on",
        type=click.Choice([severity.label for severity in Severity]),
        default="warning",
        show_default=True,
        help="The least severity to fail for.",
    ),
)
_WITHOUT_FINDINGS: Mapping[str, Any] = {
    "paths": (),
    "select": (),
    "ignore": (),
    "output_format": "full",
    "report": (),
    "statistics": False,
    "exit_zero": False,
    "fail_on": "warning",
}
"""What a command is given that has no options of findings."""


def shared_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the shared options; it is called with an `Options` first."""
    return _with_options(command, (*_OF_FINDINGS, *_OF_WORKSPACE), {})


def workspace_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command those of the shared options that say what is looked at, and how; it is called as with all."""
    return _with_options(command, _OF_WORKSPACE, _WITHOUT_FINDINGS)


def _with_options(
    command: Callable[..., None], decorators: Sequence[Callable[[Any], Any]], otherwise: Mapping[str, Any]
) -> Callable[..., None]:
    @functools.wraps(command)
    def wrapped(**asked: Any) -> None:
        given = {**otherwise, **asked}
        options = Options(
            paths=tuple(map(_canonical, given.pop("paths"))) or (Path.cwd(),),
            registry=given.pop("registry"),
            select=_codes(given.pop("select")),
            ignore=_codes(given.pop("ignore")),
            output_format=given.pop("output_format"),
            reports=tuple(map(_report, given.pop("report"))),
            python=given.pop("python"),
            statistics=given.pop("statistics"),
            exit_zero=given.pop("exit_zero"),
            fail_on=Severity[given.pop("fail_on").upper()],
            jobs=given.pop("jobs") or repository.available_cores(),
            use_cache=not given.pop("no_cache"),
            include_docs=given.pop("include_docs"),
        )
        command(options, **given)

    for decorator in reversed(decorators):
        wrapped = decorator(wrapped)
    return wrapped


def _canonical(path: Path) -> Path:
    """The one absolute path of a file or folder; a file that is a link stays the link."""
    path = Path.cwd() / path
    return path.resolve() if path.name in ("", "..") or path.is_dir() else path.parent.resolve() / path.name


def _codes(given: Iterable[str]) -> tuple[str, ...]:
    codes = tuple(code.strip().upper() for codes in given for code in codes.split(",") if code.strip())
    for code in codes:
        if not is_code(code):
            fail(f"no rule has the code {code}; there are {', '.join(RULE_NAMES)}")
    return codes


def _report(given: str) -> tuple[str, Path]:
    """A format and a file."""
    name, _, file = given.partition("=")
    if name not in FORMATS or not file:
        fail(f"--report {given}: expected FORMAT=FILE, where FORMAT is one of {', '.join(FORMATS)}")
    return name, Path(file)


def fail(message: str) -> NoReturn:
    """End with one clear line and the exit code for *could not run*."""
    note(f"error: {message}")
    sys.exit(CANNOT_RUN)


def note(message: str) -> None:
    """Say something beside the report, on standard error."""
    click.echo(" ".join(message.splitlines()), err=True)


def load_project(options: Options) -> Project:
    """The project around the current folder; ends the program if it cannot be used."""
    for path in options.paths:
        if not path.exists():
            fail(f"{path}: no such file or folder")
    root = find_root(Path.cwd())
    registry = Path.cwd() / options.registry if options.registry else None
    overrides = Settings(
        registry=registry,
        select=options.select,
        ignore=options.ignore,
        include_docs=options.include_docs,
        python=options.python,
    )
    try:
        project = Project.load(root, overrides)
    except (ConfigError, RegistryError) as error:
        fail(str(error))
    if options.python is not None and not project.environment.site_packages:
        fail(f"--python {options.python}: no environment of Python is there")
    if project.note:
        note(f"note: {project.note}")
    return project


@contextmanager
def progress(label: str) -> Iterator[OnProgress]:
    """To be told of progress: a bar, if it takes a while and a person is watching."""
    with ExitStack() as bars:
        began, bar = monotonic(), None

        def told(done: int, files: int) -> None:
            nonlocal bar
            if bar is None and done < files and monotonic() - began > _PROGRESS_AFTER and sys.stderr.isatty():
                bar = bars.enter_context(click.progressbar(length=files, label=label, file=sys.stderr))
            if bar is not None:
                bar.update(done - bar.pos)

        yield told


def tell(project: Project, reports: Iterable[Report]) -> None:
    """Say what the reports have to say beside their diagnostics."""
    for report in reports:
        if report.note:
            note(f"note: {project.relative(report.path)}: {report.note}")


def with_findings(reports: Iterable[Report]) -> list[Report]:
    """The reports that have something to say."""
    return [report for report in reports if report.diagnostics]


def print_reports(options: Options, project: Project, reports: Sequence[Report]) -> None:
    """Print what was found, in the format that was asked for, and write it to the files that were."""
    for name, path in options.reports:
        try:
            path.write_text(_rendered(name, project, reports) + "\n", "utf-8")
        except OSError as error:
            fail(f"--report: {path}: cannot be written: {error.strerror or error}")
    is_human = options.output_format in ("full", "concise")
    has_colour = _has_colour()
    if reports or not is_human:
        text = (
            statistics(reports, as_json=options.output_format == "json")
            if options.statistics
            else _rendered(options.output_format, project, reports, colour=has_colour)
        )
        if text:
            click.echo(text, color=has_colour)
    if sys.stdout.isatty() and is_human and not options.statistics:
        click.echo(_summary([diagnostic for report in reports for diagnostic in report.diagnostics]))


def _rendered(name: str, project: Project, reports: Sequence[Report], *, colour: bool = False) -> str:
    root = repository_root(project.root) if name in _OF_REPOSITORY else project.root
    return render(name, reports, root, colour=colour)


def _has_colour() -> bool:
    """Whether standard output takes colour: a terminal's does, unless somebody says otherwise.

    https://no-color.org, https://force-color.org
    """
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def _summary(diagnostics: Sequence[Diagnostic]) -> str:
    if not diagnostics:
        return "Nothing found."
    safe = sum(d.fix is not None and d.fix.applicability.value == "safe" for d in diagnostics)
    found = f"Found {len(diagnostics)} diagnostic{'s' if len(diagnostics) > 1 else ''}."
    return f"{found} `ssot-lsp fix` mends {safe} of them." if safe else found


def exit_code(options: Options, reports: Iterable[Report]) -> int:
    """The exit code: whether anything at or above the asked severity was found."""
    bad = any(d.severity <= options.fail_on for report in reports for d in report.diagnostics)
    return FOUND if bad and not options.exit_zero else CLEAN
