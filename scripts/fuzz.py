"""Check and fix the corpus with random registries of what its files import, and count what did not hold.

Neighbouring files are a group, which shares a registry; group and seed are all that its registry depends on, so
``--group`` repeats one. What went wrong is also left in ``.corpus/failures``, a workspace for each file:
there ``ssot-lsp fix --diff path/of/the/file.py`` shows it (named, as git ignores the folder).

Exits with 1 if a file crashed, did not keep what `tests.real_code.check_one` looks at, or took too long; if a move that
leaves the name as it is was refused (but for `RIGHTLY`); or if the verifier refused more than 1 % of the others. What
no import can bind (an attribute of an object, where the local name must stay) is refused before it comes to that.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from ssot_lsp.files import UnreadableFileError, decode  # noqa: E402 - found by the line above
from ssot_lsp.project import Project  # noqa: E402
from ssot_lsp.rewrite import UNVERIFIED  # noqa: E402
from tests.real_code import File, Outcome, Verdict, check_one, parsed, random_registry  # noqa: E402

CORPUS = REPOSITORY / ".corpus"
NO_PACKAGES = {"failures", "tree", "tree-settings"}
"""What else lies beside the packages: what went wrong, and what `make bench` measures."""
GROUP = 25
"""Files that share a registry."""
TOLD = 1_000
"""Files after which there is news of the progress."""
LONGEST = 60
"""Seconds for a file."""
MOST_REFUSED = 0.01
"""Of the findings whose fix has to change a name."""
RIGHTLY = re.compile("is used, and only this statement loads it|is canonical already")
"""No fault, whatever moves: the file uses a submodule that nothing but the import to be moved happens to load, or what
a push-down has as its target."""


class Task(NamedTuple):
    """A group of files and what its registry depends on."""

    number: int
    seed: int
    paths: tuple[Path, ...]
    failures: Path


class Result(NamedTuple):
    """What became of one file."""

    path: Path
    group: int
    seconds: float
    outcome: Outcome
    unread: str = ""
    """Why it was not looked at, or not fixed."""


class OvertimeError(BaseException):
    """A file takes too long. No `Exception`: nothing that is fuzzed may catch it."""


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Interrupt what takes longer, where the system can."""

    def interrupt(*_: object) -> NoReturn:
        raise OvertimeError

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def run(task: Task) -> list[Result]:
    """Check and fix a group."""
    files: dict[Path, File] = {}
    results: list[Result] = []
    for path in task.paths:
        try:
            files[path] = File(module_path(path), decode(path.read_bytes()))
        except UnreadableFileError:
            results.append(Result(path, task.number, 0, Outcome(0, (), ()), "unreadable"))
    entries = random_registry(files.values(), random.Random(f"{task.seed}/{task.number}"))
    registry = json.dumps({"version": 1, "packages": ["nothing"], "entries": entries}, indent=1)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        (root / "registry.json").write_text(registry, "utf-8")
        project = Project.load(root)
        for path, file in files.items():
            began = time.perf_counter()
            outcome = survived(project, file)
            if outcome.broken or any(map(is_fault, outcome.verdicts)):
                keep(task, path, file, registry)
            unread = "" if parsed(file.content.source) else "not this Python's"
            results.append(Result(path, task.number, time.perf_counter() - began, outcome, unread))
    return results


def is_fault(verdict: Verdict) -> bool:
    """Whether nothing may have been refused here."""
    return verdict.is_pure and bool(verdict.refusal) and not RIGHTLY.search(verdict.refusal)


def survived(project: Project, file: File) -> Outcome:
    """The outcome of a file, crashes included."""
    try:
        with at_most(LONGEST):
            return check_one(project, file)
    except OvertimeError:
        return Outcome(0, (), (f"takes longer than {LONGEST} s",))
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        ours = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames if "ssot_lsp" in frame.filename]
        place = ours[-1] if ours else "outside"
        return Outcome(0, (), (f"crash: {type(error).__name__} at {place}: {blank(str(error))}",))


def keep(task: Task, path: Path, file: File, registry: str) -> None:
    """Leave a workspace in which to repeat what happened to a file."""
    workspace = task.failures / f"{task.number}-{'.'.join(file.path.with_suffix('').parts)}"
    copy = workspace / file.path
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_bytes(path.read_bytes())
    (workspace / "registry.json").write_text(registry, "utf-8")
    (workspace / "pyproject.toml").write_text("[tool.ssot-lsp]\n", "utf-8")  # so that it is a root


def module_path(path: Path) -> Path:
    """Where a file of a source distribution would be installed: that is what its relative imports start from."""
    top = path.parent
    while (top / "__init__.py").is_file():
        top = top.parent
    return path.relative_to(top)


def blank(message: str) -> str:
    """A message without the names in it: what it has in common with others."""
    message = re.sub(r"`[^`]*`|'[^']*'|\"[^\"]*\"|\d+", "…", message)
    return re.sub(r"\s+", " ", re.sub(r"(in|of) (function|class|module) \w+", r"\1 a \2", message))[:110]


def sampled(corpus: Path, count: int, chance: random.Random) -> list[Path]:
    """So many files, or all if there are fewer: as many of each package as it has, up to its share."""
    packages = [folder for folder in sorted(corpus.iterdir()) if folder.is_dir() and folder.name not in NO_PACKAGES]
    shuffled = []
    for package in packages:
        files = sorted(path for path in package.rglob("*.py") if path.is_file())
        chance.shuffle(files)
        shuffled.append(files)
    by_turns = (path for path in chain.from_iterable(zip_longest(*shuffled)) if path is not None)
    return sorted(path for _, path in zip(range(count), by_turns, strict=False))


def run_all(tasks: Sequence[Task], jobs: int) -> Iterator[list[Result]]:
    """Run the groups side by side. One that fails, or takes its process along, is run again by itself to be told."""
    left = {task.number: task for task in tasks}
    with ProcessPoolExecutor(jobs) as pool:
        for future in as_completed([pool.submit(run, task) for task in tasks]):
            if isinstance(future.exception(), BrokenProcessPool):
                break
            if future.exception() is None:
                del left[future.result()[0].group]
                yield future.result()
    for task in left.values():
        with ProcessPoolExecutor(1) as pool:
            try:
                yield pool.submit(run, task).result()
            except Exception as error:
                died = Outcome(0, (), (f"crash of a whole group, this file's: {type(error).__name__}: {error}",))
                yield [Result(task.paths[0], task.number, 0, died)]


class Story:
    """The results so far, and how they are told."""

    def __init__(self, corpus: Path) -> None:
        self._corpus, self._began = corpus, time.perf_counter()
        self.results: list[Result] = []

    def add(self, results: Iterable[Result]) -> None:
        """Take in a group."""
        told = len(self.results) // TOLD
        self.results += results
        if len(self.results) // TOLD > told:
            minutes = (time.perf_counter() - self._began) / 60
            broken = sum(bool(result.outcome.broken) for result in self.results)
            print(f"  {len(self.results):,} files, {broken} broken, {minutes:.0f} min", file=sys.stderr, flush=True)

    def tell(self, jobs: int) -> bool:
        """Print everything; return whether it is as it should be."""
        wall, work = time.perf_counter() - self._began, sum(result.seconds for result in self.results)
        unread = Counter(result.unread for result in self.results if result.unread)
        aside = "".join(f", {count} {why}" for why, count in sorted(unread.items()))
        findings = sum(result.outcome.findings for result in self.results)
        print(f"\n{len(self.results):,} files{aside}; {findings:,} findings")
        rate = len(self.results) / max(work, 0.001)
        print(f"{wall:.0f} s with {jobs} processes: {rate:.1f} files per second and core; the slowest:")
        for result in sorted(self.results, key=lambda result: -result.seconds)[:3]:
            print(f"  {result.seconds:6.1f} s  {self._place(result)}")
        within = self._tell_verdicts()
        broken = self._tell_broken()
        return within and not broken

    def _tell_verdicts(self) -> bool:
        """Tell what was fixed and what was refused; return whether that is within the limits."""
        verdicts = [(verdict, result) for result in self.results for verdict in result.outcome.verdicts]
        counts: defaultdict[str, Counter[bool]] = defaultdict(Counter)
        reasons: defaultdict[tuple[str, str], list[Result]] = defaultdict(list)
        unverified = 0
        for verdict, result in verdicts:
            is_refused = bool(verdict.refusal)
            for row in (verdict.kind, "NAME KEPT" if verdict.is_pure else "NAME CHANGES"):
                counts[row][is_refused] += 1
            counts["UNVERIFIED"][UNVERIFIED in verdict.refusal] += 1
            unverified += not verdict.is_pure and UNVERIFIED in verdict.refusal
            if is_refused:
                mark = "FAULT" if is_fault(verdict) else "name kept" if verdict.is_pure else ""
                reasons[mark, blank(verdict.refusal)].append(result)
        print(f"\n{'to be fixed':20}{'findings':>10}{'fixed':>10}{'refused':>10}")
        for row, count in sorted(counts.items(), key=lambda item: (item[0].isupper(), item[0])):
            share = count[True] / count.total()
            print(f"{row:20}{count.total():10,}{count[False]:10,}{count[True]:10,}{share:9.2%}")
        if reasons:
            print("\nrefused, for what reason, for example where")
        for (mark, reason), results in sorted(reasons.items(), key=lambda item: (not item[0][0], -len(item[1]))):
            print(f"{len(results):7,}  {mark:10}{reason}\n{'':19}{self._place(results[0])}")
        changes = counts["NAME CHANGES"]
        within = unverified <= MOST_REFUSED * changes.total()
        return within and not any(is_fault(verdict) for verdict, _ in verdicts)

    def _tell_broken(self) -> bool:
        """Tell what did not hold, if anything."""
        broken: defaultdict[str, list[Result]] = defaultdict(list)
        for result in self.results:
            for what in result.outcome.broken:
                broken[what].append(result)
        print(f"\nbroken: {'' if broken else 'nothing'}")
        for what, results in sorted(broken.items(), key=lambda item: -len(item[1])):
            print(f"{len(results):7,}  {what}")
            for result in results[:3]:
                print(f"{'':9}{self._place(result)}")
        return bool(broken)

    def _place(self, result: Result) -> str:
        return f"{result.path.relative_to(self._corpus)} (group {result.group})"


def arguments() -> Any:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--files", type=int, default=1_000_000, metavar="N", help="instead of all")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="J")
    parser.add_argument("--corpus", type=Path, default=CORPUS, metavar="DIR", help="a folder of packages")
    parser.add_argument("--group", type=int, metavar="G", help="only this group of the same --files and --seed")
    return parser.parse_args()


def main() -> None:
    """Run the groups, tell what happened, and exit with 1 if a limit is broken."""
    given = arguments()
    corpus = given.corpus.resolve()
    if not corpus.is_dir():
        sys.exit(f"{corpus} is not there: make corpus")
    paths = sampled(corpus, given.files, random.Random(given.seed))
    failures = corpus / "failures"
    shutil.rmtree(failures, ignore_errors=True)
    groups = (paths[start : start + GROUP] for start in range(0, len(paths), GROUP))
    tasks = [Task(number, given.seed, tuple(group), failures) for number, group in enumerate(groups)]
    if given.group is not None:
        tasks = [task for task in tasks if task.number == given.group]
    print(f"{sum(len(task.paths) for task in tasks):,} files in {len(tasks)} groups, --seed {given.seed}", end=" ")
    print(f"--files {len(paths)}; what goes wrong is left in {failures}", flush=True)
    story = Story(corpus)
    for results in run_all(tasks, given.jobs):
        story.add(results)
    sys.exit(0 if story.tell(given.jobs) else 1)


if __name__ == "__main__":
    main()
