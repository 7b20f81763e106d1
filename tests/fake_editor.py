"""A fake editor: it starts a real language server, holds real buffers, and applies what the server sends to them.

It is stricter than real editors: whatever the server does against LSP 3.17 is recorded in `Editor.errors`, and leaving
the `with` block then raises. Offsets are code points. One thread reads and one writes, and only they touch the pipes;
messages are acted on in the caller's thread, whenever a method is called, so a test sees no races of its own making.
The line model is written without a look at `ssot_lsp`, to be a second opinion.

Where both sides say that they can, the diagnostics of an open Python document are pulled, and pushing them is an error:
it pulls once when they are asked for, and while it waits again after each workspace/diagnostic/refresh, or every 50 ms
if it has not said that it can be told to refresh. Diagnostics of all else (a registry) come by push.
"""

from __future__ import annotations

import codecs
import io
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, field
from functools import partial
from itertools import accumulate, pairwise
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

Json = dict[str, Any]
Edit = tuple[int, int, str]  # start, end (exclusive), new text
Where = Path | str  # a path (relative ones are under the root) or a URI

COMMAND = (sys.executable, "-m", "ssot_lsp", "server")
WIDTHS: dict[str, Callable[[str], int]] = {
    "utf-8": lambda char: 1 + (char > "\x7f") + (char > "\u07ff") + (char > "\uffff"),
    "utf-16": lambda char: 1 + (char > "\uffff"),
    "utf-32": lambda _: 1,
}
# What VS Code says of itself, less what no test needs.
_PUBLISH = {"relatedInformation": True, "versionSupport": True, "codeDescriptionSupport": True, "dataSupport": True}
_ACTION = {"dataSupport": True, "isPreferredSupport": True, "resolveSupport": {"properties": ["edit"]}}
_KINDS = {"codeActionKind": {"valueSet": ["", "quickfix", "refactor", "source", "source.fixAll"]}}
_EDIT = {"documentChanges": True, "resourceOperations": ["create", "rename", "delete"], "failureHandling": "abort"}
_DYNAMIC = {"didChangeWatchedFiles": {"dynamicRegistration": True}}
CAPABILITIES: Json = {
    "workspace": {"applyEdit": True, "configuration": True, "workspaceFolders": True, "workspaceEdit": _EDIT}
    | _DYNAMIC,
    "textDocument": {
        "synchronization": {"didSave": True},
        "publishDiagnostics": {**_PUBLISH, "tagSupport": {"valueSet": [1, 2]}},
        "hover": {"contentFormat": ["markdown", "plaintext"]},
        "codeAction": {**_ACTION, "disabledSupport": True, "codeActionLiteralSupport": _KINDS},
    },
    "window": {"workDoneProgress": True},
}
_PATIENCE_TO_SAVE = 1.0  # seconds after which editors save without what willSaveWaitUntil would have said
_PULL_AGAIN = 0.05
_SERVER_CANCELLED = -32802
_DIAGNOSTIC, _REFRESH = "textDocument/diagnostic", "workspace/diagnostic/refresh"


class ProtocolError(Exception):
    """The server did what LSP forbids."""


class ServerDiedError(Exception):
    """The server's process ended, or closed its output, before it was asked to."""


class ResponseError(Exception):
    """The server answered a request with an error."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.data = code, message, data


class RefusedEdit(Exception):  # noqa: N818
    """A workspace edit that a careful editor does not apply: out of bounds, overlapping, not supported."""


class StaleEdit(RefusedEdit):
    """It was made for another version of the buffer, or names none."""


class Lines:
    r"""The lines of one text, which end at \r\n, \n or \r and at nothing else, and its LSP positions."""

    def __init__(self, text: str, encoding: str) -> None:
        self.text, self._width = text, WIDTHS[encoding]
        lines = list(io.StringIO(text, newline=""))
        if not lines or lines[-1].endswith(("\r", "\n")):
            lines.append("")
        self._lines = [line.rstrip("\r\n") for line in lines]
        self._starts = [0, *accumulate(map(len, lines[:-1]))]

    def splits_line_end(self, offset: int) -> bool:
        r"""Whether `offset` lies between \r and \n, where no LSP position can be."""
        return self.text[max(0, offset - 1) : offset + 1] == "\r\n"

    def position(self, offset: int) -> Json:
        """LSP position of an offset."""
        if not 0 <= offset <= len(self.text) or self.splits_line_end(offset):
            raise ValueError(f"offset {offset} of {len(self.text)} has no position")
        row = bisect_right(self._starts, offset) - 1
        return {"line": row, "character": sum(map(self._width, self.text[self._starts[row] : offset]))}

    def range(self, start: int, end: int) -> Json:
        """LSP range of a span."""
        return {"start": self.position(start), "end": self.position(end)}

    def span(self, range_: Json) -> tuple[int, int]:
        """Start and end offset of an LSP range; nothing is clamped. Raises RefusedEdit."""
        start, end = self._offset(**range_["start"]), self._offset(**range_["end"])
        if end < start:
            raise RefusedEdit(f"a range ends before it starts: {range_}")
        return start, end

    def _offset(self, *, line: int, character: int) -> int:
        if not 0 <= line < len(self._lines):
            raise RefusedEdit(f"line {line} of {len(self._lines)}")
        columns = [0, *accumulate(map(self._width, self._lines[line]))]
        if character not in columns:
            problem = "cuts a character in two" if 0 <= character < columns[-1] else f"out of 0 to {columns[-1]}"
            raise RefusedEdit(f"line {line}, character {character}: {problem}")
        return self._starts[line] + columns.index(character)


def content_changes(text: str, edits: Iterable[Edit], encoding: str) -> tuple[list[Json], str]:
    r"""Incremental didChange events for `edits`, and the text after them.

    Each edit speaks of the text that the one before it left. One that begins or ends inside \r\n is widened.
    """
    changes = []
    for start, end, new in edits:
        if not 0 <= start <= end <= len(text):
            raise ValueError(f"no such span: {start}-{end} of {len(text)}")
        lines = Lines(text, encoding)
        before, after = lines.splits_line_end(start), lines.splits_line_end(end)
        range_ = lines.range(start - before, end + after)
        changes.append({"range": range_, "text": "\r" * before + new + "\n" * after})
        text = text[:start] + new + text[end:]
    return changes, text


def resolve_text_edits(text: str, edits: Iterable[Json], encoding: str) -> list[Edit]:
    """LSP text edits, which all speak of `text`, as edits to be made one after the other: the last comes first."""
    lines = Lines(text, encoding)
    spans = sorted(((*lines.span(edit["range"]), str(edit["newText"])) for edit in edits), key=lambda edit: edit[0])
    for before, after in pairwise(spans):
        if after[0] < before[1]:
            raise RefusedEdit(f"edits overlap: {before} and {after}")
    return spans[::-1]


def read_message(stream: IO[bytes]) -> Json | None:
    """Next message of an LSP stream, None at its end. Raises ValueError where it is no such stream."""
    if not (line := stream.readline()):
        return None
    headers = {}
    while line != b"\r\n":
        name, colon, value = line.partition(b":")
        if not (colon and value.endswith(b"\r\n") and name.lower() in (b"content-length", b"content-type")):
            raise ValueError(f"not a header line: {line!r}")
        headers[name.lower()] = value
        line = stream.readline()
    length = int(headers.get(b"content-length", b"none given"))
    body = stream.read(length)
    if len(body) != length:
        raise ValueError(f"Content-Length {length}, but {len(body)} bytes")
    message = json.loads(body.decode("utf-8"))
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise ValueError(f"not a JSON-RPC 2.0 message: {message!r}")
    return message


class Wire:
    """A server process and its messages. The inbox ends with None; a broken stream puts a string there."""

    def __init__(self, command: Sequence[str], cwd: Path, env: Mapping[str, str]) -> None:
        self.inbox: queue.Queue[Json | str | None] = queue.Queue()
        self._outbox: queue.Queue[bytes | None] = queue.Queue()
        pipe, self._tail = subprocess.PIPE, ""
        self._stderr = tempfile.TemporaryFile("a+b")  # noqa: SIM115
        try:
            self.process = subprocess.Popen(command, cwd=cwd, env=env, stdin=pipe, stdout=pipe, stderr=self._stderr)
        except OSError:
            self._stderr.close()
            raise
        assert self.process.stdin and self.process.stdout
        self._stdin, self._stdout = self.process.stdin, self.process.stdout
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._read, self._write)]
        for thread in self._threads:
            thread.start()

    def send(self, message: Json) -> None:
        """Queue a message; a lone surrogate goes as its JSON escape."""
        body = json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False).encode("utf-8", "backslashreplace")
        self._outbox.put(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def _write(self) -> None:
        with suppress(OSError):  # the reader notices when the process is gone
            while (data := self._outbox.get()) is not None:
                self._stdin.write(data)
                self._stdin.flush()

    def _read(self) -> None:
        try:
            while (message := read_message(self._stdout)) is not None:
                self.inbox.put(message)
        except ValueError as error:
            self.inbox.put(f"the server's output is not LSP: {error}")
            while self._stdout.read(65536):
                pass
        self.inbox.put(None)

    def stderr_tail(self) -> str:
        """The last lines that the server wrote to stderr."""
        if not self._stderr.closed:
            self._stderr.seek(0)
            self._tail = "\n".join(self._stderr.read().decode("utf-8", "replace").splitlines()[-30:])
        return f"\n--- the server's stderr:\n{self._tail}"

    def close(self, timeout: float) -> int | None:
        """Wait for the process to end, or kill it (None), and let go of all that belongs to it."""
        code = None
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._outbox.put(None)
        for thread in self._threads:
            thread.join(timeout=10)
        self.stderr_tail()
        with suppress(OSError):
            self._stdin.close()
        self._stderr.close()
        if self._threads[0].is_alive():  # a child of the server holds the pipe
            self.inbox.put(None)
        else:
            self._stdout.close()
        return code


@dataclass
class Buffer:
    """An open document. As in VS Code, a byte order mark is no part of the text and comes back on saving."""

    uri: str
    text: str
    version: int
    bom: bool


@dataclass
class Editor:
    """One editor window with `root` as its workspace folder and a server of its own, for the time of a `with` block.

    `capabilities` is merged into `CAPABILITIES` and `env` into the environment: None removes a key. `like` stands for
    `CAPABILITIES` and `encodings`. `settings` answers workspace/configuration, `roots` are the parameters of initialize
    that name the folder.
    """

    root: Path
    _: KW_ONLY
    encodings: Sequence[str] = ("utf-16",)
    capabilities: Json | None = None
    command: Sequence[str] | None = None
    env: Mapping[str, str | None] | None = None
    settings: Json = field(default_factory=dict)
    options: object = None  # initializationOptions
    like: Json | None = None
    roots: Sequence[str] = ("rootUri", "workspaceFolders")
    encoding: str = field(default="utf-16", init=False)  # as negotiated
    server: Json = field(default_factory=dict, init=False)  # its capabilities
    errors: list[str] = field(default_factory=list, init=False)
    messages: list[Json] = field(default_factory=list, init=False)  # parameters of showMessage and showMessageRequest
    logs: list[Json] = field(default_factory=list, init=False)  # of logMessage and logTrace
    told: list[tuple[str, Any]] = field(default_factory=list, init=False)  # all requests and notifications: parameters
    progress: list[Json] = field(default_factory=list, init=False)
    registrations: list[Json] = field(default_factory=list, init=False)
    buffers: dict[str, Buffer] = field(default_factory=dict, init=False)  # by URI

    def __enter__(self) -> Editor:
        self.root = self.root.absolute()
        if self.like is None:
            self.client = _merged(CAPABILITIES, {"general": {"positionEncodings": list(self.encodings)}})
        else:
            self.client, self.encodings = self.like, self.like.get("general", {}).get("positionEncodings", ())
        self.client = _merged(self.client, self.capabilities or {})
        self._published: dict[str, tuple[int | None, list[Json]]] = {}  # or pulled
        self._results: dict[str, str] = {}  # ids of the reports last pulled
        self._workspace_results: dict[str, tuple[str | None, list[Json]]] = {}
        self._progress: dict[str | int, str] = {}  # created, begun or ended, by token
        self._partial: dict[str | int, list[Json]] = {}  # partial results, by a token of ours
        self._highest: dict[str, int] = {}  # versions sent, over all the times that a document was open
        self._pending: dict[int, str] = {}
        self._answers: dict[int, Json] = {}
        self._asked, self._acting = 0, False
        self._ended: Exception | None = None
        self._wire = Wire(self.command or COMMAND, self.root, _merged(os.environ, self.env or {}))
        uri = self.uri(self.root)
        folders = [{"uri": uri, "name": self.root.name}]
        named = {"rootUri": uri, "rootPath": str(self.root), "workspaceFolders": folders}
        params: Json = {"processId": os.getpid()} | {key: named[key] for key in self.roots}
        params |= {"capabilities": self.client, "initializationOptions": self.options}
        try:
            self.server = self.request("initialize", params, timeout=30)["capabilities"]
            self.encoding = self.server.get("positionEncoding", "utf-16")
            if self.encoding not in {"utf-16", *self.encodings}:
                raise ProtocolError(f"position encoding {self.encoding}, offered were {self.encodings}")
            sync = self.server.get("textDocumentSync", 0)
            self._sync: Json = sync if isinstance(sync, dict) else {"change": sync, "save": True}
            self.notify("initialized", {})
        except BaseException:
            self._wire.close(0)
            raise
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        patience = 0
        try:
            if error is None:
                self.request("shutdown")
                self.notify("exit")
                patience = 10
        finally:
            code = self._wire.close(patience)
            if not patience:
                print(*self.errors, self._wire.stderr_tail(), sep="\n", file=sys.stderr)
        if error is not None:
            return
        while (message := self._wire.inbox.get()) is not None:
            self._receive(message)
        self.errors += [f"{method} was never answered" for method in self._pending.values()]
        self.errors += [f"progress {token} never ended" for token, state in self._progress.items() if state == "begun"]
        if code != 0:
            self.errors.append("it did not exit when told to" if code is None else f"exit code {code}")
        if self.errors:
            raise ProtocolError("\n".join(self.errors) + self._wire.stderr_tail())

    def request(self, method: str, params: object = None, timeout: float = 10) -> Any:
        """Ask and wait for the result. Raises ResponseError."""
        return self.answer(self.ask(method, params), timeout)

    def ask(self, method: str, params: object = None) -> int:
        """Send a request; its id is for `answer`, or for $/cancelRequest (the answer still has to come)."""
        self._drain()
        self._asked += 1
        self._pending[self._asked] = method
        self._send(method, params, id=self._asked)
        return self._asked

    def answer(self, request: int, timeout: float = 10) -> Any:
        """Wait for the result of a request that `ask` sent. Raises ResponseError."""
        self.wait(lambda: request in self._answers, timeout, f"answer to {self._pending.get(request)}")
        message = self._answers.pop(request)
        if error := message.get("error"):
            raise ResponseError(error["code"], error["message"], error.get("data"))
        return message.get("result")

    def notify(self, method: str, params: object = None) -> None:
        """Send a notification."""
        self._drain()
        self._send(method, params)

    def wait(self, condition: Callable[[], bool], timeout: float = 10, what: str = "such state") -> None:
        """Act on what the server sends until `condition` holds. Raises TimeoutError."""
        deadline = time.monotonic() + timeout
        self._drain()
        while not self._holds(condition):
            if not self._take(deadline - time.monotonic()):
                raise self._late(what, timeout)

    def _holds(self, condition: Callable[[], bool]) -> bool:
        """Whether it holds now: what it looks at must not change while it looks, or a change would be missed."""
        before, self._acting = self._acting, True
        try:
            return condition()
        finally:
            self._acting = before

    def _late(self, what: str, timeout: float) -> TimeoutError:
        problems = "\n".join([f"no {what} within {timeout} s", *self.errors])
        return TimeoutError(problems + self._wire.stderr_tail())

    def _send(self, method: str, params: object, **ident: int) -> None:
        self._wire.send({**ident, "method": method} | ({} if params is None else {"params": params}))

    def _drain(self) -> None:
        while not self._acting and self._take(0):  # what the server asked for is done before the next message is read
            pass

    def _take(self, timeout: float) -> bool:
        if self._ended is not None:
            raise self._ended
        try:
            message = self._wire.inbox.get(timeout=max(0.0, timeout))
        except queue.Empty:
            return False
        if isinstance(message, str):
            self._ended = ProtocolError(message + self._wire.stderr_tail())
            raise self._ended
        if message is None:
            with suppress(subprocess.TimeoutExpired):
                self._wire.process.wait(timeout=1)
            code = self._wire.process.returncode
            self._ended = ServerDiedError(f"the server ended, exit code {code}{self._wire.stderr_tail()}")
            raise self._ended
        self._receive(message)
        return True

    def _receive(self, message: Json | str) -> None:
        if isinstance(message, str) or "method" not in message:
            self._receive_response(message)
            return
        method, reply, self._acting = message["method"], Json(), True
        self.told.append((method, message.get("params")))
        if "initialize" in self._pending.values() and not re.match(r"window/|\$/|telemetry/", method):
            self.errors.append(f"{method} before initialize was answered")
        try:
            reply = {"result": self._act(method, message.get("params"))}
        except (KeyError, TypeError, AttributeError, ValueError, NotImplementedError) as error:
            self.errors.append(f"unknown or malformed {message}: {error!r}")
            code = -32601 if isinstance(error, NotImplementedError) else -32602
            reply = {"error": {"code": code, "message": repr(error)}}
        finally:
            self._acting = False
        if "id" in message:
            self._wire.send({"id": message["id"]} | reply)

    def _receive_response(self, message: Json | str) -> None:
        if isinstance(message, str) or message.get("id") not in self._pending:
            self.errors.append(f"a response to nothing that was asked, or a second one: {message}")
            return
        if ("result" in message) == (message.get("error") is not None):
            self.errors.append(f"a response must have either a result or an error: {message}")
        del self._pending[message["id"]]
        self._answers[message["id"]] = message

    def _act(self, method: str, params: Any) -> Any:
        match method:
            case "textDocument/publishDiagnostics":
                uri = self.uri(params["uri"])
                if self._is_pulled(uri):
                    self.errors.append(f"diagnostics of {uri} are pulled, and were pushed")
                self._publish(uri, params.get("version"), params["diagnostics"])
            case "workspace/diagnostic/refresh" | "workspace/inlayHint/refresh":
                # as LSP, and as Helix calls it
                named = ("diagnostics", "diagnostic") if method == _REFRESH else ("inlayHint", "inlayHint")
                if not any(self._can("workspace", name, "refreshSupport") for name in named):
                    self.errors.append(f"{method} to an editor that has not said that it can")
            case "ssot/didChangeStatus":
                if not self._can("experimental", "ssotStatus"):
                    self.errors.append(f"{method} to an editor that does not know it")
            case "window/showMessage" | "window/showMessageRequest":
                self.messages.append(params)
            case "window/logMessage" | "$/logTrace":
                self.logs.append(params)
            case "workspace/configuration":
                return [self._setting(item.get("section") or "") for item in params["items"]]
            case "workspace/applyEdit":
                if "metadata" in params and not self._can("workspace", "workspaceEdit", "metadataSupport"):
                    self.errors.append(f"{method} with metadata to an editor that does not know them")
                try:
                    self.apply_workspace_edit(params["edit"])
                except RefusedEdit as error:
                    return {"applied": False, "failureReason": repr(error)}
                return {"applied": True}
            case "client/registerCapability":
                self.registrations += params["registrations"]
            case "window/workDoneProgress/create":
                if params["token"] in self._progress or not self._can("window", "workDoneProgress"):
                    self.errors.append(f"{method} for a token that is used, or to an editor that shows none: {params}")
                self._progress[params["token"]] = "created"
            case "$/progress":
                self.progress.append(params)
                self._note_progress(params["token"], params["value"])
            case _ if not re.fullmatch(r"\$/.*|telemetry/event", method):
                raise NotImplementedError
        return None

    def _note_progress(self, token: str | int, value: Json) -> None:
        if token in self._partial:
            self._partial[token].append(value)
            return
        state, kind = self._progress.get(token), value["kind"]
        if (state, kind) not in {("created", "begin"), ("begun", "report"), ("begun", "end")}:
            self.errors.append(f"progress {token}: {kind} where it is {state or 'unknown'}")
        self._progress[token] = "ended" if kind == "end" else "begun"

    def _can(self, *path: str) -> bool:
        value: Any = self.client
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value not in (None, False)

    def _setting(self, section: str) -> Any:
        value: Any = self.settings
        for part in filter(None, section.split(".")):
            value = value.get(part) if isinstance(value, dict) else None
        return value

    def uri(self, where: Where) -> str:
        """The URI by which this editor knows a file, however the path or URI given spells it."""
        if isinstance(where, str) and re.match(r"[a-z][a-z0-9+.-]+:", where):
            if not where.startswith("file:"):
                return where
            where = url2pathname(urlsplit(where).path)
        return Path(os.path.normpath(self.root / where)).as_uri()

    def path(self, where: Where) -> Path:
        """The file that a path or URI names."""
        return Path(url2pathname(urlsplit(self.uri(where)).path))

    def open(self, where: Where, text: str | None = None, *, version: int = 1, bom: bool = False) -> None:
        """Open a file, with `text` instead of what is on the disk if that is given."""
        self._drain()
        uri, suffix = self.uri(where), self.path(where).suffix
        assert uri not in self.buffers, f"{uri} is open already"
        text, bom = self._load(where) if text is None else (text, bom)
        self.buffers[uri] = Buffer(uri, text, version, bom)
        self._published.pop(uri, None)
        self._highest[uri] = max(version, self._highest.get(uri, version))
        item = {"uri": uri, "languageId": "python" if suffix == ".py" else suffix[1:], "version": version, "text": text}
        self._send("textDocument/didOpen", {"textDocument": item})

    def close(self, where: Where) -> None:
        """Close a buffer; what was not saved is lost."""
        uri = self.buffer(where).uri
        if self._is_pulled(uri):
            self._published[uri] = None, []
            self._results.pop(uri, None)
        del self.buffers[uri]
        self._send("textDocument/didClose", {"textDocument": {"uri": uri}})

    def buffer(self, where: Where) -> Buffer:
        """The buffer of an open document, with its text and version."""
        self._drain()
        return self.buffers[self.uri(where)]

    def text(self, where: Where) -> str:
        """Text of a buffer."""
        return self.buffer(where).text

    def edit(self, where: Where, edits: Iterable[Edit]) -> None:
        """Make edits in a buffer, each speaking of the text that the one before left, and send them as one change."""
        changes, text = content_changes(self.text(where), edits, self.encoding)
        self._change(self.buffers[self.uri(where)], text, changes)

    def replace_all(self, where: Where, text: str) -> None:
        """Replace the text of a buffer by a change that has no range."""
        self._change(self.buffer(where), text, [{"text": text}])

    def _change(self, buffer: Buffer, text: str, changes: list[Json]) -> None:
        buffer.text, buffer.version = text, buffer.version + 1
        self._highest[buffer.uri] = max(buffer.version, self._highest[buffer.uri])
        if kind := self._sync.get("change"):
            document = {"uri": buffer.uri, "version": buffer.version}
            changes = changes if kind == 2 else [{"text": text}]
            self._send("textDocument/didChange", {"textDocument": document, "contentChanges": changes})

    def save(self, where: Where) -> None:
        """Write a buffer to its file, after willSaveWaitUntil and before didSave if the server asked for them."""
        buffer = self.buffer(where)
        if self._sync.get("willSaveWaitUntil") and self._can("textDocument", "synchronization", "willSaveWaitUntil"):
            params, start = {"textDocument": {"uri": buffer.uri}, "reason": 1}, time.monotonic()
            edits = self.request("textDocument/willSaveWaitUntil", params)
            if time.monotonic() - start > _PATIENCE_TO_SAVE:
                self.errors.append(f"textDocument/willSaveWaitUntil took {time.monotonic() - start:.1f} s")
            self._apply_text_edits(buffer.uri, edits or [])
        self._store(where, buffer.text, buffer.bom)
        if self._sync.get("save"):
            self._send("textDocument/didSave", {"textDocument": {"uri": buffer.uri}})

    def write_and_notify(self, where: Where, text: str) -> None:
        """Write a file, not its buffer, and send workspace/didChangeWatchedFiles."""
        change = {"uri": self.uri(where), "type": 2 if self.path(where).exists() else 1}
        self._store(where, text)
        self.notify("workspace/didChangeWatchedFiles", {"changes": [change]})

    def delete_and_notify(self, where: Where) -> None:
        """Delete a file, not its buffer, and send workspace/didChangeWatchedFiles."""
        self.path(where).unlink()
        self.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": self.uri(where), "type": 3}]})

    def configure(self, settings: Json) -> None:
        """Change the settings. Like VS Code it only says so, unless it is an editor that cannot be asked for them."""
        self.settings = settings
        told = None if self._can("workspace", "configuration") else settings
        self.notify("workspace/didChangeConfiguration", {"settings": told})

    def _load(self, where: Where) -> tuple[str, bool]:
        raw = self.path(where).read_bytes()
        return raw.decode("utf-8-sig"), raw.startswith(codecs.BOM_UTF8)

    def _store(self, where: Where, text: str, bom: bool = False) -> None:
        self.path(where).parent.mkdir(parents=True, exist_ok=True)
        self.path(where).write_bytes(codecs.BOM_UTF8 * bom + text.encode("utf-8"))

    def _publish(self, uri: str, version: int | None, diagnostics: list[Json]) -> None:
        buffer, (last, _) = self.buffers.get(uri), self._published.get(uri, (None, []))
        self._published[uri] = version, diagnostics
        if version is not None and version > self._highest.get(uri, -1):
            self.errors.append(f"diagnostics for version {version} of {uri}, which was never sent")
        elif buffer and version is not None and last is not None and version < last <= buffer.version:
            self.errors.append(f"diagnostics for version {version} of {uri} after those for {last}")
        try:
            if buffer:
                self._touching(buffer, 0, len(buffer.text))
        except RefusedEdit as error:
            self.errors.append(f"a diagnostic of {uri} is out of bounds: {error}")

    @property
    def _provider(self) -> Json | None:
        """What the server says of the diagnostics that can be pulled, or registered later; None if none can."""
        later = [item.get("registerOptions", {}) for item in self.registrations if item["method"] == _DIAGNOSTIC]
        provider: Json | None = self.server.get("diagnosticProvider", later[0] if later else None)
        return provider if self._can("textDocument", "diagnostic") else None

    def _is_pulled(self, uri: str) -> bool:
        return self._provider is not None and uri in self.buffers and uri.endswith(".py")

    def _identifier(self) -> Json:
        return {key: value for key, value in (self._provider or {}).items() if key == "identifier"}

    def pull(self, where: Where, timeout: float = 10) -> Json | None:
        """Pull the diagnostics of a buffer: the report, or None if the server wants to be asked again."""
        buffer = self.buffer(where)
        uri, version, previous = buffer.uri, buffer.version, self._results.get(buffer.uri)
        params = {"textDocument": {"uri": uri}, **self._identifier()}
        params |= {} if previous is None else {"previousResultId": previous}
        try:
            report: Json = self.request(_DIAGNOSTIC, params, timeout)
        except ResponseError as error:
            if error.code == _SERVER_CANCELLED and isinstance(error.data, dict) and error.data.get("retriggerRequest"):
                return None
            raise
        items = self._reported(uri, report, previous, self._published.get(uri, (None, []))[1])
        self._results.pop(uri, None)
        if "resultId" in report:
            self._results[uri] = report["resultId"]
        self._publish(uri, version, items)
        return report

    def _reported(self, uri: str, report: Json, previous: str | None, known: list[Json]) -> list[Json]:
        """The diagnostics that a report speaks of."""
        if report["kind"] == "full":
            return list(report["items"])
        if report["kind"] != "unchanged" or previous is None or "resultId" not in report:
            self.errors.append(f"a malformed report of {uri}, or unchanged from none: {report}")
        return known

    def workspace_diagnostics(self, *, in_parts: bool = False, timeout: float = 10) -> dict[str, list[Json]]:
        """Pull the diagnostics of the whole workspace, by URI; `in_parts`: they may come bit by bit."""
        known = self._workspace_results
        previous = [{"uri": uri, "value": result} for uri, (result, _) in known.items() if result is not None]
        params = {"previousResultIds": previous, **self._identifier()}
        token = f"partial-{self._asked}"
        if in_parts:
            params["partialResultToken"], self._partial[token] = token, []
        answer = self.request("workspace/diagnostic", params, timeout)
        bits = self._partial.pop(token, [])
        if bits and answer["items"]:
            self.errors.append("partial results, and others in the answer")
        for report in (item for bit in (*bits, answer) for item in bit["items"]):
            uri = self.uri(report["uri"])
            result, items = known.get(uri, (None, []))
            known[uri] = report.get("resultId"), self._reported(uri, report, result, items)
        return {uri: items for uri, (_, items) in known.items()}

    def _touching(self, buffer: Buffer, start: int, end: int) -> list[Json]:
        version, diagnostics = self._published.get(buffer.uri, (None, []))
        lines = Lines(buffer.text, self.encoding)
        spans = [(lines.span(item["range"]), item) for item in diagnostics if version == buffer.version]
        return [item for (first, last), item in spans if first <= end and start <= last]

    def diagnostics(self, where: Where, timeout: float = 10) -> list[Json]:
        """Wait for the diagnostics of a buffer as it is now."""
        assert self.uri(where) in self.buffers, f"{where} is not open: use wait_for_diagnostics"
        return self.wait_for_diagnostics(where, lambda _: True, timeout)

    def diagnostics_of(self, where: Where) -> list[Json]:
        """Diagnostics last published for a document, open or not; none if there never were any."""
        self._drain()
        return self._published.get(self.uri(where), (None, []))[1]

    def wait_for_diagnostics(
        self, where: Where, predicate: Callable[[list[Json]], bool], timeout: float = 10
    ) -> list[Json]:
        """Wait until the diagnostics last published satisfy `predicate`; a buffer's must be of its version."""
        uri = self.uri(where)

        def holds() -> bool:
            buffer, (version, diagnostics) = self.buffers.get(uri), self._published.get(uri, (None, []))
            return uri in self._published and (not buffer or version == buffer.version) and predicate(diagnostics)

        try:
            self._wait_pulling(uri, holds, timeout, f"such diagnostics of {where}")
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n--- last published: {self._published.get(uri)}") from None
        return self._published[uri][1]

    def _wait_pulling(self, uri: str, holds: Callable[[], bool], timeout: float, what: str) -> None:
        deadline = time.monotonic() + timeout
        is_told = self._can("workspace", "diagnostics", "refreshSupport")
        self._drain()
        while self._is_pulled(uri):
            refreshes, report = self._refreshes(), self.pull(uri)
            if holds():
                return
            left = deadline - time.monotonic()
            try:
                self.wait(partial(self._refreshed, refreshes), left if is_told and report else min(left, _PULL_AGAIN))
            except TimeoutError:
                if time.monotonic() >= deadline:
                    raise self._late(what, timeout) from None
        self.wait(holds, timeout, what)

    def _refreshed(self, since: int) -> bool:
        return self._refreshes() > since

    def _refreshes(self) -> int:
        return sum(method == _REFRESH for method, _ in self.told)

    def at(self, where: Where, offset: int) -> Json:
        """Parameters that name a place in a buffer (TextDocumentPositionParams)."""
        position = Lines(self.text(where), self.encoding).position(offset)
        return {"textDocument": {"uri": self.uri(where)}, "position": position}

    def span(self, where: Where, range_: Json) -> tuple[int, int]:
        """Offsets of an LSP range in a buffer. Raises RefusedEdit if it is out of bounds."""
        return Lines(self.text(where), self.encoding).span(range_)

    def hover(self, where: Where, offset: int, timeout: float = 10) -> Any:
        """Answer to textDocument/hover: a dict or None."""
        return self.request("textDocument/hover", self.at(where, offset), timeout)

    def code_actions(
        self,
        where: Where,
        start: int,
        end: int,
        *,
        only: list[str] | None = None,
        diagnostics: list[Json] | None = None,
    ) -> list[Json]:
        """Code actions for a span; the context's diagnostics are, as in VS Code, the current ones that touch it."""
        buffer = self.buffer(where)
        touching = self._touching(buffer, start, end) if diagnostics is None else diagnostics
        context: Json = {"diagnostics": touching, "triggerKind": 1} | ({} if only is None else {"only": only})
        range_ = Lines(buffer.text, self.encoding).range(start, end)
        params = {"textDocument": {"uri": buffer.uri}, "range": range_, "context": context}
        actions: list[Json] = self.request("textDocument/codeAction", params) or []
        for kind in [action.get("kind", "") for action in actions]:
            if only is not None and not any(wanted in ("", kind) or kind.startswith(f"{wanted}.") for wanted in only):
                self.errors.append(f"a code action of kind {kind!r}, asked were {only}")
        return actions

    def resolved(self, action: Json) -> Json:
        """A code action with its edit, which is asked for if it has none and the server offers that."""
        provider = self.server.get("codeActionProvider")
        if "edit" not in action and isinstance(provider, dict) and provider.get("resolveProvider"):
            return dict(self.request("codeAction/resolve", action))
        return action

    def apply(self, action: Json, *, confirm: bool = True) -> None:
        """Do what choosing a code action does: resolve it if it has no edit, apply its edit, run its command."""
        provider = self.server.get("codeActionProvider")
        resolves = isinstance(provider, dict) and provider.get("resolveProvider")
        if "edit" not in action and resolves and self._can("textDocument", "codeAction", "resolveSupport"):
            action = self.request("codeAction/resolve", action)
        edit, command = action.get("edit"), action.get("command")
        if "disabled" in action or (edit is None and command is None):
            raise RefusedEdit(f"this action is disabled, or has neither edit nor command: {action}")
        if edit is not None:
            self.apply_workspace_edit(edit, confirm=confirm)
        if command is not None:
            command = command if isinstance(command, dict) else action
            arguments = command.get("arguments", [])
            self.request("workspace/executeCommand", {"command": command["command"], "arguments": arguments})

    def apply_workspace_edit(self, edit: Json, *, confirm: bool = True) -> None:
        """Apply an edit to buffers, and to files that are not open. Raises RefusedEdit; what came before it stays.

        Without `confirm` a person says no to all that needs confirmation.
        """
        self._drain()
        supported = self.client["workspace"].get("workspaceEdit", {})
        edit = self._confirmed(edit, confirm)
        for uri, edits in edit.get("changes", {}).items() if edit.get("documentChanges") is None else ():
            self._apply_text_edits(uri, edits)
        for operation in edit.get("documentChanges") or ():
            kind = operation.get("kind")
            if not supported.get("documentChanges") or (kind and kind not in supported.get("resourceOperations", [])):
                raise RefusedEdit(f"this editor does not support {operation}")
            if kind:
                self._apply_file_operation(kind, operation, operation.get("options") or {})
                continue
            document = operation["textDocument"]
            buffer = self.buffers.get(self.uri(document["uri"]))
            current = buffer.version if buffer else None  # None: the file on the disk
            if document.get("version") != current:
                raise StaleEdit(f"for version {document.get('version')} of {document['uri']}, which is at {current}")
            self._apply_text_edits(document["uri"], operation["edits"])

    def _confirmed(self, edit: Json, confirm: bool) -> Json:
        """An edit without the parts that a person says no to."""
        annotations = edit.get("changeAnnotations") or {}

        def wanted(part: Json) -> bool:
            if (name := part.get("annotationId")) is None:
                return True
            if name not in annotations or not self._can("workspace", "workspaceEdit", "changeAnnotationSupport"):
                raise RefusedEdit(f"this editor does not support or know the annotation {name!r}")
            return confirm or not annotations[name].get("needsConfirmation")

        def trimmed(part: Json) -> Json:
            return {**part, "edits": [*filter(wanted, part["edits"])]} if "edits" in part else part

        changes = {uri: [*filter(wanted, edits)] for uri, edits in edit.get("changes", {}).items()}
        operations = edit.get("documentChanges")
        return {"changes": changes, "documentChanges": operations and [*map(trimmed, filter(wanted, operations))]}

    def _apply_text_edits(self, uri: str, edits: list[Json]) -> None:
        buffer = self.buffers.get(self.uri(uri))
        text, bom = (buffer.text, buffer.bom) if buffer else self._load(self._inside(uri, exists=True))
        changes, text = content_changes(text, resolve_text_edits(text, edits, self.encoding), self.encoding)
        if changes and buffer:
            self._change(buffer, text, changes)
        elif changes:
            self._store(uri, text, bom)

    def _apply_file_operation(self, kind: str, operation: Json, options: Json) -> None:
        path = self._inside(operation["oldUri" if kind == "rename" else "uri"], exists=kind == "rename")
        target = self._inside(operation["newUri"]) if kind == "rename" else path
        refused, ignored = target.exists() and not options.get("overwrite"), options.get("ignoreIfExists")
        if kind == "delete":
            refused, ignored = not path.exists(), options.get("ignoreIfNotExists")
        if refused and not ignored:
            raise RefusedEdit(f"{kind}: {target} {'does not exist' if kind == 'delete' else 'exists'}")
        if refused:
            return
        open_ = [b for b in self.buffers.values() if kind != "create" and self.path(b.uri).is_relative_to(path)]
        for buffer in open_:
            self.close(buffer.uri)
        target.parent.mkdir(parents=True, exist_ok=True)
        if kind == "create":
            path.write_bytes(b"")
        elif kind == "delete" and path.is_dir() and options.get("recursive"):
            shutil.rmtree(path)
        elif kind == "delete":
            path.rmdir() if path.is_dir() else path.unlink()
        else:
            path.replace(target)
            for buffer in open_:
                self.open(target / self.path(buffer.uri).relative_to(path), buffer.text, bom=buffer.bom)

    def _inside(self, uri: str, *, exists: bool = False) -> Path:
        path = self.path(uri)
        if not path.is_relative_to(self.root) or (exists and not path.exists()):
            raise RefusedEdit(f"{path} does not exist, or is outside of the workspace")
        return path


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> Json:
    result = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = _merged(result[key], value) if both else value
    return {key: value for key, value in result.items() if value is not None}
