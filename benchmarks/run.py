"""Measure whole-repository speed against peers, in one run, and print the table of BENCHMARKS.md.

Programs run by turns (ours, the peer, ours, the peer, …), as whole processes, after one run of each that does not
count. What they find is read and must be the same in every run. Exits with 1 if a goal is not met, and with 2 if a
program did not do its work. Memory is sampled in runs of its own, as that slows them down; it needs Linux.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import signal
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.measure import Command, FailedError, Place, Run, median, peak_memory, run, use_cores
from benchmarks.tree import PARTS, Tree, build, spread

REPOSITORY = Path(__file__).resolve().parent.parent
CORPUS = REPOSITORY / ".corpus"
PEERS = REPOSITORY / ".venv-bench" / "bin"
REGISTRY_RULES = ("--select", "SSOT001,SSOT002,SSOT008")
NOTHING = "nothing"
"""The task that finds nothing."""
CHANGED = 20
"""Files, of which every other one gets a new import."""
UNWANTED = re.compile("(PYTHON|RUFF|PYREFLY|TY|BASEDPYRIGHT|SSOT|XDG|VIRTUAL_ENV|CONDA|FORCE_COLOR|CLICOLOR).*")

_RUFF_LINE = re.compile(r"(?P<path>[^:]+):(?P<row>\d+):\d+: TID251 ")
_OURS_LINE = re.compile(r"(?P<path>[^:]+):(?P<row>\d+):\d+: SSOT\d+ ")
_PYREFLY_LINE = re.compile(r"ERROR (?P<path>[^:]+):(?P<row>\d+):.*\[missing-(?:import|module-attribute)\]$")
_TY_LINE = re.compile(r"(?P<path>[^:]+):(?P<row>\d+):\d+: error\[import-not-found\]")
_BASEDPYRIGHT_LINE = re.compile(r" +(?P<path>/[^:]+):(?P<row>\d+):\d+ - error: ")


class Goal(NamedTuple):
    """What our figure must not exceed."""

    most: float
    unit: str
    """``x`` (times the peer's), ``s`` (seconds more than the peer) or ``MB``."""

    def figure(self, ours: float, peer: float) -> float:
        """What is compared with `most`."""
        return ours / peer if self.unit == "x" else ours - peer if self.unit == "s" else ours


class Work(NamedTuple):
    """Something to measure: what we do, and what it is compared with."""

    key: str
    title: str
    ours: Command
    peer: Command
    goal: Goal | None
    change: bool = False
    """Whether files are changed before each of our runs."""


class Timed(NamedTuple):
    """What the runs of both gave."""

    work: Work
    ours: tuple[Run, ...]
    peer: tuple[Run, ...]


class Peak(NamedTuple):
    """The memory of a program."""

    command: Command
    goal: Goal | None
    megabytes: float
    findings: int


class Agreement(NamedTuple):
    """Lines on which we and ruff found something."""

    both: int
    only_ours: tuple[Place, ...]
    only_theirs: tuple[Place, ...]


class Programs:
    """The commands that are measured, with all their arguments."""

    def __init__(self, tree: Tree, peers: Path, cores: int) -> None:
        self._tree, self._peers, self._cores = tree, peers, cores

    def ours(self, name: str, *arguments: str, script: Path | None = None) -> Command:
        """All rules, by ssot-lsp as it is installed beside the Python that runs this."""
        program = (str(script),) if script else (sys.executable, "-m", "ssot_lsp")
        given = (*program, "check", "--output-format", "concise", *arguments)
        return Command(f"ssot-lsp{name}", "all rules", given, _OURS_LINE)

    def rules(self, name: str, *arguments: str, script: Path | None = None) -> Command:
        """The rules that the registry alone decides."""
        command = self.ours(f" --select{name}", *REGISTRY_RULES, "--no-cache", *arguments, script=script)
        return command._replace(task="registry rules")

    def ruff(self, name: str, *arguments: str) -> Command:
        """The rule for banned paths, with those that our registry calls deprecated."""
        given = ("check", "--config", str(self._tree.ruff), "--select", "TID251", "--output-format", "concise")
        return Command(f"ruff{name}", "ruff", (self._peer("ruff"), *given, *arguments), _RUFF_LINE)

    def pyrefly(self, preset: str = "default") -> Command:
        """All that it checks; only what it says of imports is kept, as it has no way to check just that."""
        given = f"check --preset {preset} --only missing-import,missing-module-attribute --threads {self._cores}"
        fixed = "--output-format min-text --summary none --progress-bar no --search-path . --skip-interpreter-query"
        arguments = (*given.split(), *fixed.split(), "--disable-search-path-heuristics", ".")
        name = "pyrefly" if preset == "default" else f"pyrefly --preset {preset}"
        return Command(name, name, (self._peer("pyrefly"), *arguments), _PYREFLY_LINE)

    def ty(self) -> Command:
        """The same of ty."""
        given = (
            "check --ignore all --error import-not-found --output-format concise --no-progress --python-version 3.13"
        )
        return Command("ty", "ty", (self._peer("ty"), *given.split()), _TY_LINE)

    def basedpyright(self) -> Command:
        """The same of basedpyright."""
        kept = {"reportMissingImports": "error", "reportAttributeAccessIssue": "error"}
        settings = self._tree.settings / "basedpyright.json"
        content = {"include": [str(self._tree.root)], "typeCheckingMode": "off", **kept}
        settings.write_text(json.dumps(content), "utf-8")
        given = ("--project", str(settings), "--threads", str(self._cores))
        return Command("basedpyright", "basedpyright", (self._peer("basedpyright"), *given), _BASEDPYRIGHT_LINE)

    def _peer(self, name: str) -> str:
        return str(self._peers / name)


def works(programs: Programs, tree: Tree, also: Iterable[str]) -> Iterator[Work]:
    """All that is measured in time."""
    ruff = programs.ruff("", "--no-cache")
    rules = programs.rules("")
    everything, cached = programs.ours("", "--no-cache"), programs.ours(", cached")
    large = ("--registry", str(tree.large_registry))
    clean = str(min(tree.files, key=lambda path: (path.stat().st_size, path)))
    script = Path(sys.executable).with_name("ssot-lsp")
    yield Work("rules", "registry rules, cold", rules, ruff, Goal(0.5, "x"))
    if script.exists():
        installed = programs.rules(", its script", script=script)
        yield Work("script", "the same, started by its script", installed, ruff, Goal(0.5, "x"))
    yield Work("all", "all rules, cold", everything, programs.pyrefly(), Goal(0.15, "x"))
    for peer in also:
        others = {
            "pyrefly-basic": lambda: programs.pyrefly("basic"),
            "ty": programs.ty,
            "basedpyright": programs.basedpyright,
        }
        yield Work("also", "all rules, cold", everything, others[peer](), None)
    yield Work("warm", "all rules, nothing changed", cached, programs.ruff(", cached"), Goal(3, "x"))
    yield Work("changed", f"all rules, {CHANGED} files changed", cached, cached, Goal(2, "x"), change=True)
    yield Work(
        "registry",
        "registry of 100,000 entries: all rules, cold",
        programs.ours(", large registry", "--no-cache", *large),
        everything,
        Goal(1.3, "x"),
    )
    yield Work(
        "registry",
        "registry of 100,000 entries: registry rules, cold",
        programs.rules(", large registry", *large),
        rules,
        None,
    )
    yield Work(
        "loading",
        "registry of 100,000 entries: one empty file",
        programs.rules(", large registry", *large, clean)._replace(task=NOTHING),
        programs.rules("", clean)._replace(task=NOTHING),
        Goal(1, "s"),
    )


class Changes:
    """The files that are edited, and how they were."""

    def __init__(self, tree: Tree) -> None:
        paths = spread(tree.files, CHANGED)
        self._before = {path: (path.read_bytes(), path.stat()) for path in paths}
        self._modules = spread(tree.harmless, CHANGED)
        self._round = 0

    def make(self) -> None:
        """Edit the files, each time in another way: a comment at the end of one, an import at the end of the next."""
        self._round += 1
        for number, (path, (data, _)) in enumerate(self._before.items()):
            module = self._modules[number % len(self._modules)]
            line = f"import {module} as changed_{self._round}" if number % 2 else f"# changed {self._round}"
            path.write_bytes(data + f"\n{line}\n".encode())

    def undo(self) -> None:
        """Put the files back."""
        for path, (data, state) in self._before.items():
            path.write_bytes(data)
            os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))

    @classmethod
    @contextmanager
    def of(cls, tree: Tree) -> Iterator[Changes]:
        """What is changed in there is put back at the end."""
        changes = cls(tree)
        try:
            yield changes
        finally:
            changes.undo()


class Bench:
    """Runs what is to be measured, and watches that it does its work."""

    def __init__(self, folder: Path, environment: Mapping[str, str], runs: int) -> None:
        self._folder, self._environment, self._runs = folder, environment, runs
        self._found: dict[str, tuple[Place, ...]] = {}
        self.problems: list[str] = []

    def time(self, work: Work, change: Callable[[], None]) -> Timed:
        """Run both by turns."""
        for command in (work.ours, work.peer):
            self._run(command)
        ours, peer = [], []
        for _ in range(self._runs):
            if work.change:
                change()
            ours.append(self._run(work.ours))
            peer.append(self._run(work.peer))
        return Timed(work, tuple(ours), tuple(peer))

    def measure(self, command: Command, goal: Goal | None) -> Peak:
        """The memory of a program: the median of its runs."""
        peaks = []
        for _ in range(min(self._runs, 3)):
            megabytes, found = peak_memory(command, self._folder, self._environment)
            self._watch(command, found)
            peaks.append(megabytes)
        return Peak(command, goal, statistics.median(peaks), len(found))

    def agreement(self, ours: Command, theirs: Command) -> Agreement | None:
        """How what was found compares, if both have run."""
        if ours.task not in self._found or theirs.task not in self._found:
            return None
        return compare(self._found[ours.task], self._found[theirs.task])

    def _run(self, command: Command) -> Run:
        done = run(command, self._folder, self._environment)
        print(f"  {command.name}: {done.seconds:.2f} s, {len(done.found):,} findings", file=sys.stderr, flush=True)
        self._watch(command, done.found)
        return done

    def _watch(self, command: Command, found: tuple[Place, ...]) -> None:
        """Note it if the same task has given something else before, or nothing at all."""
        expected = self._found.setdefault(command.task, found)
        if found != expected:
            other = min((Counter(found) - Counter(expected)) + (Counter(expected) - Counter(found)))
            what = f"{len(found):,} findings, and {len(expected):,} before; one differs at {other.path}:{other.row}"
            self.problems.append(f"{command.name}: {what}")
        if bool(found) == (command.task == NOTHING):
            self.problems.append(f"{command.name}: {len(found)} findings")


def compare(ours: Sequence[Place], theirs: Sequence[Place]) -> Agreement:
    """Lines on which both found something, and only one."""
    left, right = set(ours), set(theirs)
    return Agreement(len(left & right), tuple(sorted(left - right)), tuple(sorted(right - left)))


def is_met(timed: Timed) -> bool:
    """Whether the goal is met, if there is one."""
    goal = timed.work.goal
    return goal is None or goal.figure(median(timed.ours), median(timed.peer)) <= goal.most


def table(results: Iterable[Timed]) -> Iterator[str]:
    """The lines of a table of the times: medians, with the fastest and the slowest run."""
    yield "| work | ours | findings | peer | its time | findings | figure | goal | met |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for timed in results:
        goal = timed.work.goal or Goal(0, "x")
        figure = goal.figure(median(timed.ours), median(timed.peer))
        cells = (
            timed.work.title,
            seconds(timed.ours),
            f"{len(timed.ours[0].found):,}",
            timed.work.peer.name + (" (ours, nothing changed)" if timed.work.change else ""),
            seconds(timed.peer),
            f"{len(timed.peer[0].found):,}",
            f"{figure:.2f} {goal.unit}" if goal.unit == "x" else f"{figure:+.2f} {goal.unit}",
            f"≤ {goal.most:g} {goal.unit}" if timed.work.goal else "",
            ("yes" if is_met(timed) else "**no**") if timed.work.goal else "",
        )
        yield f"| {' | '.join(cells)} |"


def seconds(runs: Sequence[Run]) -> str:
    """A cell for times."""
    times = [run.seconds for run in runs]
    return f"{median(runs):.2f} s ({min(times):.2f} to {max(times):.2f})"


def memory_table(peaks: Iterable[Peak]) -> Iterator[str]:
    """The lines of a table of the memory."""
    yield "| peak memory, all processes | | findings | goal | met |"
    yield "|---|---|---|---|---|"
    for peak in peaks:
        goal = f"≤ {peak.goal.most:g} MB" if peak.goal else ""
        met = "" if peak.goal is None else "yes" if peak.megabytes <= peak.goal.most else "**no**"
        yield f"| {peak.command.name} | {peak.megabytes:,.0f} MB | {peak.findings:,} | {goal} | {met} |"


def described(agreement: Agreement, most: int = 5) -> Iterator[str]:
    """How our findings compare with ruff's, in sentences."""
    alone = f"{len(agreement.only_ours):,} of ours alone, {len(agreement.only_theirs):,} of ruff alone"
    yield f"Lines with a finding: {agreement.both:,} of both, {alone}."
    for name, found in (("ours", agreement.only_ours), ("ruff", agreement.only_theirs)):
        for place in found[:most]:
            yield f"- {name} alone: {place.path}:{place.row}"


def environment(cache: Path) -> dict[str, str]:
    """What the programs see: nothing that changes what they do, and caches in a folder of this run."""
    kept = {name: value for name, value in os.environ.items() if not UNWANTED.fullmatch(name)}
    folders = {"XDG_CACHE_HOME": str(cache / "xdg"), "RUFF_CACHE_DIR": str(cache / "ruff")}
    return kept | folders | {"PYTHONUTF8": "1", "NO_COLOR": "1"}


def versions(names: Iterable[str], peers: Path) -> Iterator[str]:
    """The programs, as they call themselves."""
    for command in ((sys.executable, "-m", "ssot_lsp"), *((str(peers / name),) for name in names)):
        try:
            done = subprocess.run([*command, "--version"], capture_output=True, encoding="utf-8", check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise FailedError(f"{command[0]} is not there: make bench installs it ({error})") from error
        yield done.stdout.partition("\n")[0].replace(",", "")


def as_json(setting: str, tree: Tree, results: Iterable[Timed], peaks: Iterable[Peak], problems: Sequence[str]) -> Any:
    """All the raw figures."""

    def side(command: Command, runs: Sequence[Run]) -> dict[str, Any]:
        figures = {"seconds": [run.seconds for run in runs], "cpu_seconds": [run.cpu for run in runs]}
        return {"name": command.name, "command": command.arguments, "findings": len(runs[0].found), **figures}

    return {
        "setting": setting,
        "files": len(tree.files),
        "bytes": tree.size,
        "times": [
            {
                "key": timed.work.key,
                "title": timed.work.title,
                "goal": timed.work.goal and timed.work.goal._asdict(),
                "met": is_met(timed),
                "ours": side(timed.work.ours, timed.ours),
                "peer": side(timed.work.peer, timed.peer),
            }
            for timed in results
        ],
        "memory": [{"name": peak.command.name, "megabytes": peak.megabytes} for peak in peaks],
        "problems": problems,
    }


def arguments() -> Any:
    """What the command line says."""
    keys = ("rules", "script", "all", "also", "warm", "changed", "registry", "loading", "memory")
    parser = argparse.ArgumentParser(prog="make bench", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="of each program, besides the first")
    parser.add_argument("--only", nargs="+", choices=keys, default=keys, metavar="WORK", help=", ".join(keys))
    parser.add_argument(
        "--also", nargs="+", choices=("pyrefly-basic", "ty", "basedpyright"), default=(), help="more peers; minutes"
    )
    parser.add_argument("--cores", type=int, default=2, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the raw figures there")
    parser.add_argument("--corpus", type=Path, default=CORPUS, metavar="DIR", help="where make corpus has put it")
    parser.add_argument(
        "--parts", nargs="+", choices=sorted({part.name for part in PARTS}), metavar="PART", help="only these packages"
    )
    parser.add_argument("--tree", type=Path, metavar="DIR", help="where the tree goes (default: in the corpus)")
    parser.add_argument("--peers", type=Path, default=PEERS, metavar="DIR", help="the folder of the peers' programs")
    given = parser.parse_args()
    if given.runs < 1:
        parser.error("--runs: at least 1")
    return given


def measured(given: Any, programs: Programs, tree: Tree, bench: Bench) -> tuple[list[Timed], list[Peak]]:
    """Measure what the command line asks for."""
    with Changes.of(tree) as changes:
        timed = []
        for work in works(programs, tree, given.also):
            if work.key in given.only:
                print(work.title, file=sys.stderr, flush=True)
                timed.append(bench.time(work, changes.make))
    if "memory" not in given.only:
        return timed, []
    if sys.platform != "linux":
        print("memory is measured on Linux only", file=sys.stderr)
        return timed, []
    print("memory", file=sys.stderr, flush=True)
    commands = {
        work.ours: Goal(300, "MB") for work in works(programs, tree, ()) if work.key in ("rules", "all", "warm")
    }
    others = [programs.ruff("", "--no-cache"), programs.pyrefly()]
    return timed, [bench.measure(command, commands.get(command)) for command in (*commands, *others)]


def main() -> None:
    """Build the tree, measure, and print."""
    given = arguments()
    tree_folder = (given.tree or given.corpus / "tree").resolve()
    cores = use_cores(given.cores)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that changed files are put back then too
    try:
        parts = [part for part in PARTS if not given.parts or part.name in given.parts]
        tree = build(given.corpus.resolve(), parts, tree_folder, tree_folder.with_name(f"{tree_folder.name}-settings"))
        names = list(versions(("ruff", "pyrefly", *(name for name in given.also if "-" not in name)), given.peers))
        with tempfile.TemporaryDirectory() as cache:
            bench = Bench(tree.root, environment(Path(cache)), given.runs)
            programs = Programs(tree, given.peers.absolute(), cores)
            results, peaks = measured(given, programs, tree, bench)
    except (LookupError, FailedError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    today = datetime.now(timezone.utc).date()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    setting = f"{today}, {cores} cores ({platform.system()} {platform.machine()}), {python}, {', '.join(names)}"
    print(f"{setting}; {len(tree.files):,} files, {tree.size / 1e6:.0f} MB; {given.runs} runs, medians\n")
    print("\n".join(table(results)))
    if peaks:
        print("", *memory_table(peaks), sep="\n")
    agreement = bench.agreement(programs.rules(""), programs.ruff(""))
    if agreement:
        print("", *described(agreement), sep="\n")
    if given.json:
        given.json.write_text(json.dumps(as_json(setting, tree, results, peaks, bench.problems), indent=1), "utf-8")
    for problem in dict.fromkeys(bench.problems):
        print(f"error: {problem}", file=sys.stderr)
    met = all(map(is_met, results)) and all(p.goal is None or p.megabytes <= p.goal.most for p in peaks)
    sys.exit(2 if bench.problems else 0 if met else 1)


if __name__ == "__main__":
    main()
