"""Registries spoiled in every way that we can think of, and what has to hold for each of them.

A spoiled registry cannot be used, and one located line says why; or it can, and then all that is said of it has a place
in it, in every format, and what `registry lint --fix` makes of it is a registry that means the same but for the entries
that were mended. In an editor the last good one stays in force meanwhile.
"""

from __future__ import annotations

import codecs
import copy
import json
import os
import random
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

from ssot_lsp.cli.registry.lint import found_in_registries, mended
from ssot_lsp.cli.reporters import FORMATS, render
from ssot_lsp.config import Settings
from ssot_lsp.files import read_bytes
from ssot_lsp.model import RULE_NAMES, Applicability, Diagnostic, ObjectRef, Report
from ssot_lsp.project import Project
from ssot_lsp.registry import Registry, RegistryError
from ssot_lsp.server.convert import Terms
from ssot_lsp.server.settings import EditorSettings
from ssot_lsp.server.workspaces import WorkspaceFolder
from ssot_lsp.sweep import Sweep, check_file
from ssot_lsp.text import Text
from tests.test_cli import run
from tests.trees import write

Json = Any
REPOSITORY = Path(__file__).resolve().parent.parent
_SITE = ".venv/lib/python3.11/site-packages"

WORKSPACE = {
    "pyproject.toml": '[project]\nname = "app"\nversion = "2.1"\n\n[tool.ssot-lsp]\nregistry = "registry.json"\n',
    "app/__init__.py": "from app.new import A\n",
    "app/new.py": '__all__ = ["A", "f"]\n\nclass A:\n  def g(self): ...\nclass Hidden: ...\ndef f(x, *, y=1): ...\n',
    "app/old.py": "from app.new import A\n\ndef f(): ...\n",
    "app/core/__init__.py": "",
    "app/core/deep.py": "from app.new import *\n\nclass Größe: ...\n",
    "app/star.py": "from app.core.deep import *\n",
    "user.py": "import app.old\nfrom app.old import A, f as g\nfrom app.gone import B\nprint(app.old.A, A, g, B)\n",
    "test_user.py": 'from unittest.mock import patch\nfrom acme.old import *\npatch("app.old.A")\n',
    "stars.py": "from app.star import *\nfrom app.old import *\nprint(f)\n",
    "silent.py": "from app.older import A  # ssot: ignore\nimport app.core.shallow as s\n",
    "more.json": '{"version": 1, "entries": [{"canonical": "app.new:f", "deprecated": ["app.more:f"]}]}',
    ".venv/pyvenv.cfg": "home = /usr/bin\n",
    f"{_SITE}/acme-1.0.dist-info/entry_points.txt": "[ssot_lsp.registries]\nacme = acme:moves.json\n",
    f"{_SITE}/acme/moves.json": '{"version": 1, "entries": [{"canonical": "acme.new", "deprecated": ["acme.old"]}]}',
}
_REFERENCES = (
    *(
        "app",
        "app.new",
        "app.old",
        "app.older",
        "app.gone",
        "app.star",
        "app.core",
        "app.core.deep",
        "app.core.shallow",
    ),
    *(
        "app.new:A",
        "app.new:A.g",
        "app.new:f",
        "app.new:Hidden",
        "app.new:Nope",
        "app.old:A",
        "app.old:f",
        "app.older:A",
    ),
    *("app:A", "app:new", "app.gone:B", "app.core.deep:Größe", "app.star:Größe", "app.more:f", "user", "other:x"),
    *("acme", "acme.old:A", "acme.new:A", "builtins:print", "builtins", "json", "json:loads", "os.path"),
)
_DATES = ("2020-01-01", "2999-12-31", "2.0", "2.1", "3", "soon", "", "2020-13-45", "1" * 5000, "v2.0.post1.dev2+x")


def _entry(chance: random.Random) -> dict[str, Json]:
    """An entry that the schema accepts, of paths that are there and paths that are not."""
    deprecated = chance.sample(_REFERENCES, chance.choice((1, 1, 1, 2, 3)))
    entry: dict[str, Json] = {"canonical": chance.choice((*_REFERENCES, None)), "deprecated": deprecated}
    more: dict[str, Callable[[], Json]] = {
        "alternatives": lambda: chance.sample(_REFERENCES, 2),
        "reason": lambda: chance.choice(
            ("Moved.", "", "a\nb", "💥 `x` <b>&", "\ud83d", "%0A::error::", "\x00\x1b[31m")
        ),
        "removal": lambda: chance.choice(_DATES),
        "since": lambda: chance.choice(_DATES),
        "severity": lambda: chance.choice(("error", "warning", "information", "hint")),
        "applicability": lambda: chance.choice(("safe", "unsafe", "display")),
        "exclusive": lambda: chance.random() < 0.5,
        "allow": lambda: chance.sample(("user.py", "**", "!user.py", "[", "a/**/b", "", "#", "\\"), 2),
    }
    return entry | {key: make() for key, make in more.items() if chance.random() < 0.2}


def _generated(chance: random.Random) -> dict[str, Json]:
    return {"version": 1, "packages": ["app"], "entries": [_entry(chance) for _ in range(chance.randint(1, 6))]}


_EXAMPLES = [(REPOSITORY / name).read_bytes() for name in ("registry.json", "examples/shop/registry.json")]


# what spoils the bytes


def _at(data: bytes, chance: random.Random) -> int:
    return chance.randrange(len(data) + 1)


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: _at(data, chance)]


def _flip(data: bytes, chance: random.Random) -> bytes:
    at = _at(data, chance)
    return data[:at] + bytes(byte ^ 1 << chance.randrange(8) for byte in data[at : at + 1]) + data[at + 1 :]


_PIECES = (
    *(
        b'"',
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"\\",
        b"\n",
        b"\r",
        b"\x00",
        b"\x7f",
        b"\xff",
        b"\xed\xa0\xbd",
        b"\xc3",
    ),
    *("NaN -Infinity 1e999 \\ud83d é 💥 null // /*x*/ ' \u2028 \ufeff \u200b".encode().split(b" ")),
)


def _insert(data: bytes, chance: random.Random) -> bytes:
    at = _at(data, chance)
    return data[:at] + chance.choice(_PIECES) + data[at:]


def _drop(data: bytes, chance: random.Random) -> bytes:
    at = _at(data, chance)
    return data[:at] + data[at + chance.choice((1, 1, 2, 10, 100)) :]


def _repeat(data: bytes, chance: random.Random) -> bytes:
    start, end = sorted((_at(data, chance), _at(data, chance)))
    return data[:end] + data[start:end] + data[end:]


def _line_twice(data: bytes, chance: random.Random) -> bytes:
    """Mostly a key that stands twice."""
    lines = data.splitlines(keepends=True)
    at = chance.randrange(len(lines)) if lines else 0
    return b"".join([*lines[: at + 1], *lines[at : at + 1], *lines[at + 1 :]])


def _encode(data: bytes, chance: random.Random) -> bytes:
    encodings = ("utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "utf-8-sig", "utf-7")
    return data.decode("utf-8", "replace").encode(chance.choice(encodings), "replace")


def _line_ends(data: bytes, chance: random.Random) -> bytes:
    return re.sub(rb"\r?\n", lambda _: chance.choice((b"\r\n", b"\r", b"\n\n", b"\x0c")), data)


def _nest(data: bytes, chance: random.Random) -> bytes:
    value = chance.choice((b"[", b'{"a":')) * chance.choice((50, 990, 5_000, 200_000))
    return data.replace(b'"canonical": ', b'"canonical": ' + value, 1) if chance.random() < 0.5 else value + data


def _number(data: bytes, chance: random.Random) -> bytes:
    number = chance.choice((b"9" * 5_000, b"1e400", b"-0", b"1.0", b"1E0", b"01", b"0x1", b"1" + b"0" * 30, b"true"))
    return re.sub(rb'"version":\s*1', b'"version": ' + number, data, count=1)


# what spoils a value


_LEAVES: tuple[Json, ...] = (
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        1.0,
        1e308,
        "",
        " ",
        "1",
        "a b",
        "a..b",
        ":a",
        "a:",
        "a:b:c",
        "é",
        "ﬁ",
        "\u200b",
        "💥",
    ),
    *("a" * 5_000, ".".join("ab" * 500), "\ud800", "\x00", "\n", "class", "None", "__init__", "app.__init__:A", [], {}),
    *([[]], [None], [""], {"a": {}}, {"": 0}, ["app.old:A"] * 3, "*", "app.*", "app.old:*", "../x", "<b>", "`", "${x}"),
)
_KEYS = ("version", "packages", "extends", "entries", "canonical", "deprecated", "alternatives", "reason", "severity")
_ODD_KEYS = (
    "Canonical",
    "deprecate",
    "",
    "💥",
    "\ud800",
    "$schema",
    "a" * 3_000,
    "\x00",
    "x\ny",
    "constructor",
    "removal",
)


def _holders(value: Json) -> list[Json]:
    """Every object and array in a value that is not empty."""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value] * bool(children) + [holder for child in children for holder in _holders(child)]


def _place(value: Json, chance: random.Random) -> tuple[Json, Json]:
    """An object or array, and a key or index of it; a large one is not likelier than others."""
    holder = chance.choice(_holders(value) or [{"": 0}])
    return holder, chance.choice([*holder] if isinstance(holder, dict) else range(len(holder)))


def _replace(value: Json, chance: random.Random) -> None:
    holder, key = _place(value, chance)
    holder[key] = copy.deepcopy(chance.choice(_LEAVES))


def _missing(value: Json, chance: random.Random) -> None:
    holder, key = _place(value, chance)
    del holder[key]


def _unknown_key(value: Json, chance: random.Random) -> None:
    holder = chance.choice([holder for holder in _holders(value) if isinstance(holder, dict)] or [{}])
    holder[chance.choice((*_KEYS, *_ODD_KEYS))] = copy.deepcopy(chance.choice(_LEAVES))


def _empty(value: Json, chance: random.Random) -> None:
    holder, key = _place(value, chance)
    holder[key] = type(holder[key])() if holder[key] is not None else ""


def _other_place(value: Json, chance: random.Random) -> None:
    """A value that belongs somewhere else."""
    (holder, key), (other, name) = _place(value, chance), _place(value, chance)
    holder[key] = copy.deepcopy(other[name])


# what spoils the meaning


def _add(value: Json, chance: random.Random, *moves: tuple[str | None, str], **more: Json) -> None:
    if isinstance(value, dict) and isinstance(entries := value.get("entries"), list):
        for canonical, deprecated in moves:
            at = chance.randint(0, len(entries))
            entries.insert(at, {"canonical": canonical, "deprecated": [deprecated], **more})


def _pick(chance: random.Random, count: int) -> list[str]:
    return chance.sample(_REFERENCES, count)


def _cycle(value: Json, chance: random.Random) -> None:
    ring = _pick(chance, chance.choice((2, 2, 3, 10)))
    _add(value, chance, *zip([*ring[1:], ring[0]], ring, strict=True))


def _self(value: Json, chance: random.Random) -> None:
    (one,) = _pick(chance, 1)
    _add(value, chance, (one, one), (one, one.replace(":", ".")))


def _dangling(value: Json, chance: random.Random) -> None:
    _add(value, chance, (f"{chance.choice(_REFERENCES).replace(':', '.')}:nowhere", _pick(chance, 1)[0]))


def _contradictory(value: Json, chance: random.Random) -> None:
    one, two, old = _pick(chance, 3)
    _add(
        value, chance, (one, old), (chance.choice((two, None)), old.replace(":", ".") if chance.random() < 0.3 else old)
    )


def _twice(value: Json, chance: random.Random) -> None:
    if isinstance(value, dict) and isinstance(entries := value.get("entries"), list) and entries:
        entries.insert(chance.randint(0, len(entries)), copy.deepcopy(chance.choice(entries)))


def _chain(value: Json, chance: random.Random) -> None:
    count = chance.choice((3, 10, 100))
    way = [*_pick(chance, 3), *(f"way.m{number}:X" for number in range(count))]
    chance.shuffle(way)
    _add(value, chance, *zip(way[1:], way, strict=False))


def _push_down(value: Json, chance: random.Random) -> None:
    (one,) = _pick(chance, 1)
    below = f"{one}.{one.replace(':', '.').rpartition('.')[2]}"
    _add(value, chance, *chance.sample([(below, one), (one, below), (f"{below}.more", below)], 2))


def _overlap(value: Json, chance: random.Random) -> None:
    module, *to = _pick(chance, 4)
    module = module.partition(":")[0]
    _add(value, chance, *zip(to, [module, f"{module}.a", f"{module}.a:B"], strict=True))


def _builtin(value: Json, chance: random.Random) -> None:
    new = chance.choice(("builtins:print", "builtins", "builtins:nope", "json:loads", "os.path:join", "acme.new:A"))
    _add(value, chance, (new, _pick(chance, 1)[0]), (_pick(chance, 1)[0], new))


def _extends(value: Json, chance: random.Random) -> None:
    names = ("acme", "Acme", "nope", "more.json", "./more.json", "registry.json", "../more.json", "a/../more.json")
    if isinstance(value, dict):
        value["extends"] = chance.choices(names, weights=(9, 2, 1, 9, 2, 2, 1, 2), k=chance.choice((1, 2)))


def _odd_fields(value: Json, chance: random.Random) -> None:
    field = chance.choice((
        *({"removal": chance.choice(_DATES)}, {"exclusive": True}, {"allow": ["**", "["]}, {"reason": "\ud800"}),
        *({"applicability": "display"}, {"severity": "hint"}, {"alternatives": ["app.gone", "app.nope:X"]}),
    ))  # fmt: skip
    _add(value, chance, (_pick(chance, 1)[0], _pick(chance, 1)[0]), **field)


_OF_BYTES = (_cut, _flip, _insert, _drop, _repeat, _line_twice, _encode, _line_ends, _nest, _number)
_OF_VALUES = (_replace, _missing, _unknown_key, _empty, _other_place)
_OF_MEANING = (
    *(_cycle, _self, _dangling, _contradictory, _twice, _chain, _push_down, _overlap, _builtin, _extends, _odd_fields),
)


class Mutant(NamedTuple):
    """A spoiled registry."""

    kind: str
    """Of what is spoiled (`bytes`, `values` or `meaning`) and how."""
    data: bytes


def mutant(chance: random.Random) -> Mutant:
    """A registry, an example or a random one, with one to three things done to it."""
    base = json.loads(chance.choice(_EXAMPLES)) if chance.random() < 0.15 else _generated(chance)
    family = chance.choice(("bytes", "values", "values", "meaning", "meaning"))
    if family == "bytes":
        ways = [chance.choice(_OF_BYTES) for _ in range(chance.choice((1, 1, 2)))]
        data = _written(base, chance)
        for way in ways:
            data = way(data, chance)
        return Mutant(f"{family}: {ways[0].__name__.strip('_')}", data)
    edits = [
        chance.choice(_OF_VALUES if family == "values" else _OF_MEANING) for _ in range(chance.choice((1, 1, 2, 3)))
    ]
    for edit in edits:
        edit(base, chance)
    return Mutant(f"{family}: {edits[0].__name__.strip('_')}", _written(base, chance))


def _written(value: Json, chance: random.Random) -> bytes:
    is_ascii, indent = chance.random() < 0.5, chance.choice((None, 0, 2, "\t"))
    return json.dumps(value, ensure_ascii=is_ascii, indent=indent).encode("utf-8", "surrogatepass")


# what has to hold


_RARELY = 20
"""One registry in so many is written into its file, too."""


class FaultError(AssertionError):
    """Something that must hold does not."""


def _hold(condition: object, what: str) -> None:
    if not condition:
        raise FaultError(what)


class Outcome(NamedTuple):
    """What became of a registry."""

    state: str
    """`unusable`, `clean` or `found`, if something was."""
    codes: frozenset[str] = frozenset()
    """What was found in it."""


class Bench:
    """A small workspace in which registries are tried, one after the other; nothing is written but itself."""

    def __init__(self, root: Path) -> None:
        self.root = write(root.resolve(), WORKSPACE)
        self.file = self.root / "registry.json"
        self._good = b'{"version": 1, "entries": [{"canonical": "app.new:A", "deprecated": ["app.old:A"]}]}'
        self._data = self._good
        self._paths = [*map(ObjectRef.parse, _REFERENCES)]

    def _read(self, path: str | Path) -> bytes:
        return self._data if Path(path) == self.file else read_bytes(path)

    def try_(self, data: bytes) -> Outcome:
        """What becomes of a registry. Raises FaultError, or whatever a fault of ours raises."""
        outcome, texts = self._on_the_command_line(data)
        if crc32(data) % _RARELY == 0:
            self._in_its_file(data, texts)
        self._in_an_editor(data)
        return outcome

    def _on_the_command_line(self, data: bytes) -> tuple[Outcome, Mapping[Path, str]]:
        """The outcome, and by file the registries after all safe fixes, if it can be used."""
        self._data = data
        try:
            project = Project.load(self.root, read=self._read)
        except RegistryError as error:
            self._located(error)
            return Outcome("unusable"), {}
        wanted = Settings()
        reports = found_in_registries(project, Sweep(use_cache=False), wanted)
        codes = frozenset(diagnostic.code for report in reports for diagnostic in report.diagnostics)
        _hold(
            all(code in RULE_NAMES and code.startswith("SSOT1") for code in codes), f"a code of another kind: {codes}"
        )
        for report in reports:
            _hold(report.path in (self.file, self.root / "more.json"), f"told of {report.path}")
            for diagnostic in report.diagnostics:
                _within(report.text, diagnostic)
        self._rendered(reports)
        self._rendered([check_file(project, self.root / "user.py", with_edits=False)])
        return Outcome("found" if reports else "clean", codes), self._mended(project, reports, wanted)

    def _in_its_file(self, data: bytes, texts: Mapping[Path, str]) -> None:
        """What the command makes of the file itself, which is then what it was."""
        before = {self.file: data, **{path: path.read_bytes() for path in texts if path != self.file}}
        self.file.write_bytes(data)
        around = Path.cwd()
        os.chdir(self.root)
        try:
            result = run("registry", "lint", "--fix", "--no-cache")
            after = {path: path.read_bytes() for path in before}
        finally:
            os.chdir(around)
            for path, content in before.items():
                path.write_bytes(content)
        _hold(result.exit_code in ((0, 1) if texts else (2,)), f"exits with {result.exit_code}: {result.stderr}")
        if not texts:
            _hold(re.fullmatch(r"error: [^\n]+:[1-9]\d*:[1-9]\d*: [^\n]+\n", result.stderr), f"says: {result.stderr!r}")
        for path, content in after.items():
            bom = codecs.BOM_UTF8 if before[path].startswith(codecs.BOM_UTF8) else b""
            wanted = bom + texts[path].encode() if path in texts else before[path]
            _hold(content == wanted, f"{path.name} is {content[:500]!r}, not {wanted[:500]!r}")

    def _located(self, error: RegistryError) -> None:
        line = str(error)
        place = re.match(r"(.+?\.json):([1-9]\d*):([1-9]\d*): ", line)
        _hold(place, f"no place: {line}")
        _hold(len(line.splitlines()) == 1 and line.isprintable(), f"no line that can be read: {line!r}")
        _hold(0 <= error.span.start <= error.span.end <= len(error.text.source), f"outside of the text: {line}")
        _hold(error.reason and error.path in (self.file, self.root / "more.json"), f"no reason: {line}")
        line.encode()

    def _rendered(self, reports: list[Report]) -> None:
        for name in FORMATS:
            text = render(name, reports, self.root)
            text.encode()
            if name in ("json", "sarif", "gitlab"):
                json.loads(text)
            elif name == "junit":
                ET.fromstring(text)
            elif name == "concise":
                places = [
                    re.match(r"[^:]+\.(json|py):[1-9]\d*:[1-9]\d*: SSOT", line) for line in text.split("\n") if text
                ]
                _hold(all(places), f"a line without a place: {text}")

    def _mended(self, project: Project, reports: list[Report], wanted: Settings) -> Mapping[Path, str]:
        """The registries after all safe fixes, which mean the same."""
        touched = {
            (diagnostic.entry.path, diagnostic.entry.place)
            for report in reports
            for diagnostic in report.diagnostics
            if diagnostic.fix is not None and diagnostic.fix.applicability is Applicability.SAFE and diagnostic.entry
        }
        done = mended(project, reports, wanted)
        again = Project.load(self.root, read=self._other(done.texts))
        left = found_in_registries(again, Sweep(use_cache=False), wanted)
        _hold(mended(again, left, wanted).edits == 0, "a second fix changes something")
        listed = {ref for entry in again.registry.entries for ref in entry.deprecated}
        for ref in self._paths_of(project.registry):
            before, after = project.registry.match(ref), again.registry.match(ref)
            if before is None or before.deprecated not in listed:  # it was dropped, at once or at last
                continue
            if (before.entry.path, before.entry.place) not in touched:
                _hold(
                    after is not None and _dotted(after.target) == _dotted(before.target),
                    f"{ref} was {before.target}, and is {after and after.target}",
                )

        own = (self.file, self.root / "more.json")
        return {path: text for path, text in done.texts.items() if path in own}

    def _paths_of(self, registry: Registry) -> Iterator[ObjectRef]:
        yield from self._paths
        for entry in registry.entries:
            yield from entry.deprecated

    def _other(self, texts: dict[Path, str]) -> Callable[[str | Path], bytes]:
        return lambda path: texts[Path(path)].encode() if Path(path) in texts else read_bytes(path)

    def _in_an_editor(self, data: bytes) -> None:
        """The same text as an open document, after a good one."""
        folder = WorkspaceFolder(self.root, EditorSettings(), self._read)
        self._data = self._good
        folder.take(folder.load())
        good = folder.project
        _hold(good, "the good registry is none")
        self._data = data.decode("utf-8", "replace").encode()  # what a client can say
        loaded = folder.load()
        folder.take(loaded)
        folder.take_lint(folder.lint()())
        terms = Terms()
        for path, text, problems in folder.reported:
            _hold(path in (self.file, self.root / "more.json"), f"an editor is told of {path}")
            for problem in problems:
                _within(text, problem)
                terms.diagnostic(text, problem)
        project = folder.project
        if loaded.is_good:
            return
        _hold(
            project and good and project.registry.files == good.registry.files, "the last good registry is not in force"
        )
        told = [problem for _, _, problems in folder.reported for problem in problems]
        _hold([problem.code for problem in told].count("SSOT100") == 1, f"not told once: {told}")


def _dotted(target: ObjectRef | None) -> str:
    """Where a move leads; how that is to be imported is said by the canonical reference that is nearest."""
    return target.dotted if target is not None else ""


def _within(text: Text, diagnostic: Diagnostic) -> None:
    start, end = diagnostic.span
    is_somewhere = start < end or (diagnostic.code == "SSOT100" and end == len(text.source))  # where it was cut off
    _hold(
        0 <= start <= end <= len(text.source) and is_somewhere, f"{diagnostic.code} stands nowhere: {diagnostic.span}"
    )
    _hold(len(diagnostic.message.splitlines()) == 1, f"not a line: {diagnostic.message!r}")
    text.position(start)


def seeded(seed: int, number: int) -> Mutant:
    """The mutant of a number, each time the same."""
    return mutant(random.Random(f"{seed}/{number}"))
