"""The cache gives what a run without it gives, whatever changes between two runs; and it is never in the way."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from ssot_lsp import cache, repository
from ssot_lsp.cache import Slot
from ssot_lsp.project import Project
from ssot_lsp.records import Record, TextOnDisk, pack, unpack
from ssot_lsp.remembered import remembered
from ssot_lsp.repository import Done
from ssot_lsp.screen import Look
from ssot_lsp.sweep import check_file
from tests.trees import write

_NAMES = ("alpha", "beta", "gamma", "Delta", "_hidden")
_MODULES = ("p", "p.a", "p.b", "p.q", "p.q.c", "p.q.d", "n.e", "tests.f", "tests.g", "top")
REGISTRY = """{"version": 1, "packages": ["p", "n", "tests", "top"], "entries": [
  {"canonical": "p.b:beta", "deprecated": ["p.a:beta"]},
  {"canonical": "p.q", "deprecated": ["p.old"]},
  {"canonical": "p.q.c:Delta", "deprecated": ["n.e:Delta"]},
  {"canonical": null, "deprecated": ["p.b:gamma"]}%s
]}"""
EXCLUSIVE = ', {"canonical": "p.q.d:alpha", "deprecated": ["p.gone:alpha"], "exclusive": true}'


def _check(project: Project, path: Path, look: Look) -> Record:
    return pack(check_file(project, path, look, with_edits=False))


def _run(project: Project, files: Sequence[str]) -> Iterator[Done]:
    for _, done in repository.process(project, files, _check, remembers=True):
        yield done


def _fresh(root: Path) -> list[Record]:
    project = Project.load(root)
    files = list(project.find_files([root]))
    return [found.value for _, done in repository.process(project, files, _check) for found in done.found]


def _cached(root: Path, slot: Slot, looked_at: list[str] | None = None) -> list[Record]:
    project = Project.load(root)
    files = list(project.find_files([root]))

    def run(files: Sequence[str]) -> Iterable[Done]:
        if looked_at is not None:
            looked_at.extend(Path(file).relative_to(root).as_posix() for file in files)
        return _run(project, files)

    return remembered(project, files, [], slot, run)


def _findings(records: Iterable[Record]) -> list[Record]:
    """The records that say something: a file that has nothing to say may or may not have been looked at closely."""
    return [record for record in records if record[1] or record[2]]


def _line(choose: random.Random) -> str:
    module, name = choose.choice(_MODULES), choose.choice(_NAMES)
    return choose.choice(
        [
            f"from {module} import {name}",
            f"from {module} import {name} as {choose.choice(_NAMES)}",
            f"from .{choose.choice('abcdq')} import {name}",
            f"from {module} import *",
            f"import {module}",
            f"from {choose.choice('fge')} import {name}",
            f"import {choose.choice('pfg')}.{choose.choice('abfg')}",
            f"import sys; sys.path.append('{choose.choice(['n', 'tests'])}')",
            f"import {module}\nprint({module}.{name})",
            "from p.old import c",
            f"class {name}: pass",
            f"def {name}(): pass",
            f"{name} = 1",
            f"__all__ = ['{name}']",
            f"__all__ += ['{name}']",
            f"del {name}",
            f"try:\n    from {module} import {name}\nexcept ImportError:\n    {name} = None",
            f"import unittest.mock as mock\nmock.patch('{module}.{name}')",
            f"print({name})  # ssot: ignore[SSOT001] until=2020-01-01",
            "def __getattr__(name): return name",
            "",
        ]
    )


def _path(root: Path, module: str, choose: random.Random) -> Path:
    base = root.joinpath(*module.split("."))
    is_package = base.is_dir() if base.is_dir() or base.with_suffix(".py").exists() else choose.random() < 0.3
    return base / "__init__.py" if is_package else base.with_suffix(".py")


def _mutate(root: Path, choose: random.Random) -> None:
    path = _path(root, choose.choice(_MODULES), choose)
    if path.exists() and choose.random() < 0.2:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = path.read_text().splitlines() if path.exists() else []
    if choose.random() < 0.2:
        lines = lines[: choose.randrange(len(lines) + 1)]
    path.write_text("\n".join([*lines, *(_line(choose) for _ in range(choose.randrange(4)))]) + "\n")


@pytest.mark.parametrize("seed", range(60))
def test_what_is_remembered_is_what_a_fresh_look_finds(tmp_path: Path, seed: int) -> None:
    """Files are made, changed, emptied and removed at random; each time both ways of looking see the same."""
    choose = random.Random(seed)
    root = tmp_path / "root"
    root.mkdir()
    (root / "registry.json").write_text(REGISTRY % (EXCLUSIVE if seed % 4 == 0 else ""))
    slot = Slot(tmp_path / "cache" / "x.cache", "key")
    for _ in range(40):
        _mutate(root, choose)
    for _ in range(12):
        assert _findings(_cached(root, slot)) == _findings(_fresh(root))
        for _ in range(choose.randrange(4)):
            _mutate(root, choose)


def _workspace(root: Path) -> Path:
    (root / "registry.json").write_text(REGISTRY % "")
    texts = {
        "p/__init__.py": "",
        "p/a.py": "def alpha(): pass\ndef beta(): pass\n",
        "p/b.py": "from p.a import alpha, beta\n",
        "p/c.py": "from p.a import missing\n",
        "p/d.py": "from p.a import alpha\n",
        "top.py": "import os\n",
    }
    return write(root, texts)


def test_only_what_rests_on_a_change_is_looked_at_again(tmp_path: Path) -> None:
    """A comment changes nothing for others; a name that comes is news for who misses it, one that goes for all."""
    root = tmp_path / "root"
    root.mkdir()
    _workspace(root)
    slot = Slot(tmp_path / "x.cache", "key")
    _cached(root, slot)

    def looked_at() -> list[str]:
        files: list[str] = []
        _cached(root, slot, files)
        return files

    assert looked_at() == []
    (root / "p/d.py").write_text("from p.a import alpha\n# a comment\n")
    assert looked_at() == ["p/d.py"]
    (root / "p/a.py").write_text("def alpha(): pass\ndef beta(): pass\ndef missing(): pass\n")
    assert {"p/a.py", "p/c.py"} <= set(looked_at()) < {"p/a.py", "p/b.py", "p/c.py", "p/d.py", "top.py"}
    (root / "top.py").touch()
    assert looked_at() == []  # other times, but the same bytes
    (root / "p/a.py").write_text("def beta(): pass\n")
    assert "p/d.py" in looked_at()  # which imports a name that has gone


def test_a_file_in_which_something_was_found_rests_on_its_other_imports_too(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    _workspace(root)
    (root / "p/c.py").write_text("from p.a import alpha\nfrom p.something_else import it\n")
    slot = Slot(tmp_path / "x.cache", "key")
    _cached(root, slot)
    (root / "p/a.py").write_text("def beta(): pass\n")
    assert _findings(_cached(root, slot)) == _findings(_fresh(root))


def test_modules_that_no_one_lists_are_watched_too(tmp_path: Path) -> None:
    """A generated module that git ignores is not checked, but imports of it are fine as long as it is there."""
    root = tmp_path / "root"
    root.mkdir()
    _workspace(root)
    (root / ".gitignore").write_text("version.py\n")
    (root / "top.py").write_text("from p.version import number\n")
    slot = Slot(tmp_path / "x.cache", "key")
    for text in (None, "number = 1\n", "numbers = 1, 2\n", None):
        if text is None:
            (root / "p/version.py").unlink(missing_ok=True)
        else:
            (root / "p/version.py").write_text(text)
        assert _cached(root, slot) == _cached(root, slot)
        assert _findings(_cached(root, slot)) == _findings(_fresh(root))


@pytest.mark.parametrize("damage", ["", "ssot-lsp cache 1", "truncated", "flipped", "[]", "deep"])
def test_a_damaged_cache_counts_as_none(tmp_path: Path, damage: str) -> None:
    """Whatever became of the file, the run finds what it would find without, and leaves a whole one behind."""
    root = tmp_path / "root"
    root.mkdir()
    _workspace(root)
    slot = Slot(tmp_path / "x.cache", "key")
    expected = _cached(root, slot)
    data = slot.path.read_bytes()
    broken = {
        "truncated": data[: len(data) // 2],
        "flipped": data.replace(b"alpha", b"alphb"),
        "deep": data.partition(b"\n")[0] + b"\n" + b"[" * 100_000,
    }
    slot.path.write_bytes(broken.get(damage, damage.encode()))
    assert _cached(root, slot) == expected
    assert slot.load() is not None
    assert Slot(slot.path, "another key").load() is None


def test_what_cannot_be_written_is_not_missed(tmp_path: Path) -> None:
    """A file where the folder should be: there is no cache, and no error."""
    root = tmp_path / "root"
    root.mkdir()
    _workspace(root)
    (tmp_path / "file").write_text("")
    slot = Slot(tmp_path / "file" / "x.cache", "key")
    assert _cached(root, slot) == _fresh(root)


def test_the_cache_has_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was longest not used goes first."""
    monkeypatch.setattr(cache, "LARGEST", 5_000)
    for number in range(5):
        slot = Slot(tmp_path / f"{number}.cache", "key")
        slot.store(["x" * 1_500])
        os.utime(slot.path, (number, number))
    Slot(tmp_path / "last.cache", "key").store(["y"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2.cache", "3.cache", "4.cache", "last.cache"]


def test_a_report_travels_as_plain_data(tmp_path: Path) -> None:
    """What is printed of a report is the same after it was packed and unpacked."""
    root = tmp_path / "root"
    root.mkdir()
    _workspace(root)
    project = Project.load(root)
    report = check_file(project, root / "p/b.py")
    again = unpack(pack(report), TextOnDisk)
    assert pack(again) == pack(report)
    assert again.text.source == report.text.source
    assert [d.related[0].location.text.line(0) for d in again.diagnostics if d.related] == [
        d.related[0].location.text.line(0) for d in report.diagnostics if d.related
    ]
