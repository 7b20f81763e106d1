"""What `docs/start.md` says of Neovim, done as it stands there."""

from __future__ import annotations

from pathlib import Path

import pytest

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
    text = (tmp_path / "ssot-lsp" / "examples" / "shop" / "shop" / "checkout.py").read_text(encoding="utf-8")
    assert FIXED in text
    assert "Buyer" not in text
