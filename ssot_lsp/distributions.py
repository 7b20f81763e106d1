"""The registries that installed distributions offer: what their metadata says, and where that leads.

Entry-point group `ssot_lsp.registries`, value `package:file.json`. Nothing is imported: not to read the metadata, and
not to find a package that is installed as an editable one, wherever its source is.
"""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PureWindowsPath
from typing import Any, NamedTuple

from ssot_lsp.model import is_dotted_name

GROUP = "ssot_lsp.registries"
"""The group of entry points."""


class NotOfferedError(LookupError):
    """No registry can be had under a name; its text says why."""


class Offer(NamedTuple):
    """One entry point."""

    name: str
    value: str
    distribution: str
    """The distribution's name and version, as its metadata's folder has them: `acme 1.0`."""
    metadata: Path
    """The distribution's `.dist-info` or `.egg-info`."""


class OfferedRegistry(NamedTuple):
    """A registry file that a distribution offers."""

    path: Path
    folder: Path
    """Its top package: what it names by a relative path is in there too."""
    distribution: str
    """As in `Offer`."""
    is_editable: bool
    """It lies outside of the environment: the source of its distribution is installed as it is."""


def normal(name: str) -> str:
    """A distribution's name as all its spellings have it (PEP 503, but with `_`)."""
    return re.sub(r"[-_.]+", "_", name).lower()


def import_path(site_packages: Sequence[Path]) -> Iterator[Path]:
    """The folders on the path of an environment: each site-packages, then those that its `.pth` files name (site)."""
    for site in site_packages:
        yield site
        for name in _listed(site):
            if name.endswith(".pth") and not name.startswith("."):
                for line in _text(site / name).splitlines():
                    is_path = line.strip() and not line.startswith(("#", "import ", "import\t"))
                    folder = site / line.rstrip()
                    if is_path and os.path.isdir(folder):  # noqa: PTH112 - which knows names that are too long
                        yield folder


def offers(site_packages: Sequence[Path]) -> tuple[Offer, ...]:
    """All that distributions offer, in the order of the path; of two of one name the first counts, as for Python."""
    found, seen = list[Offer](), set[str]()
    for folder in import_path(site_packages):
        for name in _listed(folder):
            stem, kind = os.path.splitext(name)  # noqa: PTH122 - a name, not a path
            if kind not in (".dist-info", ".egg-info") or name.startswith("~"):  # what pip was about to remove
                continue
            distribution, _, rest = stem.partition("-")
            if normal(distribution) not in seen:
                seen.add(normal(distribution))
                spoken = f"{distribution} {rest.partition('-')[0]}".rstrip()
                entry_points = _entry_points(folder / name / "entry_points.txt")
                found += (Offer(*item, spoken, folder / name) for item in entry_points)
    return tuple(found)


def registry_of(offer: Offer, site_packages: Sequence[Path]) -> OfferedRegistry:
    """The file that an offer leads to.

    Raises NotOfferedError if it leads to none, or to one that is not the distribution's own.
    """
    said = f"{offer.distribution} offers {offer.name!r} as {offer.value!r}"
    package, _, file = (part.strip() for part in offer.value.partition(":"))
    if not is_dotted_name(package) or not file or not file.isprintable():
        raise NotOfferedError(f"{said}, which is not package:file.json")
    within = PureWindowsPath(file)  # which knows all separators and drives
    if within.anchor or ".." in within.parts:
        raise NotOfferedError(f"{said}, which leads out of its package")
    inner = (*package.split("."), *within.parts)
    for top, rest in _tops(inner, offer, site_packages):
        path = top.joinpath(*rest)
        if os.path.isfile(path):  # noqa: PTH113 - as above
            real = path.resolve()
            own = (top.parent, offer.metadata.resolve().parent, *_project(offer.metadata))
            if not any(real.is_relative_to(folder.resolve()) for folder in own):
                raise NotOfferedError(f"{said}, which is a link that leads out of it, to {real}")
            is_editable = not any(top.is_relative_to(site) for site in site_packages)
            return OfferedRegistry(real, real.parents[len(rest) - 1], offer.distribution, is_editable)
    where = next((f" (its source is in {project})" for project in _project(offer.metadata)), "")
    raise NotOfferedError(f"{said}, and no such file is there{where}")


def _tops(inner: Sequence[str], offer: Offer, site_packages: Sequence[Path]) -> Iterator[tuple[Path, Sequence[str]]]:
    """Where a top package may be, and what of the path to a file in it is below that."""
    for folder in import_path(site_packages):
        yield folder / inner[0], inner[1:]
    for site in site_packages:
        for finder in sorted(site.glob("__editable___*_finder.py")):
            for name, top in _mapping(finder).items():
                parts = name.split(".")
                if len(parts) < len(inner) and [*inner[: len(parts)]] == parts:
                    yield Path(top), inner[len(parts) :]
    for project in _project(offer.metadata):
        yield from ((folder / inner[0], inner[1:]) for folder in (project / "src", project))


def _project(metadata: Path) -> tuple[Path, ...]:
    """The folder of the project that an editable distribution is the source of (PEP 610); none for others."""
    from urllib.parse import urlsplit  # noqa: PLC0415 - 30 ms that few distributions cost
    from urllib.request import url2pathname  # noqa: PLC0415

    with suppress(ValueError, AttributeError, RecursionError):
        told = json.loads(_text(metadata / "direct_url.json") or "{}")
        url = urlsplit(told.get("url", ""))
        if url.scheme == "file" and told.get("dir_info", {}).get("editable") is True:
            return (Path(url2pathname(url.path)),)
    return ()


def _mapping(finder: Path) -> dict[str, str]:
    """Where the packages are that setuptools' finder for editable installs knows, by their dotted names."""
    with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        for statement in ast.parse(_text(finder)).body:
            targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
            if any(isinstance(target, ast.Name) and target.id == "MAPPING" for target in targets):
                value: Any = ast.literal_eval(statement.value)  # type: ignore[attr-defined]
                return {key: item for key, item in value.items() if isinstance(key, str) and isinstance(item, str)}
    return {}


def _entry_points(path: Path) -> list[tuple[str, str]]:
    """The names and values in our group; none of a file that cannot be read."""
    text = _text(path)
    if GROUP not in text:
        return []
    from configparser import ConfigParser, Error  # noqa: PLC0415 - few environments offer anything

    parser = ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text)
        return parser.items(GROUP)
    except Error:
        return []


def _listed(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 - names are wanted
    except OSError:
        return []


def _text(path: Path) -> str:
    """The text of a file; empty if there is none."""
    try:
        return path.read_text("utf-8", "replace").removeprefix("\ufeff")
    except OSError:
        return ""
