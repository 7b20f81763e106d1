"""The demonstration workspace, end to end: what check lists, what fix changes, and what the workspace's tests say."""

from __future__ import annotations

import ast
import difflib
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
NETRA = REPOSITORY / "examples" / "netra"
PLANTED: list[dict[str, Any]] = json.loads((NETRA / "PLANTED.json").read_text(encoding="utf-8"))
RENAMED = {"CircuitBreakerState": "UnifiedCircuitBreakerState"}
FIXABLE_FILES = {entry["file"] for entry in PLANTED if entry["fixable"]}
CANONICAL_MODULES = {
    "netra_backend.app.websocket_core.websocket_manager",
    "netra_backend.app.core.resilience.unified_circuit_breaker",
    "test_framework.ssot.performance_test_circuit_breaker",
}

BEYOND_REPAIR = {
    "tests/mission_critical/test_circuit_open_handling.py",
    "tests/mission_critical/test_docker_manager_api.py",
}
BROKEN_BEFORE = BEYOND_REPAIR | {
    "tests/integration/test_docker_stability.py",
    "tests/integration/test_load.py",
    "tests/integration/test_message_flow.py",
    "tests/integration/test_routes.py",
    "tests/mission_critical/test_websocket_events.py",
    "tests/unit/test_data_agent.py",
    "tests/unit/test_services.py",
    "tests/unit/test_supervisor.py",
    "tests/unit/test_triage_agent.py",
    "tests/unit/test_websocket_manager.py",
    "tests/unit/test_worker_exports.py",
}
FAILED_BEFORE = {
    "tests/unit/test_agent_registry.py::test_a_name_is_taken_once",
    "tests/unit/test_metrics.py::test_breakers",
    "tests/unit/test_metrics.py::test_connections",
}
PASSED_BEFORE = 4
PASSED_AFTER = 46


def environment(cache: Path) -> dict[str, str]:
    """Return the environment without what would change pytest's or the product's output."""
    unwanted = {"PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTHONPATH", "FORCE_COLOR", "PY_COLORS", "CLICOLOR_FORCE"}
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return kept | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1", "COLUMNS": "200", "XDG_CACHE_HOME": str(cache)}


def run(cwd: Path, *arguments: str, cache: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment(cache),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def ssot(workspace: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(workspace, "-m", "ssot_lsp", *arguments, cache=workspace.parent.parent / "cache")


def copy_workspace(folder: Path) -> Path:
    """Copy the registry and the workspace to where they find each other, and return the workspace."""
    copy = folder.resolve()
    shutil.copy2(REPOSITORY / "registry.json", copy)
    workspace = copy / "examples" / "netra"
    shutil.copytree(NETRA, workspace, ignore=shutil.ignore_patterns("__pycache__", ".*_cache", ".ssot-lsp"))
    return workspace


def contents(workspace: Path) -> dict[str, bytes]:
    """Return every file's bytes; the product's own journal does not count."""
    files = (path for path in sorted(workspace.rglob("*")) if path.is_file() and ".ssot-lsp" not in path.parts)
    return {path.relative_to(workspace).as_posix(): path.read_bytes() for path in files}


def lines_of(source: bytes) -> list[str]:
    return source.decode("utf-8").splitlines(keepends=True)


@dataclass(frozen=True, order=True)
class Found:
    """A diagnostic, as PLANTED.json writes it down."""

    file: str
    row: int
    column: int
    end_column: int
    code: str
    name: str
    severity: str
    fixable: bool


def planted() -> list[Found]:
    return sorted(
        Found(
            file=entry["file"],
            row=entry["row"],
            column=entry["column"],
            end_column=entry["end_column"],
            code=entry["code"],
            name=entry["name"],
            severity=entry["severity"],
            fixable=entry["fixable"],
        )
        for entry in PLANTED
    )


def reported(output: str, workspace: Path) -> list[Found]:
    """Read the JSON of a check; the name is what stands at the range."""
    found = []
    for diagnostic in json.loads(output):
        assert diagnostic["cell"] is None
        start, end, fix = diagnostic["location"], diagnostic["end_location"], diagnostic["fix"]
        assert Path(diagnostic["filename"]).is_absolute()
        path = Path(diagnostic["filename"]).resolve()
        assert start["row"] == end["row"], diagnostic
        line = lines_of(path.read_bytes())[start["row"] - 1]
        found.append(
            Found(
                file=path.relative_to(workspace).as_posix(),
                row=start["row"],
                column=start["column"],
                end_column=end["column"],
                code=diagnostic["code"],
                name=line[start["column"] - 1 : end["column"] - 1],
                severity=diagnostic["severity"],
                fixable=fix is not None and fix["applicability"] == "safe",
            )
        )
    return sorted(found)


def imports(source: bytes) -> list[ast.Import | ast.ImportFrom]:
    return [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import | ast.ImportFrom)]


def concerned_lines(file: str, source: bytes) -> list[range]:
    """Return the lines (from 0) of the planted statements, and of those that import from a canonical module already."""
    rows = {entry["row"] for entry in PLANTED if entry["file"] == file}
    ranges = []
    for node in imports(source):
        lines = range(node.lineno - 1, node.end_lineno or node.lineno)
        canonical = isinstance(node, ast.ImportFrom) and node.level == 0 and node.module in CANONICAL_MODULES
        if canonical or any(row - 1 in lines for row in rows):
            ranges.append(lines)
    for row, line in enumerate(lines_of(source)):  # a rename changes the uses too
        if any(re.search(rf"\b{name}\b", line) for name in RENAMED):
            ranges.append(range(row, row + 1))
    return ranges


@dataclass(frozen=True)
class Outcome:
    """What pytest says about the workspace's own tests."""

    code: int
    broken: set[str]
    failed: set[str]
    passed: int
    output: str


def run_tests(workspace: Path) -> Outcome:
    options = ("-q", "--tb=no", "--color=no", "-p", "no:cacheprovider", "--continue-on-collection-errors")
    result = run(workspace, "-m", "pytest", *options, cache=workspace.parent.parent / "cache")
    passed = re.search(r"(\d+) passed", result.stdout)
    return Outcome(
        code=result.returncode,
        broken=set(re.findall(r"^ERROR (\S+\.py)\b", result.stdout, re.MULTILINE)),
        failed=set(re.findall(r"^FAILED (\S+)", result.stdout, re.MULTILINE)),
        passed=int(passed.group(1)) if passed else 0,
        output=result.stdout + result.stderr,
    )


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the workspace that nobody changes."""
    return copy_workspace(tmp_path_factory.mktemp("original"))


@dataclass(frozen=True)
class Fixed:
    """A copy of the workspace in which ``fix`` has run once."""

    workspace: Path
    before: dict[str, bytes]
    after: dict[str, bytes]
    result: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Fixed:
    workspace = copy_workspace(tmp_path_factory.mktemp("fixed"))
    before = contents(workspace)
    result = ssot(workspace, "fix")
    return Fixed(workspace, before, contents(workspace), result)


def test_planted_names_stand_where_they_are_said_to() -> None:
    for entry in planted():
        line = lines_of((NETRA / entry.file).read_bytes())[entry.row - 1]
        assert line[entry.column - 1 : entry.end_column - 1] == entry.name, entry
    assert [(e["file"], e["row"], e["column"]) for e in PLANTED] == [(e.file, e.row, e.column) for e in planted()]


def test_the_odd_files_are_still_odd() -> None:
    data_agent = (NETRA / "netra_backend/app/agents/data_agent.py").read_bytes()
    assert data_agent.count(b"\r\n") == data_agent.count(b"\n") > 0
    assert not (NETRA / "netra_backend/app/worker_exports.py").read_bytes().endswith(b"\n")


def test_check_lists_the_planted_failures_and_nothing_else(original: Path) -> None:
    result = ssot(original, "check", "--output-format", "json")
    assert result.returncode == 1, result.stderr
    assert reported(result.stdout, original) == planted()


def test_check_from_the_repository_root_lists_the_same(tmp_path: Path) -> None:
    arguments = ("-m", "ssot_lsp", "check", "--output-format", "json", "examples/netra")
    result = run(REPOSITORY, *arguments, cache=tmp_path)
    assert result.returncode == 1, result.stderr
    assert reported(result.stdout, NETRA) == planted()


def test_diff_writes_nothing(original: Path) -> None:
    before = contents(original)
    result = ssot(original, "fix", "--diff")
    assert result.returncode == 1, result.stderr
    assert contents(original) == before
    for file in FIXABLE_FILES:
        assert file in result.stdout


def test_after_fix_only_what_no_registry_can_repair_is_left(fixed: Fixed) -> None:
    assert fixed.result.returncode == 1, fixed.result.stderr
    result = ssot(fixed.workspace, "check", "--output-format", "json")
    assert result.returncode == 1, result.stderr
    left = reported(result.stdout, fixed.workspace)
    expected = Counter((e.file, e.code, e.name, e.severity, False) for e in planted() if not e.fixable)
    assert Counter((e.file, e.code, e.name, e.severity, e.fixable) for e in left) == expected


def test_a_second_fix_changes_no_byte(fixed: Fixed, tmp_path: Path) -> None:
    workspace = copy_workspace(tmp_path)
    for file, data in fixed.after.items():
        (workspace / file).write_bytes(data)
    result = ssot(workspace, "fix")
    assert result.returncode == 1, result.stderr
    assert contents(workspace) == fixed.after


def test_fix_changes_the_files_with_something_to_repair_and_no_other(fixed: Fixed) -> None:
    assert fixed.before.keys() == fixed.after.keys()
    assert {file for file in fixed.before if fixed.before[file] != fixed.after[file]} == FIXABLE_FILES


@pytest.mark.parametrize("file", sorted(FIXABLE_FILES))
def test_fix_changes_only_the_statements_concerned(file: str, fixed: Fixed) -> None:
    before, after = fixed.before[file], fixed.after[file]
    ranges = concerned_lines(file, before)
    old, new = lines_of(before), lines_of(after)
    for tag, start, end, new_start, new_end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        outside = [line + 1 for line in range(start, end) if not any(line in lines for lines in ranges)]
        assert not outside, f"{file}: lines {outside} changed to {new[new_start:new_end]}"
        if tag == "insert":
            touches = any(lines.start <= start <= lines.stop for lines in ranges)
            assert touches, f"{file}: {new[new_start:new_end]} inserted before line {start + 1}"
    assert after.endswith(b"\n") == before.endswith(b"\n")
    assert (after.count(b"\r\n") == after.count(b"\n")) == (before.count(b"\r\n") == before.count(b"\n"))
    assert (b"\r" in after) == (b"\r" in before)


@pytest.mark.parametrize("file", sorted(FIXABLE_FILES))
def test_fix_imports_no_name_twice_and_keeps_every_comment(file: str, fixed: Fixed) -> None:
    before, after = fixed.before[file], fixed.after[file]

    def bound(source: bytes) -> Counter[str]:
        return Counter(alias.asname or alias.name for node in imports(source) for alias in node.names)

    def comments(source: bytes) -> Counter[str]:
        return Counter(re.findall(r"#.*\S", source.decode("utf-8")))

    names = bound(before) + Counter()
    for old, new in RENAMED.items():
        if new in bound(after) - bound(before):
            names[new] += names.pop(old)
    assert bound(after) == names
    assert comments(after) == comments(before)


def test_names_join_the_import_that_is_there(fixed: Fixed) -> None:
    joined = {
        "netra_backend/app/routes/websocket.py": ("MAX_MESSAGE_BYTES", "ManagerClass"),
        "netra_backend/app/services/health_monitor.py": ("UnifiedCircuitBreaker", "CBState"),
        "netra_backend/app/services/llm_client.py": ("UnifiedCircuitConfig", "CircuitBreakerState"),
        "tests/integration/test_load.py": ("DockerCircuitBreaker", "DockerOperation", "run_with_breaker"),
        "tests/mission_critical/test_circuit_open_handling.py": ("UnifiedCircuitConfig", "UnifiedCircuitBreakerState"),
        "tests/unit/test_websocket_manager.py": ("WebSocketManager", "UnifiedWebSocketManager"),
    }
    for file, names in joined.items():
        statements = [{alias.asname or alias.name for alias in node.names} for node in imports(fixed.after[file])]
        assert any(statement.issuperset(names) for statement in statements), (file, statements)


def test_the_tests_before(original: Path) -> None:
    outcome = run_tests(original)
    assert outcome.code == 1, outcome.output
    assert outcome.broken == BROKEN_BEFORE, outcome.output
    assert outcome.failed == FAILED_BEFORE, outcome.output
    assert outcome.passed == PASSED_BEFORE, outcome.output


def test_the_tests_after(fixed: Fixed) -> None:
    outcome = run_tests(fixed.workspace)
    assert outcome.broken == BEYOND_REPAIR, outcome.output
    assert outcome.failed == set(), outcome.output
    assert outcome.code == 1, outcome.output
    assert outcome.passed == PASSED_AFTER, outcome.output


def test_make_demo_tells_the_story(tmp_path: Path) -> None:
    result = run(REPOSITORY, "scripts/demo.py", cache=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "In short" in result.stdout
