"""`registry bridge`: what it writes, refuses and tells, and which bridges it deletes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ssot_lsp.registry.bridge import OPENING
from tests.test_cli import codes, found, run, snapshot
from tests.trees import write

Entries = Mapping[str, str | None]
"""Canonical paths, or none, by what they replace."""
FILES = {
    "pkg/__init__.py": "",
    "pkg/new.py": "__all__ = ['A', 'B']\nclass A: ...\nclass B: ...\nhidden = 1\n",
    "pkg/loop.py": "import pkg.round\n\nclass L: ...\n",
    "pkg/many/__init__.py": "class P: ...\n",
    "pkg/many/core.py": "class Q: ...\n",
}
ENTRIES: Entries = {
    "pkg.old:A": "pkg.new:A",
    "pkg.old:Renamed": "pkg.new:B",
    "pkg.old:Gone": None,
    "pkg.round:L": "pkg.loop:L",
    "pkg.whole": "pkg.many",
    "lost.deep.place:A": "pkg.new:A",
    "lost:B": "pkg.new:B",
    "pkg.bad:A": "pkg.new:A",
    "pkg.bad:C": "pkg.new:C",
    "pkg.bad:D": "pkg.nowhere:D",
    "elsewhere.old:A": "pkg.new:A",
    "pkg.off": None,
}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace, in which we are."""
    write(tmp_path, {**FILES, "registry.json": registry(ENTRIES)})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def registry(moves: Entries) -> str:
    entries = [{"canonical": canonical, "deprecated": [deprecated]} for deprecated, canonical in moves.items()]
    return json.dumps({"version": 1, "packages": ["pkg", "lost"], "entries": entries})


def new(root: Path) -> list[str]:
    """The files that are there besides the first ones."""
    return sorted({*snapshot(root)} - {*FILES, "registry.json"})


# the arguments; the exit code; the files written; what is told
WRITTEN: dict[str, tuple[list[str], int, list[str], list[str]]] = {
    "a module": (["pkg.old"], 0, ["pkg/old.py"], ["wrote pkg/old.py: 2 names"]),
    "by a reference": (["pkg.old:Renamed"], 0, ["pkg/old.py"], ["wrote pkg/old.py: 2 names"]),
    "each once": (["pkg.old:A", "pkg.old"], 0, ["pkg/old.py"], ["wrote pkg/old.py: 2 names"]),
    "a circle": (
        ["pkg.round"],
        0,
        ["pkg/round.py"],
        ["wrote pkg/round.py: 1 name, imported when asked for, since `pkg.loop` imports this module"],
    ),
    "a package": (["pkg.whole"], 0, ["pkg/whole/__init__.py"], ["wrote pkg/whole/__init__.py: 1 name"]),
    "a module in what was a package": (
        ["pkg.whole.core", "pkg.whole"],
        0,
        ["pkg/whole/__init__.py", "pkg/whole/core.py"],
        ["wrote pkg/whole/__init__.py: 1 name", "wrote pkg/whole/core.py: 1 name"],
    ),
    "with packages": (
        ["lost.deep.place"],
        0,
        ["lost/__init__.py", "lost/deep/__init__.py", "lost/deep/place.py"],
        ["wrote lost/__init__.py", "wrote lost/deep/__init__.py", "wrote lost/deep/place.py: 1 name"],
    ),
    "all": (
        ["--all"],
        1,
        [
            *("lost/__init__.py", "lost/deep/__init__.py", "lost/deep/place.py"),
            *("pkg/old.py", "pkg/round.py", "pkg/whole/__init__.py"),
        ],
        ["error: pkg.bad: not written", "wrote lost/__init__.py: 1 name", "wrote lost/deep/__init__.py"],
    ),
    "what is not there": (
        ["pkg.bad", "pkg.old"],
        1,
        ["pkg/old.py"],
        [
            "error: pkg.bad: not written: ",
            "`C` is to be `pkg.new:C`.",
            "`D` is to be `pkg.nowhere:D`.",
            "wrote pkg/old",
        ],
    ),
    "what has no place": (["pkg.off"], 1, [], ["error: pkg.off: not written: no entry tells of a name"]),
    "somebody else's": (["elsewhere.old"], 1, [], ["error: elsewhere.old: not written: it is in none of the first"]),
    "what nobody speaks of": (["pkg.old", "pkg.new"], 2, [], ["error: pkg.new: the registry says nothing of it"]),
    "a name that nobody speaks of": (["pkg.old:Z"], 2, [], ["error: pkg.old:Z: the registry says nothing of it"]),
    "no reference": (["pkg/old.py"], 2, [], ["error: pkg/old.py: "]),
    "nothing": ([], 2, [], ["name the deprecated modules, or give --all"]),
    "both": (["pkg.old", "--all"], 2, [], ["name the deprecated modules, or give --all"]),
    "all, to be removed": (["--remove", "--all"], 2, [], ["error: --remove looks at all bridges anyway"]),
}


@pytest.mark.parametrize(("arguments", "code", "files", "told"), WRITTEN.values(), ids=WRITTEN)
def test_writing(arguments: list[str], code: int, files: list[str], told: list[str], root: Path) -> None:
    before = snapshot(root)
    shown = run("registry", "bridge", *arguments, "--diff")
    assert snapshot(root) == before
    assert shown.exit_code == (code if code == 2 else 1 if files else code)
    done = run("registry", "bridge", *arguments)
    assert (done.exit_code, new(root)) == (code, files), done.output
    assert all(line in done.output for line in told), done.output
    assert before.items() <= snapshot(root).items()
    if files:  # what was shown is what was written
        write(root / "patched", {name: text.decode() for name, text in before.items()})
        subprocess.run(["git", "init", "-q", "patched"], cwd=root, check=True, timeout=60)
        command = ["git", "apply", "--whitespace=error-all", "-"]
        subprocess.run(command, cwd=root / "patched", input=shown.stdout.encode(), check=True, timeout=60)
        for name in files:
            assert (root / "patched" / name).read_bytes() == (root / name).read_bytes()


def test_a_bridge_works_and_is_clean(root: Path) -> None:
    """Importers are warned by Python and by `check`, which has nothing to say of the bridges; `fix` moves them on."""
    user = "from pkg.old import A, Renamed\nfrom pkg.round import L\nimport pkg.whole\n\n"
    user += "print(A, Renamed, L, pkg.whole.P)\n"
    entries = {**ENTRIES, "pkg.old:hidden": "pkg.new:hidden"}
    write(root, {"user.py": user, "registry.json": registry({k: v for k, v in entries.items() if "bad" not in k})})
    severities = [
        one["severity"] for one in found(run("check", "user.py", "--select", "SSOT0", "--output-format", "json"))
    ]
    assert {*severities} == {"error"}
    lint = {one["code"] for one in found(run("registry", "lint", "--output-format", "json"))}
    assert run("registry", "bridge", "--all").exit_code == 0
    assert {
        one["severity"] for one in found(run("check", "user.py", "--select", "SSOT0", "--output-format", "json"))
    } == {"warning"}
    assert codes(run("check", "pkg", "lost", "--output-format", "json", "--ignore", "SSOT1")) == []
    assert {one["code"] for one in found(run("registry", "lint", "--output-format", "json"))} <= lint
    python = [sys.executable, "-B", "-W", "always", "user.py"]
    done = subprocess.run(python, cwd=root, capture_output=True, encoding="utf-8", check=True, timeout=60)
    assert done.stdout == "<class 'pkg.new.A'> <class 'pkg.new.B'> <class 'pkg.loop.L'> <class 'pkg.many.P'>\n"
    places = [line.split(":")[1] for line in done.stderr.splitlines() if "DeprecationWarning" in line]
    assert places == ["1", "2", "3"], done.stderr
    assert run("fix", "user.py", "--select", "SSOT0").exit_code == 0
    assert "pkg.old" not in (root / "user.py").read_text()


# what stands in the way; what is told of it
IN_THE_WAY = {
    "a module": ({"pkg/old.py": "x = 1\n"}, "pkg/old.py is there already, and lacks `A` (`pkg.new:A`), `Renamed` (`"),
    "a whole module": ({"pkg/old.py": "A = Renamed = 1\n"}, "pkg/old.py is there already\n"),
    "a package": ({"pkg/old/__init__.py": "A = Renamed = 1\n"}, "pkg/old/__init__.py is there already\n"),
    "a folder": ({"pkg/old/data.txt": ""}, "pkg/old is there already, and lacks"),
    "a file": ({"pkg/old": ""}, "something is in its way"),
}


@pytest.mark.parametrize(("files", "told"), IN_THE_WAY.values(), ids=IN_THE_WAY)
def test_nothing_is_overwritten(files: dict[str, str], told: str, root: Path) -> None:
    write(root, files)
    before = snapshot(root)
    done = run("registry", "bridge", "pkg.old")
    assert (done.exit_code, snapshot(root)) == (1, before)
    assert f"error: pkg.old: not written: {told}" in done.output


@pytest.mark.parametrize(("module", "canonical"), [("pkg.old", "pkg.new:A"), ("pkg.round", "pkg.loop:L")])
def test_what_a_bridge_lacks_is_told(module: str, canonical: str, root: Path) -> None:
    assert run("registry", "bridge", module).exit_code == 0
    write(root, {"registry.json": registry({**ENTRIES, f"{module}:More": canonical})})
    told = f"{module.replace('.', '/')}.py is there already, a bridge, and lacks `More` (`{canonical}`)\n"
    assert run("registry", "bridge", module).output == f"error: {module}: not written: {told}"


def test_what_else_is_asked_for_is_told(root: Path) -> None:
    write(root, {"a.py": "\nfrom pkg.old import A, Gone, __doc__\n", "b.py": "import pkg.old\npkg.old.Other\n"})
    told = "`Gone` (a.py:2), `Other` (b.py:2)"
    assert (
        f"note: pkg.old: asked for too, and in no place to which an entry leads: {told}\n"
        in run("registry", "bridge", "pkg.old").output
    )


def test_a_failure_leaves_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def fail(source: Path, path: Path) -> None:
        if path.name == "place.py":
            path.write_text("theirs")
        link(source, path)

    monkeypatch.setattr(os, "link", fail)
    done = run("registry", "bridge", "lost.deep.place")
    assert done.exit_code == 1 and "not written: lost/deep/place.py: File exists" in done.output
    assert new(root) == ["lost/deep/place.py"] and (root / "lost/deep/place.py").read_text() == "theirs"


def test_without_a_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("registry", "bridge", "pkg.old")
    assert (done.exit_code, done.output.splitlines()[-1]) == (2, "error: there is no registry")


# Deleting: other files; whether the bridges at `pkg.old`, `pkg.round` and `lost.deep.place` are still asked for
ASKING: dict[str, tuple[dict[str, str], bool]] = {
    "nobody": ({"a.py": "import pkg.new, other.old\nfrom pkg import new\nold = 1\nnew.old\n"}, False),
    "a comment": ({"a.py": "# import pkg.old, 'pkg.old'\n"}, False),
    "a comment about what is imported": ({"a.py": "import pkg.new  # was pkg.old\npkg.new.A  # pkg.old.A\n"}, False),
    "a comment in settings": ({"a.toml": "# pkg.old\n"}, False),
    "an attribute behind a parenthesis": ({"a.py": "import pkg\n(pkg).old\n"}, True),
    "an entry point in setup.py": ({"setup.py": "setup(scripts=['run = pkg.old:A'])\n"}, True),
    "an example": ({"a.py": 'def f():\n    """\n    >>> x = pkg.old.A()\n    """\n'}, True),
    "a workflow": ({".github/workflows/ci.yml": "run: python -m pkg.old\n"}, True),
    "a script of a shell": ({"ci/run.sh": "python -m pkg.old\n"}, True),
    "a name": ({"a.py": "from pkg.old import A\n"}, True),
    "the module": ({"a.py": "import pkg.old as o\n"}, True),
    "the module from its package": ({"a.py": "from pkg import old\n"}, True),
    "a star": ({"a.py": "from pkg.old import *\n"}, True),
    "a relative import": ({"pkg/a.py": "from .old import A\n"}, True),
    "a relative import of the module": ({"pkg/many/a.py": "from .. import old\n"}, True),
    "an attribute": ({"a.py": "import pkg\nprint(pkg . old)\n"}, True),
    "an attribute by another name": ({"a.py": "import pkg as p\np.old.A\n"}, True),
    "in a function": ({"a.py": "def f():\n    from pkg.old import A\n"}, True),
    "for type checkers": ({"a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pkg.old\n"}, True),
    "a fallback": ({"a.py": "try:\n    from pkg.new import A\nexcept ImportError:\n    from pkg.old import A\n"}, True),
    "to fail": ({"a.py": "import pytest\nwith pytest.raises(ImportError):\n    import pkg.old\n"}, True),
    "silenced": ({"a.py": "# ssot: ignore-file\nimport pkg.old  # noqa: SSOT001\n"}, True),
    "excluded": (
        {"a/a.py": "import pkg.old\n", "pyproject.toml": '[tool.ssot-lsp]\nexclude = ["a/**"]\n'},
        True,
    ),
    "ignored by git": ({".gitignore": "a.py\n", "a.py": "import pkg.old\n"}, False),
    "a patch": ({"a.py": "from unittest import mock\nmock.patch('pkg.old.A')\n"}, True),
    "a path in any string": ({"a.py": 'APPS = ["pkg.old"]\n'}, True),
    "a reference": ({"a.py": "x = 'pkg.old:A'\n"}, True),
    "the beginning of a path": ({"a.py": "x = f'pkg.old.{y}'\n"}, True),
    "a relative path": ({"a.py": "import_module('.old', 'pkg')\n"}, True),
    "another path": ({"a.py": "x = 'pkg.older', 'other.pkg.old', 'pkg.new.old'\n"}, False),
    "the list of its package": ({"pkg/__init__.py": "__all__ = ['old']\n"}, True),
    "a script beside it": ({"pkg/a.py": "import old\n"}, True),
    "a script that finds it": ({"t/a.py": "import sys\nsys.path.append('pkg')\nimport old\n"}, True),
    "by another root": ({"a.py": "from src.pkg.old import A\n"}, False),
    "a notebook": (
        {
            "a.ipynb": json.dumps(
                {
                    "cells": [
                        {
                            "cell_type": "code",
                            "source": "import pkg.old",
                            "metadata": {},
                            "outputs": [],
                            "execution_count": None,
                        }
                    ],
                    "nbformat": 4,
                    "nbformat_minor": 5,
                    "metadata": {},
                }
            )
        },
        True,
    ),
    "a stub": ({"a.pyi": "from pkg.old import A as A\n"}, True),
    "what is no Python": ({"a.py": "import sys\ndef old(:\n"}, True),
    "what is no text": ({"a.py": "# coding: no-such\nold\n"}, True),
    "no Python, and no word of it": ({"a.py": "def (:\n"}, False),
    "a broken notebook": ({"a.ipynb": "{ old"}, True),
    "an entry point": ({"pyproject.toml": '[project.scripts]\nrun = "pkg.old:A"\n'}, True),
    "an entry point of setuptools": (
        {"setup.cfg": "[options.entry_points]\nconsole_scripts =\n  run = pkg.old:A\n"},
        True,
    ),
    "a command": ({"ci/job.yml": "run: python -m pkg.old --all\n"}, True),
    "the registry": ({"registry.json": registry({"pkg.x:B": "pkg.old:B"})}, True),
    "other settings": ({"tox.ini": "x = pkg.older\n"}, False),
}


@pytest.mark.parametrize(("files", "is_asked"), ASKING.values(), ids=ASKING)
def test_only_what_nobody_asks_for_is_deleted(files: dict[str, str], is_asked: bool, root: Path) -> None:
    assert run("registry", "bridge", "pkg.old").exit_code == 0
    write(root, files)
    before = snapshot(root)
    done = run("registry", "bridge", "--remove")
    assert done.exit_code == 0
    if is_asked:
        assert snapshot(root) == before
        assert done.output.startswith("kept pkg/old.py: asked for in ")
    else:
        assert {*before} - {*snapshot(root)} == {"pkg/old.py"}
        assert done.stdout == "deleted pkg/old.py\n"


def test_a_path_by_another_root_is_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {f"src/{name}": text for name, text in FILES.items()})
    write(tmp_path, {"registry.json": registry(ENTRIES), "t.py": "from src.pkg.old import A\n", "pkg.txt": ""})
    assert run("registry", "bridge", "pkg.old").exit_code == 0
    assert run("registry", "bridge", "--remove").stdout == "kept src/pkg/old.py: asked for in t.py:1\n"


def test_a_package_goes_with_the_last_thing_in_it(root: Path) -> None:
    run("registry", "bridge", "lost.deep.place")
    write(root, {"lost/deep/__pycache__/place.cpython-311.pyc": "", "lost/__pycache__/__init__.cpython-311.pyc": ""})
    shown = run("registry", "bridge", "--remove", "--diff")
    assert shown.exit_code == 1 and shown.stdout.count("deleted file mode") == 3
    assert (root / "lost/deep/place.py").exists()
    done = run("registry", "bridge", "--remove", "lost.deep.place")
    names = ["lost/deep/place.py", "lost/deep/__init__.py", "lost/__init__.py"]
    assert (done.exit_code, done.output.splitlines()) == (0, [f"deleted {name}" for name in names])
    assert not (root / "lost").exists()


# what else is in the packages; what is left of them
LEFT = {
    "another file": ({"lost/data.txt": "x"}, ["lost/__init__.py", "lost/data.txt"]),
    "a text": ({"lost/deep/__init__.py": "x = 1\n"}, ["lost/__init__.py", "lost/deep/__init__.py"]),
    "a list of packages": (
        {"pyproject.toml": "[tool.setuptools]\npackages = ['lost']\n"},
        ["lost/__init__.py", "pyproject.toml"],
    ),
    "an importer of the package": (
        {"a.py": "import lost.deep\n"},
        ["a.py", "lost/__init__.py", "lost/deep/__init__.py"],
    ),
}


@pytest.mark.parametrize(("files", "left"), LEFT.values(), ids=LEFT)
def test_a_package_stays_with_what_is_in_it(files: dict[str, str], left: list[str], root: Path) -> None:
    run("registry", "bridge", "lost.deep.place")
    write(root, files)
    assert run("registry", "bridge", "--remove").exit_code == 0
    assert new(root) == left


def test_a_bridge_to_which_another_one_leads_waits_for_that(root: Path) -> None:
    run("registry", "bridge", "pkg.old")
    (root / "pkg/new.py").rename(root / "pkg/newest.py")
    write(root, {"registry.json": registry({"pkg.new": "pkg.newest"}), "a.py": "import pkg.old\n"})
    assert run("registry", "bridge", "pkg.new").exit_code == 0
    done = run("registry", "bridge", "--remove")
    assert (
        done.stdout
        == "kept pkg/old.py: asked for in a.py:1\nkept pkg/new.py: asked for in pkg/old.py:5, pkg/old.py:6\n"
    )
    (root / "a.py").unlink()
    assert run("registry", "bridge", "--remove").stdout == "deleted pkg/old.py\ndeleted pkg/new.py\n"


def test_the_bridge_of_a_package_waits_for_those_in_it(root: Path) -> None:
    run("registry", "bridge", "pkg.whole", "pkg.whole.core")
    write(root, {"a.py": "from pkg.many.core import Q\nx = 'pkg.whole.core'\n"})
    assert run("registry", "bridge", "--remove").exit_code == 0
    assert new(root) == ["a.py", "pkg/whole/__init__.py", "pkg/whole/core.py"]
    (root / "a.py").unlink()
    assert run("registry", "bridge", "--remove").exit_code == 0
    assert new(root) == [] and not (root / "pkg/whole").exists()


# what is done to a bridge; whether it is still known for one
CHANGED: dict[str, tuple[Any, bool]] = {
    "nothing": (lambda data: data, True),
    "line ends of Windows": (lambda data: data.replace(b"\n", b"\r\n"), True),
    "other lines": (
        lambda data: data.replace(
            b"    DeprecationWarning,\n    stacklevel=2,\n", b"    DeprecationWarning, stacklevel=2\n"
        ),
        True,
    ),
    "a comment": (lambda data: data + b"# mine\n", False),
    "a name more": (lambda data: data.replace(b"import A", b"import A, B"), False),
    "another message": (lambda data: data.replace(b"is deprecated", b"is going"), False),
    "no text": (lambda data: data + b"\xff", False),
    "another module's": (lambda data: data.replace(b"pkg.old", b"pkg.other"), False),
    "nothing but its first line": (lambda data: OPENING.encode(), False),
}


@pytest.mark.parametrize(("change", "is_known"), CHANGED.values(), ids=CHANGED)
def test_only_what_is_as_it_was_written_is_deleted(change: Any, is_known: bool, root: Path) -> None:
    run("registry", "bridge", "pkg.old")
    path = root / "pkg/old.py"
    path.write_bytes(change(path.read_bytes()))
    write(root, {"registry.json": registry({"pkg.something:Other": "pkg.new:A"})})  # it need not speak of it any more
    done = run("registry", "bridge", "--remove")
    assert done.exit_code == 0 and path.exists() is not is_known
    kept = "kept pkg/old.py: it is no bridge, or no longer as it was written\n"
    assert done.stdout == ("deleted pkg/old.py\n" if is_known else kept)


def test_nothing_to_remove(root: Path) -> None:
    before = snapshot(root)
    assert (run("registry", "bridge", "--remove").exit_code, snapshot(root)) == (0, before)
    done = run("registry", "bridge", "--remove", "pkg.old", "pkg.new")
    assert (done.exit_code, snapshot(root)) == (0, before)
    assert "note: pkg.old: nothing is there" in done.output and "kept pkg/new.py: it is no bridge" in done.output


def test_a_file_that_is_not_ours_is_not_deleted(root: Path, tmp_path: Path) -> None:
    run("registry", "bridge", "pkg.old")
    os.link(root / "pkg/old.py", root / "pkg/again.txt")
    done = run("registry", "bridge", "--remove")
    assert done.exit_code == 1 and "error: pkg/old.py: not deleted: it has other hard links" in done.output
    assert (root / "pkg/old.py").exists()
