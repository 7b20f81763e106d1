"""From a keystroke to diagnostics: our server and ruff's, over standard input and output, on the same files.

Run it as `python -m benchmarks.latency --peers FOLDER`, where FOLDER holds ruff; it prints a table.
"""

from __future__ import annotations

import json
import queue
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

HEAD = ["import collections.abc", "from collections import Mapping", "from os.path import nothere"]
REGISTRY = {
    "version": 1,
    "packages": ["typed"],
    "entries": [{"canonical": "collections.abc:Mapping", "deprecated": ["collections:Mapping"]}],
}
PAUSE = 0.02
"""Seconds between two keystrokes."""
OPENED = 100
"""Files."""
_A_WHILE = 0.3
"""Seconds between a keystroke and a save."""
_SAVES = 40
_PATIENCE = 60
"""Seconds that a server may take to answer."""


class Figures(NamedTuple):
    """What was measured of one server with one file; times in milliseconds."""

    server: str
    lines: int
    opened: float
    median: float
    slow: float
    """The 95th percentile."""
    action: float
    megabytes: float


class Server:
    """A language server's process."""

    def __init__(self, command: Sequence[str], root: Path, options: object = None) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=root, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)
        self._messages: queue.Queue[tuple[float, Any]] = queue.Queue()
        self._asked = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        params = {"processId": None, "rootUri": root.as_uri(), "capabilities": _CAPABILITIES}
        self.request("initialize", {**params, "initializationOptions": options})
        self.notify("initialized", {})

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._reader.join()
        self._process.communicate()

    @property
    def megabytes(self) -> float:
        """Its resident memory; 0 where that cannot be told."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text("utf-8")
        except OSError:
            return 0
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024

    def notify(self, method: str, params: Any) -> float:
        """Send a notification; when that was, in seconds."""
        return self._send({"method": method, "params": params})

    def request(self, method: str, params: Any) -> float:
        """Send a request and wait for its answer; how long that took, in seconds."""
        self._asked += 1
        sent = self._send({"id": self._asked, "method": method, "params": params})
        return next(at for at, message in self._received() if message.get("id") == self._asked) - sent

    def diagnosed(self, uri: str, version: int) -> float:
        """Wait for the diagnostics of a version of a document; when they came, in seconds."""
        for at, message in self._received():
            params = message.get("params") or {}
            is_it = message.get("method") == "textDocument/publishDiagnostics" and params["uri"] == uri
            if is_it and params.get("version", version) >= version:
                return at
        raise EOFError

    def _send(self, message: Any) -> float:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        sent = time.perf_counter()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._process.stdin.flush()
        return sent

    def _received(self) -> Iterator[tuple[float, Any]]:
        while True:
            at, message = self._messages.get(timeout=_PATIENCE)
            if "method" in message and "id" in message:  # all that it wants to know is how it is configured
                self._send({"id": message["id"], "result": None})
            else:
                yield at, message

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while line := stream.readline():
            length = 0
            while line.strip():
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
                line = stream.readline()
            body = stream.read(length)
            self._messages.put((time.perf_counter(), json.loads(body)))


_CAPABILITIES = {
    "general": {"positionEncodings": ["utf-16"]},
    "textDocument": {
        "publishDiagnostics": {"versionSupport": True, "relatedInformation": True},
        "synchronization": {"willSaveWaitUntil": True},
    },
}


def text_of(lines: int) -> str:
    """A module of so many lines: some imports, then functions."""
    written = [*HEAD]
    for number in range(lines):
        written += [f"def function_{number}(first, second=None):", f'    """Function number {number}."""']
        written += [f"    total = first + {number}", "    if second is not None:", "        total = total + second"]
        written += [f"    return [total, {number}, first]", "", ""]
        if len(written) >= lines:
            break
    return "\n".join(written[:lines]) + "\n"


def measure(name: str, command: Sequence[str], lines: int, keystrokes: int) -> Figures:
    """Type in a comment in the middle of a file, and a third as often at the end of an import."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "registry.json").write_text(json.dumps(REGISTRY), "utf-8")
        file, text = root / "typed.py", text_of(lines)
        file.write_text(text, "utf-8")
        with Server(command, root) as server:
            document = {"uri": file.as_uri(), "languageId": "python", "version": 1, "text": text}
            opened = server.notify("textDocument/didOpen", {"textDocument": document})
            opened = server.diagnosed(file.as_uri(), 1) - opened
            version, times = 1, list[float]()

            def type_in(row: int, column: int, typed: str) -> float:
                nonlocal version
                version += 1
                time.sleep(PAUSE)
                place = {"line": row, "character": column}
                change = {"range": {"start": place, "end": place}, "text": typed}
                params = {"textDocument": {"uri": file.as_uri(), "version": version}, "contentChanges": [change]}
                return -server.notify("textDocument/didChange", params) + server.diagnosed(file.as_uri(), version)

            type_in(lines // 2, 0, "#\n")
            times += (type_in(lines // 2, 1 + number, "x") for number in range(keystrokes))
            times += (type_in(2, len(HEAD[2]) + number, "x") for number in range(keystrokes // 3))
            visible = {"start": {"line": 0, "character": 0}, "end": {"line": 50, "character": 0}}
            asked = {"textDocument": {"uri": file.as_uri()}, "range": visible, "context": {"diagnostics": []}}
            action = statistics.median(server.request("textDocument/codeAction", asked) for _ in range(10))
            slow = statistics.quantiles(times, n=20)[-1]
            opened, median, slow, action = (1000 * value for value in (opened, statistics.median(times), slow, action))
            return Figures(name, lines, opened, median, slow, action, server.megabytes)


def save(command: Sequence[str], lines: int, times: int) -> tuple[float, float]:
    """Save a file with something to fix, right after a keystroke and some time after it.

    Gives how long a save waited for fixes at most, each in seconds.
    """
    with tempfile.TemporaryDirectory() as folder:
        root, text = Path(folder), text_of(lines)
        (root / "registry.json").write_text(json.dumps(REGISTRY), "utf-8")
        uri = (root / "typed.py").as_uri()
        waited: dict[float, list[float]] = {0: [], _A_WHILE: []}
        with Server(command, root, {"fixOnSave": True}) as server:
            document = {"uri": uri, "languageId": "python", "version": 1, "text": text}
            server.notify("textDocument/didOpen", {"textDocument": document})
            server.diagnosed(uri, 1)
            place = {"line": lines // 2, "character": 0}
            change = {"range": {"start": place, "end": place}, "text": "#\n"}
            for version in range(2, 2 + times):
                pause = _A_WHILE if version % 2 else 0
                document = {"uri": uri, "version": version}
                server.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
                time.sleep(pause)
                asked = {"textDocument": {"uri": uri}, "reason": 1}
                waited[pause].append(server.request("textDocument/willSaveWaitUntil", asked))
        return max(waited[0]), max(waited[_A_WHILE])


def open_workspace(command: Sequence[str], root: Path, count: int) -> tuple[float, float, int]:
    """Start a server in a workspace and open files of it, spread over all.

    Gives the seconds from the start to the first diagnostics, the memory in the end (MB), and how many files there are.
    """
    files = sorted(root.rglob("*.py"))
    started, first = time.perf_counter(), 0.0
    with Server(command, root) as server:
        for file in files[:: max(1, len(files) // count)][:count]:
            text = file.read_bytes().decode("utf-8", "replace")
            document = {"uri": file.as_uri(), "languageId": "python", "version": 1, "text": text}
            server.notify("textDocument/didOpen", {"textDocument": document})
            diagnosed = server.diagnosed(file.as_uri(), 1)
            first = first or diagnosed - started
        return first, server.megabytes, len(files)


def table(figures: Sequence[Figures]) -> Iterator[str]:
    """The figures as a table in Markdown."""
    yield "| lines | server | opened | keystroke, median | 95 % | code actions | memory |"
    yield "|---|---|---|---|---|---|---|"
    for one in figures:
        times = [f"{value:.1f} ms" for value in (one.opened, one.median, one.slow, one.action)]
        yield f"| {one.lines:,} | {one.server} | {' | '.join(times)} | {one.megabytes:.0f} MB |"


def main() -> None:
    """Measure, by turns, and print."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, required=True, help="the folder with ruff's program")
    parser.add_argument("--lines", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--keystrokes", type=int, default=60)
    parser.add_argument("--tree", type=Path, help="a workspace to start in besides, as benchmarks.run makes one")
    given = parser.parse_args()
    commands = {
        "ssot-lsp": [sys.executable, "-m", "ssot_lsp", "server"],
        "ruff": [str(given.peers / "ruff"), "server"],
    }
    figures = [
        measure(name, command, lines, given.keystrokes) for lines in given.lines for name, command in commands.items()
    ]
    print("\n".join(table(figures)))
    at_once, later = (1000 * waited for waited in save(commands["ssot-lsp"], 1_000, _SAVES))
    print(f"\nWith fixOnSave a save of 1,000 lines waited {at_once:.1f} ms at most, right after a keystroke,")
    print(f"and {later:.1f} ms some time after it.")
    if given.tree is not None:
        first, megabytes, files = open_workspace(commands["ssot-lsp"], given.tree.resolve(), OPENED)
        print(f"\nIn a workspace of {files:,} files: {first:.2f} s from the start to the first diagnostics,")
        print(f"{megabytes:.0f} MB after opening {OPENED} files.")


if __name__ == "__main__":
    main()
