"""The verifier sees an excerpt of a file: whatever it says yes to, it must say yes to of the whole file."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from ssot_lsp.model import Move, ObjectRef
from ssot_lsp.project import Document, Project
from ssot_lsp.rewrite.excerpt import excerpts
from ssot_lsp.rewrite.verify import verify
from ssot_lsp.text import Span, Text, TextEdit, apply_edits

SOURCE = '''\
"""A module."""
from __future__ import annotations

import os
from old import Foo
from other import Bar


def one(bar: Bar) -> "Foo":
    return Foo.make(bar, os.name)


class Two:
    """What `Foo` makes."""

    def three(self):
        return Foo

    def four(self):
        global total
        total = locals()


def five(Foo):
    return Foo


table = {"a": 1, "b": [x for x in range(3)]}
'''
TYPED = "\n\ndef six():\n    result = []  # type: Foo\n"


def edit(source: str, old: str, new: str) -> TextEdit:
    start = source.index(old)
    return TextEdit(Span(start, start + len(old)), new)


def opened(root: Path, source: str) -> Document:
    (root / "pyproject.toml").write_text("[tool.ssot-lsp]\n", "utf-8")
    return Project.load(root).document(root / "file.py", source)


def moved(document: Document) -> list[Move]:
    statement = next(statement for statement in document.syntax.imports if statement.module == "old")
    return [Move(statement, statement.names[0], ObjectRef("new", "Foo"))]


def test_what_is_left_out_says_what_it_binds_and_how_it_reads_what_changes() -> None:
    text, change = Text(SOURCE), edit(SOURCE, "from old", "from new")
    found = excerpts(text, ast.parse(SOURCE), Text(apply_edits(SOURCE, [change])), [change])
    assert found is not None
    assert found.after.source == found.before.source.replace("old", "new")
    assert "def five(Foo)" in found.before.source  # it binds the name itself
    assert '-> "Foo"' in found.before.source  # and here a string mentions it
    assert "table = " in found.before.source and "range" not in found.before.source
    assert "Two = lambda: [Foo, locals()]" in found.before.source
    assert "global total" in found.before.source and "three" not in found.before.source


def test_of_a_class_that_is_touched_the_rest_is_left_out() -> None:
    text, change = Text(SOURCE), edit(SOURCE, "        return Foo\n", "        return old.Foo\n")
    found = excerpts(text, ast.parse(SOURCE), Text(apply_edits(SOURCE, [change])), [change])
    assert found is not None
    assert "class Two:" in found.after.source and "return old.Foo" in found.after.source
    assert "    four = lambda: [locals()]\n    def four():\n     global total\n" in found.after.source
    assert "one = lambda: []" in found.after.source


@pytest.mark.parametrize("tail", ["", TYPED, "\n\nif table:\n    from elsewhere import Foo\n", "from all import *\n"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("from old import Foo", "from new import Foo"),
        ("from old import Foo", "from newer import Foo"),
        ("from old import Foo", "from new import Foo as Fooo"),
        ("from old import Foo", "from new import Foo, Bar"),
        ("from old import Foo\n", ""),
        ("from old import Foo\n", "from new import Foo ;"),
        ("from old import Foo\n", "from new import Foo\\\n"),
        ("from old import Foo\n", "from new import Foo\ntotal = (\n"),
        ("from old import Foo\n", "from new import Foo\n@Foo\n"),
        ("from old import Foo\n", "from new import Foo\ndef one(): pass\n"),
        ("from old import Foo\n", "from new import Foo\nfrom old import five\n"),
        ("from old import Foo\n", "from new import Foo\nfrom new import *\n"),
        ("from old import Foo\n", "from new import Foo\n'''\n"),
        ("import os\nfrom old import Foo\n", "from new import Foo\n"),
        ("        return Foo\n", "        return old.Foo\n"),
        ("Foo.make", "Bar.make"),
        ("Foo.make(", "Foo.make(bar, "),
        ("class Two:\n", "class Two(Foo):\n"),
        ("class Two:\n", "class Two:\n    from new import Foo\n"),
        ("class Two:\n", "class Two:\n    x = (\n"),
        ("        return Foo\n", "        return Foo\n\nclass Three:\n"),
        ("        return Foo\n", "        return Foo\n    Foo = 1\n"),
        ("        return Foo\n", "        return Foo \\\n"),
        ("        return Foo\n", "        return Foo\nglobal one\n"),
        ("    def four", "    Foo = None\n\n    def four"),
        ("table = ", "Foo = table = "),
        ("from __future__ import annotations\n", ""),
    ],
)
def test_an_excerpt_proves_nothing_that_is_not_true_of_the_whole(tmp_path: Path, old: str, new: str, tail: str) -> None:
    source = SOURCE + tail
    document = opened(tmp_path, source)
    edits = [edit(source, old, new)]
    for more in ([], [edit(source, "from old", "from new")] if "from old" not in old else []):
        both = sorted([*edits, *more])
        after = Text(apply_edits(source, both))
        asked = (document.text, after, "", moved(document), ["Foo", "Bar"])
        assert verify(*asked, edits=both) == verify(*asked)


def test_edits_that_do_not_lead_to_the_text_prove_nothing(tmp_path: Path) -> None:
    document = opened(tmp_path, SOURCE)
    right = edit(SOURCE, "from old", "from new")
    wrong = Text(apply_edits(SOURCE, [right, edit(SOURCE, "self", "this")]))
    assert not verify(document.text, Text(apply_edits(SOURCE, [right])), "", moved(document), (), edits=[right])
    assert verify(document.text, wrong, "", moved(document), (), edits=[right])
