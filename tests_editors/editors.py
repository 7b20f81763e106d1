"""Real editors on a workspace of their own, in an environment of their own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
INSTALLED = REPOSITORY / ".editors"
"""Where `scripts/editors.py` puts what no package of the system brings."""
LIMIT = 60
"""Seconds for one run of an editor; each of its steps has a limit of its own."""
_UNWANTED = re.compile(r"(N?VIM|EMACS|LUA|XDG_|TERM|LC_|LANG).*")

OLD = "from app.old import Thing"
NEW = "from app.new import Thing"
BEFORE = f'import os; a = "é😋"; {OLD}\n\nprint(os.name, a, Thing)\n'
"""What stands before the import takes another number of places in each of LSP's encodings."""
AFTER = BEFORE.replace(OLD, NEW)
OTHER = f"{OLD}\n\nprint(Thing)\n"
BROKEN = f"{OLD}\n\nprint(Thing\n"
FILES = {
    "registry.json": json.dumps(
        {
            "version": 1,
            "packages": ["app"],
            "entries": [{"canonical": "app.new:Thing", "deprecated": ["app.old:Thing"], "reason": "It was moved."}],
        }
    ),
    "app/__init__.py": "",
    "app/new.py": "class Thing:\n    pass\n",
    "app/old.py": "from app.new import Thing\n",
    "app/main.py": BEFORE,
    "app/other.py": OTHER,
    "app/broken.py": BROKEN,
}


class Workspace(NamedTuple):
    """A folder with a registry and some Python, and a home for whoever edits it."""

    root: Path
    home: Path

    @classmethod
    def below(cls, folder: Path) -> Workspace:
        """A new one."""
        made = cls(folder / "work space", folder / "home")
        for path, text in FILES.items():
            file = made.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        made.home.mkdir(mode=0o700)
        return made

    def text(self, path: str) -> str:
        """What stands in a file on the disk."""
        return (self.root / path).read_text(encoding="utf-8")

    @property
    def programs(self) -> Path:
        """Where a person's own programs are; they come first."""
        return self.home / ".local" / "bin"

    def environment(self) -> dict[str, str]:
        """An environment in which nothing is known of the person who runs the tests, and `ssot-lsp` is this one."""
        environment = {name: value for name, value in os.environ.items() if not _UNWANTED.fullmatch(name)}
        path = os.pathsep.join((str(self.programs), str(Path(sys.executable).parent), os.defpath))
        return environment | {"HOME": str(self.home), "PATH": path, "TERM": "dumb", "LC_ALL": "C.UTF-8"}

    def run(self, command: list[str | Path]) -> subprocess.CompletedProcess[str]:
        """Run a command in here."""
        return subprocess.run(
            command,
            cwd=self.root,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )


def found(name: str, folder: Path | None = None) -> Path:
    """A program that has to be there: in a folder, else where the system's are."""
    program = shutil.which(name, path=str(folder or os.defpath))
    if program is None:
        pytest.fail(f"{name} is missing: `make test-editors` installs it")
    return Path(program)


def section(page: str, heading: str) -> str:
    """What stands below a heading of a page in `docs`."""
    text = (REPOSITORY / "docs" / page).read_text(encoding="utf-8")
    (found,) = (part for part in re.split(r"^## ", text, flags=re.MULTILINE) if part.startswith(f"{heading}\n"))
    return found


def documented(heading: str, language: str) -> list[str]:
    """The configurations that `docs/editors.md` shows below a heading."""
    return re.findall(rf"^```{language}\n(.*?)^```$", section("editors.md", heading), re.MULTILINE | re.DOTALL)


def copy_of_repository(folder: Path) -> Path:
    """A copy of what git knows of here, as it is now, and of what is new."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=REPOSITORY, capture_output=True, encoding="utf-8", check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, folder / name)
    return folder
