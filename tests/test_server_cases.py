"""The literate scripts: every feature of the server, as it is used in an editor."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_editor import Editor, Json
from tests.fixtures import FixtureError
from tests.scripts import EDITORS, Case, read_page, run, take
from tests.test_fake_editor import PROBLEM, PULLING, PULLS, insertion, report
from tests.test_fake_editor import editor as scripted
from tests.trees import write

PAGES = sorted((Path(__file__).parent / "server_cases").glob("*.md"))


def _parameters() -> list[object]:
    found: list[object] = []
    for page in PAGES:
        found += (pytest.param(case, id=f"{page.stem} - {case.title}") for case in read_page(page)[1])
    return found


@pytest.mark.parametrize("case", _parameters())
def test_case(case: Case, tmp_path: Path) -> None:
    run(case, tmp_path / "workspace")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_titles_are_unique(page: Path) -> None:
    title, cases = read_page(page)
    titles = [case.title for case in cases]
    assert title
    assert len(titles) == len(set(titles))


@pytest.mark.parametrize("path", sorted(EDITORS.glob("*.json")), ids=lambda path: path.stem)
def test_an_editor_says_where_that_is_known_from(path: Path) -> None:
    assert json.loads(path.read_text("utf-8")).keys() == {"source", "root", "capabilities"}
    assert f"```editor {path.stem}\n" in (PAGES[0].parent / "editors.md").read_text("utf-8")


FILES = {
    "registry.json": '{"version": 1, "entries": [{"canonical": "new:A", "deprecated": ["old:A"]}]}',
    "old.py": "A = 1\nKEEP = 2\n",
}


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    with Editor(write(tmp_path_factory.mktemp("format"), FILES), env={"VIRTUAL_ENV": None}) as editor:
        editor.open("user.py", "from old import A, KEEP\n")
        editor.diagnostics("user.py")
        yield editor


class TestTheFormat:
    """A runner that lets everything pass would go unnoticed: see that it fails where it must."""

    def page(self, tmp_path: Path, blocks: str) -> Path:
        page = tmp_path / "page.md"
        page.write_text(f"# A page\n\n## Cases\n\n### A case\n\n{blocks}", "utf-8")
        return page

    def take(self, tmp_path: Path, editor: Editor, steps: str) -> None:
        (case,) = read_page(self.page(tmp_path, f"```steps\n{steps}\n```\n"))[1]
        for step in case.steps:
            take(case, step, editor)

    @pytest.mark.parametrize(
        "steps",
        [
            "diagnostics user.py\n    1:17-1:18 SSOT001 warning deprecated : is deprecated",
            "diagnostics user.py\n    from old import A, KEEP\n    #               ^ SSOT001 warning deprecated\n\n",
            "diagnostics user.py\n    from old import A, KEEP\n    #@16 ^ SSOT001 warning deprecated : new:A",
            'hover user.py "|A"\n    old.A\n    new:A',
            'hover user.py "|from" nothing',
            "definition user.py '|KEEP' -> old.py \"|KEEP\"",
            "definition user.py '|KEEP' -> old.py \"|KEEP|\"",
            'definition user.py "|from" -> nothing',
            'actions user.py "|from" nothing',
            'actions user.py "A" only refactor,source.organizeImports nothing',
            'actions user.py "A" only quickfix\n    Import `new.A` (preferred)\n'
            "    Fix all of `new:A` in the whole workspace…\n    Ignore SSOT001 on this line",
            "text old.py\n    A = 1\n    KEEP = 2",
            'text user.py "from old import A, KEEP\\n"',
            "no messages",
            'request textDocument/hover {"textDocument": {"uri": "user.py"}, "position": {"line": 0, "character": 16}} '
            '-> {"contents": {"kind": "markdown"}}',
            "request test/none {} -> error -32601",
        ],
    )
    def test_it_passes_what_holds(self, tmp_path: Path, editor: Editor, steps: str) -> None:
        self.take(tmp_path, editor, steps)

    @pytest.mark.parametrize(
        ("steps", "said"),
        [
            ("diagnostics user.py nothing", "last found:\n    1:17-1:18 SSOT001 warning deprecated : `old.A` is"),
            (
                "diagnostics user.py\n    1:17-1:18 SSOT001 warning",
                "last found:\n    1:17-1:18 SSOT001 warning deprecated",
            ),
            ("diagnostics user.py\n    1:17-1:18 SSOT001 warning deprecated : strange", "last found"),
            ("diagnostics user.py\n    1:17-1:19 SSOT001 warning deprecated", "last found"),
            (
                "diagnostics user.py\n    from new import A\n    #  ^ SSOT001 warning",
                "there is no line 'from new import A'",
            ),
            ("diagnostics user.py\n    #  ^ SSOT001 warning", "drawn below no line"),
            ('hover user.py "|A"\n    old.A\n    strange', "not said:\n    strange\nbut:\n`old.A`"),
            ('hover user.py "|from"\n    old.A', "but:\nnothing"),
            ('hover user.py "|A" nothing', "found:\n{"),
            ('definition user.py "|KEEP" -> nothing', "found:\n[("),
            ('definition user.py "|from" -> old.py "|A"', "found:\n[]"),
            ('definition user.py "|KEEP" -> old.py "KEEP |="', "found:\n[("),
            (
                'actions user.py "A" only quickfix nothing',
                "found:\n    Import `new.A` (preferred)\n    Fix all of `new:A` in the whole workspace…\n    Ignore",
            ),
            (
                'apply user.py "A" "Strange"',
                "0 begin so, of:\n    Import `new.A`\n    Fix all of `new:A` in the whole workspace…\n",
            ),
            ('apply user.py "A" ""', "4 begin so"),
            ('type user.py "o" -> "x"', "'o' is there 3 times"),
            ('type old.py "A" -> "x"', "KeyError"),
            ('text old.py "A = 2"', "found:\nA = 1"),
            ('message "part"', "there was only:\n    nothing"),
            ("pull user.py full", "-32601"),
            ("request test/none {} -> nothing", "expected:\nNone\nfound:\n-32601"),
            ('request textDocument/hover {"textDocument": {"uri": "a"}, "position": {}} -> {}', "expected:\nNone"),
        ],
    )
    def test_it_fails_what_does_not(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, editor: Editor, steps: str, said: str
    ) -> None:
        monkeypatch.setattr("tests.scripts.PATIENCE", 0.1)
        with pytest.raises(AssertionError) as failure:
            self.take(tmp_path, editor, steps)
        first, rest = str(failure.value).split("\n", 1)
        assert first == f"{tmp_path / 'page.md'}:8: {steps.split(chr(10), 1)[0]}"
        assert said in rest

    def test_what_is_pulled_and_what_needs_confirmation(self, tmp_path: Path) -> None:
        problem = PROBLEM | {"code": "SSOT001", "severity": 2, "tags": [2]}
        found = {"uri": (tmp_path / "user.py").as_uri(), "version": None, **report(problem)["result"]}
        answers = {
            "textDocument/diagnostic": [report(problem, result="1"), report(result="1", kind="unchanged")],
            "workspace/diagnostic": [{"result": {"items": [found]}}] * 3,
        }
        able: Json = {"workspace": {"workspaceEdit": {"changeAnnotationSupport": {}}}}
        edits = [insertion(0, 0, "1") | {"annotationId": "a"}, insertion(0, 0, "2")]
        annotations = {"a": {"label": "A", "needsConfirmation": True}}
        edit = {"changes": {(tmp_path / "user.py").as_uri(): edits}, "changeAnnotations": annotations}
        with scripted(tmp_path, more=PULLS, capabilities=PULLING | able) as editor:
            editor.notify("test/answers", answers)
            editor.notify("test/next-edit", edit)
            self.take(tmp_path, editor, "write user.py\n    a\nopen user.py\npull user.py full\npull user.py unchanged")
            there = "user.py 1:1-1:1 SSOT001 warning deprecated : m"
            self.take(
                tmp_path, editor, f"workspace diagnostics\n    {there}\nworkspace diagnostics in parts\n    {there}"
            )
            with pytest.raises(AssertionError, match=r"user.py\nexpected:\n    nothing\nfound:\n    1:1-1:1 SSOT001"):
                self.take(tmp_path, editor, "workspace diagnostics nothing")
            self.take(tmp_path, editor, 'settings {"b": 1}\napply user.py "a" "fix" unconfirmed\ntext user.py "2a\\n"')
            assert editor.settings == {"ssot": {"b": 1}}

    def test_it_fails_what_breaks_the_protocol(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (case,) = read_page(self.page(tmp_path, "```steps\nno messages\n```\n"))[1]
        monkeypatch.setattr("tests.fake_editor.COMMAND", ["false"])
        with pytest.raises(AssertionError, match=r"page.md:5: A case\n"):
            run(case, tmp_path / "workspace")

    @pytest.mark.parametrize(
        ("blocks", "line", "said"),
        [
            ("", 5, "no steps"),
            ("```steps\nno messages\n", 7, "does not end"),
            ("```python\n```\n", 7, "no such block: 'python'"),
            ("```editor ed\n```\n", 7, "no such editor: ed"),
            ("```json settings\n{\n```\n", 7, "Expecting"),
            ("```steps\n    below nothing\n```\n", 7, "lines that belong to no step"),
            ("```steps\nno messages\n\ndance user.py\n```\n", 10, "no such step, or not so: dance user.py"),
            ("```steps\nopen\n```\n", 8, "there are:\n    open PATH"),
            ("```steps\nsave user.py\n    text\n```\n", 8, "no such step"),
            ("```steps\ndiagnostics user.py\n```\n", 8, "no such step"),
            ("```steps\ndiagnostics user.py\n    #  ^ SSOT01 err\n```\n", 8, "not a diagnostic"),
            ("```steps\nworkspace diagnostics\n    user.py strange\n```\n", 8, "not all are a path and a diagnostic"),
            ('```steps\ntype user.py "a|b|c|d" -> ""\n```\n', 8, "more than two bars"),
            ('```steps\ntype user.py "\\x" -> ""\n```\n', 8, "escape"),
            ("```steps\nsettings {,}\n```\n", 8, "Expecting"),
        ],
    )
    def test_it_names_the_line_that_it_cannot_read(self, tmp_path: Path, blocks: str, line: int, said: str) -> None:
        page = self.page(tmp_path, blocks)
        with pytest.raises(FixtureError) as failure:
            read_page(page)
        assert str(failure.value).startswith(f"{page}:{line}: ")
        assert said in str(failure.value)

    def test_what_stands_before_the_cases_holds_for_all(self, tmp_path: Path) -> None:
        page = tmp_path / "page.md"
        common = "```editor helix\n```\n```python a.py crlf\nx\n```\n```text b\n␉\n```\n```steps\nno messages\n```\n"
        first, second = "### One\n```steps\nopen a.py\n```\n```steps\nclose a.py\n```\n", "### Two\n```text b\ny\n```\n"
        page.write_text(f"# A page\n\n## Cases\n{common}{first}{second}", "utf-8")
        title, (one, two) = read_page(page)
        assert (title, one.title, two.title) == ("A page", "One", "Two")
        assert [step.text for step in (*one.steps, *two.steps)] == ["open a.py", "close a.py", "no messages"]
        assert (one.like, one.files) == ("helix", {"a.py": "x\r\n", "b": "\t\n"})
        assert (two.like, two.files) == ("helix", {"a.py": "x\r\n", "b": "y\n"})
