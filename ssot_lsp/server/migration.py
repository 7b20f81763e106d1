"""How far the migration is: what our own requests `ssot/status` and `ssot/migration` answer, as plain JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lsprotocol import types as lsp

from ssot_lsp.model import Applicability, Entry
from ssot_lsp.server.convert import Encoding
from ssot_lsp.server.workspaces import WorkspaceFolder

Json = dict[str, Any]


def status_of(folder: WorkspaceFolder) -> Json:
    """The registry of a folder: `state` is `good`, `bad` (then the last good one holds, if there was any) or `none`."""
    project = folder.project
    files = [file.path for file in project.registry.files] if project is not None else []
    is_bad = any(problems for _, problems in folder.registry_problems.values())
    return {
        "uri": folder.root.as_uri(),
        "state": "bad" if is_bad else "good" if project is not None else "none",
        "registries": [path.as_uri() for path in files],
        "count": sum(1 for _ in project.registry.entries) if project is not None else 0,
    }


def entries_of(folder: WorkspaceFolder, found: Mapping[str, list[lsp.Diagnostic]], encoding: Encoding) -> list[Json]:
    """The entries of a folder's registries, each with the places that still use what it replaces, by file.

    Of those of other people's registries, only those that are used.
    """
    project = folder.project
    if project is None:
        return []
    importers: dict[tuple[str, int], list[Json]] = {}
    for uri, diagnostics in found.items():
        for diagnostic in diagnostics:
            if diagnostic.data and diagnostic.data["entry"] is not None:
                registry, place = diagnostic.data["entry"]
                importer = {
                    "uri": uri,
                    "range": _range(diagnostic.range),
                    "message": diagnostic.message,
                    "applicability": _surest(diagnostic.data["fixes"]),
                }
                importers.setdefault((registry, place), []).append(importer)

    def told(entry: Entry) -> Json:
        location = project.registry.location(entry)
        return {
            "canonical": str(entry.canonical) if entry.canonical is not None else None,
            "deprecated": [str(ref) for ref in entry.deprecated],
            "reason": entry.reason,
            "owner": entry.owner,
            "removal": entry.named(entry.removal),
            "registry": entry.path.as_uri(),
            "place": entry.place,
            "range": _range(encoding.range(location.text, location.span)),
            "importers": importers.get((entry.path.as_uri(), entry.place), []),
        }

    def matters(entry: Entry) -> bool:
        return not entry.versions_of or (entry.path.as_uri(), entry.place) in importers

    return [told(entry) for entry in project.registry.entries if matters(entry)]


def _surest(fixes: Sequence[tuple[str, str]]) -> str | None:
    """The applicability of the surest of some fixes; None if there are none."""
    known = {applicability for _, applicability in fixes}
    return next((level.value for level in Applicability if level.value in known), None)


def _range(of: lsp.Range) -> Json:
    return {
        end: {"line": place.line, "character": place.character} for end, place in (("start", of.start), ("end", of.end))
    }
