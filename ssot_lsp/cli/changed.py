"""Which files have changed, as git says."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

# git can be told by a repository's own settings to run programs; these say no
_GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")


class GitError(Exception):
    """Git is missing or refused; the text says which."""


def changed_files(root: Path, base: str | None) -> frozenset[Path]:
    """The files under `root` that differ from HEAD, or from where `base` and HEAD part, and those not yet tracked.

    Raises GitError.
    """
    revision = _git(root, "merge-base", "--end-of-options", base, "HEAD").strip() if base else "HEAD"
    top = Path(_git(root, "rev-parse", "--show-toplevel").rstrip("\n"))
    diff = ("diff", "--name-only", "-z", "--diff-filter=d", "--no-ext-diff", "--no-textconv", revision, "--")
    changed = _git(root, *diff).split("\0")
    untracked = _git(root, "ls-files", "-z", "--others", "--exclude-standard", "--full-name").split("\0")
    return frozenset(Path(os.path.normpath(top / name)) for name in (*changed, *untracked) if name)


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run([*_GIT, *arguments], cwd=root, capture_output=True, check=False)  # noqa: S603
    except OSError as error:
        raise GitError(f"--changed needs git: {error.strerror or error}") from error
    if done.returncode:
        raise GitError(f"--changed: {os.fsdecode(done.stderr).strip() or 'git failed'}")
    return os.fsdecode(done.stdout)
