"""The page that `ssot-lsp registry docs` makes, in a real Chromium.

``python -m tests_editors.page`` takes the picture of it in the documentation anew.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests_editors.editors import LIMIT, REPOSITORY, Workspace, found

PICTURE = REPOSITORY / "docs" / "images" / "imports-page.png"
_HERE = Path(__file__).resolve().parent

USUAL: list[dict[str, object]] = [
    {
        "canonical": "shop.billing.invoices:Invoice",
        "deprecated": ["shop.models:Bill", "shop.legacy.billing:Bill"],
        "reason": "A bill is called an invoice everywhere now.",
        "owner": "billing",
        "issue": "https://example.com/issues/214",
        "since": "2026-01-15",
        "removal": "2026-12-31",
    },
    {
        "canonical": "shop.customers:Customer",
        "deprecated": ["shop.models:Buyer"],
        "reason": "Renamed: who returns a parcel is a customer too.",
        "owner": "accounts",
        "issue": "https://example.com/issues/187",
        "since": "2025-11-03",
    },
    {"canonical": "shop.orders:Order", "deprecated": ["shop.models:Order"], "exclusive": True, "owner": "checkout"},
    {
        "canonical": None,
        "deprecated": ["shop.models:Basket"],
        "alternatives": ["shop.orders:Order"],
        "owner": "checkout",
    },
]
_LONG = ".".join(f"a_rather_long_package_name_{number}" for number in range(8))
HOSTILE = "</script></style><img src=x onerror=alert(1)>\"'><script>alert(2)</script> & <b onclick=alert(3)>"
ODD: list[dict[str, object]] = [
    {"canonical": f"{_LONG}:ClassWithANameThatIsLongerThanAnyTelephoneIsWide", "deprecated": [f"{_LONG}:Old"]},
    {"canonical": "a_setting:conf.get", "deprecated": ["shop.settings:get"], "applicability": "unsafe"},
    {"canonical": "builtins:ExceptionGroup", "deprecated": ["shop.compat:ExceptionGroup"], "severity": "error"},
    {
        "canonical": "shop.zoo:Hostile",
        "deprecated": ["shop.zoo:Old"],
        "reason": HOSTILE,
        "owner": HOSTILE,
        "issue": "javascript:alert(4)",
        "since": HOSTILE,
        "allow": [HOSTILE],
    },
]
FILES = {
    "shop/__init__.py": "",
    "shop/models.py": "",
    "shop/customers.py": "class Customer: ...\n",
    "shop/orders.py": "class Order: ...\n",
    "shop/checkout.py": "from shop.models import Buyer\n",
    "shop/letters.py": "from shop.models import Buyer\n",
    "shop/returns.py": "from shop.models import Basket\n",
}


def made(workspace: Workspace, entries: list[dict[str, object]], *options: str) -> Path:
    """The page of a registry with these entries."""
    registry = {"version": 1, "packages": ["shop"], "entries": entries}
    (workspace.root / "registry.json").write_text(json.dumps(registry), encoding="utf-8")
    for path, text in FILES.items():
        (workspace.root / path).parent.mkdir(exist_ok=True)
        (workspace.root / path).write_text(text, encoding="utf-8")
    done = workspace.run(["ssot-lsp", "registry", "docs", "--output", "page.html", *options])
    assert done.returncode == 0, done.stderr
    return workspace.root / "page.html"


def seen(page: Path, look: str, given: object = None) -> Any:
    """What a look at the page, one of those in `page.mjs`, has seen."""
    package = REPOSITORY / "vscode-client" / "package.json"
    command: list[str | Path] = [found("node"), _HERE / "page.mjs", found("chromium"), package]
    done = subprocess.run(
        [*command, page, page.parent, look, json.dumps(given)],
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def main() -> None:
    """Take the picture."""
    with tempfile.TemporaryDirectory(prefix="page-") as folder:
        page = made(Workspace.below(Path(folder)), USUAL)
        seen(page, "colours")
        shutil.copy(page.parent / "page-light.png", PICTURE)


if __name__ == "__main__":
    main()
