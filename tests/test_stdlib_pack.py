"""The pack of the standard library: what it says is so, and it is said where it holds.

Its facts are compared with the Python that runs this, with what a type checker knows of the versions since 3.10, and
with themselves.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

import mypy
import pytest

import ssot_lsp.registry
from ssot_lsp.lint import lint
from ssot_lsp.model import Entry, ObjectRef, Severity
from ssot_lsp.project import Project
from ssot_lsp.records import TextOnDisk, unpack
from ssot_lsp.registry import version
from ssot_lsp.registry.load import load_file
from ssot_lsp.sweep import Sweep, registry_reports
from ssot_lsp.text import Text
from tests.fixtures import Case, read_page, run
from tests.trees import write

CASES = Path(__file__).with_name("pack_cases") / "stdlib.md"
PACK = Path(ssot_lsp.registry.__file__).with_name("packs") / "stdlib.json"
ENTRIES = load_file(PACK, Text(PACK.read_text("utf-8")), "Python").entries
RUNNING = sys.version_info[:2]

NOT_EVERYWHERE = frozenset(
    {"_dummy_thread", "crypt", "dbm", "msilib", "nis", "ossaudiodev", "pty", "spwd", "tkinter", "turtle", "winreg"}
)
"""Top-level modules that a platform, or a build of Python, may be without."""
ELSEWHERE = frozenset(
    {
        "asyncio:WindowsProactorEventLoopPolicy",
        "asyncio:WindowsSelectorEventLoopPolicy",
        "webbrowser:MacOSX",
        "webbrowser:MacOSXOSAScript",
    }
)
"""Names that only one platform has."""
PROVIDED_BY_OTHERS = frozenset({"distutils", "packaging", "setuptools"})
"""What packages of others provide, the first only as long as setuptools is there."""

EXISTS = """
import importlib, json, sys, warnings
warnings.simplefilter("ignore")

def exists(reference):
    module, _, name = reference.partition(":")
    try:
        found = importlib.import_module(module)
    except ImportError:
        return False
    for part in name.split(".") if name else ():
        try:
            found = getattr(found, part)
        except AttributeError:
            return False
    return True

print(json.dumps({reference: exists(reference) for reference in json.load(sys.stdin)}))
"""


DEPRECATED = [(entry, ref) for entry in ENTRIES for ref in entry.deprecated]
CANONICAL = [entry for entry in ENTRIES if entry.canonical is not None]


@pytest.mark.parametrize("case", read_page(CASES)[1], ids=lambda case: case.title)
def test_case(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    run(case, tmp_path / "workspace")


class TestTheFile:
    def test_it_lints_clean_as_a_registry_of_ones_own(self, tmp_path: Path) -> None:
        write(tmp_path, {"registry.json": PACK.read_text("utf-8")})
        project = Project.load(tmp_path)
        assert [*project.registry.problems, *lint(project)] == []

    @pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: str(entry.deprecated[0]))
    def test_an_entry_says_why_and_where_from(self, entry: Entry) -> None:
        assert entry.reason.endswith(".")
        assert "\n" not in entry.reason
        assert entry.issue.startswith(
            ("https://docs.python.org/", "https://peps.python.org/", "https://bugs.python.org/")
        )
        assert all(version(number) >= (3, 0) for number in (entry.since, entry.removal) if number)
        assert entry.applicability is not None or entry.canonical is None
        assert not (entry.since and entry.canonical is None)

    def test_it_is_in_order(self) -> None:
        firsts = [str(entry.deprecated[0]).replace(":", ".") for entry in ENTRIES]
        assert firsts == sorted(firsts, key=lambda path: (path.lower(), path))
        for entry in ENTRIES:
            assert list(entry.deprecated) == sorted(entry.deprecated, key=lambda ref: (str(ref).lower(), str(ref)))


@pytest.fixture(scope="module")
def there() -> dict[str, bool]:
    """Which of all paths the running Python has."""
    refs = [ref for entry in ENTRIES for ref in (*entry.deprecated, *entry.alternatives, entry.canonical) if ref]
    asked = json.dumps(sorted({str(ref) for ref in refs}))
    command = [sys.executable, "-I", "-c", EXISTS]
    done = subprocess.run(command, input=asked, capture_output=True, encoding="utf-8", timeout=300, check=True)
    found: dict[str, bool] = json.loads(done.stdout)
    return found


OWN = {
    "version": 1,
    "extends": ["stdlib"],
    "entries": [
        {"canonical": "collections:Mapping", "deprecated": ["collections.abc:Mapping"]},
        {"canonical": "ConfigParser", "deprecated": ["config"]},
    ],
}


class TestARegistryThatExtendsIt:
    def test_only_its_own_entries_can_be_wrong(self, tmp_path: Path) -> None:
        write(tmp_path, {"registry.json": json.dumps(OWN), "main.py": "from config import A\n"})
        project = Project.load(tmp_path)
        reports = registry_reports(project, [])
        assert [(report.path.name, [d.code for d in report.diagnostics]) for report in reports] == [
            ("registry.json", ["SSOT102", "SSOT104"])
        ]

    def test_a_file_of_that_name_is_named_by_its_path(self, tmp_path: Path) -> None:
        other = {"version": 1, "entries": [{"canonical": "new", "deprecated": ["imp"]}]}
        own = {"version": 1, "extends": ["stdlib.json"], "entries": []}
        write(tmp_path, {"registry.json": json.dumps(own), "stdlib.json": json.dumps(other)})
        (entry,) = [*Project.load(tmp_path).registry.entries]
        assert (str(entry.canonical), entry.versions_of) == ("new", "")

    def test_no_distribution_takes_its_name(self, tmp_path: Path) -> None:
        site = ".venv/lib/python3.12/site-packages"
        files = {
            "registry.json": json.dumps({"version": 1, "extends": ["stdlib"], "entries": []}),
            ".venv/pyvenv.cfg": "",
            f"{site}/other-1.dist-info/entry_points.txt": "[ssot_lsp.registries]\nstdlib = other:registry.json\n",
            f"{site}/other/registry.json": "{}",
        }
        write(tmp_path, files)
        assert [file.path for file in Project.load(tmp_path).registry.files] == [tmp_path / "registry.json", PACK]

    def test_what_is_remembered_rests_on_the_versions(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A check with the cache of one that was made when the project supported other versions."""
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        root = tmp_path / "root"
        names = [f"module{number}.py" for number in range(9)]
        own = json.dumps({"version": 1, "extends": ["stdlib"], "entries": []})
        write(root, {"registry.json": own, **dict.fromkeys(names, "import imp\n")})
        for files, severity in (
            ({}, Severity.WARNING),
            ({"pyproject.toml": "[project]\nrequires-python = '>=3.12'\n"}, Severity.ERROR),
            ({"requirements.txt": "imp\n"}, None),
        ):
            write(root, files)
            project = Project.load(root)
            records = Sweep().check(project, [str(root / name) for name in names], [root])
            found = [d.severity for record in records for d in unpack(record, TextOnDisk).diagnostics]
            assert found == ([severity] * len(names) if severity else [])

    def test_a_module_that_comes_to_be_beside_a_script_counts(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        root = tmp_path / "root"
        own = json.dumps({"version": 1, "extends": ["stdlib"], "entries": []})
        names = [f"scripts/run{number}.py" for number in range(9)]
        write(root, {"registry.json": own, **dict.fromkeys(names, "import commands\n")})
        for files, count in (({}, len(names)), ({"scripts/commands.py": "A = 1\n"}, 0)):
            write(root, files)
            project = Project.load(root)
            paths = [*project.find_files([root])]
            records = Sweep().check(project, paths, [root])
            assert len([d for record in records for d in unpack(record, TextOnDisk).diagnostics]) == count


class TestTheRunningPython:
    def test_what_was_removed_is_gone(self, there: dict[str, bool]) -> None:
        removed = [ref for entry, ref in DEPRECATED if entry.removal and version(entry.removal) <= RUNNING]
        mine = [ref for ref in removed if _top(ref) not in PROVIDED_BY_OTHERS]
        assert len(mine) > 200
        assert [ref for ref in map(str, mine) if there[ref]] == []

    def test_what_is_to_be_removed_is_there(self, there: dict[str, bool]) -> None:
        left = [ref for entry, ref in DEPRECATED if not entry.removal or version(entry.removal) > RUNNING]
        assert [ref for ref in map(str, left) if not there[ref] and _is_everywhere(ref)] == []

    def test_what_is_canonical_is_there(self, there: dict[str, bool]) -> None:
        known = [entry.canonical for entry in CANONICAL if not entry.since or version(entry.since) <= RUNNING]
        assert len(known) > 150
        assert [ref for ref in map(str, known) if not there[ref] and _is_everywhere(ref)] == []

    def test_alternatives_are_there(self, there: dict[str, bool]) -> None:
        refs = [str(ref) for entry in ENTRIES for ref in entry.alternatives if _top(ref) not in PROVIDED_BY_OTHERS]
        assert [ref for ref in refs if not there[ref] and _is_everywhere(ref)] == []


def _top(ref: ObjectRef) -> str:
    return ref.module.partition(".")[0]


def _is_everywhere(ref: str) -> bool:
    return ref not in ELSEWHERE and _top(ObjectRef.parse(ref)) not in NOT_EVERYWHERE


class TestWhatATypeCheckerKnows:
    """typeshed says of each module and name in which versions it is there; it knows none before 3.10."""

    VERSIONS = tuple((3, minor) for minor in range(10, 16))
    KNOWN_OTHERWISE = frozenset(
        {
            "sqlite3:OptimizedUnicode",  # a `__getattr__` gave it, as the next ones
            "sqlite3:version",  # left out since 3.12
            "unittest:_TextTestResult",
            "urllib.parse:Quoter",
            "typing.io",  # put into `sys.modules` by `typing`
            "typing.re",
        }
    )
    """What it has otherwise than Python itself."""

    @pytest.mark.parametrize("at", VERSIONS, ids=lambda at: f"{at[0]}.{at[1]}")
    def test_deprecated_paths(self, at: tuple[int, int]) -> None:
        wrong = [
            (str(ref), entry.removal)
            for entry, ref in DEPRECATED
            if str(ref) not in self.KNOWN_OTHERWISE and _stub_has(ref, at) != (not _is_removed(entry, at))
        ]
        assert wrong == []

    @pytest.mark.parametrize("at", VERSIONS, ids=lambda at: f"{at[0]}.{at[1]}")
    def test_canonical_paths(self, at: tuple[int, int]) -> None:
        paths = [str(e.canonical) for e in CANONICAL if e.canonical and not (e.since and version(e.since) > at)]
        assert [path for path in paths if not _stub_has(ObjectRef.parse(path), at)] == []

    @pytest.mark.parametrize("ref", sorted(KNOWN_OTHERWISE))
    def test_no_exception_is_for_nothing(self, ref: str) -> None:
        ((entry, parsed),) = [(entry, known) for entry, known in DEPRECATED if str(known) == ref]
        assert any(_stub_has(parsed, at) == _is_removed(entry, at) for at in self.VERSIONS)


def _is_removed(entry: Entry, at: tuple[int, int]) -> bool:
    return bool(entry.removal) and version(entry.removal) <= at


def _stub_has(ref: ObjectRef, at: tuple[int, int]) -> bool:
    """Whether typeshed has a module, and in it the first part of a name, in a version."""
    path = _stub(ref.module)
    if path is None or not _is_listed(ref.module, at):
        return False
    return not ref.qualname or ref.qualname.partition(".")[0] in _names(path, at)


STUBS = Path(mypy.__file__).with_name("typeshed") / "stdlib"


def _stub(module: str) -> Path | None:
    base = STUBS.joinpath(*module.split("."))
    return next((path for path in (base / "__init__.pyi", base.with_name(f"{base.name}.pyi")) if path.is_file()), None)


@cache
def _listed() -> dict[str, tuple[tuple[int, ...], tuple[int, ...] | None]]:
    lines = (line.partition("#")[0].strip() for line in (STUBS / "VERSIONS").read_text("utf-8").splitlines())
    pairs = (line.split(": ") for line in lines if line)
    spans = ((module, *span.split("-")) for module, span in pairs)
    return {module: (version(first), version(last) if last else None) for module, first, last in spans}


def _is_listed(module: str, at: tuple[int, int]) -> bool:
    """Whether the versions in which a module is there, or in which the one around it is, hold one."""
    parts = module.split(".")
    around = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
    spans = [_listed()[name] for name in around if name in _listed()]
    return bool(spans) and all(first <= at and (last is None or at <= last) for first, last in spans)


@cache
def _names(path: Path, at: tuple[int, int]) -> frozenset[str]:
    return frozenset(_bound(path, ast.parse(path.read_text("utf-8")).body, at))


def _bound(path: Path, body: Sequence[ast.stmt], at: tuple[int, int]) -> Iterator[str]:
    """The names that the statements of a stub bind in a version, on whichever platform."""
    for statement in body:
        if isinstance(statement, ast.If):
            holds = _holds(statement.test, at)
            yield from _bound(path, statement.body, at) if holds is not False else ()
            yield from _bound(path, statement.orelse, at) if holds is not True else ()
        elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield statement.name
        elif isinstance(statement, (ast.Assign, ast.AnnAssign)):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            yield from (name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))
        elif isinstance(statement, (ast.Import, ast.ImportFrom)):
            for alias in statement.names:
                if alias.name == "*" and isinstance(statement, ast.ImportFrom):
                    yield from _starred(path, statement, at)
                elif alias.asname or alias.name in _exported(path):  # others are not handed on
                    yield alias.asname or alias.name


@cache
def _exported(path: Path) -> frozenset[str]:
    """The names in a stub's `__all__`, in any version."""
    statements = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if _is_all(node)]
    constants = (node for statement in statements for node in ast.walk(statement) if isinstance(node, ast.Constant))
    return frozenset(str(constant.value) for constant in constants)


def _is_all(node: ast.AST) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)


def _starred(path: Path, statement: ast.ImportFrom, at: tuple[int, int]) -> Iterable[str]:
    package = path.parent
    base = package if statement.level else STUBS
    target = base.joinpath(*(statement.module or "").split("."))
    found = next(p for p in (target / "__init__.pyi", target.with_name(f"{target.name}.pyi")) if p.is_file())
    return _names(found, at)


def _holds(test: ast.expr, at: tuple[int, int]) -> bool | None:
    """Whether a condition holds in a version; None if it does not rest on that alone."""
    if isinstance(test, ast.BoolOp):
        parts = [_holds(part, at) for part in test.values]
        decisive = isinstance(test.op, ast.Or)
        return decisive if decisive in parts else None if None in parts else not decisive
    if isinstance(test, ast.Compare) and ast.unparse(test.left) == "sys.version_info":
        than: tuple[int, ...] = ast.literal_eval(test.comparators[0])
        return at >= than if isinstance(test.ops[0], ast.GtE) else at < than
    return None
