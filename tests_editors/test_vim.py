"""Vim with ALE, configured as documented."""

from __future__ import annotations

import json
from pathlib import Path

from tests_editors.editors import NEW, Workspace, documented, found

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


def test_ale(tmp_path: Path) -> None:
    workspace = Workspace.below(tmp_path)
    home, (linter, vimrc) = workspace.home, documented("Vim (ALE)", "vim")
    linters, result = home / ".vim" / "ale_linters" / "python", home / "result.json"
    linters.mkdir(parents=True)
    (linters / "ssot_lsp.vim").write_text(linter, encoding="utf-8")
    (home / ".vimrc").write_text(f"packadd! ale\nfiletype plugin on\n{vimrc}", encoding="utf-8")
    script = home / "test.vim"
    script.write_text(TEST.replace("{result}", f"'{result}'"), encoding="utf-8")
    done = workspace.run([found("vim"), "--not-a-term", "-T", "dumb", "-i", "NONE", "-n", "app/other.py", "-S", script])
    assert done.returncode == 0, done.stderr
    column = len("from app.old import ") + 1
    assert json.loads(result.read_text(encoding="utf-8")) == [[1, column, "SSOT001", "W"]]
    assert workspace.text("app/other.py") == f"{NEW}\n\nprint(Thing)\n"
