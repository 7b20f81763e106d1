"""What a command line run must not pay for: the libraries that it does not use are not imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REGISTRY = {"version": 1, "packages": ["pkg"], "entries": [{"canonical": "pkg.new:A", "deprecated": ["pkg.old:A"]}]}
ONLY_THE_SERVERS = {"pygls", "lsprotocol", "jedi"}
PROBE = """
import json, sys
from ssot_lsp.cli import main
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)))
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "pkg").mkdir()
    files = {
        "registry.json": json.dumps(REGISTRY),
        "pkg/__init__.py": "",
        "pkg/new.py": "class A: ...\n",
        "clean.py": "import os\nfrom pkg.new import A\n\nprint(os.name, A)\n",
        "stale.py": "from pkg.old import A\n\nprint(A)\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


def loaded(workspace: Path, *arguments: str) -> tuple[int, set[str]]:
    """Return a run's exit code, and the modules that it had imported when it ended."""
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments],
        cwd=workspace,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.stdout and "Traceback" not in done.stderr, done.stderr
    return done.returncode, set(json.loads(done.stdout.splitlines()[-1]))


def test_a_check_of_a_clean_file_imports_nothing_heavy(workspace: Path) -> None:
    code, modules = loaded(workspace, "check", "clean.py")
    assert code == 0
    assert "ssot_lsp" in modules
    assert modules & {*ONLY_THE_SERVERS, "libcst", "rich.console"} == set()


@pytest.mark.parametrize("arguments", [["check", "stale.py"], ["fix", "--diff", "stale.py"]], ids=["check", "fix"])
def test_findings_and_fixes_need_nothing_of_the_server(workspace: Path, arguments: list[str]) -> None:
    code, modules = loaded(workspace, *arguments)
    assert code == 1
    assert modules & ONLY_THE_SERVERS == set()
