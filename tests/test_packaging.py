"""The wheel and the sdist: they build, hold what they should, and the wheel works when it is installed alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

import ssot_lsp

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGE = REPOSITORY / "ssot_lsp"
SCRIPTS = "Scripts" if os.name == "nt" else "bin"
UNWANTED = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_CONSTRAINT")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in UNWANTED} | {"PYTHONUTF8": "1"}


def run(*command: str | Path, cwd: Path, timeout: float = 300, expect: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command, cwd=cwd, env=ENVIRONMENT, capture_output=True, encoding="utf-8", timeout=timeout, check=False
    )
    assert done.returncode == expect, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


def build(source: Path, kind: str, folder: Path) -> Path:
    """Build with the environment's own hatchling: nothing is fetched, and nothing is written beside the sources."""
    run(sys.executable, "-m", "build", "--no-isolation", f"--{kind}", "--outdir", folder, source, cwd=folder.parent)
    (built,) = folder.iterdir()
    return built


def in_wheel(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def in_sdist(sdist: Path) -> set[str]:
    """Return the names of the files, without the folder that they are all in."""
    with tarfile.open(sdist) as archive:
        return {member.name.partition("/")[2] for member in archive if member.isfile()}


@dataclass(frozen=True)
class Built:
    """What was built from the repository."""

    wheel: Path
    sdist: Path


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("built")
    for kind in ("wheel", "sdist"):
        (folder / kind).mkdir()
    return Built(build(REPOSITORY, "wheel", folder / "wheel"), build(REPOSITORY, "sdist", folder / "sdist"))


def test_the_metadata_is_in_order(built: Built, tmp_path: Path) -> None:
    run(sys.executable, "-m", "twine", "check", "--strict", built.wheel, built.sdist, cwd=tmp_path)


def test_the_wheel_holds_the_package_and_nothing_else(built: Built) -> None:
    names = in_wheel(built.wheel)
    info = f"ssot_lsp-{ssot_lsp.__version__}.dist-info/"
    sources = {
        path.relative_to(REPOSITORY).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(built.wheel) as archive:
        assert "[pytest11]" in archive.read(f"{info}entry_points.txt").decode()
    packed = {"schema.json", "packs/stdlib.json", "docs/page.css", "docs/page.js"}
    assert {f"ssot_lsp/registry/{name}" for name in packed} <= sources
    assert {"ssot_lsp/py.typed", "ssot_lsp/rules/deprecated_import.md"} <= sources
    assert {name for name in names if not name.startswith(info)} == sources
    assert {f"{info}METADATA", f"{info}entry_points.txt", f"{info}licenses/LICENSE"} <= names


def test_the_sdist_holds_what_development_needs(built: Built) -> None:
    names = in_sdist(built.sdist)
    expected = [
        "LICENSE",
        "Makefile",
        "README.md",
        "SECURITY.md",
        ".pre-commit-hooks.yaml",
        "action.yml",
        "docs/ci.md",
        "examples/netra/PLANTED.json",
        "examples/netra/pyproject.toml",
        "examples/netra/tests/conftest.py",
        "pyproject.toml",
        "registry.json",
        "scripts/demo.py",
        "scripts/lowest.py",
        "ssot_lsp/registry/schema.json",
        "tests/test_packaging.py",
    ]
    assert [name for name in expected if name not in names] == []
    assert [name for name in names if "__pycache__" in name or name.startswith((".venv", ".git/"))] == []


def test_a_wheel_from_the_sdist_is_the_same(built: Built, tmp_path: Path) -> None:
    run(sys.executable, "-m", "tarfile", "-e", built.sdist, tmp_path / "unpacked", cwd=tmp_path)
    (source,) = (tmp_path / "unpacked").iterdir()
    (tmp_path / "wheel").mkdir()
    again = build(source, "wheel", tmp_path / "wheel")
    assert again.name == built.wheel.name
    assert in_wheel(again) == in_wheel(built.wheel)


def test_the_wheel_works_alone(built: Built, tmp_path: Path) -> None:
    """In an environment of its own, with the dependencies that it names, away from the repository."""
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    scripts = tmp_path / "venv" / SCRIPTS
    run(scripts / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", built.wheel, cwd=tmp_path)

    version = run(scripts / "ssot-lsp", "--version", cwd=tmp_path)
    assert ssot_lsp.__version__ in version.stdout

    workspace = tmp_path / "copy" / "examples" / "netra"
    shutil.copytree(
        REPOSITORY / "examples" / "netra", workspace, ignore=shutil.ignore_patterns("__pycache__", ".*_cache")
    )
    shutil.copy(REPOSITORY / "registry.json", tmp_path / "copy")
    check = run(scripts / "python", "-m", "ssot_lsp", "check", "--output-format", "json", cwd=workspace, expect=1)
    assert {"SSOT001", "SSOT002"} <= {diagnostic["code"] for diagnostic in json.loads(check.stdout)}

    module = run(scripts / "python", "-c", "import ssot_lsp; print(ssot_lsp.__file__)", cwd=tmp_path)
    assert Path(module.stdout.strip()).is_relative_to(tmp_path / "venv")
