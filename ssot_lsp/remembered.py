"""What is known of a repository from the last run, and what of it still holds.

Each result rests on the file itself, and on answers about modules: whether they are there, what they bind, who defines
a name. When a file has changed, only what rests on it is worked out again. Files in which nothing was found rest on
claims (this import is fine), which are looked at again together, claim by claim instead of file by file.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from ssot_lsp.cache import Slot, digest_of
from ssot_lsp.definitions import Definitions
from ssot_lsp.files import read_bytes
from ssot_lsp.modules import ALL_MODULES, DEFINERS, MENTIONS, TODAY, KnownDefinitions
from ssot_lsp.project import Project
from ssot_lsp.repository import Done, Seen
from ssot_lsp.scan import definitions
from ssot_lsp.screen import Claim, Screen

_GRAIN = 2_000_000_000
"""Nanoseconds: the coarsest clock of a file system. A file that is younger may change without looking any older."""
_MOST_SECTIONS = 8

Sign = tuple[int, int, int]
"""What tells that a file may have changed: the time of its last change (ns), its size (bytes), its inode."""
_GONE: Sign = (0, 0, 0)


class Memory:
    """The last run's results."""

    def __init__(self) -> None:
        self.files: dict[str, Seen] = {}
        self.results: dict[str, tuple[Any, list[str]]] = {}
        """The files in which something was found, with what that is and what it rests on besides."""
        self.elsewhere: dict[str, tuple[str | None, Sign]] = {}
        """Modules that something rests on and whose files were not looked at: where they are, if they are there."""
        self.day = ""
        self.definitions = Definitions()
        self.claims: list[bytes] = []
        """JSON texts: lists of module, flag, names and what they rest on. They are only read if a file has changed."""
        self._asked: set[str] = set()
        """What the results of this run rest on."""
        self._new: dict[tuple[Any, ...], tuple[set[str], set[str]]] = {}

    @classmethod
    def load(cls, slot: Slot) -> Memory | None:
        """What was stored; None if there is nothing, or nothing that can be read."""
        sections = slot.load()
        if sections is None:
            return None
        memory = cls()
        try:
            files, seen, results, elsewhere, memory.day, newer = sections[0]
            memory.files = dict(zip(files, map(tuple, seen), strict=True))
            memory.results = {file: (value, rests_on) for file, value, rests_on in results}
            memory.elsewhere = {module: (path, tuple(sign)) for module, path, sign in elsewhere}
            text, *memory.claims = sections[1:]
            memory.definitions = Definitions(text, newer)
        except (TypeError, ValueError, LookupError):
            return None
        return memory

    def store(self, slot: Slot) -> None:
        """Store it for the next run."""
        results = [[file, value, rests_on] for file, (value, rests_on) in self.results.items()]
        elsewhere = [[module, *facts] for module, facts in self.elsewhere.items()]
        self.definitions.settle(self.files)
        first = [[*self.files], [*self.files.values()], results, elsewhere, self.day, self.definitions.newer]
        slot.store(first, self.definitions.text, *self.claims)

    def outdated(self, project: Project, signs: dict[str, Sign]) -> tuple[set[str], bool]:
        """Forget what no longer holds, given how the files look now; which are to be looked at again.

        Also whether anything at all is to be stored anew.
        """
        changed, touched = self._changed(signs)
        gone = self.files.keys() - signs.keys()
        new = signs.keys() - self.files.keys()
        stale = self._stale(project, changed | new | gone)
        came_or_went = {project.modules.name_of(file)[0] for file in new | gone}
        stale |= {ALL_MODULES} if came_or_went else set()
        stale |= {module for module, facts in self.elsewhere.items() if _whereabouts(project, module) != facts}
        stale |= {TODAY} if self.day != date.today().isoformat() else set()
        if not stale:
            return set(), touched
        below = tuple(f"{module}." for module in came_or_went)

        def is_stale(rests_on: Iterable[str]) -> bool:
            return not stale.isdisjoint(rests_on) or (bool(below) and any(name.startswith(below) for name in rests_on))

        again = {file for file, (_, rests_on) in self.results.items() if is_stale(rests_on)} | changed | new
        again |= _beside(project, signs, new | gone)
        # which objects are exclusive rests on other modules; a claim may be of any file, of those with results too
        if project.has_exclusive or not self._hold(project, is_stale):
            again |= signs.keys()
            self.claims = []
        for file in again | gone:
            self.files.pop(file, None)
            self.results.pop(file, None)
        self.elsewhere = {module: facts for module, facts in self.elsewhere.items() if module not in stale}
        return again, True

    def _changed(self, signs: dict[str, Sign]) -> tuple[set[str], bool]:
        """The files whose bytes are others now, and whether any only looks as if they were."""
        changed, touched = set[str](), False
        for file, sign in signs.items():
            seen = self.files.get(file)
            if seen is not None and seen[:3] != sign:
                if digest_of(_bytes_of(file)) == seen[3]:
                    self.files[file] = (*sign, seen[3])
                    touched = True
                else:
                    changed.add(file)
        return changed, touched

    def _stale(self, project: Project, files: Iterable[str]) -> set[str]:
        """What something may rest on that these files have changed."""
        stale = set[str]()
        mentions: set[str] | None = None
        for file in files:
            stale |= {file, project.modules.name_of(file)[0]}
            if mentions is None:
                asked = (name for _, rests_on in self.results.values() for name in rests_on)
                mentions = {name for name in asked if name.startswith(MENTIONS)}
            data = _bytes_of(file)
            stale |= {f"{DEFINERS}{name}" for name in definitions(data)}
            stale |= {name for name in mentions if name[len(MENTIONS) :].encode() in data}
        return stale

    def _hold(self, project: Project, is_stale: Callable[[Iterable[str]], bool]) -> bool:
        """Whether all that was claimed of what has changed since is still so."""
        screen = Screen(project)
        for section in self.claims:
            for module, flag, names, rests_on in json.loads(section):
                if is_stale(rests_on):
                    groups = [tuple(names)] if module is not None else [(name,) for name in names]
                    if not all(screen.holds(Claim(module, group, flag)) for group in groups):
                        return False
        return True

    def add(self, done: Done) -> None:
        """Remember what came of some files."""
        self.files.update(done.seen)
        self.definitions.newer.update(done.defined)
        for found in done.found:
            self.results[found.file] = (found.value, [*found.rests_on])
            self._asked.update(found.rests_on)
        for claim, rests_on in done.claims.items():
            self._asked |= rests_on
            self._claim(claim.module, claim.flag, claim.names, rests_on)

    def _claim(self, module: str | None, flag: bool, names: Iterable[str], rests_on: Iterable[str]) -> None:
        """Claims about one module go together, as do those about strings that rest on the same."""
        key = (module, flag) if module is not None else (None, flag, frozenset(rests_on))
        all_names, all_rests_on = self._new.setdefault(key, (set(), set()))
        all_names.update(names)
        all_rests_on.update(rests_on)

    def settle(self, project: Project, signs: dict[str, Sign], began: int) -> None:
        """Note how all files look, and where the modules are of which nobody has looked at the file."""
        for file, sign in signs.items():
            seen = self.files.get(file) or (*sign, "")
            if seen[0] > began - _GRAIN:
                seen = (0, *seen[1:])
            self.files[file] = seen
        for name in self._asked - self.elsewhere.keys():
            is_module = name.replace(".", "").replace("_", "").isalnum()
            if is_module and signs.keys().isdisjoint(project.modules.possible_files(name)):
                self.elsewhere[name] = _whereabouts(project, name)
        self.day = date.today().isoformat()
        if len(self.claims) >= _MOST_SECTIONS:
            for claim in (claim for section in self.claims for claim in json.loads(section)):
                self._claim(*claim)
            self.claims = []
        if self._new:
            claims = [[*key[:2], sorted(names), sorted(rests_on)] for key, (names, rests_on) in self._new.items()]
            self.claims.append(json.dumps(claims, separators=(",", ":")).encode())


def _beside(project: Project, files: Iterable[str], others: Iterable[str]) -> set[str]:
    """The files whose imports may find one of the others, or what it is in, in their own folder."""
    places = {place for other in map(Path, others) for place in [*other.parents][:2]}
    apart = {str(place) for place in places if project.modules.is_apart(place)}
    return {file for file in files if os.path.dirname(file) in apart} if apart else set()  # noqa: PTH120


def _whereabouts(project: Project, module: str) -> tuple[str | None, Sign]:
    found = project.modules.find(module)
    path = str(found.path or "") if found is not None else None
    return path, _sign(path) if path else _GONE


def _sign(file: str) -> Sign:
    try:
        facts = os.stat(file)  # noqa: PTH116 - of every file there is
    except OSError:
        return _GONE
    return facts.st_mtime_ns, facts.st_size, facts.st_ino


def _bytes_of(file: str) -> bytes:
    try:
        return read_bytes(file)
    except OSError:
        return b""


def remembered(
    project: Project,
    files: Sequence[str],
    others: Iterable[str],
    slot: Slot,
    run: Callable[[Sequence[str]], Iterable[Done]],
    *,
    on_found: Callable[[Sequence[Any]], None] = lambda values: None,
) -> list[Any]:
    """What came of the files that mattered, in the order of the files, as far as possible from the last run.

    `others` are files that are not asked for but that modules are in. `run` does the work for the files it is given.
    `on_found` is told what came of files as soon as that is known.
    """
    began = time.time_ns()
    signs = {file: _sign(file) for file in dict.fromkeys([*files, *others])}
    memory = Memory.load(slot)
    if memory is None:
        memory, again, is_new = Memory(), {*signs}, True
    else:
        again, is_new = memory.outdated(project, signs)
    known = dict.fromkeys(memory.files)  # as they are now: what this run adds is not known to all of its processes
    project.modules.known_definitions = KnownDefinitions(
        lambda name: [file for file in memory.definitions.files(name) if file in known],
        [file for file in signs if file not in known],
    )
    on_found([memory.results[file][0] for file in files if file in memory.results])
    for done in run([file for file in files if file in again]) if again else ():
        memory.add(done)
        on_found([found.value for found in done.found])
    if is_new:
        memory.settle(project, signs, began)
        memory.store(slot)
    return [memory.results[file][0] for file in files if file in memory.results]
