"""The first look never misses what the closer one finds; and the work is the same however it is shared out."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest

from ssot_lsp import engine, repository, syntax
from ssot_lsp.bindings import read_bindings
from ssot_lsp.files import UnreadableFileError, decode
from ssot_lsp.lexical import Reduced, without_bodies, without_definitions
from ssot_lsp.model import ObjectRef
from ssot_lsp.project import Project
from ssot_lsp.records import Record, pack
from ssot_lsp.scan import Outline, imports, outline, paths, plain, read_import
from ssot_lsp.screen import UNSEEN, Look, Screen
from ssot_lsp.sweep import check_file
from ssot_lsp.syntax import parse
from ssot_lsp.text import Text
from tests.real_code import File, random_registry
from tests.test_real_code import SAMPLE, STDLIB
from tests.trees import write

SPLICES = [
    "",
    "\n",
    "(",
    ")",
    '"""',
    "'",
    "\\\n",
    " from a import b",
    "import x.y as z\n",
    "; import q",
    "#",
    "\f",
    "\r",
]


def _sources() -> list[tuple[Path, bytes]]:
    return [(path, path.read_bytes()) for path in SAMPLE]


def _spoiled(data: bytes, chance: random.Random) -> bytes:
    """The text with some pieces taken out and others put in."""
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(data) + 1)
        data = data[:at] + chance.choice(SPLICES).encode() + data[at + chance.randrange(40) :]
    return data


def _missed(data: bytes) -> set[object]:
    """What the parser finds in a file and the first look does not."""
    simple = plain(data)
    if simple is None:
        return set()
    seen: set[object] = set()
    for stretch, at, _, _ in imports(simple):
        try:
            line = read_import(stretch, at)
        except UnicodeDecodeError:
            return set()
        if not line.is_whole:
            return set()
        names = [name for name, _ in line.names] or ["*"]
        seen |= {(line.is_from, line.level, line.module, name) for name in names}
    seen |= {path.decode("utf-8", "replace") for path in paths(simple).found}
    parsed = parse(Text(decode(data).source))
    found: set[object] = {path.path for path in parsed.paths}
    for statement in parsed.imports:
        if statement.well_formed:
            names = [name.name for name in statement.parts]
            found |= {(statement.is_from, statement.level, statement.module, name) for name in names}
    return found - seen


@pytest.mark.parametrize("spoil", [False, True])
def test_no_import_and_no_path_of_the_parser_is_missed(spoil: bool) -> None:
    """Over the standard library's files as they are, and with pieces taken out and put in."""
    chance = random.Random(4)
    for path, data in _sources():
        text = _spoiled(data, chance) if spoil else data
        try:
            decode(text)
        except UnreadableFileError:
            continue
        assert not _missed(text), path


@pytest.mark.parametrize(
    "text",
    [
        "import a",
        "import  a . b  as  c , d",
        "from a import(b)",
        "from a import*",
        "from.a import b",
        "from . import (a, # b)\n  c as d,)",
        "from \\\n a \\\n import \\\n b, \\\n c",
        "x = 1; import a; from b import c",
        "from a import b; import c; from d import e",
        "if x: import a",
        "try: from a import b\nexcept E: import c",
        "\fimport a\r\nfrom b import c\rimport d",
        "\ufeffimport a",
        "def f():\n\timport a, b as c\n",
        "from importlib.abc import x; from reimport import importer",
        "# coding: latin-1\nimport \xe4",
    ],
)
def test_every_form_is_seen(text: str) -> None:
    data = text.encode("latin-1" if "latin" in text else "utf-8")
    assert parse(Text(decode(data).source)).imports
    assert not _missed(data)


def test_what_may_not_be_ascii_is_left_to_the_parser() -> None:
    assert plain(b"# coding: utf-7\n+AGkAbQBwAG8AcgB0- a") is None
    assert plain(b"#!x\n# vim: set fileencoding=cp037 :\n") is None
    assert plain(b"x = '\xe9'") is None
    assert plain(b"# coding: latin-1\nx = '\xe9'") is not None


def test_an_outline_claims_nothing_that_reading_does_not_find() -> None:
    """Of each file: the names, which of them are defined, and `__all__`."""
    known = 0
    for path, data in _sources():
        simple = plain(data)
        if simple is None:
            continue
        module, is_init = path.stem, path.name == "__init__.py"
        try:
            bindings = read_bindings(Text(decode(data).source), module, is_init=is_init, is_stub=False)
        except (SyntaxError, UnreadableFileError):
            continue
        seen = outline(simple, module, is_init=is_init)
        itself = {name: ObjectRef(f"{module}.{name}") for name in bindings.names}
        assert seen.names <= {n for n, all_of in bindings.names.items() if any(b.origin != itself[n] for b in all_of)}
        assert all(any(b.origin is None for b in bindings.names[name]) for name in seen.defined)
        assert seen.has_all or not bindings.has_all
        assert seen.may_answer or "__getattr__" not in bindings.names
        assert seen.exports is None or seen.exports == tuple(dict.fromkeys(bindings.all_parts or ()))
        known += len(seen.names)
    assert known > 1_000


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('"""\ndef a(): pass\n"""\ndef b(): pass\n', {"b"}),
        ('# """\ndef a(): pass\n# """\n', {"a"}),
        ('x = \'"""\'\ndef a(): pass\ny = \'"""\'\n', {"x", "a", "y"}),
        ("r'''\\'''\ndef a(): pass\n'''\ndef b(): pass\n'''\n", {"b"}),
        ("f(\na = 1,\nb = 2)\nc = 3\n", {"c"}),
        ("x = {  # one\na: b == c}\n", {"x"}),
        ("def a(): pass\ndel a\n", set()),
        ("def a(): pass\ndel (\na)\n", set()),
        ("def a(): pass\ndel(a)\n", set()),
        ("def a(): pass\ndel[a]\n", set()),
        ("def a(): pass\ndel x[\n0], a\n", set()),
        ("def a(): pass\ndel \\\na\n", set()),
        ("def a(): pass\ndel x['\\'], a, x['\\']\n", set()),
        ("def a(): pass\ndef b(): pass\ndel x['a, b'], x[a(1)].y, b # a\n", {"a"}),
        ("def a(): pass\n'''\ndel a\n'''\n", {"a"}),
        ("x: int\ny: int = 1\nz == 2\n", {"y"}),
        ("class A: pass\nasync def b(): pass\nfrom c import d as e, f\nimport g.h\n", {"A", "b", "e", "f", "g"}),
        ("if x:\n    def a(): pass\n", set()),
        ("try: a = 1\nexcept E: b = 2\n", set()),
    ],
)
def test_only_what_is_beyond_doubt_is_in_an_outline(text: str, names: set[str]) -> None:
    assert outline(text.encode(), "m", is_init=False).names == names


def test_in_a_package_its_own_submodules_are_in_doubt() -> None:
    seen = outline(b"from . import a\nfrom p import b\nfrom .c import d\n", "p", is_init=True)
    assert seen.names == {"d"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Outline(frozenset(), frozenset(), has_all=False, may_answer=False)),
        ("__all__ = ['a', \"b\",  # c\n 'd']\n", ("a", "b", "d")),
        ("__all__ = ('a',)\n", ("a",)),
        ("__all__ = []\n", ()),
        ("__all__ = ('a')\n", None),
        ("__all__ = ['a' 'b']\n", None),
        ("__all__ = ['a'] + b\n", None),
        ("__all__ = ['a']\n__all__ += ['b']\n", None),
        ("if x:\n    __all__ = ['a']\n", None),
        ("'''\n__all__ = ['a']\n'''\n", None),
    ],
)
def test_an_all_counts_if_it_is_one_plain_list(text: str, expected: Outline | tuple[str, ...] | None) -> None:
    seen = outline(text.encode(), "m", is_init=False)
    assert (seen if isinstance(expected, Outline) else seen.exports) == expected


def test_what_is_left_out_changes_nothing_that_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text without the definitions in which nothing of interest stands: the same imports at the same places."""
    left_out = 0
    for _, data in _sources():
        source = decode(data).source
        if "\r" in source or not source.isascii():
            continue
        points = [at for at in range(len(source)) if source.startswith(("import", "global"), at)]
        reduced = without_definitions(data, points)
        left_out += reduced.data != data
        assert all(data[reduced.original(reduced.here(at)) :][:6] in (b"import", b"global") for at in points)
        assert without_bodies(data, points).count(b"\n") == data.count(b"\n")
        part = parse(Text(source))
        with monkeypatch.context() as patched:
            patched.setattr(syntax, "without_definitions", lambda data, points: Reduced(data))
            whole = parse(Text(source))
            assert (part.imports, part.paths, part.suppressions) == (whole.imports, whole.paths, whole.suppressions)
    assert left_out > 50


REGISTRY = {"version": 1, "packages": ["lib"]}


def _library(tmp_path: Path) -> tuple[Path, list[str]]:
    """Some of the standard library as a workspace of its own, with a registry of what it imports."""
    files: list[File] = []
    for path in SAMPLE[:120]:
        relative = Path("lib", path.relative_to(STDLIB))
        target = tmp_path / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
        try:
            files.append(File(relative, decode(path.read_bytes())))
        except UnreadableFileError:
            continue
    entries = random_registry(files, random.Random(8))
    (tmp_path / "registry.json").write_text(json.dumps({**REGISTRY, "entries": entries}))
    return tmp_path, [str(tmp_path / file.path) for file in files]


@pytest.mark.parametrize("select", [(), ("SSOT001", "SSOT002", "SSOT008"), ("SSOT004",), ("SSOT007",)])
def test_no_file_that_passes_has_anything_to_report(tmp_path: Path, select: tuple[str, ...]) -> None:
    root, files = _library(tmp_path)
    project = Project.load(root)
    project = replace(project, settings=project.settings.override(select=select))
    screen = Screen(project)
    passed = 0
    for file in files:
        data = Path(file).read_bytes()
        if not screen.look(data, file).is_suspicious:
            passed += 1
            assert not engine.check(project.document(Path(file), decode(data).source), project), file
    assert 0 < passed < len(files)


@pytest.mark.parametrize("select", [(), ("SSOT001", "SSOT002", "SSOT008"), ("SSOT004",), ("SSOT007",)])
def test_what_is_suspicious_is_all_that_needs_to_be_parsed(tmp_path: Path, select: tuple[str, ...]) -> None:
    """The same reports as if the whole file were parsed; and of files that no parser takes, some reports at least."""
    root, files = _library(tmp_path)
    project = Project.load(root)
    project = replace(project, settings=project.settings.override(select=select))
    screen, chance, partial = Screen(project), random.Random(5), 0
    for file in map(Path, files):
        look = screen.look(file.read_bytes(), str(file))
        if look.is_suspicious:
            partial += look.points is not None
            part, whole = (check_file(project, file, seen, with_edits=False) for seen in (look, UNSEEN))
            assert pack(part) == pack(whole), file
        look = screen.look(_spoiled(file.read_bytes(), chance), str(file))
        if look.is_suspicious:
            report = check_file(project, file, look, with_edits=False)
            spans = [diagnostic.span for diagnostic in report.diagnostics]
            assert all(0 <= span.start <= span.end <= len(report.text.source) for span in spans)
    assert partial > 5


def test_what_only_a_folder_or_an_edit_of_the_path_tells_does_not_pass(tmp_path: Path) -> None:
    sources = {
        "app/__init__.py": "",
        "app/above.py": "from .. import x\n",
        "tools/helper.py": "",
        "tools/a.py": "from helper import x\n",
        "tools/b.py": "import other\n",
        "lib/other.py": "",
        "app/c.py": "import sys\nsys.path.append('lib')\nfrom other import x\n",
        "d.py": "from helper import x\n",
    }
    write(tmp_path, sources)
    project = Project.load(tmp_path)
    screen = Screen(project)
    files = sorted(tmp_path.rglob("*.py"), reverse=True)
    stopped = {
        file.relative_to(tmp_path).as_posix()
        for file in files
        if screen.look(file.read_bytes(), str(file)).is_suspicious
    }
    reported = {
        file.relative_to(tmp_path).as_posix()
        for file in files
        if engine.check(project.document(file, file.read_text()), project)
    }
    assert stopped == reported == {"app/above.py", "tools/a.py", "app/c.py"}


def _check(project: Project, path: Path, look: Look) -> Record:
    return pack(check_file(project, path, look, with_edits=False))


def _pool(start: str) -> Callable[[], Executor]:
    return lambda: ProcessPoolExecutor(2, mp_context=get_context(start))


@pytest.mark.parametrize("make", [lambda: ThreadPoolExecutor(1), _pool("fork"), _pool("spawn")])
def test_any_executor_gives_the_same_in_the_same_order(tmp_path: Path, make: Callable[[], Executor]) -> None:
    """In this process, in a pool that finds all loaded, and in one where each process loads the project itself."""
    root, files = _library(tmp_path)
    project = Project.load(root)

    def found(executor: Executor | None, jobs: int) -> list[object]:
        done = repository.process(project, files, _check, executor, jobs)
        return [found for _, chunk in done for found in chunk.found]

    expected = found(None, 1)
    assert len(expected) > 20
    with make() as executor:
        assert found(executor, 2) == expected
