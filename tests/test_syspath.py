"""What is read of edits of `sys.path` is what Python makes of them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ssot_lsp.syspath import SysPath, read_sys_path

LITERAL = [
    "sys.path.insert(0, 'lib')",
    "sys.path.append('../lib/./x')",
    "sys.path.extend(['a', 'b/c'])",
    "sys.path += ['a', os.path.dirname(__file__)]",
    "sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'lib'))",
    "sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))",
    "sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.realpath(__file__))))",
    "sys.path.insert(0, os.path.normpath(os.path.join(__file__, os.pardir, os.pardir, 'lib')))",
    "sys.path.append(str(Path(__file__).parent / 'lib'))",
    "sys.path.append(str(Path(__file__).resolve().parents[1] / 'src'))",
    "sys.path.append(os.fspath(Path(__file__).absolute().parent.parent.joinpath('a', 'b')))",
    "sys.path.append(Path('a', 'b').as_posix())",
    "ROOT = Path(__file__).parent\nLIB = ROOT / 'lib'\nif str(LIB) not in sys.path: sys.path.insert(0, str(LIB))",
    "def f(): sys.path.append('lib')\nf()",
    "first = sys.path[0]\nsys.path.pop(0)\nsys.path.append('lib')",
]
OPEN = [
    "sys.path.append(os.environ['LIB'])",
    "sys.path.append(f'{x}/lib')",
    "sys.path.append(x + 'lib')",
    "sys.path.append('-'.join('ab'))",
    "sys.path.extend(x)",
    "sys.path = ['lib']",
    "sys.path[:0] = ['lib']",
    "sys.path[0] = 'lib'",
    "p = sys.path",
    "change(sys.path)",
    "sys.path.__iadd__(['lib'])",
    "x = 'a'\nx = 'b'\nsys.path.append(x)",
    "for x in ['a']: sys.path.append(x)",
    "def f(x): sys.path.append(x)",
    "sys.path.append(",
]


@pytest.mark.parametrize("source", LITERAL)
def test_what_is_literal_is_read(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = str(tmp_path / "a" / "b" / "c.py")
    before = ["somewhere", *sys.path]
    monkeypatch.setattr(sys, "path", [*before])
    exec(source, {"__file__": file, "sys": sys, "os": os, "Path": Path})
    added = {os.path.normpath(path) for path in sys.path if path not in before}
    found = read_sys_path(source, file)
    assert ({*found.added}, found.is_open) == (added, False)


@pytest.mark.parametrize("source", OPEN)
def test_what_is_not_literal_may_add_anything(source: str, tmp_path: Path) -> None:
    assert read_sys_path(source, str(tmp_path / "a.py")).is_open


def test_most_files_have_none() -> None:
    assert read_sys_path("import sys\nprint(sys.argv)\n", "/a.py") == SysPath()
