"""The page of a registry: what it says, in which form, and when a committed one is stale."""

from __future__ import annotations

import base64
import difflib
import hashlib
import json
import os
import re
import shutil
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ssot_lsp.registry.docs import MARK, markdown, shown
from tests.fixtures import Block, FixtureError, Heading, parse_tree, read_parts, registry_text, write_files
from tests.test_cli import run

PAGE = Path(__file__).with_name("docs_cases.md")


@dataclass
class Case:
    """A workspace, and the pages that are made of its registry, each with the block that holds it."""

    title: str
    files: dict[str, str] = field(default_factory=dict)
    expected: list[Block] = field(default_factory=list)


def cases() -> Iterator[Case]:
    common = current = Case("")
    for part in read_parts(PAGE)[1]:
        if isinstance(part, Heading):
            current = Case(part.title, {**common.files})
            yield current
            continue
        match part.words:
            case ["tree"]:
                current.files.update(parse_tree(part.lines))
            case ["json", *path]:
                current.files["".join(path) or "registry.json"] = registry_text(part.text, {})
            case ["python" | "text", path]:
                current.files[path] = part.text
            case ["markdown" | "html", *_]:
                current.expected.append(part)
            case _:
                raise FixtureError(f"{PAGE}:{part.line}: no such block")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.chdir(tmp_path)


def made(*options: str) -> str:
    result = run("registry", "docs", *options)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def body(page: str) -> str:
    """What differs from page to page."""
    return page.partition("<body>\n")[2].partition("<script>")[0]


def root_of(page: str) -> ET.Element:
    """A page in HTML, read as XML, which is strict."""
    without = re.sub(r"(?s)<(style|script)>.*?</\1>", r"<\1></\1>", page.partition("\n")[2])
    return ET.fromstring(without)


@pytest.mark.parametrize("case", [*cases()], ids=lambda case: case.title)
def test_case(case: Case, tmp_path: Path) -> None:
    write_files(tmp_path, case.files.items())
    assert case.expected
    for block in case.expected:
        form, *options = block.words
        page = made("--format", form, *options)
        found = body(page) if form == "html" else page
        difference = difflib.unified_diff(block.text.splitlines(), found.splitlines(), "expected", "found", lineterm="")
        assert found == block.text, f"{PAGE}:{block.line}\n" + "\n".join(difference)


@pytest.mark.parametrize("case", [*cases()], ids=lambda case: case.title)
def test_html_is_one_well_formed_file(case: Case, tmp_path: Path) -> None:
    """Every element ends where it should, no id is there twice, each link inside of the page leads somewhere."""
    write_files(tmp_path, case.files.items())
    page = made("--format", "html")
    elements = [*root_of(page).iter()]
    ids = [element.attrib["id"] for element in elements if "id" in element.attrib]
    assert len(ids) == len({*ids})
    links = {element.attrib["href"] for element in elements if "href" in element.attrib}
    assert {link[1:] for link in links if link.startswith("#")} <= {*ids}
    assert all(re.match(r"#|https?://|data:image/svg\+xml,", link, re.IGNORECASE) for link in links)
    assert not {element.tag for element in elements} & {"img", "iframe", "object", "embed", "base", "form"}
    assert not {name for element in elements for name in element.attrib} & {"src", "style", "srcset", "onclick"}
    for name in ("style", "script"):
        ((text,),) = [re.findall(rf"(?s)<{name}>(.*?)</{name}>", page)]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in page


ANYTHING = st.text(st.characters(codec=None) | st.sampled_from("`*_[]<>|~&{}#-+=\\!()\"' \n1.:/"))


@given(ANYTHING)
def test_a_text_in_markdown_is_that_text(text: str) -> None:
    """Whatever is in it: no emphasis, no link, no HTML, no code comes of it."""
    wanted = shown(text)
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = parser.parse(f"- Why: {markdown.escaped(wanted)}")
    assert [token.type for token in tokens] == [
        *("bullet_list_open", "list_item_open", "paragraph_open", "inline"),
        *("paragraph_close", "list_item_close", "bullet_list_close"),
    ]
    inline = tokens[3].children or []
    assert {token.type for token in inline} == {"text"}
    assert "".join(token.content for token in inline) == f"Why: {wanted}".strip()


@given(ANYTHING)
def test_code_in_markdown_is_that_code(text: str) -> None:
    wanted = shown(text)
    if wanted:
        (inline,) = [token for token in MarkdownIt("commonmark").parse(markdown.code(wanted)) if token.type == "inline"]
        assert [(token.type, token.content) for token in inline.children or []] == [("code_inline", wanted)]


@given(ANYTHING)
def test_what_is_shown_can_be_written_and_read(text: str) -> None:
    line = shown(text)
    assert line.encode().decode() == line
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", line)


WORKSPACE = {
    "registry.json": json.dumps(
        {
            "version": 1,
            "packages": ["app"],
            "entries": [{"canonical": "app.new:A", "deprecated": ["app.old:A"], "reason": "It moved."}],
        }
    ),
    "app/new.py": "class A: ...\n",
    "use.py": "from app.old import A\n",
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace, in which we are, with pages that are up to date."""
    folder = tmp_path / "root"
    write_files(folder, WORKSPACE.items())
    monkeypatch.chdir(folder)
    made("--output", "docs/imports.md", "--output", "imports.html")
    return folder


def check(*options: str) -> tuple[int, str]:
    result = run("registry", "docs", "--check", *options)
    return result.exit_code, result.stdout + result.stderr


BOTH = ("--output", "docs/imports.md", "--output", "imports.html")


def test_a_fresh_page_is_left_alone(root: Path) -> None:
    pages = [root / "docs/imports.md", root / "imports.html"]
    before = [(page.read_bytes(), page.stat().st_ino) for page in pages]
    assert check(*BOTH)[0] == 0
    made(*BOTH)
    assert [(page.read_bytes(), page.stat().st_ino) for page in pages] == before
    assert not list(root.rglob("*.ssot-tmp"))


def test_a_stale_page_is_named_with_what_makes_it_anew(root: Path) -> None:
    write_files(root, [("use.py", "")])
    code, said = check(*BOTH)
    command = f"ssot-lsp registry docs {' '.join(BOTH)}"
    assert code == 1
    assert said == f"docs/imports.md: is stale\nimports.html: is stale\nto make them anew: {command}\n"
    made("--output", "imports.html")
    assert check(*BOTH) == (
        1,
        "docs/imports.md: is stale\nto make it anew: ssot-lsp registry docs --output docs/imports.md\n",
    )
    assert run(*command.split()[1:]).exit_code == 0
    assert check(*BOTH)[0] == 0


def test_a_page_that_is_not_there_is_stale(root: Path) -> None:
    assert check("--output", "sub/new.md") == (
        1,
        "sub/new.md: is not there\nto make it anew: ssot-lsp registry docs --output sub/new.md\n",
    )
    assert not (root / "sub").exists()


def test_the_command_is_that_which_was_given(root: Path) -> None:
    (root / "registry.json").rename(root / "my moves.json")
    options = ["--registry", "my moves.json", "--format", "html", "--no-importers", "--output", "page"]
    code, said = check(*options)
    assert code == 1
    assert "ssot-lsp registry docs --registry 'my moves.json' --format html --no-importers --output page" in said
    made(*options)
    assert check(*options)[0] == 0


def test_a_page_that_is_named_twice(root: Path) -> None:
    assert made("--output", "new.md", "--output", "new.md") == ""
    assert (root / "new.md").read_bytes() == (root / "docs/imports.md").read_bytes()


def test_without_importers_a_page_is_stale_when_the_registry_has_changed(root: Path) -> None:
    made(*BOTH, "--no-importers")
    write_files(root, [("use.py", ""), ("more.py", "from app.old import A\n")])
    assert check(*BOTH, "--no-importers")[0] == 0
    write_files(root, [("registry.json", WORKSPACE["registry.json"].replace("It moved.", "It moved away."))])
    assert check(*BOTH, "--no-importers")[0] == 1


def test_line_ends_of_another_system_are_no_change(root: Path) -> None:
    for page in (root / "docs/imports.md", root / "imports.html"):
        page.write_bytes(page.read_bytes().replace(b"\n", b"\r\n"))
    assert check(*BOTH)[0] == 0


def test_a_page_is_the_same_wherever_and_however_it_is_made(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "some where/else"
    shutil.copytree(root, other)
    os.chdir(other)
    again = {form: made("--format", form, "--jobs", "1", "--no-cache") for form in ("markdown", "html")}
    assert again["markdown"].encode() == (root / "docs/imports.md").read_bytes()
    assert again["html"].encode() == (root / "imports.html").read_bytes()
    for page in again.values():
        assert MARK in page.splitlines()[0] + page.splitlines()[1]
        assert "\r" not in page
        assert str(tmp_path) not in page
    os.chdir(root / "app")
    assert made() == again["markdown"]


@pytest.mark.parametrize("name", ["../conf/moves.json", ".venv/lib/python3.12/site-packages/moves.json"])
def test_a_registry_that_is_given(root: Path, name: str) -> None:
    """Wherever it is, what it says and what it extends beside it is the workspace's own."""
    entry = {"canonical": "app.new:B", "deprecated": ["app.old:B"]}
    team = json.dumps({"version": 1, "entries": [entry]})
    moves = {**json.loads(WORKSPACE["registry.json"]), "extends": ["team.json"]}
    write_files(root, [(name, json.dumps(moves)), (f"{Path(name).parent}/team.json", team), (".venv/pyvenv.cfg", "")])
    page = made("--registry", name)
    assert "import A" in page
    assert "import B" in page
    assert str(root.parent) not in page
    assert f"as `{name.removeprefix('../conf/')}` says" in page
    assert f"Registry: {name.removeprefix('../conf/').removesuffix('moves.json')}team.json" in page


def test_settings_that_ask_for_no_imports(root: Path) -> None:
    write_files(root, [("pyproject.toml", '[tool.ssot-lsp]\nignore = ["SSOT001"]\n')])
    result = run("registry", "docs")
    assert "SSOT001 is not checked" in result.stderr
    assert result.stdout == made("--no-importers")


REFUSED = {
    "another file": ("README.md", "was not made by this command"),
    "an empty file": ("empty.md", "was not made by this command"),
    "a folder": ("app", "cannot be read"),
    "a link out of the root": ("link.md", "link"),
    "a file in a linked folder": ("linked/imports.md", "link"),
    "a file that is a folder's parent": ("use.py/imports.md", ""),
    "an ending that says nothing": ("page.txt", ".md or .html"),
    "no ending": ("page", ".md or .html"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
@pytest.mark.parametrize(("name", "why"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_ours_is_not_written(root: Path, tmp_path: Path, name: str, why: str) -> None:
    write_files(tmp_path, [("outside/", ""), ("outside/page.md", f"<!-- {MARK} -->\n")])
    write_files(root, [("README.md", "# Mine\n"), ("empty.md", "")])
    (root / "link.md").symlink_to(tmp_path / "outside/page.md")
    (root / "linked").symlink_to(tmp_path / "outside", target_is_directory=True)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    options = ["--format", "markdown"] if name == "app" else []
    result = run("registry", "docs", "--output", name, *options)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert name in result.stderr
    assert why in result.stderr
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_of_several_pages_none_is_written_if_one_is_not_ours(root: Path) -> None:
    write_files(root, [("README.md", "# Mine\n")])
    assert run("registry", "docs", "--output", "new.md", "--output", "README.md").exit_code == 2
    assert not (root / "new.md").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="modes mean nothing there")
def test_a_folder_that_may_not_be_written(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(_: int) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.fsync", fsync)
    result = run("registry", "docs", "--output", "new.md")
    assert (result.exit_code, result.stderr) == (2, "error: new.md: not written: Permission denied\n")


CANNOT_RUN = {
    "no registry": ({"registry.json": "{}"}, [], "no registry"),
    "a bad registry": ({"registry.json": '{"version": 1, "entries": [5]}'}, [], "entries[0]"),
    "no file to check": ({}, ["--check"], "--output"),
    "no such format": ({}, ["--format", "pdf"], "pdf"),
    "no such registry": ({}, ["--registry", "nowhere.json"], "nowhere.json"),
    "a page that is not ours": (
        {"docs/imports.md": "# Mine\n"},
        ["--check", "--output", "docs/imports.md"],
        "imports.md",
    ),
}


@pytest.mark.parametrize(("files", "options", "why"), CANNOT_RUN.values(), ids=CANNOT_RUN)
def test_it_cannot_run(root: Path, files: dict[str, str], options: list[str], why: str) -> None:
    write_files(root, files.items())
    result = run("registry", "docs", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert why in result.stderr.splitlines()[-1]


def test_it_takes_what_says_what_is_looked_at(root: Path) -> None:
    text = run("registry", "docs", "--help").stdout
    options = ("registry", "python", "jobs", "no-cache", "include-docs", "format", "output", "check", "no-importers")
    assert [name for name in options if f"--{name} " not in text] == []
    assert "--fail-on" not in text


def test_a_large_registry(root: Path) -> None:
    """The time grows with the entries: the test would take minutes otherwise."""
    entries = [
        {"canonical": f"app.m{number % 50}:C{number}", "deprecated": [f"app.gone{number % 500}:C{number}"]}
        for number in range(20_000)
    ]
    write_files(root, [("registry.json", json.dumps({"version": 1, "entries": entries}))])
    for form, mark in (("markdown", "\n### "), ("html", "\n<article ")):
        assert made("--format", form, "--no-importers").count(mark) == 20_000
