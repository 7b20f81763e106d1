"""Vim with ALE, configured as documented."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests_editors.editors import NEW, Workspace, documented, found
from tests_editors.terminal import Terminal

TEST = """
function! s:WaitFor(condition) abort
  for s:_ in range(200)
    if eval(a:condition)
      return
    endif
    sleep 50m
  endfor
  call writefile([json_encode('waited in vain for ' . a:condition)], {result})
  qall!
endfunction

call s:WaitFor("!empty(get(get(g:ale_buffer_info, bufnr(''), {}), 'loclist', []))")
let s:found = g:ale_buffer_info[bufnr('')].loclist
write
checktime  " a script has to do what Vim does by itself between what a person types
call s:WaitFor("getline(1) =~ 'app.new'")
call writefile([json_encode(map(s:found, {_, d -> [d.lnum, d.col, d.code, d.type]}))], {result})
qall!
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A new one, and a Vim with ALE."""
    workspace = Workspace.below(tmp_path)
    home, (linter, vimrc) = workspace.home, documented("Vim (ALE)", "vim")
    linters = home / ".vim" / "ale_linters" / "python"
    linters.mkdir(parents=True)
    (linters / "ssot_lsp.vim").write_text(linter, encoding="utf-8")
    (home / ".vimrc").write_text(f"packadd! ale\nfiletype plugin on\n{vimrc}", encoding="utf-8")
    return workspace


def test_diagnostics_and_fix_after_a_write(workspace: Workspace) -> None:
    result, script = workspace.home / "result.json", workspace.home / "test.vim"
    script.write_text(TEST.replace("{result}", f"'{result}'"), encoding="utf-8")
    done = workspace.run([found("vim"), "--not-a-term", "-T", "dumb", "-i", "NONE", "-n", "app/other.py", "-S", script])
    assert done.returncode == 0, done.stderr
    column = len("from app.old import ") + 1
    assert json.loads(result.read_text(encoding="utf-8")) == [[1, column, "SSOT001", "W"]]
    assert workspace.text("app/other.py") == f"{NEW}\n\nprint(Thing)\n"


def test_quick_fix(workspace: Workspace) -> None:
    vim: list[str | Path] = [found("vim"), "-i", "NONE", "-n", "app/other.py"]
    with Terminal.opened(vim, workspace.root, workspace.environment()) as terminal:
        terminal.wait_for("a problem", lambda screen: "is deprecated" in screen)
        terminal.type("/Thing\r")
        terminal.type("\\a")
        terminal.wait_for("the actions", lambda screen: "Type number and <Enter>" in screen)
        (number,) = re.findall(r"^(\d+)\) Import `app.new.Thing`$", terminal.screen(), re.MULTILINE)
        assert "Ignore SSOT001 on this line" in terminal.screen()
        terminal.type(f"{number}\r")
        terminal.wait_for("the fix", lambda screen: NEW in screen)
        terminal.type(":noautocmd write\r")
        terminal.wait_for("the end of the write", lambda screen: "written" in screen)
    assert workspace.text("app/other.py") == f"{NEW}\n\nprint(Thing)\n"
