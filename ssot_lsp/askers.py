"""Who asks for a module: the places in all of a workspace's files, as far as any of them may.

What is asked here is whether a module may go. So what silences a finding does not count, nor does what a rule passes
over: a fallback, a test that expects a failure, what settings exclude.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from ssot_lsp.embedded import EmbeddedText
from ssot_lsp.embedded.file import is_embedded, read_embedded
from ssot_lsp.files import (
    NOTEBOOK_SUFFIX,
    PAGE_SUFFIXES,
    PYTHON_SUFFIXES,
    UnreadableFileError,
    decode,
    find_python_files,
    read_bytes,
)
from ssot_lsp.model import Entry
from ssot_lsp.modules import Answer, prefixes
from ssot_lsp.project import Document, Project
from ssot_lsp.reading import Reading, read
from ssot_lsp.registry import Registry
from ssot_lsp.rules import imported_names
from ssot_lsp.words import finder

_SETTINGS = (".toml", ".cfg", ".ini", ".yaml", ".yml", ".sh", "Makefile", "Dockerfile")
"""How the names of files end in which a path may stand as an entry point, a command or the like."""
_PATH = (
    r"(?m)(?:[\"'](?:[\w.-]+\s*=\s*)?|>>> .*?(?=[^\W\d]\w*\.))"
    r"(?P<dots>\.*)(?P<module>[^\W\d]\w*(?:\.\w+)*)(?::(?P<name>\w+))?"
)
"""A string that begins with a dotted path, if only behind an entry point's name; the first path of an example."""


class Asker(NamedTuple):
    """A place where something asks for a module, or for what is in it."""

    path: Path
    row: int
    """From 0; of a notebook, in its file."""
    name: str = ""
    """The name in the module that it asks for; empty if it asks for the module, or nobody knows."""
    why: str = ""
    """How it may do that, if it does not plainly do so."""


def askers(project: Project, wanted: Mapping[str, Path]) -> Iterator[tuple[str, Asker]]:
    """Who asks for modules, each given by its dotted path with the file that it is or would be."""
    python = (*PYTHON_SUFFIXES, NOTEBOOK_SUFFIX, *(PAGE_SUFFIXES if project.settings.include_docs else ()))
    outside = [root for root in project.modules.roots if not root.is_relative_to(project.root)]
    last = {module: module.rpartition(".")[2].encode() for module in wanted}
    may_be_asked = finder([word.decode() for word in last.values()]) if all(map(bytes.isascii, last.values())) else bool
    for module in wanted:
        package, _, name = module.rpartition(".")
        found = project.modules.find(package) if project.modules.is_exported(package, name) is Answer.YES else None
        if found is not None and found.path is not None:
            yield module, Asker(found.path, 0, why="its `__all__`")
    hidden = project.root / ".github"
    folders = [project.root, *outside, *([hidden] if hidden.is_dir() else ())]
    for module in wanted:
        yield from ((module, Asker(entry.path, row)) for entry, row in _leading(project.registry, module))
    for file in find_python_files(folders, project.root, (*python, *_SETTINGS)):
        path = Path(file)
        try:
            data = read_bytes(file)
        except OSError as error:
            yield from ((module, Asker(path, 0, why=f"it cannot be read: {error.strerror}")) for module in wanted)
            continue
        if not may_be_asked(data):
            continue
        words = {module: word for module, word in last.items() if word in data or not word.isascii()}
        mentioned = {module: wanted[module] for module in words if wanted[module] != path}
        if file.endswith(_SETTINGS):
            yield from _in_settings(path, data.decode("utf-8", "replace"), mentioned)
        elif mentioned:
            yield from _in_python(project, path, data, mentioned)


def _leading(registry: Registry, module: str) -> Iterator[tuple[Entry, int]]:
    """The entries that lead to a module or to something in it, and the rows in which they stand."""
    for entry in registry.entries:
        for ref in (entry.canonical, *entry.alternatives):
            if ref is not None and f"{ref.dotted}.".startswith(f"{module}."):
                yield entry, registry.text(entry.path).position(registry.location(entry).span.start).row


def _in_settings(path: Path, text: str, wanted: Iterable[str]) -> Iterator[tuple[str, Asker]]:
    """Who asks for modules in settings, where a path of one part is only known by what stands around it."""
    for module in wanted:
        pattern = rf"(?<![\w.]){module}(?!\w)"
        if "." not in module:
            pattern = rf"(?<![\w.-]){module}(?=[:.]\w)|(?<=-m ){module}(?!\w)|(?<=[\"']){module}(?=[\"'])"
        for match in re.finditer(pattern, text):
            if not _is_comment(text, match.start()):
                yield module, Asker(path, text.count("\n", 0, match.start()))


def _is_comment(text: str, place: int) -> bool:
    """Whether a line is a comment and nothing else."""
    return text[text.rfind("\n", 0, place) + 1 : place + 1].lstrip().startswith("#")


def _in_python(project: Project, path: Path, data: bytes, wanted: Mapping[str, Path]) -> Iterator[tuple[str, Asker]]:
    try:
        if is_embedded(path):
            file = read_embedded(path, data)
            document, unread = project.part_of(path, EmbeddedText(file.pieces)), file.note
        else:
            document, unread = project.document(path, decode(data).source), ""
    except UnreadableFileError as error:
        yield from ((module, Asker(path, 0, why=f"it cannot be read: {error}")) for module in wanted)
        return
    reading = _reading(document) if not unread else None
    if reading is None:
        reason = f"it cannot be read: {unread or 'no Python'}"
        yield from ((module, Asker(path, 0, why=reason)) for module in wanted)
        return
    look = _Look(project, document, reading)
    for module, own in wanted.items():
        for offset, name in chain(look.imports(module, own), look.strings(module, own)):
            yield module, Asker(path, document.text.place(offset).file_row, name)


def _reading(document: Document) -> Reading | None:
    """The uses of all names in a document; None if not all of it can be told."""
    try:
        return read(document.text) if not document.syntax.has_errors else None
    except RecursionError:
        return None


class _Look:
    """One document, looked through for several modules."""

    def __init__(self, project: Project, document: Document, reading: Reading) -> None:
        self._project, self._document, self._reading = project, document, reading
        self._search = project.search_path(document)

    def imports(self, module: str, own: Path) -> Iterator[tuple[int, str]]:
        """Where it imports or uses the module at `own`, or may, and which name in it."""
        document = self._document
        for statement in document.syntax.imports:
            is_above = statement.level and self._project.absolute(statement, document) is None
            if is_above and module.rpartition(".")[2] in document.text.source[slice(*statement.span)]:
                yield statement.span.start, ""
            for imported in imported_names(self._project, document, statement):
                dotted, start = imported.ref.dotted, imported.name_span.start
                at = next((p for p in prefixes(dotted) if self._is(p, module, own, statement.level)), "")
                below = dotted[len(at) + 1 :].partition(".")[0] if at else ""
                if at:
                    yield start, below
                if imported.name is None or below:
                    continue
                # attributes lead on from here: `pkg.old.X` after `import pkg`, `old.X` after `from pkg import old`
                is_plain = not statement.is_from and imported.name.asname is None
                path = imported.name.local if is_plain else module if at else dotted
                yield from self._uses(imported.name.local, path, module)

    def _uses(self, local: str, path: str, module: str) -> Iterator[tuple[int, str]]:
        """Where a local name that leads to a path at or around the module is used to get there, and for which name."""
        for reference in self._reading.by_root.get(local, ()) if f"{module}.".startswith(f"{path}.") else ():
            used = f"{'.'.join((path, *reference.names[len(local.split('.')) :]))}."
            if used.startswith(f"{module}."):
                yield reference.start, used[len(module) + 1 :].partition(".")[0]
            elif reference.is_cut and f"{module}.".startswith(used):  # what follows is behind a parenthesis
                yield reference.start, ""

    def strings(self, module: str, own: Path) -> Iterator[tuple[int, str]]:
        """Where a string begins with the module's path, or is one of one part that code takes for a path."""
        taken = {string.span.start for string in self._document.syntax.paths} if "." not in module else set[int]()
        for match in re.finditer(_PATH, self._document.text.source):
            start = match.start("module")
            if _is_comment(self._document.text.source, start):
                continue
            for prefix in prefixes(match["module"]):
                is_relative = bool(match["dots"]) and f".{module}".endswith(f".{prefix}")
                is_path = not match["dots"] and ("." in prefix or start in taken) and self._is(prefix, module, own, 0)
                if is_relative or is_path:
                    yield start, match["module"][len(prefix) + 1 :].partition(".")[0] or match["name"] or ""
                    break

    def _is(self, path: str, module: str, own: Path, level: int) -> bool:
        """Whether a dotted path, as it is written here, leads to the module at `own`, or may."""
        if path == module:
            return True
        if level or path.rpartition(".")[2] != module.rpartition(".")[2]:
            return False
        places = (self._search.modules, *self._search.places)
        found = [at.path for place in places if (at := place.find(path)) is not None]
        is_beside = path == own.stem and self._document.path.parent == own.parent  # as a script finds it
        return own in found or is_beside or (self._search.is_open and not found)
