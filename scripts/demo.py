"""The demonstration: a workspace in the middle of a migration, before and after ``ssot-lsp fix``.

Works on a copy of ``registry.json`` and ``examples/netra``, prints every command that it runs, and exits with 1 if what
it sees is not what ``examples/netra/PLANTED.json`` promises. ``--full`` prints all of what the commands say.
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
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
WORKSPACE = Path("examples", "netra")
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*_cache", ".ssot-lsp")
SSOT = ("-m", "ssot_lsp")
PYTEST = ("-m", "pytest", "-q", "--tb=no", "--color=no", "-p", "no:cacheprovider", "--continue-on-collection-errors")
UNWANTED = {"PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTHONPATH", "FORCE_COLOR", "PY_COLORS", "CLICOLOR_FORCE"}
WANTED = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1", "COLUMNS": "110", "NO_COLOR": "1"}
CHECK_LINES = 27
DIFF_LINES = 60


@dataclass(frozen=True)
class Tests:
    """What one run of the workspace's tests says."""

    modules: int
    broken: frozenset[str]
    passed: int
    failed: int

    @property
    def importable(self) -> int:
        """Return how many test modules can be imported."""
        return self.modules - len(self.broken)


class Story:
    """The copy, the commands that run in it, and what did not come out as promised."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace
        self.wrong: list[str] = []
        kept = {name: value for name, value in os.environ.items() if name not in UNWANTED}
        self._environment = kept | WANTED

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run this Python with the arguments, in the copy; echo it as somebody would type it."""
        typed = ["ssot-lsp" if argument == "ssot_lsp" else argument for argument in arguments if argument != "-m"]
        print(f"$ {' '.join(typed)}", flush=True)
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.workspace,
            env=self._environment,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )

    def expect(self, holds: bool, what: str) -> None:
        """Remember, and say at once, what does not hold."""
        if not holds:
            self.wrong.append(what)
            print(f"!! not so: {what}")

    def show(self, result: subprocess.CompletedProcess[str], *, limit: int | None = None) -> None:
        """Print what a command printed, and its exit code."""
        lines = result.stdout.splitlines()
        shown = lines if limit is None else lines[:limit]
        if shown:
            print("\n".join(shown))
        if len(shown) < len(lines):
            print(f"... and {len(lines) - len(shown)} more lines (--full prints them)")
        if result.stderr.strip():
            print(result.stderr.rstrip())
        print(f"(exit code {result.returncode})")

    def tests(self) -> Tests:
        """Run the workspace's tests and show what became of them."""
        result = self.run(*PYTEST)
        self.show(result)
        last = next((line for line in reversed(result.stdout.splitlines()) if " in " in line), "")
        count = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed)", last)}
        self.expect(result.returncode in {0, 1}, "pytest runs")
        return Tests(
            modules=len(list(self.workspace.joinpath("tests").rglob("test_*.py"))),
            broken=frozenset(re.findall(r"^ERROR (\S+\.py)\b", result.stdout, re.MULTILINE)),
            passed=count.get("passed", 0),
            failed=count.get("failed", 0),
        )

    def diagnostics(self) -> list[dict[str, Any]]:
        """Check once more, for this script to read."""
        result = self.run(*SSOT, "check", "--output-format", "json")
        try:
            found: list[dict[str, Any]] = json.loads(result.stdout)
        except json.JSONDecodeError:
            self.show(result)
            self.expect(False, "check --output-format json prints JSON")
            return []
        print(f"({len(found)} diagnostics, compared with PLANTED.json)")
        return found

    def contents(self) -> dict[Path, bytes]:
        """Return every Python file's bytes."""
        return {path: path.read_bytes() for path in sorted(self.workspace.rglob("*.py"))}

    def place(self, diagnostic: dict[str, Any]) -> tuple[str, str, int, int, int]:
        """Return what identifies a diagnostic in PLANTED.json."""
        return (
            Path(diagnostic["filename"]).resolve().relative_to(self.workspace).as_posix(),
            diagnostic["code"],
            diagnostic["location"]["row"],
            diagnostic["location"]["column"],
            diagnostic["end_location"]["column"],
        )


def heading(text: str) -> None:
    """Print a heading."""
    print(f"\n== {text} {'=' * max(3, 100 - len(text))}\n", flush=True)


def table(rows: list[tuple[str, object, object]]) -> None:
    """Print three columns."""
    width = max(len(row[0]) for row in rows)
    for name, before, after in rows:
        print(f"  {name:<{width}}  {before!s:>7}  {after!s:>7}".rstrip())


def tell(story: Story, *, full: bool) -> None:
    """Run the commands in order, and compare each with what it should say."""
    planted = json.loads(story.workspace.joinpath("PLANTED.json").read_text(encoding="utf-8"))
    lasting = Counter((entry["file"], entry["code"]) for entry in planted if not entry["fixable"])

    heading("1. What is wrong")
    result = story.run(*SSOT, "check")
    story.show(result, limit=None if full else CHECK_LINES)
    story.expect(result.returncode == 1, "check exits with 1 while something is wrong")
    story.show(story.run(*SSOT, "check", "--statistics"))
    found = story.diagnostics()
    expected = [(e["file"], e["code"], e["row"], e["column"], e["end_column"]) for e in planted]
    story.expect(
        sorted(story.place(diagnostic) for diagnostic in found) == sorted(expected),
        "check finds each planted failure once, at its place, and nothing else",
    )

    heading("2. The tests before")
    before = story.tests()
    story.expect(len(before.broken) > 0, "test modules fail at import before the fix")

    heading("3. What would change")
    originals = story.contents()
    result = story.run(*SSOT, "fix", "--diff")
    story.show(result, limit=None if full else DIFF_LINES)
    story.expect(result.returncode == 1, "fix --diff exits with 1 while there is a difference")
    story.expect(story.contents() == originals, "fix --diff writes nothing")

    heading("4. The fix")
    result = story.run(*SSOT, "fix", "--output-format", "concise")
    story.show(result)
    story.expect(result.returncode == 1, "fix exits with 1 while something is left that no registry can repair")
    fixed = story.contents()
    changed = {path.relative_to(story.workspace).as_posix() for path in fixed if fixed[path] != originals.get(path)}
    story.expect(
        changed == {entry["file"] for entry in planted if entry["fixable"]},
        "fix changes the files with something to repair, and no other",
    )

    heading("5. What is left")
    result = story.run(*SSOT, "check", "--output-format", "concise")
    story.show(result)
    story.expect(result.returncode == 1, "check still exits with 1")
    left = story.diagnostics()
    story.expect(
        Counter(story.place(diagnostic)[:2] for diagnostic in left) == lasting,
        "what is left is what PLANTED.json calls not fixable",
    )

    heading("6. The tests after")
    after = story.tests()
    story.expect(after.failed == 0, "no test fails after the fix")
    story.expect(after.passed > before.passed, "more tests pass than before")
    story.expect(
        after.broken < before.broken and after.broken <= {file for file, _ in lasting},
        "only test modules that import what has no canonical home still fail at import",
    )

    heading("In short")
    table(
        [
            ("", "before", "after"),
            ("failures planted", len(planted), ""),
            ("failures found, left", len(found), len(left)),
            ("failures fixed", "", len(found) - len(left)),
            (f"test modules importable (of {before.modules})", before.importable, after.importable),
            ("tests passing", before.passed, after.passed),
            ("tests failing", before.failed, after.failed),
        ]
    )


def main() -> int:
    """Make the copy, tell the story, and say whether it held."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ssot-demo-") as folder:
        copy = Path(folder).resolve()
        shutil.copy2(REPOSITORY / "registry.json", copy)
        shutil.copytree(REPOSITORY / WORKSPACE, copy / WORKSPACE, ignore=LEFT_OUT)
        print(f"The commands run in a temporary copy of {WORKSPACE.as_posix()}; the repository stays as it is.")
        story = Story(copy / WORKSPACE)
        tell(story, full="--full" in sys.argv[1:])
    print(f"\n{time.monotonic() - started:.1f} seconds.")
    for what in story.wrong:
        print(f"NOT AS PROMISED: {what}")
    return 1 if story.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
