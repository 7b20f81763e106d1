"""What `docs/start.md` says of Neovim, done as it stands there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests_editors.editors import section
from tests_editors.start import described, follow
from tests_editors.terminal import Terminal

FIXED = """
from shop.orders import Order
from shop.customers import Customer


def receipt(order: Order, buyer: Customer) -> str:
"""


def test_neovim(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def look(terminal: Terminal, name: str) -> None:
        expected = described(name)
        terminal.wait_for(f"what {name} shows (`make pictures` takes it anew):\n{expected}", expected.__eq__)

    seen = follow("Neovim", tmp_path, look)
    with capsys.disabled():
        print("".join(f"\n{name} after {seconds:.1f} s" for name, seconds in seen.items()))
    repository = tmp_path / "ssot-lsp"
    text = (repository / "examples" / "shop" / "shop" / "checkout.py").read_text(encoding="utf-8")
    assert FIXED in text
    assert "Buyer" not in text

    (shown,) = re.findall(r"^```console\n(.*?)^```$", section("start.md", "What now"), re.MULTILINE | re.DOTALL)
    commands = "".join(f"{command}\n" for command in re.findall(r"^\$ (.*)$", shown, re.MULTILINE))
    said = subprocess.run(["sh", "-e"], cwd=repository, input=commands, stdout=subprocess.PIPE, text=True, check=True)
    assert said.stdout == re.sub(r"^\$ .*\n", "", shown, flags=re.MULTILINE)
