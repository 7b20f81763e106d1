"""The workspace folders: each has its own root, settings, registry and modules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from ssot_lsp import engine
from ssot_lsp.config import ConfigError, find_root
from ssot_lsp.definitions import Definitions
from ssot_lsp.files import read_bytes
from ssot_lsp.lint import lint
from ssot_lsp.model import Diagnostic, Severity
from ssot_lsp.modules import DEFINERS, KnownDefinitions, Read
from ssot_lsp.project import Project
from ssot_lsp.registry import Registry, RegistryError
from ssot_lsp.scan import definitions
from ssot_lsp.server.settings import EditorSettings
from ssot_lsp.text import Text

Tell = Callable[[str], None]

_FEW = 300
"""Python files that are read in less time than anyone notices."""


class Loaded(NamedTuple):
    """What was read of a folder."""

    project: Project | None
    problems: Mapping[Path, tuple[Text, list[Diagnostic]]]
    """What to report in the registry files: all that were ever reported in, so that they can be cleared."""
    is_good: bool
    """The registry can be used."""
    is_large: bool
    told: str = ""
    installed: Mapping[Path, int] = MappingProxyType({})
    """What of the environment counts, and when it was changed (nanoseconds): nobody tells when it is again."""
    is_waiting: bool = False
    """The registry extends what cannot be had, and that may be installed now."""


class WorkspaceFolder:
    """One folder and the project in it, once it was loaded."""

    def __init__(self, root: Path, settings: EditorSettings, read: Read) -> None:
        self.root = root
        self.settings = settings
        self._read = read
        self._project: Project | None = None
        self._good: Registry | None = None
        self._definitions: Definitions | None = None
        """Who defines which name, once it was read; the project does without it until then, if it is large."""
        self._is_being_read = False
        self.is_loaded = False
        self._newer: dict[str, list[str]] = {}
        """What files that have changed until then define."""
        self.registry_problems: Mapping[Path, tuple[Text, list[Diagnostic]]] = {}
        self._lint: Mapping[Path, list[Diagnostic]] = {}
        self._uses: dict[Path, tuple[str, list[Diagnostic]]] = {}
        """What is wrong with entries, given who still uses what they replace: for which text of the file."""
        self._installed: Mapping[Path, int] = {}
        self._is_waiting = False

    @property
    def project(self) -> Project | None:
        """The project, with the last good registry if the present one cannot be used; None without any registry."""
        return self._project if self._project and self._project.has_registry else None

    def load(self) -> Loaded:
        """Read everything again. That may take a while; nothing of what others see changes until it is taken over."""
        problems: dict[Path, tuple[Text, list[Diagnostic]]] = {
            path: (text, []) for path, (text, _) in self.registry_problems.items()
        }
        try:
            project = Project.load(self.root, self.settings.project, self._read)
        except (ConfigError, RegistryError) as error:
            told = "" if isinstance(error, RegistryError) else str(error)
            if isinstance(error, RegistryError):
                message = _message(error) + (" The last good registry stays in force." if self._good else "")
                bad = Diagnostic("SSOT100", "invalid-registry", message, Severity.ERROR, error.span)
                problems[error.path] = (error.text, [bad])
            is_waiting = isinstance(error, RegistryError) and error.key.startswith("extends")
            known = self._project.with_registry(self._good, self._read) if self._project and self._good else None
            here, is_large = known or self._project, _is_large(known)
            return Loaded(here, problems, is_good=False, is_large=is_large, told=told, is_waiting=is_waiting)
        for path, problem in project.registry.own_problems:
            said = engine.as_settings_say([problem], project.settings_for(path))
            problems.setdefault(path, (project.registry.text(path), []))[1].extend(said)
        offered = [file.path for file in project.registry.files if not file.is_own]
        installed = _changed([*project.environment.site_packages, *offered]) if offered else {}
        return Loaded(project, problems, is_good=True, is_large=_is_large(project), installed=installed)

    @property
    def is_outdated(self) -> bool:
        """Whether something was installed since, and what is extended may be other than what was read."""
        return self._is_waiting or self._installed != _changed(self._installed)

    def take(self, loaded: Loaded) -> None:
        """Take over what was read."""
        self._project, self.registry_problems = loaded.project, loaded.problems
        self._installed, self._is_waiting = loaded.installed, loaded.is_waiting
        self.is_loaded = True
        if loaded.is_good and loaded.project is not None:
            self._good = loaded.project.registry
        self._know(is_large=loaded.is_large)

    def lint(self) -> Callable[[], dict[Path, list[Diagnostic]]]:
        """What is to be done in another thread: to see what is wrong with single entries, given the modules."""
        project = self.project
        if project is None:
            return dict
        apart = replace(project, modules=project.modules.after(frozenset()))

        def look() -> dict[Path, list[Diagnostic]]:
            found: dict[Path, list[Diagnostic]] = {}
            for path, problem in lint(apart):
                found.setdefault(path, []).extend(engine.as_settings_say([problem], apart.settings_for(path)))
            return found

        return look

    def take_lint(self, found: Mapping[Path, list[Diagnostic]]) -> None:
        """Take over what was seen."""
        self._lint = {**{path: [] for path in self._lint}, **found}

    def take_uses(self, path: Path, source: str, found: list[Diagnostic]) -> None:
        """Take over what was seen of a registry file with a text, given who uses what its entries replace."""
        self._uses[path] = source, found

    @property
    def reported(self) -> Iterator[tuple[Path, Text, list[Diagnostic]]]:
        """What to report in each registry file in which anything was ever reported, in the order of the text."""
        files = self._project.registry.files if self._project is not None else ()
        texts = {file.path: file.text for file in files}
        for path in {**self.registry_problems, **self._lint, **self._uses}:
            text, problems = self.registry_problems.get(path) or (texts.get(path, Text("")), [])
            # if the present text is none that can be used, the last good one was looked at
            is_present = path in texts and texts[path].source == text.source
            linted = self._lint.get(path, []) if is_present else []
            source, used = self._uses.get(path, ("", []))
            used = used if is_present and source == text.source else []
            yield path, text, sorted([*problems, *linted, *used], key=lambda problem: problem.span)

    def _know(self, *, is_large: bool) -> None:
        """Let the modules know who defines what, as far as that was read; a few files they read when they want to."""
        if self._project is not None and (self._definitions is not None or is_large):
            files = self._definitions.files if self._definitions is not None else _nothing
            self._project.modules.known_definitions = KnownDefinitions(files, ())

    def to_be_read(self) -> Callable[[], Definitions] | None:
        """What is to be done in another thread, if there is anything: to read who defines what. Asked for once."""
        modules = self._project.modules if self._project is not None else None
        if modules is None or modules.known_definitions is None or self._is_being_read:
            return None
        self._is_being_read = True

        def read() -> Definitions:
            modules.list_files()
            return Definitions.of(modules.files, read_bytes)

        return read

    def learn(self, definitions: Definitions) -> None:
        """Take over what was read; what rests on it is worked out anew."""
        self._definitions = definitions
        definitions.newer.update(self._newer)
        if self._project is not None:
            modules = self._project.modules.knowing(KnownDefinitions(definitions.files, ()))
            self._project = replace(self._project, modules=modules)

    def defined(self, paths: Iterable[Path]) -> dict[Path, list[str]]:
        """What some Python files seem to define, as they are now. Of many files that may take a while."""
        found: dict[Path, list[str]] = {}
        for path in paths:
            found[path] = []
            with suppress(OSError):
                found[path] = [*definitions(self._read(path))]
        return found

    def changed(self, files: Mapping[Path, list[str]]) -> Set[str] | None:
        """What is other than it was now that some Python files have changed; None if everything is to be read again.

        `files` are they, with what they define now.
        """
        newer = self._definitions.newer if self._definitions is not None else self._newer
        newer.update({str(path): names for path, names in files.items()})
        if self._project is None:
            return None
        modules, stale = self._project.modules, set[str]()
        for path, names in files.items():
            file = str(path)
            name = modules.name_of(file)[0]
            found = modules.find(name) if name else None
            if found is None or found.path != path or not path.exists():  # it has come or gone, or nobody knows
                return None
            stale |= {file, name, *(f"{DEFINERS}{defined}" for defined in names)}
        self._project = replace(self._project, modules=modules.after(stale))
        return stale


def _changed(paths: Iterable[Path]) -> dict[Path, int]:
    """When some files and folders were changed, in nanoseconds; 0 for what is not there."""
    found = dict.fromkeys(paths, 0)
    for path in found:
        with suppress(OSError):
            found[path] = path.stat().st_mtime_ns
    return found


def _is_large(project: Project | None) -> bool:
    return project is not None and len(project.modules.files) > _FEW


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
        self._is_trusted = True
        self._folders: dict[Path, WorkspaceFolder] = {}

    def __iter__(self) -> Iterator[WorkspaceFolder]:
        return iter(tuple(self._folders.values()))

    def configure(self, options: Mapping[str, Any], *, is_trusted: bool) -> None:
        """Take over what the editor said of its settings when it started: they hold where it says nothing else.

        Folders that are not trusted must name nothing outside of them.
        """
        self._options, self._is_trusted = options, is_trusted

    def set(self, folder: WorkspaceFolder, options: Mapping[str, Any]) -> bool:
        """Take over the editor's settings for a folder; whether anything is other than it was."""
        before = folder.settings
        folder.settings = self._settings(folder.root, options)
        return folder.settings != before

    def add(self, root: Path) -> WorkspaceFolder:
        """Add a folder."""
        if root not in self._folders:
            self._folders[root] = WorkspaceFolder(root, self._settings(root, {}), self._read)
        return self._folders[root]

    def _settings(self, root: Path, options: Mapping[str, Any]) -> EditorSettings:
        given = {key: value for key, value in options.items() if value not in (None, "", [], {})}
        settings = EditorSettings.of({**self._options, **given}, root, self._tell)
        return settings._replace(project=settings.project._replace(is_confined=not self._is_trusted))

    @property
    def first_root(self) -> Path:
        """The root of the first folder; without any, the current folder."""
        return next(iter(self._folders), Path.cwd())

    def remove(self, root: Path) -> WorkspaceFolder | None:
        """Forget a folder."""
        return self._folders.pop(root, None)

    def of(self, path: Path) -> WorkspaceFolder:
        """The folder that a file belongs to: the innermost around it, else the root that it would have on its own."""
        around = [root for root in self._folders if path.is_relative_to(root)]
        if around:
            return self._folders[max(around, key=lambda root: len(root.parts))]
        return self.add(find_root(path.parent))
