"""Python in notebooks and Markdown pages: read as one text, and written back with all else as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssot_lsp.embedded import EmbeddedText, LostPieceError
from ssot_lsp.embedded.file import EmbeddedFile, read_embedded
from ssot_lsp.files import RefusedWriteError, UnreadableFileError
from ssot_lsp.text import Place


def notebook(*cells: Any, indent: int | None = 1, metadata: object = None) -> bytes:
    """A notebook with code cells, given by their sources, and others, given whole."""
    whole = [
        cell
        if isinstance(cell, dict)
        else {
            "cell_type": "code",
            "execution_count": 1,
            "metadata": {},
            "outputs": [{"text": "é\\u0041"}],
            "source": cell,
        }
        for cell in cells
    ]
    value = {"cells": whole, "metadata": metadata or {}, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(value, ensure_ascii=False, indent=indent) + "\n").encode()


def page(text: str) -> EmbeddedFile:
    return read_embedded("page.md", text.encode())


def codes(file: EmbeddedFile) -> list[str]:
    return [piece.code for piece in file.pieces.pieces]


def place_of(file: EmbeddedFile, what: str) -> Place:
    text = EmbeddedText(file.pieces)
    return text.place(text.source.index(what))


MARKDOWN = {"cell_type": "markdown", "metadata": {}, "source": ["from old import A\n"]}


def test_cells_are_one_text() -> None:
    data = notebook(["import os\n", "x = 1"], MARKDOWN, "print(x)\n", [])
    file, rows = read_embedded("n.ipynb", data), data.decode().split("\n")
    assert codes(file) == ["import os\nx = 1", "print(x)\n"]
    compile(file.pieces.source, "n", "exec")
    assert place_of(file, "x = 1") == Place(1, 0, 1, rows.index('    "x = 1"'))
    assert place_of(file, "(x)") == Place(0, 5, 3, rows.index('   "source": "print(x)\\n"'))


@pytest.mark.parametrize(
    ("line", "stays"),
    [
        ("%matplotlib inline", False),
        ("!pip install x \\\n    --quiet", False),
        ("files = !ls", False),
        ("a, b = %time f()", False),
        ("print?", False),
        ("?print", False),
        ("x = a % b", True),
        ("await x", True),
        ("y = '''\n%s\n'''", True),
    ],
)
def test_what_only_ipython_understands(line: str, stays: bool) -> None:
    code = f"import os\nif 1:\n    {line}\nfrom old import A"
    file = read_embedded("n.ipynb", notebook(code))
    assert codes(file) == [code]
    assert (line in file.pieces.source) == stays
    assert place_of(file, "from old").row == code.count("\n", 0, code.index("from old"))
    new = file.pieces.source.replace("old", "new")
    assert json.loads(file.encode(new))["cells"][0]["source"] == code.replace("old", "new")


@pytest.mark.parametrize(
    "source", ["%%bash\nls", "%%writefile x.py\nfrom old import A", "  %%html\n<p>", "", "  \n", "a b", "\ud800 = 1"]
)
def test_cells_that_are_left_alone(source: str) -> None:
    data = notebook(source, "x = 1") if source.isprintable() or source.isascii() else None
    data = data or json.dumps(json.loads(notebook("HERE", "x = 1"))).replace("HERE", "\\ud800 = 1").encode()
    file = read_embedded("n.ipynb", data)
    assert codes(file) == ["x = 1"]
    assert (file.note == "cell 1 left alone: no Python that parses") == (source in ("a b", "\ud800 = 1"))


def test_cells_of_other_languages() -> None:
    r = {"cell_type": "code", "metadata": {"vscode": {"languageId": "r"}}, "source": "x = 1"}
    assert codes(read_embedded("n.ipynb", notebook(r, "%%time\ny = 1"))) == ["%%time\ny = 1"]
    julia, python = {"kernelspec": {"language": "julia"}}, {"language_info": {"name": "python"}}
    assert codes(read_embedded("n.ipynb", notebook("x = 1", metadata=julia))) == []
    assert codes(read_embedded("n.ipynb", notebook("x = 1", metadata=python))) == ["x = 1"]


@pytest.mark.parametrize("indent", [None, 1, 4])
def test_only_the_lines_that_change_are_written(indent: int | None) -> None:
    source = ["from old import A\n", "é = '\\u0041'\n", "print(A)"]
    data = notebook(source, "from old import B\n", MARKDOWN, indent=indent)
    file = read_embedded("n.ipynb", data)
    new = file.pieces.source.replace("old", "new").replace("print(A)", "print(A)\nprint(A)")
    after = data.replace(b"from old import A", b"from new import A", 1).replace(
        b"from old import B", b"from new import B"
    )
    wanted = json.loads(after)
    wanted["cells"][0]["source"] = ["from new import A\n", source[1], "print(A)\n", "print(A)"]
    wanted["cells"][2] = MARKDOWN
    written = file.encode(new)
    assert json.loads(written) == wanted
    assert written == (json.dumps(wanted, ensure_ascii=False, indent=indent) + "\n").encode()


def test_a_cell_that_loses_all_its_lines() -> None:
    file = read_embedded("n.ipynb", notebook(["from old import A"]))
    written = file.encode(file.pieces.source.replace("from old import A", ""))
    assert json.loads(written)["cells"][0]["source"] == []


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"nbformat": 4}', b'{"cells": 1, "nbformat": 4}', b"\xff"])
def test_what_is_no_notebook(data: bytes) -> None:
    with pytest.raises(UnreadableFileError):
        read_embedded("n.ipynb", data)


def test_an_old_notebook_is_left_alone() -> None:
    file = read_embedded("n.ipynb", b'{"worksheets": [], "nbformat": 3}')
    assert (codes(file), file.note) == ([], "left alone: nbformat 3 is older than 4")


@pytest.mark.parametrize("cell", [1, None, [], {"cell_type": "code"}, {"cell_type": "code", "source": [1]}])
def test_odd_cells(cell: Any) -> None:
    value = {"cells": [cell, {"cell_type": "code", "source": "x = 1", "metadata": 3}], "metadata": [], "nbformat": 4}
    assert codes(read_embedded("n.ipynb", json.dumps(value).encode())) == ["x = 1"]


def test_pieces_that_cannot_be_told_apart_are_not_written() -> None:
    file = read_embedded("n.ipynb", notebook("x = 1", "%ls\ny = 2"))
    source = file.pieces.source
    for spoiled in (source.replace(':0"', ':7"'), source.replace("\n", "", 1), "import os\n" + source, source * 2):
        with pytest.raises(LostPieceError):
            file.pieces.restored(spoiled)
        with pytest.raises(RefusedWriteError):
            file.encode(spoiled)


PAGE = """\
# Title

```python
from old import A
```

Text, `from old import A`.

- An item

  ```py
  from old import B

  print(B)
  ```

> ```{.python}
> from old import C
> ```

<!-- ssot: ignore -->
```python
from old import Ignored
```

```python
>>> from old import Session
```

```text
from old import Text
```

    from old import Indented

```{code-block} python
from old import D
"""


def test_blocks_are_one_text() -> None:
    file = page(PAGE)
    assert codes(file) == [
        "from old import A\n",
        "from old import B\n\nprint(B)\n",
        "from old import C\n",
        "from old import D\n",
    ]
    assert place_of(file, "A") == Place(3, 16, 0, 3)
    assert place_of(file, "print(B)") == Place(13, 2, 0, 13)
    assert place_of(file, "import C") == Place(17, 11, 0, 17)


def test_only_the_blocks_change() -> None:
    file = page(PAGE)
    new = file.pieces.source.replace("print(B)", "print(B)\n\nprint(B)").replace("old", "new")
    expected = PAGE.replace("  print(B)\n", "  print(B)\n\n  print(B)\n")
    for name in "ABCD":
        expected = expected.replace(f"from old import {name}\n", f"from new import {name}\n")
    assert file.encode(new).decode() == expected


def test_a_page_as_windows_writes_it() -> None:
    text = "\ufeff" + PAGE.replace("\n", "\r\n")
    file = page(text)
    assert len(file.pieces.pieces) == 4
    assert file.encode(file.pieces.source).decode() == text
    assert "\n" not in file.pieces.source.replace("\r\n", "")


LINES = st.text(st.sampled_from("ab=%! \\\"'é\U0001f600\t\f\u2028\x85#"), max_size=12)
CODE = st.lists(LINES | st.sampled_from(["import a", "%ls", "x = 1", "!ls \\", "if 1:", "    x"]), max_size=6)
END = st.sampled_from(["\n", "\r\n", "\r"])


@given(st.lists(CODE, max_size=4), st.booleans(), st.sampled_from([None, 0, 1]))
def test_any_notebook_stays_as_it_is(cells: list[list[str]], in_lines: bool, indent: int | None) -> None:
    sources = [[f"{line}\n" for line in cell] if in_lines else "\n".join(cell) for cell in cells]
    data = notebook(*sources, indent=indent)
    file = read_embedded("n.ipynb", data)
    assert file.encode(file.pieces.source) == data
    new = file.pieces.source.replace("import a", "import b")
    after = json.loads(file.encode(new))["cells"]
    written = ["".join(cell["source"]) for cell in after]
    assert [written[piece.cell - 1] for piece in file.pieces.pieces] == file.pieces.restored(new)
    assert "".join(written).count("import b") == file.pieces.source.count("import a")


@given(st.lists(CODE, max_size=4), END, st.sampled_from(["", "  ", "> ", "- "]), st.booleans())
def test_any_page_stays_as_it_is(blocks: list[list[str]], end: str, prefix: str, closed: bool) -> None:
    lines = list[str]()
    for block in blocks:
        lines += [f"{prefix}```python", *(f"{prefix.replace('-', ' ')}{line}" for line in block)]
        lines += [f"{prefix.replace('-', ' ')}```", ""] if closed else [""]
    text = end.join(lines)
    file = page(text)
    assert file.encode(file.pieces.source).decode() == text
    new = file.pieces.source.replace("import a", "import b")
    count = file.pieces.source.count("import a")
    assert file.encode(new).decode().count("import b") == count
