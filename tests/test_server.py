"""The real server process, driven over stdio (once over TCP) by the fake editor."""

from __future__ import annotations

import json
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, Any

import pytest
from lsprotocol import types as lsp

from ssot_lsp import engine
from ssot_lsp.files import read_bytes
from ssot_lsp.model import Entry
from ssot_lsp.project import Project
from ssot_lsp.server.checked import Checked
from ssot_lsp.server.documents import Documents
from ssot_lsp.server.hover import until
from ssot_lsp.server.settings import EditorSettings
from ssot_lsp.server.workspaces import WorkspaceFolder
from tests.fake_editor import (
    CAPABILITIES,
    COMMAND,
    Edit,
    Editor,
    Json,
    Lines,
    ResponseError,
    StaleEdit,
    read_message,
)
from tests.trees import write

REPOSITORY = Path(__file__).resolve().parent.parent
ERROR, WARNING, DEPRECATED = 1, 2, 2
FIX_ALL = "source.fixAll.ssot"
CONTENT_MODIFIED, REQUEST_CANCELLED = -32801, -32800

ENTRY_A = (
    '{"canonical": "new:A", "deprecated": ["old:A"], "reason": "It moved 🎉.",'
    ' "owner": "platform", "since": "2025-09-01"}'
)
REGISTRY = f"""\
{{
  "version": 1,
  "packages": ["old", "new", "helper", "ghost"],
  "entries": [
    {ENTRY_A},
    {{"canonical": "new.core:Better", "deprecated": ["old:B"], "reason": "Renamed."}},
    {{"canonical": null, "deprecated": ["old:Gone"], "alternatives": ["new:Instead"]}},
    {{"canonical": "new:Twin", "deprecated": ["old:Twin"]}}
  ]
}}
"""
OLD = "from new import A\n\nKEEP = 1\n\n\nclass Twin: ...\n\n\ndef similar_name(): ...\n"
NEW = '"""The canonical module."""\n\n\nclass A:\n    """The true A."""\n\n\nclass Instead: ...\n\n\nclass Twin: ...\n'
FILES = {"registry.json": REGISTRY, "old.py": OLD, "new/__init__.py": NEW, "new/core.py": "class Better: ...\n"}


def moved(old: str, new: str) -> str:
    """A registry of one entry."""
    return json.dumps({"version": 1, "packages": ["old", "new"], "entries": [{"canonical": new, "deprecated": [old]}]})


@dataclass
class Window(Editor):
    """An editor window with any number of workspace folders, none included."""

    folders: Sequence[str] = ()

    def request(self, method: str, params: object = None, timeout: float = 10) -> Any:
        if method == "initialize" and isinstance(params, dict):
            uris = [self.uri(folder) for folder in self.folders]
            named = [{"uri": uri, "name": uri.rpartition("/")[2]} for uri in uris]
            params |= {"rootUri": uris[0] if uris else None, "workspaceFolders": named or None}
        return super().request(method, params, timeout)


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    with Editor(write(tmp_path_factory.mktemp("window"), FILES)) as editor:
        yield editor


@pytest.fixture
def editor(window: Editor) -> Iterator[Editor]:
    """One window for all tests that need nothing special; each leaves it as it found it, but for the files it made."""
    with undisturbed(window):
        yield window


@pytest.fixture(scope="module", params=["utf-8", "utf-16", "utf-32"])
def speaking(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """A window whose server has to count in the given units."""
    with Editor(write(tmp_path_factory.mktemp("speaking"), FILES), encodings=(request.param,)) as editor:
        assert editor.encoding == request.param
        yield editor


@contextmanager
def undisturbed(editor: Editor) -> Iterator[None]:
    editor.errors.clear()  # another test's
    editor.messages.clear()
    yield
    if editor.path("registry.json").read_text("utf-8") != REGISTRY:  # a test failed half-way
        editor.write_and_notify("registry.json", REGISTRY)
    for uri in (closed := list(editor.buffers)):
        editor.close(uri)
    settle(editor)
    assert not any(editor.diagnostics_of(uri) for uri in closed)
    assert editor.errors == []
    assert editor.messages == []


def shown(editor: Editor, where: str) -> list[tuple[str, str]]:
    """The diagnostics of a buffer as it is now: code, and the text at the range."""
    text = editor.text(where)
    found = editor.diagnostics(where)
    return [(item["code"], text[slice(*editor.span(where, item["range"]))]) for item in found]


def rows(diagnostics: list[Json]) -> list[int]:
    return [diagnostic["range"]["start"]["line"] for diagnostic in diagnostics]


def only_one(editor: Editor, where: str, text: str) -> Json:
    """Open a buffer and return its one diagnostic."""
    editor.open(where, text)
    (diagnostic,) = editor.diagnostics(where)
    return diagnostic


def actions_at(editor: Editor, where: str, needle: str, **options: Any) -> list[Json]:
    """What is offered there, but for comments that silence."""
    at = editor.text(where).index(needle)
    return fixing(editor.code_actions(where, at, at + len(needle), **options))


def fixing(actions: list[Json]) -> list[Json]:
    """What mends one thing, or all of a file as on save."""
    others = ("Ignore ", "Fix all ", "Add ", "Create ")
    return [a for a in actions if a["kind"] == FIX_ALL or not a["title"].startswith(others)]


def quick_fix(editor: Editor, where: str, needle: str) -> Json:
    """The quick fix that is offered there first; another one only keeps the old name."""
    action, *others = actions_at(editor, where, needle, only=["quickfix"])
    assert all(" as `" in other["title"] and not other.get("isPreferred") for other in others)
    return action


def fix_all(editor: Editor, where: str) -> list[Json]:
    return editor.code_actions(where, 0, 0, only=[FIX_ALL])


def settle(editor: Editor) -> None:
    """Wait until the server has done all that it was told: messages are handled in order, and requests wait for it."""
    here = {"textDocument": {"uri": editor.uri("settle.py")}, "position": {"line": 0, "character": 0}}
    is_open = editor.uri("settle.py") in editor.buffers
    if not is_open:
        editor.open("settle.py", "")
    editor.request("textDocument/hover", here)
    if not is_open:
        editor.close("settle.py")


# Positions and lines


def test_ranges_are_in_the_negotiated_units(speaking: Editor) -> None:
    lines = [
        'x = "🎉"; from old import A',
        'if x:\n\ty = "\t🎉é\u2028"; from old import A as C, \\',
        "\t\tB  # 🎉",
    ]
    with undisturbed(speaking):
        speaking.open("ranges.py", "\n".join(lines) + "\n")
        found = [(item["range"]["start"], item["range"]["end"]) for item in speaking.diagnostics("ranges.py")]
    size = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[speaking.encoding]
    codec = speaking.encoding if size == 1 else f"{speaking.encoding}-le"
    heads = ('x = "🎉"; from old import ', '\ty = "\t🎉é\u2028"; from old import ')
    before = [len(head.encode(codec)) // size for head in heads]
    columns = [(0, before[0]), (2, before[1]), (3, 2)]
    assert found == [
        ({"line": line, "character": column}, {"line": line, "character": column + 1}) for line, column in columns
    ]


def test_requests_and_edits_are_in_the_negotiated_units(speaking: Editor) -> None:
    with undisturbed(speaking):
        speaking.open("units.py", 'x = "🎉🎉🎉"; from old import A; y = "🎉"\n')
        at = speaking.text("units.py").index("A")
        hover = speaking.hover("units.py", at)
        assert speaking.span("units.py", hover["range"]) == (at, at + 1)
        assert speaking.hover("units.py", at - 2) is None
        assert speaking.hover("units.py", at + 2) is None
        speaking.apply(quick_fix(speaking, "units.py", "A"))
        assert speaking.text("units.py") == 'x = "🎉🎉🎉"; from new import A; y = "🎉"\n'
        assert shown(speaking, "units.py") == []


def test_related_ranges_are_in_the_negotiated_units(speaking: Editor) -> None:
    """The registry, too, has characters of several units, here before an entry on the same line."""
    first, second = ENTRY_A, '{"canonical": "new.core:Better", "deprecated": ["old:B"]}'
    text = f'{{"version": 1, "packages": ["old", "new"], "entries": [{first}, {second}]}}'
    with undisturbed(speaking):
        speaking.open("registry.json", text)
        related = only_one(speaking, "related.py", "from old import B\n")["relatedInformation"]
        start, _ = Lines(text, speaking.encoding).span(related[-1]["location"]["range"])
        assert related[-1]["location"]["uri"] == speaking.uri("registry.json")
        assert start == text.index(second)
        speaking.close("related.py")
        speaking.close("registry.json")
        speaking.wait_for_diagnostics("related.py", lambda found: not found)


@pytest.mark.parametrize(
    "before",
    ["\x0c", "x = '\u2028\u2029'", "x = '\x85\x0b\x1c\x1d\x1e'", "# \u2028\x0c", "'''\x0c\n\u2028\n'''", "x = 1\x0c"],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_where_editors_end_them(editor: Editor, before: str, end: str) -> None:
    before = before.replace("\n", end)
    text = f"{before}{end}from old import A{end}"
    diagnostic = only_one(editor, "lines.py", text)
    row = before.count(end) + 1
    start = {"line": row, "character": 16}
    assert diagnostic["range"] == {"start": start, "end": {"line": row, "character": 17}}
    editor.apply(quick_fix(editor, "lines.py", "A"))
    assert editor.text("lines.py") == text.replace("old", "new")


def test_several_changes_in_one_message_follow_each_other(editor: Editor) -> None:
    editor.open("changes.py", "a = '\u2028'\r\nb = 2\rc = 3\n")
    edits: list[Edit] = [
        (9, 9, "from old import A\n"),  # the line after \r\n
        (0, 0, "# \x0c🎉\r"),
        (5, 5, "from old import B\n\n"),
        (5, 10, "\timport x\nfrom "),  # not at all Python now
        (5, 15, ""),
        (0, 5, ""),
    ]
    editor.edit("changes.py", edits)
    assert editor.text("changes.py") == "from old import B\n\na = '\u2028'\r\nfrom old import A\nb = 2\rc = 3\n"
    assert shown(editor, "changes.py") == [("SSOT001", "B"), ("SSOT001", "A")]
    editor.replace_all("changes.py", "from old import KEEP, A\n")
    assert shown(editor, "changes.py") == [("SSOT001", "A")]


PIECES = [
    "from old import A\n",
    "from old import (\n    A,\n    KEEP,\n    B as C,\n)\n",
    "import old\r\n",
    "from old import Gone\r",
    "try:\n\tfrom old import B\nexcept ImportError:\n\tB = None\n",
    "x = '🎉'; from old import A, similar_nam\n",
    *("\r\n", *"\n\r\x0c\x0b\x1c\x85\u2028\u2029\t \\\0\udc00\ufeff"),
    *("🎉", "é", "#", '"""', "'", "(", ")", "import ", "from ", "old", "A", ",", "as", "def f():\n", "    ", ";"),
]


def random_edit(source: random.Random, text: str) -> Edit:
    start = source.randint(0, len(text))
    long = source.random() < 0.1
    end = min(len(text), start + (source.randint(0, 60) if long else source.choice([0, 0, 0, 1, 2, 3])))
    new = "".join(source.choice(PIECES) for _ in range(source.choice([0, 1, 1, 2])))
    return start, end, new if len(text) < 1500 else ""


def test_editor_and_server_stay_in_step(speaking: Editor) -> None:
    """Whatever is typed, the server reports what `engine.check` finds in the text that the editor shows."""
    source, where = random.Random(speaking.encoding), "random.py"
    project = Project.load(speaking.root)
    reported = 0
    with undisturbed(speaking):
        speaking.open(where, "".join(PIECES[:6]))
        for step in range(120):
            edits, text = [], speaking.text(where)
            for _ in range(source.randint(1, 4)):
                edits.append(random_edit(source, text))
                start, end, new = edits[-1]
                text = text[:start] + new + text[end:]
            speaking.edit(where, edits)
            if step % 40 == 39:
                speaking.replace_all(where, "".join(PIECES[:6]) + text[:200])
            published = [
                (*speaking.span(where, item["range"]), item["code"], item["severity"], item["message"], "tags" in item)
                for item in speaking.diagnostics(where)
            ]
            text = speaking.text(where)
            document = project.document(speaking.path(where), text)
            expected = [
                (*found.span, found.code, int(found.severity), found.message, found.deprecated)
                for found in engine.check(document, project)
            ]
            assert published == expected, (step, text)
            reported += len(published)
    assert reported > 200  # else the texts had nothing to report


# Documents and their diagnostics


def test_a_document_from_open_to_close(editor: Editor) -> None:
    editor.open("life.py", "from old import A\n", version=7)
    assert shown(editor, "life.py") == [("SSOT001", "A")]
    editor.edit("life.py", [(16, 17, "KEEP")])
    assert shown(editor, "life.py") == []
    editor.edit("life.py", [(16, 20, "B")])
    assert shown(editor, "life.py") == [("SSOT001", "B")]
    editor.close("life.py")
    editor.wait_for_diagnostics("life.py", lambda found: not found)
    editor.open("life.py", "import old\nfrom old import A\n")  # version 1 again
    assert shown(editor, "life.py") == [("SSOT001", "A")]


def test_each_buffer_has_its_own_diagnostics(editor: Editor) -> None:
    editor.open("one.py", "from old import A\n")
    editor.open("two.py", "from old import B\n")
    editor.edit("one.py", [(0, 0, "\n")])
    assert shown(editor, "one.py") == [("SSOT001", "A")]
    assert shown(editor, "two.py") == [("SSOT001", "B")]
    editor.close("one.py")
    editor.wait_for_diagnostics("one.py", lambda found: not found)
    assert shown(editor, "two.py") == [("SSOT001", "B")]


def test_what_a_diagnostic_says(editor: Editor) -> None:
    diagnostic = only_one(editor, "works.py", "from old import A\n")
    assert (diagnostic["code"], diagnostic["source"], diagnostic["severity"]) == ("SSOT001", "ssot", WARNING)
    assert diagnostic["tags"] == [DEPRECATED]
    for part in ("old.A", "new:A", "It moved 🎉.", "platform", "2025-09-01"):
        assert part in diagnostic["message"]


def test_what_no_longer_works_is_an_error_and_not_struck_through(editor: Editor) -> None:
    diagnostic = only_one(editor, "broken.py", "from old import B\n")
    assert diagnostic["severity"] == ERROR
    assert not diagnostic.get("tags")


def test_related_information_leads_to_the_definition_and_to_the_registry(editor: Editor) -> None:
    diagnostic = only_one(editor, "related.py", "from old import A\n")
    places = {
        (item["location"]["uri"], item["location"]["range"]["start"]["line"])
        for item in diagnostic["relatedInformation"]
    }
    assert places == {
        (editor.uri("new/__init__.py"), NEW.split("\n").index("class A:")),
        (editor.uri("registry.json"), REGISTRY.split("\n").index(f"    {ENTRY_A},")),
    }
    assert all(item["message"] for item in diagnostic["relatedInformation"])


@pytest.mark.parametrize(
    "text",
    [
        "from old import A\nfrom old import \nclass X(\n",
        "def f(\nfrom old import A\n",
        "class X:\n    def f(self):\n        from old import A\n        self.\n",
        "x = (1,\n\nfrom old import A\n",
        "import\nfrom old import A\nfrom . import\n",
        "try\n    from old import A\nexcept",
        "from old import A\nx = '''never closed\n",
        "for x in\nfrom old import A",
    ],
)
def test_half_typed_files_have_diagnostics(editor: Editor, text: str) -> None:
    editor.open("half.py", text)
    assert shown(editor, "half.py") == [("SSOT001", "A")]


@pytest.mark.parametrize("head", ["if x", "for x in y", "while x", "with x as y"])
def test_half_typed_files_have_no_wrong_diagnostics(editor: Editor, head: str) -> None:
    """`ghost` is a first-party module that does not exist, but it is not what is imported here."""
    editor.open("half.py", f"{head}\n    from elsewhere import ghost\n")
    assert shown(editor, "half.py") == []


def test_a_statement_being_typed(editor: Editor) -> None:
    """At each keystroke there is an answer, and a name is never taken for another one."""
    editor.open("typing.py", "\nx = 1\n")
    for at, char in enumerate("from old import A, B"):
        editor.edit("typing.py", [(at, at, char)])
        names = {"A": [("SSOT001", "A")], "A,": [("SSOT001", "A")], "A, ": [("SSOT001", "A")]}
        typed = editor.text("typing.py").partition("import ")[2].partition("\n")[0]
        if typed in {"", "A"}:
            assert shown(editor, "typing.py") == names.get(typed, [])
    assert shown(editor, "typing.py") == [("SSOT001", "A"), ("SSOT001", "B")]


def test_what_is_typed_in_a_module_changes_what_others_may_import(editor: Editor) -> None:
    """Without being saved; and when it is closed without that, all is as it was."""
    editor.write_and_notify("helper.py", "")
    editor.open("user.py", "from helper import tool\n")
    assert shown(editor, "user.py") == [("SSOT004", "tool")]
    editor.open("helper.py")
    editor.edit("helper.py", [(0, 0, "tool = 1\n")])
    editor.wait_for_diagnostics("user.py", lambda found: not found)
    editor.edit("helper.py", [(0, 5, "\xe9")])
    editor.wait_for_diagnostics("user.py", bool)
    editor.edit("helper.py", [(0, 1, "tool")])
    editor.wait_for_diagnostics("user.py", lambda found: not found)
    editor.close("helper.py")
    editor.wait_for_diagnostics("user.py", bool)


def test_in_a_large_folder_what_was_meant_is_told_a_little_later(tmp_path: Path) -> None:
    """Who defines a name is read in the background; what changes meanwhile, and afterwards, is not missed."""
    modules = {f"p/m{number}.py": f"class Thing{number}: ...\n" for number in range(400)}
    registry = json.dumps({"version": 1, "packages": ["p"], "entries": []})
    write(tmp_path, {"registry.json": registry, "p/__init__.py": "", **modules})

    def names(module: str) -> Any:
        return lambda found: [f"p.{module}:" in item["message"] for item in found] == [True]

    with Editor(tmp_path) as editor:
        editor.open("a.py", "from p.m1 import Thing7\n")
        assert shown(editor, "a.py") == [("SSOT004", "Thing7")]
        editor.wait_for_diagnostics("a.py", names("m7"))
        editor.write_and_notify("p/m8.py", "class Other: ...\n")
        editor.open("b.py", "from p.m1 import Other\n")
        editor.wait_for_diagnostics("b.py", names("m8"))
        for name in ("new", "newest"):  # of both the server hears at once
            (tmp_path / f"p/{name}.py").write_text(f"class {name.title()}: ...\n")
        changes = [{"uri": editor.uri(f"p/{name}.py"), "type": 1} for name in ("new", "newest")]
        editor.notify("workspace/didChangeWatchedFiles", {"changes": changes})
        editor.edit("b.py", [(17, 22, "Newest")])
        editor.wait_for_diagnostics("b.py", names("newest"))


def test_only_what_rests_on_a_saved_file_is_checked_again(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    project = Project.load(tmp_path)
    documents = Documents()
    folder = WorkspaceFolder(tmp_path, EditorSettings(), read_bytes)
    folder.take(folder.load())

    def check(name: str, text: str) -> Checked:
        item = lsp.TextDocumentItem((tmp_path / name).as_uri(), "python", 1, text)
        assert folder.project is not None
        return Checked(documents.open(item, tmp_path), folder.project, engine_faults)

    assert folder.project is not None
    one, other = check("one.py", "from old import KEEP\n"), check("other.py", "from new.core import Better\n")
    assert project.modules.files == folder.project.modules.files
    (tmp_path / "old.py").write_text("")
    stale = folder.changed(folder.defined([tmp_path / "old.py"]))
    assert stale is not None
    after = folder.project
    assert not one.survives(after, stale)
    assert other.survives(after, stale)
    assert other.is_of(other.opened, after)
    assert [found.code for found in check("one.py", "from old import KEEP\n").diagnostics] == ["SSOT004"]
    (tmp_path / "old.py").unlink()
    assert folder.changed(folder.defined([tmp_path / "old.py"])) is None, (
        "a file that is gone changes what all names mean"
    )


def engine_faults(rule: object, error: Exception) -> None:
    raise error


def test_saving_a_module_changes_what_others_may_import(editor: Editor) -> None:
    editor.open("helper.py", "")
    editor.save("helper.py")
    editor.open("user.py", "from helper import tool\n")
    assert shown(editor, "user.py") == [("SSOT004", "tool")]
    editor.edit("helper.py", [(0, 0, "tool = 1\n")])
    editor.save("helper.py")
    editor.wait_for_diagnostics("user.py", lambda found: not found)
    editor.close("helper.py")
    editor.write_and_notify("helper.py", "")
    editor.wait_for_diagnostics("user.py", bool)


def test_documents_that_are_no_files(tmp_path: Path) -> None:
    """A new, unsaved document has no path and no place in a package; it must not disturb."""
    where = "untitled:Untitled-1.py"
    with Editor(write(tmp_path, FILES)) as editor:
        editor.open(where, "from old import A\nfrom . import x\n")
        editor.hover(where, 16)
        editor.code_actions(where, 16, 16)
        editor.edit(where, [(0, 0, "\n")])
        editor.close(where)
        editor.open("beside.py", "from old import A\n")
        assert shown(editor, "beside.py") == [("SSOT001", "A")]
        assert editor.messages == []


# Quick fixes


def test_a_quick_fix_names_its_version_and_its_diagnostic(editor: Editor) -> None:
    diagnostic = only_one(editor, "fix.py", "import os\nfrom old import A, KEEP\n\nprint(os, A, KEEP)\n")
    editor.edit("fix.py", [(0, 0, "# one\n")])
    action = quick_fix(editor, "fix.py", "A")
    assert "edit" not in action
    action = editor.resolved(action)
    (change,) = action["edit"]["documentChanges"]
    assert change["textDocument"] == {"uri": editor.uri("fix.py"), "version": 2}
    assert "changes" not in action["edit"]
    (named,) = action["diagnostics"]
    assert named == editor.diagnostics("fix.py")[0] != diagnostic
    assert action["isPreferred"] is True
    assert "new.A" in action["title"]
    editor.apply(action)
    assert editor.text("fix.py") == "# one\nimport os\nfrom old import KEEP\nfrom new import A\n\nprint(os, A, KEEP)\n"
    assert shown(editor, "fix.py") == []


def test_a_quick_fix_for_an_older_version_is_not_applied(editor: Editor) -> None:
    editor.open("stale.py", "from old import A\n")
    asks: list[Callable[[], Json]] = [
        lambda: quick_fix(editor, "stale.py", "A"),
        lambda: fix_all(editor, "stale.py")[0],
    ]
    for ask in asks:
        action = ask()
        resolved = editor.resolved(action)
        editor.edit("stale.py", [(0, 0, "\n")])
        before = editor.text("stale.py")
        with pytest.raises(StaleEdit):
            editor.apply(resolved)
        with pytest.raises(ResponseError) as raised:
            editor.apply(action)
        assert raised.value.code == CONTENT_MODIFIED
        assert editor.text("stale.py") == before
    editor.apply(quick_fix(editor, "stale.py", "A"))
    assert editor.text("stale.py") == "\n\nfrom new import A\n"


def test_a_path_in_a_string_is_fixed_when_it_is_chosen(editor: Editor) -> None:
    editor.open("string.py", 'import pkgutil\n\nname = "🎉", pkgutil.resolve_name("old.A")\n')
    assert shown(editor, "string.py") == [("SSOT007", "old.A")]
    assert fix_all(editor, "string.py") == []
    (action,) = actions_at(editor, "string.py", "old.A", only=["quickfix"])
    assert not action["isPreferred"]
    editor.apply(action)
    assert editor.text("string.py") == 'import pkgutil\n\nname = "🎉", pkgutil.resolve_name("new.A")\n'
    assert shown(editor, "string.py") == []


def test_several_names_of_one_statement_one_after_the_other(editor: Editor) -> None:
    editor.open("several.py", "from old import (\n    A,  # first\n    B,\n    KEEP,\n)\n\nprint(A, B, KEEP)\n")
    assert shown(editor, "several.py") == [("SSOT001", "A"), ("SSOT001", "B")]
    editor.apply(quick_fix(editor, "several.py", "B,"))
    assert shown(editor, "several.py") == [("SSOT001", "A")]
    editor.apply(quick_fix(editor, "several.py", "A,"))
    assert shown(editor, "several.py") == []
    imports = [line for line in editor.text("several.py").splitlines() if line.startswith("from")]
    assert sorted(line.split(" import ")[0] for line in imports) == ["from new", "from new.core", "from old"]
    assert "from new.core import Better\n" in editor.text("several.py")
    assert "# first" in editor.text("several.py")
    assert editor.text("several.py").endswith("\n\nprint(A, Better, KEEP)\n")


def test_a_rename_is_offered_with_its_uses_and_with_the_old_name(editor: Editor) -> None:
    editor.open("both.py", "from old import B\n\nprint(B)\n")
    renamed, aliased = actions_at(editor, "both.py", "B", only=["quickfix"])
    assert (renamed["isPreferred"], aliased.get("isPreferred", False)) == (True, False)
    editor.apply(aliased)
    assert editor.text("both.py") == "from new.core import Better as B\n\nprint(B)\n"
    editor.open("both2.py", "from old import B\n\nprint(B)\n")
    editor.apply(actions_at(editor, "both2.py", "B", only=["quickfix"])[0])
    assert editor.text("both2.py") == "from new.core import Better\n\nprint(Better)\n"


def test_only_the_fixes_in_the_range_are_offered(editor: Editor) -> None:
    editor.open("where.py", "from old import A\n\nx = 1\nfrom old import Gone\n")
    assert [action["title"] for action in actions_at(editor, "where.py", "x = 1", only=["quickfix"])] == []
    assert "new.A" in quick_fix(editor, "where.py", "A")["title"]
    assert "new:Instead" in quick_fix(editor, "where.py", "Gone")["title"]
    everything = editor.code_actions("where.py", 0, len(editor.text("where.py")), only=["quickfix"])
    assert len(fixing(everything)) == 2


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from old import A\n", "from old import A  # ssot: ignore[SSOT001]\n"),
        ("from old import A  # why\r\nx", "from old import A  # why  # ssot: ignore[SSOT001]\r\nx"),
        ("from old import A, no  # ssot: ignore[SSOT004]", "from old import A, no  # ssot: ignore[SSOT004, SSOT001]"),
        ("from old import (\n    KEEP, A,\n)\n", "from old import (\n    KEEP, A,\n)  # ssot: ignore[SSOT001]\n"),
        ("if 1: from old import A; x = 1\n", "if 1: from old import A; x = 1  # ssot: ignore[SSOT001]\n"),
        ("from old import A; x = \\\n1\n", None),
        ("from old import A; x = '''\n'''\n", None),
    ],
)
def test_a_comment_that_silences_is_offered(editor: Editor, before: str, after: str | None) -> None:
    editor.open("ignored.py", before)
    assert ("SSOT001", "A") in shown(editor, "ignored.py")
    offered = editor.code_actions("ignored.py", 0, len(before), only=["quickfix"])
    ignoring = [action for action in offered if action["title"] == "Ignore SSOT001 on this line"]
    assert len(ignoring) == (after is not None)
    if after is not None:
        assert not ignoring[0].get("isPreferred")
        editor.apply(ignoring[0])
        assert editor.text("ignored.py") == after
        assert shown(editor, "ignored.py") == []


def test_fixes_that_are_guesses_are_never_preferred(editor: Editor) -> None:
    text = "from old import Gone\nfrom old import similar_nam\nfrom old import Twin\n"
    editor.open("guess.py", text)
    assert [code for code, _ in shown(editor, "guess.py")] == ["SSOT002", "SSOT004", "SSOT001"]
    titles = []
    for name in ("Gone", "similar_nam", "Twin"):
        (action, *others) = actions_at(editor, "guess.py", name, only=["quickfix"])
        assert not any(offered.get("isPreferred") for offered in (action, *others)), name
        titles.append(action["title"])
    assert ["new:Instead" in titles[0], "old:similar_name" in titles[1], "different" in titles[2]] == [True] * 3
    assert fix_all(editor, "guess.py") == []
    editor.apply(quick_fix(editor, "guess.py", "Gone"))
    assert editor.text("guess.py").startswith("from new import Instead\n")


def test_a_client_may_ask_at_once_after_typing(editor: Editor) -> None:
    """What is asked is answered for the text as it was then, not for the one of the last diagnostics."""
    editor.open("quick.py", "x = 1\n")
    editor.edit("quick.py", [(0, 0, "from old import A\n")])
    editor.apply(quick_fix(editor, "quick.py", "A"))
    assert editor.text("quick.py") == "from new import A\nx = 1\n"


# source.fixAll


@pytest.mark.parametrize(
    ("only", "kinds"),
    [
        (None, {"quickfix", FIX_ALL}),
        (["source"], {FIX_ALL}),
        (["source.fixAll"], {FIX_ALL}),
        (["source.fixAll.ssot"], {FIX_ALL}),
        (["quickfix"], {"quickfix"}),
        (["refactor", "quickfix", "source"], {"quickfix", FIX_ALL}),
        (["refactor"], set()),
        (["source.organizeImports"], set()),
        (["source.fixAll.other"], set()),
        (["source.fixAll.ssot.more"], set()),
        (["source.fix"], set()),
        (["quickfix.more"], set()),
        (["quick"], set()),
    ],
)
def test_kinds_that_are_asked_for(editor: Editor, only: list[str] | None, kinds: set[str]) -> None:
    editor.open("kinds.py", "from old import A\n")
    assert {action["kind"] for action in actions_at(editor, "kinds.py", "A", only=only)} == kinds


def test_fix_all_mends_all_that_is_safe_in_one_edit(editor: Editor) -> None:
    text = "x = 1\r\nfrom old import A, Gone\r\n\r\ndef f():\r\n\tfrom old import B, KEEP\r\n\treturn B, KEEP\r\n"
    editor.open("all.py", text)
    (action,) = fix_all(editor, "all.py")
    assert action["kind"] == FIX_ALL
    (change,) = editor.resolved(action)["edit"]["documentChanges"]
    assert change["textDocument"]["version"] == 1
    editor.apply(action)
    fixed = editor.text("all.py")
    assert shown(editor, "all.py") == [("SSOT002", "Gone")]
    assert fixed.count("\r\n") == fixed.count("\n")
    assert "from new import A\r\n" in fixed
    assert "from old import Gone\r\n" in fixed
    assert "\tfrom new.core import Better" in fixed
    assert fix_all(editor, "all.py") == []


def test_a_file_that_does_not_parse_has_quick_fixes_but_no_fix_all(editor: Editor) -> None:
    text = "from old import A, B\n\ndef f(:\n    pass  # \u2028\n"
    editor.open("syntax.py", text)
    assert [code for code, _ in shown(editor, "syntax.py")] == ["SSOT001", "SSOT001"]
    assert fix_all(editor, "syntax.py") == []
    assert {action["kind"] for action in actions_at(editor, "syntax.py", "A")} == {"quickfix"}
    editor.apply(quick_fix(editor, "syntax.py", "B"))
    fixed = editor.text("syntax.py")
    assert fixed.endswith("\n\ndef f(:\n    pass  # \u2028\n")
    assert "from new.core import Better as B\n" in fixed
    assert "from old import A\n" in fixed
    assert shown(editor, "syntax.py") == [("SSOT001", "A")]


def test_fix_all_and_the_command_line_agree(tmp_path: Path) -> None:
    copies = []
    for name in ("editor", "command-line"):
        shutil.copytree(
            REPOSITORY / "examples" / "netra",
            tmp_path / name / "examples" / "netra",
            ignore=shutil.ignore_patterns("__pycache__", ".*_cache", ".ssot-lsp"),
        )
        shutil.copy(REPOSITORY / "registry.json", tmp_path / name)
        copies.append(tmp_path / name / "examples" / "netra")
    by_editor, by_command = copies
    command = [sys.executable, "-m", "ssot_lsp", "fix"]
    outcome = subprocess.run(command, cwd=by_command, capture_output=True, timeout=60, check=False)
    assert outcome.returncode in {0, 1}, outcome.stderr

    changed = []
    with Editor(by_editor) as editor:
        names = [path.relative_to(by_editor).as_posix() for path in sorted(by_editor.rglob("*.py"))]
        offered = {}
        for where in names:  # before anything is changed, as the command line does it
            editor.open(where)
            offered[where] = fix_all(editor, where)
        for where, actions in offered.items():
            original = (by_editor / where).read_bytes()
            assert len(actions) < 2
            for action in actions:
                editor.apply(action)
                changed.append(where)
            editor.diagnostics(where)
            assert editor.text(where).encode() == (by_command / where).read_bytes(), where
            assert (editor.text(where).encode() != original) is bool(actions), where
            assert (by_editor / where).read_bytes() == original, "the server has written to the disk"
        assert editor.messages == []
    planted = json.loads((by_editor / "PLANTED.json").read_text(encoding="utf-8"))
    assert set(changed) == {entry["file"] for entry in planted if entry["fixable"]}


# Clients that can do less


def test_a_client_that_can_do_little(tmp_path: Path) -> None:
    capabilities = {
        "workspace": {"workspaceEdit": {"documentChanges": None}, "didChangeWatchedFiles": None},
        "textDocument": {
            "publishDiagnostics": {"relatedInformation": None, "codeDescriptionSupport": None, "dataSupport": None},
            "codeAction": {"resolveSupport": None},
        },
    }
    with Editor(write(tmp_path, FILES), capabilities=capabilities) as editor:
        diagnostic = only_one(editor, "little.py", "from old import A\n")
        assert diagnostic.keys().isdisjoint({"relatedInformation", "codeDescription", "data"})
        for action in (quick_fix(editor, "little.py", "A"), *fix_all(editor, "little.py")):
            assert "documentChanges" not in action["edit"]
            assert [*action["edit"]["changes"]] == [editor.uri("little.py")]
            assert all("relatedInformation" not in item for item in action.get("diagnostics", ()))
        editor.apply(quick_fix(editor, "little.py", "A"))
        assert editor.text("little.py") == "from new import A\n"
        assert editor.diagnostics("little.py") == []
        assert editor.registrations == []


def test_a_client_that_says_nothing_of_itself(tmp_path: Path) -> None:
    """Not even an encoding: then it is UTF-16."""
    nothing: Json = {"general": None, "textDocument": None, "window": None}
    nothing["workspace"] = dict.fromkeys(CAPABILITIES["workspace"])
    with Editor(write(tmp_path, FILES), capabilities=nothing) as editor:
        assert editor.encoding == "utf-16"
        editor.open("bare.py", 'x = "🎉"; from old import A\n')
        assert shown(editor, "bare.py") == [("SSOT001", "A")]
        assert editor.diagnostics("bare.py")[0]["range"]["start"]["character"] == len('x = "🎉"; from old import ') + 1


def test_the_client_is_asked_to_watch(window: Editor) -> None:
    watched = [item for item in window.registrations if item["method"] == "workspace/didChangeWatchedFiles"]
    (registration,) = watched
    globs = {watcher["globPattern"] for watcher in registration["registerOptions"]["watchers"]}
    assert "**/*.py" in globs
    assert globs & {"**/*.json", "**/registry.json"}


# The registry changes


def test_a_registry_changed_on_disk_counts_at_once(editor: Editor) -> None:
    editor.open("registered.py", "from old import A\nfrom old import KEEP\n")
    assert shown(editor, "registered.py") == [("SSOT001", "A")]
    editor.write_and_notify("registry.json", moved("old:KEEP", "new:Instead"))
    editor.wait_for_diagnostics("registered.py", lambda found: rows(found) == [1])
    editor.apply(quick_fix(editor, "registered.py", "KEEP"))
    assert "from new import Instead\n" in editor.text("registered.py")
    editor.write_and_notify("registry.json", REGISTRY)
    editor.wait_for_diagnostics("registered.py", lambda found: rows(found) == [0])


BAD = [  # a registry that cannot be used, what the diagnostic must cover or lie in, and what its message names
    ('"version": 1', '"version": 2', '"version": 2', "version"),
    ('"version": 1,\n', "", "{", "version"),
    ('"entries": [', '"entries": 5, "x": [', '"entries": 5', "entries"),
    ('"deprecated": ["old:B"]', '"deprecated": "old:B"', '"deprecated": "old:B"', "entries[1].deprecated"),
    ('"new.core:Better"', '"new core"', '"canonical": "new core"', "entries[1].canonical"),
    ('"new:Instead"', '"new:Instead", "1x"', '"1x"', "entries[2].alternatives[1]"),
    ('"canonical": "new.core:Better", ', "", '{"deprecated": ["old:B"]', "canonical"),
    ('"new:Twin", ', '"new:Twin" ', '"deprecated": ["old:Twin"]', "JSON"),
    ('"entries"', '"extends": ["missing.json"], "entries"', '"missing.json"', "extends"),
    ('"reason": "Renamed."', '"reason": "Renamed.", "exclusive": "yes"', '"exclusive": "yes"', "exclusive"),
]


def test_a_bad_registry_on_disk_is_reported_and_the_last_good_one_stays(editor: Editor) -> None:
    editor.open("last.py", "from old import A\n")
    assert shown(editor, "last.py") == [("SSOT001", "A")]
    for good, bad, place, named in BAD:
        assert REGISTRY.count(good) == 1
        text = REGISTRY.replace(good, bad)
        editor.write_and_notify("registry.json", text)
        (problem,) = editor.wait_for_diagnostics("registry.json", bool)
        start, end = Lines(text, "utf-16").span(problem["range"])
        first = text.index(place)
        assert first <= start < end, (bad, text[start:end])
        assert end <= first + len(place) or place.startswith("{"), (bad, text[start:end])
        assert start == first or not place.startswith("{"), (bad, text[start:end])
        assert named in problem["message"], (bad, problem["message"])
        assert (problem["severity"], problem["source"]) == (ERROR, "ssot")
        editor.edit("last.py", [(0, 0, "\n")])
        assert shown(editor, "last.py") == [("SSOT001", "A")], bad
        assert actions_at(editor, "last.py", "A", only=["quickfix"]), bad
        editor.write_and_notify("registry.json", REGISTRY)
        editor.wait_for_diagnostics("registry.json", lambda found: not found)
    assert shown(editor, "last.py") == [("SSOT001", "A")]


def test_a_mistake_in_one_entry_leaves_the_others_in_force(editor: Editor) -> None:
    text = REGISTRY.replace('"owner": "platform"', '"ownr": "platform"')
    editor.open("others.py", "from old import A, B\n")
    editor.write_and_notify("registry.json", text)
    (problem,) = editor.wait_for_diagnostics("registry.json", bool)
    start, end = Lines(text, "utf-16").span(problem["range"])
    assert (text[start:end], problem["severity"]) == ('"ownr"', WARNING)
    settle(editor)
    assert shown(editor, "others.py") == [("SSOT001", "B")]
    editor.write_and_notify("registry.json", REGISTRY)
    editor.wait_for_diagnostics("registry.json", lambda found: not found)
    settle(editor)
    assert shown(editor, "others.py") == [("SSOT001", "A"), ("SSOT001", "B")]


def test_a_registry_counts_as_it_is_typed(editor: Editor) -> None:
    editor.open("typed.py", "from old import A\nfrom old import KEEP\n")
    editor.open("registry.json")
    at = REGISTRY.index('"old:A"')
    editor.edit("registry.json", [(at, at + 7, '"old:KEEP"')])
    editor.wait_for_diagnostics("typed.py", lambda found: rows(found) == [1])
    editor.edit("registry.json", [(at, at + 10, '"old:')])  # not JSON now
    (problem,) = editor.wait_for_diagnostics("registry.json", bool)
    start, end = editor.span("registry.json", problem["range"])
    assert at <= start < end <= editor.text("registry.json").index("\n", at)
    editor.edit("typed.py", [(0, 0, "\n")])
    assert shown(editor, "typed.py") == [("SSOT001", "KEEP")]
    editor.edit("registry.json", [(at, at + 5, "true")])
    (problem,) = editor.wait_for_diagnostics("registry.json", lambda found: "entries[0].deprecated[0]" in str(found))
    assert editor.text("registry.json")[slice(*editor.span("registry.json", problem["range"]))] == "true"
    editor.edit("registry.json", [(at, at + 4, '"old:A", "old:KEEP"')])
    editor.wait_for_diagnostics("registry.json", lambda found: not found)
    settle(editor)
    assert shown(editor, "typed.py") == [("SSOT001", "A"), ("SSOT001", "KEEP")]
    editor.edit("registry.json", [(0, 0, "\n\n")])
    row = REGISTRY.split("\n").index(f"    {ENTRY_A},") + 2
    editor.wait_for_diagnostics(
        "typed.py",
        lambda found: all(
            item["relatedInformation"][-1]["location"]["range"]["start"]["line"] == row for item in found
        ),
    )


def test_closing_a_spoilt_registry_unsaved_brings_back_the_one_on_disk(editor: Editor) -> None:
    editor.open("spoilt.py", "from old import A\n")
    editor.open("registry.json")
    editor.edit("registry.json", [(0, 1, "")])
    editor.wait_for_diagnostics("registry.json", bool)
    editor.replace_all("registry.json", moved("old:KEEP", "new:A"))
    editor.wait_for_diagnostics("spoilt.py", lambda found: not found)
    editor.edit("registry.json", [(0, 1, "")])
    editor.wait_for_diagnostics("registry.json", bool)
    editor.close("registry.json")
    editor.wait_for_diagnostics("registry.json", lambda found: not found)
    assert editor.wait_for_diagnostics("spoilt.py", bool)[0]["code"] == "SSOT001"


# Workspaces


def test_without_a_registry_there_is_silence(tmp_path: Path) -> None:
    write(tmp_path, {"old.py": "KEEP = 1\n"})
    with Editor(tmp_path) as editor:
        editor.open("user.py", "from old import missing\nimport old.gone\n")
        assert editor.diagnostics("user.py") == []
        assert editor.code_actions("user.py", 0, 23) == []
        assert editor.hover("user.py", 18) is None
        editor.write_and_notify("registry.json", '{"repositories": ["old"]}')
        editor.edit("user.py", [(0, 0, "\n")])
        assert editor.diagnostics("user.py") == []
        settle(editor)
        assert editor.diagnostics_of("registry.json") == []
        assert editor.messages == []
        editor.write_and_notify("registry.json", moved("old:missing", "new:A"))  # and then there is one
        editor.wait_for_diagnostics("user.py", bool)
        assert shown(editor, "user.py") == [("SSOT001", "missing"), ("SSOT003", "old.gone")]


def test_a_file_of_another_kind_by_that_name_is_none_of_ours(tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "registry.json": '{"repositories": [5}'})
    with Editor(tmp_path) as editor:
        editor.open("registry.json")
        editor.open("user.py", "from old import missing, A\n")
        assert editor.diagnostics("user.py") == []
        editor.edit("registry.json", [(0, 0, "\n")])
        settle(editor)
        assert editor.diagnostics_of("registry.json") == []
        assert editor.messages == []


def test_a_registry_that_was_bad_from_the_start(tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "registry.json": REGISTRY.replace('"version": 1', '"version": "1"')})
    with Editor(tmp_path) as editor:
        (problem,) = editor.wait_for_diagnostics("registry.json", bool)
        assert problem["range"]["start"]["line"] == 1
        editor.open("user.py", "from old import A\n")
        assert editor.diagnostics("user.py") == []
        editor.write_and_notify("registry.json", REGISTRY)
        editor.wait_for_diagnostics("registry.json", lambda found: not found)
        editor.wait_for_diagnostics("user.py", bool)
        assert shown(editor, "user.py") == [("SSOT001", "A")]


def test_no_folder_is_open(tmp_path: Path) -> None:
    """A file on its own belongs to the nearest root around it."""
    write(tmp_path / "project", {**FILES, "deep/user.py": "from old import A\n"})
    write(tmp_path, {"alone/user.py": "from old import A\n"})
    with Window(tmp_path) as editor:
        editor.open("project/deep/user.py")
        assert shown(editor, "project/deep/user.py") == [("SSOT001", "A")]
        editor.open("alone/user.py")
        assert shown(editor, "alone/user.py") == []
        editor.apply(quick_fix(editor, "project/deep/user.py", "A"))
        assert editor.text("project/deep/user.py") == "from new import A\n"
        assert editor.messages == []


def test_two_folders_have_two_registries(tmp_path: Path) -> None:
    for name in ("first", "second", "first/inner", "third"):
        registry = moved("old:A", f"far:{name.replace('/', '_').title()}")
        write(tmp_path / name, {**FILES, "registry.json": registry, "user.py": "from old import A\n"})
    with Window(tmp_path, folders=("first", "second", "first/inner")) as editor:
        for name in ("first", "second", "first/inner"):
            editor.open(f"{name}/user.py")
            (diagnostic,) = editor.diagnostics(f"{name}/user.py")
            assert f"far:{name.replace('/', '_').title()}`" in diagnostic["message"]
        editor.write_and_notify("second/registry.json", moved("old:A", "far:Other"))
        editor.wait_for_diagnostics("second/user.py", lambda found: "far:Other" in found[0]["message"])
        assert "far:First" in editor.diagnostics("first/user.py")[0]["message"]
        editor.write_and_notify("second/registry.json", '{"entries": 5}')
        editor.wait_for_diagnostics("second/registry.json", bool)
        assert editor.diagnostics_of("first/registry.json") == []
        added = [{"uri": editor.uri("third"), "name": "third"}]
        editor.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": added, "removed": []}})
        editor.open("third/user.py")
        assert "far:Third" in editor.diagnostics("third/user.py")[0]["message"]
        assert editor.messages == []


@pytest.mark.parametrize("wrapped", [False, True])
def test_settings_of_the_editor(tmp_path: Path, wrapped: bool) -> None:
    write(tmp_path, {**FILES, "conf/imports.json": moved("old:KEEP", "new:Instead")})
    settings: Json = {"registry": "conf/imports.json", "severity": {"SSOT001": "information"}}
    with Editor(tmp_path, options={"settings": settings} if wrapped else settings) as editor:
        editor.open("user.py", "from old import A, KEEP\n")
        assert shown(editor, "user.py") == [("SSOT001", "KEEP")]
        assert editor.diagnostics("user.py")[0]["severity"] == 3
        bad = '{"version": 1, "entries": [{"canonical": 5, "deprecated": ["a"]}]}'
        editor.write_and_notify("conf/imports.json", bad)
        (problem,) = editor.wait_for_diagnostics("conf/imports.json", bool)
        assert "canonical" in problem["message"]
        assert editor.messages == []


@pytest.mark.parametrize(
    ("options", "named"), [({"registri": "x.json"}, "registri"), ({"settings": {"select": "SSOT001"}}, "select")]
)
def test_a_wrong_setting_is_said_once_and_the_server_goes_on(tmp_path: Path, options: Json, named: str) -> None:
    with Editor(write(tmp_path, FILES), options=options) as editor:
        editor.open("user.py", "from old import A\n")
        assert shown(editor, "user.py") == [("SSOT001", "A")]
        editor.write_and_notify("registry.json", REGISTRY + "\n")
        settle(editor)
        (message,) = editor.messages
        assert named in message["message"]
        assert message["type"] in {ERROR, WARNING}


def test_wrong_settings_in_the_project_are_said_once_and_mended_later(tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "pyproject.toml": "[tool.ssot-lsp]\nregistri = 'x.json'\n"})
    with Editor(tmp_path) as editor:
        editor.open("user.py", "from old import A\n")
        editor.write_and_notify("registry.json", REGISTRY + "\n")
        editor.edit("user.py", [(0, 0, "\n")])
        editor.diagnostics("user.py")
        (message,) = editor.messages
        assert "pyproject.toml:2" in message["message"]
        assert "registri" in message["message"]
        editor.write_and_notify("pyproject.toml", "[tool.ssot-lsp]\nregistry = 'registry.json'\n")
        editor.wait_for_diagnostics("user.py", bool)


# Hover


def test_hover_says_where_to_and_why(editor: Editor) -> None:
    editor.open("hover.py", "from old import A, KEEP\nfrom old import Gone\n\nprint(A)\n")
    text = editor.text("hover.py")
    hover = editor.hover("hover.py", text.index("A"))
    assert hover["contents"]["kind"] == "markdown"
    for part in ("old.A", "new:A", "It moved 🎉.", "platform", "2025-09-01", "The true A."):
        assert part in hover["contents"]["value"]
    assert text[slice(*editor.span("hover.py", hover["range"]))] == "A"
    gone = editor.hover("hover.py", text.index("Gone") + 2)["contents"]["value"]
    assert "old.Gone" in gone
    assert "new:Instead" in gone
    assert editor.hover("hover.py", text.index("KEEP") + 1) is None
    assert editor.hover("hover.py", 0) is None
    assert editor.hover("hover.py", len(text)) is None


USES = """\
import old
from old import A as It
from unittest.mock import patch


@patch("old.B")
def test(mocked):
    old.A()
    print(f"{It.x}", old.KEEP)
    It = 1
"""


@pytest.mark.parametrize(
    ("at", "said", "there"),
    [
        ("old.A()", None, "old"),
        ("A()", "old.A` → `new:A", "old.A"),
        ("A as It", "old.A` → `new:A", "A as It"),
        ("It\n", "old.A` → `new:A", "A as It"),
        ('B")', "old.B` → `new.core:Better", "old.B"),
        ("KEEP", None, ""),
        ("It = 1", None, ""),
        ("It.x", None, ""),
        ("print", None, ""),
        ("mocked", None, ""),
    ],
)
def test_hover_on_uses_and_strings(editor: Editor, at: str, said: str | None, there: str) -> None:
    editor.open("uses.py", USES)
    hover = editor.hover("uses.py", USES.index(at))
    assert (hover is None) == (said is None)
    if said is not None:
        assert said in hover["contents"]["value"]
        assert USES[slice(*editor.span("uses.py", hover["range"]))] == there


def test_hover_says_how_long_it_is_until_the_removal() -> None:
    entry = Entry(None, (), removal="2027-01-01")
    assert until(entry, date(2026, 12, 30)) == "It will be removed in 2 days."
    assert until(entry, date(2027, 1, 1)) == "It is to be removed today."
    assert until(entry, date(2027, 1, 2)) == "Its removal was due 1 day ago."
    assert not until(entry._replace(removal="4.0"), date(2027, 1, 1))


@pytest.mark.parametrize(
    ("at", "there"),
    [
        ("A as It", ("new/__init__.py", "A:")),
        ("old\nfrom", ("old.py", "")),
        ("A()", ("new/__init__.py", "A:")),
        ("old.A()", ("old.py", "")),
        ("KEEP", ("old.py", "KEEP")),
        ('B")', ("new/core.py", "Better")),
        ("unittest", None),
        ("print", None),
    ],
)
def test_definition_is_that_of_the_canonical_object(editor: Editor, at: str, there: tuple[str, str] | None) -> None:
    """From the import, from a use and from a string; through what only passes the object on."""
    editor.open("uses.py", USES)
    found = editor.request("textDocument/definition", editor.at("uses.py", USES.index(at)))
    assert (found is None) == (there is None)
    if there is not None:
        name, text = there
        source = editor.path(name).read_text("utf-8")
        start, _ = Lines(source, editor.encoding).span(found["range"])
        assert found["uri"] == editor.uri(name)
        assert source[start:].startswith(text)
        assert text or start == 0


# The protocol


def test_an_unknown_request_is_answered_with_an_error(editor: Editor) -> None:
    for method in ("textDocument/makeTea", "$/makeTea"):
        with pytest.raises(ResponseError) as raised:
            editor.request(method, {})
        assert raised.value.code == -32601
    editor.notify("textDocument/makeTea", {})
    editor.notify("$/makeTea", {})
    editor.notify("$/setTrace", {"value": "off"})
    editor.open("tea.py", "from old import A\n")
    assert shown(editor, "tea.py") == [("SSOT001", "A")]


@pytest.mark.parametrize(
    ("method", "params"), [("test/bare", None), ("test/list", [1]), ("textDocument/hover", {"position": 5})]
)
def test_a_request_that_cannot_be_read_is_answered_with_an_error(tmp_path: Path, method: str, params: object) -> None:
    """In JSON-RPC `params` may be left out or be a list; what is wrong needs an answer, too: the client waits."""
    with Editor(tmp_path) as editor, pytest.raises(ResponseError):
        editor.request(method, params, timeout=3)


def test_requests_about_what_is_not_open_have_no_result(editor: Editor) -> None:
    start = {"line": 3, "character": 0}
    document = {"textDocument": {"uri": editor.uri("never-opened.py")}}
    assert editor.request("textDocument/hover", {**document, "position": start}) is None
    params = {**document, "range": {"start": start, "end": start}, "context": {"diagnostics": []}}
    assert not editor.request("textDocument/codeAction", params)
    editor.open("short.py", "from old import A\n")
    beyond = {"line": 99, "character": 99}  # an editor that is a keystroke ahead or behind
    document = {"textDocument": {"uri": editor.uri("short.py")}}
    assert editor.request("textDocument/hover", {**document, "position": beyond}) is None
    context = {"diagnostics": [], "only": ["quickfix"]}
    range_ = {"start": {"line": 0, "character": 99}, "end": beyond}
    assert (
        len(fixing(editor.request("textDocument/codeAction", {**document, "range": range_, "context": context}))) == 1
    )


def frame(method: str, params: Json | None = None, **ident: int) -> bytes:
    message = {"jsonrpc": "2.0", **ident, "method": method} | ({} if params is None else {"params": params})
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def initialize(root: Path) -> bytes:
    params: Json = {"processId": None, "rootUri": root.as_uri(), "capabilities": {}}
    return frame("initialize", params, id=1) + frame("initialized", {})


def read_until(stream: IO[bytes], key: str, value: object) -> Json:
    while (message := read_message(stream)) is not None:
        if message.get(key) == value:
            return message
    raise AssertionError(f"the server ended before {key} {value}")


@contextmanager
def process(*options: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server process that is gone at the end, whatever happens."""
    pipe = subprocess.PIPE
    with subprocess.Popen([*COMMAND, *options], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as server:
        try:
            yield server
        finally:
            server.kill()


def talk(server: subprocess.Popen[bytes], sent: bytes, answer: int | None = None) -> Json | None:
    """Write to a server's input, which stays open, and wait for an answer."""
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(sent)
    server.stdin.flush()
    return None if answer is None else read_until(server.stdout, "id", answer)


def test_exit_after_shutdown(tmp_path: Path) -> None:
    with process("--stdio") as server:
        talk(server, initialize(write(tmp_path, FILES)), 1)
        answer = talk(server, frame("shutdown", id=2), 2)
        assert answer is not None
        assert answer["result"] is None
        assert server.poll() is None
        talk(server, frame("exit"))
        assert server.wait(10) == 0


def test_exit_without_shutdown(tmp_path: Path) -> None:
    with process() as server:
        talk(server, initialize(write(tmp_path, FILES)), 1)
        talk(server, frame("exit"))
        assert server.wait(10) == 1


def test_the_server_ends_with_its_input(tmp_path: Path) -> None:
    """An editor that crashes says nothing; no server may stay behind."""
    write(tmp_path, FILES)
    with process() as after, process() as before, process() as within:
        for server, sent in ((after, initialize(tmp_path)), (before, b""), (within, initialize(tmp_path)[:-5])):
            assert server.stdin is not None
            server.stdin.write(sent)
            server.stdin.close()
            server.stdin = None
        for server in (after, before, within):
            server.communicate(timeout=10)


@pytest.mark.parametrize("polite", [True, False])
def test_a_client_over_tcp(tmp_path: Path, polite: bool) -> None:
    write(tmp_path, FILES)
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    uri = (tmp_path / "user.py").as_uri()
    item = {"uri": uri, "languageId": "python", "version": 1, "text": "from old import A\n"}
    with process("--tcp", f"127.0.0.1:{port}") as server:
        with connected(port) as client, client.makefile("rb") as stream:
            client.sendall(initialize(tmp_path) + frame("textDocument/didOpen", {"textDocument": item}))
            published = read_until(stream, "method", "textDocument/publishDiagnostics")["params"]
            assert (published["uri"], [found["code"] for found in published["diagnostics"]]) == (uri, ["SSOT001"])
            if polite:
                client.sendall(frame("shutdown", id=2))
                read_until(stream, "id", 2)
                client.sendall(frame("exit"))
                assert server.wait(10) == 0
        server.wait(10)


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    deadline = time.monotonic() + 10
    while True:
        try:
            client = socket.create_connection(("127.0.0.1", port), timeout=10)
            break
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    with client:
        yield client


# Manners


def test_what_the_server_does_is_told_if_someone_wants_to_know(tmp_path: Path) -> None:
    with Editor(write(tmp_path, FILES)) as editor:
        editor.open("user.py", "from old import A\n")
        editor.diagnostics("user.py")
        said = [log["message"] for log in editor.logs]
        assert any(f"{editor.root}: 4 entries, loaded in" in message for message in said)
        assert all("type" in log for log in editor.logs)
        editor.notify("$/setTrace", {"value": "messages"})
        editor.edit("user.py", [(0, 0, "\n")])
        editor.diagnostics("user.py")
        settle(editor)
        traced = [log for log in editor.logs if "user.py" in log["message"]]
        assert [set(log) for log in traced] == [{"message"}]
        assert "user.py, version 2: 1 diagnostics in" in traced[0]["message"]
        editor.notify("$/setTrace", {"value": "verbose"})
        editor.edit("user.py", [(0, 0, "\n")])
        settle(editor)
        traced = [log for log in editor.logs if "user.py" in log["message"]]
        assert "rests on" in traced[-1]["verbose"]
        editor.notify("$/setTrace", {"value": "off"})
        told = len(editor.logs)
        editor.edit("user.py", [(0, 0, "\n")])
        settle(editor)
        assert len(editor.logs) == told


def test_a_diagnostic_leads_to_the_page_of_its_rule(editor: Editor) -> None:
    diagnostic = only_one(editor, "page.py", "from old import B\n")
    page = editor.path(diagnostic["codeDescription"]["href"]).read_text("utf-8")
    assert page.startswith("# SSOT001 deprecated-import")
    assert diagnostic["data"]["name"] == "deprecated-import"
    assert [level for _, level in diagnostic["data"]["fixes"]] == ["safe", "display"]


def test_a_client_that_shows_no_markdown(tmp_path: Path) -> None:
    with Editor(write(tmp_path, FILES), capabilities={"textDocument": {"hover": None}}) as editor:
        editor.open("hover.py", "from old import A\n")
        contents = editor.hover("hover.py", 16)["contents"]
        assert contents["kind"] == "plaintext"
        assert "old.A → new:A" in contents["value"]
        assert "`" not in contents["value"]


def test_without_word_from_the_editor_files_are_watched(tmp_path: Path) -> None:
    nothing = {"workspace": {"didChangeWatchedFiles": None}}
    with Editor(write(tmp_path, FILES), capabilities=nothing) as editor:
        editor.open("user.py", "from old import A, tool\n")
        assert shown(editor, "user.py") == [("SSOT001", "A"), ("SSOT004", "tool")]
        deadline = time.monotonic() + 20
        while len(editor.diagnostics_of("user.py")) != 1:  # from when on they are watched nobody says
            (tmp_path / "old.py").write_text(f"{OLD}tool = 1\n# {time.monotonic()}\n", "utf-8")
            time.sleep(0.2)
            settle(editor)
            assert time.monotonic() < deadline
        (tmp_path / "registry.json").write_text(moved("old:KEEP", "new:Instead"), "utf-8")
        editor.wait_for_diagnostics("user.py", lambda found: not found)


def test_each_folder_has_its_own_settings(tmp_path: Path) -> None:
    @dataclass
    class Scoped(Window):
        def _act(self, method: str, params: Any) -> Any:
            if method != "workspace/configuration":
                return super()._act(method, params)
            names = [item["scopeUri"].rpartition("/")[2] for item in params["items"]]
            return [{"ignore": ["SSOT001"]} if name == "first" else {"severity": {"SSOT001": "hint"}} for name in names]

    for name in ("first", "second"):
        write(tmp_path / name, {**FILES, "user.py": "from old import A, gone\n"})
    with Scoped(tmp_path, folders=("first", "second")) as editor:
        for name in ("first", "second"):
            editor.open(f"{name}/user.py")
        assert shown(editor, "first/user.py") == [("SSOT004", "gone")]
        assert shown(editor, "second/user.py") == [("SSOT001", "A"), ("SSOT004", "gone")]
        assert editor.diagnostics("second/user.py")[0]["severity"] == 4


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A workspace that takes a while to go through."""
    users = {f"p/m{number}.py": "from old import A\n\n" + "x = A\n" * 40 for number in range(3000)}
    return write(tmp_path, {**FILES, **users})


def test_long_work_is_shown_and_can_be_cancelled(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = {"XDG_CACHE_HOME": str(many / "cache")}
    with Editor(many, settings={"ssot": {"diagnosticMode": "workspace"}}, env=cache) as editor:
        editor.wait(lambda: bool(editor.progress), 30, "progress")
        begun = editor.progress[0]
        assert begun["value"]["kind"] == "begin"
        assert begun["value"]["cancellable"] is True
        editor.notify("window/workDoneProgress/cancel", {"token": begun["token"]})
        editor.wait(lambda: editor.progress[-1]["value"]["kind"] == "end", 10, "end")
        editor.open("user.py", "from old import A\n")
        assert shown(editor, "user.py") == [("SSOT001", "A")]


def test_a_fix_of_everything_can_be_cancelled(many: Path) -> None:
    with Editor(many, env={"XDG_CACHE_HOME": str(many / "cache")}) as editor:
        editor.open("user.py", "from old import A\n")
        (action,) = (a for a in editor.code_actions("user.py", 16, 17) if "whole workspace" in a["title"])
        asked = editor.ask("codeAction/resolve", action)
        editor.wait(lambda: bool(editor.progress), 30, "progress")
        editor.notify("$/cancelRequest", {"id": asked})
        with pytest.raises(ResponseError) as raised:
            editor.answer(asked)
        assert raised.value.code == REQUEST_CANCELLED
        editor.wait(lambda: editor.progress[-1]["value"]["kind"] == "end", 10, "end")
        assert shown(editor, "user.py") == [("SSOT001", "A")]


@pytest.mark.skipif(not Path("/proc").exists(), reason="which processes there are is asked of Linux")
def test_no_process_outlives_the_server(many: Path) -> None:
    """Whether it is told to leave, or its client is gone."""
    settings = {"ssot": {"diagnosticMode": "workspace"}}
    with Editor(many, settings=settings, env={"XDG_CACHE_HOME": str(many / "cache")}) as editor:
        editor.wait(lambda: bool(editor.progress), 30, "progress")
        server = editor._wire.process.pid
        helpers = processes_below(server)
        assert helpers
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{process}").exists() for process in helpers):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def processes_below(process: int) -> list[int]:
    """The processes that a process has begun, and those that these have."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [found for child in map(int, children) for found in (child, *processes_below(child))]


def test_the_server_ends_with_its_client(tmp_path: Path) -> None:
    """Even where someone else keeps its input open."""
    write(tmp_path, FILES)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as client, process() as server:
        params = {"processId": client.pid, "rootUri": tmp_path.as_uri(), "capabilities": {}}
        talk(server, frame("initialize", params, id=1) + frame("initialized", {}), 1)
        assert server.poll() is None
        client.kill()
        client.wait()
        assert server.wait(20) == 1


@pytest.mark.parametrize("mode", ["workspace", "changedFiles"])
def test_nothing_of_the_workspace_is_run(tmp_path: Path, mode: str) -> None:
    """Not even by the process that goes through all files, which Python would start with the current folder first."""
    evil = "open('ran', 'w').close()\n"
    names = (
        "multiprocessing",
        "pickle",
        "struct",
        "signal",
        "sitecustomize",
        "encodings/idna",
        "ssot_lsp/server/background",
    )
    write(tmp_path, {**FILES, **{f"{name}.py": evil for name in names}, "user.py": "from old import A\n"})
    write(tmp_path, {f"{name}/__init__.py": evil for name in ("multiprocessing", "encodings", "ssot_lsp")})
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.com"]
    for arguments in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "one"]):
        subprocess.run([*git, *arguments], cwd=tmp_path, check=True)
    command = [str(Path(sys.executable).with_name("ssot-lsp")), "server"]
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    with Editor(tmp_path, command=command, settings={"ssot": {"diagnosticMode": mode}}, env=cache) as editor:
        editor.wait_for_diagnostics("user.py", bool)
        assert editor.messages == []
    assert not (tmp_path / "ran").exists()


def test_eglot_is_offered_no_edits_before_a_save(tmp_path: Path) -> None:
    """It asks for them before it has told what was typed last."""

    @dataclass
    class Eglot(Editor):
        def request(self, method: str, params: object = None, timeout: float = 10) -> Any:
            if method == "initialize" and isinstance(params, dict):
                params |= {"clientInfo": {"name": "Eglot"}}
            return super().request(method, params, timeout)

    saving = {"textDocument": {"synchronization": {"willSaveWaitUntil": True}}}
    with Eglot(write(tmp_path, FILES), capabilities=saving) as eglot:
        assert not eglot.server["textDocumentSync"].get("willSaveWaitUntil")
    with Editor(tmp_path, capabilities=saving) as editor:
        assert editor.server["textDocumentSync"]["willSaveWaitUntil"]
