"""A workspace as the rules see it: a snapshot of root, settings, registry, modules and environment."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from ssot_lsp.bindings import absolute
from ssot_lsp.config import (
    Settings,
    confine,
    declared_distributions,
    line_length,
    load_settings,
    oldest_python,
    source_roots,
)
from ssot_lsp.distributions import normal
from ssot_lsp.embedded import EmbeddedText
from ssot_lsp.embedded.file import is_embedded, read_embedded
from ssot_lsp.environment import Environment
from ssot_lsp.files import (
    NOTEBOOK_SUFFIX,
    PAGE_SUFFIXES,
    PYTHON_SUFFIXES,
    UnreadableFileError,
    find_python_files,
    glob_matcher,
    read_bytes,
)
from ssot_lsp.model import Entry, ImportStatement, ObjectRef
from ssot_lsp.modules import MENTIONS, Answer, Modules, Read
from ssot_lsp.registry import Match, NotARegistryError, Registry, load
from ssot_lsp.search import Place, SearchPath
from ssot_lsp.syntax import Syntax, parse, parse_around
from ssot_lsp.syspath import SysPath, read_sys_path
from ssot_lsp.text import Text

_NOT_PACKAGES = frozenset({"__pycache__", "node_modules"})
_STANDARD_LIBRARY = sys.stdlib_module_names | {"test"}
"""Its top-level modules: Python's list leaves its own tests out, which can be imported all the same."""


@dataclass(frozen=True)
class Document:
    """One Python file's text, what is in it, and which module it is."""

    path: Path
    text: Text
    syntax: Syntax
    module: str
    """Its dotted module path; empty for a file outside of all source roots."""
    is_init: bool
    """It is a package's `__init__`."""
    is_part: bool = False
    """It is what of a file is Python, which nobody can import."""

    @property
    def package(self) -> str:
        """The package that its relative imports start from."""
        return self.module if self.is_init else self.module.rpartition(".")[0]

    @cached_property
    def sys_path(self) -> SysPath:
        """What it adds to `sys.path`."""
        return read_sys_path(self.text.source, str(self.path))


@dataclass(frozen=True)
class Project:
    """A workspace at one moment. Nothing in it changes: when files change, a new one is made."""

    root: Path
    settings: Settings
    registry: Registry
    modules: Modules
    environment: Environment
    has_registry: bool
    overrides: dict[str, Any]
    """The settings of the command line or the editor that came on top of the project's own."""
    note: str = ""
    """Something to tell the user about how the registry was found; empty if there is nothing to say."""

    @classmethod
    def load(cls, root: Path, overrides: Settings | None = None, read: Read = read_bytes) -> Project:
        """The workspace at `root`; `overrides` are the settings of a command line or an editor.

        Raises ConfigError or RegistryError if settings or registry cannot be used.
        """
        settings = load_settings(root)
        given = {name: value for name, value in overrides._asdict().items() if value} if overrides is not None else {}
        settings = settings.override(**given)
        if settings.is_confined:
            confine(settings, root)
        environment = Environment.find(root, settings.python)
        path, note = _registry_file(root, settings, read)
        registry = Registry()
        if path is not None:
            try:
                registry = load(path, root, read, environment.registry)
            except NotARegistryError:
                if settings.registry is not None:
                    raise
                path, note = None, f"{path} is no registry of ssot-lsp: only SSOT003-SSOT005 are checked"
        modules = _modules(root, settings, registry, environment, read)
        if registry.has_packs:
            foreign = environment.distributions | environment.names | declared_distributions(root)
            registry = registry.applied(oldest_python(root), lambda top: top in foreign or _is_own(top, modules))
        return cls(root, settings, registry, modules, environment, path is not None, given, note)

    def with_registry(self, registry: Registry, read: Read = read_bytes) -> Project:
        """The same workspace, its modules unread again, with another registry in force."""
        modules = _modules(self.root, self.settings, registry, self.environment, read)
        return replace(self, registry=registry, modules=modules)

    def document(self, path: Path, source: str, points: Sequence[int] | None = None) -> Document:
        """A document of this workspace from its path and its text, saved or not.

        With `points` all that matters of it are the imports that stand there, as `parse_around` has it.
        """
        text = Text(source)
        syntax = parse(text, with_paths=self.reads_strings) if points is None else parse_around(text, points)
        return self.document_of(path, text, syntax)

    def part_of(self, path: Path, text: Text) -> Document:
        """The document of a file's part that is Python, given its text: no module, and nobody imports it."""
        return Document(path, text, parse(text, with_paths=self.reads_strings), "", is_init=False, is_part=True)

    def document_of(self, path: Path, text: Text, syntax: Syntax) -> Document:
        """A document of this workspace whose text was parsed already."""
        module, is_init = self.modules.name_of(path)
        return Document(path, text, syntax, module, is_init)

    @property
    def reads_strings(self) -> bool:
        """Whether anything is to be told of paths in strings."""
        return self.has_registry and self.settings.reports("SSOT007")

    def source_of(self, module: str) -> Document | None:
        """The document of a first-party module as it was when it was first read; None if it has no text."""
        if module not in self._sources:
            found = self.modules.find(module) if self.modules.is_first_party(module) else None
            self._sources[module] = (
                Document(found.path, found.text, parse(found.text), module, is_init=bool(found.folders))
                if found is not None and found.path is not None and found.text is not None
                else None
            )
        return self._sources[module]

    def installed(self, module: str) -> Modules:
        """The modules of the installed package that a dotted path is in, as they are on the disk now."""
        return Modules(self.environment.path, [module.partition(".")[0]])

    @cached_property
    def _sources(self) -> dict[str, Document | None]:
        return {}

    def settings_for(self, path: Path) -> Settings:
        """The settings that hold for a file."""
        if not (self.settings.per_file_ignores or self.settings.per_file_severity):
            return self.settings
        relative = self.relative(path)
        return self.settings.of_file(lambda glob: self._glob(glob.removeprefix("!"))(relative) != glob.startswith("!"))

    @cached_property
    def _glob(self) -> Callable[[str], Callable[[str], bool]]:
        """The matcher of a glob, made once."""
        return cache(lambda glob: glob_matcher([glob]))

    def find_files(self, paths: Iterable[Path], *, only_python: bool = False) -> Iterator[str]:
        """The files among `paths` and below them that are to be checked: those of Python, and with Python in them."""
        others = () if only_python else (NOTEBOOK_SUFFIX, *(PAGE_SUFFIXES if self.settings.include_docs else ()))
        found = find_python_files(paths, self.root, (*PYTHON_SUFFIXES, *others))
        if not self.settings.exclude:
            return found
        excluded = glob_matcher(self.settings.exclude)
        return (path for path in found if not excluded(self.relative(path)))

    def relative(self, path: str | Path) -> str:
        """A path relative to the root with `/`; as it is if it is outside."""
        root = str(self.root)
        inside = str(path)[len(root) :] if str(path).startswith(root) else ""
        relative = inside.lstrip(os.sep) if inside.startswith(os.sep) or root.endswith(os.sep) else str(path)
        return relative.replace(os.sep, "/")

    @cached_property
    def line_length(self) -> int:
        """How long the project's lines may be, in code points."""
        return line_length(self.root)

    def absolute(self, statement: ImportStatement, document: Document) -> str | None:
        """The absolute module path that a `from` statement of the document names; None above the top."""
        return absolute(statement.module, statement.level, document.module, is_init=document.is_init)

    def search_path(self, document: Document) -> SearchPath:
        """Where the document's absolute imports find modules.

        Besides the source roots that is its own folder, if that is no package (Python puts a script's folder first, as
        pytest does a test's), and what the document adds to `sys.path`. What is outside of the root nobody knows.
        """
        folder, added = document.path.parent, document.sys_path
        folders = [folder] if document.module and not document.is_init and self.modules.is_apart(folder) else []
        is_open = added.is_open
        for path in (Path(path) for path in added.added):
            for at in [path] if path.is_absolute() else [self.root / path, folder / path]:
                place = Path(os.path.normpath(at))
                is_open = is_open or not place.is_relative_to(self.root)
                folders += [place] if place not in self.modules.roots else []
        places = (self._place(folder) for folder in dict.fromkeys(folders) if folder.is_relative_to(self.root))
        return SearchPath(self.modules, tuple(places), is_open)

    def _place(self, folder: Path) -> Place:
        if folder not in self._places:
            self._places[folder] = Place(self.modules, folder, self.neighbours(folder))
        return self._places[folder]

    def neighbours(self, folder: Path) -> frozenset[str]:
        """The modules in a folder that are meant where it is on the path: nothing installed is called so."""
        listing = self.modules.listing(folder)
        modules = {name[:-3] for name in listing if name.endswith(".py")}
        packages = {name for name in listing if "." not in name and (folder / name / "__init__.py").is_file()}
        names = (modules | packages) - _STANDARD_LIBRARY
        return frozenset(name for name in names if normal(name) not in self._foreign)

    @cached_property
    def _places(self) -> dict[Path, Place]:
        return {}

    @cached_property
    def _foreign(self) -> frozenset[str]:
        return self.environment.distributions | declared_distributions(self.root)

    def leads_above_the_top(self, statement: ImportStatement, document: Document) -> bool:
        """Whether a relative import surely fails: it leads out of a package that no other package is around.

        In a file outside of packages nobody knows what it is meant to be imported as. Nor where a source root may be a
        package too, as `src` is to those who import `src.app`: then the import fails if it finds nothing from there.
        """
        top = self.modules.find(document.module.partition(".")[0])
        if not statement.level or self.absolute(statement, document) is not None or top is None or top.path is None:
            return False
        self.modules.asked.add("")  # the name of an `__init__.py` in a root
        folder = top.path.parent
        is_package = bool(top.folders) and folder in document.path.parents
        if not is_package or any((above / "__init__.py").exists() for above in (folder.parent, self.root)):
            return False
        parts = folder.relative_to(self.root).parent.parts if folder.is_relative_to(self.root) else ()
        outer = ".".join([*parts, document.module])
        module = absolute(statement.module, statement.level, outer, is_init=document.is_init)
        return module is None or self.modules.exists(module, relative=True) is Answer.NO

    def is_asked_for(self, document: Document, name: str) -> bool:
        """Whether another file imports a name from the document, or seems to use, patch or look it up there."""
        if document.is_part:
            return False
        last = document.module.rpartition(".")[2].encode()
        as_attribute = re.compile(rf"""[."':]\s*{name}\b|patch\.multiple\((?s:.*)\b{name}\s*=""".encode())
        own = str(document.path)
        for path in self._mentioning("import *"):  # a star hands all names on, to whomever
            data = _bytes_of(path) if path != own else b""
            other = self._on_disk(path, data) if last in data or b"from ." in data else None
            stars = (statement for statement in other.syntax.imports if statement.is_star) if other else ()
            if any(other and self.absolute(statement, other) == document.module for statement in stars):
                return True
        for path in self._mentioning(name):
            data = _bytes_of(path) if path != own else b""
            if last in data and as_attribute.search(data):
                return True
            if last in data or b"from ." in data:
                other = self._on_disk(path, data)
                for statement in other.syntax.imports if other is not None else ():
                    is_asked = any(imported.name == name for imported in statement.names)
                    if other and is_asked and statement.is_from and self.absolute(statement, other) == document.module:
                        return True
        return False

    def _on_disk(self, path: str, data: bytes) -> Document | None:
        """The document of a file, given its bytes; None if it cannot be read."""
        if not is_embedded(path):
            return self.document(Path(path), data.decode("utf-8", "replace"))
        try:
            return self.part_of(Path(path), EmbeddedText(read_embedded(path, data).pieces))
        except UnreadableFileError:
            return None

    def _mentioning(self, name: str) -> tuple[str, ...]:
        """The workspace's files whose text holds a name."""
        self.modules.asked.add(f"{MENTIONS}{name}")
        if name not in self._mentions:
            word = name.encode()
            self._mentions[name] = tuple(path for path in self._files if word in _bytes_of(path))
        self.modules.asked.update(self._mentions[name])
        return self._mentions[name]

    @cached_property
    def _mentions(self) -> dict[str, tuple[str, ...]]:
        return {}

    @cached_property
    def _files(self) -> tuple[str, ...]:
        return tuple(self.find_files([self.root]))

    def exclusive(self, ref: ObjectRef) -> Match | None:
        """What an exclusive entry says of a path to its object that is not the canonical one; None if none does."""
        if not (self._exclusive and ref.qualname and self.modules.is_first_party(ref.module)):
            return None
        entry = self._exclusive.get(self._origin(ref))
        if entry is None or entry.canonical is None or ref.dotted == entry.canonical.dotted:
            return None
        return Match(entry, ref, entry.canonical, entry) if self.registry.match(ref) is None else None

    @property
    def has_exclusive(self) -> bool:
        """Whether any object is to be imported by its canonical path alone."""
        return bool(self._exclusive)

    def may_be_exclusive(self, ref: ObjectRef) -> bool:
        """Whether `exclusive` may speak of a path, as far as a first look at its module tells."""
        if not (self._exclusive and ref.qualname and self.modules.is_first_party(ref.module)):
            return False
        module = self.modules.find(ref.module)
        if module is not None and ref.qualname in module.outline.defined:
            return ref.dotted in self._exclusive  # then it is defined there, and its origin is that place or unknown
        return self.exclusive(ref) is not None

    def exclusive_names(self, module: str) -> frozenset[str]:
        """The names by which a module is another path to exclusive objects."""
        if not self._exclusive or not self.modules.is_first_party(module) or self.modules.find(module) is None:
            return frozenset()
        return self.modules.remembered("exclusive", module, lambda: self._exclusive_names(module)) or frozenset()

    def _exclusive_names(self, module: str) -> frozenset[str]:
        names = self.modules.names(module)
        return frozenset(name for name in names if self.exclusive(ObjectRef(module, name)) is not None)

    @cached_property
    def _exclusive(self) -> dict[str, Entry]:
        """The exclusive entries that are in force, by the dotted path of where their object is defined."""
        found: dict[str, Entry] = {}
        broken = {id(problem.entry) for _, problem in self.registry.problems}
        for entry in self.registry.exclusive:
            ref = entry.canonical
            if ref is None or not ref.qualname or id(entry) in broken:
                continue
            is_there = self.modules.binds(ref.module, ref.qualname.partition(".")[0]) is Answer.YES
            if is_there and self.registry.match(ref) is None and (origin := self._origin(ref)):
                found.setdefault(origin, entry)
        return found

    def _origin(self, ref: ObjectRef) -> str:
        """The dotted path of the one place where an object is defined; empty if that is not known, or not one."""
        origins = self.modules.origins(ref) or frozenset()
        return next(iter(origins)).dotted if len(origins) == 1 else ""

    def is_about_another(self, entry: Entry, document: Document) -> bool:
        """Whether a pack's entry means something else by a name than the document does: a module beside that.

        A package's modules are not found by their name alone, but who was left behind in Python 2 may mean them so.
        """
        tops = {ref.module.partition(".")[0] for ref in entry.deprecated} if entry.versions_of else set()
        places = self.search_path(document).places if tops else ()
        beside = (f"{document.package}.{ref}" for ref in entry.deprecated if str(ref) in tops and document.package)
        return any(place.find(top) for place in places for top in tops) or any(map(self.modules.find, beside))

    def is_exempt(self, entry: Entry, document: Document) -> bool:
        """Whether an entry says nothing in this document.

        So it is in modules at or under one of its deprecated ones, in its canonical module, and where `allow` says so.
        """
        if self.is_about_another(entry, document):
            return True
        module = document.module
        if module:
            if entry.canonical is not None and module == entry.canonical.module:
                return True
            if any(module == ref.module or module.startswith(ref.module + ".") for ref in entry.deprecated):
                return True
        return bool(entry.allow) and glob_matcher(entry.allow)(self.relative(document.path))


def _is_own(top: str, modules: Modules) -> bool:
    """Whether a source root has a top-level module of that name."""
    found = modules.find(top)
    return modules.is_first_party(top) or (found is not None and found.path is not None)


def _modules(root: Path, settings: Settings, registry: Registry, environment: Environment, read: Read) -> Modules:
    roots = source_roots(root, settings)
    return Modules(roots, registry.packages or _first_party(root, roots, environment), read)


def _bytes_of(path: str) -> bytes:
    try:
        return read_bytes(path)
    except OSError:
        return b""


def _registry_file(root: Path, settings: Settings, read: Read) -> tuple[Path | None, str]:
    """The registry file in force, if any, and what to tell about that."""
    if settings.registry is not None:
        return Path(os.path.normpath(settings.registry)), ""
    path = root / "registry.json"
    try:
        data = read(path)
    except OSError:
        return None, "no registry: only unresolved and non-exported imports are checked (SSOT003-SSOT005)"
    if b'"entries"' in data or _is_broken(data):
        return path, ""
    return None, f"{path} has no `entries`, so it is not a registry of ssot-lsp: only SSOT003-SSOT005 are checked"


def _is_broken(data: bytes) -> bool:
    """Whether a file seems to be a registry that was cut off: an error to be told, not another kind of file."""
    if data.strip() and b'"version"' not in data:
        return False
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return True
    return False


def _first_party(root: Path, roots: Iterable[Path], environment: Environment) -> frozenset[str]:
    """The first-party packages where the registry does not name them.

    Every folder under a source root whose name is an identifier and that holds a `.py` at any depth, and the modules
    there; less folders without `__init__.py` that have the name of an installed or declared distribution, or of a
    module of the standard library: an import finds that one, wherever it stands on the path, and never the folder.
    """
    foreign = environment.distributions | declared_distributions(root)
    found: set[str] = set()
    for base in roots:
        with os.scandir(base) as entries:
            for entry in entries:
                name = entry.name
                if name.isidentifier() and name not in _NOT_PACKAGES and entry.is_dir():
                    is_regular = os.path.exists(os.path.join(entry.path, "__init__.py"))  # noqa: PTH110, PTH118
                    is_foreign = name in _STANDARD_LIBRARY or normal(name) in foreign
                    if (is_regular or not is_foreign) and _holds_python(entry.path):
                        found.add(name)
                elif name.endswith(".py") and name[:-3].isidentifier():
                    found.add(name[:-3])
    return frozenset(found)


def _holds_python(folder: str) -> bool:
    """Whether there is a .py at any depth; links to folders are not followed, as they may lead in circles."""
    for _, folders, files in os.walk(folder):
        if any(name.endswith(".py") for name in files):
            return True
        folders[:] = [name for name in folders if name not in _NOT_PACKAGES and not name.startswith(".")]
    return False
