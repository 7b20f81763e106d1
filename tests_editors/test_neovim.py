"""Neovim with our plugin, installed as a package and set up as documented.

The newest one, the same in which our plugin takes the way for 0.8 to 0.10 (which nobody offers as a package here), and
the system's.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests_editors.editors import AFTER, BEFORE, BROKEN, INSTALLED, NEW, OLD, REPOSITORY, Workspace, documented, found

PLUGIN = REPOSITORY / "nvim-client"
LUA = Path(__file__).with_name("neovim.lua")
DEPRECATED = 2
"""LSP 3.17, `DiagnosticTag`."""
AS_BEFORE_0_11 = """
local has = vim.fn.has
vim.fn.has = function(feature)
  return feature == "nvim-0.11" and 0 or has(feature)
end
"""
PATIENT = 'require("ssot_lsp").setup({ fix_on_save = true, timeout_ms = 20000 })'
"""How fast a slow machine is does not matter then."""


class Neovim(NamedTuple):
    """One Neovim, our plugin in its packages, and a workspace."""

    program: Path
    workspace: Workspace
    prelude: str
    """Lua that comes before the set-up."""

    def see(self, test: str, file: str = "app/main.py", setup: str = PATIENT) -> Any:
        """Open a file, and run Lua; what that returns."""
        home = self.workspace.home
        configuration = home / ".config" / "nvim" / "init.lua"
        configuration.parent.mkdir(parents=True, exist_ok=True)
        configuration.write_text(f"{self.prelude}\n{setup}", encoding="utf-8")
        script, result = home / "test.lua", home / "result.json"
        script.write_text(test, encoding="utf-8")
        run = f"lua dofile({json.dumps(str(LUA))}).run({json.dumps(str(script))}, {json.dumps(str(result))})"
        done = self.workspace.run([self.program, "--headless", "-n", "-i", "NONE", file, "-c", run])
        said = f"{done.stdout}{done.stderr}{self.log()}"
        assert done.returncode == 0, said
        is_done, seen = json.loads(result.read_text(encoding="utf-8"))
        assert is_done, f"{seen}\n{said}"
        return seen

    def log(self) -> str:
        """What Neovim's clients have noted."""
        return "".join(log.read_text(encoding="utf-8") for log in self.workspace.home.rglob("lsp.log"))


@pytest.fixture(params=["newest", "as before 0.11", "system"])
def neovim(request: pytest.FixtureRequest, tmp_path: Path) -> Neovim:
    """A Neovim on a new workspace."""
    is_newest, prelude = request.param != "system", AS_BEFORE_0_11 if request.param == "as before 0.11" else ""
    program, workspace = found("nvim", INSTALLED / "neovim" / "bin" if is_newest else None), Workspace.below(tmp_path)
    packages = workspace.home / ".local" / "share" / "nvim" / "site" / "pack"
    shutil.copytree(PLUGIN, packages / "test" / "start" / "ssot-lsp")
    version = workspace.run([program, "--version"]).stdout
    numbers = re.match(r"NVIM v(\d+)\.(\d+)", version)
    assert numbers, version
    assert tuple(map(int, numbers.groups())) >= ((0, 11) if is_newest else (0, 7))
    return Neovim(program, workspace, prelude)


def test_diagnostics(neovim: Neovim) -> None:
    (seen,) = neovim.see(
        """
        local found = diagnostics(1)
        for _, d in ipairs(found) do
          found = { { d.lnum, d.col, d.end_lnum, d.end_col, d.code, d.source, d.user_data.lsp.tags } }
        end
        return found
        """,
        setup=documented("Neovim", "lua")[0],
    )
    start = len(BEFORE.partition("Thing")[0].encode())  # Neovim counts bytes
    assert seen == [0, start, 0, start + len("Thing"), "SSOT001", "ssot", [DEPRECATED]]


def test_one_server_for_all_files(neovim: Neovim) -> None:
    client_of_both = neovim.see(
        """
        diagnostics(1)
        vim.cmd("edit app/other.py")
        diagnostics(1)
        return { the_client().name, the_client().config.root_dir }
        """
    )
    assert client_of_both == ["ssot_lsp", str(neovim.workspace.root)]


def test_no_server_without_a_root(neovim: Neovim) -> None:
    outside = neovim.workspace.home / "alone.py"
    outside.write_text(f"{OLD}\n", encoding="utf-8")
    assert neovim.see("vim.wait(500) return vim.api.nvim_get_proc_children(vim.fn.getpid())", str(outside)) == []


def test_hover(neovim: Neovim) -> None:
    seen = neovim.see(
        """
        local found = diagnostics(1)[1]
        vim.api.nvim_win_set_cursor(0, { found.lnum + 1, found.col })
        vim.lsp.buf.hover()
        return wait_for("a window that floats", function()
          for _, window in ipairs(vim.api.nvim_list_wins()) do
            if vim.api.nvim_win_get_config(window).relative ~= "" then
              return lines(vim.api.nvim_win_get_buf(window))
            end
          end
        end)
        """
    )
    assert seen[0] == "`app.old.Thing` → `app.new:Thing`"
    assert "It was moved." in seen


def test_quick_fix(neovim: Neovim) -> None:
    titles, *after = neovim.see(
        """
        local found = diagnostics(1)[1]
        vim.api.nvim_win_set_cursor(0, { found.lnum + 1, found.col })
        local titles = choose("Import `app.new.Thing`")
        diagnostics(0)
        return { titles, unpack(lines()) }
        """
    )
    assert after == AFTER.splitlines()
    assert "Ignore SSOT001 on this line" in titles


def test_fix_on_write(neovim: Neovim) -> None:
    assert not neovim.see("diagnostics(1) vim.cmd('write') return vim.bo.modified")
    assert neovim.workspace.text("app/main.py") == AFTER
    assert "ssot_lsp" not in neovim.log()


def test_what_was_just_typed_is_fixed(neovim: Neovim) -> None:
    neovim.see(
        f"""
        diagnostics(1)
        vim.api.nvim_buf_set_lines(0, 0, 1, false, {{ "x = '😋é'; {OLD}" }})
        vim.cmd("write")
        """,
        "app/other.py",
    )
    assert neovim.workspace.text("app/other.py") == f"x = '😋é'; {NEW}\n\nprint(Thing)\n"


def test_a_file_that_does_not_parse_is_written_as_it_is(neovim: Neovim) -> None:
    neovim.see("diagnostics(1) vim.cmd('write')", "app/broken.py")
    assert neovim.workspace.text("app/broken.py") == BROKEN


def test_nothing_is_fixed_unless_it_is_wanted(neovim: Neovim) -> None:
    neovim.see("diagnostics(1) vim.cmd('write')", setup='require("ssot_lsp").setup()')
    assert neovim.workspace.text("app/main.py") == BEFORE


def test_fix_all_command(neovim: Neovim) -> None:
    assert neovim.see("diagnostics(1) vim.cmd('SsotFixAll') return lines()") == AFTER.splitlines()
    assert neovim.workspace.text("app/main.py") == BEFORE


def test_fix_workspace_command(neovim: Neovim) -> None:
    neovim.see(
        """
        diagnostics(1)
        vim.cmd("SsotFixWorkspace")
        wait_for("the edit", function()
          return vim.fn.bufloaded("app/other.py") == 1 and vim.bo.modified
        end)
        vim.cmd("noautocmd wall")
        """
    )
    assert neovim.workspace.text("app/main.py") == AFTER
    assert neovim.workspace.text("app/other.py") == f"{NEW}\n\nprint(Thing)\n"
    assert neovim.workspace.text("app/broken.py") == BROKEN


def test_settings(neovim: Neovim) -> None:
    setup = 'require("ssot_lsp").setup({ settings = { ssot = { severity = { SSOT001 = "hint" } } } })'
    neovim.see(
        """
        wait_for("a hint", function()
          local found = vim.diagnostic.get(0)
          return #found == 1 and found[1].severity == vim.diagnostic.severity.HINT
        end)
        """,
        setup=setup,
    )


def test_help(neovim: Neovim) -> None:
    seen = neovim.see(
        """
        vim.cmd("helptags ALL")
        local names = {}
        for _, tag in ipairs({ "ssot-lsp", "ssot-lsp-options", ":SsotFixAll", ":SsotFixWorkspace", ":SsotRestart" }) do
          vim.cmd("help " .. tag)
          table.insert(names, vim.fn.expand("%:t"))
        end
        return names
        """
    )
    assert set(seen) == {"ssot-lsp.txt"}


@pytest.mark.parametrize("signal", ["sigkill", "sigstop"])
def test_a_server_that_is_gone_or_hangs_keeps_no_text_from_its_file(neovim: Neovim, signal: str) -> None:
    took = neovim.see(
        f"""
        diagnostics(1)
        local server = the_process()
        vim.loop.kill(server, "{signal}")
        vim.api.nvim_buf_set_lines(0, 0, 0, false, {{ "x = 1" }})
        local began = vim.loop.hrtime()
        vim.cmd("write")
        local took = (vim.loop.hrtime() - began) / 1e6
        vim.loop.kill(server, "sigkill")
        return took
        """,
        setup='require("ssot_lsp").setup({ fix_on_save = true, timeout_ms = 300 })',
    )
    assert neovim.workspace.text("app/main.py") == f"x = 1\n{BEFORE}"
    assert took < 1000
    assert "is written as it is" in neovim.log()


@pytest.mark.parametrize("signal", ["", "sigkill"])
def test_restart(neovim: Neovim, signal: str) -> None:
    before, after = neovim.see(
        f"""
        diagnostics(1)
        local before = the_process()
        if "{signal}" ~= "" then
          vim.loop.kill(before, "{signal}")
          wait_for("its end", function()
            return #vim.api.nvim_get_proc_children(vim.fn.getpid()) == 0
          end)
        end
        vim.cmd("SsotRestart")
        wait_for("another server", function()
          local children = vim.api.nvim_get_proc_children(vim.fn.getpid())
          return #children == 1 and children[1] ~= before
        end)
        vim.api.nvim_buf_set_lines(0, 0, -1, false, {{ "{OLD}", "{OLD}" }})
        diagnostics(2)
        return {{ before, the_process() }}
        """
    )
    assert before != after
