"""The project's environment: which distributions are installed, and what jedi can tell of an object.

Read, never run: no interpreter is started and nothing is imported from it. The only module that knows jedi.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ssot_lsp.model import ObjectRef

_CACHE = "ssot-lsp"


@dataclass(frozen=True)
class Environment:
    """An installed Python environment, or none."""

    site_packages: tuple[Path, ...] = ()

    @classmethod
    def find(cls, root: Path, python: Path | None) -> Environment:
        """The environment of a workspace: `python` if given, else VIRTUAL_ENV, else `.venv` at the root."""
        candidates = [python, os.environ.get("VIRTUAL_ENV"), root / ".venv"] if python is None else [python]
        for candidate in candidates:
            if candidate and (found := _site_packages(Path(candidate))):
                return cls(found)
        return cls()

    @cached_property
    def distributions(self) -> frozenset[str]:
        """The distributions that are installed, as names with `_` in lower case."""
        names = (name for folder in self.site_packages for name in os.listdir(folder))  # noqa: PTH208 - names are wanted
        metadata = (name for name in names if name.endswith((".dist-info", ".egg-info")))
        found = (re.split(r"-\d|\.(?:dist|egg)-info", name)[0] for name in metadata)
        return frozenset(re.sub(r"[-_.]+", "_", name).lower() for name in found)

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of the top-level modules that are installed, as they are imported, and of what else is there."""
        return frozenset(name.partition(".")[0] for folder in self.site_packages for name in os.listdir(folder))  # noqa: PTH208

    def registry_file(self, name: str) -> Path | None:
        """The registry that an installed distribution offers under `name`, read from its metadata alone.

        Entry-point group `ssot_lsp.registries`, value `package:file.json`.
        """
        for folder in self.site_packages:
            for entry_points in sorted(folder.glob("*.dist-info/entry_points.txt")):
                value = _entry_point(entry_points, name)
                if value is not None:
                    package, _, file = value.partition(":")
                    path = folder.joinpath(*package.strip().split("."), file.strip())
                    return path if path.resolve().is_relative_to(folder.resolve()) else None
        return None

    def describe(self, ref: ObjectRef, roots: Sequence[Path]) -> str:
        """The signature and docstring of an object as jedi's static view gives them; empty if it finds none."""
        import jedi  # noqa: PLC0415 - 90 ms that only hover pays

        # jedi keeps what it has parsed on disk: in a folder of our own, beside the one that it takes by itself
        if Path(jedi.settings.cache_directory).name != _CACHE:
            jedi.settings.cache_directory = os.fspath(Path(jedi.settings.cache_directory).with_name(_CACHE))
        paths = [os.fspath(path) for path in (*roots, *self.site_packages)]
        # an explicit project, path and interpreter: nothing that the workspace contains decides what jedi runs
        project = jedi.Project(roots[0], sys_path=paths, smart_sys_path=False, load_unsafe_extensions=False)
        head = ref.qualname.partition(".")[0]
        code = f"from {ref.module} import {head}\n{ref.qualname}" if head else f"import {ref.module}\n{ref.module}"
        script = jedi.Script(code, project=project, environment=jedi.InterpreterEnvironment())
        for name in script.help(2, len(code.partition("\n")[2])):
            if text := name.docstring(raw=False):
                return str(text)
        return ""


def _entry_point(path: Path, name: str) -> str | None:
    from configparser import ConfigParser, Error  # noqa: PLC0415

    parser = ConfigParser(delimiters=("=",), interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read(path, "utf-8")
        return parser.get("ssot_lsp.registries", name, fallback=None)
    except (Error, UnicodeDecodeError):
        return None


def _site_packages(python: Path) -> tuple[Path, ...]:
    """The site-packages of an interpreter or of an environment's folder; empty if it is none."""
    prefix = python if python.is_dir() else python.parent.parent
    if not python.is_dir() and not python.exists():
        return ()
    is_environment = (prefix / "pyvenv.cfg").is_file() or not python.is_dir()
    if not is_environment:
        return ()
    patterns = ("lib/python3*/site-packages", "lib64/python3*/site-packages", "Lib/site-packages")
    system = ("lib/python3/dist-packages", "lib/python3*/dist-packages", "local/lib/python3*/dist-packages")
    found = (path.resolve() for pattern in (*patterns, *system) for path in sorted(prefix.glob(pattern)))
    return tuple(dict.fromkeys(path for path in found if path.is_dir()))
