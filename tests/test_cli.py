"""The command line: exit codes, options, what is printed where, and what is written."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ssot_lsp import __version__
from ssot_lsp.cli import main
from ssot_lsp.cli.reporters import FORMATS
from ssot_lsp.rules import all_rules

Files = Mapping[str, str | bytes]
Run = Callable[..., Result]

REGISTRY = json.dumps(
    {
        "version": 1,
        "packages": ["pkg"],
        "entries": [
            {"canonical": "pkg.new:A", "deprecated": ["pkg.old:A"]},
            {"canonical": "pkg.new:B", "deprecated": ["pkg.old:B"], "applicability": "unsafe"},
            {"canonical": None, "deprecated": ["pkg.old:Gone"], "alternatives": ["pkg.new:A"]},
        ],
    },
    indent=1,
)
PACKAGE: dict[str, str | bytes] = {
    "registry.json": REGISTRY,
    "pkg/__init__.py": "",
    "pkg/old.py": "Kept = 1\n",
    "pkg/new.py": "__all__ = ['A', 'B']\nA = B = Hidden = 1\n",
    "pkg/asking.py": "# ssot: ignore-file, for then no entry is stale\nfrom pkg.old import A, B, Gone\n",
}
SAFE = "from pkg.old import A\nprint(A)\n"
SAFE_FIXED = "from pkg.new import A\nprint(A)\n"
UNSAFE = "from pkg.old import B\nprint(B)\n"
UNSAFE_FIXED = "from pkg.new import B\nprint(B)\n"
GONE = "from pkg.old import Gone\n"
HIDDEN = "from pkg.new import Hidden\n"
NAMELESS = "from pkg.old import Kapt\n"
BROKEN = "from pkg.old import A\ndef (:\n"
CLEAN = "from pkg.new import A\nprint(A)\n"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)


def tree(root: Path, files: Files) -> None:
    for name, content in files.items():
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace, in which we are, with a package and a registry."""
    folder = tmp_path / "root"
    tree(folder, PACKAGE)
    monkeypatch.chdir(folder)
    return folder


def run(*arguments: str | Path) -> Result:
    """Run a command in this process. Any exception but an exit is a failure of the test."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def process(*arguments: str | Path, module: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    command = [sys.executable, "-m", "ssot_lsp"] if module else [str(Path(sys.executable).with_name("ssot-lsp"))]
    return subprocess.run(
        [*command, *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=60,
        check=False,
    )


def found(result: Result | subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """What `--output-format json` printed."""
    listed: list[dict[str, Any]] = json.loads(result.stdout)
    return listed


def codes(result: Result) -> list[str]:
    return [item["code"] for item in found(result)]


def snapshot(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.parts and "__pycache__" not in path.parts
    }


def git(folder: Path, *arguments: str) -> str:
    environment = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_{what}": "x@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return os.fsdecode(done.stdout)


# exit codes

CHECKS: dict[str, tuple[Files, list[str], int]] = {
    "nothing": ({}, [], 0),
    "clean": ({"use.py": CLEAN}, [], 0),
    "empty file": ({"use.py": ""}, [], 0),
    "error": ({"use.py": SAFE}, [], 1),
    "warning": ({"use.py": GONE}, [], 1),
    "information": ({"use.py": HIDDEN}, [], 0),
    "error, fail on error": ({"use.py": SAFE}, ["--fail-on", "error"], 1),
    "warning, fail on error": ({"use.py": GONE}, ["--fail-on", "error"], 0),
    "warning, fail on warning": ({"use.py": GONE}, ["--fail-on", "warning"], 1),
    "information, fail on warning": ({"use.py": HIDDEN}, ["--fail-on", "warning"], 0),
    "information, fail on information": ({"use.py": HIDDEN}, ["--fail-on", "information"], 1),
    "information, fail on hint": ({"use.py": HIDDEN}, ["--fail-on", "hint"], 1),
    "hint, fail on information": (
        {"use.py": HIDDEN, "pyproject.toml": '[tool.ssot-lsp.severity]\nSSOT005 = "hint"\n'},
        ["--fail-on", "information"],
        0,
    ),
    "severity raised": ({"use.py": HIDDEN, "pyproject.toml": '[tool.ssot-lsp.severity]\nSSOT005 = "error"\n'}, [], 1),
    "exit zero": ({"use.py": SAFE}, ["--exit-zero"], 0),
    "exit zero, fail on hint": ({"use.py": SAFE}, ["--exit-zero", "--fail-on", "hint"], 0),
    "unreadable": ({"use.py": b"\xff"}, [], 1),
    "does not parse": ({"use.py": BROKEN}, [], 1),
    "does not parse, nothing found": ({"use.py": "def (:\n"}, [], 0),
    "registry problem": (
        {"registry.json": REGISTRY.replace('"version"', '"versions": 1, "version"')},
        [],
        1,
    ),
    "selected away": ({"use.py": SAFE}, ["--select", "SSOT004"], 0),
    "ignored": ({"use.py": SAFE}, ["--ignore", "SSOT001"], 0),
    "another file": ({"use.py": SAFE, "ok.py": CLEAN}, ["ok.py"], 0),
    "this file": ({"use.py": SAFE, "ok.py": CLEAN}, ["ok.py", "use.py"], 1),
    "statistics": ({"use.py": SAFE}, ["--statistics"], 1),
    "statistics of nothing": ({"use.py": CLEAN}, ["--statistics"], 0),
    "jobs": ({"use.py": SAFE}, ["--jobs", "2"], 1),
    "no cache": ({"use.py": SAFE}, ["--no-cache"], 1),
    "no such path": ({}, ["nowhere.py"], 2),
    "one such path, one not": ({"use.py": SAFE}, ["use.py", "nowhere"], 2),
    "no such option": ({}, ["--nonsense"], 2),
    "no such format": ({}, ["--output-format", "yaml"], 2),
    "no such severity": ({}, ["--fail-on", "fatal"], 2),
    "no number": ({}, ["--jobs", "two"], 2),
    "negative jobs": ({}, ["--jobs", "-1"], 2),
    "unknown code selected": ({"use.py": SAFE}, ["--select", "SSOT999"], 2),
    "unknown code ignored": ({"use.py": SAFE}, ["--ignore", "E501"], 2),
    "one unknown code among others": ({"use.py": SAFE}, ["--select", "SSOT001,SSOT0O2"], 2),
    "no such registry": ({}, ["--registry", "nowhere.json"], 2),
    "a folder as registry": ({}, ["--registry", "pkg"], 2),
    "bad registry": ({"registry.json": '{"version": 1, "entries": 1}'}, [], 2),
    "bad settings": ({"pyproject.toml": "[tool.ssot-lsp]\nnonsense = 1\n"}, [], 2),
    "bad pyproject.toml": ({"pyproject.toml": "[tool.ssot-lsp\n"}, [], 2),
    "no such registry in the settings": ({"pyproject.toml": '[tool.ssot-lsp]\nregistry = "x.json"\n'}, [], 2),
    "exit zero is no cure for that": ({}, ["--exit-zero", "nowhere.py"], 2),
}


@pytest.mark.parametrize(("files", "arguments", "code"), CHECKS.values(), ids=CHECKS)
def test_exit_code_of_check(root: Path, files: Files, arguments: list[str], code: int) -> None:
    tree(root, files)
    before = snapshot(root)
    result = run("check", *arguments)
    assert result.exit_code == code, result.output
    assert snapshot(root) == before
    if code == 2:
        assert result.stdout == ""
        assert result.stderr.count("\n") == 1 or result.stderr.startswith("Usage: ")  # click's own
        assert "rror: " in result.stderr


FIXES: dict[str, tuple[Files, list[str], int, Files]] = {
    "clean": ({"use.py": CLEAN}, [], 0, {}),
    "all fixed": ({"use.py": SAFE}, [], 0, {"use.py": SAFE_FIXED}),
    "unsafe left": ({"use.py": UNSAFE}, [], 1, {}),
    "unsafe wanted": ({"use.py": UNSAFE}, ["--unsafe-fixes"], 0, {"use.py": UNSAFE_FIXED}),
    "safe and unsafe": ({"use.py": SAFE + UNSAFE}, [], 1, {"use.py": SAFE_FIXED + UNSAFE}),
    "safe and unsafe wanted": (
        {"a.py": SAFE, "b.py": UNSAFE},
        ["--unsafe-fixes"],
        0,
        {"a.py": SAFE_FIXED, "b.py": UNSAFE_FIXED},
    ),
    "removed": ({"use.py": GONE}, [], 1, {}),
    "a guess is never made": ({"use.py": NAMELESS}, ["--unsafe-fixes"], 1, {}),
    "removed, fail on error": ({"use.py": SAFE, "b.py": GONE}, ["--fail-on", "error"], 0, {"use.py": SAFE_FIXED}),
    "information left": ({"use.py": SAFE, "b.py": HIDDEN}, [], 0, {"use.py": SAFE_FIXED}),
    "information left, fail on it": ({"use.py": HIDDEN}, ["--fail-on", "information"], 1, {}),
    "exit zero": ({"use.py": GONE}, ["--exit-zero"], 0, {}),
    "ignored": ({"use.py": SAFE}, ["--ignore", "SSOT001"], 0, {}),
    "selected": ({"use.py": SAFE + GONE}, ["--select", "SSOT001"], 0, {"use.py": SAFE_FIXED + GONE}),
    "one file of two": ({"a.py": SAFE, "b.py": SAFE}, ["a.py"], 0, {"a.py": SAFE_FIXED}),
    "does not parse": ({"use.py": BROKEN, "a.py": SAFE}, [], 1, {"a.py": SAFE_FIXED}),
    "unreadable": ({"use.py": SAFE.encode() + b"# \xff\n", "a.py": SAFE}, [], 1, {"a.py": SAFE_FIXED}),
    "suppressed": ({"use.py": "from pkg.old import A  # ssot: ignore[SSOT001]\n"}, [], 0, {}),
    "statistics": ({"use.py": SAFE}, ["--statistics", "--jobs", "2", "--no-cache"], 0, {"use.py": SAFE_FIXED}),
    "no such path": ({"use.py": SAFE}, ["use.py", "nowhere"], 2, {}),
    "no such option": ({"use.py": SAFE}, ["--changed"], 2, {}),
    "unknown code": ({"use.py": SAFE}, ["--select", "SSOT001,XX"], 2, {}),
    "bad registry": ({"use.py": SAFE, "registry.json": '{"entries": '}, [], 2, {}),
    "diff": ({"use.py": SAFE}, ["--diff"], 1, {}),
    "diff of nothing": ({"use.py": CLEAN}, ["--diff"], 0, {}),
    "diff of nothing, with something left": ({"use.py": GONE}, ["--diff"], 0, {}),
    "verified": ({"use.py": SAFE}, ["--verify", "true"], 0, {"use.py": SAFE_FIXED}),
    "verified, something left": ({"use.py": SAFE + GONE}, ["--verify", "true"], 1, {"use.py": SAFE_FIXED + GONE}),
    "not verified": ({"use.py": SAFE, "b.py": SAFE}, ["--verify", "false"], 1, {}),
    "verify runs in the root and sees the change": (
        {"use.py": SAFE},
        ["--verify", "grep -q pkg.new use.py"],
        0,
        {"use.py": SAFE_FIXED},
    ),
    "verify with no such command": ({"use.py": SAFE}, ["--verify", "no-such-command-here"], 1, {}),
}


@pytest.mark.parametrize(("files", "arguments", "code", "after"), FIXES.values(), ids=FIXES)
def test_exit_code_of_fix(root: Path, files: Files, arguments: list[str], code: int, after: Files) -> None:
    tree(root, files)
    before = snapshot(root)
    result = run("fix", *arguments)
    assert result.exit_code == code, result.output
    assert snapshot(root) == {**before, **{name: str(text).encode() for name, text in after.items()}}
    if code != 2 and "--diff" not in arguments and "false" not in arguments:
        again = snapshot(root)
        run("fix", *arguments)
        assert snapshot(root) == again, "a second run changes nothing"


def test_a_file_that_changes_meanwhile(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(root, {"a.py": SAFE, "b.py": SAFE, "c.py": SAFE})
    module = import_module("ssot_lsp.cli.changes")
    replace_file = module.replace_file

    def slow(path: Path, *rest: Any) -> None:
        if path.name == "b.py":
            path.write_text(path.read_text("utf-8") + "# theirs\n", "utf-8")
        replace_file(path, *rest)

    monkeypatch.setattr(module, "replace_file", slow)
    result = run("fix")
    assert result.exit_code == 3
    assert [(root / f"{name}.py").read_text("utf-8") for name in "abc"] == [SAFE_FIXED, SAFE + "# theirs\n", SAFE_FIXED]
    assert "b.py" in result.stderr
    assert "fixed a.py" in result.stdout
    assert "fixed b.py" not in result.stdout
    assert run("fix", "--exit-zero").exit_code == 3


def test_a_file_that_vanishes_meanwhile(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(root, {"a.py": SAFE, "b.py": SAFE})
    module = import_module("ssot_lsp.cli.changes")
    replace_file = module.replace_file

    def slow(path: Path, *rest: Any) -> None:
        if path.name == "a.py":
            path.unlink()
        replace_file(path, *rest)

    monkeypatch.setattr(module, "replace_file", slow)
    result = run("fix")
    assert result.exit_code == 3
    assert (root / "b.py").read_text("utf-8") == SAFE_FIXED
    assert not (root / "a.py").exists()


# which codes

ALL = SAFE + GONE + NAMELESS + HIDDEN
SELECTED: dict[tuple[str, ...], list[str]] = {
    (): ["SSOT001", "SSOT002", "SSOT004", "SSOT005"],
    ("--select", "SSOT001"): ["SSOT001"],
    ("--select", "SSOT001,SSOT004"): ["SSOT001", "SSOT004"],
    ("--select", "SSOT001, SSOT004"): ["SSOT001", "SSOT004"],
    ("--select", "SSOT001", "--select", "SSOT002"): ["SSOT001", "SSOT002"],
    ("--select=ssot002",): ["SSOT002"],
    ("--select", "SSOT"): ["SSOT001", "SSOT002", "SSOT004", "SSOT005"],
    ("--select", "SSOT00"): ["SSOT001", "SSOT002", "SSOT004", "SSOT005"],
    ("--select", "SSOT1"): [],
    ("--ignore", "SSOT00"): [],
    ("--ignore", "SSOT001,SSOT005"): ["SSOT002", "SSOT004"],
    ("--ignore", "SSOT001", "--ignore", "SSOT005"): ["SSOT002", "SSOT004"],
    ("--select", "SSOT00", "--ignore", "SSOT002"): ["SSOT001", "SSOT004", "SSOT005"],
    ("--select", "SSOT001", "--ignore", "SSOT001"): [],
    ("--select", ",SSOT001,"): ["SSOT001"],
    # every code that is given out is one, also those of which nothing is found here
    ("--select", "SSOT001,SSOT003,SSOT006,SSOT007,SSOT008,SSOT020,SSOT090,SSOT091,SSOT092,SSOT101,SSOT110"): [
        "SSOT001"
    ],
}


@pytest.mark.parametrize(("arguments", "expected"), SELECTED.items(), ids=map(" ".join, SELECTED))
def test_select_and_ignore(root: Path, arguments: tuple[str, ...], expected: list[str]) -> None:
    tree(root, {"use.py": ALL})
    result = run("check", "--output-format", "json", *arguments)
    assert codes(result) == expected
    assert result.stderr == ""


def test_one_name_gets_one_code_whatever_is_selected(root: Path) -> None:
    """pkg.old does not bind A: that is SSOT001, not SSOT004 in its place if SSOT001 is ignored."""
    tree(root, {"use.py": SAFE})
    assert codes(run("check", "--output-format", "json", "--ignore", "SSOT001")) == []
    assert codes(run("check", "--output-format", "json", "--select", "SSOT004")) == []


def test_settings_and_options_of_codes(root: Path) -> None:
    tree(root, {"use.py": ALL, "pyproject.toml": '[tool.ssot-lsp]\nselect = ["SSOT001"]\nignore = ["SSOT005"]\n'})
    assert codes(run("check", "--output-format", "json")) == ["SSOT001"]
    assert codes(run("check", "--output-format", "json", "--select", "SSOT00")) == ["SSOT001", "SSOT002", "SSOT004"]


def test_settings_of_files(root: Path) -> None:
    """They hold for all that is reported of a file, be it Python's, the registry's or one that cannot be read."""
    settings = """
        [tool.ssot-lsp.per-file-ignores]
        "tests/**" = ["SSOT001"]
        "bad.py" = ["SSOT092"]
        [tool.ssot-lsp.per-file-severity]
        "legacy/**" = { SSOT001 = "information" }
        "registry.json" = { SSOT102 = "hint" }
    """
    cycle = [{"canonical": f"pkg.{one}:X", "deprecated": [f"pkg.{other}:X"]} for one, other in ("ab", "ba")]
    registry = json.dumps({"version": 1, "packages": ["pkg"], "entries": [*cycle, *json.loads(REGISTRY)["entries"]]})
    tree(root, {"pyproject.toml": settings, "registry.json": registry, "bad.py": b"\xff"})
    tree(root, {"tests/test_a.py": SAFE, "legacy/a.py": SAFE, "a.py": SAFE})
    found = json.loads(run("check", "--output-format", "json").stdout)
    assert [
        (Path(item["filename"]).relative_to(root).as_posix(), item["code"], item["severity"]) for item in found
    ] == [
        ("registry.json", "SSOT102", "hint"),
        ("registry.json", "SSOT102", "hint"),
        ("a.py", "SSOT001", "error"),
        ("legacy/a.py", "SSOT001", "information"),
    ]


def test_unreadable_files_can_be_ignored(root: Path) -> None:
    tree(root, {"use.py": b"\xff"})
    assert codes(run("check", "--output-format", "json", "--ignore", "SSOT092")) == []


def test_severities_hold_for_all_codes(root: Path) -> None:
    registry = REGISTRY.replace('"version"', '"versions": 1, "version"')
    hint = '[tool.ssot-lsp.severity]\nSSOT092 = "hint"\n'
    tree(root, {"use.py": b"\xff", "registry.json": registry})
    code = next(item["code"] for item in found(run("check", "--output-format", "json")) if item["code"] != "SSOT092")
    tree(root, {"pyproject.toml": hint + f'{code} = "hint"\n'})
    assert {item["severity"] for item in found(run("check", "--output-format", "json"))} == {"hint"}


# formats


@pytest.mark.parametrize("command", ["check", "fix"])
@pytest.mark.parametrize("output_format", FORMATS)
def test_formats(root: Path, command: str, output_format: str) -> None:
    tree(root, {"use.py": GONE + HIDDEN, "bad.py": b"\xff", "a.py": SAFE})
    result = run(command, "--output-format", output_format)
    assert result.exit_code == 1
    for code in ("SSOT002", "SSOT005", "SSOT092"):
        assert code in result.stdout
    if output_format in ("json", "sarif", "gitlab"):
        json.loads(result.stdout)
    if output_format == "junit":
        assert result.stdout.startswith("<?xml")
    clean = run(command, "--output-format", output_format, "pkg")
    assert clean.exit_code == 0
    if output_format in ("json", "gitlab"):
        assert json.loads(clean.stdout) == []
    assert "\x1b" not in result.output + clean.output


@pytest.mark.parametrize("output_format", FORMATS)
def test_names_that_are_no_unicode(root: Path, output_format: str) -> None:
    name = os.fsdecode(b"caf\xe9.py")
    try:
        tree(root, {name: SAFE})
    except OSError:
        pytest.skip("this file system takes no such names")
    for command in (["check"], ["fix", "--diff"], ["fix"]):
        result = process(*command, "--output-format", output_format)
        assert "Traceback" not in result.stderr
        assert result.returncode == (0 if command == ["fix"] else 1)
    assert (root / name).read_text("utf-8") == SAFE_FIXED


@pytest.mark.parametrize("command", ["check", "fix --diff", "fix"])
def test_an_output_that_takes_ascii_only(root: Path, command: str) -> None:
    tree(root, {"üñ.py": "é = '日本𐍈'\n" + SAFE + GONE})
    result = process(*command.split(), PYTHONIOENCODING="ascii")
    assert "Traceback" not in result.stderr
    assert result.returncode == 1


ASTRAL = (
    "s = '𐍈𐍈é'; from pkg.old import (A as 𐐷,  # 𐍈\n    Kept)\r\n"
    "print(𐐷, Kept)\rx = '日'; from pkg.old import Gone\x0c\n"
)


def test_json(root: Path) -> None:
    tree(root, {"use.py": ASTRAL})
    first, second = found(run("check", "--output-format", "json"))
    assert set(first) == {
        *("code", "name", "message", "severity", "filename", "cell", "location", "end_location"),
        *("noqa_row", "url", "fix"),
    }
    assert first["code"] == "SSOT001"
    assert first["name"] == "deprecated-import"
    assert first["severity"] == "error"
    assert first["filename"] == str(root / "use.py")
    assert first["cell"] is None
    assert first["url"] is None or first["url"].startswith("https://")
    assert first["noqa_row"] == 1
    column = ASTRAL.index("A as") + 1
    assert first["location"] == {"row": 1, "column": column}
    assert first["end_location"] == {"row": 1, "column": column + 1}
    assert set(first["fix"]) == {"applicability", "message", "edits"}
    assert first["fix"]["applicability"] == "safe"
    assert all(set(edit) == {"location", "end_location", "content"} for edit in first["fix"]["edits"])
    assert second["code"] == "SSOT002"
    assert second["location"] == {"row": 4, "column": len("x = '日'; from pkg.old import ") + 1}
    assert second["end_location"] == {"row": 4, "column": second["location"]["column"] + 4}


@pytest.mark.parametrize(
    "source",
    [
        SAFE,
        ASTRAL,
        "'𐍈'; from pkg.old import A; '𐍈'\n",
        "from pkg.old import A, Kept\r\n",
        "if 1:\r\n\tfrom pkg.old import (\r\n\t\tKept,  # é\r\n\t\tA,\r\n\t)\r\n",
        "from pkg.old import A",
        "\ufefffrom pkg.old import A\n",
        "x = '\u2028\x85\x0b'; from pkg.old import A as 𐐷\n",
    ],
    ids=ascii,
)
def test_json_edits_are_what_fix_writes(root: Path, source: str) -> None:
    path = root / "use.py"
    path.write_bytes(source.encode())
    edits = [item["fix"]["edits"] for item in found(run("check", "--output-format", "json", "--select", "SSOT001"))]
    assert len(edits) == 1
    run("fix")
    assert path.read_bytes() != source.encode()
    mark = "\ufeff" if source.startswith("\ufeff") else ""
    assert path.read_bytes().decode() == mark + applied(source.removeprefix(mark), edits[0])


def applied(source: str, edits: list[dict[str, Any]]) -> str:
    starts = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", source))]

    def offset(location: dict[str, int]) -> int:
        return starts[location["row"] - 1] + location["column"] - 1

    for edit in sorted(edits, key=lambda edit: offset(edit["location"]), reverse=True):
        source = source[: offset(edit["location"])] + edit["content"] + source[offset(edit["end_location"]) :]
    return source


def test_fix_in_json_is_null_without_one(root: Path) -> None:
    tree(root, {"use.py": HIDDEN, "bad.py": b"\xff"})
    assert [item["fix"] for item in found(run("check", "--output-format", "json"))] == [None, None]


def test_json_of_a_file_that_does_not_parse(root: Path) -> None:
    tree(root, {"use.py": BROKEN})
    result = run("check", "--output-format", "json")
    assert codes(result) == ["SSOT001"]
    assert "use.py" in result.stderr
    assert "parse" in result.stderr


def test_json_of_a_file_that_cannot_be_decoded(root: Path) -> None:
    tree(root, {"use.py": b"x = '\xe9'\n"})
    (item,) = found(run("check", "--output-format", "json"))
    assert (item["code"], item["name"], item["severity"]) == ("SSOT092", "unreadable-file", "error")
    assert item["location"] == item["end_location"] == {"row": 1, "column": 1}
    assert item["filename"] == str(root / "use.py")
    assert "utf-8" in item["message"]


def test_a_file_that_may_not_be_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(root, {"use.py": SAFE, "other.py": SAFE})
    read_bytes, opened = Path.read_bytes, io.open

    def refuse(path: str | Path, *arguments: Any, **options: Any) -> Any:
        if str(path).endswith("use.py"):
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *arguments, **options)

    monkeypatch.setattr("io.open", refuse)
    monkeypatch.setattr("builtins.open", refuse)
    items = found(run("check", "--output-format", "json"))
    assert [item["code"] for item in items] == ["SSOT001", "SSOT092"]
    assert "Permission denied" in items[1]["message"]
    assert run("fix").exit_code == 1
    assert read_bytes(root / "other.py").decode() == SAFE_FIXED


def test_json_of_fix_is_what_is_left(root: Path) -> None:
    tree(root, {"use.py": SAFE + GONE})
    result = run("fix", "--output-format", "json")
    assert codes(result) == ["SSOT002"]
    assert "fixed use.py" in result.stderr


def test_verify_does_not_write_into_the_report(root: Path) -> None:
    tree(root, {"use.py": SAFE + GONE})
    result = process("fix", "--output-format", "json", "--verify", "echo noise")
    assert [item["code"] for item in found(result)] == ["SSOT002"]


def test_what_was_changed_then_what_is_left(root: Path) -> None:
    tree(root, {"a.py": SAFE, "b.py": SAFE + GONE})
    for output_format in ("full", "concise"):
        tree(root, {"a.py": SAFE, "b.py": SAFE + GONE})
        lines = run("fix", "--output-format", output_format).stdout.splitlines()
        assert lines[:2] == ["fixed a.py: 1 x SSOT001 deprecated-import", "fixed b.py: 1 x SSOT001 deprecated-import"]
        assert "SSOT002" in "\n".join(lines[2:])
        assert "SSOT001" not in "\n".join(lines[2:])


def test_statistics(root: Path) -> None:
    tree(root, {"a.py": SAFE, "b.py": SAFE + GONE})
    lines = [line.split() for line in run("check", "--statistics").stdout.splitlines()]
    assert [(line[0], line[1], line[-1]) for line in lines] == [
        ("2", "SSOT001", "deprecated-import"),
        ("1", "SSOT002", "removed-import"),
    ]


def test_concise_lines(root: Path) -> None:
    tree(root, {"x/use.py": GONE})
    assert run("check", "--output-format", "concise").stdout.startswith("x/use.py:1:21: SSOT002 ")


# a pipe, a terminal


def test_a_pipe_has_no_colour_and_no_summary(root: Path) -> None:
    tree(root, {"use.py": SAFE})
    result = process("check")
    assert result.returncode == 1
    assert "\x1b" not in result.stdout + result.stderr
    assert "Found" not in result.stdout
    tree(root, {"use.py": CLEAN})
    assert (process("check").stdout, process("check").stderr) == ("", "")


COLOURS: dict[str, tuple[dict[str, str], bool, bool]] = {
    "nothing said": ({}, False, True),
    "NO_COLOR": ({"NO_COLOR": "1"}, False, False),
    "NO_COLOR empty": ({"NO_COLOR": ""}, False, True),
    "FORCE_COLOR": ({"FORCE_COLOR": "1"}, True, True),
    "both": ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, False),
    "a dumb terminal": ({"TERM": "dumb"}, False, False),
    "CI": ({"CI": "true", "GITHUB_ACTIONS": "true"}, False, True),
}
_OF_COLOURS = {"NO_COLOR": None, "FORCE_COLOR": None, "TERM": "xterm", "CI": None}


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
@pytest.mark.parametrize(("said", "in_pipe", "in_terminal"), COLOURS.values(), ids=COLOURS)
def test_colour(
    root: Path, monkeypatch: pytest.MonkeyPatch, said: dict[str, str], *, in_pipe: bool, in_terminal: bool
) -> None:
    tree(root, {"use.py": SAFE})
    for name, value in (_OF_COLOURS | said).items():
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert ("\x1b[" in process("check").stdout) is in_pipe
    assert "\x1b[" not in process("check", "--output-format", "github").stdout
    assert (b"\x1b[" in in_a_terminal("check")[1]) is in_terminal


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
@pytest.mark.parametrize(("source", "summary"), [(SAFE, "Found 1 diagnostic"), (CLEAN, "Nothing found")])
def test_a_terminal_has_both(root: Path, monkeypatch: pytest.MonkeyPatch, source: str, summary: str) -> None:
    tree(root, {"use.py": source})
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    code, output = in_a_terminal("check")
    assert code == (1 if source is SAFE else 0)
    assert summary.encode() in output
    assert (b"\x1b[" in output) == (source is SAFE)


@pytest.mark.parametrize(
    ("seconds", "is_terminal", "is_told"), [(0.6, True, True), (0.4, True, False), (9, False, False)]
)
def test_progress_is_told_to_a_person_who_waits(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    seconds: float,
    *,
    is_terminal: bool,
    is_told: bool,
) -> None:
    from ssot_lsp.cli import options

    now = [100.0]
    monkeypatch.setattr(options, "monotonic", lambda: now[0])
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    with options.progress("Checking") as told:
        told(1, 10)
        assert capsys.readouterr().err == ""
        now[0] += seconds
        told(5, 10)
        told(10, 10)
    shown = capsys.readouterr()
    assert (shown.out, "Checking" in shown.err) == ("", is_told)


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_short_work_shows_no_progress(root: Path) -> None:
    tree(root, {f"m{number}.py": CLEAN for number in range(50)})
    assert b"Checking" not in in_a_terminal("check", "--jobs", "1")[1]


def in_a_terminal(*arguments: str) -> tuple[int, bytes]:
    """The exit code of a command, and all that it has shown."""
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "ssot_lsp", *arguments]
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, stdin=theirs) as running:
        os.close(theirs)
        output = b""
        try:
            while chunk := os.read(ours, 4096):
                output += chunk
        except OSError:
            pass  # that is how Linux says that the other end is closed
        code = running.wait(60)
    os.close(ours)
    return code, output


# --report


@pytest.mark.parametrize("command", ["check", "fix"])
def test_reports_in_files(root: Path, command: str) -> None:
    """Each holds what the command would have printed in that format."""
    tree(root, {"use.py": GONE, "bad.py": "from pkg.old import A\n(\n", ".git/HEAD": ""})
    files = {name: root / f"out.{name}" for name in FORMATS}
    told = run(command, "--output-format", "concise", *(f"--report={name}={file}" for name, file in files.items()))
    assert told.exit_code == 1
    assert told.stdout == run(command, "--output-format", "concise").stdout
    for name, file in files.items():
        assert file.read_text("utf-8") == run(command, "--output-format", name).stdout, name


def test_a_report_of_nothing_is_a_report(root: Path) -> None:
    assert run("check", "--report", "gitlab=quality.json", "--report", "github=x").exit_code == 0
    assert json.loads((root / "quality.json").read_text()) == []
    assert (root / "x").read_text() == "\n"


@pytest.mark.parametrize("given", ["sarif", "sarif=", "=x", "yaml=x", "x"])
def test_a_report_that_is_none(root: Path, given: str) -> None:
    result = run("check", "--report", given)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert given in result.stderr


@pytest.mark.parametrize("option", ["--diff", "--watch"])
def test_there_is_no_report_of_what_is_not_done(root: Path, option: str) -> None:
    result = run("fix", option, "--report", "sarif=x.sarif")
    assert (result.exit_code, "--report" in result.stderr) == (2, True)


def test_a_report_that_cannot_be_written(root: Path) -> None:
    result = run("check", "--report", "sarif=nowhere/x.sarif")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "nowhere" in result.stderr


@pytest.mark.parametrize(("top", "path"), [("", "sub/use.py"), ("sub", "use.py"), (None, "use.py")])
def test_servers_are_told_paths_in_the_repository(
    root: Path, monkeypatch: pytest.MonkeyPatch, top: str | None, path: str
) -> None:
    tree(root, {f"sub/{name}": text for name, text in PACKAGE.items()})
    tree(root, {"sub/pyproject.toml": "[tool.ssot-lsp]\n", "sub/use.py": GONE})
    if top is not None:
        tree(root, {f"{top}/.git/HEAD".lstrip("/"): ""})
    monkeypatch.chdir(root / "sub")
    (result,) = json.loads(run("check", "--output-format", "sarif").stdout)["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == path
    assert json.loads(run("check", "--output-format", "gitlab").stdout)[0]["location"]["path"] == path
    assert f'file="{path}"' in run("check", "--output-format", "junit").stdout
    assert run("check", "--output-format", "concise").stdout.startswith("use.py:")


def test_a_reader_that_goes_away(root: Path) -> None:
    tree(root, {f"m{number}.py": SAFE * 20 for number in range(30)})
    done = subprocess.run(
        f"{sys.executable} -m ssot_lsp check | head -n 1", shell=True, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr


# where we are, which paths


def test_a_subfolder(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(root, {"app/sub/use.py": SAFE, "app/other.py": SAFE, "use.py": SAFE})
    monkeypatch.chdir(root / "app/sub")
    assert [item["filename"] for item in found(run("check", "--output-format", "json"))] == [
        str(root / "app/sub/use.py")
    ]
    assert run("check", "--output-format", "concise").stdout.startswith("app/sub/use.py:1:")


@pytest.mark.parametrize("path", ["..", "../../root", "../pkg/../sub/..", "./.."])
def test_paths_with_two_dots(root: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """The parent of the current folder, under whatever name, is that folder."""
    tree(
        root,
        {
            "pkg/inside.py": "from .old import A, Kept\nfrom . import new\nfrom .nowhere import X\n",
            "sub/use.py": SAFE,
            ".gitignore": "/gen.py\n",
            "gen.py": SAFE,
        },
    )
    expected = found(run("check", "--output-format", "json"))
    assert [item["code"] for item in expected] == ["SSOT001", "SSOT003", "SSOT001"]
    monkeypatch.chdir(root / "sub")
    assert found(run("check", "--output-format", "json", path)) == expected


def test_each_file_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(root, {"sub/use.py": SAFE})
    monkeypatch.chdir(root / "sub")
    for paths in (["use.py", "./use.py"], ["use.py", "../sub/use.py"], [".", "../sub"], [root / "sub", ".."]):
        assert len(found(run("check", "--output-format", "json", *paths))) == 1, paths


def test_a_path_through_a_link_to_the_root(root: Path) -> None:
    tree(root, {"pkg/inside.py": "from .old import A, Kept\nfrom . import new\n"})
    link = root.parent / "link"
    link.symlink_to(root, target_is_directory=True)
    assert codes(run("check", "--output-format", "json", link / "pkg")) == ["SSOT001"]


def test_files_outside_of_the_root(root: Path, tmp_path: Path) -> None:
    tree(tmp_path, {"elsewhere/use.py": SAFE, "elsewhere/rel.py": "from . import x\nfrom .y import z\n"})
    items = found(run("check", "--output-format", "json", "../elsewhere"))
    assert [(item["code"], item["filename"]) for item in items] == [("SSOT001", str(tmp_path / "elsewhere/use.py"))]
    assert found(run("check", "--output-format", "json", tmp_path / "elsewhere")) == items


def test_no_such_path(root: Path) -> None:
    for path in ("nowhere.py", root / "nowhere", "use.py/x"):
        result = run("check", path)
        assert result.exit_code == 2
        assert str(path) in result.stderr
        assert result.stderr.count("\n") == 1


def test_named_files_of_any_name(root: Path) -> None:
    tree(root, {"script": SAFE, "-dash.py": SAFE, "a b.py": SAFE})
    assert codes(run("check", "--output-format", "json", "script", "--", "-dash.py", "a b.py")) == ["SSOT001"] * 3


def test_ignored_files_are_passed_over(root: Path) -> None:
    tree(
        root,
        {
            ".gitignore": "gen/\n",
            "gen/use.py": SAFE,
            ".venv/pyvenv.cfg": "",
            ".venv/use.py": SAFE,
            "env/pyvenv.cfg": "",
            "env/use.py": SAFE,
        },
    )
    assert run("check").exit_code == 0
    assert run("check", "gen/use.py").exit_code == 1


def test_registry_option(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = json.dumps(
        {"version": 1, "packages": ["pkg"], "entries": [{"canonical": "pkg.new:B", "deprecated": ["pkg.old:A"]}]}
    )
    tree(root, {"sub/conf/moves.json": other, "sub/use.py": SAFE, "use.py": SAFE})
    monkeypatch.chdir(root / "sub")
    result = run("check", "--registry", "conf/moves.json", "--output-format", "concise")
    assert result.stdout.startswith("sub/use.py:1:21: SSOT001 ")
    assert "pkg.new:B" in result.stdout
    assert result.stderr == ""
    assert run("fix", "--registry", "../sub/conf/../conf/moves.json", ".").exit_code == 0
    assert (root / "sub/use.py").read_text("utf-8") == "from pkg.new import B\nprint(B)\n"


def test_registry_option_from_outside_does_not_move_the_root(root: Path, tmp_path: Path) -> None:
    tree(tmp_path, {"conf/moves.json": REGISTRY, "conf/pyproject.toml": "[tool.ssot-lsp]\n"})
    (root / "registry.json").unlink()
    tree(root, {"pyproject.toml": "[tool.ssot-lsp]\n", "x/use.py": SAFE})
    result = run("check", "--registry", tmp_path / "conf/moves.json", "--output-format", "concise")
    assert result.stdout.startswith("x/use.py:1:21: SSOT001 ")


def test_no_registry(root: Path) -> None:
    (root / "registry.json").unlink()
    tree(root, {"pyproject.toml": "[tool.ssot-lsp]\n", "use.py": "from pkg.nowhere import X\n" + SAFE + HIDDEN})
    result = run("check", "--output-format", "json")
    assert codes(result) == ["SSOT003", "SSOT004", "SSOT005"]
    assert result.stderr.startswith("note: ")
    assert result.stderr.count("\n") == 1


def test_a_registry_of_another_kind(root: Path) -> None:
    tree(root, {"registry.json": '{"name": "@acme/ui", "items": []}', "use.py": SAFE})
    result = run("check", "--output-format", "json")
    assert codes(result) == ["SSOT004"]
    assert "registry.json" in result.stderr
    assert result.stderr.count("\n") == 1


def test_python_option_that_is_nothing(root: Path) -> None:
    """An environment that was asked for and is none is not silently replaced by none."""
    result = run("check", "--python", "nowhere/bin/python")
    assert "nowhere/bin/python" in result.stderr
    assert result.stderr.count("\n") == 1


def test_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tree(tmp_path, {**PACKAGE, "use.py": SAFE})
    for module in (True, False):
        result = process("check", "--output-format", "concise", module=module)
        assert result.returncode == 1
        assert result.stdout.startswith("use.py:1:21: SSOT001 [*] ")


def test_nothing_of_the_workspace_is_run(root: Path) -> None:
    names = [
        "click",
        "json",
        "libcst",
        "jedi",
        "pathspec",
        "rich",
        "jsonschema_rs",
        "tree_sitter",
        "sitecustomize",
        "difflib",
        "tomllib",
    ]
    trap = "from pkg.old import A\nopen('ran', 'w').close()\n"
    tree(
        root,
        {
            **{f"{name}.py": trap for name in names},
            "conftest.py": trap,
            "pkg/new.py": "A = B = 1\n" + trap.partition("\n")[2],
        },
    )
    assert process("check", module=False).returncode == 1
    assert process("fix", module=False).returncode == 0
    assert not (root / "ran").exists()


# what is written

BYTES: dict[str, tuple[bytes, bytes]] = {
    "CRLF": (
        b"import os\r\nfrom pkg.old import A\r\nprint(A)\r\n",
        b"import os\r\nfrom pkg.new import A\r\nprint(A)\r\n",
    ),
    "CR": (b"import os\rfrom pkg.old import A\rprint(A)\r", b"import os\rfrom pkg.new import A\rprint(A)\r"),
    "mixed line ends": (b"import os\nfrom pkg.old import A\r\nx = 1\r", b"import os\nfrom pkg.new import A\r\nx = 1\r"),
    "no line end": (b"from pkg.old import A", b"from pkg.new import A"),
    "mark": (b"\xef\xbb\xbffrom pkg.old import A\n", b"\xef\xbb\xbffrom pkg.new import A\n"),
    "mark and CRLF": (
        b"\xef\xbb\xbfx = 1\r\nfrom pkg.old import A\r\n",
        b"\xef\xbb\xbfx = 1\r\nfrom pkg.new import A\r\n",
    ),
    "latin-1": (
        b"# -*- coding: latin-1 -*-\nx = '\xe9'\nfrom pkg.old import A  # \xfc\n",
        b"# -*- coding: latin-1 -*-\nx = '\xe9'\nfrom pkg.new import A  # \xfc\n",
    ),
    "tabs, form feeds, blanks": (
        b"if 1:\n\x0c\tfrom  pkg.old  import  A  \n\n\n\n",
        b"if 1:\n\x0c\tfrom  pkg.new  import  A  \n\n\n\n",
    ),
    "comments": (
        b"from pkg.old import (  # one\n    A,  # two\n)  # three\n",
        b"from pkg.new import (  # one\n    A,  # two\n)  # three\n",
    ),
    "odd line separators": (
        "x = '\u2028\x85\x0b'\nfrom pkg.old import A\n".encode(),
        "x = '\u2028\x85\x0b'\nfrom pkg.new import A\n".encode(),
    ),
}


@pytest.mark.parametrize(("before", "after"), BYTES.values(), ids=BYTES)
def test_no_other_byte_is_touched(root: Path, before: bytes, after: bytes) -> None:
    tree(root, {"use.py": before})
    result = run("fix")
    assert result.exit_code == 0, result.output
    assert (root / "use.py").read_bytes() == after


@pytest.mark.parametrize(("before", "after"), BYTES.values(), ids=BYTES)
@pytest.mark.parametrize("tool", ["git", "patch"])
def test_the_diff_applies(root: Path, before: bytes, after: bytes, tool: str) -> None:
    tree(root, {"sub/use.py": before, "b.py": SAFE, "c.py": UNSAFE, "ok.py": CLEAN})
    untouched = snapshot(root)
    patch = process_bytes("fix", "--diff")
    assert snapshot(root) == untouched
    assert patch.returncode == 1
    assert patch.stderr == b""
    command = ["git", "apply", "--whitespace=nowarn", "-"] if tool == "git" else ["patch", "-p1", "-s", "--binary"]
    done = subprocess.run(command, input=patch.stdout, capture_output=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr, patch.stdout)
    fixed = {"sub/use.py": after, "b.py": SAFE_FIXED.encode()}
    assert {name: data for name, data in snapshot(root).items() if not name.endswith(".orig")} == {**untouched, **fixed}
    assert run("fix", "--diff").exit_code == 0


@pytest.mark.parametrize("name", ["d e.py", "ü.py", "x/-a.py", "a\tb.py", "日 本/𐍈.py"])
@pytest.mark.parametrize("tool", ["git", "patch"])
def test_the_diff_applies_to_any_name(root: Path, name: str, tool: str) -> None:
    tree(root, {name: SAFE})
    patch = process_bytes("fix", "--diff")
    command = ["git", "apply", "-"] if tool == "git" else ["patch", "-p1", "-s"]
    done = subprocess.run(command, input=patch.stdout, capture_output=True, check=False)
    assert (root / name).read_text("utf-8") == SAFE_FIXED, (done.stdout + done.stderr, patch.stdout)


def process_bytes(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "ssot_lsp", *arguments], capture_output=True, timeout=60, check=False)


def test_the_diff_says_nothing_else(root: Path) -> None:
    tree(root, {"use.py": SAFE})
    assert run("fix", "--diff").stdout == (
        "--- a/use.py\n+++ b/use.py\n@@ -1,2 +1,2 @@\n-from pkg.old import A\n+from pkg.new import A\n print(A)\n"
    )
    assert run("fix", "--diff", "--unsafe-fixes").stdout.startswith("--- a/use.py\n")
    tree(root, {"use.py": CLEAN})
    assert run("fix", "--diff").output == ""


@pytest.mark.parametrize("mode", [0o644, 0o755, 0o600, 0o444])
def test_the_mode_is_kept(root: Path, mode: int) -> None:
    tree(root, {"use.py": SAFE})
    (root / "use.py").chmod(mode)
    assert run("fix").exit_code == 0
    assert stat.S_IMODE((root / "use.py").stat().st_mode) == mode
    assert (root / "use.py").read_text("utf-8") == SAFE_FIXED


def refused(result: Result, name: str) -> None:
    assert result.exit_code == 1
    (item,) = [item for item in found(result) if item["code"] == "SSOT091"]
    assert item["name"] == "refused-fix"
    assert Path(item["filename"]).name == name
    assert name in item["message"]
    assert f"fixed {name}" not in result.stderr


def test_a_hard_link_is_refused_and_named(root: Path, tmp_path: Path) -> None:
    tree(root, {"use.py": SAFE, "a.py": SAFE})
    os.link(root / "use.py", tmp_path / "other.py")
    refused(run("fix", "--output-format", "json"), "use.py")
    assert (root / "use.py").read_text("utf-8") == SAFE
    assert (root / "a.py").read_text("utf-8") == SAFE_FIXED
    assert run("fix", "--fail-on", "error", "--exit-zero").exit_code == 0


def test_a_link_out_of_the_root_is_refused_and_named(root: Path, tmp_path: Path) -> None:
    tree(tmp_path, {"other.py": SAFE})
    (root / "use.py").symlink_to(tmp_path / "other.py")
    refused(run("fix", "--output-format", "json"), "use.py")
    assert (tmp_path / "other.py").read_text("utf-8") == SAFE


def test_a_link_inside_the_root_is_written_through(root: Path) -> None:
    tree(root, {"data/real.txt": SAFE})
    (root / "use.py").symlink_to("data/real.txt")
    assert run("fix").exit_code == 0
    assert (root / "use.py").is_symlink()
    assert (root / "data/real.txt").read_text("utf-8") == SAFE_FIXED


def test_a_link_beside_its_target_is_no_race(root: Path) -> None:
    tree(root, {"real.py": SAFE})
    (root / "link.py").symlink_to("real.py")
    result = run("fix")
    assert result.exit_code == 0, result.output
    assert (root / "real.py").read_text("utf-8") == SAFE_FIXED
    assert (root / "link.py").is_symlink()


def test_a_folder_that_may_not_be_written(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    def mkstemp(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    tree(root, {"use.py": SAFE})
    monkeypatch.setattr(tempfile, "mkstemp", mkstemp)
    result = run("fix", "--output-format", "json")
    refused(result, "use.py")
    assert "Permission denied" in result.stdout
    assert (root / "use.py").read_text("utf-8") == SAFE


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away")
def test_a_file_of_another_owner(root: Path) -> None:
    tree(root, {"use.py": SAFE})
    os.chown(root / "use.py", 65534, -1)
    refused(run("fix", "--output-format", "json"), "use.py")


def test_an_encoding_that_lacks_a_character(root: Path) -> None:
    registry = json.dumps({"version": 1, "entries": [{"canonical": "pkg.new:日", "deprecated": ["pkg.old:A"]}]})
    source = b"# coding: latin-1\nfrom pkg.old import A  # \xe9\n"
    tree(root, {"registry.json": registry, "pkg/new.py": "日 = 1\n", "use.py": source})
    refused(run("fix", "--output-format", "json"), "use.py")
    assert (root / "use.py").read_bytes() == source


def test_nothing_else_is_written(root: Path) -> None:
    tree(root, {"use.py": SAFE, "b.py": GONE, "c.py": BROKEN})
    before = set(snapshot(root))
    run("check")
    run("fix")
    run("fix", "--verify", "false")
    assert {name for name in snapshot(root) if not name.startswith(".ssot-lsp/")} == before


def test_a_file_that_does_not_parse_is_skipped_and_named(root: Path) -> None:
    tree(root, {"bad.py": BROKEN, "a.py": SAFE})
    for arguments in ([], ["--diff"]):
        result = run("fix", *arguments)
        assert result.exit_code == 1
        assert "bad.py" in result.stderr
        assert "parse" in result.stderr
        assert (root / "bad.py").read_text("utf-8") == BROKEN
        tree(root, {"a.py": SAFE})


# --verify


def test_verify_puts_back_byte_for_byte(root: Path) -> None:
    sources = {f"m{number}.py": before for number, (before, _) in enumerate(BYTES.values())}
    tree(root, sources)
    (root / "m0.py").chmod(0o755)
    before = snapshot(root)
    result = run("fix", "--verify", "grep -q pkg.new m1.py && exit 7")
    assert result.exit_code == 1
    assert snapshot(root) == before
    assert stat.S_IMODE((root / "m0.py").stat().st_mode) == 0o755
    assert "exit 7" in result.stderr
    assert "fixed" not in result.stdout


def test_verify_of_nothing_runs_nothing(root: Path) -> None:
    tree(root, {"use.py": CLEAN})
    assert run("fix", "--verify", "touch ran").exit_code == 0
    assert not (root / "ran").exists()
    tree(root, {"use.py": SAFE})
    assert run("fix", "--diff", "--verify", "touch ran").exit_code == 1
    assert not (root / "ran").exists()


def test_verify_that_is_interrupted_puts_back(root: Path) -> None:
    tree(root, {"use.py": SAFE, "b.py": SAFE})
    before = snapshot(root)
    process("fix", "--verify", "kill -INT $PPID; sleep 3")
    assert snapshot(root) == before


def test_verify_that_is_interrupted_puts_back_in_process(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    tree(root, {"use.py": SAFE})
    monkeypatch.setattr(subprocess, "run", interrupted)
    assert run("fix", "--verify", "true").exit_code != 0
    assert (root / "use.py").read_text("utf-8") == SAFE


def test_verify_that_changes_a_file_and_fails(root: Path) -> None:
    tree(root, {"use.py": SAFE, "b.py": SAFE})
    result = run("fix", "--verify", "echo '# formatted' >> use.py; false")
    assert result.exit_code in (1, 3)
    assert (root / "b.py").read_text("utf-8") == SAFE
    if (root / "use.py").read_text("utf-8") != SAFE:
        assert "use.py" in result.stderr
        assert "every file was put back" not in result.stderr


# --changed and --base


def test_verify_that_spoils_the_registry(root: Path) -> None:
    tree(root, {"use.py": SAFE})
    result = run("fix", "--verify", "echo '{\"entries\": 1' > registry.json")
    assert result.exit_code == 2
    assert "registry.json" in result.stderr


ODD = {
    "nested": "from pkg.old import A\nx = " + "(" * 5000 + ")" * 5000 + "\n",
    "nested and cut": "from pkg.old import A\nx = " + "[" * 20000,
    "blocks": "from pkg.old import A\n"
    + "".join(f"{' ' * depth}if 1:\n" for depth in range(150))
    + " " * 150
    + "pass\n",
    "sums": "from pkg.old import A\nx = 1" + " + 1" * 20000 + "\n",
    "NUL": "from pkg.old import A\nx = '\x00'\n",
    "dots": "from " + "." * 5000 + " import A\nfrom pkg" + ".a" * 3000 + " import B\n",
    "names": "from pkg.old import " + ", ".join(f"A as A{number}" for number in range(100)) + "\n",
    "digits": "from pkg.old import A\nx = " + "1" * 10000 + "\n",
    "surrogates in a string": "from pkg.old import A\n__all__ = ['\\ud800']\n",
    "only a mark": "\ufeff",
    "elifs": "from pkg.old import A\nif 0: pass\n" + "elif 1: pass\n" * 3000,
    "attributes": "from pkg.old import A\nx = A" + ".a" * 5000 + "\n",
}


@pytest.mark.parametrize("source", ODD.values(), ids=ODD)
@pytest.mark.parametrize("name", ["use.py", "pkg/new.py"])
def test_no_source_is_an_accident(root: Path, source: str, name: str) -> None:
    tree(root, {"a.py": SAFE + GONE, name: source})
    assert run("check", "--output-format", "json").exit_code == 1
    assert run("fix").exit_code == 1


@pytest.fixture
def repository(root: Path) -> Path:
    git(root, "init", "-q", "-b", "main")
    tree(
        root, {"old.py": SAFE, "edited.py": CLEAN, "sub/deep.py": CLEAN, "gone.py": SAFE, ".gitignore": "ignored.py\n"}
    )
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "one")
    return root


def names(result: Result) -> list[str]:
    return sorted(Path(item["filename"]).name for item in found(result))


def test_changed(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("check").exit_code == 1
    assert run("check", "--changed").exit_code == 0
    tree(
        repository,
        {"edited.py": SAFE, "sub/deep.py": SAFE, "untracked ü.py": SAFE, "staged.py": SAFE, "ignored.py": SAFE},
    )
    (repository / "gone.py").unlink()
    git(repository, "add", "staged.py")
    expected = ["deep.py", "edited.py", "staged.py", "untracked ü.py"]
    assert names(run("check", "--changed", "--output-format", "json")) == expected
    assert names(run("check", "--changed", "--output-format", "json", "sub")) == ["deep.py"]
    monkeypatch.chdir(repository / "sub")
    assert names(run("check", "--changed", "--output-format", "json")) == ["deep.py"]
    assert names(run("check", "--changed", "--output-format", "json", "..")) == expected


def test_changed_in_a_root_below_the_repository(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(
        repository,
        {
            **{f"sub/{name}": text for name, text in PACKAGE.items()},
            "sub/pyproject.toml": "[tool.ssot-lsp]\n",
            "sub/deep.py": SAFE,
            "sub/new.py": SAFE,
        },
    )
    monkeypatch.chdir(repository / "sub")
    assert names(run("check", "--changed", "--output-format", "json")) == ["deep.py", "new.py"]


def test_base(repository: Path) -> None:
    git(repository, "checkout", "-q", "-b", "topic")
    tree(repository, {"edited.py": SAFE})
    git(repository, "commit", "-q", "-a", "-m", "two")
    git(repository, "checkout", "-q", "main")
    tree(repository, {"sub/deep.py": SAFE})
    git(repository, "commit", "-q", "-a", "-m", "three")
    git(repository, "checkout", "-q", "topic")
    assert names(run("check", "--changed", "--output-format", "json")) == []
    assert names(run("check", "--changed", "--base", "main", "--output-format", "json")) == ["edited.py"]
    tree(repository, {"old.py": SAFE + "\n"})
    assert names(run("check", "--changed", "--base", "main", "--output-format", "json")) == ["edited.py", "old.py"]


BROKEN_BY: dict[str, tuple[Files, Mapping[str, str | None], list[str]]] = {
    "a class that is renamed": (
        {"b.py": "from pkg.a import Old\n", "pkg/a.py": "class Old: ...\n"},
        {"pkg/a.py": "class New: ...\n"},
        ["b.py SSOT004"],
    ),
    "a module that is gone": (
        {"b.py": "import pkg.a\nfrom pkg import a\n", "pkg/a.py": ""},
        {"pkg/a.py": None},
        ["b.py SSOT003", "b.py SSOT004"],
    ),
    "a module that is elsewhere now": (
        {"b.py": "from pkg.a import X\n", "pkg/a.py": "X = 1\n"},
        {"pkg/a.py": None, "pkg/sub/a.py": "X = 1\n"},
        ["b.py SSOT003"],
    ),
    "a package that is gone": (
        {"b.py": "from pkg.p.q import X\n", "pkg/p/q.py": "X = 1\n"},
        {"pkg/p/q.py": None},
        ["b.py SSOT003"],
    ),
    "a package that a module has taken the place of": (
        {"b.py": "import pkg.p.q\n", "pkg/p/__init__.py": "", "pkg/p/q.py": ""},
        {"pkg/p/__init__.py": None, "pkg/p/q.py": None, "pkg/p.py": ""},
        ["b.py SSOT003"],
    ),
    "a name that came through others": (
        {"b.py": "from pkg.c import X\n", "pkg/a.py": "X = 1\n", "pkg/c.py": "from pkg.a import *\n"},
        {"pkg/a.py": "Y = 1\n"},
        ["b.py SSOT004"],
    ),
    "a name that is no longer exported": (
        {"b.py": "from pkg.a import X\n", "pkg/a.py": "X = 1\n"},
        {"pkg/a.py": "X = 1\n__all__ = []\n"},
        ["b.py SSOT005"],
    ),
    "a file beside it": (
        {"tools/b.py": "from helper import X\n", "tools/helper.py": "X = 1\n"},
        {"tools/helper.py": "Y = 1\n"},
        ["b.py SSOT004"],
    ),
    "a file whose name git quotes": (
        {"b.py": "from pkg.ä import Ö\n", "pkg/ä.py": "Ö = 1\n"},
        {"pkg/ä.py": None},
        ["b.py SSOT003"],
    ),
    "an entry that is new": (
        {"b.py": "from pkg.new import Hidden\nfrom pkg.old import A\n"},
        {"registry.json": REGISTRY.replace('"pkg.old:B"', '"pkg.old:B", "pkg.new:Hidden"')},
        ["b.py SSOT001"],
    ),
    "a registry that is new": (
        {"b.py": "from pkg.old import A\n", "registry.json": '{"version": 1, "packages": ["pkg"], "entries": []}'},
        {"registry.json": REGISTRY},
        ["b.py SSOT001"],
    ),
    "a registry that is gone": (
        {"b.py": "from pkg.old import A\nfrom pkg.old import Kapt\n"},
        {"registry.json": None},
        ["b.py SSOT004"],
    ),
    "a registry that could not be read before": (
        {"b.py": "from pkg.old import A\n", "registry.json": '{"version": 1, "entries": ['},
        {"registry.json": REGISTRY},
        ["b.py SSOT001"],
    ),
    "a comment that is for nothing now": (
        {"b.py": "from pkg.a import X  # ssot: ignore[SSOT004]\n", "pkg/a.py": ""},
        {"pkg/a.py": "X = 1\n"},
        ["b.py SSOT090"],
    ),
    "nothing by what was wrong before": (
        {"b.py": "from pkg.a import Old, Gone\n", "pkg/a.py": "class Old: ...\n"},
        {"pkg/a.py": "class Old:\n    x = 1\n"},
        [],
    ),
    "nothing by a module that is back": ({"b.py": "from pkg.a import X\n"}, {"pkg/a.py": "X = 1\n"}, []),
    "a script without a suffix": (
        {"tool": "from pkg.a import X\n", "pkg/a.py": "X = 1\n"},
        {"pkg/a.py": ""},
        ["tool SSOT004"],
    ),
    "nothing by a page": ({"b.py": "from pkg.a import X\n", "README.md": ""}, {"README.md": "x"}, []),
}


@pytest.mark.parametrize("commits", [False, True], ids=["worktree", "branch"])
@pytest.mark.parametrize(("before", "after", "expected"), BROKEN_BY.values(), ids=BROKEN_BY)
def test_what_a_change_has_broken(
    repository: Path, before: Files, after: Mapping[str, str | None], expected: list[str], *, commits: bool
) -> None:
    """In files that nobody has touched it is told too, and nothing of them that was so before."""
    git(repository, "rm", "-q", "old.py", "gone.py")
    tree(repository, before)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "two")
    tree(repository, {name: text for name, text in after.items() if text is not None})
    git(repository, "rm", "-q", *(name for name, text in after.items() if text is None), "--ignore-unmatch", ".none")
    arguments = ["check", "--changed", "--fail-on", "information", ".", *(["tool"] if "tool" in before else [])]
    if commits:
        git(repository, "add", "-A")
        git(repository, "commit", "-q", "-m", "three")
        arguments += ["--base", "HEAD^"]
    for form in ("json", "sarif", "concise", "concise"):  # the second time with what the first has left in the cache
        result = run(*arguments, "--output-format", form)
        assert result.exit_code == (1 if expected else 0), result.output
        if form == "json":
            assert sorted(f"{Path(f['filename']).name} {f['code']}" for f in found(result)) == expected


def test_what_a_change_has_broken_is_shown_with_its_fix(repository: Path) -> None:
    tree(repository, {"b.py": "from pkg.old import Kept\nprint(Kept)\nfrom pkg.old import A\n"})
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "two")
    entry = {"canonical": "pkg.new:A", "deprecated": ["pkg.old:Kept"], "applicability": "safe"}
    registry = json.loads(REGISTRY)
    tree(repository, {"registry.json": json.dumps({**registry, "entries": [*registry["entries"], entry]})})
    (finding,) = found(run("check", "--changed", "--output-format", "json"))
    assert (Path(finding["filename"]).name, finding["location"]["row"]) == ("b.py", 1)
    assert [edit["content"] for edit in finding["fix"]["edits"]] == ["new import A as"]


@pytest.mark.parametrize("base", ["nowhere", "--output=evil", "-h", "main..topic", "x y", "main\nmain"])
def test_a_base_that_is_none(repository: Path, base: str) -> None:
    before = snapshot(repository)
    result = run("check", "--changed", f"--base={base}")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert snapshot(repository) == before


def test_base_goes_with_changed(repository: Path) -> None:
    result = run("check", "--base", "main")
    assert result.exit_code == 2
    assert "--changed" in result.stderr


def test_changed_without_git(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(root.parent))
    result = run("check", "--changed")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    monkeypatch.setenv("PATH", "")
    result = run("check", "--changed")
    assert result.exit_code == 2
    assert "git" in result.stderr


def test_git_runs_nothing_that_the_workspace_names(repository: Path) -> None:
    attributes = "*.py diff=evil filter=evil\ndeep.py filter=e=v.i.l\nold.py filter=process\n"
    tree(repository, {"hook.sh": "#!/bin/sh\ntouch ran\n", "edited.py": SAFE, ".gitattributes": attributes})
    tree(repository, {"sub/deep.py": SAFE, "old.py": SAFE + "\n"})
    (repository / "hook.sh").chmod(0o755)
    keys = ["core.fsmonitor", "diff.evil.command", "diff.evil.textconv", "diff.external", "core.pager"]
    keys += ["filter.evil.clean", "filter.e=v.i.l.clean", "filter.process.process", "core.sshCommand"]
    for key in keys:
        git(repository, "config", key, str(repository / "hook.sh"))
    git(repository, "config", "filter.evil.required", "true")
    assert run("check", "--changed").exit_code == 1
    assert not (repository / "ran").exists()


# --baseline


def test_baseline(root: Path) -> None:
    tree(root, {"a.py": SAFE, "b.py": GONE})
    assert run("check", "--baseline", "known.json", "--update-baseline").exit_code == 0
    written = (root / "known.json").read_bytes()
    json.loads(written)
    assert run("check", "--baseline", "known.json").exit_code == 0
    tree(root, {"a.py": "import os\n\n" + SAFE})
    assert run("check", "--baseline", "known.json").exit_code == 0, "moved lines stay known"
    tree(root, {"a.py": SAFE + SAFE})
    result = run("check", "--baseline", "known.json", "--output-format", "json")
    assert codes(result) == ["SSOT001"], "one more is one too many"
    tree(root, {"a.py": SAFE, "c.py": SAFE})
    assert names(run("check", "--baseline", "known.json", "--output-format", "json")) == ["c.py"]
    assert (root / "known.json").read_bytes() == written
    result = run("check", "--baseline", "known.json", "--update-baseline", "--output-format", "json")
    assert (result.exit_code, names(result)) == (1, ["c.py"]), "an update admits nothing"
    assert (root / "known.json").read_bytes() == written
    (root / "known.json").unlink()
    result = run("check", "--baseline", "known.json", "--update-baseline")
    assert (result.exit_code, result.stdout) == (0, ""), "what is to be known anew begins with no file"
    assert "3 findings" in result.stderr
    assert run("check", "--baseline", "known.json").exit_code == 0


def test_a_baseline_follows_files(root: Path) -> None:
    """What is known of a file that is gone is known of the file that it is now, once."""
    tree(root, {"a.py": SAFE, "b.py": GONE})
    run("check", "--baseline", "known.json", "--update-baseline")
    (root / "sub").mkdir()
    (root / "a.py").rename(root / "sub/z.py")
    assert run("check", "--baseline", "known.json").exit_code == 0
    tree(root, {"y.py": SAFE})
    assert run("check", "--baseline", "known.json", "--output-format", "concise").stdout.count("\n") == 1
    (root / "y.py").unlink()
    assert run("check", "--baseline", "known.json", "--update-baseline").exit_code == 0
    assert "sub/z.py" in (root / "known.json").read_text()
    tree(root, {"a.py": SAFE})
    result = run("check", "--baseline", "known.json", "--output-format", "json")
    assert names(result) == ["a.py"], "it is known of one file alone"


def test_a_baseline_shrinks(root: Path) -> None:
    tree(root, {"a.py": SAFE, "b.py": GONE})
    run("check", "--baseline", "known.json", "--update-baseline")
    tree(root, {"a.py": CLEAN})
    result = run("check", "--baseline", "known.json")
    assert (result.exit_code, result.stdout) == (1, ""), "slack fails"
    assert "known.json: 1 known findings are gone: run again with --update-baseline" in result.stderr
    assert run("check", "--baseline", "known.json", "--exit-zero").exit_code == 0
    result = run("check", "--baseline", "known.json", "--update-baseline")
    assert (result.exit_code, "1 finding less" in result.stderr) == (0, True)
    (root / "b.py").unlink()
    assert run("check", "--baseline", "known.json").exit_code == 1, "nor do files that are gone go unnoticed"
    assert run("check", "--baseline", "known.json", "--update-baseline").exit_code == 0
    tree(root, {"a.py": SAFE})
    assert run("check", "--baseline", "known.json").exit_code == 1


def test_a_baseline_says_nothing_of_what_is_not_checked(root: Path) -> None:
    tree(root, {"a.py": SAFE, "b.py": GONE, "ok.py": CLEAN})
    run("check", "--baseline", "known.json", "--update-baseline")
    for arguments in (["a.py"], ["ok.py"], ["pkg"], ["--select", "SSOT001"], ["--ignore", "SSOT002"]):
        result = run("check", "--baseline", "known.json", *arguments)
        assert result.exit_code == 0, (arguments, result.stderr)


def test_a_baseline_with_changed_files(repository: Path) -> None:
    run("check", "--baseline", "known.json", "--update-baseline")
    tree(repository, {"edited.py": CLEAN + "\n"})
    assert run("check", "--changed", "--baseline", "known.json").exit_code == 0


def test_a_baseline_and_what_a_change_has_broken(repository: Path) -> None:
    """What was broken before uses up what is known; what a change breaks elsewhere may be made known too."""
    user = "from pkg.new import A\nfrom pkg.new import Gone\n"
    tree(repository, {"user.py": user})
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "two")
    run("check", "--baseline", "known.json", "--update-baseline")
    tree(repository, {"pkg/new.py": "B = 1\n"})
    result = run("check", "--changed", "--baseline", "known.json", "--output-format", "concise", "user.py")
    assert result.stdout == "user.py:1:21: SSOT004 `pkg.new` does not have `A`.\n"
    (repository / "known.json").unlink()
    run("check", "--baseline", "known.json", "--update-baseline")
    assert run("check", "--changed", "--baseline", "known.json").exit_code == 0


def test_updating_for_some_files_keeps_what_is_known_of_others(root: Path) -> None:
    tree(root, {"a.py": SAFE, "b.py": GONE})
    run("check", "--baseline", "known.json", "--update-baseline")
    run("check", "--baseline", "known.json", "--update-baseline", "a.py")
    assert run("check", "--baseline", "known.json").exit_code == 0


BASELINES = {
    "missing": None,
    "empty": "",
    "no JSON": "{",
    "a list": "[]",
    "a number": "1",
    "another version": '{"version": 2, "findings": []}',
    "no findings": '{"version": 1}',
    "findings a number": '{"version": 1, "findings": 3}',
    "a finding without a path": '{"version": 1, "findings": [{"code": "SSOT001"}]}',
    "a finding that is none": '{"version": 1, "findings": ["a"]}',
    "a count that is none": '{"version": 1, "findings": [{"path": "a", "code": "b", "source": "c", "count": []}]}',
    "a path that is none": '{"version": 1, "findings": [{"path": [], "code": "b", "source": "c", "count": 1}]}',
    "a count beyond all": '{"version": 1, "findings": [{"path": "", "code": "b", "source": "c", "count": 1e999}]}',
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("text", BASELINES.values(), ids=BASELINES)
def test_a_baseline_that_is_none(root: Path, text: str | None) -> None:
    if text is not None:
        tree(root, {"known.json": text})
    result = run("check", "--baseline", "known.json")
    assert result.exit_code == 2
    assert "known.json" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_baseline_that_cannot_be_written(root: Path) -> None:
    result = run("check", "--baseline", "nowhere/known.json", "--update-baseline")
    assert result.exit_code == 2
    assert "known.json" in result.stderr
    assert run("check", "--update-baseline").exit_code == 2


# explain, version, help


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_explain(rule: Any) -> None:
    by_code, by_name = run("explain", rule.code), run("explain", rule.name)
    assert by_code.exit_code == 0
    assert rule.code in by_code.stdout
    assert rule.name in by_code.stdout
    assert len(by_code.stdout) > 300
    assert by_name.stdout == run("explain", rule.code.lower()).stdout == by_code.stdout


@pytest.mark.parametrize("code", ["SSOT091", "SSOT092", "SSOT102"])
def test_explain_what_else_is_reported(code: str) -> None:
    result = run("explain", code)
    assert result.exit_code == 0
    assert code in result.stdout


@pytest.mark.parametrize("code", ["SSOT999", "", "E501", "SSOT00", "ssot", "../rules", "\n"])
def test_explain_an_unknown_code(code: str) -> None:
    result = run("explain", code)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert "SSOT001" in result.stderr


def test_explain_needs_a_code() -> None:
    assert run("explain").exit_code == 2


def test_version() -> None:
    assert run("--version").stdout == f"ssot-lsp {__version__}\n"
    done = process("--version")
    assert (done.returncode, done.stdout) == (0, f"ssot-lsp {__version__}\n")


@pytest.mark.parametrize("arguments", [[], ["check"], ["fix"], ["explain"], ["server"]], ids=" ".join)
def test_help(arguments: list[str]) -> None:
    short, long = run(*arguments, "-h"), run(*arguments, "--help")
    assert short.exit_code == 0
    assert short.output == long.output
    assert short.stdout.startswith("Usage: ")
    if not arguments:
        assert all(command in short.stdout for command in ("check", "fix", "explain", "server"))


def test_the_options_of_both() -> None:
    shared = [
        "registry",
        "select",
        "ignore",
        "output-format",
        "python",
        "jobs",
        "no-cache",
        "statistics",
        "exit-zero",
        "fail-on",
    ]
    for command, own in {
        "check": ["changed", "base", "baseline", "update-baseline"],
        "fix": ["unsafe-fixes", "diff", "verify"],
    }.items():
        text = run(command, "-h").stdout
        assert [name for name in [*shared, *own] if f"--{name}" not in text] == []


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["chek"], ["server", "--tcp", "x"], ["server", "--stdio", "--tcp", "a:1"]]
)
def test_a_wrong_call(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


def test_an_interrupt_is_no_finding(root: Path) -> None:
    """Ctrl-C ends with neither 0 nor a report of half the files."""
    tree(root, {f"m{number}.py": SAFE * 50 for number in range(300)})
    with subprocess.Popen(
        [sys.executable, "-m", "ssot_lsp", "check"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        try:
            running.wait(0.5)
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=60)
    assert running.returncode != 0
    assert b"Traceback" not in errors


# The cache, and several processes


def _large(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workspace with some findings, and a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(root.parent / "cache"))
    many = {f"pkg/m{number}.py": "from pkg.new import B\n" for number in range(30)}
    use = {f"use{number}.py": "from pkg.old import A\nprint(A)\n" for number in range(5)}
    tree(root, {"pkg/__init__.py": "", **many, **use})


def _cached(root: Path) -> list[Path]:
    return sorted((root.parent / "cache" / "ssot-lsp").glob("*.cache"))


@pytest.mark.skipif(sys.platform != "linux", reason="where the cache is can be chosen on Linux alone")
@pytest.mark.parametrize("form", ["full", "concise", "json", "sarif", "github", "gitlab", "junit"])
def test_a_second_check_prints_the_same(root: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    _large(root, monkeypatch)
    without = run("check", "--no-cache", "--output-format", form)
    assert not _cached(root)
    first, second = (run("check", "--output-format", form) for _ in range(2))
    assert _cached(root)
    for result in (first, second):
        assert (result.exit_code, result.stdout, result.stderr) == (without.exit_code, without.stdout, without.stderr)
    (root / "use0.py").write_text("import os\n")
    assert "use0.py" not in run("check", "--output-format", form).stdout
    (root / "registry.json").unlink()
    assert "deprecated" not in run("check", "--output-format", form).stdout


@pytest.mark.skipif(sys.platform != "linux", reason="where the cache is can be chosen on Linux alone")
def test_the_cache_is_cleared_and_heals_itself(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _large(root, monkeypatch)
    expected = run("check").stdout
    for path in _cached(root):
        path.write_bytes(path.read_bytes()[:100])
    assert run("check").stdout == expected
    result = run("cache", "clear")
    assert (result.exit_code, _cached(root)) == (0, [])
    assert "Removed 1 file " in result.stdout
    assert run("check").stdout == expected
    assert "Removed 0 files" in (run("cache", "clear"), run("cache", "clear"))[1].stdout


def test_several_processes_find_the_same(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _large(root, monkeypatch)
    monkeypatch.setattr("ssot_lsp.repository.ENOUGH", 2)
    one, several = (run("check", "--no-cache", "--output-format", "json", "--jobs", jobs) for jobs in ("1", "3"))
    assert len(found(one)) == 5
    assert found(several) == found(one)
    assert run("fix", "--jobs", "3", "--diff").stdout == run("fix", "--jobs", "1", "--diff").stdout
    assert run("fix", "--jobs", "3").exit_code == 0
    assert found(run("check", "--output-format", "json")) == []


def test_what_is_saved_is_fixed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """One line a file, its own writes are no news, a change of the registry counts, and Ctrl+C ends it."""
    told = tmp_path_factory.mktemp("told")

    def until(holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not holds():
            assert time.monotonic() < deadline, (said("out"), said("err"))
            time.sleep(0.1)

    def said(where: str) -> list[str]:
        return (told / where).read_text("utf-8").splitlines()

    def is_fixed(name: str) -> bool:
        if not (root / name).exists() or "old" in (root / name).read_text("utf-8"):
            tree(root, {name: f"{SAFE}# {time.monotonic()}\n"})  # from when on it is watched nobody says
            time.sleep(1)
        return "old" not in (root / name).read_text("utf-8")

    command = [sys.executable, "-m", "ssot_lsp", "fix", "--watch"]
    with (
        (told / "out").open("wb") as out,
        (told / "err").open("wb") as err,
        subprocess.Popen(command, cwd=root, stdout=out, stderr=err) as watching,
    ):
        try:
            until(lambda: is_fixed("one.py"))
            tree(root, {"pkg/broken.py": SAFE + "def f(:\n"})
            until(lambda: any("pkg/broken.py: does not parse" in line for line in said("err")))
            tree(root, {"registry.json": '{"version": 1, "entries": 5}'})
            until(lambda: any("what held before still does" in line for line in said("err")))
            tree(root, {"two.py": SAFE})
            until(lambda: not (root / "two.py").read_text("utf-8").startswith("from pkg.old"))
            until(lambda: len(said("out")) == 2)
            watching.send_signal(signal.SIGINT)
            assert watching.wait(10) == 0
        finally:
            watching.kill()
    assert said("out") == [f"fixed {name}.py: 1 x SSOT001 deprecated-import" for name in ("one", "two")]
    assert "Traceback" not in "\n".join(said("err"))


def test_watch_goes_alone(root: Path) -> None:
    result = run("fix", "--watch", "--diff")
    assert result.exit_code == 2
    assert "--watch" in result.stderr
