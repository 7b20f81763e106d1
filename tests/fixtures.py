"""Literate fixtures: Markdown pages whose cases are run as tests.

A page is text up to `## Cases`, then one `### A sentence that says what holds` per case, each with fenced blocks:

`json`
    The registry: a whole one, or only the list of its entries. Its packages are then the top-level names of the tree,
    if there is one. Without the block there is no registry.
`toml`
    The workspace's pyproject.toml.
`tree`
    The files of the workspace, as an indented drawing: `pkg/` is a folder, `mod.py` an empty file, and
    `mod.py: X = 1; Y = 2` one with two lines.
`python [path/to/file.py] [crlf] [no-newline]`
    A file to be checked, main.py if it is not named. `crlf` makes its line ends so, `no-newline` drops the last one.
    Caret comments below a line of code say what is reported in it. They are not part of the file:

        from old import A
        #               ^ SSOT001 warning safe : what the message must contain

    The carets stand below the range; `#@0 ^^^` says the column where `#` is in the way. Then follow the code, the
    severity, the applicabilities of the fixes that are offered (`display,display` for two of them), and a part of the
    message. Only code and severity are needed. What is not listed must not be reported, and what has no applicability
    must offer no fix. `SSOT091` lists a fix that must be refused by the bulk fix.
`python fixed`
    The file, without its caret comments, after all safe fixes. Without the block they must change nothing.
`python fixed unsafe`
    The file after all safe and unsafe fixes.
`python fixed safe 1`, `python fixed unsafe 1`, `python fixed display 2`
    The file after the fix of that number among those that its first diagnostic offers, which must be that sure.

Blocks between `## Cases` and the first case hold for every case that has none of that kind. In all Python blocks ␉, ␌
and ␍ stand for a tab, a form feed and a carriage return. Comments like `until=2026-01-01` are read on 2026-06-01.
"""

from __future__ import annotations

import difflib
import json
import re
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

from ssot_lsp import engine
from ssot_lsp.model import Applicability, Diagnostic, Severity
from ssot_lsp.project import Document, Project
from ssot_lsp.text import Text, TextEdit, apply_edits

TODAY = date(2026, 6, 1)

_CASES = "## Cases"
_CARETS = re.compile(
    r"\s*#(?:@(?P<column>\d+))?[ \t]*(?P<carets>\^+) (?P<code>SSOT\d{3}) (?P<severity>[a-z]+)"
    r"(?: (?P<fixes>[a-z,]+))?(?:\s*: (?P<message>.+))?"
)
_LOOKS_LIKE_CARETS = re.compile(r"\s*#(@\d+)?[ \t]*\^+( |$)")
_PICTURES = {"␉": "\t", "␌": "\f", "␍": "\r"}


class FixtureError(Exception):
    """A page that cannot be read; its text says where and why."""


@dataclass(frozen=True)
class Expected:
    """What one caret comment says."""

    row: int
    column: int
    length: int
    code: str
    severity: str
    fixes: tuple[str, ...] = ()
    message: str = ""

    @property
    def line(self) -> str:
        """The caret comment."""
        carets = "^" * max(self.length, 1)
        place = f"#{' ' * (self.column - 1)}{carets}" if self.column else f"#@0 {carets}"
        label = " ".join(filter(None, (self.code, self.severity, ",".join(self.fixes))))
        return f"{place} {label}{f' : {self.message}' if self.message else ''}"


@dataclass
class CheckedFile:
    """A file of a case, and what is to come of it."""

    path: str
    source: str
    expected: list[Expected]
    flags: frozenset[str] = frozenset()
    fixed: dict[str, str] = field(default_factory=dict)
    """Texts by the words behind `fixed`: nothing, `unsafe`, `safe 1`, `display 2`."""


@dataclass
class Case:
    """One case of a page."""

    page: Path
    line: int
    title: str
    registry: str | None = None
    settings: str = ""
    tree: Mapping[str, str] = field(default_factory=dict)
    files: list[CheckedFile] = field(default_factory=list)

    @property
    def where(self) -> str:
        """The page and the line (from 1) of its title."""
        return f"{self.page}:{self.line}"


def read_page(page: Path) -> tuple[str, list[Case]]:
    """The title of a page, and its cases.

    Raises FixtureError if it is not written as this module's docstring says.
    """
    title, parts = read_parts(page)
    common = Case(page, 0, "")
    current = common
    cases: list[Case] = []
    for part in parts:
        if isinstance(part, Heading):
            current = Case(page, part.line, part.title, common.registry, common.settings, common.tree)
            cases.append(current)
            continue
        try:
            _add_block(current, part.words, part.lines)
        except (ValueError, FixtureError) as error:
            raise FixtureError(f"{page}:{part.line}: {error}") from error
    return title, cases


class Heading(NamedTuple):
    """Where a case begins: the line (from 1), and its title."""

    line: int
    title: str


class Block(NamedTuple):
    """A fenced block: the line (from 1) and the words of its fence, and the lines in it."""

    line: int
    words: list[str]
    lines: list[str]

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(f"{line}\n" for line in self.lines)


def read_parts(page: Path) -> tuple[str, list[Heading | Block]]:
    """The title of a page, and what stands below `## Cases`. Raises FixtureError."""
    lines = page.read_text("utf-8").split("\n")
    if _CASES not in lines:
        raise FixtureError(f"{page}: no `{_CASES}`")
    parts: list[Heading | Block] = []
    at = lines.index(_CASES) + 1
    while at < len(lines):
        line = lines[at]
        if line.startswith("### "):
            parts.append(Heading(at + 1, line.removeprefix("### ")))
        elif line.startswith("```"):
            words = line.lstrip("`")
            fence = line.removesuffix(words)
            if fence not in lines[at + 1 :]:
                raise FixtureError(f"{page}:{at + 1}: a block that does not end")
            end = lines.index(fence, at + 1)
            parts.append(Block(at + 1, words.split(), lines[at + 1 : end]))
            at = end
        at += 1
    return lines[0].removeprefix("# "), parts


def _add_block(case: Case, words: Sequence[str], lines: Sequence[str]) -> None:
    kind, rest = (words[0] if words else ""), list(words[1:])
    text = "".join(f"{line}\n" for line in lines)
    if kind == "json":
        case.registry = text
    elif kind == "toml":
        case.settings = text
    elif kind == "tree":
        case.tree = parse_tree(lines)
    elif kind == "python" and rest[:1] == ["fixed"]:
        file = case.files[-1]
        file.fixed[" ".join(rest[1:])] = as_written(text, file.flags)
    elif kind == "python":
        flags = frozenset(rest) & {"crlf", "no-newline"}
        paths = [word for word in rest if word not in flags]
        source, expected = parse_carets(lines)
        case.files.append(CheckedFile("".join(paths) or "main.py", as_written(source, flags), expected, flags))
    else:
        raise FixtureError(f"no such block: {' '.join(words)!r}")


def as_written(text: str, flags: Collection[str] = ()) -> str:
    """The text of a block as it is meant: with what pictures stand for, and the line ends that the flags ask for."""
    for picture, character in _PICTURES.items():
        text = text.replace(picture, character)
    if "no-newline" in flags:
        text = text.removesuffix("\n")
    return text.replace("\n", "\r\n") if "crlf" in flags else text


def parse_tree(lines: Sequence[str]) -> dict[str, str]:
    """The files of an indented drawing, by their paths. A folder is there as a path that ends in `/`."""
    found: dict[str, str] = {}
    open_folders: list[tuple[int, str]] = []
    for line in lines:
        if not line.strip():
            continue
        indentation = len(line) - len(line.lstrip())
        while open_folders and open_folders[-1][0] >= indentation:
            open_folders.pop()
        parent = open_folders[-1][1] if open_folders else ""
        name, _, content = line.strip().partition(": ")
        found[parent + name] = "".join(f"{statement}\n" for statement in content.split("; ") if statement)
        if name.endswith("/"):
            open_folders.append((indentation, parent + name))
    return found


def parse_carets(lines: Sequence[str]) -> tuple[str, list[Expected]]:
    """The source without its caret comments, and what they say."""
    code: list[str] = []
    expected: list[Expected] = []
    for line in lines:
        match = _CARETS.fullmatch(line)
        if match is None:
            if _LOOKS_LIKE_CARETS.match(line):
                raise FixtureError(f"not a caret comment: {line!r}")
            code.append(line)
            continue
        column = int(match["column"]) if match["column"] else match.start("carets")
        fixes = tuple((match["fixes"] or "").split(",")) if match["fixes"] else ()
        if match["severity"] not in {severity.label for severity in Severity}:
            raise FixtureError(f"no such severity: {line!r}")
        if not set(fixes) <= {applicability.value for applicability in Applicability}:
            raise FixtureError(f"no such applicability: {line!r}")
        length = len(match["carets"])
        message = match["message"] or ""
        expected.append(
            Expected(len(code) - 1, column, length, match["code"], match["severity"], fixes, message.strip())
        )
    return "".join(f"{line}\n" for line in code), expected


def run(case: Case, root: Path) -> None:
    """Make the case's workspace in the empty folder `root`, and see that everything holds.

    Raises AssertionError, with a difference, if something does not.
    """
    if not case.files:
        raise FixtureError(f"{case.where}: nothing to check")
    root.mkdir(parents=True, exist_ok=True)
    write_files(root, _files(case))
    for file in case.files:
        _Run(case, root, file).run()


def write_files(root: Path, files: Iterable[tuple[str, str]]) -> None:
    """Write files by their paths under a folder; what ends in `/` is a folder."""
    for name, content in files:
        path = root / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_bytes(content.encode())


def _files(case: Case) -> Iterator[tuple[str, str]]:
    yield from case.tree.items()
    if case.settings:
        yield "pyproject.toml", case.settings
    if case.registry is not None:
        yield "registry.json", registry_text(case.registry, case.tree)
    for file in case.files:
        yield file.path, file.source


def registry_text(block: str, tree: Mapping[str, str]) -> str:
    """The registry that a block gives, whole or as the list of its entries."""
    value = json.loads(block)
    if isinstance(value, list):
        value = {"version": 1, "packages": _packages(tree), "entries": value}
    return json.dumps(value, indent=1)


def _packages(tree: Mapping[str, str]) -> list[str]:
    tops = dict.fromkeys(path.partition("/")[0].partition(".")[0] for path in tree)
    return [top for top in tops if top.isidentifier()]


@dataclass
class _Run:
    """One file of a case, being tested."""

    case: Case
    root: Path
    file: CheckedFile

    def run(self) -> None:
        project, document = self._read(self.file.source)
        diagnostics = [
            engine.with_fixes(document, project, diagnostic)
            for diagnostic in engine.check(document, project, today=TODAY)
        ]
        for diagnostic in diagnostics:
            for fix in diagnostic.fixes:
                self._applied(document, fix.edits, f"the fix {fix.title!r}")
        parses = _parses(document.text.source)
        safe = self._fix(project, document, Applicability.SAFE) if parses else None
        refused = safe.refused if safe else ()
        self._compare_diagnostics(document.text, [*diagnostics, *refused])
        self._compare_choices(document, diagnostics)
        if safe:
            self._compare("after all safe fixes", self.file.fixed.get("", self.file.source), safe.text.source)
            self._is_settled(safe.text.source, Applicability.SAFE)
        if parses and "unsafe" in self.file.fixed:
            unsafe = self._fix(project, document, Applicability.UNSAFE)
            self._compare("after all safe and unsafe fixes", self.file.fixed["unsafe"], unsafe.text.source)
            self._is_settled(unsafe.text.source, Applicability.UNSAFE)

    def _read(self, source: str) -> tuple[Project, Document]:
        path = self.root / self.file.path
        path.write_bytes(source.encode())
        project = Project.load(self.root)
        return project, project.document(path, source)

    def _fix(self, project: Project, document: Document, applicability: Applicability) -> engine.Fixed:
        diagnostics = engine.check(document, project, today=TODAY)
        fixed = engine.fix(document, project, diagnostics, applicability, today=TODAY)
        after = self._applied(document, fixed.edits, "the bulk fix")
        assert after == fixed.text.source, f"{self.case.where}: the edits do not lead to the text that they come with"
        return fixed

    def _applied(self, document: Document, edits: Sequence[TextEdit], what: str) -> str:
        source = document.text.source
        inside = all(0 <= edit.span.start <= edit.span.end <= len(source) for edit in edits)
        assert inside, f"{self.case.where}: an edit of {what} lies outside of the text"
        after = apply_edits(source, edits)
        assert _parses(after) or not _parses(source), f"{self.case.where}: {what} breaks the file:\n{after}"
        return after

    def _compare_diagnostics(self, text: Text, diagnostics: Sequence[Diagnostic]) -> None:
        found = [self._seen(text, diagnostic) for diagnostic in diagnostics]
        wanted = annotated(text.source, self.file.expected)
        self._compare("what is reported", wanted, annotated(text.source, found))

    def _seen(self, text: Text, diagnostic: Diagnostic) -> Expected:
        """A diagnostic as its caret comment; its message shortened to what was expected of it, where it holds that."""
        start = text.position(diagnostic.span.start)
        length = diagnostic.span.end - diagnostic.span.start
        fixes = tuple(fix.applicability.value for fix in diagnostic.fixes)
        seen = Expected(start.row, start.column, length, diagnostic.code, diagnostic.severity.label, fixes)
        for expected in self.file.expected:
            same_place = (expected.row, expected.column, expected.code) == (seen.row, seen.column, seen.code)
            if same_place and expected.message in diagnostic.message:
                return replace(seen, message=expected.message)
        return replace(seen, message=diagnostic.message)

    def _compare_choices(self, document: Document, diagnostics: Sequence[Diagnostic]) -> None:
        for words, text in self.file.fixed.items():
            if words in ("", "unsafe"):
                continue
            label, number = words.split()
            fixes = diagnostics[0].fixes if diagnostics else ()
            assert len(fixes) >= int(number), f"{self.case.where}: there is no fix {number}, only {len(fixes)}"
            fix = fixes[int(number) - 1]
            assert fix.applicability.value == label, f"{self.case.where}: fix {number} is {fix.applicability.value}"
            self._compare(f"after {fix.title!r}", text, self._applied(document, fix.edits, fix.title))

    def _is_settled(self, source: str, applicability: Applicability) -> None:
        """See that in a fixed text there is nothing left to fix."""
        project, document = self._read(source)
        try:
            again = self._fix(project, document, applicability)
            self._compare("after a second fix", source, again.text.source)
            for diagnostic in engine.check(document, project, today=TODAY):
                offered = engine.with_fixes(document, project, diagnostic).fixes
                left = [fix.title for fix in offered if fix.applicability is Applicability.SAFE]
                assert not left, f"{self.case.where}: the fixed text still offers {left}"
        finally:
            self._read(self.file.source)

    def _compare(self, what: str, wanted: str, found: str) -> None:
        if wanted != found:
            before, after = (_visible(text).split("\n") for text in (wanted, found))
            diff = difflib.unified_diff(before, after, "expected", "actual", lineterm="", n=100)
            shown = "\n".join(diff)
            raise AssertionError(f"{self.case.where}: {self.case.title}\n{self.file.path}: {what}\n{shown}")


def annotated(source: str, comments: Sequence[Expected]) -> str:
    """A source with caret comments below its lines."""
    lines = []
    for row, line in enumerate(re.findall(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+", source)):
        lines.append(line if line.endswith(("\n", "\r")) else line + "\n")
        here = sorted((c for c in comments if c.row == row), key=lambda c: (c.column, c.code))
        lines += (comment.line + "\n" for comment in here)
    return "".join(lines)


def _visible(text: str) -> str:
    for picture, character in _PICTURES.items():
        text = text.replace(character, picture)
    return text


def _parses(source: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, "<fixture>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True
