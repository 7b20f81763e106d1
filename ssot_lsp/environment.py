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

from ssot_lsp.distributions import NotOfferedError, Offer, OfferedRegistry, import_path, normal, offers, registry_of
from ssot_lsp.model import ObjectRef

_CACHE = "ssot-lsp"


@dataclass(frozen=True)
class Environment:
    """An installed Python environment, or none."""

    site_packages: tuple[Path, ...] = ()
    given: Path | None = None
    """What was to be read, where that was said."""

    @classmethod
    def find(cls, root: Path, python: Path | None) -> Environment:
        """The environment of a workspace: `python` if given, else VIRTUAL_ENV, else `.venv` at the root."""
        candidates = [python, os.environ.get("VIRTUAL_ENV"), root / ".venv"] if python is None else [python]
        for candidate in candidates:
            if candidate and (found := _site_packages(Path(candidate))):
                return cls(found, python)
        return cls((), python)

    @cached_property
    def distributions(self) -> frozenset[str]:
        """The distributions that are installed, as names with `_` in lower case."""
        names = (name for folder in self.site_packages for name in os.listdir(folder))  # noqa: PTH208 - names are wanted
        metadata = (name for name in names if name.endswith((".dist-info", ".egg-info")))
        found = (re.split(r"-\d|\.(?:dist|egg)-info", name)[0] for name in metadata)
        return frozenset(map(normal, found))

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of the top-level modules that are installed, as they are imported, and of what else is there."""
        return frozenset(name.partition(".")[0] for folder in self.site_packages for name in os.listdir(folder))  # noqa: PTH208

    @cached_property
    def path(self) -> tuple[Path, ...]:
        """The folders in which its interpreter finds modules, those of editable installs included."""
        return tuple(dict.fromkeys(import_path(self.site_packages)))

    def registry(self, name: str) -> OfferedRegistry:
        """The registry that an installed distribution offers under `name`, in any spelling of that.

        Raises NotOfferedError, which says why there is none.
        """
        if not self.site_packages:
            raise NotOfferedError(f"{name!r} is no file, and {self._nothing}, where it may be offered")
        offered = [offer for offer in self._offers if normal(offer.name) == normal(name)]
        if len(offered) > 1:
            who = " and ".join(offer.distribution for offer in offered)
            raise NotOfferedError(f"{name!r} is offered by {who}: only one of them may be installed")
        if not offered:
            raise NotOfferedError(self._unknown(name))
        return registry_of(offered[0], self.site_packages)

    @cached_property
    def _offers(self) -> tuple[Offer, ...]:
        return offers(self.site_packages)

    @property
    def _nothing(self) -> str:
        if self.given is not None:
            return f"no Python environment is at {self.given}"
        return "no Python environment was found (--python, the `python` setting, VIRTUAL_ENV or .venv at the root)"

    def _unknown(self, name: str) -> str:
        """That nobody offers a registry under a name, and what is offered."""
        from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

        names = sorted({offer.name for offer in self._offers})
        told = f"{name!r} is no file, and no installed distribution offers it"
        if normal(name) in self.distributions:
            told = f"{name!r} is installed, but offers no registry of that name"
        close = {normal(name): name for name in names}
        if guessed := get_close_matches(normal(name), close, 1):
            return f"{told}: did you mean {close[guessed[0]]!r}?"
        return f"{told} ({', '.join(map(repr, names))} are offered)" if names else told

    def describe(self, ref: ObjectRef, roots: Sequence[Path]) -> str:
        """The signature and docstring of an object as jedi's static view gives them; empty if it finds none."""
        import jedi  # noqa: PLC0415 - 90 ms that only hover pays

        # jedi keeps what it has parsed on disk: in a folder of our own, beside the one that it takes by itself
        if Path(jedi.settings.cache_directory).name != _CACHE:
            jedi.settings.cache_directory = os.fspath(Path(jedi.settings.cache_directory).with_name(_CACHE))
        paths = [os.fspath(path) for path in (*roots, *self.path)]
        # an explicit project, path and interpreter: nothing that the workspace contains decides what jedi runs
        project = jedi.Project(roots[0], sys_path=paths, smart_sys_path=False, load_unsafe_extensions=False)
        head = ref.qualname.partition(".")[0]
        code = f"from {ref.module} import {head}\n{ref.qualname}" if head else f"import {ref.module}\n{ref.module}"
        script = jedi.Script(code, project=project, environment=jedi.InterpreterEnvironment())
        for name in script.help(2, len(code.partition("\n")[2])):
            if text := name.docstring(raw=False):
                return str(text)
        return ""


def _site_packages(python: Path) -> tuple[Path, ...]:
    """The site-packages of an interpreter or of an environment's folder; empty if it is none."""
    if python.is_dir():
        prefix, is_environment = python, (python / "pyvenv.cfg").is_file() or (python / "conda-meta").is_dir()
    else:  # on Windows only a virtual environment has a folder for its programs
        has_folder = python.parent.name.lower() in ("bin", "scripts")
        prefix, is_environment = python.parent.parent if has_folder else python.parent, python.exists()
    if not is_environment:
        return ()
    patterns = ("lib/py*3*/site-packages", "lib64/python3*/site-packages", "Lib/site-packages")
    system = ("lib/python3/dist-packages", "lib/python3*/dist-packages", "local/lib/python3*/dist-packages")
    found = (path.resolve() for pattern in (*patterns, *system) for path in sorted(prefix.glob(pattern)))
    return tuple(dict.fromkeys(path for path in found if path.is_dir()))
