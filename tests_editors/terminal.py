"""A terminal with one program in it: what is typed, and what is to be seen."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests_editors.editors import found

SOON = 20
"""Seconds in which what is waited for has to be there."""
_SETTINGS = """
set -g default-terminal tmux-256color
set -ga terminal-features ",*:RGB"
set -g status off
set -s escape-time 0
"""


class Terminal:
    """A window of tmux that nobody looks at."""

    def __init__(self, tmux: list[str | Path], environment: Mapping[str, str]) -> None:
        self._tmux = tmux
        self._environment = environment

    @classmethod
    @contextmanager
    def opened(
        cls, command: list[str | Path], folder: Path, environment: Mapping[str, str], size: tuple[int, int] = (100, 30)
    ) -> Iterator[Terminal]:
        """Run a command in a terminal with so many columns and rows; afterwards both are gone."""
        with tempfile.TemporaryDirectory(prefix="terminal-") as own:
            settings = Path(own, "tmux.conf")
            settings.write_text(_SETTINGS, encoding="utf-8")
            # a socket's path must be short
            terminal = cls([found("tmux"), "-S", Path(own, "socket"), "-f", settings], environment)
            columns, rows = map(str, size)
            terminal._run("new-session", "-d", "-x", columns, "-y", rows, "-c", folder, "--", *command)
            try:
                yield terminal
            finally:
                terminal._run("kill-server")

    def _run(self, *arguments: str | Path) -> str:
        done = subprocess.run(
            [*self._tmux, *arguments],
            env={**self._environment, "COLORTERM": "truecolor"},
            capture_output=True,
            encoding="utf-8",
            timeout=SOON,
            check=True,
        )
        return done.stdout

    def type(self, text: str) -> None:
        """Type a text as it is."""
        self._run("send-keys", "-l", "--", text)

    def press(self, key: str) -> None:
        """Press a key that has a name: Enter, Escape, C-c."""
        self._run("send-keys", key)

    def screen(self) -> str:
        """What is to be seen, without the blanks at the ends of its lines."""
        return "".join(f"{line.rstrip()}\n" for line in self._run("capture-pane", "-p").splitlines())

    def coloured(self) -> str:
        """What is to be seen, with the colours as ANSI's escape sequences."""
        return self._run("capture-pane", "-p", "-e")

    def cursor(self) -> tuple[int, int]:
        """The column and the row of the cursor, from 0."""
        column, row = self._run("display-message", "-p", "#{cursor_x} #{cursor_y}").split()
        return int(column), int(row)

    def wait_for(self, what: str, condition: Callable[[str], object], limit: float = SOON) -> None:
        """Wait until a condition holds for the screen."""
        until = time.monotonic() + limit
        while not condition(screen := self.screen()):
            if time.monotonic() > until:
                pytest.fail(f"waited in vain for {what}; to be seen is\n{screen}")
            time.sleep(0.05)
