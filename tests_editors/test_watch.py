"""`ssot-lsp fix --watch` beside a Neovim that knows nothing of ssot-lsp."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests_editors.editors import AFTER, FILES, INSTALLED, NEW, OLD, OTHER, Workspace, found
from tests_editors.terminal import SOON, Terminal


def until(condition: Callable[[], bool], output: Path) -> None:
    limit = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < limit, output.read_text(encoding="utf-8")
        time.sleep(0.05)


@pytest.mark.parametrize("options", ["", "backupcopy=no", "backupcopy=yes", "backup backupdir=. backupcopy=no"])
def test_what_neovim_writes_is_fixed_once(tmp_path: Path, options: str) -> None:
    workspace = Workspace.below(tmp_path)
    output = workspace.home / "output"
    environment = workspace.environment()
    command = f"set backupskip= {options}"  # what is temporary is written otherwise

    def save_until_fixed(path: str) -> bool:
        """Whether it is told that a file is fixed, which is saved again and again."""
        (workspace.root / path).write_text(OTHER, encoding="utf-8")
        time.sleep(1)
        return f"fixed {path}:" in output.read_text(encoding="utf-8")

    def fixed() -> list[str]:
        said = output.read_text(encoding="utf-8").splitlines()
        return [line for line in said if line.startswith("fixed app/main.py:")]

    with (
        output.open("wb") as told,
        subprocess.Popen(
            ["ssot-lsp", "fix", "--watch"], cwd=workspace.root, env=environment, stdout=told, stderr=subprocess.STDOUT
        ) as watch,
    ):
        try:
            until(lambda: save_until_fixed("app/first.py"), output)  # from when on it is watched nobody says
            neovim: list[str | Path] = [found("nvim", INSTALLED / "neovim" / "bin"), "--clean", "-n", "app/main.py"]
            with Terminal.opened([*neovim, "-c", command], workspace.root, environment) as terminal:
                terminal.wait_for("the file", lambda screen: "app.old" in screen)
                terminal.type(":write\r")
                until(lambda: len(fixed()) == 1, output)
                assert workspace.text("app/main.py") == AFTER
                terminal.type(":checktime\r")
                terminal.wait_for("what is on the disk now", lambda screen: NEW in screen)
                terminal.type(f"Go{OLD}\x1b:write\r")
                until(lambda: len(fixed()) == 2, output)
            until(lambda: save_until_fixed("app/last.py"), output)
        finally:
            watch.terminate()
    assert fixed() == ["fixed app/main.py: 1 x SSOT001 deprecated-import"] * 2
    assert OLD not in workspace.text("app/main.py")
    left = {str(path.relative_to(workspace.root)) for path in workspace.root.rglob("*") if path.is_file()}
    assert left == {*FILES, "app/first.py", "app/last.py", *(["app/main.py~"] if "backupdir" in options else [])}
