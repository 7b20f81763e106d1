"""The harness of `make bench`: what it builds and how it counts. Nothing is timed here."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from benchmarks import latency
from benchmarks.measure import (
    INTERVAL,
    Command,
    FailedError,
    Place,
    Process,
    Run,
    family,
    median,
    peak_memory,
    places,
    run,
)
from benchmarks.run import (
    Bench,
    Changes,
    Goal,
    Peak,
    Programs,
    Timed,
    Work,
    compare,
    environment,
    memory_table,
    table,
    works,
)
from benchmarks.tree import Part, Tree, build, choose, imported_names, module_name, spread, survey_of
from ssot_lsp.project import Project

FILES = {
    "big-1.0/big/app/__init__.py": "",
    "big-1.0/big/app/core.py": "class Engine: ...\n\nclass Lonely: ...\n\ndef start(): ...\n\nNAME = 1\n",
    "big-1.0/big/app/tools.py": "def helper(): ...\n",
    "big-1.0/big/app/one.py": "from app.core import Engine, NAME\nfrom app.tools import helper\n",
    "big-1.0/big/app/two.py": "import os\nfrom app.core import (\n    Engine as E,  # used, below\n    start,\n)\n",
    "big-1.0/big/app/three.py": "def f():\n    from app.tools import helper\n    from app.core import Lonely\n",
    "big-1.0/big/app/.hidden/four.py": "from app.core import Engine\n",
}
PARTS = (Part("big", "app", "app"),)
LINE = re.compile(r"(?P<path>[^:]+):(?P<row>\d+): found")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    for name, content in FILES.items():
        path = tmp_path / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    return build(tmp_path / "corpus", PARTS, tmp_path / "tree", tmp_path / "settings", many=100)


def program(code: str) -> Command:
    return Command("python", "a task", (sys.executable, "-c", code), LINE)


def times(*seconds: float, found: int = 1) -> tuple[Run, ...]:
    return tuple(Run(second, second, (Place("a.py", 1),) * found) for second in seconds)


def test_the_tree_is_a_copy_that_mends_itself(tree: Tree, tmp_path: Path) -> None:
    names = [path.relative_to(tree.root).as_posix() for path in tree.files]
    assert names == [f"app/{name}.py" for name in ("__init__", "core", "one", "three", "tools", "two")]
    before = (tree.root / "registry.json").stat().st_mtime_ns
    (tree.root / "app" / "one.py").write_text("# edited")
    (tree.root / "app" / "left.py").write_text("")
    (tree.root / "app" / "two.py").unlink()
    assert build(tmp_path / "corpus", PARTS, tmp_path / "tree", tmp_path / "settings", many=100) == tree
    assert (tree.root / "app" / "one.py").read_text() == FILES["big-1.0/big/app/one.py"]
    assert (tree.root / "registry.json").stat().st_mtime_ns == before


def test_a_corpus_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="make corpus"):
        build(tmp_path, PARTS, tmp_path / "tree", tmp_path / "settings")


def test_the_registry_moves_what_several_files_import(tree: Tree) -> None:
    content = json.loads((tree.root / "registry.json").read_text())
    assert content["packages"] == ["app"]
    assert content["entries"] == [
        {"canonical": "moved.app.core:Engine", "deprecated": ["app.core:Engine"]},
        {"canonical": "moved.app.tools:helper", "deprecated": ["app.tools:helper"]},
    ]
    assert '"app.core.Engine".msg' in tree.ruff.read_text()
    assert choose(survey_of(tree.root), objects=0).modules == ("app.core", "app.tools")


def test_the_large_registry_is_one(tree: Tree) -> None:
    project = Project.load(tree.root, Project.load(tree.root).settings._replace(registry=tree.large_registry))
    assert not project.registry.problems
    entries = json.loads(tree.large_registry.read_text())["entries"]
    assert len(entries) == len({entry["canonical"] for entry in entries}) == 100


def test_names_that_are_imported() -> None:
    source = (
        "from a.b import c, d as e\nfrom .a import f\nif x:\n\tfrom a import (\n  g, # h, i\n  j\n)\nfrom k import *\n"
    )
    assert list(imported_names(source)) == [("a.b", "c"), ("a.b", "d"), ("a", "g"), ("a", "j")]
    assert [module_name(Path(name)) for name in ("a/b.py", "a/__init__.py", "c.py")] == ["a.b", "a", "c"]


def test_spread() -> None:
    assert spread(range(100), 4) == [12, 37, 62, 87]
    assert spread("ab", 3) == ["a", "b"]
    assert spread("", 3) == []


def test_changes_are_new_each_time_and_put_back(tree: Tree) -> None:
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tree.files}
    seen = []
    with Changes.of(tree) as changes:
        for _ in range(2):
            changes.make()
            seen.append([path.read_bytes() for path in tree.files])
    first, second = seen
    assert all(len({old, new, data}) == 3 for old, new, (data, _) in zip(first, second, before.values(), strict=True))
    assert sum(b"import app.tools as changed_1" in data or b"import app.core as" in data for data in first) == 3
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tree.files} == before


def test_works_are_compared_with_the_peer_that_the_table_names(tree: Tree) -> None:
    every = [*works(Programs(tree, Path("bin"), 2), tree, ("ty", "basedpyright"))]
    assert {work.key for work in every} == {"rules", "script", "all", "also", "warm", "changed", "registry", "loading"}
    assert all("--no-cache" in work.ours.arguments for work in every if work.key not in ("warm", "changed"))


def test_what_programs_print() -> None:
    assert places(LINE, "b.py:2: found\nnothing\na.py:10: found\na.py:9: found") == (
        Place("a.py", 9),
        Place("a.py", 10),
        Place("b.py", 2),
    )
    assert compare([Place("a", 1), Place("a", 1), Place("b", 1)], [Place("a", 1), Place("c", 1)]) == (
        1,
        (Place("b", 1),),
        (Place("c", 1),),
    )


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="POSIX")
def test_a_program_is_run(tmp_path: Path) -> None:
    done = run(program("print('a.py:1: found'); raise SystemExit(1)"), tmp_path, os.environ)
    assert done.found == (Place("a.py", 1),) and done.seconds > 0 and done.cpu > 0
    for code in ("raise SystemExit(2)", "print('a.py:1: found')"):
        with pytest.raises(FailedError, match="exit code"):
            run(program(code), tmp_path, os.environ)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_memory_counts_what_a_program_starts(tmp_path: Path) -> None:
    hold = "import time; kept = bytearray(60_000_000); time.sleep(1)"
    code = f"import subprocess, sys; {hold}; subprocess.run([sys.executable, '-c', {hold!r}])"
    megabytes, _ = peak_memory(program(code), tmp_path, os.environ)
    assert 120 < megabytes < 200
    assert INTERVAL < 1


def test_a_family_has_orphans() -> None:
    among = [Process(2, 1, 2), Process(3, 2, 2), Process(4, 1, 2), Process(5, 4, 5), Process(6, 1, 6)]
    assert family(2, among) == {2, 3, 4, 5}


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="POSIX")
def test_work_that_was_not_done_is_noted(tmp_path: Path) -> None:
    bench = Bench(tmp_path, os.environ, runs=1)
    (tmp_path / "said.txt").write_text("a.py:1: found")
    reads = program("print(open('said.txt').read()); raise SystemExit(1)")
    work = Work("rules", "a title", reads, reads, None, change=True)
    assert len(bench.time(work, lambda: None).ours) == 1
    assert bench.problems == []
    (tmp_path / "said.txt").write_text("a.py:2: found")
    bench.time(work, lambda: None)
    assert bench.problems == ["python: 1 findings, and 1 before; one differs at a.py:1"] * 4
    bench.time(work._replace(ours=program(""), peer=program("")), lambda: None)
    assert "python: 0 findings" in bench.problems


def test_tables() -> None:
    command = program("")
    work = Work("rules", "some work", command, command._replace(name="peer"), Goal(0.5, "x"))
    assert median(times(3, 1, 2)) == 2
    met = Timed(work, times(1, 2, 1), times(4, 4, 2))
    lost = Timed(work._replace(goal=Goal(0.2, "x")), met.ours, met.peer)
    more = Timed(work._replace(goal=Goal(1, "s")), times(1.5, found=1200), times(1))
    told = Timed(work._replace(goal=None), met.ours, met.peer)
    assert list(table([met, lost, more, told]))[2:] == [
        "| some work | 1.00 s (1.00 to 2.00) | 1 | peer | 4.00 s (2.00 to 4.00) | 1 | 0.25 x | ≤ 0.5 x | yes |",
        "| some work | 1.00 s (1.00 to 2.00) | 1 | peer | 4.00 s (2.00 to 4.00) | 1 | 0.25 x | ≤ 0.2 x | **no** |",
        "| some work | 1.50 s (1.50 to 1.50) | 1,200 | peer | 1.00 s (1.00 to 1.00) | 1 | +0.50 s | ≤ 1 s | yes |",
        "| some work | 1.00 s (1.00 to 2.00) | 1 | peer | 4.00 s (2.00 to 4.00) | 1 | 0.25 x |  |  |",
    ]
    assert list(memory_table([Peak(command, Goal(300, "MB"), 1234.5, 7), Peak(command, None, 1, 7)]))[2:] == [
        "| python | 1,234 MB | 7 | ≤ 300 MB | **no** |",
        "| python | 1 MB | 7 |  |  |",
    ]


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="POSIX")
def test_ruff_is_told_the_same(tree: Tree, tmp_path: Path) -> None:
    """On a tree where nothing sets the two apart, both find the same lines."""
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent))
    assert ruff is not None, "it is among the tools of development"
    programs = Programs(tree, Path(ruff).parent, 1)
    ours, theirs = programs.rules(""), programs.ruff("", "--no-cache")
    found = [run(one, tree.root, environment(tmp_path)).found for one in (ours, theirs)]
    assert found[0] == found[1] and len(found[0]) == 4


def test_latency_is_measured_with_a_real_server() -> None:
    command = [sys.executable, "-m", "ssot_lsp", "server"]
    figures = latency.measure("ours", command, 100, 6)
    assert 0 < figures.median <= figures.slow
    assert figures.opened > 0 < figures.action
    first, megabytes, files = latency.open_workspace(command, Path(latency.__file__).parent, 2)
    assert first > 0 < megabytes
    assert files > 3
    head, _, row = latency.table([figures._replace(opened=1.04, median=2, slow=3, action=4, megabytes=5.4)])
    assert head.count("|") == row.count("|")
    assert row == "| 100 | ours | 1.0 ms | 2.0 ms | 3.0 ms | 4.0 ms | 5 MB |"
