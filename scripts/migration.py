"""One real migration: dependents of a released package, broken by its next version, before and after ``ssot-lsp fix``.

``examples/migration`` holds the facts: registries taken from release notes, and dependents as their authors released
them. Each is imported module by module with the old version, with the new one, and with that one after the fix. Exits
with 1 if the fix breaks a module or leaves one broken by a moved name, and with 2 if something could not be installed.
The packages are downloaded: this is no test. Arguments are names of distributions, for only these; ``--full`` prints
what is left, and why modules fail.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
FACTS = REPOSITORY / "examples" / "migration"
SSOT = (sys.executable, "-m", "ssot_lsp")
RULES = ("--select", "SSOT001,SSOT002")
UNWANTED = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "FORCE_COLOR", "PYTHONWARNINGS"}
WANTED = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1", "NO_COLOR": "1", "PYTHONWARNINGS": "ignore"}
INSTALL_SECONDS = 900
CHECK_SECONDS = 300
RUN_SECONDS = 60
MARK = "@outcome "

# What a process does with the snippets of code that it gets: it runs each, and says which errors made it fail, the last
# one first. In between it forgets the modules under the given folder, so that each snippet imports them anew; what they
# need is imported once, which is most of the time that giving each a process of its own would take.
RUN = f"""
import json, os, sys
folder, setup, snippets = json.load(sys.stdin)
out = os.dup(1)
exec(setup, {{}})
for number, snippet in enumerate(snippets):
    errors = []
    try:
        exec(snippet, {{}})
    except BaseException as error:
        while error is not None and len(errors) < 20:
            errors.append([type(error).__name__, str(error)])
            error = error.__cause__ or error.__context__
    os.write(out, ("\\n" + {MARK!r} + json.dumps([number, errors]) + "\\n").encode())
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(folder):
            del sys.modules[name]
"""

CANNOT_IMPORT = re.compile(r"cannot import name '(\w+)' from (?:partially initialized module )?'([\w.]+)'")
NO_ATTRIBUTE = re.compile(r"(?:partially initialized )?module '([\w.]+)' has no attribute '(\w+)'")


class NotPreparedError(Exception):
    """Something that the migration needs could not be installed or run."""


@dataclass(frozen=True)
class Failure:
    """Why code could not run: what Python said, and the paths that it said do not exist."""

    said: str
    missing: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Dependent:
    """A released distribution that uses names which the release moved."""

    distribution: str
    version: str
    modules: tuple[str, ...]
    needs: tuple[str, ...]
    setup: str  # code that a process runs before it imports the modules
    probe: str  # code that uses what is only looked up when a function is called

    @property
    def pinned(self) -> str:
        """Return what pip is asked for."""
        return f"{self.distribution}=={self.version}"


@dataclass(frozen=True)
class Release:
    """A package's version that moved names, and who used them."""

    name: str
    registry: str
    old: tuple[str, ...]
    new: tuple[str, ...]
    dependents: tuple[Dependent, ...]

    def moved(self) -> frozenset[str]:
        """Return the dotted paths that the registry calls deprecated, with those of the registries that it extends."""
        paths: set[str] = set()
        waiting = [self.registry]
        while waiting:
            content = json.loads(FACTS.joinpath(waiting.pop()).read_text(encoding="utf-8"))
            waiting += content.get("extends", [])
            paths |= {path.replace(":", ".") for entry in content["entries"] for path in entry["deprecated"]}
        return frozenset(paths)


@dataclass(frozen=True)
class Result:
    """What became of one dependent. Modules map to why they could not be imported."""

    dependent: Dependent
    modules: int
    old: dict[str, Failure]
    before: dict[str, Failure]
    after: dict[str, Failure]
    probes: tuple[Failure | None, ...]
    findings: list[dict[str, Any]]
    left: list[dict[str, Any]]
    wrong: list[str]

    @property
    def broken(self) -> set[str]:
        """Return the modules that the new version broke."""
        return self.before.keys() - self.old.keys()

    def row(self) -> list[object]:
        """Return the dependent's line of the table."""
        fixed = len(self.findings) - len(self.left)
        counts = (self.modules, len(self.old), len(self.before), len(self.broken))
        return [self.dependent.pinned, *counts, len(self.findings), fixed, len(self.left), len(self.after)]


COLUMNS = ["", "modules", "old", "before", "broken", "findings", "fixed", "left", "after"]
LEGEND = """
  old, before, after  modules that fail: with the old version, with the new one, with the new one after the fix
  broken              fail with the new version, and not with the old one
  findings, left      what ssot-lsp check says before and after the fix
"""


class Bench:
    """The folder in which everything is installed, and the commands that run there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._away = folder / "away"
        self._away.mkdir()
        self._environments: dict[tuple[str, ...], Path] = {}
        kept = {name: value for name, value in os.environ.items() if name not in UNWANTED}
        self._variables = kept | WANTED

    def _install(self, *arguments: str) -> None:
        """Have pip install something."""
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
        done = subprocess.run(
            command,
            env=self._variables,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=INSTALL_SECONDS,
        )
        if done.returncode != 0:
            raise NotPreparedError(f"pip {' '.join(arguments)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")

    def unpacked(self, *pinned: str) -> Path:
        """Unpack the distributions, and nothing that they need, into a folder of their own."""
        target = self._folder / "+".join(pinned)
        if not target.exists():
            self._install("install", "--quiet", "--no-deps", "--no-compile", "--target", str(target), *pinned)
        return target

    def environment(self, pinned: tuple[str, ...]) -> Path:
        """Return a virtual environment with these distributions; dependents that need the same share one."""
        known = self._environments.get(pinned)
        if known is None:
            known = self._folder / f"environment{len(self._environments)}"
            made = [sys.executable, "-m", "venv", "--without-pip", str(known)]
            subprocess.run(made, env=self._variables, check=True, timeout=INSTALL_SECONDS)
            self._install("--python", str(interpreter(known)), "install", "--quiet", *pinned)
            self._environments[pinned] = known
        return known

    def failures(
        self, snippets: list[str], environment: Path, path: tuple[Path, ...], setup: str
    ) -> dict[str, Failure]:
        """Run each snippet of code, with these folders before the environment's; return those that fail."""
        found: dict[str, Failure] = {}
        waiting = snippets
        while waiting:
            outcomes, end = self._run(waiting, environment, path, setup)
            for snippet, errors in zip(waiting, outcomes, strict=False):
                if errors:
                    named = frozenset(name for _, message in errors for name in missing(message))
                    found[snippet] = Failure(f"{errors[0][0]}: {errors[0][1]}".splitlines()[0], named)
            if len(outcomes) < len(waiting):  # this one took the process with it; the others get another
                found[waiting[len(outcomes)]] = Failure(end)
            waiting = waiting[len(outcomes) + 1 :]
        return found

    def _run(
        self, snippets: list[str], environment: Path, path: tuple[Path, ...], setup: str
    ) -> tuple[list[list[tuple[str, str]]], str]:
        """Run snippets in one process; return the errors of each that came to its end, and how the process ended."""
        variables = self._variables | {"PYTHONPATH": os.pathsep.join(map(str, path)), "HOME": str(self._away)}
        with self._folder.joinpath(f"said{time.monotonic_ns()}").open("w+", encoding="utf-8", errors="replace") as said:
            try:
                done = subprocess.run(
                    [str(interpreter(environment)), "-c", RUN],
                    cwd=self._away,
                    env=variables,
                    input=json.dumps([str(path[0]) + os.sep, setup, snippets]),
                    stdout=said,
                    stderr=subprocess.DEVNULL,
                    encoding="utf-8",
                    check=False,
                    timeout=RUN_SECONDS + 2 * len(snippets),
                )
                end = f"the process ended with {done.returncode}"
            except subprocess.TimeoutExpired:
                end = "does not come to an end"
            said.seek(0)
            lines = [line.removeprefix(MARK) for line in said if line.startswith(MARK)]
        return [errors for _, errors in map(json.loads, lines)], end

    def ssot(self, workspace: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ssot-lsp in the workspace. The repository's is meant, unless PYTHONPATH says another."""
        found = os.environ.get("PYTHONPATH", "")
        variables = self._variables | {"PYTHONPATH": os.pathsep.join(filter(None, [found, str(REPOSITORY)]))}
        # What is unpacked in the workspace must not be taken for what ssot-lsp itself needs.
        variables["PYTHONSAFEPATH"] = "1"
        done = subprocess.run(
            [*SSOT, *arguments],
            cwd=workspace,
            env=variables,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=CHECK_SECONDS,
        )
        if done.returncode not in {0, 1}:
            raise NotPreparedError(f"ssot-lsp {' '.join(arguments)} exits with {done.returncode}\n{done.stderr}")
        return done


def interpreter(environment: Path) -> Path:
    """Return a virtual environment's Python."""
    windows = environment / "Scripts" / "python.exe"
    return windows if windows.exists() else environment / "bin" / "python"


def missing(message: str) -> list[str]:
    """Return the dotted paths that an error's message says do not exist."""
    imported = [f"{module}.{name}" for name, module in CANNOT_IMPORT.findall(message)]
    return imported + [f"{module}.{name}" for module, name in NO_ATTRIBUTE.findall(message)]


def modules_of(workspace: Path, wanted: tuple[str, ...]) -> list[str]:
    """Return every module at or under the wanted ones; what is only made to be run is left out."""
    found = set()
    for file in workspace.rglob("*.py"):
        parts = file.relative_to(workspace).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        name = ".".join(parts)
        importable = parts and parts[-1] != "__main__" and all(part.isidentifier() for part in parts)
        if importable and any(name == one or name.startswith(f"{one}.") for one in wanted):
            found.add(name)
    return sorted(found)


def contents(workspace: Path) -> dict[str, bytes]:
    """Return every Python file's bytes."""
    return {path.relative_to(workspace).as_posix(): path.read_bytes() for path in sorted(workspace.rglob("*.py"))}


def compiling(files: dict[str, bytes]) -> set[str]:
    """Return the files that compile: some are templates, or for another Python."""
    found = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, content in files.items():
            try:
                compile(content, name, "exec", dont_inherit=True)
            except (SyntaxError, ValueError):
                continue
            found.add(name)
    return found


def migrate(bench: Bench, release: Release, dependent: Dependent) -> Result:
    """Install a dependent, import it with both versions, fix it, and import it again."""
    environment = bench.environment((*release.new, *dependent.needs))
    workspace = bench.unpacked(dependent.pinned)
    older = bench.unpacked(*release.old)
    for registry in FACTS.glob("*.json"):
        shutil.copy2(registry, workspace)
    moved = release.moved()
    imports = {f"import {module}": module for module in modules_of(workspace, dependent.modules)}
    options = ("--registry", release.registry, *RULES, "--python", str(interpreter(environment)))

    def failures(*path: Path) -> dict[str, Failure]:
        found = bench.failures(list(imports), environment, path, dependent.setup)
        return {imports[snippet]: failure for snippet, failure in found.items()}

    def probe(*path: Path) -> Failure | None:
        if not dependent.probe:
            return None
        return bench.failures([dependent.probe], environment, path, dependent.setup).get(dependent.probe)

    def check() -> list[dict[str, Any]]:
        said = bench.ssot(workspace, "check", *options, "--output-format", "json").stdout
        found: list[dict[str, Any]] = json.loads(said)
        return found

    originals = contents(workspace)
    with ThreadPoolExecutor(2) as pool:
        old, before = pool.map(lambda path: failures(*path), [(workspace, older), (workspace,)])
    probes = [probe(workspace, older), probe(workspace)]
    findings = check()
    bench.ssot(workspace, "fix", *options)
    fixed = contents(workspace)
    left = check()
    bench.ssot(workspace, "fix", *options)
    again = contents(workspace)
    after = failures(workspace)
    probes.append(probe(workspace))

    still = {module for module, why in after.items() if why.missing & moved} | (after.keys() - old.keys())
    reasons = Counter(after[module].said for module in still)
    wrong = [] if findings else ["nothing was found"]
    wrong += [f"{times} modules still fail: {said}" for said, times in reasons.items()]
    wrong += [f"{module} could be imported before: {after[module].said}" for module in after.keys() - before.keys()]
    wrong += [f"{name} no longer compiles" for name in sorted(compiling(originals) - compiling(fixed))]
    wrong += ["a second fix changes something"] if again != fixed else []
    if probes[2] and (not probes[0] or not probes[1]):
        wrong.append(f"a call still fails: {probes[2].said}")
    return Result(dependent, len(imports), old, before, after, tuple(probes), findings, left, wrong)


def facts() -> list[Release]:
    """Read the releases and their dependents."""
    read = json.loads(FACTS.joinpath("dependents.json").read_text(encoding="utf-8"))
    return [
        Release(
            release["name"],
            release["registry"],
            tuple(release["old"]),
            tuple(release["new"]),
            tuple(
                Dependent(
                    one["distribution"],
                    one["version"],
                    tuple(one["modules"]),
                    tuple(one["needs"]),
                    "\n".join(one.get("setup", [])),
                    "\n".join(one.get("probe", [])),
                )
                for one in release["dependents"]
            ),
        )
        for release in read["releases"]
    ]


def show(cells: Sequence[object], width: int) -> None:
    """Print a line of the table: a name and numbers."""
    name, *numbers = cells
    print(f"  {name!s:<{width}}" + "".join(f"{number!s:>10}" for number in numbers), flush=True)


def tell(result: Result) -> None:
    """Print what the numbers do not say: what went wrong, what is left, why modules fail."""
    left = Counter(f"{one['code']} {one['message']}".partition(". ")[0] for one in result.left)
    reasons = Counter(failure.said for failure in result.after.values())
    for what in result.wrong:
        print(f"    NOT AS PROMISED: {what}")
    for what, times in left.items():
        print(f"    left {times} x {what}")
    for what, times in reasons.items():
        print(f"    fails after {times} x {what}")
    if result.dependent.probe:
        outcomes = [probe.said if probe else "works" for probe in result.probes]
        print("    called: " + " -> ".join(outcomes))


def total(results: list[Result]) -> list[object]:
    """Add the lines of the table up."""
    numbers = [result.row()[1:] for result in results]
    return ["all", *(sum(int(str(number)) for number in column) for column in zip(*numbers, strict=True))]


def main() -> int:
    """Migrate the dependents one after the other, and say whether each came out as promised."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    chosen = {name.lower() for name in sys.argv[1:] if not name.startswith("-")}
    full = "--full" in sys.argv[1:]
    started = time.monotonic()
    results: list[Result] = []
    unprepared: list[str] = []
    with tempfile.TemporaryDirectory(prefix="ssot-migration-") as folder:
        bench = Bench(Path(folder).resolve())
        for release in facts():
            dependents = [one for one in release.dependents if not chosen or one.distribution.lower() in chosen]
            if not dependents:
                continue
            width = max(len(one.pinned) for one in release.dependents)
            print(f"\n== {release.name} {'=' * max(3, 100 - len(release.name))}\n")
            show(COLUMNS, width)
            for dependent in dependents:
                try:
                    result = migrate(bench, release, dependent)
                except (NotPreparedError, OSError, subprocess.SubprocessError) as error:
                    unprepared.append(dependent.pinned)
                    print(f"  {dependent.pinned}: could not be prepared: {error}", flush=True)
                    continue
                results.append(result)
                show(result.row(), width)
                if full or result.wrong:
                    tell(result)
    if results:
        print()
        show(total(results), max(len(result.dependent.pinned) for result in results))
    print(f"{LEGEND}\n{len(results)} dependents, {time.monotonic() - started:.0f} seconds.")
    for result in results:
        if result.wrong:
            print(f"NOT AS PROMISED: {result.dependent.pinned}")
    for pinned in unprepared:
        print(f"NOT PREPARED: {pinned}")
    if any(result.wrong for result in results):
        return 1
    return 2 if unprepared or not results else 0


if __name__ == "__main__":
    sys.exit(main())
