"""The plugin for pytest, as it is used: pytest is run in a workspace, with the plugin that an installation brings."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.trees import write

NETRA = Path(__file__).resolve().parent.parent / "examples/netra"
FILES = {
    "registry.json": json.dumps(
        {"version": 1, "packages": ["pkg"], "entries": [{"canonical": "pkg.new:A", "deprecated": ["pkg.old:A"]}]}
    ),
    "pkg/__init__.py": "",
    "pkg/new.py": "A = 1\n",
    "tests/test_good.py": "from pkg.new import A\n\ndef test_a():\n    assert A\n",
    "tests/test_bad.py": "def test_b():\n    from pkg.old import A\n",
    "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n',
}
PROBE = """
import gc, json, sys

def pytest_unconfigure(config):
    if not hasattr(config, "workerinput"):
        ours = sorted(name for name in sys.modules if name.startswith("ssot_lsp"))
        print("\\nPROBE", json.dumps([ours, gc.get_threshold()]))
"""


def run(root: Path, *arguments: str, files: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run pytest in a workspace."""
    write(root, FILES if files is None else files)
    unwanted = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_XDIST_WORKER", "VIRTUAL_ENV", "FORCE_COLOR", "CI")
    environment = {name: value for name, value in os.environ.items() if name not in unwanted}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=root,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def outcomes(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """What became of each test of a run that was asked to say that (`-rA`)."""
    found = re.findall(r"^(PASSED|FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    return {name: outcome.lower() for outcome, name in found}


def header(done: subprocess.CompletedProcess[str]) -> str:
    return "".join(re.findall(r"^ssot-lsp: (.*)$", done.stdout, re.MULTILINE))


EVERYTHING = {
    "pkg/__init__.py::ssot": "passed",
    "pkg/new.py::ssot": "passed",
    "registry.json::ssot": "passed",
    "tests/test_bad.py::ssot": "failed",
    "tests/test_bad.py::test_b": "failed",
    "tests/test_good.py::ssot": "passed",
    "tests/test_good.py::test_a": "passed",
}
OURS = {name: outcome for name, outcome in EVERYTHING.items() if name.endswith("::ssot")}


@pytest.mark.parametrize("processes", [[], ["-n", "2"]], ids=["one process", "xdist"])
def test_each_file_is_a_test(tmp_path: Path, processes: list[str]) -> None:
    done = run(tmp_path, "--ssot", "-rA", *processes)
    assert outcomes(done) == EVERYTHING
    assert done.returncode == 1
    assert header(done) == "2 of 2 test modules importable"
    _, _, failure = done.stdout.partition("_ imports of tests/test_bad.py _")
    report = """\
error[SSOT001]: `pkg.old.A` is deprecated: import `pkg.new:A`.
 --> tests/test_bad.py:2:25
  |
2 |     from pkg.old import A
  |                         ^
  |
"""
    assert report in failure
    assert "_FindingsError" not in done.stdout


SELECTIONS: dict[str, tuple[list[str], set[str]]] = {
    "a mark": (["-m", "ssot"], {*OURS}),
    "not the mark": (["-m", "not ssot"], {*EVERYTHING} - {*OURS}),
    "a name": (["-k", "ssot and new"], {"pkg/new.py::ssot"}),
    "a folder": (["pkg"], {"pkg/__init__.py::ssot", "pkg/new.py::ssot"}),
    "a file": (["tests/test_bad.py"], {"tests/test_bad.py::ssot", "tests/test_bad.py::test_b"}),
    "a test": (["tests/test_bad.py::ssot"], {"tests/test_bad.py::ssot"}),
    "a test that is pytest's": (["tests/test_bad.py::test_b"], {"tests/test_bad.py::test_b"}),
    "the mark, with marks that must be known": (["-m", "ssot", "--strict-markers"], {*OURS}),
}


@pytest.mark.parametrize(("arguments", "expected"), SELECTIONS.values(), ids=SELECTIONS)
def test_selections(tmp_path: Path, arguments: list[str], expected: set[str]) -> None:
    assert outcomes(run(tmp_path, "--ssot", "-rA", *arguments)) == {name: EVERYTHING[name] for name in expected}


def test_nothing_is_there_unless_it_is_asked_for(tmp_path: Path) -> None:
    done = run(tmp_path, "-rA", files={**FILES, "conftest.py": PROBE})
    assert set(outcomes(done)) == {*EVERYTHING} - {*OURS}
    assert header(done) == ""
    modules, thresholds = json.loads(re.findall(r"^PROBE (.*)", done.stdout, re.MULTILINE)[0])
    assert modules == ["ssot_lsp", "ssot_lsp.pytest_plugin"]
    asked = run(tmp_path, "--ssot")
    modules, others = json.loads(re.findall(r"^PROBE (.*)", asked.stdout, re.MULTILINE)[0])
    assert "ssot_lsp.sweep" in modules
    assert others == thresholds


def test_a_setting_asks_for_it_too(tmp_path: Path) -> None:
    settings = '[tool.pytest.ini_options]\npythonpath = ["."]\nssot = true\n'
    assert outcomes(run(tmp_path, "-rA", files={**FILES, "pyproject.toml": settings})) == EVERYTHING


def test_all_files_are_looked_at_once(tmp_path: Path) -> None:
    """However many processes pytest-xdist begins."""
    count = """
from pathlib import Path
from ssot_lsp.sweep import Sweep
check = Sweep.check
def counted(*given):
    with open(Path(__file__).with_name("counted"), "a") as file:
        file.write("x")
    return check(*given)
Sweep.check = counted
"""
    done = run(tmp_path, "--ssot", "-n", "2", "-rA", files={**FILES, "conftest.py": count})
    assert outcomes(done).items() >= OURS.items()
    assert (tmp_path / "counted").read_text() == "x"


def test_files_are_read_and_not_run(tmp_path: Path) -> None:
    """Not even a package, which pytest imports before the tests that are in it."""
    ran = "from pathlib import Path\nPath(__file__).with_name('ran').touch()\n"
    files = {"pkg/__init__.py": ran, "pkg/mod.py": ran, "setup.py": ran, "pyproject.toml": "[tool.ssot-lsp]\n"}
    done = run(tmp_path, "--ssot", "-rA", files=files)
    assert outcomes(done) == dict.fromkeys(["pkg/__init__.py::ssot", "pkg/mod.py::ssot", "setup.py::ssot"], "passed")
    assert list(tmp_path.rglob("ran")) == []


def test_the_report_is_in_the_xml(tmp_path: Path) -> None:
    run(tmp_path, "--ssot", "--junitxml=out.xml", "-m", "ssot")
    cases = {case.attrib["classname"]: case for case in ET.parse(tmp_path / "out.xml").iter("testcase")}
    assert len(cases) == len(OURS)
    (failure,) = cases["tests.test_bad"].findall("failure")
    assert " --> tests/test_bad.py:2:25" in (failure.text or "")
    assert "Traceback" not in (failure.text or "")


MODULES: dict[str, tuple[str, bool]] = {
    "clean": ("from pkg.new import A\n", True),
    "deprecated and there": ("from pkg.there import A\n", True),
    "deprecated and gone": ("from pkg.old import A\n", False),
    "no such module": ("import pkg.gone\n", False),
    "no such name": ("from pkg.new import B\n", False),
    "all of no module": ("from pkg.gone import *\n", False),
    "in a class": ("class A:\n    from pkg.new import B\n", False),
    "in a function": ("def test_a():\n    from pkg.new import B\n", True),
    "caught": ("try:\n    from pkg.new import B\nexcept ImportError:\n    B = None\n", True),
    "for types alone": ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pkg.new import B\n", True),
    "expected": ("import pytest\nwith pytest.raises(ImportError):\n    from pkg.new import B\n", True),
    "silenced": ("from pkg.new import B  # ssot: ignore\nfrom pkg.old import A\n", False),
    "cannot be parsed": ("from pkg.old import A\ndef (\n", False),
}


def test_how_many_can_be_imported(tmp_path: Path) -> None:
    """As far as a module's own imports tell; files that pytest does not take for test modules do not count."""
    modules = {f"test_{number}.py": source for number, (source, _) in enumerate(MODULES.values())}
    registry = FILES["registry.json"].replace('["pkg.old:A"]', '["pkg.old:A", "pkg.there:A"]')
    files = {"registry.json": registry, "pkg/there.py": "from pkg.new import A\n", "other.py": "import pkg.gone\n"}
    done = run(tmp_path, "--ssot", "--collect-only", files={**FILES, **files, **modules})
    good = 2 + sum(is_good for _, is_good in MODULES.values())
    assert header(done) == f"{good} of {2 + len(MODULES)} test modules importable"


def test_known_findings_do_not_fail(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    arguments = ["check", "--baseline", "known.json", "--update-baseline"]
    subprocess.run([sys.executable, "-m", "ssot_lsp", *arguments], cwd=tmp_path, check=True, capture_output=True)
    arguments = ["--ssot", "--ssot-baseline=known.json", "-m", "ssot", "-rA"]
    assert outcomes(run(tmp_path, *arguments)) == dict.fromkeys(OURS, "passed")
    more = {**FILES, "tests/test_bad.py": FILES["tests/test_bad.py"] * 2}
    failed = outcomes(run(tmp_path, *arguments, files=more))
    assert failed["tests/test_bad.py::ssot"] == "failed"


def test_what_is_not_checked_is_no_test(tmp_path: Path) -> None:
    settings = """
        [tool.ssot-lsp]
        exclude = ["gen/**"]
        severity = { SSOT001 = "information" }
    """
    files = {"pyproject.toml": settings, "gen/a.py": "import pkg.gone", ".gitignore": "ignored.py", "ignored.py": ""}
    done = run(tmp_path, "--ssot", "-rA", "-m", "ssot", files={**FILES, **files})
    assert outcomes(done) == OURS | {"tests/test_bad.py::ssot": "passed"}


def test_the_registry_is_a_test_too(tmp_path: Path) -> None:
    cycle = [{"canonical": f"pkg.{one}:X", "deprecated": [f"pkg.{other}:X"]} for one, other in ("ab", "ba")]
    registry = json.dumps({"version": 1, "packages": ["pkg"], "entries": cycle})
    done = run(tmp_path, "--ssot", "-rA", files={**FILES, "registry.json": registry})
    assert outcomes(done)["registry.json::ssot"] == "failed"


BAD = {
    "settings": {"pyproject.toml": "[tool.ssot-lsp]\nnonsense = 1\n"},
    "registry": {"registry.json": '{"version": 1, "entries": ['},
    "baseline": {"known.json": "[]"},
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_used_is_told(tmp_path: Path, name: str) -> None:
    arguments = ["--ssot-baseline=known.json"] if name == "baseline" else []
    done = run(tmp_path, "--ssot", *arguments, files={**FILES, **BAD[name]})
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert done.stderr.startswith("ERROR: ssot-lsp: ")
    assert done.stderr.count("\n") <= 2


def test_the_demonstration(tmp_path: Path) -> None:
    """What we say cannot be imported, pytest cannot import."""
    ignored = shutil.ignore_patterns("__pycache__", ".*_cache")
    shutil.copytree(NETRA, tmp_path / "examples/netra", ignore=ignored)
    shutil.copy(NETRA.parent.parent / "registry.json", tmp_path)
    done = run(tmp_path / "examples/netra", "--ssot", "--collect-only", "-q", files={})
    shown = run(tmp_path / "examples/netra", "--ssot", "--collect-only", files={})
    errors = set(re.findall(r"^ERROR (\S+)", done.stdout, re.MULTILINE))
    good, of = map(int, re.findall(r"(\d+) of (\d+)", header(shown))[0])
    assert of == len(list((NETRA / "tests").rglob("test_*.py")))
    assert 0 < of - good <= len(errors)
