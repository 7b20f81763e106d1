"""Compare SSOT003 and SSOT004 with what pyright, ty and pyrefly agree on.

Every import of a first-party module or name in a tree is put to all four. Where the three peers say the same, that is
taken as the truth, and precision and recall are counted against it; where they differ, the import is told apart and not
counted. Every difference is listed with the likeliest reason, found by looking at the statement and at the module.

The trees are packages of the corpus (``make corpus``), each as it is and once more after a made-up migration that was
left half-way: some modules deleted, renamed or moved, some classes and functions renamed or moved, importers untouched.
Comments that silence the peers are taken out of the copies, and the peers know nothing but the tree: no environment.

    pip install pyright ty pyrefly        # or basedpyright instead of pyright
    python benchmarks/agreement.py        # `--tree DIR` for one's own code, `--only django` for a part

Exits with 1 if precision or recall of a rule is below `ENOUGH`.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from ssot_lsp.config import Settings  # noqa: E402 - found by the line above
from ssot_lsp.engine import check  # noqa: E402
from ssot_lsp.files import UnreadableFileError, decode  # noqa: E402
from ssot_lsp.project import Project  # noqa: E402

CORPUS = REPOSITORY / ".corpus"
OURS = "ssot-lsp"
ENOUGH = 0.995
"""The precision and the recall of each rule that are asked for."""
SILENCERS = re.compile(rb"#(?=\s*(?:type:\s*ignore|mypy:|pyright:|pyrefly:|ty:|ssot:))")
CHANGED_MODULES = 0.04
CHANGED_DEFINITIONS = 0.05
DEFINITION = re.compile(r"(?m)^(class|def|async def) ([A-Za-z]\w*)")
CATCHES = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
PLATFORM = re.compile(r"\b(?:sys\.platform|os\.name|version_info|platform\.system|PY\d|PYPY|WINDOWS|IS_WIN\w*|WASM)\b")
EXITS = {"exit", "sys.exit", "os._exit", "quit"}
UNSEEN = frozenset({"never run", "not for type checkers", "platform or version branch"})
"""Where peers do not look, so that it means nothing that none complains."""
EXPLAINED = frozenset({"re-exported from what is missing"})
"""Where the peers are wrong: the import fails when it runs, with the one that is reported in the module itself."""
UNKNOWN = frozenset({"dynamic module", "dynamic package", "module __getattr__", "`__all__` computed", "does not parse"})
"""Where we say nothing on purpose: what the module binds cannot be told by reading it."""
EXAMPLES = 5
"""Disagreements of a kind that are listed."""

COLLECTIONS = ("amazon/aws", "cisco/ios", "community/docker")
TREES: Mapping[str, Sequence[tuple[str, str]]] = {
    "sqlalchemy": [("sqlalchemy-*/sqlalchemy-*/lib", "sqlalchemy"), ("sqlalchemy-*/sqlalchemy-*", "test")],
    "airflow": [("apache-airflow-*/apache_airflow-*", "airflow")],
    "django": [("django-*/Django-*", "django"), ("django-*/Django-*/tests", "*")],
    "ansible": [("ansible-*/ansible-*", f"ansible_collections/{name}") for name in COLLECTIONS],
    "homeassistant": [
        ("homeassistant-*/homeassistant-*", "homeassistant/[!c]*"),
        ("homeassistant-*/homeassistant-*", "homeassistant/c*.py"),
        ("homeassistant-*/homeassistant-*", "homeassistant/components/[a-c]*"),
    ],
    "pandas": [("pandas-*/pandas-*", "pandas")],
    "scipy": [("scipy-*/scipy-*", "scipy")],
    "sympy": [("sympy-*/sympy-*", "sympy")],
}
"""What of the corpus makes a tree: root folders, and what of them."""
BIG = frozenset({"homeassistant", "scipy", "pandas", "sympy"})
"""Trees that are only looked at after the migration: pyright is slow."""


class Item(NamedTuple):
    """One thing that an import statement wants to exist."""

    file: str
    """Relative to the tree, with slashes."""
    line: int
    module: str
    """The absolute path; as it is written where that leads above the top."""
    name: str = ""
    """Empty for the module itself."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}  {self.module}{':' if self.name else ''}{self.name}"


class Site(NamedTuple):
    """Where an item stands."""

    item: Item
    whole: Item | None
    """For a name: the item of the module that it is to come from."""
    start: tuple[int, int]
    end: tuple[int, int]
    context: str
    """Why it may be no fault that this import fails, or why a peer does not look at it; empty for plain ones."""


class Truth(Enum):
    """What the peers say of an item."""

    BROKEN = "broken"
    WORKS = "works"
    OPEN = "they differ"


class Place(NamedTuple):
    """What a tool complains of: line from 1, column from 0."""

    file: str
    line: int
    column: int


# --- the trees --------------------------------------------------------------------------------------------------------


def copy_tree(parts: Iterable[tuple[Path, Path]]) -> None:
    """Copy folders without what would keep a peer silent."""
    for source, target in parts:
        for path in [source] if source.is_file() else sorted(source.rglob("*")):
            if path.is_file() and not path.is_symlink():
                copy = target / path.relative_to(source)
                copy.parent.mkdir(parents=True, exist_ok=True)
                data = path.read_bytes()
                is_python = path.suffix in (".py", ".pyi")
                copy.write_bytes(SILENCERS.sub(b"# was", data) if is_python else data)


def migrate(tree: Path, chance: random.Random) -> None:
    """Begin a migration and do not finish it: no importer hears of what was moved."""
    files = sorted(tree.rglob("*.py"))
    for path in files:
        if path.name != "__init__.py" and chance.random() < CHANGED_MODULES:
            moved = path.parent / "relocated" / path.name
            match chance.choice(("delete", "rename", "move")):
                case "delete":
                    path.unlink()
                case "rename":
                    path.rename(path.with_name(f"{path.stem}_renamed.py"))
                case "move" if not moved.exists():
                    moved.parent.mkdir(exist_ok=True)
                    moved.with_name("__init__.py").touch()
                    path.rename(moved)
                case _:
                    pass
    files = sorted(tree.rglob("*.py"))
    for path in files:
        source = path.read_bytes().decode("latin-1")  # gives the same bytes back, whatever they mean
        changed = DEFINITION.sub(partial(_migrated, folder=path.parent, chance=chance), source)
        if changed != source:
            path.write_bytes(changed.encode("latin-1"))


def _migrated(match: re.Match[str], folder: Path, chance: random.Random) -> str:
    """A definition as the migration leaves it; what is moved goes to a module of its own."""
    if chance.random() >= CHANGED_DEFINITIONS:
        return match[0]
    if chance.random() < 0.5:
        with (folder / "moved_here.py").open("a", encoding="utf-8") as file:
            file.write(f"class {match[2]}: ...\n")
    return f"{match[1]} Renamed_{match[2]}"


# --- what is imported -------------------------------------------------------------------------------------------------


@lru_cache(1)
def first_party(tree: Path) -> frozenset[str]:
    """The packages and modules at the top of a tree."""
    folders = (path.parent.relative_to(tree).parts for path in tree.rglob("*.py"))
    return frozenset({parts[0] for parts in folders if parts} | {path.stem for path in tree.glob("*.py")})


class Collector(ast.NodeVisitor):
    """Finds the first-party imports of a file."""

    def __init__(self, file: str, tops: frozenset[str]) -> None:
        self.file, self.tops = file, tops
        parts = file.removesuffix(".py").split("/")
        self.package = parts[:-1]  # of `a/b.py` and `a/__init__.py` alike
        self.sites: list[Site] = []
        self.contexts: list[str] = []

    def visit_Import(self, node: ast.Import) -> None:
        """Each module is an item."""
        for alias in node.names:
            if alias.name.partition(".")[0] in self.tops:
                self.add(Item(self.file, node.lineno, alias.name), None, _start(alias), _end(alias))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """The module is an item, and each of the names."""
        if node.level:
            base = self.package[: len(self.package) - node.level + 1] if node.level <= len(self.package) else []
            parts = [*base, *([node.module] if node.module else [])]
            module = ".".join(parts) if base else "." * node.level + (node.module or "")
        else:
            module = node.module or ""
            if module.partition(".")[0] not in self.tops:
                return
        whole = Item(self.file, node.lineno, module)
        self.add(whole, None, _start(node), _start(node.names[0]))
        for alias in node.names:
            if alias.name != "*":
                self.add(Item(self.file, alias.lineno, module, alias.name), whole, _start(alias), _end(alias))

    def add(self, item: Item, whole: Item | None, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Note an item with the reasons around it."""
        self.sites.append(Site(item, whole, start, end, next(filter(None, self.contexts), "")))

    def generic_visit(self, node: ast.AST) -> None:
        """Walk on, but not into expressions; in a block, what follows a statement that leaves it never runs."""
        for field, value in ast.iter_fields(node):
            context = _context(node, field)
            self.contexts.append(context)
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, (ast.stmt, ast.excepthandler, ast.match_case)):
                    self.visit(child)
                    if _leaves(child):
                        self.contexts[-1] = "never run"
            self.contexts.pop()


def _context(node: ast.AST, field: str) -> str:
    """What the body, or another block, of a statement means for the imports in it."""
    if isinstance(node, ast.Try) and field == "body" and any(map(_catches, node.handlers)):
        return "guarded"
    if isinstance(node, ast.ExceptHandler) and _catches(node):
        return "guarded"
    if isinstance(node, (ast.With, ast.AsyncWith)) and field == "body":
        words = {word for item in node.items for word in re.findall(r"\w+", ast.unparse(item.context_expr))}
        if words & CATCHES:
            return "expected to fail" if words & {"raises", "assertRaises", "assertRaisesRegex"} else "guarded"
    if isinstance(node, ast.If) and field in ("body", "orelse"):
        test = ast.unparse(node.test)
        if "TYPE_CHECKING" in test:
            is_shown = (field == "body") is not bool(re.search(r"not (\w+\.)?TYPE_CHECKING", test))
            return "TYPE_CHECKING" if is_shown else "not for type checkers"
        if PLATFORM.search(test):
            return "platform or version branch"
        if test in ("False", "0", "True", "1"):
            return "never run"
    return ""


def _catches(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or bool(set(re.findall(r"\w+", ast.unparse(handler.type))) & CATCHES)


def _leaves(node: ast.AST) -> bool:
    """Whether nothing that follows in the block runs."""
    if isinstance(node, (ast.If, ast.With)):
        blocks = [node.body, *([node.orelse] if isinstance(node, ast.If) else [])]
        return all(block and _leaves(block[-1]) for block in blocks)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return ast.unparse(node.value.func) in EXITS
    return isinstance(node, (ast.Return, ast.Raise, ast.Continue, ast.Break))


def _start(node: Any) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _end(node: Any) -> tuple[int, int]:
    return node.end_lineno, node.end_col_offset


def sites_of(tree: Path) -> dict[str, list[Site]]:
    """The first-party imports of all files that this Python can read."""
    tops, found = first_party(tree), {}
    for path in sorted(tree.rglob("*.py")):
        file = path.relative_to(tree).as_posix()
        parsed = _parsed(path)
        if parsed is not None:
            collector = Collector(file, tops)
            collector.visit(parsed)
            found[file] = collector.sites
    return found


@lru_cache(64)
def _parsed(path: Path) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(path.read_bytes())
        except (OSError, SyntaxError, ValueError, RecursionError):
            return None


# --- the tools --------------------------------------------------------------------------------------------------------


class Tools:
    """Runs the tools, each told that the tree is all there is; answers are kept beside the tree."""

    def __init__(self, folder: Path | None, work: Path) -> None:
        path = os.pathsep.join(
            [*([str(folder)] if folder else []), str(Path(sys.executable).parent), os.environ["PATH"]]
        )
        self.programs = {name: shutil.which(name, path=path) or "" for name in ("ty", "pyrefly")}
        self.programs["pyright"] = next(
            filter(None, (shutil.which(n, path=path) for n in ("pyright", "basedpyright"))), ""
        )
        if missing := [name for name, program in self.programs.items() if not program]:
            sys.exit(f"not found: {', '.join(missing)}; pip install pyright ty pyrefly, or --bin DIR")
        self.work = work
        self.empty = work / "environment"
        if not self.empty.is_dir():
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(self.empty)], check=True)
        self.python = self.empty / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    def versions(self) -> str:
        """Who is asked."""
        asked = (
            subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
            for program in self.programs.values()
        )
        return ", ".join(answer.stdout.strip().splitlines()[0] for answer in asked)

    def all(self, tree: Path) -> dict[str, list[Place]]:
        """What each tool complains of in a tree."""
        peers: dict[str, Callable[[Path], list[Place]]] = {
            "pyright": self.pyright,
            "ty": self.ty,
            "pyrefly": self.pyrefly,
        }
        with ThreadPoolExecutor(2) as pool:
            futures = {name: pool.submit(self.kept, name, peer, tree) for name, peer in peers.items()}
            return {**{name: future.result() for name, future in futures.items()}, OURS: ours(tree)}

    def kept(self, name: str, peer: Callable[[Path], list[Place]], tree: Path) -> list[Place]:
        """A peer's answer, from the last time if there is one."""
        file = tree.with_name(f"{tree.name}.{name}.json")
        if not file.is_file():
            began = time.perf_counter()
            places = peer(tree)
            print(f"  {name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
            file.write_text(json.dumps(places))
        return [Place(*place) for place in json.loads(file.read_text())]

    def pyright(self, tree: Path) -> list[Place]:
        """Its two rules that speak of imports; nothing else is asked for."""
        config = tree.with_name(f"{tree.name}.pyright.config.json")
        settings = {
            "include": [tree.name],
            "exclude": [],
            "executionEnvironments": [{"root": tree.name}],
            "typeCheckingMode": "off",
            "useLibraryCodeForTypes": True,
            "pythonPlatform": "All",
            "reportMissingImports": "error",
            "reportAttributeAccessIssue": "error",
        }
        config.write_text(json.dumps(settings))
        command = [self.programs["pyright"], "-p", str(config), "--pythonpath", str(self.python), "--outputjson"]
        found = _json(command, self.work)["generalDiagnostics"]
        return [
            Place(_relative(one["file"], tree), one["range"]["start"]["line"] + 1, one["range"]["start"]["character"])
            for one in found
            if one.get("rule") == "reportMissingImports" or "unknown import symbol" in one["message"]
        ]

    def ty(self, tree: Path) -> list[Place]:
        """All that it says, as its rules have had several names; only what stands in an import is looked at."""
        config = tree.with_name(f"{tree.name}.ty.toml")
        settings = {"environment": {"root": [str(tree)], "python": str(self.empty), "python-platform": "all"}}
        lines = [
            f"[{table}]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in s.items()) for table, s in settings.items()
        ]
        config.write_text("\n".join([*lines, "[src]", "respect-ignore-files = false", ""]))
        command = [self.programs["ty"], "check", "--project", str(tree), "--config-file", str(config)]
        output = _output([*command, "--output-format", "concise", "--no-progress", "--exit-zero"], tree)
        found = re.findall(
            r"(?m)^(.+?\.pyi?):(\d+):(\d+): \w+\[(import-not-found|missing-module-member|unresolved-import)\]", output
        )
        return [Place(_relative(file, tree), int(line), int(column) - 1) for file, line, column, _ in found]

    def pyrefly(self, tree: Path) -> list[Place]:
        """Its two kinds of error that speak of imports."""
        config = tree.with_name(f"{tree.name}.pyrefly.toml")
        settings = {
            "project-includes": [f"{tree}/**/*.py"],
            "project-excludes": [],
            "disable-project-excludes-heuristics": True,
            "use-ignore-files": False,
            "search-path": [str(tree)],
            "disable-search-path-heuristics": True,
            "site-package-path": [],
            "skip-interpreter-query": True,
            "python-version": ".".join(map(str, sys.version_info[:2])),
        }
        config.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items()))
        command = [
            self.programs["pyrefly"],
            "check",
            "-c",
            str(config),
            "--output-format",
            "json",
            "--progress-bar",
            "no",
        ]
        found = _json(command, tree)["errors"]
        kinds = ("missing-import", "missing-module-attribute", "missing-source", "import-error")
        return [
            Place(_relative(one["path"], tree), one["line"], one["column"] - 1) for one in found if one["name"] in kinds
        ]


def ours(tree: Path) -> list[Place]:
    """What SSOT003 and SSOT004 say, as `check` would; the fixes, which it would work out too, take far longer."""
    project = Project.load(tree, Settings(select=("SSOT003", "SSOT004")))
    places = []
    for path in sorted(tree.rglob("*.py")):
        try:
            document = project.document(path, decode(path.read_bytes()).source)
        except UnreadableFileError:
            continue
        for diagnostic in check(document, project):
            row, column = document.text.position(diagnostic.span.start)
            places.append(Place(path.relative_to(tree).as_posix(), row + 1, column))
    return places


def _output(command: Sequence[str], folder: Path) -> str:
    environment = {
        key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH")
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
    )
    if not done.stdout.strip():
        sys.exit(f"{Path(command[0]).name} said nothing:\n{done.stderr[-2000:]}")
    return done.stdout


def _json(command: Sequence[str], folder: Path) -> Any:
    return json.loads(_output(command, folder))


def _relative(file: str, tree: Path) -> str:
    path = Path(os.path.normpath(tree / file))
    return path.relative_to(tree).as_posix() if path.is_relative_to(tree) else file


# --- who says what ----------------------------------------------------------------------------------------------------


def said(places: Iterable[Place], sites: Mapping[str, Sequence[Site]]) -> set[Item]:
    """The items that a tool complains of."""
    by_line: defaultdict[tuple[str, int], list[Site]] = defaultdict(list)
    for file, found in sites.items():
        for site in found:
            for line in range(site.start[0], site.end[0] + 1):
                by_line[file, line].append(site)
    items: set[Item] = set()
    for place in places:
        at = (place.line, place.column)
        items.update(site.item for site in by_line[place.file, place.line] if site.start <= at < site.end)
    return items


class Verdict(NamedTuple):
    """One item, what the peers say and what we say."""

    site: Site
    truth: Truth
    votes: str
    """Which peers say that it is broken."""
    ours: bool

    @property
    def rule(self) -> str:
        """The rule that speaks of it."""
        return "SSOT004" if self.site.whole else "SSOT003"


def verdicts(sites: Mapping[str, Sequence[Site]], answers: Mapping[str, set[Item]]) -> Iterator[Verdict]:
    """All items; without the names of modules that are agreed to be missing, of which nobody speaks."""
    peers = [name for name in answers if name != OURS]
    for site in (site for found in sites.values() for site in found):
        asked = {site.item, *([site.whole] if site.whole else [])}
        votes = [name for name in peers if asked & answers[name]]
        if site.whole and all(site.whole in answers[name] for name in peers):
            continue
        if site.whole and not votes and site.whole in answers[OURS]:
            continue  # counted as the module's
        truth = Truth.BROKEN if len(votes) == len(peers) else Truth.OPEN if votes else Truth.WORKS
        if truth is Truth.WORKS and site.context in UNSEEN:
            truth = Truth.OPEN
        yield Verdict(site, truth, "+".join(votes) or "nobody", bool(asked & answers[OURS]))


# --- why they differ --------------------------------------------------------------------------------------------------


def reason(site: Site, tree: Path) -> str:
    """The likeliest reason for a difference: of the statement, else of the module that it names."""
    if site.context:
        return site.context
    item = site.item
    if item.module.startswith("."):
        return "above the top"
    if item.name and _leads_nowhere(tree, item.module, item.name):
        return "re-exported from what is missing"
    base = tree.joinpath(*item.module.split("."))
    file = _file(tree, item.module)
    for path in (base, *((base / item.name,) if item.name else ())):
        beside = [other.name for other in path.parent.glob(f"{path.name}.*")] if path.parent.is_dir() else []
        if any(name.endswith((".so", ".pyd")) for name in beside):
            return "compiled extension"
        if any(name.endswith((".pyx", ".in", ".tp", ".c", ".cpp")) for name in beside):
            return "generated module"
    if file is None:
        return "namespace package" if base.is_dir() else _above(base, tree)
    return _of_module(file, item.name) if item.name else _above(base, tree)


def _file(tree: Path, module: str) -> Path | None:
    base = tree.joinpath(*module.split("."))
    return next((path for path in (base / "__init__.py", base.with_suffix(".py")) if path.is_file()), None)


def _leads_nowhere(tree: Path, module: str, name: str) -> bool:
    """Whether a name comes, through however many hops by name, from a module or a name that is not there."""
    tops, seen = first_party(tree), set()
    while (module, name) not in seen:
        seen.add((module, name))
        file = _file(tree, module)
        parsed = _parsed(file) if file else None
        if file is None or parsed is None:
            return bool(module) and not tree.joinpath(*module.split(".")).is_dir() and len(seen) > 1
        bound = [node for node in ast.walk(parsed) if isinstance(node, ast.ImportFrom)]
        found = [(node, alias) for node in bound for alias in node.names if (alias.asname or alias.name) == name]
        below = tree.joinpath(*module.split("."), name)
        if below.is_dir() or below.with_suffix(".py").is_file():
            return False
        if not found:
            return len(seen) > 1 and not re.search(rf"\b{re.escape(name)}\b|import \*", _source(file))
        node, alias = found[0]
        package = file.relative_to(tree).parts[:-1]
        base = package[: len(package) - node.level + 1] if node.level else ()
        module, name = ".".join([*base, *([node.module] if node.module else [])]), alias.name
        if not node.level and module.partition(".")[0] not in tops:
            return False
    return True


def _above(base: Path, tree: Path) -> str:
    """Whether a package around a missing module does something of its own."""
    for folder in base.parents:
        if folder == tree or not folder.is_relative_to(tree):
            break
        source = _source(folder / "__init__.py")
        if re.search(r"__path__|sys\.modules|__getattr__", source):
            return "dynamic package"
    return "plain"


def _source(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace") if path.is_file() else ""


def _of_module(file: Path, name: str) -> str:
    source, parsed = _source(file), _parsed(file)
    if parsed is None:
        return "does not parse"
    quoted = re.escape(name)
    patterns = {
        "module __getattr__": r"(?m)^def __getattr__|^\s*__getattr__\s*=",
        "bound by `global`": rf"(?m)^\s+global\b[^\n]*\b{quoted}\b",
        "dynamic module": r"\bglobals\(\)|\bexec\(|sys\.modules|\bvars\(\)|\blocals\(\)",
        "deleted": rf"(?m)^\s*del\b[^\n]*\b{quoted}\b",
        "only annotated": rf"(?m)^\s*{quoted}\s*:[^=\n]+$",
        "only in `__all__`": rf"__all__[^\]]*['\"]{quoted}['\"]",
        "star import": r"(?m)^\s*from\s+\S+\s+import\s+\*",
    }
    if re.search(r"__all__[^=\n]*=(?!\s*[\[(])", source):
        return "`__all__` computed"
    found = [reason for reason, pattern in patterns.items() if re.search(pattern, source)]
    if not found and file.name == "__init__.py" and re.search(rf"\b{quoted}\b", source):
        return "bound by the package"
    return found[0] if found else "bound in a branch" if re.search(rf"(?m)^\s+.*\b{quoted}\b", source) else "plain"


# --- the story --------------------------------------------------------------------------------------------------------


class Tally:
    """Counts of one rule."""

    def __init__(self) -> None:
        self.found = self.missed = self.false = self.open = self.right = self.explained = 0

    def add(self, verdict: Verdict, *, explained: bool) -> None:
        """Take in an item; one that is `explained` is no fault of ours."""
        if explained:
            self.explained += 1
            return
        self.open += verdict.truth is Truth.OPEN
        self.found += verdict.truth is Truth.BROKEN and verdict.ours
        self.missed += verdict.truth is Truth.BROKEN and not verdict.ours
        self.false += verdict.truth is Truth.WORKS and verdict.ours
        self.right += verdict.truth is Truth.WORKS and not verdict.ours

    @property
    def precision(self) -> float:
        """Of what we report, how much the peers report too."""
        return self.found / max(self.found + self.false, 1) if self.false else 1.0

    @property
    def recall(self) -> float:
        """Of what the peers report, how much we report too."""
        return self.found / max(self.found + self.missed, 1) if self.missed else 1.0

    def __str__(self) -> str:
        counts = f"{self.found:8,}{self.missed:8,}{self.false:8,}{self.right:10,}{self.open:8,}{self.explained:10,}"
        return f"{counts}{self.precision:11.3%}{self.recall:11.3%}"


class Story:
    """The verdicts so far, and how they are told."""

    def __init__(self) -> None:
        self.tallies: defaultdict[tuple[str, str], Tally] = defaultdict(Tally)
        self.differences: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        self.open: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)

    def add(self, tree: Path, name: str, found: Iterable[Verdict]) -> None:
        """Take in a tree."""
        for verdict in found:
            line, why = f"{name}/{verdict.site.item}", ""
            is_broken = verdict.truth is Truth.BROKEN
            if verdict.truth is Truth.OPEN:
                who = verdict.votes + (f"+{OURS}" if verdict.ours else "")
                self.open[verdict.rule, who, reason(verdict.site, tree)].append(line)
            elif is_broken is not verdict.ours:
                site = verdict.site._replace(context="") if is_broken else verdict.site
                why = reason(site, tree)
                self.differences[f"{verdict.rule} {'missed' if is_broken else 'only ours'}", why].append(line)
            for row in (name, "ALL"):
                self.tallies[row, verdict.rule].add(verdict, explained=why in (UNKNOWN if is_broken else EXPLAINED))

    def tell(self, *, everything: bool) -> bool:
        """Print it; return whether it is good enough."""
        print(
            f"\n{'tree':26}{'rule':9}{'found':>8}{'missed':>8}{'false':>8}{'works':>10}{'differ':>8}{'explained':>10}",
            end="",
        )
        print(f"{'precision':>11}{'recall':>11}")
        for (name, rule), tally in self.tallies.items():
            if name != "ALL":
                print(f"{name:26}{rule:9}{tally}")
        totals = {rule: tally for (name, rule), tally in sorted(self.tallies.items()) if name == "ALL"}
        for rule, tally in totals.items():
            print(f"{'ALL':26}{rule:9}{tally}")
        print(f"\nwhere the peers agree and we differ: {'' if self.differences else 'nowhere'}")
        for (kind, why), lines in sorted(self.differences.items()):
            print(f"{len(lines):6,}  {kind}: {why}", *(f"          {line}" for line in lines), sep="\n")
        print("\nwhere the peers differ (who says that it is broken), not counted:")
        for (rule, who, why), lines in sorted(self.open.items(), key=lambda entry: (entry[0][0], -len(entry[1]))):
            shown = lines if everything else lines[:EXAMPLES]
            print(f"{len(lines):6,}  {rule} {who}: {why}", *(f"          {line}" for line in shown), sep="\n")
        return all(min(tally.precision, tally.recall) >= ENOUGH for tally in totals.values())


def trees(given: argparse.Namespace, work: Path) -> Iterator[tuple[str, Path]]:
    """The trees to look at, made where they are not there yet."""
    wanted: list[tuple[str, list[tuple[Path, Path]], bool]] = []
    if given.tree:
        wanted = [(given.tree.name, [(given.tree.resolve(), Path())], migrated) for migrated in (False, True)]
    else:
        for name, parts in TREES.items():
            roots = [(root, pattern) for glob, pattern in parts for root in sorted(CORPUS.glob(glob))]
            found = [(path, path.relative_to(root)) for root, pattern in roots for path in sorted(root.glob(pattern))]
            if not found:
                sys.exit(f"{CORPUS} has no {name}: make corpus")
            wanted += [(name, found, migrated) for migrated in ((True,) if name in BIG else (False, True))]
    for name, found, migrated in wanted:
        if (given.only and name not in given.only) or given.kind not in ("both", "migrated" if migrated else "real"):
            continue
        label = f"{name}-migrated" if migrated else name
        tree = work / label
        if not tree.is_dir():
            copy_tree((source, tree / target) for source, target in found)
            if migrated:
                migrate(tree, random.Random(f"{given.seed}/{name}"))
        yield label, tree


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tree", type=Path, metavar="DIR", help="this instead of the corpus; its packages at its top")
    parser.add_argument("--only", action="append", metavar="NAME", help="only this of the corpus (may be repeated)")
    parser.add_argument("--kind", choices=("real", "migrated", "both"), default="both")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="of the migrations")
    parser.add_argument("--bin", type=Path, metavar="DIR", help="where the peers are, if not on the PATH")
    parser.add_argument("--work", type=Path, metavar="DIR", help="keep copies and answers there, and use them again")
    parser.add_argument("--everything", action="store_true", help="list all disagreements among the peers")
    return parser.parse_args()


def main() -> None:
    """Ask everybody about every tree, tell it, and exit with 1 if that is not good enough."""
    given = arguments()
    with tempfile.TemporaryDirectory() as folder:
        work = (given.work or Path(folder)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        tools, story = Tools(given.bin, work), Story()
        print(tools.versions(), flush=True)
        for name, tree in trees(given, work):
            began = time.perf_counter()
            sites = sites_of(tree)
            answers = {tool: said(places, sites) for tool, places in tools.all(tree).items()}
            story.add(tree, name, verdicts(sites, answers))
            minutes = (time.perf_counter() - began) / 60
            print(f"  {name}: {len(sites):,} files, {minutes:.1f} min", file=sys.stderr, flush=True)
        sys.exit(0 if story.tell(everything=given.everything) else 1)


if __name__ == "__main__":
    main()
