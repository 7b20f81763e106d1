"""Which file is module `a.b`, what it binds and exports, where that is defined.

Everything is found by reading: no module is ever imported. What cannot be known statically is *unknown*, never *wrong*.
"""

from __future__ import annotations

import builtins
import os
from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from contextlib import suppress
from enum import Enum
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from ssot_lsp.bindings import Bindings, read_bindings
from ssot_lsp.files import PYTHON_SUFFIXES, UnreadableFileError, decode, find_python_files, read_bytes
from ssot_lsp.model import Location, ObjectRef
from ssot_lsp.scan import Outline, definitions, outline, plain
from ssot_lsp.syntax import older
from ssot_lsp.text import Span, Text

T = TypeVar("T")

TODAY = "#"
"""In `Modules.asked`: the date, which decides whether a comment still silences."""
ALL_MODULES = "*"
"""In `Modules.asked`: which modules there are."""
DEFINERS = "?"
"""In `Modules.asked`, before a name: which modules define it."""
MENTIONS = "!"
"""In `Modules.asked`, before a name: which files mention it."""

Read = Callable[[str | Path], bytes]
"""From a file to its bytes; raises OSError."""

_MOST_TEXTS = 100
"""Texts of modules that are kept: those in which things are defined that were asked for last."""
_EXTENSION_SUFFIXES = (".so", ".pyd")


class Answer(Enum):
    """Whether something is so: a static reader does not always know."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Module:
    """One module: where it is, and what its text says, which is read when it is asked for."""

    def __init__(self, name: str, path: Path | None, folders: tuple[Path, ...], read: Read) -> None:
        self.name = name
        self.path = path
        """Its file; None for a namespace package."""
        self.folders = folders
        """Where its submodules are, if it is a package."""
        self._read = read

    @property
    def is_python(self) -> bool:
        """Whether it has a text: extension modules and namespace packages have none."""
        return self.path is not None and self.path.suffix in PYTHON_SUFFIXES

    @cached_property
    def outline(self) -> Outline:
        """What it surely binds and exports: a first look, at a fraction of the price of `bindings`."""
        data = None
        if self.path is not None and self.path.suffix == ".py":
            with suppress(OSError):
                data = plain(self._read(self.path))
        return outline(data, self.name, is_init=bool(self.folders)) if data is not None else Outline()

    def may_mention(self, name: str) -> bool:
        """Whether a name stands in its text, which is told faster than whether it is bound there."""
        if "outline" in self.__dict__ or self.path is None or not name.isascii():
            return True
        with suppress(OSError):
            return name.encode() in self._read(self.path)
        return False

    @property
    def text(self) -> Text | None:
        """Its text, which is read each time; None if there is none that can be read."""
        if self.path is not None and self.is_python:
            with suppress(OSError, UnreadableFileError):
                return Text(decode(self._read(self.path)).source)
        return None

    @cached_property
    def bindings(self) -> Bindings:
        """What it binds and exports."""
        text = self.text
        if text is None or self.path is None:
            return Bindings({}, open_ended=self.path is not None)
        try:
            is_init, is_stub = bool(self.folders), self.path.suffix == ".pyi"
            return read_bindings(text, self.name, is_init=is_init, is_stub=is_stub, older=older)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return Bindings({}, open_ended=True)

    @property
    def answers(self) -> bool:
        """Whether a `__getattr__` of its own answers for names that it does not bind (PEP 562)."""
        return self.outline.may_answer and "__getattr__" in self.bindings.names

    def loads(self, name: str) -> bool:
        """Whether importing a package imports that submodule of it too."""
        return bool(self.folders) and any(
            f"{path}.".startswith(f"{self.name}.{name}.") for path in self.bindings.imports
        )

    def provides(self, name: str) -> bool:
        """Whether it has the name, or may have it, once it is imported: a submodule only if it imports that."""
        return name in self.bindings.names or bool(self.bindings.stars) or self.bindings.open_ended or self.loads(name)


class Definition(NamedTuple):
    """Where an object is defined."""

    ref: ObjectRef
    location: Location


class KnownDefinitions(NamedTuple):
    """Which files seem to define a name."""

    files: Callable[[str], Iterable[str]]
    """From a name to the files that are known to define it."""
    others: Sequence[str]
    """The files of which nothing is known."""


class PackageFiles:
    """Which Python files the first-party packages have, found when someone first asks; not what is in them."""

    def __init__(self, roots: Sequence[Path], packages: Iterable[str]) -> None:
        self._roots, self._packages = roots, packages

    @cached_property
    def files(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(self._find())

    @cached_property
    def by_name(self) -> dict[str, list[str]]:
        """The same by the last part of their modules' paths."""
        found: dict[str, list[str]] = {}
        for file in self.files:
            folder, name = os.path.split(file)
            stem = os.path.splitext(name)[0]  # noqa: PTH122
            found.setdefault(os.path.basename(folder) if stem == "__init__" else stem, []).append(file)  # noqa: PTH119
        return found

    def _find(self) -> Iterator[str]:
        seen = set[Path]()
        for package in sorted(self._packages):
            for root in self._roots:
                base = root.joinpath(*package.split("."))
                for path in (base, *(base.with_name(base.name + suffix) for suffix in PYTHON_SUFFIXES)):
                    if path not in seen and os.path.exists(path):  # noqa: PTH110 - which knows names that are too long
                        seen.add(path)
                        yield from find_python_files([path], root)


class Modules:
    """The first-party modules under some source roots, read when they are first asked for and then remembered.

    An instance is a snapshot: make a new one when files have changed.
    """

    def __init__(self, roots: Iterable[Path], packages: Iterable[str], read: Read = read_bytes) -> None:
        """`packages` are the first-party ones, as dotted names; `read` gives a file's bytes, or raises OSError."""
        self.roots = tuple(roots)
        self.packages = frozenset(packages)
        self.read = read
        """From a file to its bytes."""
        self.asked: set[str] = set()
        """What the answers since someone emptied it rest on: modules, `ALL_MODULES`, `DEFINERS`, `MENTIONS`, files."""
        self.known_definitions: KnownDefinitions | None = None
        """Which files seem to define a name, as far as that is known from somewhere else."""
        self._packages = PackageFiles(self.roots, self.packages)
        self._found: dict[str, Module | None] = {}
        self._listings: dict[Path, frozenset[str]] = {}
        self._text_of = lru_cache(_MOST_TEXTS)(lambda module: module.text)
        self._answers: dict[Hashable, tuple[Any, frozenset[str]]] = {}

    def after(self, stale: Collection[str]) -> Modules:
        """The same modules, but for those that have other bytes now, and for what rests on that, as `asked` names it.

        No file has come or gone, and the text of those that are asked about is the same.
        """
        fresh = Modules(self.roots, self.packages, self.read)
        fresh.known_definitions = self.known_definitions
        fresh._packages = self._packages
        fresh._listings = self._listings
        fresh._found = {
            name: Module(found.name, found.path, found.folders, self.read) if found and name in stale else found
            for name, found in self._found.items()
        }
        for key, known in self._answers.items():
            if known[1].isdisjoint(stale) and not any(name.startswith(MENTIONS) for name in known[1]):
                fresh._answers[key] = known
        return fresh

    def knowing(self, known: KnownDefinitions) -> Modules:
        """The same modules, now that it is known from somewhere else who defines what."""
        asked = (name for _, rests_on in self._answers.values() for name in rests_on)
        fresh = self.after({name for name in asked if name.startswith(DEFINERS)})
        fresh.known_definitions = known
        return fresh

    def remembered(self, what: str, key: Hashable, work: Callable[[], T]) -> T | None:
        """An answer, worked out once, with what it depends on; None while it is being worked out."""
        known = self._answers.get((what, key))
        if known is None:
            around, self.asked = self.asked, set()
            self._answers[what, key] = (None, frozenset())
            try:
                known = self._answers[what, key] = (work(), frozenset(self.asked))
            finally:
                self.asked = around
        self.asked |= known[1]
        answered: T | None = known[0]
        return answered

    def is_apart(self, folder: Path) -> bool:
        """Whether a folder is neither a package nor a root: what is in it is found there by its neighbours alone."""
        return folder not in self.roots and "__init__.py" not in self.listing(folder)

    def is_first_party(self, module: str) -> bool:
        """Whether a dotted module path is at or under one of the first-party packages."""
        return any(prefix in self.packages for prefix in prefixes(module))

    def name_of(self, path: str | Path) -> tuple[str, bool]:
        """The dotted module path of a file, and whether it is a package's `__init__`; empty outside of all roots."""
        file = str(path)
        root = max((root for root in self._root_names if file.startswith(root)), key=len, default="")
        if not root:
            return "", False
        end = file.rfind(".", max(file.rfind(os.sep), len(root)) + 1)
        name = file[len(root) : end if end >= 0 else None].replace(os.sep, ".")
        is_init = name.endswith(".__init__") or name == "__init__"
        return name[: -len(".__init__")] if is_init else name, is_init

    def possible_files(self, module: str) -> Iterator[str]:
        """The paths of which `name_of` says that they are that module, whether anything is there or not."""
        place = module.replace(".", os.sep)
        for root in self._root_names:
            for suffix in PYTHON_SUFFIXES:
                yield f"{root}{place}{suffix}"
                yield f"{root}{place}{os.sep}__init__{suffix}"

    @cached_property
    def _root_names(self) -> tuple[str, ...]:
        """The roots as the paths of what is in them begin."""
        return tuple(os.path.join(root, "") for root in self.roots)  # noqa: PTH118 - a path that ends with a separator

    def find(self, name: str) -> Module | None:
        """The module of that dotted path, or None if no file or folder provides it."""
        self.asked.add(name)
        if name not in self._found:
            for prefix in reversed([*prefixes(name)]):  # outer packages first, so that no depth is too deep
                if prefix not in self._found:
                    self._found[prefix] = self._locate(prefix)
        return self._found.get(name)

    def exists(self, name: str, *, relative: bool = False) -> Answer:
        """Whether a module of that dotted path can be imported.

        Outside of the first-party packages nobody knows; what a `relative` import names is always first-party.
        """
        if not name or not (relative or self.is_first_party(name)):
            return Answer.UNKNOWN
        if self.find(name) is not None:
            return Answer.YES
        parent = self.find(name.rpartition(".")[0]) if "." in name else None
        return Answer.UNKNOWN if parent is not None and parent.bindings.open_modules else Answer.NO

    def binds(self, module: str, name: str, *, relative: bool = False) -> Answer:
        """Whether `from module import name` finds something: a binding, a re-export, a submodule."""
        known = self.exists(module, relative=relative)
        return self._through_stars(module, name, self._binds_itself(module, name)) if known is Answer.YES else known

    def surely_binds(self, module: str, name: str) -> bool:
        """Whether `from module import name` finds something, as far as a first look tells: no is no answer."""
        found = self.find(module)
        return found is not None and (
            (found.may_mention(name) and name in found.outline.names) or self._submodule(found, name)
        )

    def offers(self, module: str, name: str, *, relative: bool = False) -> Answer:
        """Whether `from module import *` brings a name."""
        known = self.exists(module, relative=relative)
        if known is not Answer.YES:
            return known
        here = self._offers(module, name)
        return self._through_stars(module, name, here) if self._passes_on(module, name) else here

    def _through_stars(self, module: str, name: str, answer: Answer) -> Answer:
        """Whether a module has a name by itself, which is the `answer` so far, or through its star imports."""
        found = self.find(module) if answer is not Answer.YES else None
        todo, seen = [*found.bindings.stars] if found is not None else [], {module}
        while todo and answer is not Answer.YES:
            at = todo.pop()
            if at in seen:
                continue
            seen.add(at)
            here = self._offers(at, name)
            answer = answer if here is Answer.NO else here
            found = self.find(at)
            if found is not None and self._passes_on(at, name):
                todo += found.bindings.stars
        return answer

    def _passes_on(self, module: str, name: str) -> bool:
        """Whether those who import `*` from a module get what its own star imports bring it under that name."""
        exports = self.exports(module)
        return name in exports if exports is not None else not name.startswith("_")

    def _binds_itself(self, module: str, name: str) -> Answer:
        """Whether a module binds a name by itself, its star imports apart."""
        found = self.find(module)
        if found is None:
            return Answer.UNKNOWN
        if name in found.outline.names:
            return Answer.YES
        if name in _MODULE_ATTRIBUTES or (name == "__path__" and found.folders) or self._submodule(found, name):
            return Answer.YES
        if name in _FILE_ATTRIBUTES and found.path is not None:
            return Answer.YES
        # `from . import sub` in a package binds the submodule, so without that module it binds nothing
        bindings, myself = found.bindings, ObjectRef(f"{found.name}.{name}")
        if any(binding.origin != myself for binding in bindings.names.get(name, ())):
            return Answer.YES
        is_open = bindings.open_ended or name in bindings.declared or (bool(found.folders) and bindings.open_modules)
        return Answer.UNKNOWN if is_open else Answer.NO

    def _offers(self, module: str, name: str) -> Answer:
        """Whether a module's own bindings reach those who import `*` from it."""
        found = self.find(module) if self.is_first_party(module) else None
        if found is None:
            return Answer.UNKNOWN
        exports = self.exports(module)
        if exports is not None and name not in exports:
            return Answer.UNKNOWN if "__getattr__" in exports else Answer.NO
        if exports is None and found.outline.has_all and found.bindings.has_all:
            return Answer.UNKNOWN
        if exports is None and name.startswith("_"):
            return Answer.NO
        answer = self._binds_itself(module, name)  # who lists a name need not have it
        # a submodule that is not listed is offered only if something has imported it
        is_bound = exports is not None or name in found.bindings.names
        return Answer.UNKNOWN if answer is Answer.YES and not is_bound else answer

    def exports(self, module: str) -> tuple[str, ...] | None:
        """The names in a module's `__all__`; None if it has none, or not one that can be read."""
        return self.remembered("exports", module, lambda: self._read_exports(module))

    def _read_exports(self, module: str) -> tuple[str, ...] | None:
        found = self.find(module) if self.is_first_party(module) else None
        if found is None or not found.outline.has_all:
            return None
        if found.outline.exports is not None:
            return found.outline.exports
        if found.bindings.all_parts is None:
            return None
        names: list[str] = []
        for part in found.bindings.all_parts:
            added = (part,) if isinstance(part, str) else self.exports(part.dotted)
            if added is None:
                return None
            names += added
        return tuple(dict.fromkeys(names))

    def names(self, module: str) -> frozenset[str]:
        """The names that a module is known to bind, through star imports too, without those of its submodules."""
        todo, seen, names = [module], set[str](), set[str]()
        while todo:
            at = todo.pop()
            found = self.find(at) if at not in seen else None
            seen.add(at)
            if found is not None:
                exports = self.exports(at) if at != module else None
                own = (name for name in found.bindings.names if at == module or not name.startswith("_"))
                names |= set(exports if exports is not None else own)
                todo += found.bindings.stars if exports is None else ()
        return frozenset(name for name in names if self.binds(module, name) is not Answer.NO)

    def is_exported(self, module: str, name: str) -> Answer:
        """Whether a name is in the module's `__all__`; unknown where there is none, or not a static one."""
        exports = self.exports(module)
        if exports is None:
            return Answer.UNKNOWN
        return Answer.YES if name in exports else Answer.NO

    def is_submodule(self, module: str, name: str) -> bool:
        """Whether `from module import name` may mean a submodule."""
        found = self.find(module)
        return found is not None and self._submodule(found, name)

    def origins(self, ref: ObjectRef) -> frozenset[ObjectRef] | None:
        """What a path finally refers to, through re-exports and plain aliases: more than one where branches differ.

        None if that is not known. Two paths lead to the same object if their origins meet.
        """
        return self.remembered("origins", ref, lambda: self._find_origins(ref))

    def _find_origins(self, ref: ObjectRef) -> frozenset[ObjectRef] | None:
        found: set[ObjectRef] = set()
        todo, seen = [ref], set[ObjectRef]()
        while todo:
            at = todo.pop()
            if at in seen:
                continue
            seen.add(at)
            step = self._follow(at)
            if step is None:
                return None
            is_origin, following = step
            todo += following
            if is_origin:
                found.add(at)
        return frozenset(found) or None

    def _follow(self, ref: ObjectRef) -> tuple[bool, list[ObjectRef]] | None:
        """One step of `origins`: whether the path is itself one, and where else it leads; None if nobody knows."""
        if not ref.qualname or not self.is_first_party(ref.module):
            return True, []
        module = self.find(ref.module)
        if module is None:
            return None
        head, _, rest = ref.qualname.partition(".")
        bindings = module.bindings.names.get(head)
        if bindings is None:
            if self._submodule(module, head):
                return False, [ObjectRef(f"{module.name}.{head}", rest)]
            offers = {star: self._offers_through(star, head) for star in module.bindings.stars}
            if Answer.YES in offers.values():  # the last star that offers it wins
                star = next(star for star in reversed(module.bindings.stars) if offers[star] is Answer.YES)
                return False, [ObjectRef(star, ref.qualname)]
            if module.bindings.open_ended or module.bindings.stars:
                return None
            return (False, [ObjectRef("builtins", ref.qualname)]) if hasattr(builtins, head) else (True, [])
        origins = [binding.origin for binding in bindings]
        return None in origins, [_extended(origin, rest) for origin in origins if origin is not None]

    def _offers_through(self, star: str, name: str) -> Answer:
        """Whether `from star import *` brings a name, be it from further away."""
        return self.binds(star, name) if self._passes_on(star, name) else Answer.NO

    def split(self, ref: ObjectRef) -> ObjectRef:
        """A path, divided behind the longest first-party module that there is; as it is if there is none."""
        parts = ref.dotted.split(".")
        for end in range(len(parts), 0, -1) if self.is_first_party(parts[0]) else ():
            module = ".".join(parts[:end])
            if self.find(module) is not None:
                return ObjectRef(module, ".".join(parts[end:]))
        return ref

    def origin(self, ref: ObjectRef) -> ObjectRef | None:
        """The path at which the object is defined that a path leads to; None if that is not known, or not one place."""
        found = self.find(ref.module) if ref.qualname and self.is_first_party(ref.module) else None
        if found is not None and ref.qualname in found.outline.defined:
            return ref  # as a first look tells
        origins = self.origins(ref)
        return next(iter(origins)) if origins is not None and len(origins) == 1 else None

    def source(self, module: str) -> str:
        """The text of a first-party module; empty if there is none."""
        found = self.find(module) if self.is_first_party(module) else None
        text = self._text_of(found) if found is not None else None
        return text.source if text is not None else ""

    def definition(self, ref: ObjectRef) -> Definition | None:
        """Where the object that a path leads to is defined, if that is first-party and one place only."""
        origins = self.origins(ref)
        if origins is None or len(origins) != 1:
            return None
        (origin,) = origins
        module = self.find(origin.module) if self.is_first_party(origin.module) else None
        text = self._text_of(module) if module is not None else None
        if module is None or module.path is None or text is None:
            return None
        head = origin.qualname.partition(".")[0]
        bindings = module.bindings.names.get(head, ())
        if not bindings:
            return Definition(origin, Location(module.path, text, Span(0, 0))) if not head else None
        # of several definitions the last one holds, but for those in branches
        held = next((binding for binding in reversed(bindings) if not binding.is_conditional), bindings[0])
        start = text.offset_of_utf8(held.row, held.column)
        start = max(text.source.find(head, start), start)  # behind `class`, `def` or `async def`
        return Definition(origin, Location(module.path, text, Span(start, start + len(head))))

    def exporters(self, name: str) -> Iterator[str]:
        """The first-party modules that define a name at their top level and do not keep it out of their `__all__`."""
        self.asked.add(f"{DEFINERS}{name}")
        for module in self._defining(name):
            found = self.find(module) if self.is_exported(module, name) is not Answer.NO else None
            if found is not None and (name in found.outline.names or name in found.bindings.names):
                yield module

    def listers(self, name: str) -> Iterator[str]:
        """The first-party modules that list a name in an `__all__` that can be read."""
        self.asked.add(f"{DEFINERS}{name}")
        modules = (module for module in self._defining(name) if module in self._with_all)
        return (module for module in modules if self.is_exported(module, name) is Answer.YES)

    def leads_to(self, path: str, module: str) -> bool:
        """Whether importing a path also imports `module`, as far as the first-party modules on the way tell."""
        return bool(module) and bool(self.import_chain(path, module))

    def import_chain(self, path: str, module: str) -> tuple[str, ...]:
        """The modules through which importing a path imports `module` too, that one last; empty if it does not.

        The packages around `module` do not count: they are imported before it in any case. Nor does `module` itself
        where it is only imported as the package around another one. It need not be there yet.
        """
        return self.remembered("chain", (path, module), lambda: self._chain(path, module)) or ()

    def _chain(self, path: str, module: str) -> tuple[str, ...]:
        around = {*prefixes(module)} - {module}
        importers: dict[str, str | None] = {}
        todo = deque[tuple[str, str | None]]([(path, None)])
        while todo:
            at, importer = todo.popleft()
            found = [p for p in prefixes(at) if p == module or (self.is_first_party(p) and self.find(p) is not None)]
            if found[:1] == [module]:
                chain = [module]
                while importer is not None:
                    chain.insert(0, importer)
                    importer = importers[importer]
                return tuple(chain)
            for prefix in reversed(found):  # importing `a.b` imports `a` first
                module_found = self.find(prefix) if prefix not in importers and prefix not in around else None
                if module_found is not None and prefix != module:
                    importers[prefix] = importer
                    todo += ((imported, prefix) for imported in module_found.bindings.imports)
        return ()

    def is_hidden(self, module: str) -> bool:
        """Whether the package around a module binds something else to its name, so that `a.b` is not the module."""
        parent, _, last = module.rpartition(".")
        origins = self.origins(ObjectRef(parent, last)) if parent else None
        return origins is not None and ObjectRef(module) not in origins

    def is_imported_by(self, module: str, importer: str) -> bool:
        """Whether importing `importer` imports `module` before it is done, so that neither can wait for the other."""
        found = self.find(importer) if module and self.is_first_party(importer) else None
        if found is None:
            return False
        origins = (binding.origin for bound in found.bindings.names.values() for binding in bound)
        paths = {*found.bindings.stars, *(origin.dotted for origin in origins if origin is not None)}
        return any(self.leads_to(path, module) for path in paths)

    def elsewhere(self, ref: ObjectRef) -> Iterator[ObjectRef]:
        """Where an object may be that is not at a path, or not as far as there are modules, the likeliest first."""
        at = self.split(ref)
        if at.module != ref.module or not ref.qualname:
            return (ObjectRef(module, ref.qualname) for module in self.similar(ref.module))
        return (ObjectRef(module, ref.qualname) for module in self.exporters(ref.qualname.partition(".")[0]))

    def similar(self, module: str) -> tuple[str, ...]:
        """The existing modules that someone who wrote `module` may have meant, the likeliest first.

        Modules of the same last name anywhere, then those with a similar name beside the place where it was expected.
        """
        self.asked.add(ALL_MODULES)
        return self.remembered("similar", module, lambda: self._similar(module)) or ()

    def _similar(self, module: str) -> tuple[str, ...]:
        from difflib import get_close_matches  # noqa: PLC0415 - only a broken import needs it

        parent, _, last = module.rpartition(".")
        close = get_close_matches(last, self._beside(parent), 3, 0.75)
        elsewhere = sorted({self.name_of(file)[0] for file in self._packages.by_name.get(last, ())} - {""})
        return tuple(dict.fromkeys([*elsewhere, *(f"{parent}.{name}" if parent else name for name in close)]))

    def _beside(self, package: str) -> list[str]:
        """The last parts of the paths of the first-party modules in a package, or of those in none."""
        found = self.find(package) if package else None
        names = set[str]()
        for folder in found.folders if found is not None else () if package else self.roots:
            for entry in self.listing(folder):
                stem, suffix = os.path.splitext(entry)  # noqa: PTH122 - of every file there is in a folder
                is_package = not suffix and any(
                    f"__init__{end}" in self.listing(folder / stem) for end in PYTHON_SUFFIXES
                )
                if is_package or (suffix in PYTHON_SUFFIXES and stem != "__init__"):
                    names.add(stem)
        return sorted(name for name in names if package or self.is_first_party(name))

    @cached_property
    def _with_all(self) -> frozenset[str]:
        """The first-party modules that may have an `__all__`."""
        return frozenset(self._defining("__all__"))

    def _defining(self, name: str) -> list[str]:
        """The first-party modules that seem to define a name: a cheap superset, confirmed on use."""
        known = self.known_definitions.files(name) if self.known_definitions is not None else ()
        modules = {module for module, _ in map(self.name_of, known) if self.is_first_party(module)}
        return sorted(modules.union(self._definers.get(name, ())))

    @cached_property
    def _definers(self) -> dict[str, list[str]]:
        """The modules of which nothing is known from somewhere else, by the names that they seem to define."""
        found: dict[str, list[str]] = {}
        for path in self.files if self.known_definitions is None else self.known_definitions.others:
            module, _ = self.name_of(path)
            names = set[str]()
            if module and self.is_first_party(module):
                with suppress(OSError):
                    names = definitions(self.read(path))
            for name in names:
                found.setdefault(name, []).append(module)
        return found

    @property
    def files(self) -> tuple[str, ...]:
        """The Python files of the first-party packages."""
        return self._packages.files

    def list_files(self) -> None:
        """Find the files, once: in a large workspace that takes a while, and may be done in another thread."""
        _ = self._packages.by_name

    def _submodule(self, module: Module, name: str) -> bool:
        return bool(module.folders) and self.find(f"{module.name}.{name}" if module.name else name) is not None

    def is_folder(self, path: Path) -> bool:
        """Whether a path is one of a folder."""
        return os.path.isdir(path)  # noqa: PTH112 - which knows names that are too long

    def listing(self, folder: Path) -> frozenset[str]:
        """The names in a folder, as the disk spells them: `import Foo` must not find foo.py on any system."""
        if folder not in self._listings:
            try:
                self._listings[folder] = frozenset(os.listdir(folder))  # noqa: PTH208 - names, not paths, are wanted
            except OSError:
                self._listings[folder] = frozenset()
        return self._listings[folder]

    def _locate(self, name: str) -> Module | None:
        parent, _, last = name.rpartition(".")
        if parent:
            package = self.find(parent)
            folders = package.folders if package else ()
        else:
            folders = self.roots
        if not last:
            return None
        namespace: list[Path] = []
        # a regular package or a module ends the search, a folder without __init__ only adds its portion (PEP 420)
        for folder in folders:
            listing = self.listing(folder)
            inside = self.listing(folder / last) if last in listing else frozenset()
            for suffix in (".py", ".pyi"):
                if f"__init__{suffix}" in inside:
                    return Module(name, folder / last / f"__init__{suffix}", (folder / last,), self.read)
                if compiled := _compiled("__init__", inside):
                    return Module(name, folder / last / compiled, (folder / last,), self.read)
                if f"{last}{suffix}" in listing:
                    return Module(name, folder / f"{last}{suffix}", (), self.read)
            if compiled := _compiled(last, listing):
                return Module(name, folder / compiled, (), self.read)
            if last in listing and self.is_folder(folder / last):
                namespace.append(folder / last)
        return Module(name, None, tuple(namespace), self.read) if namespace else None


def _compiled(stem: str, listing: frozenset[str]) -> str | None:
    """The extension module of that name in a folder, `stem.cpython-311-x86_64-linux-gnu.so` or the like."""
    return next((n for n in sorted(listing) if n.partition(".")[0] == stem and n.endswith(_EXTENSION_SUFFIXES)), None)


_MODULE_ATTRIBUTES = frozenset(
    {
        "__name__",
        "__doc__",
        "__file__",
        "__package__",
        "__spec__",
        "__loader__",
        "__dict__",
        "__annotations__",
        "__class__",
    }
)
_FILE_ATTRIBUTES = frozenset({"__cached__", "__builtins__"})
"""Namespace packages have none of these."""


def prefixes(dotted: str) -> Iterator[str]:
    """A dotted path and the packages around it, from the inside out."""
    end = len(dotted)
    while end > 0:
        yield dotted[:end]
        end = dotted.rfind(".", 0, end)


def _extended(ref: ObjectRef, rest: str) -> ObjectRef:
    return ObjectRef(ref.module, ".".join(part for part in (ref.qualname, rest) if part))
