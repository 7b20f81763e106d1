"""Print the lowest versions that pyproject.toml allows, as a constraints file for pip.

``name>=1.2; marker`` becomes ``name==1.2; marker``, for the dependencies of the product (not for its tools). One
without a lower bound is an error: nobody would know what it was tested with.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)\s*>=\s*(?P<lowest>[\w.]+)[^;]*(?P<marker>;.*)?")


def lowest(requirement: str) -> str:
    """Return the requirement with its lower bound as the only version."""
    match = _REQUIREMENT.fullmatch(requirement)
    if match is None:
        raise ValueError(f"no lower bound: {requirement!r}")
    return f"{match['name']}=={match['lowest']}{match['marker'] or ''}"


def main() -> None:
    """Print one line for each dependency."""
    pyproject = Path(__file__).resolve().parent.parent / "pyproject.toml"
    project: dict[str, Any] = tomllib.loads(pyproject.read_text("utf-8"))["project"]
    for requirement in project["dependencies"]:
        print(lowest(requirement))


if __name__ == "__main__":
    main()
