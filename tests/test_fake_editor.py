"""The fake editor is the judge of the server, so it is tried itself: alone, and against a server that misbehaves."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fake_editor import (
    Editor,
    Json,
    Lines,
    ProtocolError,
    RefusedEdit,
    ResponseError,
    ServerDiedError,
    StaleEdit,
    content_changes,
    read_message,
    resolve_text_edits,
)

CODECS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
TEXTS = st.text(alphabet="ab é😋\u2028\u0085\x0c\r\n", max_size=30)
ENCODINGS = st.sampled_from(sorted(CODECS))

SERVER = r"""
import json, sys
def send(message):
    body = json.dumps({"jsonrpc": "2.0"} | message).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    sys.stdout.buffer.flush()
def receive():
    length = 0
    while line := sys.stdin.buffer.readline().strip():
        length = int(line.split(b":")[1])
    return json.loads(sys.stdin.buffer.read(length)) if length else sys.exit(1)
encoding, code, more, log, actions, answers = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3]), [], [], {}
while True:
    message = receive()
    method, params, answer = message.get("method"), message.get("params"), {"result": None}
    log.append(message)
    if method == "initialize":
        answer = {"result": {"capabilities": {
            "positionEncoding": encoding, "codeActionProvider": {"resolveProvider": True},
            "textDocumentSync": {"openClose": True, "change": 2, "save": True}, **more}}}
    elif answers.get(method):
        answer = answers[method].pop(0)
        for said in answer.pop("say", []):
            send(said)
    elif method in ("textDocument/didOpen", "textDocument/didChange") and "diagnosticProvider" not in more:
        document = params["textDocument"]
        send({"method": "textDocument/publishDiagnostics", "params": {
            "uri": document["uri"], "version": document["version"], "diagnostics": []}})
    elif method == "textDocument/hover":
        answer = {"result": {"contents": str(params["position"]["character"])}}
    elif method == "textDocument/codeAction":
        answer = {"result": [{"title": "fix", "kind": "quickfix", "data": params["context"]}]}
    elif method == "codeAction/resolve":
        answer = {"result": params | {"edit": actions.pop()}}
    elif method == "test/next-edit":
        actions.append(params)
    elif method == "test/answers":
        answers = params
    elif method == "test/say":
        for said in params:
            send(said)
    elif method == "test/raw":
        sys.stdout.buffer.write(params.encode())
        sys.stdout.buffer.flush()
    elif method == "test/log":
        answer = {"result": log}
    elif method == "test/fail":
        answer = {"error": {"code": -32803, "message": "no"}}
    elif method == "exit":
        sys.exit(code)
    elif method == "test/die":
        sys.exit("it hurts")
    if "id" in message and method not in (None, "test/silence"):
        send({"id": message["id"]} | answer)
"""


def editor(root: Path, encoding: str = "utf-16", code: int = 0, more: Json | None = None, **options: Any) -> Editor:
    """An editor whose server can do what `more` says, besides the usual."""
    command = [sys.executable, "-c", SERVER, encoding, str(code), json.dumps(more or {})]
    return Editor(root, encodings=("utf-8", "utf-16", "utf-32"), command=command, **options)


def offset(text: str, position: Json, encoding: str) -> int:
    """The second opinion on positions: cut the bytes of the line."""
    codec, width = CODECS[encoding]
    rows = re.split(r"(?<=\n)|(?<=\r)(?!\n)", text)
    before, row = rows[: position["line"]], rows[position["line"]]
    column = row.encode(codec)[: position["character"] * width].decode(codec)
    assert "\n" not in column and "\r" not in column
    return sum(map(len, before)) + len(column)


def changed(text: str, changes: list[Json], encoding: str) -> str:
    for change in changes:
        if "range" not in change:
            text = change["text"]
            continue
        start, end = (offset(text, change["range"][side], encoding) for side in ("start", "end"))
        text = text[:start] + change["text"] + text[end:]
    return text


def insertion(line: int, character: int, text: str) -> Json:
    place = {"line": line, "character": character}
    return {"range": {"start": place, "end": place}, "newText": text}


# The line model and edits


def test_lines_end_where_lsp_says() -> None:
    text = "a\r\nb\rc\n\u2028\x0c\u0085d"
    lines = Lines(text, "utf-16")
    assert [lines.position(i)["line"] for i in (0, 1, 3, 4, 5, 6, 7, 11)] == [0, 0, 1, 1, 2, 2, 3, 3]
    with pytest.raises(ValueError, match="has no position"):
        lines.position(2)


@pytest.mark.parametrize(("encoding", "columns"), [("utf-8", [0, 1, 3, 7]), ("utf-16", [0, 1, 2, 4]), ("utf-32", None)])
def test_columns_count_the_units_of_the_encoding(encoding: str, columns: list[int] | None) -> None:
    lines = Lines("aé😋", encoding)
    assert [lines.position(i)["character"] for i in range(4)] == (columns or [0, 1, 2, 3])


@pytest.mark.parametrize(
    ("line", "character", "message"),
    [(0, 2, "cuts a character"), (0, 5, "out of"), (0, -1, "out of"), (1, 1, "out of"), (2, 0, "line 2 of 2")],
)
def test_a_position_that_is_none_is_refused(line: int, character: int, message: str) -> None:
    with pytest.raises(RefusedEdit, match=message):
        resolve_text_edits("a😋b\n", [insertion(line, character, "")], "utf-16")


@given(TEXTS, ENCODINGS)
def test_every_span_comes_back_from_its_range(text: str, encoding: str) -> None:
    lines = Lines(text, encoding)
    places = [i for i in range(len(text) + 1) if not lines.splits_line_end(i)]
    for start, end in [(places[0], places[-1]), *pairwise(places)]:
        range_ = lines.range(start, end)
        assert lines.span(range_) == (start, end)
        assert (offset(text, range_["start"], encoding), offset(text, range_["end"], encoding)) == (start, end)


@given(TEXTS, ENCODINGS, st.data())
def test_a_second_implementation_makes_the_same_changes(text: str, encoding: str, data: st.DataObject) -> None:
    edits, expected = [], text
    for new in data.draw(st.lists(TEXTS, max_size=5)):
        start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(expected))] * 2)))
        edits.append((start, end, new))
        expected = expected[:start] + new + expected[end:]
    changes, result = content_changes(text, edits, encoding)
    assert result == expected == changed(text, changes, encoding)


@given(TEXTS, ENCODINGS, st.data())
def test_text_edits_speak_of_the_text_before_all_of_them(text: str, encoding: str, data: st.DataObject) -> None:
    lines = Lines(text, encoding)
    places = [i for i in range(len(text) + 1) if not lines.splits_line_end(i)]
    cuts = sorted(data.draw(st.lists(st.sampled_from(places), max_size=6)))
    spans = list(zip(cuts[::2], cuts[1::2], strict=False))
    spans = [span for i, span in enumerate(spans) if span not in spans[:i]]
    news = data.draw(st.lists(TEXTS, min_size=len(spans), max_size=len(spans)))
    pieces, at = [], 0
    for (start, end), new in zip(spans, news, strict=True):
        pieces += [text[at:start], new]
        at = end
    edits = [{"range": lines.range(*span), "newText": new} for span, new in zip(spans, news, strict=True)]
    changes, result = content_changes(text, resolve_text_edits(text, edits, encoding), encoding)
    assert result == "".join(pieces) + text[at:] == changed(text, changes, encoding)


def test_insertions_at_one_place_keep_their_order_and_may_precede_a_replacement() -> None:
    replacement = {"range": Lines("abc", "utf-16").range(1, 2), "newText": "-"}
    edits = [insertion(0, 1, "1"), insertion(0, 1, "2"), replacement, insertion(0, 2, "3")]
    assert content_changes("abc", resolve_text_edits("abc", edits, "utf-16"), "utf-16")[1] == "a12-3c"
    with pytest.raises(RefusedEdit, match="overlap"):
        resolve_text_edits("abc", [replacement, insertion(0, 1, "late")], "utf-16")
    with pytest.raises(RefusedEdit, match="ends before it starts"):
        Lines("abc", "utf-16").span({"start": {"line": 0, "character": 2}, "end": {"line": 0, "character": 1}})


@pytest.mark.parametrize(
    "stream",
    [
        b"hello\r\n\r\n{}",
        b"Content-Length: 2\n\n{}",
        b"Content-Type: x\r\n\r\n{}",
        b"Content-Length: 3\r\n\r\n{}",
        b"Content-Length: 2\r\n\r\n{}",
        b"Content-Length: 9\r\n\r\n[1, 2, 3]",
    ],
)
def test_what_is_no_message_is_not_read(stream: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_message(io.BytesIO(stream))


# Against a server


@pytest.mark.parametrize("encoding", sorted(CODECS))
def test_server_and_editor_hold_the_same_text(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "é m.py").write_bytes(b"\xef\xbb\xbfa\r\n\xf0\x9f\x98\x8bb")
    with editor(tmp_path, encoding) as it:
        it.open("é m.py")
        assert (it.encoding, it.text("é m.py"), it.diagnostics("é m.py")) == (encoding, "a\r\n😋b", [])
        it.edit("é m.py", [(4, 5, "c"), (2, 2, "d"), (0, 0, "\ud800")])
        it.replace_all("é m.py", it.text("é m.py")[1:] + "!")
        it.save("é m.py")
        assert it.diagnostics("é m.py") == []
        assert it.hover("é m.py", 5) == {"contents": {"utf-8": "4", "utf-16": "2", "utf-32": "1"}[encoding]}
        log = it.request("test/log")
        it.close("é m.py")
    assert (tmp_path / "é m.py").read_bytes() == b"\xef\xbb\xbfa\rd\n\xf0\x9f\x98\x8bc!"
    text, version = "a\r\n😋b", 1
    for message in log:
        if message["method"] == "textDocument/didChange":
            text, version = changed(text, message["params"]["contentChanges"], encoding), version + 1
            assert message["params"]["textDocument"]["version"] == version
    assert (text, version) == ("a\rd\n😋c!", 3)
    assert [message["method"] for message in log[:3]] == ["initialize", "initialized", "textDocument/didOpen"]
    assert log[2]["params"]["textDocument"]["languageId"] == "python"


def test_server_requests_are_answered(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text("old\n")
    edit = {"changes": {(tmp_path / "m.py").as_uri(): [insertion(0, 0, "very ")]}}
    stale = {"documentChanges": [{"textDocument": {"uri": (tmp_path / "m.py").as_uri(), "version": 7}, "edits": []}]}
    asked = [
        ("workspace/configuration", {"items": [{"section": "ssot.python"}, {"section": "other"}, {}]}),
        ("client/registerCapability", {"registrations": [{"id": "1", "method": "workspace/didChangeWatchedFiles"}]}),
        ("window/workDoneProgress/create", {"token": 1}),
        ("window/showMessageRequest", {"type": 1, "message": "well?"}),
        ("workspace/applyEdit", {"edit": edit}),
        ("workspace/applyEdit", {"edit": stale}),
    ]
    settings = {"ssot": {"python": "p"}}
    with editor(tmp_path, settings=settings) as it:
        said = [{"id": i, "method": method, "params": params} for i, (method, params) in enumerate(asked)]
        it.open("m.py")
        it.request("test/say", said)
        it.wait(lambda: it.buffers[it.uri("m.py")].version == 2)
        it.write_and_notify("registry.json", "{}")
        log = it.request("test/log")
        assert it.text("m.py") == "very old\n"
        assert it.registrations[0]["id"] == "1"
        assert [message["message"] for message in it.messages] == ["well?"]
    answers = [message["result"] for message in log if "method" not in message]
    assert answers[:5] == [["p", None, settings], None, None, None, {"applied": True}]
    assert answers[5]["applied"] is False
    assert "at 2" in answers[5]["failureReason"]
    changes = [message["params"] for message in log if message.get("method") == "workspace/didChangeWatchedFiles"]
    assert changes == [{"changes": [{"uri": (tmp_path / "registry.json").as_uri(), "type": 1}]}]


def test_an_action_is_resolved_and_its_edit_applied(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_bytes(b"a\r\n")
    uris = {name: (tmp_path / name).as_uri() for name in ("m.py", "n.py", "sub/o.py")}
    with editor(tmp_path) as it:
        it.open("m.py")
        document = {"uri": uris["m.py"], "version": 1}
        edits = [
            {"textDocument": document, "edits": [insertion(0, 1, "\n1"), insertion(1, 0, "2")]},
            {"kind": "create", "uri": uris["n.py"]},
            {"textDocument": {"uri": uris["n.py"], "version": None}, "edits": [insertion(0, 0, "n\r\n")]},
            {"kind": "rename", "oldUri": uris["m.py"], "newUri": uris["sub/o.py"]},
        ]
        it.notify("test/next-edit", {"documentChanges": edits})
        [action] = it.code_actions("m.py", 0, 1, only=["quickfix"], diagnostics=[])
        assert action["data"] == {"diagnostics": [], "triggerKind": 1, "only": ["quickfix"]}
        it.apply(action)
        assert it.text("sub/o.py") == "a\n1\r\n2"
        assert it.diagnostics("sub/o.py") == []
        assert (tmp_path / "n.py").read_bytes() == b"n\r\n"
        it.apply_workspace_edit({"documentChanges": [{"kind": "delete", "uri": uris["sub/o.py"]}]})
        assert list(it.buffers) == []
        assert not (tmp_path / "m.py").exists() and not (tmp_path / "sub/o.py").exists()


@pytest.mark.parametrize("version", [None, 0, 1, 3])
def test_an_edit_for_another_version_is_refused(tmp_path: Path, version: int | None) -> None:
    with editor(tmp_path) as it:
        it.open("m.py", "a")
        it.edit("m.py", [(1, 1, "b")])
        edit = {"textDocument": {"uri": it.uri("m.py"), "version": version}, "edits": [insertion(0, 0, "x")]}
        with pytest.raises(StaleEdit, match="which is at 2"):
            it.apply_workspace_edit({"documentChanges": [edit]})
        assert it.text("m.py") == "ab"


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ({"kind": "create", "uri": "m.py"}, "exists"),
        ({"kind": "delete", "uri": "absent.py"}, "does not exist"),
        ({"kind": "rename", "oldUri": "absent.py", "newUri": "n.py"}, "does not exist"),
        ({"kind": "create", "uri": "../n.py"}, "outside"),
        ({"textDocument": {"uri": "m.py", "version": 0}, "edits": []}, "which is at None"),
        ({"textDocument": {"uri": "m.py", "version": None}, "edits": [insertion(0, 1, "")]}, "out of"),
        ({"textDocument": {"uri": "m.py", "version": None}, "edits": [insertion(0, 0, "")] * 2}, None),
    ],
)
def test_what_cannot_be_done_is_refused(tmp_path: Path, operation: Json, message: str | None) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "m.py").touch()
    with editor(root) as it:
        if message is None:
            it.apply_workspace_edit({"documentChanges": [operation]})
            return
        with pytest.raises(RefusedEdit, match=message):
            it.apply_workspace_edit({"documentChanges": [operation]})
    less = {"workspace": {"workspaceEdit": None}}
    with editor(root, capabilities=less) as it, pytest.raises(RefusedEdit, match="does not support"):
        it.apply_workspace_edit({"documentChanges": [operation]})


def published(version: int | None, *diagnostics: Json) -> Callable[[str], Json]:
    return lambda uri: {
        "method": "textDocument/publishDiagnostics",
        "params": {"uri": uri, "version": version, "diagnostics": list(diagnostics)},
    }


OUT_OF_BOUNDS = {"range": insertion(0, 9, "")["range"], "message": "m"}


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (lambda _: {"id": 1, "result": None}, "a second one"),
        (lambda _: {"id": 99, "result": None}, "nothing that was asked"),
        (lambda _: {"method": "textDocument/diagnose"}, "unknown"),
        (lambda _: {"id": 5, "method": "client/registerCapability", "params": {}}, "malformed"),
        (published(3), "version 3 of .* never sent"),
        (published(1), "version 1 of .* after those for 2"),
        (published(2, OUT_OF_BOUNDS), "out of bounds: line 0, character 9"),
    ],
)
def test_a_protocol_error_fails_the_test_on_leaving(tmp_path: Path, said: Callable[[str], Json], error: str) -> None:
    with pytest.raises(ProtocolError, match=error):  # noqa: SIM117
        with editor(tmp_path) as it:
            it.open("m.py", "a")
            it.edit("m.py", [(1, 1, "b")])
            assert it.diagnostics("m.py") == []
            it.notify("test/say", [said(it.uri("m.py"))])


def test_diagnostics_of_an_older_version_do_not_count(tmp_path: Path) -> None:
    with editor(tmp_path) as it:
        it.open("m.py", "a", version=0)
        assert it.diagnostics("m.py") == []
        it.buffers[it.uri("m.py")].version += 1  # a change that the server does not hear of
        with pytest.raises(TimeoutError, match=r"last published: \(0, \[\]\)"):
            it.diagnostics("m.py", timeout=0.1)
        it._highest[it.uri("m.py")] += 1
        it.notify("test/say", [published(1)(it.uri("m.py")), published(None, {"message": "r"})(it.uri("r.json"))])
        assert it.diagnostics("m.py") == []
        assert it.wait_for_diagnostics("r.json", lambda found: len(found) == 1) == it.diagnostics_of("r.json")


# What is pulled

PULLS = {"diagnosticProvider": {"identifier": "i", "interFileDependencies": True, "workspaceDiagnostics": True}}
PULLING: Json = {"textDocument": {"diagnostic": {}}}
REFRESHED = {"workspace": {"diagnostics": {"refreshSupport": True}}, **PULLING}
REFRESH = {"id": 5, "method": "workspace/diagnostic/refresh"}
PROBLEM = {"range": insertion(0, 0, "")["range"], "message": "m"}


def report(*items: Json, result: str | None = None, kind: str = "full") -> Json:
    """An answer to textDocument/diagnostic."""
    of_kind = {"items": [*items]} if kind == "full" else {}
    return {"result": {"kind": kind, **of_kind} | ({} if result is None else {"resultId": result})}


def asked(editor: Editor, method: str) -> list[Json]:
    """What the server was asked, or told, by that method."""
    return [message["params"] for message in editor.request("test/log") if message.get("method") == method]


def test_diagnostics_are_pulled_with_the_last_result(tmp_path: Path) -> None:
    again = {"error": {"code": -32802, "message": "busy", "data": {"retriggerRequest": True}}}
    answers = [report(PROBLEM, result="1"), report(result="2", kind="unchanged"), again, report()]
    with editor(tmp_path, more=PULLS, capabilities=PULLING) as it:
        it.notify("test/answers", {"textDocument/diagnostic": answers})
        it.open("m.py", "a")
        assert it.diagnostics("m.py") == [PROBLEM]
        it.edit("m.py", [(1, 1, "b")])
        assert it.diagnostics("m.py") == [PROBLEM]
        assert it.wait_for_diagnostics("m.py", lambda found: not found) == []
        document = {"textDocument": {"uri": it.uri("m.py")}, "identifier": "i"}
        previous = [{}, {"previousResultId": "1"}, {"previousResultId": "2"}, {"previousResultId": "2"}]
        assert asked(it, "textDocument/diagnostic") == [document | result for result in previous]
        it.close("m.py")
        assert it.diagnostics_of("m.py") == []


@pytest.mark.parametrize(("more", "capabilities"), [({}, PULLING), (PULLS, {})])
def test_diagnostics_are_pushed_if_either_side_cannot_pull(tmp_path: Path, more: Json, capabilities: Json) -> None:
    with editor(tmp_path, more=more, capabilities=capabilities) as it:
        it.open("m.py", "a")
        it.notify("test/say", [published(1, PROBLEM)(it.uri("m.py"))])
        assert it.wait_for_diagnostics("m.py", bool) == [PROBLEM]
        assert asked(it, "textDocument/diagnostic") == []


def test_an_editor_that_is_told_to_refresh_pulls_only_then(tmp_path: Path) -> None:
    answers = [report(), report() | {"say": [REFRESH]}, report(PROBLEM)]
    with editor(tmp_path, more=PULLS, capabilities=REFRESHED) as it:
        it.notify("test/answers", {"textDocument/diagnostic": answers})
        it.open("m.py", "a")
        with pytest.raises(TimeoutError, match=r"within 0.2 s(?s:.)*last published: \(1, \[\]\)"):
            it.wait_for_diagnostics("m.py", bool, timeout=0.2)
        assert len(asked(it, "textDocument/diagnostic")) == 1
        assert it.wait_for_diagnostics("m.py", bool) == [PROBLEM]


def test_what_is_not_python_is_pushed_even_so(tmp_path: Path) -> None:
    with editor(tmp_path, more=PULLS, capabilities=PULLING) as it:
        it.open("registry.json", "{}")
        it.notify("test/say", [published(1, PROBLEM)(it.uri("registry.json"))])
        assert it.diagnostics("registry.json") == [PROBLEM]


@pytest.mark.parametrize(
    ("said", "answer", "error"),
    [
        (published(1), report(), "are pulled, and were pushed"),
        (lambda _: REFRESH, report(), "refresh to an editor that has not said"),
        (None, report(result="1", kind="unchanged"), "unchanged from none"),
        (None, report(result="1", kind="partial"), "malformed report"),
        (None, report(OUT_OF_BOUNDS), "out of bounds"),
    ],
)
def test_what_is_wrong_with_pulled_diagnostics(
    tmp_path: Path, said: Callable[[str], Json] | None, answer: Json, error: str
) -> None:
    with pytest.raises(ProtocolError, match=error):  # noqa: SIM117
        with editor(tmp_path, more=PULLS, capabilities=PULLING) as it:
            it.notify("test/answers", {"textDocument/diagnostic": [answer]})
            it.open("m.py", "a")
            it.diagnostics("m.py")
            it.notify("test/say", [said(it.uri("m.py"))] if said else [])


def test_the_diagnostics_of_the_workspace_come_in_parts(tmp_path: Path) -> None:
    uris = {name: (tmp_path / name).as_uri() for name in ("m.py", "n.py")}

    def items(**reports: Json) -> Json:
        return {"items": [{"uri": uris[f"{name}.py"], "version": None, **it["result"]} for name, it in reports.items()]}

    part = items(m=report(PROBLEM, result="1"))
    said = {"method": "$/progress", "params": {"token": "partial-1", "value": part}}
    answers = [
        {"say": [said], "result": {"items": []}},
        {"result": items(m=report(result="2", kind="unchanged"), n=report())},
    ]
    with editor(tmp_path, more=PULLS, capabilities=PULLING) as it:
        it.notify("test/answers", {"workspace/diagnostic": answers})
        assert it.workspace_diagnostics(in_parts=True) == {uris["m.py"]: [PROBLEM]}
        assert it.workspace_diagnostics() == {uris["m.py"]: [PROBLEM], uris["n.py"]: []}
        first, second = asked(it, "workspace/diagnostic")
        assert first == {"previousResultIds": [], "identifier": "i", "partialResultToken": "partial-1"}
        assert second == {"previousResultIds": [{"uri": uris["m.py"], "value": "1"}], "identifier": "i"}
    both = {"say": [said], "result": items(n=report())}
    with pytest.raises(ProtocolError, match="others in the answer"):  # noqa: SIM117
        with editor(tmp_path, more=PULLS, capabilities=PULLING) as it:
            it.notify("test/answers", {"workspace/diagnostic": [both]})
            it.workspace_diagnostics(in_parts=True)


# Saving, settings, progress, confirmation

SAVES = {"textDocumentSync": {"openClose": True, "change": 2, "save": True, "willSaveWaitUntil": True}}
WAITS = {"textDocument": {"synchronization": {"willSaveWaitUntil": True}}}


@pytest.mark.parametrize(("capabilities", "saved"), [(WAITS, "ba"), ({}, "a")])
def test_what_is_to_be_changed_before_a_save_is_saved(tmp_path: Path, capabilities: Json, saved: str) -> None:
    with editor(tmp_path, more=SAVES, capabilities=capabilities) as it:
        it.notify("test/answers", {"textDocument/willSaveWaitUntil": [{"result": [insertion(0, 0, "b")]}]})
        it.open("m.py", "a")
        it.save("m.py")
        assert it.text("m.py") == (tmp_path / "m.py").read_text() == saved
        it.save("m.py")
        assert it.text("m.py") == saved


def test_an_editor_does_not_wait_long_before_it_saves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fake_editor._PATIENCE_TO_SAVE", 0.0)
    with pytest.raises(ProtocolError, match=r"willSaveWaitUntil took \d"):  # noqa: SIM117
        with editor(tmp_path, more=SAVES, capabilities=WAITS) as it:
            it.open("m.py", "a")
            it.save("m.py")


def test_files_and_settings_that_change_are_told(tmp_path: Path) -> None:
    (tmp_path / "m.py").touch()
    settings = {"ssot": {"python": "p"}}
    for can_be_asked in (True, None):
        capabilities = {"workspace": {"configuration": can_be_asked}}
        with editor(tmp_path, capabilities=capabilities) as it:
            it.configure(settings)
            told = asked(it, "workspace/didChangeConfiguration")
            assert (told, it.settings) == ([{"settings": None if can_be_asked else settings}], settings)
    with editor(tmp_path) as it:
        it.delete_and_notify("m.py")
        changes = [{"uri": it.uri("m.py"), "type": 3}]
        assert asked(it, "workspace/didChangeWatchedFiles") == [{"changes": changes}]
        assert not (tmp_path / "m.py").exists()


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ("create begin report end", None),
        ("create", None),
        ("create begin", "progress 1 never ended"),
        ("begin end", "begin where it is unknown"),
        ("create report", "report where it is created"),
        ("create begin end end", "end where it is ended"),
        ("create create", "a token that is used"),
    ],
)
def test_progress_begins_and_ends(tmp_path: Path, steps: str, error: str | None) -> None:
    create = {"id": 1, "method": "window/workDoneProgress/create", "params": {"token": 1}}

    def say(step: str) -> Json:
        return create if step == "create" else {"method": "$/progress", "params": {"token": 1, "value": {"kind": step}}}

    def run() -> None:
        with editor(tmp_path) as it:
            it.notify("test/say", [say(step) for step in steps.split()])

    if error is None:
        run()
        return
    with pytest.raises(ProtocolError, match=error):
        run()


def test_a_person_may_say_no_to_what_needs_confirmation(tmp_path: Path) -> None:
    able: Json = {"workspace": {"workspaceEdit": {"changeAnnotationSupport": {}}}}
    annotations = {"sure": {"label": "Sure"}, "perhaps": {"label": "Perhaps", "needsConfirmation": True}}
    edits = [insertion(0, 0, text) | {"annotationId": text} for text in ("sure", "perhaps")] + [insertion(0, 0, "!")]
    created = {"kind": "create", "uri": (tmp_path / "n.py").as_uri(), "annotationId": "perhaps"}
    with editor(tmp_path, capabilities=able) as it:
        it.open("m.py", "")
        document: Json = {"textDocument": {"uri": it.uri("m.py"), "version": 1}, "edits": edits}
        edit = {"documentChanges": [document, created], "changeAnnotations": annotations}
        it.apply_workspace_edit(edit, confirm=False)
        assert it.text("m.py") == "sure!"
        assert not (tmp_path / "n.py").exists()
        document["textDocument"]["version"] = 2
        it.apply_workspace_edit(edit)
        assert it.text("m.py") == "sureperhaps!sure!"
        assert (tmp_path / "n.py").exists()
        with pytest.raises(RefusedEdit, match="annotation 'sure'"):
            it.apply_workspace_edit({"changes": {it.uri("m.py"): edits}})
    with editor(tmp_path) as it, pytest.raises(RefusedEdit, match="annotation 'sure'"):
        it.apply_workspace_edit({"changes": {it.uri("n.py"): edits}, "changeAnnotations": annotations})


def test_an_editor_may_be_like_another_one(tmp_path: Path) -> None:
    like = {"general": {"positionEncodings": ["utf-8", "utf-16"]}}
    with editor(tmp_path, "utf-8", like=like, roots=["rootPath"]) as it:
        (params,) = asked(it, "initialize")
        assert params["capabilities"] == like
        assert params["rootPath"] == str(tmp_path)
        assert not {"rootUri", "workspaceFolders"} & {*params}
        assert it.encoding == "utf-8"


# The process


@pytest.mark.parametrize("raw", ["print debugging\n", "Content-Length: 7\r\n\r\n{}Content-Length: 1\r\n\r\n{"])
def test_output_that_is_not_lsp_is_an_error_at_once(tmp_path: Path, raw: str) -> None:
    with pytest.raises(ProtocolError, match="is not LSP"), editor(tmp_path) as it:
        it.notify("test/raw", raw)
        it.request("test/log")


def test_a_request_must_be_answered(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match="test/silence was never answered"), editor(tmp_path) as it:
        with pytest.raises(TimeoutError, match="no answer to test/silence within"):
            it.request("test/silence", timeout=0.1)
        with pytest.raises(ResponseError, match="-32803: no"):
            it.request("test/fail")


def test_a_kind_that_was_not_asked_for_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match="a code action of kind 'quickfix'"), editor(tmp_path) as it:
        it.open("m.py", "")
        it.code_actions("m.py", 0, 0, only=["source.fixAll", "quick"])


def test_a_server_that_dies_is_named_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(ServerDiedError, match=r"exit code 1\n(?s:.)*it hurts"), editor(tmp_path) as it:
        it.notify("test/die")
        it.request("test/log")


def test_the_end_must_be_clean(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match="exit code 3"), editor(tmp_path, code=3):
        pass
    with pytest.raises(ProtocolError, match="position encoding utf-7"), editor(tmp_path, "utf-7"):
        pass
    with pytest.raises(ServerDiedError), Editor(tmp_path, command=[sys.executable, "-c", ""]):
        pass
    with pytest.raises(FileNotFoundError), Editor(tmp_path, command=["./no such program"]):
        pass


def test_an_error_in_the_test_is_not_hidden(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), editor(tmp_path) as it:
        it.notify("test/say", [{"id": 99, "result": None}])
        it.request("test/log")
        raise ZeroDivisionError
    assert it._wire.process.returncode is not None
