"""What a client can do, of what matters here (LSP 3.17, `ClientCapabilities`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lsprotocol import types as lsp


class Client(NamedTuple):
    """The abilities of one client; by default it has none."""

    shows_related: bool = False
    """Related places of a diagnostic."""
    shows_tags: bool = False
    """Such as that something is deprecated."""
    shows_pages: bool = False
    """The page that a diagnostic's code leads to."""
    shows_markdown: bool = False
    """In a hover."""
    keeps_data: bool = False
    """What we note on a diagnostic comes back with it."""
    pulls: bool = False
    """It asks for diagnostics, and can be told to ask again; then none are published for what is open."""
    versions_edits: bool = False
    """An edit can say for which version of a document it is."""
    annotates_edits: bool = False
    """Edits can be grouped, and a group can need a confirmation."""
    creates_files: bool = False
    """An edit can create a file."""
    applies_edits: bool = False
    """It can be asked to apply an edit."""
    knows_metadata: bool = False
    """An edit that it is asked to apply can say what kind of change it is (LSP 3.18, `WorkspaceEditMetadata`)."""
    resolves_edits: bool = False
    """The edit of a code action is asked for when the action is chosen."""
    registers_watchers: bool = False
    """It can be asked to tell of files that change on disk."""
    registers_settings: bool = False
    """It can be asked to tell when its settings change."""
    has_settings: bool = False
    """It can be asked for its settings."""
    shows_progress: bool = False
    """It can be told of long work that was not asked for."""
    shows_hints: bool = False
    """Inlay hints."""
    refreshes_hints: bool = False
    """It can be told to ask for inlay hints again."""
    follows_status: bool = False
    """It wants to be told when what `ssot/status` and `ssot/migration` answer may have changed: one of our own."""

    @classmethod
    def of(cls, capabilities: lsp.ClientCapabilities) -> Client:
        """The abilities that a client says it has."""

        def can(path: str) -> Any:
            value: Any = capabilities
            for name in path.split("."):
                value = getattr(value, name, None)
            return value

        published, edit = "text_document.publish_diagnostics.", "workspace.workspace_edit."
        lazy = can("text_document.code_action.resolve_support.properties") or ()
        versions = bool(can(f"{edit}document_changes"))
        operations = can(f"{edit}resource_operations") or ()
        return cls(
            shows_related=bool(can(f"{published}related_information")),
            shows_tags=can(f"{published}tag_support") is not None,
            shows_pages=bool(can(f"{published}code_description_support")),
            shows_markdown=lsp.MarkupKind.Markdown in (can("text_document.hover.content_format") or ()),
            keeps_data=bool(can(f"{published}data_support")),
            # who cannot be told to ask again would miss what a change of another file means
            pulls=can("text_document.diagnostic") is not None and bool(can("workspace.diagnostics.refresh_support")),
            versions_edits=versions,
            annotates_edits=versions and can(f"{edit}change_annotation_support") is not None,
            creates_files=versions and lsp.ResourceOperationKind.Create in operations,
            applies_edits=bool(can("workspace.apply_edit")),
            knows_metadata=bool(can(f"{edit}metadata_support")),
            resolves_edits="edit" in lazy and bool(can("text_document.code_action.data_support")),
            registers_watchers=bool(can("workspace.did_change_watched_files.dynamic_registration")),
            registers_settings=bool(can("workspace.did_change_configuration.dynamic_registration")),
            has_settings=bool(can("workspace.configuration")),
            shows_progress=bool(can("window.work_done_progress")),
            shows_hints=can("text_document.inlay_hint") is not None,
            refreshes_hints=bool(can("workspace.inlay_hint.refresh_support")),
            follows_status=isinstance(capabilities.experimental, Mapping)
            and capabilities.experimental.get("ssotStatus") is True,
        )
