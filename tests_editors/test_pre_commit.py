"""The hooks, as documented, run by the real pre-commit: it installs this repository from a clone."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests_editors.editors import AFTER, NEW, Workspace, copy_of_repository, documented

PERSON = {f"GIT_{role}_{what}": "test@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
INSTALLATION = 300
"""Seconds."""


def test_a_commit_is_checked_and_fixed(tmp_path: Path) -> None:
    workspace, hooks = Workspace.below(tmp_path), copy_of_repository(tmp_path / "hooks")
    environment = workspace.environment() | PERSON | {"PRE_COMMIT_HOME": str(tmp_path / "pre-commit")}

    def run(*command: str, folder: Path = workspace.root, expect: int = 0) -> str:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=INSTALLATION,
            check=False,
        )
        assert done.returncode == expect, f"{command}\n{done.stdout}"
        return done.stdout

    for folder in (hooks, workspace.root):
        run("git", "init", "--quiet", folder=folder)
        run("git", "add", ".", folder=folder)
    run("git", "commit", "--quiet", "--message", "The hooks", folder=hooks)
    (configuration,) = documented("pre-commit", "yaml")
    for key, value in (("repo", str(hooks)), ("rev", run("git", "rev-parse", "HEAD", folder=hooks).strip())):
        configuration, replaced = re.subn(rf"\b{key}: .*", f"{key}: {value}", configuration)
        assert replaced == 1
    (workspace.root / ".pre-commit-config.yaml").write_text(configuration, encoding="utf-8")
    (workspace.root / "app" / "broken.py").unlink()
    run("pre-commit", "install")
    run("git", "add", "--all")

    said = run("pre-commit", "run", "ssot-lsp-check", expect=1)
    assert re.search(r"app/main\.py:1:\d+", said)
    assert "SSOT001" in said

    said = run("git", "commit", "--message", "Refused", expect=1)
    assert "files were modified by this hook" in said
    assert workspace.text("app/main.py") == AFTER
    assert workspace.text("app/other.py").startswith(NEW)

    run("git", "add", "--update")
    said = run("git", "commit", "--message", "Accepted")
    assert re.findall(r"^ssot-lsp (\w+)\.+(\w+)$", said, re.MULTILINE) == [("fix", "Passed"), ("check", "Passed")]
    assert run("git", "log", "--format=%s").split() == ["Accepted"]
