"""Literate scripts: a whole workspace, its settings, what is done in the editor and what is to come of it, in one page.

A page is text up to `## Cases`, then one `### A sentence that says what holds` per case, each with fenced blocks. What
stands before the first case holds for every case that has none of that kind (or no file at that path).

`json registry`, `toml`, `tree`
    The registry, pyproject.toml and a drawing of files, as in `tests/fixtures.py`.
`python path.py [crlf] [no-newline]`, `text path [crlf] [no-newline]`
    A file on the disk; ␉, ␌ and ␍ stand for a tab, a form feed and a carriage return.
`json settings`
    What the editor answers where it is asked for the section `ssot`.
`json options`
    initializationOptions.
`editor helix`
    Instead of the fake editor's own, the capabilities of `tests/editors/helix.json`. The block is empty.
`json capabilities`
    What to say besides: merged over the capabilities; null removes.
`steps`
    One step a line. Lines indented by four spaces belong to the step above them.

In a step strings are Python's. A PLACE is a string that is found once in the text: all of it, or what stands between
two bars, or where one bar stands: `"from old import |A|"`. A PATH is of a buffer if the file is open, else of the disk.

    open PATH                               from the disk
    open PATH "text"                        unsaved; the text may also be indented below (`open PATH`, then lines)
    type PATH PLACE -> "text"               replace it
    save PATH, close PATH
    write PATH "text"                       on the disk, and tell of it; the text may also be indented below
    delete PATH                             on the disk, and tell of it
    settings {"json": 1}                    change the settings, and tell of it
    diagnostics PATH nothing
    diagnostics PATH                        exactly these, after some time at most; below it each as
        1:17-1:18 SSOT001 warning deprecated : part of the message
                                            rows and columns from 1, in code points; or drawn below lines of the text:
        from old import A
        #               ^ SSOT001 warning deprecated : part of the message
                                            where lines may be left out; `#@0 ^` says the first caret's column, from 0
    pull PATH full|unchanged                what kind of report textDocument/diagnostic has now
    workspace diagnostics [in parts]        exactly these in workspace/diagnostic, each with its path; or `nothing`
        user.py 1:17-1:18 SSOT001 warning
    hover PATH PLACE                        below it what must be said, one part a line
    hover PATH PLACE nothing
    definition PATH PLACE -> PATH PLACE     or `-> nothing`
    actions PATH PLACE [only KIND,KIND]     below it exactly the titles, in order, ` (preferred)` behind those that are
    actions PATH PLACE [only KIND,KIND] nothing
    apply PATH PLACE "title" [only KIND,KIND] [unconfirmed]
                                            the action with that title, or the only one that begins so; unconfirmed: a
                                            person says no to what needs confirmation
    text PATH "text"                        exactly that; the text may also be indented below
    message "part"                          one that was shown, or will be shortly
    no messages
    pause SECONDS
    request METHOD {"json": 1} -> {"part": 1}
                                            a part of the answer; `-> nothing` for null, `-> error -32601` for an error.
                                            URIs are written as paths, where the key does not say so as `uri:PATH`
    told METHOD [{"part": 1}]               what the server says of itself, after the last such step

At the end nothing may have been wrong in the protocol (`tests/fake_editor.py`).
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from time import sleep
from typing import Any, NamedTuple

from tests.fake_editor import Editor, Json, Lines, ProtocolError, ResponseError, ServerDiedError
from tests.fixtures import Block, FixtureError, Heading, as_written, parse_tree, read_parts, registry_text, write_files

EDITORS = Path(__file__).parent / "editors"
PATIENCE = 5.0  # seconds

_SEVERITIES = ("error", "warning", "information", "hint")
_TAGS = ("unnecessary", "deprecated")
_LABEL = rf"(?P<code>[A-Z]+\d+) (?P<severity>{'|'.join(_SEVERITIES)})(?P<tags>(?: (?:{'|'.join(_TAGS)}))*)"
_LABEL += r"(?:\s*: (?P<message>.+))?"
_LISTED = re.compile(rf"(?P<place>\d+:\d+-\d+:\d+) {_LABEL}")
_DRAWN = re.compile(rf"\s*#(?:@(?P<column>\d+))?[ \t]*(?P<carets>\^+) {_LABEL}")
_LOOKS_DRAWN = re.compile(r"\s*#(@\d+)?[ \t]*\^+( |$)")


class Place(NamedTuple):
    """A place in a text, by the text around it."""

    around: str
    start: int
    end: int

    @classmethod
    def read(cls, text: str) -> Place:
        """Take the bars out of a text."""
        parts = text.split("|")
        if len(parts) > 3:
            raise FixtureError(f"more than two bars: {text!r}")
        around = "".join(parts)
        if len(parts) == 1:
            return cls(around, 0, len(around))
        return cls(around, len(parts[0]), len("".join(parts[:-1])))

    def span(self, text: str) -> tuple[int, int]:
        """Where that is."""
        count = text.count(self.around)
        assert count == 1, f"{self.around!r} is there {count} times:\n{text}"
        at = text.index(self.around)
        return at + self.start, at + self.end


class Reported(NamedTuple):
    """A diagnostic, as it is expected or found."""

    place: tuple[int, int, int, int]
    """Rows and columns from 1; in what was drawn the row is 0."""
    code: str
    severity: str
    tags: tuple[str, ...]
    message: str

    def __str__(self) -> str:
        place = "{}:{}-{}:{}".format(*self.place)
        return " ".join([place, self.code, self.severity, *self.tags]) + (f" : {self.message}" if self.message else "")

    def allows(self, found: Reported) -> bool:
        """Whether that is what was expected."""
        return self[:-1] == found[:-1] and self.message in found.message


Drawing = Sequence[Reported | str]  # with lines of the text among them


@dataclass(frozen=True)
class Step:
    """One step of a script."""

    line: int
    text: str
    act: Callable[..., None]
    arguments: Json


@dataclass
class Case:
    """One case of a page."""

    page: Path
    line: int
    title: str
    registry: str | None = None
    project: str | None = None
    tree: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    settings: Json = field(default_factory=dict)
    options: object = None
    capabilities: Json = field(default_factory=dict)
    like: str | None = None
    steps: list[Step] = field(default_factory=list)

    @property
    def where(self) -> str:
        """The page and the line (from 1) of its title."""
        return f"{self.page}:{self.line}"


# Reading


def read_page(page: Path) -> tuple[str, list[Case]]:
    """The title of a page, and its cases. Raises FixtureError."""
    title, parts = read_parts(page)
    common = current = Case(page, 0, "")
    cases: list[Case] = []
    for part in parts:
        if isinstance(part, Heading):
            current = replace(common, line=part.line, title=part.title, files={**common.files}, steps=[])
            cases.append(current)
            continue
        if part.words == ["steps"]:
            current.steps += _read_steps(page, part)
            continue
        with _on_line(page, part.line):
            _add_block(current, part)
    for case in cases:
        case.steps = case.steps or common.steps
        if not case.steps:
            raise FixtureError(f"{case.where}: no steps")
    return title, cases


def _add_block(case: Case, block: Block) -> None:
    match block.words:
        case ["json", "registry"]:
            case.registry = block.text
        case ["json", "settings"]:
            case.settings = json.loads(block.text)
        case ["json", "options"]:
            case.options = json.loads(block.text)
        case ["json", "capabilities"]:
            case.capabilities = json.loads(block.text)
        case ["toml"]:
            case.project = block.text
        case ["tree"]:
            case.tree = parse_tree(block.lines)
        case ["editor", name]:
            if not (EDITORS / f"{name}.json").exists():
                raise FixtureError(f"no such editor: {name}")
            case.like = name
        case ["python" | "text", path, *flags] if {*flags} <= {"crlf", "no-newline"}:
            case.files[path] = as_written(block.text, flags)
        case _:
            raise FixtureError(f"no such block: {' '.join(block.words)!r}")


@contextmanager
def _on_line(page: Path, line: int) -> Iterator[None]:
    try:
        yield
    except (ValueError, SyntaxError, FixtureError) as error:
        raise FixtureError(f"{page}:{line}: {error}") from error


def _read_steps(page: Path, block: Block) -> Iterator[Step]:
    """The steps of a block; each begins at the margin."""
    margins = [at for at, line in enumerate(block.lines) if line.strip() and not line.startswith("    ")]
    if any(line.strip() for line in block.lines[: margins[0] if margins else None]):
        raise FixtureError(f"{page}:{block.line}: lines that belong to no step")
    for at, end in pairwise([*margins, len(block.lines)]):
        below = [line[4:] for line in block.lines[at + 1 : end]]
        while below and not below[-1].strip():
            below.pop()
        number, line = block.line + 1 + at, block.lines[at]
        with _on_line(page, number):
            act, arguments = _understand(line, below)
        yield Step(number, line, act, arguments)


def _understand(line: str, below: list[str]) -> tuple[Callable[..., None], Json]:
    """What a step calls, and with what."""
    for pattern, body, act in _STEPS:
        match = pattern.fullmatch(line)
        if match and bool(body) == bool(below):
            given = {name: value for name, value in match.groupdict().items() if value is not None}
            arguments = {name: _KINDS[name.upper()][1](value) for name, value in given.items()}
            if body:
                arguments[body.lower()] = _BODIES[body](below)
            return act, arguments
    usages = [usage for usage in _USAGES if usage.split()[0] == line.split(maxsplit=1)[0]] or _USAGES
    raise FixtureError(f"no such step, or not so: {line}\nthere are:\n{_listing(usages)}")


def _drawing(lines: Sequence[str]) -> Drawing:
    found: list[Reported | str] = []
    for line in lines:
        if match := _LISTED.fullmatch(line):
            row, column, end_row, end_column = map(int, re.findall(r"\d+", match["place"]))
            found.append(_reported(match, (row, column, end_row, end_column)))
        elif match := _DRAWN.fullmatch(line):
            column = (int(match["column"]) if match["column"] else match.start("carets")) + 1
            found.append(_reported(match, (0, column, 0, column + len(match["carets"]))))
        elif _LOOKS_DRAWN.match(line):
            raise FixtureError(f"not a diagnostic: {line!r}")
        else:
            found.append(as_written(line))
    return found


def _reported(match: re.Match[str], place: tuple[int, int, int, int]) -> Reported:
    return Reported(
        place, match["code"], match["severity"], (*match["tags"].split(),), (match["message"] or "").strip()
    )


def _everywhere(lines: Sequence[str]) -> list[tuple[str, Reported]]:
    split = [line.partition(" ") for line in lines]
    found = [(path, part) for path, _, rest in split for part in _drawing([rest]) if isinstance(part, Reported)]
    if len(found) != len(lines):
        raise FixtureError(f"not all are a path and a diagnostic: {list(lines)}")
    return found


def _string(literal: str) -> str:
    return str(ast.literal_eval(literal))


_STRING = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'"
_JSON = r"[\[{].*[\]}]"
_KINDS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "PATH": (r"[^\s\"'{]+", str),
    "TARGET": (r"[^\s\"'{]+", str),
    "PLACE": (_STRING, lambda literal: Place.read(_string(literal))),
    "THERE": (_STRING, lambda literal: Place.read(_string(literal))),
    "TEXT": (_STRING, _string),
    "JSON": (_JSON, json.loads),
    "ANSWER": (_JSON, json.loads),
    "KINDS": (r"\S+", lambda kinds: kinds.split(",")),
    "METHOD": (r"\S+", str),
    "CODE": (r"-?\d+", int),
    "REPORT": (r"full|unchanged", str),
    "SECONDS": (r"\d+(?:\.\d+)?", float),
    "PARTS": (r"in parts", bool),
    "UNCONFIRMED": (r"unconfirmed", bool),
}
_BODIES: dict[str, Callable[[list[str]], Any]] = {
    "LINES": list,
    "TEXT": lambda lines: as_written("".join(f"{line}\n" for line in lines)),
    "DRAWING": _drawing,
    "FOUND": _everywhere,
}
_USAGES: list[str] = []
_STEPS: list[tuple[re.Pattern[str], str, Callable[..., None]]] = []


def _step(*usages: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a function do the steps that look so: words in capitals are parameters, the one after the colon is below."""

    def note(act: Callable[..., None]) -> Callable[..., None]:
        for usage in usages:
            head, _, body = usage.partition(": ")
            pattern = re.sub(r" \[([^]]+)\]", r"(?: \1)?", head)
            pattern = re.sub("[A-Z]+", lambda name: f"(?P<{name[0].lower()}>{_KINDS[name[0]][0]})", pattern)
            _STEPS.append((re.compile(pattern), body, act))
            _USAGES.append(usage)
        return act

    return note


# Running


def run(case: Case, root: Path) -> None:
    """Make the case's workspace in the empty folder `root`, and take its steps there.

    Raises AssertionError, with page, line and what was there instead, where something does not hold.
    """
    root.mkdir(parents=True, exist_ok=True)
    write_files(root, _files(case))
    look = json.loads((EDITORS / f"{case.like}.json").read_text("utf-8")) if case.like else {}
    editor = Editor(
        root,
        like=look.get("capabilities"),
        roots=look.get("root", Editor.roots),
        capabilities=case.capabilities,
        options=case.options,
        settings={"ssot": case.settings},
        env={"VIRTUAL_ENV": None},
    )
    try:
        with editor:
            for step in case.steps:
                take(case, step, editor)
    except (ProtocolError, ServerDiedError) as error:
        raise AssertionError(f"{case.where}: {case.title}\n{error}") from error


def _files(case: Case) -> Iterator[tuple[str, str]]:
    yield from case.tree.items()
    if case.project is not None:
        yield "pyproject.toml", case.project
    if case.registry is not None:
        yield "registry.json", registry_text(case.registry, case.tree)
    yield from case.files.items()


def take(case: Case, step: Step, editor: Editor) -> None:
    """Take one step. Raises AssertionError."""
    __tracebackhide__ = True
    try:
        step.act(editor, **step.arguments)
    except Exception as error:
        unexpected = None if isinstance(error, AssertionError) else error
        said = f"{type(error).__name__}: {error}" if unexpected else str(error)
        raise AssertionError(f"{case.page}:{step.line}: {step.text}\n{said}") from unexpected


def _text(editor: Editor, path: str) -> str:
    if editor.uri(path) in editor.buffers:
        return editor.text(path)
    return editor.path(path).read_bytes().decode()


def _is(wanted: object, found: object) -> None:
    assert wanted == found, f"expected:\n{wanted}\nfound:\n{found}"


def _listing(items: Sequence[object]) -> str:
    return "".join(f"    {item}\n" for item in items) or "    nothing\n"


@_step("open PATH", "open PATH TEXT", "open PATH: TEXT")
def _open(editor: Editor, path: str, text: str | None = None) -> None:
    editor.open(path, text)


@_step("type PATH PLACE -> TEXT")
def _type(editor: Editor, path: str, place: Place, text: str) -> None:
    editor.edit(path, [(*place.span(editor.text(path)), text)])


@_step("save PATH")
def _save(editor: Editor, path: str) -> None:
    editor.save(path)


@_step("close PATH")
def _close(editor: Editor, path: str) -> None:
    editor.close(path)


@_step("write PATH TEXT", "write PATH: TEXT")
def _write(editor: Editor, path: str, text: str) -> None:
    editor.write_and_notify(path, text)


@_step("delete PATH")
def _delete(editor: Editor, path: str) -> None:
    editor.delete_and_notify(path)


@_step("settings JSON")
def _settings(editor: Editor, json: Json) -> None:
    editor.configure({"ssot": json})


@_step("diagnostics PATH nothing", "diagnostics PATH: DRAWING")
def _diagnostics(editor: Editor, path: str, drawing: Drawing = ()) -> None:
    wanted = _placed(drawing, _text(editor, path))

    def are_these(found: list[Json]) -> bool:
        return _allowed(wanted, _seen(editor, path, found))

    try:
        editor.wait_for_diagnostics(path, are_these, PATIENCE)
    except TimeoutError as error:
        last = _listing(_seen(editor, path, editor.diagnostics_of(path)))
        why = str(error).partition("\n--- last published")[0]
        raise AssertionError(f"expected:\n{_listing(wanted)}last found:\n{last}{why}") from None


def _placed(drawing: Drawing, text: str) -> list[Reported]:
    """The diagnostics of a drawing, each in the row that it was drawn below."""
    lines = re.split(r"\r\n|\n|\r", text)
    row, found = 0, []
    for part in drawing:
        if isinstance(part, str):
            assert part in lines[row:], f"there is no line {part!r} below line {row}:\n{text}"
            row = lines.index(part, row) + 1
        elif part.place[0]:
            found.append(part)
        else:
            assert row, f"drawn below no line: {part}"
            found.append(part._replace(place=(row, part.place[1], row, part.place[3])))
    return found


def _seen(editor: Editor, path: str, diagnostics: Sequence[Json]) -> list[Reported]:
    text = _text(editor, path)
    spans = [Lines(text, editor.encoding).span(item["range"]) for item in diagnostics]
    lines = Lines(text, "utf-32")
    places = [[1 + unit for at in span for unit in lines.position(at).values()] for span in spans]
    return [
        Reported(
            (place[0], place[1], place[2], place[3]),
            item["code"],
            _SEVERITIES[item["severity"] - 1],
            tuple(_TAGS[tag - 1] for tag in item.get("tags") or ()),
            item["message"],
        )
        for place, item in zip(places, diagnostics, strict=True)
    ]


def _allowed(wanted: Sequence[Reported], found: Sequence[Reported]) -> bool:
    pairs = zip(sorted(wanted), sorted(found), strict=False)
    return len(wanted) == len(found) and all(one.allows(other) for one, other in pairs)


@_step("pull PATH REPORT")
def _pull(editor: Editor, path: str, report: str) -> None:
    _is(report, (editor.pull(path) or {}).get("kind"))


@_step("workspace diagnostics [PARTS] nothing", "workspace diagnostics [PARTS]: FOUND")
def _workspace_diagnostics(editor: Editor, parts: bool = False, found: Sequence[tuple[str, Reported]] = ()) -> None:
    pulled = editor.workspace_diagnostics(in_parts=parts)
    for path in {editor.path(uri).relative_to(editor.root).as_posix() for uri in pulled} | {path for path, _ in found}:
        wanted = [reported for where, reported in found if where == path]
        seen = _seen(editor, path, pulled.get(editor.uri(path), []))
        assert _allowed(wanted, seen), f"{path}\nexpected:\n{_listing(wanted)}found:\n{_listing(seen)}"


@_step("hover PATH PLACE nothing", "hover PATH PLACE: LINES")
def _hover(editor: Editor, path: str, place: Place, lines: Sequence[str] = ()) -> None:
    said = editor.hover(path, place.span(editor.text(path))[0])
    if not lines:
        _is(None, said)
        return
    contents = (said or {}).get("contents", "")
    text = contents.get("value", "") if isinstance(contents, dict) else str(contents)
    missing = [line for line in lines if line not in text]
    assert not missing, f"not said:\n{_listing(missing)}but:\n{text or 'nothing'}"


@_step("definition PATH PLACE -> nothing", "definition PATH PLACE -> TARGET THERE")
def _definition(editor: Editor, path: str, place: Place, target: str | None = None, there: Place | None = None) -> None:
    params = editor.at(path, place.span(editor.text(path))[0])
    found = editor.request("textDocument/definition", params) or []
    places = [_location(editor, item) for item in (found if isinstance(found, list) else [found])]
    wanted = []
    if target is not None and there is not None:
        start, end = there.span(_text(editor, target))
        wanted.append((editor.uri(target), start, end if end > start else places[0][2] if places else start))
    _is(wanted, places)


def _location(editor: Editor, item: Json) -> tuple[str, int, int]:
    """The place that a Location or a LocationLink names."""
    uri = editor.uri(item.get("uri") or item["targetUri"])
    range_ = item.get("range") or item["targetSelectionRange"]
    return uri, *Lines(_text(editor, uri), editor.encoding).span(range_)


def _offered(editor: Editor, path: str, place: Place, kinds: list[str] | None) -> list[Json]:
    return editor.code_actions(path, *place.span(editor.text(path)), only=kinds)


@_step("actions PATH PLACE [only KINDS] nothing", "actions PATH PLACE [only KINDS]: LINES")
def _actions(
    editor: Editor, path: str, place: Place, kinds: list[str] | None = None, lines: Sequence[str] = ()
) -> None:
    offered = _offered(editor, path, place, kinds)
    titles = [action["title"] + " (preferred)" * bool(action.get("isPreferred")) for action in offered]
    _is(_listing(lines), _listing(titles))


@_step("apply PATH PLACE TEXT [only KINDS] [UNCONFIRMED]")
def _apply(
    editor: Editor, path: str, place: Place, text: str, *, kinds: list[str] | None = None, unconfirmed: bool = False
) -> None:
    offered = _offered(editor, path, place, kinds)
    chosen = [action for action in offered if action["title"] == text]
    chosen = chosen or [action for action in offered if action["title"].startswith(text)]
    titles = _listing([action["title"] for action in offered])
    assert len(chosen) == 1, f"{len(chosen)} begin so, of:\n{titles}"
    editor.apply(chosen[0], confirm=not unconfirmed)


@_step("text PATH TEXT", "text PATH: TEXT")
def _same_text(editor: Editor, path: str, text: str) -> None:
    found = _text(editor, path)
    assert found == text, f"expected:\n{text}\nfound:\n{found}\nin full: {found!r}"


@_step("message TEXT")
def _message(editor: Editor, text: str) -> None:
    with suppress(TimeoutError):
        editor.wait(lambda: any(text in message["message"] for message in editor.messages), PATIENCE)
        return
    raise AssertionError(f"there was only:\n{_listing([message['message'] for message in editor.messages])}")


@_step("pause SECONDS")
def _pause(editor: Editor, seconds: float) -> None:
    sleep(seconds)


@_step("no messages")
def _no_messages(editor: Editor) -> None:
    with suppress(ResponseError):
        editor.request("test/settle", {})  # what was sent before is handled before
    _is(_listing([]), _listing([message["message"] for message in editor.messages]))


@_step(
    "request METHOD JSON -> error CODE",
    "request METHOD JSON -> nothing",
    "request METHOD JSON -> ANSWER",
)
def _request(editor: Editor, method: str, json: Json, code: int | None = None, answer: object = None) -> None:
    try:
        found = editor.request(method, _with_uris(editor, json))
    except ResponseError as error:
        _is(code, error.code)
        return
    assert code is None, f"no error, but: {found}"
    assert _holds(_with_uris(editor, answer), found), f"found:\n{found}"


@_step("told METHOD", "told METHOD JSON")
def _told(editor: Editor, method: str, json: Json | None = None) -> None:
    wanted = _with_uris(editor, json)

    def is_told() -> bool:
        return any(method == name and _holds(wanted, params) for name, params in editor.told)

    try:
        editor.wait(is_told, PATIENCE)
    except TimeoutError:
        said = [str(params) for name, params in editor.told if name == method]
        raise AssertionError(f"there was only:\n{_listing(said)}") from None
    editor.told.clear()


def _with_uris(editor: Editor, value: Any) -> Any:
    """JSON in which the paths that are to be URIs are."""
    if isinstance(value, list):
        return [_with_uris(editor, item) for item in value]
    if isinstance(value, str) and value.startswith("uri:"):
        return editor.uri(value.removeprefix("uri:"))
    if not isinstance(value, dict):
        return value
    return {
        key: editor.uri(item) if key.lower().endswith("uri") and isinstance(item, str) else _with_uris(editor, item)
        for key, item in value.items()
    }


def _holds(part: object, whole: object) -> bool:
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and _holds(value, whole[key]) for key, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) == len(whole) and all(_holds(*pair) for pair in zip(part, whole, strict=True))
    return part == whole
