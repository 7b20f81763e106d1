"""Build the repository that is measured, from the corpus that ``make corpus`` fetches.

Large packages side by side, as they would lie in a monorepo, with a registry of names that are really imported there.
Nothing in it is left to chance: the same corpus gives the same tree, byte for byte.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from ssot_lsp.model import is_dotted_name

OBJECTS, MODULES = 40, 3
"""How many of each the registry moves."""
FEWEST, MOST = 2, 30
"""Files that import what the registry moves."""
MANY = 100_000
"""Entries of the large registry."""

_FROM = re.compile(r"^[ \t]*from[ \t]+(\w+(?:\.\w+)*)[ \t]+import[ \t]+(?:\(([^()]*)\)|([^(\n]*))", re.MULTILINE)
_COMMENT = re.compile("#.*")
_DEFINED = re.compile(r"^(?:class|def|async def)[ \t]+(\w+)", re.MULTILINE)

_T = TypeVar("_T")


class Part(NamedTuple):
    """A folder of a source distribution, and where it goes."""

    distribution: str
    inside: str
    name: str


PARTS = (
    Part("apache-airflow", "airflow", "airflow"),
    Part("ansible", "ansible_collections/amazon", "ansible_collections/amazon"),
    Part("ansible", "ansible_collections/community", "ansible_collections/community"),
    Part("django", "django", "django"),
    Part("django", "tests", "django_tests"),
    Part("homeassistant", "homeassistant", "homeassistant"),
    Part("homeassistant", "tests", "tests"),
    Part("pandas", "pandas", "pandas"),
    Part("scipy", "scipy", "scipy"),
    Part("sqlalchemy", "lib/sqlalchemy", "sqlalchemy"),
    Part("sqlalchemy", "test", "test"),
    Part("sympy", "sympy", "sympy"),
)


class Survey(NamedTuple):
    """What the files of a tree say, as far as a pattern can tell: good enough to choose from, and quick."""

    modules: Mapping[str, Path]
    """The file of each."""
    imported: Mapping[tuple[str, str], int]
    """How many files import a name from a module by its absolute path."""
    defined: frozenset[tuple[str, str]]
    """Classes and functions at the top of a module."""


class Moves(NamedTuple):
    """What the registry calls deprecated, sorted."""

    objects: tuple[tuple[str, str], ...]
    modules: tuple[str, ...]


class Tree(NamedTuple):
    """What is measured."""

    root: Path
    settings: Path
    """A folder beside it: what the peers are told, and the large registry."""
    files: tuple[Path, ...]
    size: int
    """Bytes."""
    harmless: tuple[str, ...]
    """Modules whose import is no finding."""

    @property
    def ruff(self) -> Path:
        """The settings that ban what the registry calls deprecated."""
        return self.settings / "ruff.toml"

    @property
    def large_registry(self) -> Path:
        """The registry of `MANY` entries, with those of the small one among them."""
        return self.settings / "registry.json"


def build(corpus: Path, parts: Iterable[Part], root: Path, settings: Path, many: int = MANY) -> Tree:
    """Make the tree, or mend the one that is there, e.g. after a run that was killed.

    Raises LookupError if the corpus is not there.
    """
    copy_files(sources(corpus, parts), root)
    (root / ".git").mkdir(exist_ok=True)  # what the folders above say is to be ignored ends here, for every tool
    settings.mkdir(parents=True, exist_ok=True)
    survey = survey_of(root)
    moves = choose(survey)
    packages = sorted({path.relative_to(root).parts[0].removesuffix(".py") for path in survey.modules.values()})
    small = entries(moves)
    write(root / "pyproject.toml", '[project]\nname = "tree"\nversion = "1"\n\n[tool.ssot-lsp]\n')
    write(root / "registry.json", registry(packages, small))
    write(settings / "ruff.toml", ruff_settings(moves))
    write(settings / "registry.json", registry(packages, [*small, *more_entries(survey, many - len(small))]))
    files = tuple(python_files(root))
    harmless = sorted({module for module, _ in survey.imported if module in survey.modules} - set(moves.modules))
    return Tree(root, settings, files, sum(path.stat().st_size for path in files), tuple(harmless))


def sources(corpus: Path, parts: Iterable[Part]) -> dict[Path, Path]:
    """The files of the tree, relative to it, and where they come from. What is in hidden folders no tool looks at."""
    found: dict[Path, Path] = {}
    for part in parts:
        folders = [*corpus.glob(f"{part.distribution}-[0-9]*/*/{part.inside}")]
        if len(folders) != 1:
            raise LookupError(f"{part.inside} of {part.distribution} is {len(folders)} times in {corpus}: make corpus")
        found |= {part.name / path.relative_to(folders[0]): path for path in python_files(folders[0])}
    return found


def python_files(folder: Path) -> Iterator[Path]:
    """The Python files in a folder, sorted, without those in hidden folders."""
    for inner, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(inner, name) for name in sorted(files) if name.endswith(".py"))


def copy_files(wanted: Mapping[Path, Path], root: Path) -> None:
    """Have exactly these Python files in a folder: copies, as they will be edited."""
    root.mkdir(parents=True, exist_ok=True)
    for path in [*python_files(root)]:
        if path.relative_to(root) not in wanted:
            path.unlink()
    for relative, source in wanted.items():
        target = root / relative
        if not target.exists() or _state(target) != _state(source):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


def _state(path: Path) -> tuple[int, int]:
    state = path.stat()
    return state.st_size, state.st_mtime_ns


def write(path: Path, content: str) -> None:
    """Write a file, if it does not hold just that: one that stays the same is not news to a cache."""
    data = content.encode()
    if not path.exists() or path.read_bytes() != data:
        path.write_bytes(data)


def survey_of(root: Path) -> Survey:
    """Read a tree."""
    modules: dict[str, Path] = {}
    imported: Counter[tuple[str, str]] = Counter()
    defined: set[tuple[str, str]] = set()
    for path in python_files(root):
        module = module_name(path.relative_to(root))
        source = path.read_bytes().decode("utf-8", "replace")
        modules[module] = path
        imported.update(set(imported_names(source)))
        defined.update((module, name) for name in _DEFINED.findall(source))
    return Survey(modules, imported, frozenset(defined))


def module_name(path: Path) -> str:
    """The dotted name of a file, relative to the root."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def imported_names(source: str) -> Iterator[tuple[str, str]]:
    """The names that ``from a.b import …`` imports by absolute paths, with their modules."""
    for module, inside, line in _FROM.findall(source):
        for part in _COMMENT.sub("", inside or line).split(","):
            name = part.split()
            if name and name[0].isidentifier():
                yield module, name[0]


def choose(survey: Survey, objects: int = OBJECTS, modules: int = MODULES) -> Moves:
    """What the registry moves, from all over the tree: what several files import from where it is defined.

    Only out of modules that are no packages. What is in the package of a deprecated object is exempt from its entry
    with us and not with others, so that findings could not be compared.
    """
    homes = {module for module, path in survey.modules.items() if path.name != "__init__.py"}
    named = sorted(
        path
        for path, count in survey.imported.items()
        if FEWEST <= count <= MOST and path[0] in homes and path in survey.defined
    )
    chosen = spread(named, objects)
    taken = {module for module, _ in chosen}
    totals: Counter[str] = Counter()
    for (module, _), count in survey.imported.items():
        totals[module] += count
    free = sorted(m for m, count in totals.items() if FEWEST <= count <= MOST and m in homes and m not in taken)
    return Moves(tuple(chosen), tuple(spread(free, modules)))


def spread(items: Sequence[_T], count: int) -> list[_T]:
    """So many of the items, at equal distances; all if there are fewer."""
    count = min(count, len(items))
    return [items[(2 * number + 1) * len(items) // (2 * count)] for number in range(count)]


Entry = dict[str, object]


def moved(path: str) -> Entry:
    """An entry that moves an object or a module into a package that is not in the tree, e.g. one that was split off."""
    return {"canonical": f"moved.{path}", "deprecated": [path]}


def entries(moves: Moves) -> list[Entry]:
    """The registry's entries."""
    return [moved(path) for path in (*(f"{module}:{name}" for module, name in moves.objects), *moves.modules)]


def more_entries(survey: Survey, count: int) -> list[Entry]:
    """Entries that no file meets, and that are not easy to tell from what they do import.

    By turns a class that is really there, in a module that is not; a made-up name in a module that is really there; and
    nothing that is there. One of ten is a module.
    """
    classes = sorted({name for _, name in survey.defined if is_dotted_name(name) and not name.startswith("_")})
    named = (module for module, path in survey.modules.items() if path.name != "__init__.py")
    modules = sorted(filter(is_dotted_name, named))

    def made_up(number: int) -> str:
        home = f"legacy.area{number % 97}.module{number}"
        if number % 10 == 0:
            return home
        if number % 3 == 0:
            return f"{home}:{classes[number % len(classes)]}"
        if number % 3 == 1:
            return f"{modules[number % len(modules)]}:Legacy{number}"
        return f"{home}:Legacy{number}"

    return [moved(made_up(number)) for number in range(count)]


def registry(packages: Sequence[str], content: Sequence[Entry]) -> str:
    """A registry.json, an entry to a line."""
    lines = ",\n".join(json.dumps(entry) for entry in content)
    return f'{{"version": 1, "packages": {json.dumps(packages)}, "entries": [\n{lines}\n]}}\n'


def ruff_settings(moves: Moves) -> str:
    """A ruff.toml that bans what the registry calls deprecated (TID251)."""
    paths = (*(f"{module}.{name}" for module, name in moves.objects), *moves.modules)
    banned = "".join(f'"{path}".msg = "Use moved.{path}."\n' for path in paths)
    return f"[lint.flake8-tidy-imports.banned-api]\n{banned}"
