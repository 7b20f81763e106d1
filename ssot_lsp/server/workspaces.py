"""The workspace folders: each has its own root, settings, registry and modules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ssot_lsp.config import ConfigError, Settings, find_root, settings_from
from ssot_lsp.definitions import Definitions
from ssot_lsp.files import read_bytes
from ssot_lsp.model import Diagnostic, Severity
from ssot_lsp.modules import DEFINERS, KnownDefinitions, Read
from ssot_lsp.project import Project
from ssot_lsp.registry import Registry, RegistryError
from ssot_lsp.scan import definitions
from ssot_lsp.text import Text

Tell = Callable[[str], None]

_FEW = 300
"""Python files that are read in less time than anyone notices."""


class WorkspaceFolder:
    """One folder and the project in it, loaded when it is first needed and again after `refresh`."""

    def __init__(self, root: Path, settings: Settings, read: Read, tell: Callable[[str], None]) -> None:
        self.root = root
        self._settings = settings
        self._read = read
        self._tell = tell
        self._project: Project | None = None
        self._good: Registry | None = None
        self._is_fresh = False
        self._definitions: Definitions | None = None
        """Who defines which name, once it was read; the project does without it until then, if it is large."""
        self._is_being_read = False
        self._newer: dict[str, list[str]] = {}
        """What files that have changed until then define."""
        self.registry_problems: dict[Path, tuple[Text, list[Diagnostic]]] = {}
        """What to report in the registry files: all that were ever reported in, so that they can be cleared."""

    def refresh(self) -> None:
        """Read everything again when it is next needed."""
        self._is_fresh = False

    @property
    def project(self) -> Project | None:
        """The project, with the last good registry if the present one cannot be used; None without any registry."""
        if not self._is_fresh:
            self._is_fresh = True
            self._load()
        return self._project if self._project and self._project.has_registry else None

    def _load(self) -> None:
        self.registry_problems = {path: (text, []) for path, (text, _) in self.registry_problems.items()}
        try:
            self._project = Project.load(self.root, self._settings, self._read)
        except ConfigError as error:
            self._tell(str(error))
            return
        except RegistryError as error:
            message = _message(error) + (" The last good registry stays in force." if self._good else "")
            bad = Diagnostic("SSOT100", "invalid-registry", message, Severity.ERROR, error.span)
            self.registry_problems[error.path] = (error.text, [bad])
            if self._project is not None and self._good is not None:
                self._project = self._project.with_registry(self._good, self._read)
                self._know()
            return
        self._good = self._project.registry
        self._know()
        for path, problem in self._project.registry.problems:
            text = self._project.registry.text(path)
            self.registry_problems.setdefault(path, (text, []))[1].append(problem)

    def _know(self) -> None:
        """Let the modules know who defines what, as far as that was read; a few files they read when they want to."""
        modules = self._project.modules if self._project is not None else None
        if modules is not None and (self._definitions is not None or len(modules.files) > _FEW):
            files = self._definitions.files if self._definitions is not None else _nothing
            modules.known_definitions = KnownDefinitions(files, ())

    def to_be_read(self) -> Callable[[], Definitions] | None:
        """What is to be done in another thread, if there is anything: to read who defines what. Asked for once."""
        modules = self._project.modules if self._is_fresh and self._project is not None else None
        if modules is None or modules.known_definitions is None or self._is_being_read:
            return None
        self._is_being_read = True
        return partial(Definitions.of, modules.files, read_bytes)

    def learn(self, definitions: Definitions) -> None:
        """Take over what was read; what rests on it is worked out anew."""
        self._definitions = definitions
        definitions.newer.update(self._newer)
        if self._project is not None:
            self._project = self._project.with_registry(self._project.registry, self._read)
            self._know()

    def changed(self, paths: Iterable[Path]) -> Set[str] | None:
        """What is other than it was now that some Python files' bytes are; None if everything is to be read again."""
        newer = self._definitions.newer if self._definitions is not None else self._newer
        files = {str(path): path for path in paths}
        for file in files:
            newer[file] = []
            with suppress(OSError):
                newer[file] = [*definitions(self._read(file))]
        if self._project is None or not self._is_fresh:
            return None
        modules, stale = self._project.modules, set[str]()
        for file, path in files.items():
            name = modules.name_of(file)[0]
            found = modules.find(name) if name else None
            if found is None or found.path != path or not path.exists():  # it has come or gone, or nobody knows
                return None
            stale |= {file, name, *(f"{DEFINERS}{defined}" for defined in newer[file])}
        self._project = replace(self._project, modules=modules.after(stale))
        return stale


def _nothing(name: str) -> tuple[str, ...]:
    """Who defines a name, as long as nobody knows."""
    return ()


def _message(error: RegistryError) -> str:
    key = f"{error.key}: " if error.key else ""
    return f"{key}{error.reason}."


class Workspaces:
    """All workspace folders, and the root of whatever is opened outside of them."""

    def __init__(self, read: Read, tell: Tell) -> None:
        self._read = read
        self._tell = tell
        self._options: Mapping[str, Any] = {}
        self._folders: dict[Path, WorkspaceFolder] = {}

    def __iter__(self) -> Iterator[WorkspaceFolder]:
        return iter(tuple(self._folders.values()))

    def configure(self, options: Mapping[str, Any]) -> None:
        """Take over the editor's settings, which have the names of those in `[tool.ssot-lsp]`."""
        self._options = options

    def add(self, root: Path) -> WorkspaceFolder:
        """Add a folder."""
        if root not in self._folders:
            self._folders[root] = WorkspaceFolder(root, self._settings(root), self._read, self._tell)
        return self._folders[root]

    def _settings(self, root: Path) -> Settings:
        """The editor's settings, less those that are wrong, which are told."""
        settings = Settings()
        for key, value in self._options.items():
            try:
                given = settings_from({key: value}, root, lambda key, reason: ConfigError(f"{key}: {reason}"))
            except ConfigError as error:
                self._tell(f"settings: {error}")
            else:
                settings = settings.override(**given._asdict())
        return settings

    @property
    def first_root(self) -> Path:
        """The root of the first folder; without any, the current folder."""
        return next(iter(self._folders), Path.cwd())

    def remove(self, root: Path) -> None:
        """Forget a folder."""
        self._folders.pop(root, None)

    def of(self, path: Path) -> WorkspaceFolder:
        """The folder that a file belongs to: the innermost around it, else the root that it would have on its own."""
        around = [root for root in self._folders if path.is_relative_to(root)]
        if around:
            return self._folders[max(around, key=lambda root: len(root.parts))]
        return self.add(find_root(path.parent))
