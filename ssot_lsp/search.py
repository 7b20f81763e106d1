"""Where the absolute imports of one file may find modules: not in the source roots alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from ssot_lsp.modules import Answer, Module, Modules


class Place(Modules):
    """The modules as a file sees them that has a folder of its own before the source roots."""

    def __init__(self, base: Modules, folder: Path, packages: Iterable[str]) -> None:
        """`packages` are those in the folder that certainly are meant when they are imported."""
        self._base = base
        self._prefix = base.name_of(folder / "__init__.py")[0]
        asked = base.asked
        super().__init__([folder, *base.roots], base.packages.union(packages), base.read)
        base.asked = asked

    @property
    def asked(self) -> set[str]:
        """What the answers rest on: one account is kept for all."""
        return self._base.asked

    @asked.setter
    def asked(self, asked: set[str]) -> None:
        self._base.asked = asked

    def find(self, name: str) -> Module | None:
        """The module of that dotted path, as the file writes it, or None if no file or folder provides it."""
        self.asked.add(f"{self._prefix}.{name}")
        return super().find(name)

    def is_folder(self, path: Path) -> bool:
        """As the modules below tell it."""
        return self._base.is_folder(path)

    def listing(self, folder: Path) -> frozenset[str]:
        """As the modules below tell it."""
        return self._base.listing(folder)

    def is_meant(self, module: str) -> bool:
        """Whether what is not in this place is nowhere, as far as this place goes.

        A module that imports its own name from elsewhere only wraps something installed, which others may mean too.
        """
        top = module.partition(".")[0]
        found = self.find(top) if self.is_first_party(module) else None
        if found is None or found.folders or top in self._base.packages:
            return found is not None
        return not any(path.partition(".")[0] == top for path in found.bindings.imports)


class SearchPath(NamedTuple):
    """What one file's imports can find: something is missing only if it is missing in all places."""

    modules: Modules
    """Those under the source roots."""
    places: tuple[Place, ...] = ()
    is_open: bool = False
    """There may be other places, which nobody knows."""

    def exists(self, module: str, *, relative: bool = False) -> Answer:
        """Whether a module can be imported; see `Modules.exists`."""
        here = self.modules.exists(module, relative=relative)
        return here if relative else self._anywhere(module, here, lambda at: at.exists(module, relative=True))

    def binds(self, module: str, name: str, *, relative: bool = False) -> Answer:
        """Whether `from module import name` finds something; see `Modules.binds`."""
        here = self.modules.binds(module, name, relative=relative)
        return here if relative else self._anywhere(module, here, lambda at: at.binds(module, name, relative=True))

    def is_exported(self, module: str, name: str, *, relative: bool = False) -> Answer:
        """Whether a name is in the module's `__all__`; see `Modules.is_exported`."""
        here = self.modules.is_exported(module, name)
        return here if relative else self._anywhere(module, here, lambda at: at.is_exported(module, name))

    def provider(self, module: str) -> Modules:
        """Who has a module."""
        if self.modules.is_first_party(module) and self.modules.find(module) is not None:
            return self.modules
        return next((place for place in self.places if place.find(module) is not None), self.modules)

    def _anywhere(self, module: str, here: Answer, ask: Callable[[Place], Answer]) -> Answer:
        if here is Answer.YES or not (self.places or self.is_open):
            return here
        answers: set[Answer] = {here} if self.modules.is_first_party(module) else set()
        for place in self.places:
            answer = ask(place)
            if answer is Answer.YES or place.is_meant(module):
                answers.add(answer)
        if Answer.YES in answers:
            return Answer.YES
        is_open = self.is_open and not self._is_regular(module.partition(".")[0])
        return Answer.NO if answers == {Answer.NO} and not is_open else Answer.UNKNOWN

    def _is_regular(self, top: str) -> bool:
        """Whether the source roots have a package of that name with an `__init__`: it is hardly elsewhere too."""
        found = self.modules.find(top) if self.modules.is_first_party(top) else None
        return found is not None and found.path is not None and bool(found.folders)
