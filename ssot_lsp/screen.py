"""Which files need to be parsed: a first look at a file's bytes, before `engine.check` has a second one.

In most files no rule has anything to say, and their bytes show it: each stretch that may be an import statement, or a
path in a string, is looked up as it is. What is suspicious is left to the parser; nothing else is ever parsed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Set
from pathlib import Path
from typing import NamedTuple

from ssot_lsp.bindings import absolute
from ssot_lsp.embedded.file import is_embedded
from ssot_lsp.model import ObjectRef
from ssot_lsp.project import Project
from ssot_lsp.rules import Glimpse, all_rules, first_looks, is_registered, is_spoken_of_below, may_use
from ssot_lsp.scan import ImportLine, Paths, imports, paths, plain, read_import
from ssot_lsp.search import SearchPath
from ssot_lsp.suppression import UNUSED
from ssot_lsp.syntax import PATH


class _Verdict(NamedTuple):
    """What a first look at a statement tells."""

    is_suspicious: bool = False
    tops: frozenset[str] = frozenset()
    """The first parts of the absolute paths that it imports from: what they are, a file's folder may decide."""
    used: tuple[tuple[str, ObjectRef], ...] = ()
    """Imported names under whose paths the registry speaks of something, so that their uses matter."""


class Claim(NamedTuple):
    """That no rule has anything to say of an import, or of a path in a string."""

    module: str | None
    """Where from, as in `Glimpse`; None for a string."""
    names: tuple[str, ...]
    """The imported names; the path as written."""
    flag: bool
    """The import is relative; the path may be a module's."""


_COMMENTS = (b"ssot:", b"SSOT:")
"""What is in every file with a comment that silences, and that may be for nothing."""
_SUSPICIOUS = _Verdict(is_suspicious=True)
_HARMLESS = _Verdict()


class Look(NamedTuple):
    """What a first look at a file tells."""

    is_suspicious: bool = True
    """A rule may have something to say of it."""
    data: bytes | None = None
    """The bytes that were looked at; None if there are none, or they do not matter."""
    points: tuple[int, ...] | None = None
    """Where in the bytes the imports and strings stand that matter, ascending; None if more than those does."""


UNSEEN = Look()
"""What is known of a file at which nobody has looked."""
_CLEAN = Look(is_suspicious=False)


class _Point(NamedTuple):
    """Where an import stands, in bytes, and of which kind it is, if those of its kind have to be seen together."""

    place: int
    kind: str
    """`plain` for `import a`, `star` for `import *`, else empty."""


class Screen:
    """The first look at the files of one project. It remembers statements: most of them stand in many files."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._suspects = first_looks(project.settings)
        strings = (rule for rule in all_rules() if rule.checks_strings and project.settings.reports(rule.code))
        self._suspects_string = [rule.suspects_string for rule in strings if project.reads_strings]
        self._judges_comments = project.settings.reports(UNUSED)
        self._asks_registry_alone = self._suspects == (is_registered,) and not self._suspects_string
        self._verdicts: dict[tuple[str, bytes], _Verdict] = {}
        self._path = SearchPath(project.modules)
        self._neighbours: dict[str, frozenset[str]] = {}
        self._harmless_paths = {False: set[bytes](), True: set[bytes]()}
        self.claims: dict[Claim, set[str]] = {}
        """What has passed, and what that rests on (as `Modules.asked` has it)."""

    def look(self, data: bytes, file: str) -> Look:
        """Look at a file, given its bytes and its path."""
        if is_embedded(file):
            return Look(data=data) if b"import" in data else _CLEAN
        plain_data = plain(data)
        if plain_data is None:
            return Look(data=data)
        has_comments = self._judges_comments and any(word in data for word in _COMMENTS)
        if self._asks_registry_alone and not has_comments and not self.project.registry.may_be_spoken_of_in(data):
            return _CLEAN
        if b"sys.path" in plain_data and not self._asks_registry_alone:
            return Look(data=data)
        module, is_init = self.project.modules.name_of(file)
        folder = os.path.dirname(file)  # noqa: PTH120 - of every file there is
        neighbours = self._beside(folder) if not self._asks_registry_alone else frozenset()
        package = module if is_init else module.rpartition(".")[0]
        points, suspicious = list[_Point](), set[_Point]()
        used: list[tuple[_Point, tuple[str, ObjectRef]]] = []
        for stretch, at, place, _ in imports(plain_data):
            key = (package if stretch.startswith(b"from") and b"." in stretch[4:at].lstrip()[:1] else "", stretch)
            verdict = self._verdicts.get(key)
            if verdict is None:
                verdict = self._verdicts[key] = self._verdict(stretch, at, module, is_init=is_init)
            points.append(_Point(place, "star" if b"*" in stretch else "" if at else "plain"))
            if verdict.is_suspicious or not verdict.tops.isdisjoint(neighbours):
                suspicious.add(points[-1])
            used += ((points[-1], use) for use in verdict.used)
        if used:
            source = plain_data.decode("utf-8", "replace")
            suspicious.update(point for point, use in used if may_use(self.project, source, *use))
        strings = self._suspicious(paths(plain_data)) if self._suspects_string else frozenset()
        if not (suspicious or strings or has_comments):
            return _CLEAN
        if plain_data is not data or not (data.isascii() or b"coding" not in data[:200]):
            return Look(data=data)
        kinds = {point.kind for point in suspicious} - {""}
        # what a string is taken for depends on all imports
        places = [point.place for point in points if strings or point in suspicious or point.kind in kinds]
        if strings:
            places += (match.start() for match in re.finditer(PATH, data) if match["path"] in strings)
        return Look(data=data, points=tuple(sorted(places)))

    def _beside(self, folder: str) -> frozenset[str]:
        """What a folder that is no package provides to the files in it, and may be found to lack."""
        if folder not in self._neighbours:
            is_apart = self.project.modules.is_apart(Path(folder))
            self._neighbours[folder] = self.project.neighbours(Path(folder)) if is_apart else frozenset()
        return self._neighbours[folder]

    def _verdict(self, stretch: bytes, at: int, module: str, *, is_init: bool) -> _Verdict:
        try:
            line = read_import(stretch, at)
        except UnicodeDecodeError:
            return _SUSPICIOUS
        if not line.is_whole:
            return _SUSPICIOUS
        source = absolute(line.module, line.level, module, is_init=is_init) if line.is_from else ""
        if source is None:
            return _HARMLESS if self._asks_registry_alone else _SUSPICIOUS  # above the top
        if source == "__future__" or not (source or line.names):
            return _HARMLESS
        names = tuple(name for name, _ in line.names)
        if not self.holds(Claim(source, names, line.level > 0)):
            return _SUSPICIOUS
        tops = frozenset(path.partition(".")[0] for path in ((source,) if source else names) if not line.level)
        used = self._used(line, Glimpse(self.project, source, names, line.level > 0, self._path))
        return _Verdict(tops=tops, used=tuple(used))

    def holds(self, claim: Claim) -> bool:
        """Whether no rule has anything to say of an import, or of a path in a string; what it rests on is noted."""
        asked = self.project.modules.asked
        asked.clear()
        if claim.module is None:
            is_suspicious = any(s(self.project, claim.names[0], claim.flag) for s in self._suspects_string)
        else:
            glimpse = Glimpse(self.project, claim.module, claim.names, claim.flag, self._path)
            is_suspicious = any(suspects(glimpse) for suspects in self._suspects)
        if not is_suspicious and asked:
            self.claims[claim] = {*asked}
        return not is_suspicious

    def _used(self, line: ImportLine, glimpse: Glimpse) -> Iterator[tuple[str, ObjectRef]]:
        project = self.project
        if glimpse.module and not project.has_exclusive and project.registry.is_silent_about(glimpse.module):
            return
        for (_, local), ref in zip(line.names, glimpse.refs, strict=False):
            if is_spoken_of_below(project, ref.dotted):
                is_plain = not line.is_from and local == ref.dotted.partition(".")[0]
                yield ref.dotted if is_plain else local, ref

    def _suspicious(self, paths: Paths) -> Set[bytes]:
        harmless = self._harmless_paths[paths.may_be_modules]
        new = paths.found - harmless
        claims = {path: Claim(None, (path.decode("utf-8", "replace"),), paths.may_be_modules) for path in new}
        found = {path for path, claim in claims.items() if not self.holds(claim)}
        harmless |= new - found
        return found
