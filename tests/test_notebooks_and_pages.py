"""Notebooks and Markdown pages from the command line: checked, fixed, told of, and never spoiled."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.test_cli import found, no_environment, root, run, tree

__all__ = ["no_environment", "root"]

RENAMED = {
    "version": 1,
    "packages": ["pkg"],
    "entries": [
        {"canonical": "pkg.new:Better", "deprecated": ["pkg.old:Worse"]},
        {"canonical": "pkg.new:B", "deprecated": ["pkg.old:B"]},
    ],
}
PACKAGE = {
    "registry.json": json.dumps(RENAMED),
    "pkg/new.py": "class Better: ...\nB = 1\n",
    "pkg/old.py": "from pkg.new import B, Better as Worse\n",
}
CELL = re.compile(r"^# %%( \[markdown\])?\n", re.MULTILINE)


@pytest.fixture(autouse=True)
def moved(root: Path) -> None:
    tree(root, PACKAGE)


def notebook(text: str) -> str:
    """A notebook, from text in which each cell begins with `# %%` or `# %% [markdown]`."""
    _, *parts = CELL.split(text)
    cells: list[object] = [
        {"cell_type": "markdown" if kind else "code", "metadata": {}, "source": source.splitlines(keepends=True)}
        | ({} if kind else {"execution_count": 3, "outputs": [{"output_type": "stream", "text": ["old: é\n"]}]})
        for kind, source in zip(parts[::2], parts[1::2], strict=True)
    ]
    value = {"cells": cells, "metadata": {"kernelspec": {"language": "python"}}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


NOTEBOOKS = {
    "a name that another cell uses": (
        "# %%\nfrom pkg.old import Worse\n# %% [markdown]\nfrom pkg.old import Worse\n# %%\nx = Worse()\n",
        "# %%\nfrom pkg.new import Better\n# %% [markdown]\nfrom pkg.old import Worse\n# %%\nx = Better()\n",
    ),
    "a name that only IPython sees stays": (
        "# %%\nfrom pkg.old import Worse\n# %%\n%time Worse()\n",
        "# %%\nfrom pkg.new import Better as Worse\n# %%\n%time Worse()\n",
    ),
    "magic beside what moves": (
        "# %%\n%load_ext x\nfrom pkg.old import (\n    B,  # why\n    Worse,\n)\n!ls \\\n  {B}\n"
        "# %%\nawait Worse(B)\nWorse?\n",
        "# %%\n%load_ext x\nfrom pkg.new import (\n    B,  # why\n    Better as Worse,\n)\n!ls \\\n  {B}\n"
        "# %%\nawait Worse(B)\nWorse?\n",
    ),
    "cells that are no Python": (
        "# %%\n%%bash\nfrom pkg.old import B\n# %%\n%%time\nfrom pkg.old import B\n# %%\na b\n# %%\nprint(B)\n",
        "# %%\n%%bash\nfrom pkg.old import B\n# %%\n%%time\nfrom pkg.new import B\n# %%\na b\n# %%\nprint(B)\n",
    ),
    "each cell keeps its own imports": (
        "# %%\nfrom pkg.new import Better\n# %%\nfrom pkg.old import B\nprint(B, Better)\n",
        "# %%\nfrom pkg.new import Better\n# %%\nfrom pkg.new import B\nprint(B, Better)\n",
    ),
    "a use without its import": (
        "# %%\nimport pkg.old\n# %%\nprint(pkg.old.B)\n",
        "# %%\nimport pkg.new\n# %%\nprint(pkg.new.B)\n",
    ),
    "a comment that silences": (
        "# %%\nfrom pkg.old import B  # ssot: ignore[SSOT001]\n# %%\nfrom pkg.old import Worse\n",
        "# %%\nfrom pkg.old import B  # ssot: ignore[SSOT001]\n# %%\nfrom pkg.new import Better\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), NOTEBOOKS.values(), ids=NOTEBOOKS)
def test_a_notebook_is_fixed_and_nothing_else_in_it_changes(root: Path, before: str, after: str) -> None:
    tree(root, {"a.ipynb": notebook(before)})
    assert run("fix", "a.ipynb").exit_code == 0
    assert (root / "a.ipynb").read_text("utf-8") == notebook(after)
    assert run("check", "a.ipynb").exit_code == 0


def test_where_something_is_in_a_notebook(root: Path) -> None:
    text = notebook("# %% [markdown]\n# Title\n# %%\nimport os\n\n%ls\nfrom pkg.old import B\n")
    tree(root, {"notes/a.ipynb": text})
    assert run("check", "--output-format", "concise").stdout.startswith("notes/a.ipynb:cell 2:4:21: SSOT001 [*] ")
    assert "4 | from pkg.old import B\n  |                     ^\n" in run("check").stdout
    (listed,) = found(run("check", "--output-format", "json"))
    assert (listed["cell"], listed["location"]) == (2, {"row": 4, "column": 21})
    assert listed["fix"]["edits"] == [
        {
            "cell": 2,
            "content": "new",
            "location": {"row": 4, "column": 10},
            "end_location": {"row": 4, "column": 13},
        }
    ]
    row = text.split("\n").index('    "from pkg.old import B\\n"') + 1
    assert f"line={row},endLine={row}" in run("check", "--output-format", "github").stdout
    (result,) = json.loads(run("check", "--output-format", "sarif").stdout)["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == row
    assert "fixes" not in result  # they would be told in columns of the JSON


def test_what_was_found_is_remembered_as_it_was_told(root: Path) -> None:
    tree(root, {"a.ipynb": notebook("# %%\nfrom pkg.old import B\n"), **{f"{n}.py": "" for n in range(9)}})
    tree(root, {"p.md": "\n```python\nfrom pkg.old import B\n```\n"})
    outputs = [run("check", "--include-docs", "--output-format", "full").stdout for _ in range(2)]
    assert outputs[0] == outputs[1]
    assert "a.ipynb:cell 1:1:21" in outputs[0]
    assert "p.md:3:21" in outputs[0]
    assert outputs[0] == run("check", "--include-docs", "--no-cache").stdout


def test_what_a_notebook_imports_from_a_module_stays_there(root: Path) -> None:
    tree(root, {"pkg/middle.py": "from pkg.old import Worse\nprint(Worse)\n"})
    tree(root, {"a.ipynb": notebook("# %%\nfrom pkg.middle import Worse\n")})
    run("fix", "pkg/middle.py")
    assert (root / "pkg/middle.py").read_text() == "from pkg.new import Better as Worse\nprint(Worse)\n"
    (root / "a.ipynb").write_text(notebook("# %%\nprint('Worse')\n"))
    tree(root, {"pkg/middle.py": "from pkg.old import Worse\nprint(Worse)\n"})
    run("fix", "pkg/middle.py")
    assert (root / "pkg/middle.py").read_text() == "from pkg.new import Better\nprint(Better)\n"


@pytest.mark.parametrize("data", [b"{", b'import\xff"', b'{"nbformat": 4, "import": 1}'])
def test_a_notebook_that_cannot_be_read_is_left_alone(root: Path, data: bytes) -> None:
    data = data + b" import"
    (root / "a.ipynb").write_bytes(data)
    assert [d["code"] for d in found(run("check", "--output-format", "json"))] == ["SSOT092"]
    assert run("fix").exit_code == 1
    assert (root / "a.ipynb").read_bytes() == data


def test_cells_that_do_not_parse_are_told(root: Path) -> None:
    tree(root, {"a.ipynb": notebook("# %%\nimport os\n# %%\na b\n# %%\nc d\n")})
    result = run("check")
    assert (result.exit_code, result.stderr) == (0, "note: a.ipynb: cells 2, 3 left alone: no Python that parses\n")


PAGE = """\
# How to

1. First

   ```python
   from pkg.old import (
       B,
       Worse,
   )
   ```

Then, with `Worse`:

```py
Worse(B)
```

<!-- ssot: ignore -->
```python
from pkg.old import Worse
```
"""
PAGE_FIXED = """\
# How to

1. First

   ```python
   from pkg.new import (
       B,
       Better,
   )
   ```

Then, with `Worse`:

```py
Better(B)
```

<!-- ssot: ignore -->
```python
from pkg.old import Worse
```
"""


@pytest.mark.parametrize("how", ["option", "setting", "name"])
def test_pages_where_they_are_wanted(root: Path, how: str) -> None:
    tree(root, {"docs/how.md": PAGE})
    assert run("fix").exit_code == 0
    assert (root / "docs/how.md").read_text() == PAGE
    if how == "setting":
        tree(root, {"pyproject.toml": "[tool.ssot-lsp]\ninclude-docs = true\n"})
    arguments = {"option": ["--include-docs"], "setting": [], "name": ["docs/how.md"]}[how]
    listed = run("check", *arguments, "--output-format", "concise").stdout.splitlines()
    assert [line.split(" ")[0] for line in listed] == ["docs/how.md:7:8:", "docs/how.md:8:8:"]
    assert run("fix", *arguments).exit_code == 0
    assert (root / "docs/how.md").read_text() == PAGE_FIXED


def test_the_edits_of_an_indented_block_are_told_as_they_are_to_be_written(root: Path) -> None:
    text = "- a\n\n  ```python\n  from pkg.old import B, Kept\n  print(B, Kept)\n  ```\n"
    tree(root, {"a.md": text, "pkg/old.py": "from pkg.new import B\nKept = 1\n"})
    (listed,) = found(run("check", "a.md", "--output-format", "json"))
    rows = text.split("\n")
    for edit in reversed(listed["fix"]["edits"]):
        start, end = (edit[key] for key in ("location", "end_location"))
        before, after = rows[start["row"] - 1][: start["column"] - 1], rows[end["row"] - 1][end["column"] - 1 :]
        rows[start["row"] - 1 : end["row"]] = [f"{before}{edit['content']}{after}"]
    assert run("fix", "a.md").exit_code == 0
    assert (root / "a.md").read_text() == "\n".join(rows)
    assert "  from pkg.old import Kept\n  from pkg.new import B\n" in "\n".join(rows)


def test_a_wrong_setting_is_told(root: Path) -> None:
    tree(root, {"pyproject.toml": "[tool.ssot-lsp]\ninclude-docs = 'yes'\n"})
    assert "pyproject.toml:2: tool.ssot-lsp.include-docs: expected true or false" in run("check").stderr
