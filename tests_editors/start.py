"""What `docs/start.md` says, done as it stands there, in a terminal.

``python -m tests_editors.start`` takes the pictures that it shows anew.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from html import escape, unescape
from io import StringIO
from pathlib import Path

from rich.console import CONSOLE_SVG_FORMAT, Console  # type: ignore[attr-defined]  # its documentation names it
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from tests_editors.editors import INSTALLED, REPOSITORY, Workspace, copy_of_repository, found, section
from tests_editors.terminal import Terminal

IMAGES = REPOSITORY / "docs" / "images"
COLUMNS, ROWS = 110, 20
INSTALLATION = 300
"""Seconds that a command may take."""
CALM = 2
"""Seconds in which a screen has not changed that is worth a picture."""
_STEP = re.compile(
    r"^ *```console\n(?P<commands>.*?)^ *```$|^ *```lua\n(?P<lua>.*?)^ *```$"
    r"|<kbd>(?P<key>.*?)</kbd>|\]\(images/(?P<picture>.*?)\.svg\)",
    re.MULTILINE | re.DOTALL,
)
_PROMPT, _READY = r"[$?] ", "[0]"
"""The shell says how the last command has ended, and that it takes another."""
_UNDERLINE_COLOUR = re.compile(r"\x1b\[58;2(;\d+){3}m")
"""Rich does not know it, and takes what follows for something else."""
_FONT = re.compile(r"@font-face \{\{.*?\}\}\s*", re.DOTALL)
_DARK = TerminalTheme((20, 22, 27), (224, 226, 234), [(0, 0, 0)] * 8)


def follow(heading: str, folder: Path, look: Callable[[Terminal, str], None]) -> dict[str, float]:
    """Do all that a section of the page says, in a new copy of the repository.

    Where there is a picture, `look` waits until the screen is what it shows. Returns after how many seconds each was.
    """
    person = Workspace(copy_of_repository(folder / "ssot-lsp"), folder / "home")
    person.programs.mkdir(parents=True)
    for program in (found("nvim", INSTALLED / "neovim" / "bin"), found("pipx", Path(sys.executable).parent)):
        (person.programs / program.name).symlink_to(program)
    path = os.pathsep.join((str(person.programs), os.defpath))  # here is no ssot-lsp until it is installed
    environment = person.environment() | {"PATH": path, "PS1": _PROMPT}
    seen: dict[str, float] = {}
    shell: list[str | Path] = [found("bash"), "--noprofile", "--norc"]
    with Terminal.opened(shell, person.root, environment, (COLUMNS, ROWS)) as terminal:
        began = time.monotonic()
        for step in _STEP.finditer(section("start.md", heading)):
            if step["commands"]:
                for line in textwrap.dedent(step["commands"]).splitlines():
                    _command(terminal, line.removeprefix("$ "))
            elif step["lua"]:
                configuration = person.home / ".config" / "nvim" / "init.lua"
                configuration.parent.mkdir(parents=True)
                configuration.write_text(textwrap.dedent(step["lua"]), encoding="utf-8")
            elif step["key"]:
                if step["key"] == "Enter":
                    terminal.press("Enter")
                else:
                    terminal.type(unescape(step["key"]))
            else:
                look(terminal, step["picture"])
                seen[step["picture"]] = time.monotonic() - began
    return seen


def _command(terminal: Terminal, command: str) -> None:
    """Give the shell a command, as soon as the last one has succeeded."""
    terminal.wait_for("the shell", lambda screen: screen.rstrip().rpartition("\n")[2] == _READY, INSTALLATION)
    terminal.type(command)
    terminal.wait_for("the echo", lambda screen: command in screen.replace("\n", ""))
    terminal.press("Enter")


def picture(terminal: Terminal) -> str:
    """The screen as an SVG that needs nothing else, and says in words what is to be seen."""
    text = Text.from_ansi(_UNDERLINE_COLOUR.sub("", terminal.coloured()), no_wrap=True)
    lines = text.split("\n", allow_blank=True)
    column, row = terminal.cursor()
    lines[row].pad_right(max(0, column + 1 - len(lines[row])))
    lines[row].stylize(Style(reverse=True), column, column + 1)
    console = Console(record=True, width=COLUMNS, file=StringIO(), color_system="truecolor", force_terminal=True)
    console.print(Text("\n").join(lines[:ROWS]), crop=True)
    layout = _FONT.sub("", CONSOLE_SVG_FORMAT).replace("Fira Code, ", "ui-monospace, Menlo, Consolas, ")
    drawn = console.export_svg(title="Neovim", theme=_DARK, code_format=layout, unique_id="screen")
    drawn = drawn.replace("<style>", f"<desc>{escape(terminal.screen())}</desc>\n    <style>", 1)
    return "".join(f"{line.rstrip()}\n" for line in drawn.splitlines())


def described(name: str) -> str:
    """What a picture of the page shows, in words."""
    (words,) = re.findall("<desc>(.*?)</desc>", (IMAGES / f"{name}.svg").read_text(encoding="utf-8"), re.DOTALL)
    return unescape(words)


def _take(terminal: Terminal, name: str) -> None:
    """Take a picture when nothing changes any more."""
    last, since = "", time.monotonic()

    def is_calm(screen: str) -> bool:
        nonlocal last, since
        if screen != last:
            last, since = screen, time.monotonic()
        return time.monotonic() - since > CALM

    terminal.wait_for("calm", is_calm)
    (IMAGES / f"{name}.svg").write_text(picture(terminal), encoding="utf-8")
    print(f"{name}\n{terminal.screen()}")


def main() -> None:
    """Take all pictures anew."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="start-") as folder:
        follow("Neovim", Path(folder), _take)


if __name__ == "__main__":
    main()
