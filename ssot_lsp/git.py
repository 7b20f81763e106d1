"""Which files have changed, as git says. None of the programs runs that a repository's own settings may name."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

_NO_PROGRAMS = {"core.fsmonitor": "false", "core.hooksPath": os.devnull}
_ENVIRONMENT = {"GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0"}
"""Nothing is fetched, and nothing is written."""
_ADDED, _DELETED = "A", "D"


class GitError(Exception):
    """Git is missing or refused; the text says which."""


def changed_files(root: Path, base: str | None = None) -> frozenset[Path]:
    """The files under `root` that differ from HEAD, or from where `base` and HEAD part, and those not yet tracked.

    Raises GitError.
    """
    return Changes.since(root, base).now


class Changes:
    """What has changed since a revision, by what git says of the files that it does not ignore."""

    def __init__(self, git: _Git, revision: str, top: Path, states: Mapping[Path, str]) -> None:
        """`states` are the letters by which git tells how a file has changed."""
        self._git, self._revision, self._top = git, revision, top
        self.now = frozenset(path for path, state in states.items() if state != _DELETED)
        """The files that there are and that are other ones than then."""
        self.new = frozenset(path for path, state in states.items() if state == _ADDED)
        """Those of them that were not there."""
        self.gone = frozenset(path for path, state in states.items() if state == _DELETED)
        """The files that are there no more."""

    @classmethod
    def since(cls, root: Path, base: str | None = None) -> Changes:
        """The changes since HEAD, or since `base` and HEAD parted. Raises GitError."""
        git = _Git(root)
        revision = git.run("merge-base", "--end-of-options", base, "HEAD").strip() if base else "HEAD"
        top = Path(git.run("rev-parse", "--show-toplevel").rstrip("\n"))
        # git looks at submodules with their own settings, and what is in them is not this repository's
        how = ("--name-status", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all")
        told = git.run("diff", *how, revision, "--").split("\0")
        states = dict(zip(told[1::2], told[::2], strict=False))
        untracked = git.run("ls-files", "-z", "--others", "--exclude-standard", "--full-name").split("\0")
        states |= dict.fromkeys(filter(None, untracked), _ADDED)
        return cls(git, revision, top, {Path(os.path.normpath(top / name)): states[name] for name in states})

    def before(self, path: Path) -> bytes:
        """The bytes that a file had then. Raises OSError if it was not there, or git does not give them."""
        if path in self.new:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        try:
            return self._git.output("cat-file", "blob", f"{self._revision}:{path.relative_to(self._top).as_posix()}")
        except GitError as error:
            raise OSError(str(error)) from error


class _Git:
    """git in a folder; what the repository's settings say to run, hooks, a file monitor and filters, is not run."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._environment = _with_settings(_NO_PROGRAMS)
        # filters cannot be forbidden, but each that is named can be made to do nothing
        names = self.run("config", "--name-only", "-z", "--get-regexp", r"^filter\.", codes=(0, 1)).split("\0")
        idle = {name: "false" if name.endswith(".required") else "" for name in names if name}
        self._environment = _with_settings(_NO_PROGRAMS | idle)

    def run(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        """What a git command prints, as text; see `output`."""
        return os.fsdecode(self.output(*arguments, codes=codes))

    def output(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> bytes:
        """What a git command prints. Raises GitError if it exits with a code that is not expected."""
        try:
            done = subprocess.run(  # noqa: S603
                ["git", *arguments],  # noqa: S607 - git is found as every program is
                cwd=self._root,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
        except OSError as error:
            raise GitError(f"git is needed: {error.strerror or error}") from error
        if done.returncode not in codes:
            raise GitError(os.fsdecode(done.stderr).strip() or "git failed")
        return done.stdout


def _with_settings(settings: Mapping[str, str]) -> dict[str, str]:
    """An environment in which git has these settings; keys may have a `=` in them (git-config, `GIT_CONFIG_COUNT`)."""
    environment = {**os.environ, **_ENVIRONMENT, "GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings.items()):
        environment |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return environment


def repository_root(folder: Path) -> Path:
    """The top of the repository that a folder is in; the folder itself if it is in none."""
    return next((place for place in (folder, *folder.parents) if (place / ".git").exists()), folder)
