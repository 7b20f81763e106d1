"""What holds for the rewrite of any code: shown on the standard library, with random registries of its imports."""

from __future__ import annotations

import json
import random
import sysconfig
from pathlib import Path

import pytest

from ssot_lsp.files import UnreadableFileError, decode
from ssot_lsp.project import Project
from tests.real_code import File, check_one, random_registry

STDLIB = Path(sysconfig.get_path("stdlib"))
FILES = 300
LARGEST = 60_000
"""Bytes."""
GROUPS = 20


def sample() -> list[Path]:
    found = (path for path in sorted(STDLIB.rglob("*.py")) if path.stat().st_size < LARGEST)
    files = [path for path in found if not {"site-packages", "lib2to3", "__pycache__"} & set(path.parts)]
    return sorted(random.Random(20).sample(files, min(FILES, len(files))))


SAMPLE = sample()


@pytest.mark.parametrize("group", range(GROUPS))
def test_any_file_is_rewritten_without_harm(tmp_path: Path, group: int) -> None:
    files = []
    for path in SAMPLE[group::GROUPS]:
        try:
            files.append(File(path.relative_to(STDLIB), decode(path.read_bytes())))
        except UnreadableFileError:
            continue
    registry = {"version": 1, "packages": ["nothing"], "entries": random_registry(files, random.Random(group))}
    (tmp_path / "registry.json").write_text(json.dumps(registry), "utf-8")
    project = Project.load(tmp_path)
    outcomes = {file.path.as_posix(): check_one(project, file) for file in files}
    assert {path: outcome.broken for path, outcome in outcomes.items() if outcome.broken} == {}
