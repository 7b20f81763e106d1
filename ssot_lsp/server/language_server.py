"""What the server does on each request and notification."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence, Set
from contextlib import suppress
from datetime import date
from pathlib import Path
from threading import Thread
from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, default_converter, lsp_method
from pygls.protocol.json_rpc import JsonRPCNotification

from ssot_lsp import __version__
from ssot_lsp.definitions import Definitions
from ssot_lsp.files import PYTHON_SUFFIXES, read_bytes
from ssot_lsp.model import Diagnostic
from ssot_lsp.modules import DEFINERS
from ssot_lsp.rules import Rule
from ssot_lsp.server.actions import FIX_ALL, Actions, touching, wants
from ssot_lsp.server.checked import Checked
from ssot_lsp.server.convert import Encoding, path_of
from ssot_lsp.server.documents import Documents, OpenDocument
from ssot_lsp.server.hover import canonical_of, definition_of, hover_text
from ssot_lsp.server.named import Named, named_at, read_uses
from ssot_lsp.server.workspaces import WorkspaceFolder, Workspaces

_LOG = logging.getLogger(__name__)
_MOMENT = 0.2
"""Seconds."""
_WATCHED = ("**/*.py", "**/*.pyi", "**/*.json", "**/pyproject.toml")


class _Protocol(LanguageServerProtocol):
    """pygls' protocol, but that documents are ours to keep: its own split lines where no editor does."""

    _server: SsotLanguageServer

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Read a message; one that asks and cannot be read is answered with an error, which pygls does not do."""
        if "jsonrpc" in data and "method" in data and self.get_message_type(str(data["method"])) is None:
            data.setdefault("params", None)
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if "id" not in data or "method" not in data:
                raise
            self._send_response(data["id"], error=error.to_response_error())
            return JsonRPCNotification(str(data["method"]), "answered already", None)

    @lsp_method(lsp.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: lsp.DidOpenTextDocumentParams) -> None:
        self._server.did_open(params)

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: lsp.DidChangeTextDocumentParams) -> None:
        self._server.did_change(params)

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: lsp.DidCloseTextDocumentParams) -> None:
        self._server.did_close(params)


def _function(method: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A method as a function, because pygls notes things on what it registers, and a bound method takes no notes."""

    def call(params: Any) -> Any:
        return method(params)

    return call


def _coroutine(method: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
    """The same of a method that waits for others."""

    async def call(params: Any) -> Any:
        return await method(params)

    return call


class SsotLanguageServer(LanguageServer):
    """The server: open documents, workspace folders, and what is published about them."""

    def __init__(self) -> None:
        super().__init__(
            "ssot-lsp",
            __version__,
            text_document_sync_kind=lsp.TextDocumentSyncKind.Incremental,
            protocol_cls=_Protocol,
            converter_factory=default_converter,
        )
        self.documents = Documents()
        self.workspaces = Workspaces(self._read, self._tell)
        self.encoding = Encoding()
        self.was_shut_down = False
        self._checked: dict[str, Checked] = {}
        self._told: set[str] = set()
        self._waiting: dict[Path, asyncio.TimerHandle] = {}
        self._register()

    def _register(self) -> None:
        kinds: list[lsp.CodeActionKind | str] = [lsp.CodeActionKind.QuickFix, FIX_ALL]
        self.feature(lsp.INITIALIZE)(_function(self.initialize))
        self.feature(lsp.INITIALIZED)(_function(self.initialized))
        self.feature(lsp.SHUTDOWN)(_function(self.shut_down))
        self.feature(lsp.TEXT_DOCUMENT_DID_SAVE)(_function(self.did_save))
        self.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)(_function(self.did_change_watched_files))
        self.feature(lsp.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)(_function(self.did_change_workspace_folders))
        options = lsp.CodeActionOptions(code_action_kinds=kinds)
        self.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, options)(_function(self.code_action))
        self.feature(lsp.TEXT_DOCUMENT_HOVER)(_coroutine(self.hover))
        self.feature(lsp.TEXT_DOCUMENT_DEFINITION)(_coroutine(self.definition))

    # What the client can do

    def _can(self, *path: str) -> bool:
        value: Any = self.client_capabilities
        for name in path:
            value = getattr(value, name, None)
        return bool(value)

    @property
    def _shows_related(self) -> bool:
        return self._can("text_document", "publish_diagnostics", "related_information")

    @property
    def _versions_edits(self) -> bool:
        return self._can("workspace", "workspace_edit", "document_changes")

    # Life

    def initialize(self, params: lsp.InitializeParams) -> None:
        """Take over encoding, settings and folders."""
        agreed = self.workspace.position_encoding
        self.encoding = Encoding(str(getattr(agreed, "value", agreed)))
        options = params.initialization_options
        if isinstance(options, Mapping):
            settings = options.get("settings", options)
            self.workspaces.configure(settings if isinstance(settings, Mapping) else {})
        uris = [folder.uri for folder in params.workspace_folders or ()] or [params.root_uri or ""]
        for path in filter(None, map(path_of, uris)):
            self.workspaces.add(path)

    def initialized(self, params: lsp.InitializedParams) -> None:
        """Ask to be told of changed files, where the client can be asked, and report what is wrong with registries."""
        if self._can("workspace", "did_change_watched_files", "dynamic_registration"):
            watchers = [lsp.FileSystemWatcher(pattern) for pattern in _WATCHED]
            options = lsp.DidChangeWatchedFilesRegistrationOptions(watchers)
            method = lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES
            self.client_register_capability(
                lsp.RegistrationParams([lsp.Registration("watched-files", method, options)]), lambda _: None
            )
        for folder in self.workspaces:
            self._publish_registry(folder)

    def shutdown(self) -> None:
        """End the process' work; called by pygls when the client is gone."""
        super().shutdown()  # type: ignore[no-untyped-call]
        if self._server is not None and self.protocol.writer is not None:
            self.protocol.writer.close()  # newer versions of asyncio wait for open connections

    def shut_down(self, params: None) -> None:
        """Remember that the client took its leave."""
        self.was_shut_down = True

    def _read(self, path: str | Path) -> bytes:
        """The text of an open file is what the editor shows, not what is on disk."""
        opened = self.documents.at(Path(path))
        # where a text says how it is encoded, its bytes are the disk's to tell
        if opened is not None and not (opened.is_python and "coding" in opened.text.source[:200]):
            return opened.text.source.encode("utf-8", "replace")
        return read_bytes(path)

    def _tell(self, message: str) -> None:
        """Tell the user something, once."""
        _LOG.warning("%s", message)
        if message not in self._told:
            self._told.add(message)
            self.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Warning, f"ssot-lsp: {message}"))

    # Documents

    def did_open(self, params: lsp.DidOpenTextDocumentParams) -> None:
        """Check a document that was opened."""
        self._changed(self.documents.open(params.text_document, self.workspaces.first_root))

    def did_change(self, params: lsp.DidChangeTextDocumentParams) -> None:
        """Check the new version of a document."""
        identifier = params.text_document
        opened = self.documents.change(identifier.uri, identifier.version, params.content_changes, self.encoding)
        if opened is not None:
            self._changed(opened)
            if opened.is_python:
                self._tell_others(opened.path)

    def _tell_others(self, path: Path) -> None:
        """Check what rests on a file again when nobody has typed in it for a moment."""
        if (waiting := self._waiting.pop(path, None)) is not None:
            waiting.cancel()
        with suppress(RuntimeError):  # no loop
            loop = asyncio.get_running_loop()
            self._waiting[path] = loop.call_later(_MOMENT, self._others_of, path)

    def _others_of(self, path: Path) -> None:
        self._waiting.pop(path, None)
        if path.exists():  # nobody can import what was never saved
            self._reread([path])

    def _changed(self, opened: OpenDocument) -> None:
        if opened.is_python:
            self._publish(opened)
            self._prepare(self.workspaces.of(opened.path))
        elif opened.path.suffix == ".json" and self._is_registry(opened.path):
            self._refresh(self.workspaces.of(opened.path))

    def _is_registry(self, path: Path) -> bool:
        folder = self.workspaces.of(path)
        project = folder.project
        files = [file.path for file in project.registry.files] if project else [folder.root / "registry.json"]
        return path in files or path in folder.registry_problems

    def did_close(self, params: lsp.DidCloseTextDocumentParams) -> None:
        """Forget a document, and what was published about it."""
        uri = params.text_document.uri
        self._checked.pop(uri, None)
        closed = self.documents.close(uri)
        if closed is None:
            return
        if closed.is_python:
            self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, []))
            self._tell_others(closed.path)
        else:
            self._changed(closed)

    def did_save(self, params: lsp.DidSaveTextDocumentParams) -> None:
        """Look at the saved file with the eyes of the others."""
        path = path_of(params.text_document.uri)
        if path is not None:
            self._reread([path])

    def did_change_watched_files(self, params: lsp.DidChangeWatchedFilesParams) -> None:
        """Read again what changed outside of the editor."""
        self._reread([path for change in params.changes if (path := path_of(change.uri)) is not None])

    def did_change_workspace_folders(self, params: lsp.DidChangeWorkspaceFoldersParams) -> None:
        """Add and remove folders."""
        for removed in filter(None, (path_of(folder.uri) for folder in params.event.removed)):
            self.workspaces.remove(removed)
        for added in filter(None, (path_of(folder.uri) for folder in params.event.added)):
            self._refresh(self.workspaces.add(added))

    def _reread(self, paths: Iterable[Path]) -> None:
        """Read files again that have changed, and check anew what rests on them."""
        by_folder: dict[int, tuple[WorkspaceFolder, list[Path]]] = {}
        for path in paths:
            folder = self.workspaces.of(path)
            by_folder.setdefault(id(folder), (folder, []))[1].append(path)
        for folder, changed in by_folder.values():
            stale = folder.changed(path for path in changed if path.suffix in PYTHON_SUFFIXES)
            if stale is None or any(path.suffix not in PYTHON_SUFFIXES for path in changed):
                self._refresh(folder)
            else:
                self._check_again(folder, stale)

    def _check_again(self, folder: WorkspaceFolder, stale: Set[str]) -> None:
        """Check the open documents of a folder again for which something has changed."""
        project = folder.project
        for opened in self.documents:
            if opened.is_python and self.workspaces.of(opened.path) is folder:
                known = self._checked.get(opened.uri)
                if project is None or known is None or not known.survives(project, stale):
                    self._publish(opened)

    def _refresh(self, folder: WorkspaceFolder) -> None:
        """Read a folder again and check its open documents anew."""
        folder.refresh()
        self._publish_registry(folder)
        for opened in self.documents:
            if opened.is_python and self.workspaces.of(opened.path) is folder:
                self._publish(opened)

    # Diagnostics

    def _check(self, opened: OpenDocument) -> Checked | None:
        """The diagnostics of a document, worked out once for each version of it and of its project."""
        project = self.workspaces.of(opened.path).project
        if project is None:
            return None
        known = self._checked.get(opened.uri)
        if known is None or not known.is_of(opened, project):
            known = self._checked[opened.uri] = Checked(opened, project, self._on_fault)
        return known

    def _on_fault(self, rule: Rule, error: Exception) -> None:
        _LOG.error("rule %s failed", rule.code, exc_info=error)
        self._tell(f"the rule {rule.code} {rule.name} failed and is left out: {error!r}")

    def _publish(self, opened: OpenDocument) -> None:
        checked = self._check(opened)
        diagnostics = checked.diagnostics if checked else ()
        self._send(opened.uri, [self._convert(opened, diagnostic) for diagnostic in diagnostics], opened.version)

    def _convert(self, opened: OpenDocument, diagnostic: Diagnostic) -> lsp.Diagnostic:
        return self.encoding.diagnostic(opened.text, diagnostic, related=self._shows_related)

    def _publish_registry(self, folder: WorkspaceFolder) -> None:
        folder.project  # noqa: B018 - loading it finds the problems
        for path, (text, problems) in folder.registry_problems.items():
            opened = self.documents.at(path)
            converted = [self.encoding.diagnostic(text, problem, related=self._shows_related) for problem in problems]
            self._send(opened.uri if opened else path.as_uri(), converted, opened.version if opened else None)

    def _send(self, uri: str, diagnostics: Sequence[lsp.Diagnostic], version: int | None) -> None:
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, [*diagnostics], version))

    def _prepare(self, folder: WorkspaceFolder) -> None:
        """Read in the background what the diagnostics of a large folder can do without for the moment."""
        work = folder.to_be_read()
        if work is None:
            return
        loop = asyncio.get_running_loop()

        def read() -> None:
            found = work()
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._learn, folder, found)

        Thread(target=read, daemon=True).start()

    def _learn(self, folder: WorkspaceFolder, definitions: Definitions) -> None:
        folder.learn(definitions)
        rests_on = (name for checked in self._checked.values() for name in checked.rests_on)
        self._check_again(folder, {name for name in rests_on if name.startswith(DEFINERS)})

    # Requests

    def code_action(self, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        """The quick fixes in a range, and all safe ones of the file.

        An editor that asks for no kind in particular asks at each move of the cursor: it gets what is of use there.
        """
        opened = self.documents.get(params.text_document.uri)
        checked = self._check(opened) if opened and opened.is_python else None
        if opened is None or checked is None:
            return []
        only, found = params.context.only, list[lsp.CodeAction]()
        here = touching(checked.diagnostics, self.encoding.span(opened.text, params.range))
        actions = Actions(checked, self.encoding, related=self._shows_related, versioned=self._versions_edits)
        if wants(only, lsp.CodeActionKind.QuickFix.value):
            found += actions.quick_fixes(here)
            found += actions.suppressions(here)
        if wants(only, FIX_ALL) and (only is not None or here):
            found += actions.fix_all()
        return found

    async def hover(self, params: lsp.HoverParams) -> lsp.Hover | None:
        """What the registry says of what is imported, used or named in a string under the cursor."""
        found = await self._named(params)
        if found is None:
            return None
        checked, named = found
        project = checked.project
        target = canonical_of(named, project)
        about = await asyncio.to_thread(project.environment.describe, target, project.modules.roots) if target else ""
        markdown = hover_text(named, project, date.today(), about)
        if markdown is None:
            return None
        content = lsp.MarkupContent(lsp.MarkupKind.Markdown, markdown)
        return lsp.Hover(content, self.encoding.range(checked.opened.text, named.span))

    async def definition(self, params: lsp.DefinitionParams) -> lsp.Location | None:
        """Where the canonical object is defined."""
        found = await self._named(params)
        where = definition_of(found[1], found[0].project) if found is not None else None
        if where is None:
            return None
        opened = self.documents.at(where.path)
        uri = opened.uri if opened is not None else where.path.as_uri()
        return lsp.Location(uri, self.encoding.range(where.text, where.span))

    async def _named(self, params: lsp.HoverParams | lsp.DefinitionParams) -> tuple[Checked, Named] | None:
        """What a place in an open document names. Uses are read in another thread, which asks no modules."""
        opened = self.documents.get(params.text_document.uri)
        checked = self._check(opened) if opened and opened.is_python else None
        if opened is None or checked is None:
            return None
        await asyncio.to_thread(read_uses, opened.text)
        named = named_at(checked.document, checked.project, self.encoding.offset(opened.text, params.position))
        return (checked, named) if named is not None else None
