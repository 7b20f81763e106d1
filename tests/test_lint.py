"""The pages of what can be wrong with a registry, which are also its cases."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pytest

import ssot_lsp.rules
import ssot_lsp.sweep
from ssot_lsp.cli.reporters import FORMATS
from ssot_lsp.model import RULE_NAMES
from ssot_lsp.rules import all_rules
from tests.fixtures import TODAY, Expected, FixtureError, Heading, parse_carets, parse_tree, read_parts, write_files
from tests.test_cli import run

CODES = ("SSOT101", "SSOT103", "SSOT104", "SSOT105", "SSOT106", "SSOT107", "SSOT108", "SSOT109", "SSOT110")
PAGES = [Path(ssot_lsp.rules.__file__).with_name(f"{RULE_NAMES[code].replace('-', '_')}.md") for code in CODES]


@dataclass
class Case:
    """A workspace, and what is wrong with its registries: by their names, with what each is after all safe fixes."""

    title: str
    code: str
    files: dict[str, str] = field(default_factory=dict)
    expected: dict[str, list[Expected]] = field(default_factory=dict)
    fixed: dict[str, str] = field(default_factory=dict)


def cases() -> Iterator[Case]:
    for page in PAGES:
        title, parts = read_parts(page)
        common = current = Case("", title.split()[0])
        for part in parts:
            if isinstance(part, Heading):
                current = replace(common, title=part.title, files={**common.files}, expected={}, fixed={})
                yield current
                continue
            match part.words:
                case ["tree"]:
                    drawn = {path: text for path, text in current.files.items() if not path.startswith("app")}
                    current.files = {**drawn, **parse_tree(part.lines)}
                case ["toml"]:
                    current.files["pyproject.toml"] = part.text
                case ["python", path]:
                    current.files[path] = part.text
                case ["json", *path, "fixed"]:
                    current.fixed["".join(path) or "registry.json"] = part.text
                case ["json", *path]:
                    name = "".join(path) or "registry.json"
                    current.files[name], current.expected[name] = parse_carets(part.lines)
                case _:
                    raise FixtureError(f"{page}:{part.line}: no such block")


def by_title(case: Case) -> str:
    return f"{case.code} - {case.title}"


@pytest.fixture(autouse=True)
def on_that_day(monkeypatch: pytest.MonkeyPatch) -> None:
    class Day(date):
        @classmethod
        def today(cls) -> date:  # type: ignore[override]
            return TODAY

    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.setattr(ssot_lsp.sweep, "date", Day)


@pytest.mark.parametrize("case", [*cases()], ids=by_title)
def test_case(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path, case.files.items())
    listed = json.loads(run("registry", "lint", "--select", case.code, "--output-format", "json").stdout)
    found: dict[str, list[tuple[Expected, str]]] = {}
    for one in listed:
        start, end = one["location"], one["end_location"]
        place = start["row"] - 1, start["column"] - 1, end["column"] - start["column"]
        fixes = (one["fix"]["applicability"],) if one["fix"] else ()
        told = Expected(*place, one["code"], one["severity"], fixes), one["message"]
        found.setdefault(Path(one["filename"]).relative_to(tmp_path).as_posix(), []).append(told)
    for name, expected in case.expected.items():
        wanted = [replace(one, message="") for one in expected]
        shown = found.pop(name, [])
        assert wanted == [one for one, _ in shown], "\n".join(f"{one.row}: {one.line} : {text}" for one, text in shown)
        for one, (_, message) in zip(expected, shown, strict=True):
            assert one.message in message
    assert not found
    checked = json.loads(run("check", "--output-format", "json").stdout)
    assert [one for one in checked if one["code"] == case.code] == listed, "a check of all files tells the same"

    run("registry", "lint", "--select", case.code, "--fix")
    for name in case.expected:
        assert (tmp_path / name).read_text() == case.fixed.get(name, case.files[name])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_explains_and_has_cases(page: Path) -> None:
    title = read_parts(page)[0]
    code, name = title.split()
    assert RULE_NAMES[code] == name
    assert sum(case.code == code for case in cases()) >= 4
    assert code not in {rule.code for rule in all_rules()}


def test_many_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None of them costs more than a look at a dictionary or two: the test would take minutes otherwise."""
    monkeypatch.chdir(tmp_path)
    entries = [
        {"canonical": f"app.m{number % 50}:C{number}", "deprecated": [f"app.gone{number % 500}:C{number}"]}
        for number in range(20_000)
    ]
    modules = ((f"app/m{n}.py", "".join(f"class C{i}: ...\n" for i in range(n, 20_000, 50))) for n in range(50))
    registry = json.dumps({"version": 1, "entries": entries})
    write_files(tmp_path, [("registry.json", registry), ("app/__init__.py", ""), *modules])
    assert run("registry", "lint", "--statistics").stdout.split() == ["20000", "SSOT107", "[*]", "stale-entry"]


def test_who_asks_is_known_whatever_is_selected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry that is needed is not taken for stale because the rule that tells so is not asked for."""
    monkeypatch.chdir(tmp_path)
    registry = json.dumps({"version": 1, "entries": [{"canonical": "app.new:A", "deprecated": ["app.old:A"]}]})
    files = {"app/new.py": "class A: ...\n", "use.py": "from app.old import A\n", "registry.json": registry}
    write_files(tmp_path, files.items())
    assert run("registry", "lint", "--select", "SSOT107", "--fix").exit_code == 0
    assert (tmp_path / "registry.json").read_text() == registry
    write_files(tmp_path, [("pyproject.toml", '[tool.ssot-lsp]\nignore = ["SSOT001"]\n')])
    assert "SSOT107" not in run("registry", "lint").stdout


def test_a_check_of_some_files_does_not_tell_who_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    entry = {"canonical": "app.new:A", "deprecated": ["app.old:A"], "removal": "2026-01-01"}
    registry = json.dumps({"version": 1, "entries": [entry]})
    files = {"app/new.py": "class A: ...\n", "use.py": "from app.old import A\n", "registry.json": registry}
    write_files(tmp_path, files.items())
    assert "SSOT108" in run("check").stdout
    assert "SSOT108" not in run("check", "use.py").stdout
    assert "SSOT108" not in run("check", "--select", "SSOT003,SSOT108").stdout, "then nobody knows who asks"


def test_a_registry_outside_of_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be that of several projects: what is nowhere in this one is in another."""
    entries = [{"canonical": "one.new:A", "deprecated": ["one.old:A"]}, {"canonical": "b:B", "deprecated": ["a:B"]}]
    registry = json.dumps({"version": 1, "packages": ["one", "a", "b"], "entries": entries})
    settings = '[tool.ssot-lsp]\nregistry = "../registry.json"\n'
    write_files(tmp_path, [("registry.json", registry), ("other/pyproject.toml", settings), ("other/a.py", "")])
    monkeypatch.chdir(tmp_path / "other")
    result = run("registry", "lint")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "registry.json is outside of" in result.stderr


def test_lint_without_a_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("registry", "lint")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (2, "error: there is no registry")


def test_a_version_that_python_does_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    entry = {"canonical": "app.new:A", "deprecated": ["app.old:A"], "removal": "1" * 5_000}
    registry = json.dumps({"version": 1, "entries": [entry]})
    files = {"registry.json": registry, "app/new.py": "class A: ...\n", "use.py": "from app.old import A\n"}
    write_files(tmp_path, files.items())
    assert run("registry", "lint").exit_code == 0


# each of them, in each format

EVERYTHING = {
    "app/__init__.py": "",
    "app/new.py": '__all__ = ["A", "f", "g"]\nclass A: ...\nclass Hidden: ...\ndef f(x, *, y=1): ...\ndef g(): ...\n',
    "app/old.py": "from app.new import A\n\n\ndef f(): ...\n",
    "user.py": "from app.old import A, g\n",
    "registry.json": """{
  "version": 1,
  "entries": [
    {"canonical": "app.new:A", "deprecated": ["app.a:A"], "reason": "Größe 💥", "colour": "é # ssot: ignore"},
    {"canonical": "app.nowhere:A", "deprecated": ["app.b:A"]},
    {"canonical": "app.c:C", "deprecated": ["app.d:D"]}, {"canonical": "app.d:D", "deprecated": ["app.c:C"]},
    {"canonical": "app.new:A", "deprecated": ["app.e:A", "app.e:A"]},
    {"canonical": "app.new:f", "deprecated": ["app.e:A"]},
    {"canonical": "app.new:A", "deprecated": ["app.new:A", "app.f:F"]},
    {"canonical": "app.new:Hidden", "deprecated": ["app.g:G"]},
    {"reason": "💥", "canonical": "app.new:A", "deprecated": ["app.old:A"], "removal": "2020-01-01"},
    {"canonical": "app.new:f", "deprecated": ["app.old:f"]},
    {"canonical": "app.new:g", "deprecated": ["app.old:g"]}
  ]
}
""",
}
WHERE = {"SSOT100": (4, 80), "SSOT102": (6, 19), "SSOT108": (11, 87), "SSOT110": (12, 47)}
"""Of some of them row and column, in code points."""
LISTED = {
    "full": r"\w+\[(?P<code>SSOT\d+)\]: .*\n +--> registry\.json:(?P<row>\d+):(?P<column>\d+)$",
    "concise": r"^registry\.json:(?P<row>\d+):(?P<column>\d+): (?P<code>SSOT\d+) ",
    "github": r"^::\w+ title=.*\((?P<code>SSOT\d+)\),file=.*registry\.json,line=(?P<row>\d+),.*?,col=(?P<column>\d+),",
    "junit": r'<testcase name="(?P<code>SSOT\d+) [\w-]+ (?P<row>\d+):(?P<column>\d+)" classname="registry\.json"',
}


def places(output_format: str, text: str) -> list[tuple[str, int, int]]:
    """The codes, rows and columns in a report on registry.json."""
    if output_format in LISTED:
        found = re.finditer(LISTED[output_format], text, re.MULTILINE)
        return [(match["code"], int(match["row"]), int(match["column"])) for match in found]
    value = json.loads(text)
    if output_format == "json":
        return [(one["code"], one["location"]["row"], one["location"]["column"]) for one in value]
    if output_format == "gitlab":
        begins = ((one["check_name"], one["location"]["positions"]["begin"]) for one in value)
        return [(code, begin["line"], begin["column"]) for code, begin in begins]
    results = value["runs"][0]["results"]
    regions = ((one["ruleId"], one["locations"][0]["physicalLocation"]["region"]) for one in results)
    return [(code, region["startLine"], region["startColumn"]) for code, region in regions]


@pytest.mark.parametrize("output_format", FORMATS)
def test_each_of_them_has_its_place_in_each_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output_format: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path, EVERYTHING.items())
    found = places(output_format, run("registry", "lint", "--output-format", output_format).stdout)
    assert {code for code, _, _ in found} == {code for code in RULE_NAMES if code.startswith("SSOT1")}
    assert found == places("json", run("registry", "lint", "--output-format", "json").stdout)
    assert {(code, *WHERE[code]) for code in WHERE} <= {*found}


SETTINGS: dict[str, tuple[str, tuple[str, ...], set[str], int]] = {
    "a code": ("", ("--select", "SSOT108,SSOT101"), {"SSOT101", "SSOT108"}, 1),
    "none of them": ("", ("--ignore", "SSOT1"), set(), 0),
    "nothing is bad enough": ("", ("--select", "SSOT105", "--fail-on", "error"), {"SSOT105"}, 0),
    "bad enough": ("", ("--select", "SSOT107", "--fail-on", "information"), {"SSOT107"}, 1),
    "never bad": ("", ("--select", "SSOT101", "--exit-zero"), {"SSOT101"}, 0),
    "another severity": (
        'severity = {SSOT105 = "error"}',
        ("--select", "SSOT105", "--fail-on", "error"),
        {"SSOT105"},
        1,
    ),
    "in that file": ('per-file-ignores = {"*.json" = ["SSOT101"]}', ("--select", "SSOT101,SSOT106"), {"SSOT106"}, 1),
    "its severity in that file": (
        'per-file-severity = {"registry.json" = {SSOT101 = "hint"}}',
        ("--select", "SSOT101"),
        {"SSOT101"},
        0,
    ),
    "ignored by the project": ('ignore = ["SSOT101"]', ("--select", "SSOT101,SSOT106"), {"SSOT106"}, 1),
}


@pytest.mark.parametrize(("setting", "options", "codes", "exit_code"), SETTINGS.values(), ids=SETTINGS)
def test_settings_hold(  # noqa: PLR0917 - pytest fills them in
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    options: tuple[str, ...],
    codes: set[str],
    exit_code: int,
) -> None:
    """And what looks like a comment in a string of the registry silences nothing."""
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path, [*EVERYTHING.items(), ("pyproject.toml", f"[tool.ssot-lsp]\n{setting}\n")])
    told = run("registry", "lint", *options, "--output-format", "json")
    assert ({one["code"] for one in json.loads(told.stdout)}, told.exit_code) == (codes, exit_code)
