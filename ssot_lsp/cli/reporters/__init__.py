"""Reporters: what was found, as text for people, editors and CI. Pure: reports in, a string out.

Each format is one module here with a function `render(reports, root, colour)`; only the one asked for is imported.
No reporter sorts or filters: diagnostics appear in the order in which they are given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from ssot_lsp.cli.reporters.common import is_safely_fixable
from ssot_lsp.model import Report

FORMATS: tuple[str, ...] = ("full", "concise", "json", "sarif", "github", "gitlab", "junit")
"""What `--output-format` accepts; the first is the default."""


def render(format: str, reports: Sequence[Report], root: Path, *, colour: bool = False) -> str:  # noqa: A002
    """The reports in one of `FORMATS`, without a final line end.

    `root` is the project's folder: an absolute path, against which people and CI are shown paths. `colour` adds the
    escape sequences of a terminal to the formats for people (full, concise) and changes nothing in the others. Without
    any diagnostic the formats for people and github are empty; the others are valid documents that say so.

    Raises ValueError for an unknown format.
    """
    if format not in FORMATS:
        raise ValueError(f"unknown output format {format!r}: expected one of {', '.join(FORMATS)}")
    text: str = import_module(f"{__name__}.{format}").render(reports, root, colour)
    return text


def statistics(reports: Sequence[Report], *, as_json: bool = False) -> str:
    """How often each code was found, the most frequent first, as `ruff check --statistics` prints it.

    As JSON a list of `{code, name, count, fixable}`, `fixable` if all of them have a safe fix. Else a line per code:
    count, code, name; between them, if anything has a safe fix, `[*]` (all of them have one), `[-]` (some have) or
    `[ ]`. Without a final line end; as text, empty if nothing was found.
    """
    found = [diagnostic for report in reports for diagnostic in report.diagnostics]
    if not found:
        return "[]" if as_json else ""
    names = {diagnostic.code: diagnostic.name for diagnostic in found}
    counts = Counter(diagnostic.code for diagnostic in found)
    fixable = Counter(diagnostic.code for diagnostic in found if is_safely_fixable(diagnostic))
    by_count = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    if as_json:
        import json  # noqa: PLC0415 - only who asks for it pays

        rows = [
            {"code": code, "name": names[code], "count": count, "fixable": fixable[code] == count}
            for code, count in by_count
        ]
        return json.dumps(rows, indent=2)
    count_width = len(str(max(counts.values())))
    code_width = max(map(len, counts))

    def mark(code: str) -> str:
        if not fixable:
            return ""
        return "[*] " if fixable[code] == counts[code] else "[-] " if fixable[code] else "[ ] "

    return "\n".join(
        f"{count:>{count_width}}\t{code:<{code_width}}\t{mark(code)}{names[code]}" for code, count in by_count
    )
