"""Emacs with eglot and with lsp-mode, configured as documented."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests_editors.editors import AFTER, BEFORE, BROKEN, NEW, OLD, OTHER, Workspace, documented, found

LISP = Path(__file__).with_name("emacs.el")
DOCUMENTED_LIMIT = 0.5


class Emacs(NamedTuple):
    """Emacs and a workspace."""

    program: Path
    workspace: Workspace

    def see(self, test: str, file: str = "app/main.py", limit: float = 20) -> Any:
        """Open a file, and evaluate Lisp; what that returns. A save waits for fixes for `limit` seconds at most.

        How fast a slow machine is does not matter, unless the limit is the documented one.
        """
        (configuration,) = documented("Emacs (eglot)", "elisp")
        before, documented_limit, after = configuration.partition(f"(with-timeout ({DOCUMENTED_LIMIT})")
        assert documented_limit
        return self.run(f"{before}(with-timeout ({limit}){after}", f"(progn (visit {json.dumps(file)}) {test})")

    def see_in_lsp_mode(self, test: str) -> Any:
        """Open a file with lsp-mode, wait for its diagnostics as `found`, and evaluate Lisp; what that returns."""
        (configuration,) = documented("Emacs (lsp-mode)", "elisp")
        return self.run(
            f"(setq lsp-auto-guess-root t lsp-enable-file-watchers nil) {configuration}",
            f"""
            (progn
              (find-file "app/other.py")
              (lsp)
              (let ((found (wait-for "diagnostics" (lambda () (gethash buffer-file-name (lsp-diagnostics))))))
                {test}))
            """,
        )

    def run(self, configuration: str, test: str) -> Any:
        """Evaluate Lisp; what it returns."""
        home = self.workspace.home
        (home / "init.el").write_text(configuration, encoding="utf-8")
        script, result = home / "test.el", home / "result.json"
        script.write_text(test, encoding="utf-8")
        run = f"(note-what {json.dumps(str(script))} {json.dumps(str(result))})"
        done = self.workspace.run([self.program, "--batch", "-l", home / "init.el", "-l", LISP, "--eval", run])
        said = f"{done.stdout}{done.stderr}"
        assert done.returncode == 0, said
        is_done, seen = json.loads(result.read_text(encoding="utf-8"))
        assert is_done, f"{seen}\n{said}"
        return seen


def hide_behind_a_shell(workspace: Workspace) -> None:
    """Make a shell start the server: Emacs would notice that a process of its own is stopped."""
    program = workspace.programs / "ssot-lsp"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\n"{Path(sys.executable).parent / program.name}" "$@"\nexit $?\n', encoding="utf-8")
    program.chmod(0o755)


@pytest.fixture
def emacs(tmp_path: Path) -> Emacs:
    """Emacs on a new workspace, which eglot knows by its repository."""
    workspace = Workspace.below(tmp_path)
    (workspace.root / ".git").mkdir()
    return Emacs(found("emacs"), workspace)


def test_diagnostics(emacs: Emacs) -> None:
    seen = emacs.see(
        """
        (let ((found (car (diagnostics 1))))
          (vector (flymake-diagnostic-beg found) (flymake-diagnostic-end found) (flymake-diagnostic-text found)
                  (format "%s" (flymake-diagnostic-type found))
                  (format "%s" (alist-get 'face (flymake--diag-overlay-properties found)))))
        """
    )
    start = BEFORE.index("Thing") + 1  # Emacs counts characters, from 1
    assert seen[:2] == [start, start + len("Thing")]
    assert "SSOT001" in seen[2]
    assert seen[3:] == ["eglot-warning", "(eglot-diagnostic-tag-deprecated-face)"]


def test_quick_fix(emacs: Emacs) -> None:
    seen = emacs.see(
        """
        (let ((found (car (diagnostics 1))))
          (cl-letf (((symbol-function 'completing-read)
                     (lambda (_prompt items &rest _) (caar items))))
            (let ((last-nonmenu-event t))
              (eglot-code-actions (flymake-diagnostic-beg found) (flymake-diagnostic-end found) "quickfix" t)))
          (buffer-string))
        """
    )
    assert seen == AFTER


def test_fix_on_save(emacs: Emacs) -> None:
    emacs.see("(progn (diagnostics 1) (set-buffer-modified-p t) (save-buffer))")
    assert emacs.workspace.text("app/main.py") == AFTER


def test_what_was_just_typed_is_fixed(emacs: Emacs) -> None:
    emacs.see(
        f"""
        (progn
          (diagnostics 1)
          (goto-char (point-min))
          (delete-region (point) (line-end-position))
          (insert "x = '😋é'; {OLD}")
          (save-buffer))
        """,
        "app/other.py",
    )
    assert emacs.workspace.text("app/other.py") == f"x = '😋é'; {NEW}\n\nprint(Thing)\n"


def test_a_file_that_does_not_parse_is_saved_as_it_is(emacs: Emacs) -> None:
    emacs.see("(progn (diagnostics 1) (set-buffer-modified-p t) (save-buffer))", "app/broken.py")
    assert emacs.workspace.text("app/broken.py") == BROKEN


def test_fix_workspace_command(emacs: Emacs) -> None:
    emacs.see(
        """
        (progn
          (diagnostics 1)
          (cl-letf (((symbol-function 'y-or-n-p) (lambda (&rest _) t)))
            (ssot-fix-workspace)
            (wait-for "the edit" (lambda () (get-buffer "other.py"))))
          (remove-hook 'before-save-hook #'ssot-fix-all t)
          (save-some-buffers t))
        """
    )
    assert emacs.workspace.text("app/main.py") == AFTER
    assert emacs.workspace.text("app/other.py") == f"{NEW}\n\nprint(Thing)\n"
    assert emacs.workspace.text("app/broken.py") == BROKEN


def test_a_server_that_is_gone_keeps_no_text_from_its_file(emacs: Emacs) -> None:
    emacs.see(
        """
        (progn
          (diagnostics 1)
          (signal-process (jsonrpc--process (eglot-current-server)) 'SIGKILL)
          (wait-for "its end" (lambda () (not (eglot-managed-p))))
          (insert "x = 1\\n")
          (save-buffer))
        """
    )
    assert emacs.workspace.text("app/main.py") == f"x = 1\n{BEFORE}"


def test_a_server_that_hangs_keeps_no_text_from_its_file(emacs: Emacs) -> None:
    hide_behind_a_shell(emacs.workspace)
    took = emacs.see(
        """
        (let ((server (jsonrpc--process (eglot-current-server))))
          (diagnostics 1)
          (prog1 (save-without (child-of server))
            (wait-for "its end" (lambda () (not (eglot-managed-p))))))
        """,
        limit=DOCUMENTED_LIMIT,
    )
    assert emacs.workspace.text("app/main.py") == f"x = 1\n{BEFORE}"
    assert DOCUMENTED_LIMIT <= took < DOCUMENTED_LIMIT + 5


def test_lsp_mode_fixes_on_save(emacs: Emacs) -> None:
    seen = emacs.see_in_lsp_mode(
        """
        (progn
          (wait-for "fixes, which a save does not wait for"
                    (lambda () (sleep-for 0.5) (set-buffer-modified-p t) (save-buffer)
                      (save-excursion (goto-char (point-min)) (search-forward "app.new" nil t))))
          (vconcat (mapcar (lambda (diagnostic) (lsp:diagnostic-code? diagnostic)) found)))
        """
    )
    assert seen == ["SSOT001"]
    assert emacs.workspace.text("app/other.py") == f"{NEW}\n\nprint(Thing)\n"


def test_lsp_mode_quick_fix(emacs: Emacs) -> None:
    titles = emacs.see_in_lsp_mode(
        """
        (let ((titles nil))
          (goto-char (point-min))
          (search-forward "Thing")
          (goto-char (match-beginning 0))
          (cl-letf (((symbol-function 'completing-read)
                     (lambda (_prompt items &rest _)
                       (setq titles (all-completions "" items))
                       "Import `app.new.Thing`")))
            (call-interactively #'lsp-execute-code-action))
          (wait-for "the edit" #'buffer-modified-p)
          (remove-hook 'before-save-hook #'lsp--before-save t)
          (save-buffer)
          (vconcat titles))
        """
    )
    assert "Ignore SSOT001 on this line" in titles
    assert emacs.workspace.text("app/other.py") == f"{NEW}\n\nprint(Thing)\n"


def test_lsp_mode_does_not_wait_for_a_server_that_hangs(emacs: Emacs) -> None:
    hide_behind_a_shell(emacs.workspace)
    took = emacs.see_in_lsp_mode(
        """
        (let ((server (lsp--workspace-cmd-proc (car (lsp-workspaces)))))
          (setq lsp-restart 'ignore)
          (prog1 (save-without (child-of server))
            (wait-for "its end" (lambda () (not (process-live-p server))))))
        """
    )
    assert emacs.workspace.text("app/other.py") == f"x = 1\n{OTHER}"
    assert took < 5
