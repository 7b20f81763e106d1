"""Paths in strings, from the verifier to both shells: what the rule's page does not show."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from ssot_lsp import engine
from ssot_lsp.cli import main
from ssot_lsp.model import Applicability, Diagnostic, Replacement, Severity, StringMove
from ssot_lsp.project import Document, Project
from ssot_lsp.rewrite import RefusalError, rewrite
from ssot_lsp.rewrite.verify import verify, verify_strings
from ssot_lsp.text import Span, Text, apply_edits

REGISTRY = {
    "version": 1,
    "packages": ["app"],
    "entries": [{"canonical": "app.clients:Client", "deprecated": ["app.old:Client"]}],
}
TEST = """from unittest.mock import patch

from app.service import fetch


def test_fetch() -> None:
    with patch("app.old.Client") as client:
        assert fetch() is client.return_value
"""
FILES = {
    "registry.json": json.dumps(REGISTRY),
    "app/__init__.py": "",
    "app/clients.py": "class Client: ...\n",
    "app/old.py": "from app.clients import Client\n",
    "app/service.py": "from app.clients import Client\n\n\ndef fetch():\n    return Client()\n",
    "test_service.py": TEST,
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.chdir(tmp_path)
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


def opened(root: Path, source: str = TEST) -> tuple[Project, Document]:
    project = Project.load(root)
    return project, project.document(root / "test_service.py", source)


def span_of(source: str, path: str) -> Span:
    start = source.index(path)
    return Span(start, start + len(path))


def move(source: str, old: str, new: str) -> StringMove:
    return StringMove(span_of(source, old), new)


def test_a_patch_that_missed_works_after_the_fix(root: Path) -> None:
    def passes() -> bool:
        code = "import test_service; test_service.test_fetch()"
        done = subprocess.run([sys.executable, "-B", "-c", code], cwd=root, capture_output=True, check=False)
        return done.returncode == 0

    assert not passes()
    assert CliRunner().invoke(main, ["fix", "--unsafe-fixes"]).exit_code == 0
    assert passes()
    assert (root / "test_service.py").read_text("utf-8") == TEST.replace("app.old.Client", "app.service.Client")


def test_a_safe_fix_leaves_strings_alone(root: Path) -> None:
    assert CliRunner().invoke(main, ["fix"]).exit_code == 1
    assert (root / "test_service.py").read_text("utf-8") == TEST


def test_json_holds_the_edit(root: Path) -> None:
    (found,) = json.loads(CliRunner().invoke(main, ["check", "--output-format", "json"]).stdout)
    assert (found["code"], found["name"], found["severity"]) == ("SSOT007", "deprecated-path-string", "warning")
    assert found["fix"]["applicability"] == "unsafe"
    (edit,) = found["fix"]["edits"]
    assert edit["content"] == "app.service.Client"
    assert edit["location"] == found["location"] == {"row": 7, "column": 17}
    assert edit["end_location"] == found["end_location"] == {"row": 7, "column": 31}


def test_one_string_cannot_become_two(root: Path) -> None:
    project, document = opened(root)
    moves = [move(TEST, "app.old.Client", path) for path in ("app.a", "app.b", "app.a")]
    with pytest.raises(RefusalError, match=r"both `app\.a` and `app\.b`"):
        rewrite(document, project, [], moves)
    (edit,) = rewrite(document, project, [], [moves[0], moves[2]])
    assert apply_edits(TEST, [edit]) == TEST.replace("app.old.Client", "app.a")


def test_fixes_that_clash_are_refused_one_by_one(root: Path) -> None:
    project, document = opened(root)
    found = [
        Diagnostic("SSOT007", "", path, Severity.WARNING, Span(0, 0), replacements=(replacement,))
        for path in ("app.a", "app.b")
        for replacement in [
            Replacement("", Applicability.UNSAFE, strings=(move(TEST, "app.old.Client", path),)),
        ]
    ]
    fixed = engine.fix(document, project, found, Applicability.UNSAFE)
    assert fixed.text.source == TEST.replace("app.old.Client", "app.a")
    assert ["both" in refusal.message for refusal in fixed.refused] == [True]


SOURCE = 'import a\nx = "a.b", "a.b:c", b"a.b", f"a.b", "a." "b", f"{a}a.b", r"a.b"\n'
ONES = [Span(index, index + 3) for index in range(len(SOURCE)) if SOURCE.startswith("a.b", index)]


def test_each_constant_is_known_by_its_place() -> None:
    whole = []
    for span in ONES:
        after = SOURCE[: span.start] + "a.new" + SOURCE[span.end :]
        strings = [StringMove(span, "a.new")]
        alone = verify_strings(Text(SOURCE), Text(after), strings)
        among_moves = verify(Text(SOURCE), Text(after), "", [], (), strings=strings)
        assert bool(alone) == bool(among_moves)
        whole += [] if alone else [SOURCE[span.start - 2 : span.end + 1].strip()]
    assert whole[0] == '"a.b"'
    assert 'f"a.b"' in whole and 'r"a.b"' in whole
    assert not any(text.startswith(('b"', "}a")) or text.endswith(":") for text in whole)


@pytest.mark.parametrize(
    "after",
    [
        SOURCE.replace('"a.b"', '"a.c"', 1),
        SOURCE.replace('"a.b"', '"a.new"', 2),
        SOURCE.replace('"a.b"', '"a.new" ', 1),
        SOURCE.replace('"a.b"', '"a.new"', 1) + "z = 1\n",
        SOURCE.replace('"a.b"', '"a.newer"', 1),
        SOURCE.replace("import a", "import b").replace('"a.b"', '"a.new"', 1),
        SOURCE,
    ],
)
def test_nothing_else_may_change(after: str) -> None:
    strings = [StringMove(ONES[0], "a.new")]
    assert verify_strings(Text(SOURCE), Text(after), strings)
    without_blanks = "".join(after.split()) == "".join(SOURCE.replace('"a.b"', '"a.new"', 1).split())
    assert bool(verify(Text(SOURCE), Text(after), "", [], (), strings=strings)) != without_blanks


@pytest.mark.parametrize("path", ['a"b', "a\\b", "{a}", "", "a b", "a\n", "a..b", "a:b:c."])
def test_no_other_text_is_put_into_a_string(path: str) -> None:
    after = SOURCE.replace('"a.b"', f'"{path}"', 1)
    assert verify_strings(Text(SOURCE), Text(after), [StringMove(ONES[0], path)])
