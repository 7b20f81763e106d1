"""The literate cases: every rule's page, and the forms of the rewrite."""

from __future__ import annotations

from pathlib import Path

import pytest

import ssot_lsp.rules
from ssot_lsp.model import RULE_NAMES
from ssot_lsp.rules import all_rules
from ssot_lsp.text import Text
from tests.fixtures import Case, FixtureError, annotated, parse_carets, parse_tree, read_page, run

_NAMES = [*(rule.name for rule in all_rules()), "unused-suppression"]
PAGES = [Path(ssot_lsp.rules.__file__).with_name(f"{name.replace('-', '_')}.md") for name in _NAMES]
REWRITES = sorted((Path(__file__).parent / "rewrite_cases").glob("*.md"))


def _parameters() -> list[object]:
    found: list[object] = []
    for page in (*PAGES, *REWRITES):
        title, cases = read_page(page)
        subject = title.split()[0] if page in PAGES else page.stem
        found += (pytest.param(case, id=f"{subject} - {case.title}") for case in cases)
    return found


@pytest.mark.parametrize("case", _parameters())
def test_case(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    run(case, tmp_path / "workspace")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_explains_and_has_cases(page: Path) -> None:
    title, cases = read_page(page)
    code, name = title.split()
    assert RULE_NAMES[code] == name == page.stem.replace("_", "-")
    assert len(cases) >= 5
    explanation = page.read_text("utf-8").partition("\n## Cases\n")[0]
    assert f"# ssot: ignore[{code}]" in explanation
    assert "```python" in explanation


@pytest.mark.parametrize("page", [*PAGES, *REWRITES], ids=lambda page: page.stem)
def test_titles_are_unique(page: Path) -> None:
    titles = [case.title for case in read_page(page)[1]]
    assert len(titles) == len(set(titles))


class TestTheFormat:
    """A runner that lets everything pass would go unnoticed: see that it fails where it must."""

    def run_page(self, tmp_path: Path, body: str) -> None:
        page = tmp_path / "page.md"
        page.write_text(f"# A page\n\n## Cases\n\n### A case\n\n{body}", "utf-8")
        (case,) = read_page(page)[1]
        run(case, tmp_path / "workspace")

    REGISTRY = '```json\n[{"canonical": "new:A", "deprecated": ["old:A"]}]\n```\n'
    CARETS = "#               ^ SSOT001 warning safe"
    FIXED = "```python fixed\nfrom new import A\n```\n"

    def test_it_passes_what_holds(self, tmp_path: Path) -> None:
        python = f"```python\nfrom old import A\n{self.CARETS} : deprecated\n```\n"
        self.run_page(tmp_path, self.REGISTRY + python + self.FIXED)

    @pytest.mark.parametrize(
        ("carets", "shown"),
        [
            ("", "+#               ^ SSOT001 warning safe : `old.A` is deprecated"),
            ("#              ^^ SSOT001 warning safe", "-#              ^^ SSOT001 warning safe"),
            ("#               ^ SSOT001 error safe", "-#               ^ SSOT001 error safe"),
            ("#               ^ SSOT001 warning", "-#               ^ SSOT001 warning\n"),
            ("#               ^ SSOT002 warning safe", "-#               ^ SSOT002 warning safe"),
            (f"{CARETS} : strange", "-#               ^ SSOT001 warning safe : strange"),
            (f"{CARETS}\n#    ^^^ SSOT003 error", "-#    ^^^ SSOT003 error"),
        ],
    )
    def test_it_fails_what_is_reported_otherwise(self, carets: str, shown: str, tmp_path: Path) -> None:
        python = f"```python\nfrom old import A\n{carets}\n```\n"
        with pytest.raises(AssertionError) as failure:
            self.run_page(tmp_path, self.REGISTRY + python + self.FIXED)
        assert "what is reported" in str(failure.value)
        assert shown in f"{failure.value}\n"

    @pytest.mark.parametrize("fixed", ["", "```python fixed\nfrom new  import A\n```\n"])
    def test_it_fails_another_text(self, fixed: str, tmp_path: Path) -> None:
        python = f"```python\nfrom old import A\n{self.CARETS}\n```\n"
        with pytest.raises(AssertionError, match="after all safe fixes"):
            self.run_page(tmp_path, self.REGISTRY + python + fixed)

    def test_it_fails_another_choice(self, tmp_path: Path) -> None:
        python = f"```python\nfrom old import A\n{self.CARETS}\n```\n"
        choice = "```python fixed display 1\nfrom new import A\n```\n"
        with pytest.raises(AssertionError, match="fix 1 is safe"):
            self.run_page(tmp_path, self.REGISTRY + python + self.FIXED + choice)

    @pytest.mark.parametrize(
        "line",
        ["#   ^^^", "#  ^^ SSOT01 error", "#  ^^ SSOT001 fatal", "#  ^ SSOT001 error sure", "#  ^ SSOT001"],
    )
    def test_it_refuses_comments_that_only_look_like_carets(self, line: str) -> None:
        with pytest.raises(FixtureError):
            parse_carets(["import a", line])

    def test_carets_are_cut_out_and_put_back(self) -> None:
        lines = ["import a", "#      ^ SSOT003 error : no", "(", "x", "#@0 ^ SSOT001 warning safe,display", ")"]
        source, expected = parse_carets(lines)
        assert source == "import a\n(\nx\n)\n"
        assert annotated(source, expected).splitlines() == lines
        assert Text(source).position(11).row == expected[1].row

    def test_trees_are_read(self) -> None:
        drawing = ["pkg/", "    __init__.py", "    sub/", "        mod.py: X = 1; Y = 2", "    other.py", "top.py"]
        assert parse_tree(drawing) == {
            "pkg/": "",
            "pkg/__init__.py": "",
            "pkg/sub/": "",
            "pkg/sub/mod.py": "X = 1\nY = 2\n",
            "pkg/other.py": "",
            "top.py": "",
        }
