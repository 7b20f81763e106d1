"""The page that `ssot-lsp registry docs` makes, as people see it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from tests_editors.editors import INSTALLED, Workspace
from tests_editors.page import ODD, USUAL, made, seen

ENTRIES = [*USUAL, *ODD]
SOON = 300
"""Milliseconds; a third of that on a machine that has nothing else to do."""


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One with all that may be on it; the pictures of it are kept beside those of other editors."""
    page = made(Workspace.below(tmp_path_factory.mktemp("page")), ENTRIES)
    yield page
    kept = INSTALLED / "screenshots"
    kept.mkdir(parents=True, exist_ok=True)
    for picture in page.parent.glob("*.png"):
        shutil.copy(picture, kept)


def test_search(page: Path) -> None:
    searches = {
        "shop.models:buyer": ["Customer"],  # what it replaces
        "from shop.models import Buyer": ["Customer"],
        "SHOP.CUSTOMERS.CUSTOMER": ["Customer"],
        "billing invoice": ["Invoice"],
        "called an invoice": ["Invoice"],  # the reason
        "checkout": ["Customer", "Order", "Basket"],  # an owner, and a file
        "2026-12-31": ["Invoice"],
        "copy": [],  # what is said of everything says nothing
        "nobody has this": [],
        "": None,
    }
    found = seen(page, "search", [*searches])
    assert found["told"] == []
    assert found["focused"] == "search"
    assert len(found["all"]) == len(ENTRIES)
    for typed, names in searches.items():
        shown = found["seen"][typed]
        expected = found["all"] if names is None else names
        assert sorted(shown["names"]) == sorted(expected), typed
        total = f"{len(ENTRIES)} objects"
        assert shown["count"] == (total if names is None else f"{len(names)} of {total}")
        assert shown["nothing"] == (expected == [])
        assert (shown["packages"] == 0) == (expected == [])
    assert found["cleared"] == {"value": "", "names": found["all"]}
    assert sorted(found["left"]) == ["Basket", "Customer"]


def test_contrast_in_the_light_and_in_the_dark(page: Path) -> None:
    found = seen(page, "colours")
    pages = set()
    for scheme in ("light", "dark"):
        worst = found[scheme]
        assert worst["told"] == []
        assert worst["texts"] > 100
        assert worst["ratio"] >= 4.5, worst
        pages.add(worst["page"])
    assert len(pages) == 2


def test_a_phone(page: Path) -> None:
    found = seen(page, "phone")
    assert (found["told"], found["scrolls"], found["beyond"], found["packagesAreOpen"]) == ([], False, [], False)


def test_copy(page: Path) -> None:
    """With the browser's clipboard, and where a page has none."""
    found = seen(page, "copy", "conf.get")
    assert found["told"] == []
    assert found["copied"] == ["from a_setting import conf"] * 2


def test_without_its_script(page: Path) -> None:
    found = seen(page, "withoutScript")
    assert found["told"] == []
    assert len(found["names"]) == len(ENTRIES)
    assert (found["search"], found["buttons"]) == (False, 0)


def test_what_is_data_stays_text_and_nothing_else_is_asked_for(page: Path) -> None:
    found = seen(page, "hostile")
    assert found == {
        "told": [],
        "elements": 0,
        "scripts": 1,
        "handlers": [],
        "links": ["http:", "https:"],
        "anchors": 0,
        "asked": ["/"],
    }


def test_a_large_page(tmp_path: Path) -> None:
    entries: list[dict[str, object]] = [
        {
            "canonical": f"shop.area{number % 200}.module{number % 1000}:Thing{number}",
            "deprecated": [f"shop.legacy{number % 300}:Thing{number}", f"shop.older{number % 70}:Thing{number}"],
            "reason": f"Consolidated in wave {number % 9}.",
            "owner": f"team-{number % 12}",
        }
        for number in range(10_000)
    ]
    page = made(Workspace.below(tmp_path), entries, "--no-importers")
    searches = ["t", "th", "thing1", "thing12", "thing1234", "nobody has this", "", "team-3", "legacy7", "wave 5", ""]
    found = seen(page, "speed", searches)
    assert found["told"] == []
    total = "10,000 objects"
    assert [shown for _, _, shown in found["times"]][4:7] == [f"1 of {total}", f"0 of {total}", total]
    assert median(taken for _, taken, _ in found["times"]) < SOON, found["times"]

    link = seen(page, "link", "shop.area99.module899:Thing9899")
    assert link["told"] == []
    for top in link["tops"]:
        assert link["below"] <= top < link["height"]
