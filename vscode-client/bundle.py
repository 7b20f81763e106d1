"""Puts the server and its libraries into bundled/libs, for each Python that may run them on this platform.

Compiled modules carry the Python that they are for in their names, so one folder serves all: of each library the newest
version that the oldest Python takes. Nothing is compiled here.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).resolve().parent
LIBS = HERE / "bundled" / "libs"
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
OF_THE_OLDEST = ("tomli", "exceptiongroup")
"""What libraries need with the oldest Python only: pip asks the Python that it runs on, not the one that is meant."""
NOT_RUN = shutil.ignore_patterns("__pycache__", "bin", "*.pyc", "RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
MAY_DIFFER = (".dist-info/WHEEL", ".dist-info/METADATA")


def pip(*arguments: str) -> None:
    """Run pip."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    subprocess.run(command, check=True)  # noqa: S603


def merge(source: Path, target: Path) -> None:
    """Add one folder's files to another's. Raises ValueError if that has another file of that name."""
    for file in (path for path in source.rglob("*") if path.is_file()):
        place = target / file.relative_to(source)
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, place)
        elif place.read_bytes() != file.read_bytes() and not str(place).endswith(MAY_DIFFER):
            raise ValueError(f"{place}: different for different versions of Python")


def bundle() -> None:
    """Make bundled/libs anew."""
    with TemporaryDirectory() as folder:
        work = Path(folder)
        pip("wheel", "--no-deps", "--wheel-dir", str(work), str(HERE.parent))
        (wheel,) = work.glob("*.whl")
        versions = work / "versions.txt"
        versions.touch()
        for python in PYTHONS:
            installed, kept = work / python, work / f"{python}-kept"
            wanted = (str(wheel), *(OF_THE_OLDEST if python == PYTHONS[0] else ()))
            only = ("--only-binary=:all:", "--python-version", python, "--implementation", "cp")
            where = ("--no-compile", "--target", str(installed))
            pip("install", *where, "--constraint", str(versions), *only, *wanted)
            found = (info.name.removesuffix(".dist-info").rsplit("-", 1) for info in installed.glob("*.dist-info"))
            versions.write_text("".join(f"{name}=={version}\n" for name, version in found if name != "ssot_lsp"))
            shutil.copytree(installed, kept, ignore=NOT_RUN)
            merge(kept, work / "libs")
        shutil.rmtree(LIBS, ignore_errors=True)
        shutil.copytree(work / "libs", LIBS)


if __name__ == "__main__":
    bundle()
