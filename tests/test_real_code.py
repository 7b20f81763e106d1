"""What holds for the rewrite of any code: shown on the standard library, with random registries of its imports."""

from __future__ import annotations

import ast
import io
import json
import random
import sysconfig
import tokenize
import warnings
from collections import Counter
from pathlib import Path

import pytest

from ssot_lsp import engine
from ssot_lsp.files import UnreadableFileError, decode
from ssot_lsp.project import Document, Project
from ssot_lsp.text import apply_edits

STDLIB = Path(sysconfig.get_path("stdlib"))
FILES = 300
LARGEST = 60_000
"""Bytes."""


def sample() -> list[Path]:
    found = (path for path in sorted(STDLIB.rglob("*.py")) if path.stat().st_size < LARGEST)
    files = [path for path in found if not {"site-packages", "lib2to3", "__pycache__"} & set(path.parts)]
    return sorted(random.Random(20).sample(files, min(FILES, len(files))))


SAMPLE = sample()
GROUPS = 20


def parsed(source: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError):
        return None


def random_registry(sources: list[str], chance: random.Random) -> list[dict[str, object]]:
    """Entries that move or rename a part of what the sources import."""
    names, modules = set[str](), set[str]()
    for source in sources:
        for node in ast.walk(parsed(source) or ast.Module([], [])):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level and node.module != "__future__":
                names |= {f"{node.module}:{alias.name}" for alias in node.names if alias.name != "*"}
                modules.add(node.module)
            elif isinstance(node, ast.Import):
                modules |= {alias.name for alias in node.names}
    entries: list[dict[str, object]] = []
    for number, ref in enumerate(chance.sample(sorted(names), len(names) // 2)):
        name = ref.partition(":")[2] + ("New" if chance.random() < 0.4 else "")
        entries.append({"canonical": f"moved.to.m{number % 5}:{name}", "deprecated": [ref]})
    for number, module in enumerate(chance.sample(sorted(modules), len(modules) // 4)):
        last = module.rpartition(".")[2]
        target = f"moved.{last}" if chance.random() < 0.6 else f"top{number % 3}"
        entries.append({"canonical": target, "deprecated": [module]})
    return entries


def comments(source: str) -> Counter[str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return Counter(token.string for token in tokens if token.type == tokenize.COMMENT)


@pytest.mark.parametrize("group", range(GROUPS))
def test_any_file_is_rewritten_without_harm(tmp_path: Path, group: int) -> None:
    sources = []
    for path in SAMPLE[group::GROUPS]:
        try:
            sources.append(decode(path.read_bytes()).source)
        except UnreadableFileError:
            continue
    entries = random_registry(sources, random.Random(group))
    registry = {"version": 1, "packages": ["nothing"], "entries": entries}
    (tmp_path / "registry.json").write_text(json.dumps(registry), "utf-8")
    project = Project.load(tmp_path)
    for number, source in enumerate(sources):
        if parsed(source) is not None:
            check_one(project, project.document(tmp_path / f"file{number}.py", source))


def check_one(project: Project, document: Document) -> None:
    source = document.text.source
    found = engine.check(document, project)
    fixed = engine.fix(document, project, found)
    result = fixed.text.source
    assert result == apply_edits(source, fixed.edits)
    assert parsed(result) is not None
    assert not comments(source) - comments(result), "a comment was lost"
    after = project.document(document.path, result)
    again = engine.fix(after, project, engine.check(after, project))
    assert again.edits == (), "a second run changes something"
    assert len(fixed.applied) + len(fixed.refused) == sum(bool(d.replacements) for d in found)
