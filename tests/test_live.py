"""A text that is edited has the syntax that it would have if it were parsed afresh."""

from __future__ import annotations

import ast
import random
import warnings

import pytest

from ssot_lsp.files import UnreadableFileError, decode
from ssot_lsp.syntax import Syntax, parse
from ssot_lsp.syntax.live import Edit, Live
from ssot_lsp.text import Span, Text, TextEdit
from tests.test_real_code import SAMPLE

WHOLE = """\
\"\"\"A module.\"\"\"
import os, sys as system
from a.b import (c,  # ssot: ignore
    d as e)
x = 1
try:
    from f import g
except ImportError:
    from h import g
if TYPE_CHECKING:
    import i
else:
    import j

@patch("a.b.c")
def test(one):
    import k; from .l import m
    with patch("a.b.d"):  # noqa: SSOT001
        pass

class A:
    def é(self):
        from n import *
        monkeypatch.setattr("a.b.c", 1)
    y = import_module("a.b")

for z in ():
    import o
# ssot: ignore[SSOT002]
import p
"""
PIECES = [
    *("\n", "    ", "x", "import q\n", "from a import b\n", "#", '"', '"""', "(", ")", ":", "\\\n", ", r", "def f(): "),
    *("\r\n", "\r", "é", "😀", "try:\n    ", "pass\n", "patch", '("a.b.c")', "# ssot: ignore\n", ";", "if x:\n    "),
    *("class B:\n    ", "\n\n", " ", "# ssot: ignore-file", "sys.modules", "import", "\f", "@", "0", "'a:b'"),
]
LINES = [
    *("x = 2\n", "import q\n", "from a import b, c\n", "# é\n", "# ssot: ignore\n", "\n", '"""d"""\n', "e = 'é:a'\n"),
    *(
        "def g():\n    import r\n",
        "try:\n    import s\nexcept ImportError:\n    pass\n",
        "patch('a.b')\n",
        "x = 1; y\n",
    ),
]


def _said(syntax: Syntax, source: str) -> tuple[object, ...]:
    """All that a syntax says; of what the parser takes for Python and Python does not, only what is where."""
    comments = syntax.suppressions, syntax.ignore_file, syntax.has_errors
    if compiles(source):
        return syntax.imports, syntax.paths, *comments
    imports = [(statement.span, statement.module, statement.names) for statement in syntax.imports]
    return imports, [(path.span, path.path) for path in syntax.paths], *comments


def compiles(source: str) -> bool:
    """Whether Python takes a text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return True


def _made(edit: TextEdit) -> Edit:
    return lambda text: edit


def _edit(text: Text, chance: random.Random, pieces: list[str]) -> TextEdit:
    if chance.random() < 0.5:  # nothing breaks
        row = chance.choice([row for row in range(len(text.line_starts)) if not text.line(row)[:1].isspace()])
        start = text.line_starts[row]
        if chance.random() < 0.3:
            return TextEdit(Span(start, start), chance.choice(["x", "y = 3; ", "# "]))
        return TextEdit(Span(start, start), chance.choice(LINES))
    start = chance.randrange(len(text.source) + 1)
    end = min(start + chance.choice([0, 0, 0, 1, 1, 3, 10, 60]), len(text.source))
    return TextEdit(Span(start, end), "".join(chance.choices(pieces, k=chance.choice([0, 1, 1, 2]))))


def _run(live: Live, chance: random.Random, steps: int, pieces: list[str]) -> int:
    """Edit a text again and again; how often nothing was wrong with it before and after."""
    carried, good = 0, live
    for _ in range(steps):
        text, edits = live.text, list[TextEdit]()
        for _ in range(chance.choice([1, 1, 1, 1, 3])):
            edits.append(_edit(text, chance, pieces))
            text = text.edited(edits[-1])
        after = live.edited(map(_made, edits))
        assert after.text.source == text.source
        assert after.text.line_starts == Text(text.source).line_starts
        fresh = parse(Text(text.source))
        assert _said(after.syntax, text.source) == _said(fresh, text.source), (live.text.source, edits)
        carried += not (live.syntax.has_errors or after.syntax.has_errors)
        # most edits break a text: go on from one that is whole, and now and then for a step from one that is not
        is_whole, good = not after.syntax.has_errors, after if not after.syntax.has_errors else good
        live = after if is_whole or (not live.syntax.has_errors and chance.random() < 0.3) else good
    return carried


def test_a_line_that_only_goes_on_begins_no_statement() -> None:
    """A bug that edits at random found: a class was cut in two where its first line was a backslash."""
    live = Live(Text("class A:\n\\\n    def f(self):\n        import a\n\n\nimport b\n"))
    after = live.edited([_made(TextEdit(Span(0, 0), "x\n"))])
    after = after.edited([_made(TextEdit(Span(0, 0), "y\n"))])
    assert [statement.run for statement in after.syntax.imports] == [0, 3]
    assert after.syntax.imports == parse(after.text).imports


@pytest.mark.parametrize("seed", range(30))
def test_an_edited_text_is_read_as_if_it_were_new(seed: int) -> None:
    chance = random.Random(seed)
    live = Live(Text(WHOLE))
    assert _run(live, chance, 60, PIECES) > 5


def test_real_files_too() -> None:
    chance, carried = random.Random(7), 0
    for path in SAMPLE[::6]:
        try:
            text = Text(decode(path.read_bytes()).source)
        except UnreadableFileError:
            continue
        words = chance.choices(text.source.splitlines(keepends=True) or [""], k=20)
        carried += _run(Live(text), chance, 8, [*PIECES, *words])
    assert carried > 50


def test_what_the_edit_leaves_alone_is_the_same_object() -> None:
    """Typed below: nothing is read again. Typed above: it is moved, and nothing else."""
    live = Live(Text("import a\nfrom b import c\n\n\ndef f():\n    x = 1\n    return x\n"))
    live = live.edited([_made(TextEdit(Span(0, 0), ""))])
    at = live.text.source.index("x = 1") + 5
    after = live.edited([_made(TextEdit(Span(at, at), "0"))])
    assert all(one is other for one, other in zip(after.syntax.imports, live.syntax.imports, strict=True))
