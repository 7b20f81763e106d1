"""Which files need to be parsed: a first look at a file's bytes, before `engine.check` has a second one.

In most files no rule has anything to say, and their bytes show it: each stretch that may be an import statement, or a
path in a string, is looked up as it is. What is suspicious is left to the parser; nothing else is ever parsed.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ssot_lsp.bindings import absolute
from ssot_lsp.model import ObjectRef
from ssot_lsp.project import Project
from ssot_lsp.rules import Glimpse, all_rules, is_spoken_of_below, may_use
from ssot_lsp.scan import ImportLine, imports, paths, plain, read_import


class _Verdict(NamedTuple):
    """What a first look at a statement tells."""

    is_suspicious: bool = False
    used: tuple[tuple[str, ObjectRef], ...] = ()
    """Imported names under whose paths the registry speaks of something, so that their uses matter."""


_SUSPICIOUS = _Verdict(is_suspicious=True)
_HARMLESS = _Verdict()


class Screen:
    """The first look at the files of one project. It remembers statements: most of them stand in many files."""

    def __init__(self, project: Project) -> None:
        self.project = project
        rules = [rule for rule in all_rules() if project.settings.reports(rule.code)]
        self._suspects = [rule.suspects for rule in rules if rule.checks_imports]
        self._suspects_string = [rule.suspects_string for rule in rules if rule.checks_strings and project.has_registry]
        self._verdicts: dict[tuple[str, bytes], _Verdict] = {}
        self._strings: dict[tuple[str, bool], bool] = {}

    def passes(self, data: bytes, module: str, *, is_init: bool) -> bool:
        """Whether no rule has anything to say of a file, given its bytes and its dotted module path."""
        plain_data = plain(data)
        if plain_data is None or not _is_utf8(data):
            return False
        package = module if is_init else module.rpartition(".")[0]
        used: list[tuple[str, ObjectRef]] = []
        for stretch, at, _ in imports(plain_data):
            key = (package if stretch.startswith(b"from") and b"." in stretch[4:at].lstrip()[:1] else "", stretch)
            verdict = self._verdicts.get(key)
            if verdict is None:
                verdict = self._verdicts[key] = self._verdict(stretch, at, module, is_init=is_init)
            if verdict.is_suspicious:
                return False
            used += verdict.used
        if used:
            source = plain_data.decode("utf-8", "replace")
            if any(may_use(self.project, source, *use) for use in used):
                return False
        return not (self._suspects_string and any(self._is_suspicious(*path) for path in paths(plain_data)))

    def _verdict(self, stretch: bytes, at: int, module: str, *, is_init: bool) -> _Verdict:
        try:
            line = read_import(stretch, at)
        except UnicodeDecodeError:
            return _SUSPICIOUS
        source = absolute(line.module, line.level, module, is_init=is_init) if line.is_from else ""
        if source is None or source == "__future__" or not (source or line.names):
            return _HARMLESS
        glimpse = Glimpse(self.project, source, tuple(name for name, _ in line.names), line.level > 0)
        if any(suspects(glimpse) for suspects in self._suspects):
            return _SUSPICIOUS
        return self._with_uses(line, glimpse)

    def _with_uses(self, line: ImportLine, glimpse: Glimpse) -> _Verdict:
        project, used = self.project, list[tuple[str, ObjectRef]]()
        for (_, local), ref in zip(line.names, glimpse.refs, strict=False):
            if is_spoken_of_below(project, ref.dotted):
                is_plain = not line.is_from and local == ref.dotted.partition(".")[0]
                used.append((ref.dotted if is_plain else local, ref))
        return _Verdict(used=tuple(used)) if used else _HARMLESS

    def _is_suspicious(self, path: str, may_be_module: bool) -> bool:
        key = (path, may_be_module)
        if key not in self._strings:
            found = any(suspects(self.project, path, may_be_module) for suspects in self._suspects_string)
            self._strings[key] = found
        return self._strings[key]


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return re.match(rb"\xef\xbb\xbf|[^\n]*\n?[^\n]*coding", data) is None
