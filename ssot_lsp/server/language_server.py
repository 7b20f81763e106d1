"""What the server does on each request and notification.

Nothing takes long on the loop: folders are loaded and edits are worked out in threads, whole folders are gone through
in another process, and what waits for these goes on when they are ready.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Iterable, Mapping, Set
from contextlib import suppress
from datetime import date
from pathlib import Path
from threading import Thread
from time import perf_counter
from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcContentModified, JsonRpcException, JsonRpcInternalError
from pygls.lsp.server import LanguageServer
from pygls.protocol import default_converter

from ssot_lsp import __version__
from ssot_lsp.definitions import Definitions
from ssot_lsp.files import PYTHON_SUFFIXES, read_bytes
from ssot_lsp.model import Location
from ssot_lsp.modules import DEFINERS
from ssot_lsp.rules import Rule
from ssot_lsp.server.actions import FIX_ALL, FIX_WORKSPACE, offers, touching
from ssot_lsp.server.background import Job, Wanted, everywhere
from ssot_lsp.server.checked import Checked
from ssot_lsp.server.client import Client
from ssot_lsp.server.convert import Encoding, Terms, path_of
from ssot_lsp.server.documents import Documents, OpenDocument
from ssot_lsp.server.fixing import Fixing, Spelling, VersionedFixes
from ssot_lsp.server.hover import canonical_of, definition_of, hover_text
from ssot_lsp.server.log import log_to
from ssot_lsp.server.named import Named, named_at, read_uses
from ssot_lsp.server.offer import QUICK_FIX, Offer, RefusedError
from ssot_lsp.server.problems import Problems, result_id
from ssot_lsp.server.progress import LongWork
from ssot_lsp.server.protocol import SsotProtocol, as_coroutine, as_function
from ssot_lsp.server.settings import SECTION, DiagnosticMode
from ssot_lsp.server.watching import WATCHED, death_of, watched
from ssot_lsp.server.workspaces import WorkspaceFolder, Workspaces
from ssot_lsp.text import Span

_LOG = logging.getLogger(__name__)
_MOMENT = 0.2
"""Seconds."""
_PATIENCE = 0.04
"""Seconds that a save waits for fixes."""
_ANSWER = 3.0
"""Seconds that we wait for a client to tell its settings."""
FIX_WORKSPACE_COMMAND = "ssot.fixWorkspace"
REQUEST_FAILED = -32803
"""LSP 3.17, `LSPErrorCodes.RequestFailed`."""


class SsotLanguageServer(LanguageServer):
    """The server: open documents, workspace folders, and what is told about them."""

    protocol: SsotProtocol

    def __init__(self) -> None:
        super().__init__(
            "ssot-lsp",
            __version__,
            text_document_sync_kind=lsp.TextDocumentSyncKind.Incremental,
            protocol_cls=SsotProtocol,
            converter_factory=default_converter,
        )
        self.documents = Documents()
        self.workspaces = Workspaces(self._read, self._tell)
        self.terms = Terms()
        self.was_shut_down = False
        self._fixing = Fixing()
        self._settled = asyncio.Event()
        """The settings are known, as far as the client tells them."""
        self._checked: dict[str, Checked] = {}
        self._loading: dict[WorkspaceFolder, asyncio.Task[None]] = {}
        self._stale: set[WorkspaceFolder] = set()
        """Folders to be loaded again."""
        self._problems: dict[WorkspaceFolder, Problems] = {}
        self._told: set[str] = set()
        self._waiting: dict[object, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Future[Any]] = set()
        self._rereading: set[asyncio.Future[Any]] = set()
        """Those that take over what has changed on disk: who asks afterwards waits for them."""
        self._register()

    def _register(self) -> None:
        self.feature(lsp.INITIALIZE)(as_function(self.initialize))
        self.feature(lsp.INITIALIZED)(as_coroutine(self.initialized))
        self.feature(lsp.SHUTDOWN)(as_function(self.shut_down))
        self.feature(lsp.EXIT)(as_function(self.exit))
        self.feature(lsp.TEXT_DOCUMENT_DID_SAVE)(as_function(self.did_save))
        self.feature(lsp.TEXT_DOCUMENT_WILL_SAVE_WAIT_UNTIL)(as_coroutine(self.will_save_wait_until))
        self.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)(as_function(self.did_change_watched_files))
        self.feature(lsp.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)(as_coroutine(self.did_change_workspace_folders))
        self.feature(lsp.WORKSPACE_DID_CHANGE_CONFIGURATION)(as_coroutine(self.did_change_configuration))
        self.feature(lsp.TEXT_DOCUMENT_HOVER)(as_coroutine(self.hover))
        self.feature(lsp.TEXT_DOCUMENT_DEFINITION)(as_coroutine(self.definition))

        @self.command(FIX_WORKSPACE_COMMAND)
        async def fix_workspace(*arguments: Any) -> None:
            await self.fix_workspace(*arguments)

    def _register_for(self, client: Client) -> None:
        """What is only told to clients that can make use of it."""
        kinds: list[lsp.CodeActionKind | str] = [QUICK_FIX, FIX_ALL, FIX_WORKSPACE]
        actions = lsp.CodeActionOptions(kinds, resolve_provider=client.resolves_edits)
        self.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, actions)(as_coroutine(self.code_action))
        if client.resolves_edits:
            self.feature(lsp.CODE_ACTION_RESOLVE)(as_coroutine(self.resolve_code_action))
        if client.pulls:
            pulled = lsp.DiagnosticOptions(
                inter_file_dependencies=True, workspace_diagnostics=True, identifier=SECTION, work_done_progress=True
            )
            self.feature(lsp.TEXT_DOCUMENT_DIAGNOSTIC, pulled)(as_coroutine(self.diagnostic))
            self.feature(lsp.WORKSPACE_DIAGNOSTIC)(as_coroutine(self.workspace_diagnostic))

    # Life

    def initialize(self, params: lsp.InitializeParams) -> None:
        """Take over what the client can do, its settings and its folders."""
        agreed = self.workspace.position_encoding
        client = Client.of(params.capabilities)
        self.terms = Terms(Encoding(str(getattr(agreed, "value", agreed))), client)
        self._register_for(client)
        options = params.initialization_options
        if isinstance(options, Mapping):
            settings = options.get("settings", options)
            self.workspaces.configure(settings if isinstance(settings, Mapping) else {})
        uris = [folder.uri for folder in params.workspace_folders or ()] or [params.root_uri or ""]
        for path in filter(None, map(path_of, uris)):
            self.workspaces.add(path)
        if params.process_id is not None:
            self._spawn(self._die_with(params.process_id))

    async def initialized(self, params: lsp.InitializedParams) -> None:
        """Ask for settings and to be told of changes, and load the folders."""
        log_to(self)
        _LOG.info("ssot-lsp %s on Python %s", __version__, sys.version.partition(" ")[0])
        client, registrations = self.terms.client, list[lsp.Registration]()
        if client.registers_watchers:
            watchers = [lsp.FileSystemWatcher(pattern) for pattern in WATCHED]
            options = lsp.DidChangeWatchedFilesRegistrationOptions(watchers)
            registrations.append(lsp.Registration("files", lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES, options))
        if client.registers_settings:
            registrations.append(
                lsp.Registration("settings", lsp.WORKSPACE_DID_CHANGE_CONFIGURATION, {"section": SECTION})
            )
        if registrations:
            self.client_register_capability(lsp.RegistrationParams(registrations), lambda _: None)
        await self._ask_settings()
        self._settled.set()
        for folder in self.workspaces:
            self._reload(folder)
        if not client.registers_watchers:
            self._spawn(self._watch())

    async def _die_with(self, process: int) -> None:
        await death_of(process)
        self._end()
        os._exit(1)  # a thread still waits for what will never be said

    def _end(self) -> None:
        for problems in self._problems.values():
            problems.forget()
        self._fixing.end()

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Tell of a mistake, unless it was made while telling something: pygls would then never come to an end."""
        if source is not JsonRpcInternalError:
            super().report_server_error(error, source)

    def exit(self, params: None) -> None:
        """Say no more: what comes in the middle of the end has no one who listens."""
        self.protocol.is_over = True

    def shutdown(self) -> None:
        """End the process' work; called by pygls when the client is gone."""
        self.protocol.is_over = True
        self._end()
        super().shutdown()  # type: ignore[no-untyped-call]
        if self._server is not None and self.protocol.writer is not None:
            self.protocol.writer.close()  # newer versions of asyncio wait for open connections

    def shut_down(self, params: None) -> None:
        """Remember that the client took its leave."""
        self.was_shut_down = True

    def _spawn(self, work: Awaitable[Any]) -> asyncio.Future[Any]:
        """Let something go on beside what is being answered; a mistake in it is told and ends nothing else."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Future[Any]) -> None:
        self._tasks.discard(task)
        error = task.exception() if not task.cancelled() else None
        if error is not None:
            _LOG.error("internal error", exc_info=error)
            self._tell(f"internal error: {error!r}")

    def _later(self, key: object, seconds: float, work: Any, *values: Any) -> None:
        """Do something when nobody has asked for it for a while."""
        if (waiting := self._waiting.pop(key, None)) is not None:
            waiting.cancel()

        def act() -> None:
            self._waiting.pop(key, None)
            work(*values)

        self._waiting[key] = asyncio.get_running_loop().call_later(seconds, act)

    def _read(self, path: str | Path) -> bytes:
        """The text of an open file is what the editor shows, not what is on disk."""
        opened = self.documents.at(Path(path))
        # where a text says how it is encoded, its bytes are the disk's to tell
        if opened is not None and not (opened.is_python and "coding" in opened.text.source[:200]):
            return opened.text.source.encode("utf-8", "replace")
        return read_bytes(path)

    def _tell(self, message: str) -> None:
        """Tell the user something, once."""
        if message not in self._told:
            self._told.add(message)
            self.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Warning, f"ssot-lsp: {message}"))

    def _trace(self, checked: Checked, began: float) -> None:
        """Tell what was done, if the client wants to know (LSP, `$/setTrace`)."""
        trace = self.protocol.trace
        if trace in (None, lsp.TraceValue.Off):
            return
        took, count, opened = 1e3 * (perf_counter() - began), len(checked.diagnostics), checked.opened
        what = f"{opened.uri}, version {opened.version}: {count} diagnostics in {took:.1f} ms"
        rests_on = f"rests on {', '.join(sorted(checked.rests_on))}" if trace == lsp.TraceValue.Verbose else None
        self.log_trace(lsp.LogTraceParams(what, rests_on))

    # Settings

    async def _ask_settings(self) -> None:
        """Ask the client for the settings of each folder."""
        folders = list(self.workspaces)
        if not (self.terms.client.has_settings and folders):
            return
        items = [lsp.ConfigurationItem(scope_uri=folder.root.as_uri(), section=SECTION) for folder in folders]
        asked = self.workspace_configuration_async(lsp.ConfigurationParams(items))
        try:
            answers = await asyncio.wait_for(asked, _ANSWER)
        except (TimeoutError, asyncio.TimeoutError, JsonRpcException) as error:
            _LOG.warning("the client did not tell its settings: %r", error)
            return
        for folder, answer in zip(folders, answers, strict=False):
            self._set(folder, answer)

    async def _settings_known(self) -> None:
        with suppress(TimeoutError, asyncio.TimeoutError):
            await asyncio.wait_for(self._settled.wait(), _ANSWER)

    async def did_change_configuration(self, params: lsp.DidChangeConfigurationParams) -> None:
        """Take over other settings: those that the client tells when it is asked, else those that it sends."""
        before = {folder: folder.settings for folder in self.workspaces}
        if self.terms.client.has_settings:
            self._settled.clear()
            await self._ask_settings()
            self._settled.set()
        else:
            sent = params.settings if isinstance(params.settings, Mapping) else {}
            for folder in self.workspaces:
                self._set(folder, sent.get(SECTION, sent))
        for folder in self.workspaces:
            if folder.settings != before.get(folder):
                self._reload(folder)

    def _set(self, folder: WorkspaceFolder, options: Any) -> None:
        self.workspaces.set(folder, options if isinstance(options, Mapping) else {})

    # Folders

    def _reload(self, folder: WorkspaceFolder) -> None:
        """Load a folder, or load it again; meanwhile nothing is told about what is in it."""
        self._stale.add(folder)
        if folder not in self._loading:
            self._loading[folder] = asyncio.ensure_future(self._load(folder))

    async def _load(self, folder: WorkspaceFolder) -> None:
        await self._settings_known()
        loaded = None
        began = perf_counter()
        while folder in self._stale:
            self._stale.discard(folder)
            try:
                loaded = await asyncio.to_thread(folder.load)
            except Exception as error:
                _LOG.exception("%s cannot be loaded", folder.root)
                self._tell(f"{folder.root} cannot be loaded: {error!r}")
        del self._loading[folder]
        if loaded is None:
            return
        folder.take(loaded)
        if loaded.told:
            self._tell(loaded.told)
        project = folder.project
        what = f"{sum(1 for _ in project.registry.entries):,} entries" if project is not None else "no registry"
        _LOG.info("%s: %s, loaded in %.0f ms", folder.root, what, 1e3 * (perf_counter() - began))
        if folder.settings.fix_on_save:
            self._fixing.warm_up()
        self._publish_registry(folder)
        await self._check_again(folder)
        self._prepare(folder)
        self._look_at_others(folder)

    async def _ready(self, path: Path) -> WorkspaceFolder:
        """The folder that a file belongs to, when it is loaded."""
        await self._settings_known()
        if self._rereading:
            await asyncio.wait(self._rereading)
        folder = self._folder(path)
        while (task := self._loading.get(folder)) is not None:
            await asyncio.shield(task)
        return folder

    def _folder(self, path: Path) -> WorkspaceFolder:
        """The folder that a file belongs to, which is loaded or being loaded."""
        folder = self.workspaces.of(path)
        if not folder.is_loaded and folder not in self._loading:
            self._reload(folder)
        return folder

    async def did_change_workspace_folders(self, params: lsp.DidChangeWorkspaceFoldersParams) -> None:
        """Add and remove folders."""
        for removed in filter(None, (path_of(folder.uri) for folder in params.event.removed)):
            folder = self.workspaces.remove(removed)
            if folder is not None and (problems := self._problems.pop(folder, None)) is not None:
                problems.forget()
        added = [path_of(folder.uri) for folder in params.event.added]
        folders = [self.workspaces.add(path) for path in filter(None, added)]
        await self._ask_settings()
        for folder in folders:
            self._reload(folder)

    # Documents

    def did_open(self, params: lsp.DidOpenTextDocumentParams) -> None:
        """Check a document that was opened."""
        self._changed(self.documents.open(params.text_document, self.workspaces.first_root))

    def did_change(self, params: lsp.DidChangeTextDocumentParams) -> None:
        """Check the new version of a document."""
        identifier = params.text_document
        opened = self.documents.change(identifier.uri, identifier.version, params.content_changes, self.terms.encoding)
        if opened is not None:
            self._changed(opened)
            if opened.is_python:
                self._tell_others(opened.path)

    def _tell_others(self, path: Path) -> None:
        """Check what rests on a file again when nobody has typed in it for a moment."""
        self._later(path, _MOMENT, self._others_of, path)

    def _others_of(self, path: Path) -> None:
        if path.exists():  # nobody can import what was never saved
            self._reread_soon([path])

    def _changed(self, opened: OpenDocument) -> None:
        folder = self._folder(opened.path)
        if opened.is_python and folder not in self._loading:
            self._publish(opened)
            self._prepare(folder)
            if folder.settings.fix_on_save:
                self._later(("fix", opened.uri), _MOMENT, self._begin_fixing, opened.uri)
        elif opened.path.suffix == ".json" and self._is_registry(opened.path, folder):
            self._reload(folder)

    def _is_registry(self, path: Path, folder: WorkspaceFolder) -> bool:
        project = folder.project
        files = [file.path for file in project.registry.files] if project else [folder.root / "registry.json"]
        return path in files or path in folder.registry_problems

    def did_close(self, params: lsp.DidCloseTextDocumentParams) -> None:
        """Forget a document, and what was told about it: now its file counts."""
        uri = params.text_document.uri
        self._checked.pop(uri, None)
        closed = self.documents.close(uri)
        if closed is None:
            return
        folder = self._folder(closed.path)
        if not closed.is_python:
            self._changed(closed)
            return
        problems = self._problems.get(folder)
        known = problems.found.get(str(closed.path), []) if problems is not None else []
        if known or not self.terms.client.pulls:
            self._send(uri, known, None)
        self._tell_others(closed.path)
        self._look_at_others(folder)

    def did_save(self, params: lsp.DidSaveTextDocumentParams) -> None:
        """Look at the saved file with the eyes of the others."""
        path = path_of(params.text_document.uri)
        if path is not None:
            self._reread_soon([path])

    def did_change_watched_files(self, params: lsp.DidChangeWatchedFilesParams) -> None:
        """Read again what changed outside of the editor."""
        changed = [path_of(change.uri) for change in params.changes]
        self._reread_soon([path for path in changed if path is not None])

    async def _watch(self) -> None:
        """Look for changes outside of the editor, where it does not tell."""
        try:
            async for paths in watched([folder.root for folder in self.workspaces]):
                await self._reread(paths)
        except OSError as error:
            _LOG.warning("changes outside of the editor are not noticed: %s", error)

    def _reread_soon(self, paths: Iterable[Path]) -> None:
        task = self._spawn(self._reread(paths))
        self._rereading.add(task)
        task.add_done_callback(self._rereading.discard)

    async def _reread(self, paths: Iterable[Path]) -> None:
        """Read files again that have changed, and check anew what rests on them."""
        by_folder: dict[WorkspaceFolder, list[Path]] = {}
        for path in paths:
            by_folder.setdefault(self._folder(path), []).append(path)
        for folder, changed in by_folder.items():
            modules = [path for path in changed if path.suffix in PYTHON_SUFFIXES]
            defined = await asyncio.to_thread(folder.defined, modules)
            stale = folder.changed(defined)
            if stale is None or len(modules) < len(changed) or folder in self._loading:
                self._reload(folder)
            else:
                await self._check_again(folder, stale)
                self._look_at_others(folder)

    async def _check_again(self, folder: WorkspaceFolder, stale: Set[str] | None = None) -> None:
        """Check the open documents of a folder again for which something has changed, or all of them."""
        is_any = False
        for uri in [opened.uri for opened in self.documents if opened.is_python]:
            opened, known = self.documents.get(uri), self._checked.get(uri)
            if opened is None or self.workspaces.of(opened.path) is not folder or folder in self._loading:
                continue
            project = folder.project
            if stale is None or project is None or known is None or not known.survives(project, stale):
                is_any = True
                self._publish(opened)
                await asyncio.sleep(0)  # what was typed meanwhile comes first
        if is_any and self.terms.client.pulls:
            self._later("refresh", 0, self.workspace_diagnostic_refresh, None, lambda _: None)

    # Diagnostics

    def _check(self, opened: OpenDocument) -> Checked | None:
        """The diagnostics of a document, worked out once for each version of it and of its project."""
        project = self.workspaces.of(opened.path).project
        if project is None:
            return None
        known = self._checked.get(opened.uri)
        if known is None or not known.is_of(opened, project):
            began = perf_counter()
            known = self._checked[opened.uri] = Checked(opened, project, self._on_fault)
            self._trace(known, began)
            if known.diagnostics:
                self._fixing.warm_up()
        return known

    def _on_fault(self, rule: Rule, error: Exception) -> None:
        _LOG.error("rule %s failed", rule.code, exc_info=error)
        self._tell(f"the rule {rule.code} {rule.name} failed and is left out: {error!r}")

    def _diagnostics(self, opened: OpenDocument) -> list[lsp.Diagnostic]:
        checked = self._check(opened)
        return [self.terms.diagnostic(opened.text, found) for found in checked.diagnostics] if checked else []

    def _publish(self, opened: OpenDocument) -> None:
        """Tell what is wrong in a document; those who ask for that themselves are not told."""
        if not self.terms.client.pulls:
            self._send(opened.uri, self._diagnostics(opened), opened.version)

    def _publish_registry(self, folder: WorkspaceFolder) -> None:
        for path, (text, problems) in folder.registry_problems.items():
            opened = self.documents.at(path)
            found = [self.terms.diagnostic(text, problem) for problem in problems]
            self._send(opened.uri if opened else path.as_uri(), found, opened.version if opened else None)

    def _send(self, uri: str, diagnostics: list[lsp.Diagnostic], version: int | None) -> None:
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, diagnostics, version))

    async def diagnostic(self, params: lsp.DocumentDiagnosticParams) -> lsp.DocumentDiagnosticReport:
        """What is wrong in a document, for a client that asks."""
        opened = self.documents.get(params.text_document.uri)
        if opened is not None and opened.is_python:
            self._prepare(await self._ready(opened.path))
            opened = self.documents.get(params.text_document.uri)
        found = self._diagnostics(opened) if opened is not None and opened.is_python else []
        name = result_id(found)
        if name == params.previous_result_id:
            return lsp.RelatedUnchangedDocumentDiagnosticReport(name)
        return lsp.RelatedFullDocumentDiagnosticReport(items=found, result_id=name)

    async def workspace_diagnostic(self, params: lsp.WorkspaceDiagnosticParams) -> lsp.WorkspaceDiagnosticReport:
        """What is wrong in all other files, as far as that is wanted; piece by piece, if the client can take that."""
        for folder in self.workspaces:
            await self._ready(folder.root)
        token, progress = params.partial_result_token, params.work_done_token
        if progress is not None:
            begun = lsp.WorkDoneProgressBegin("Checking the workspace", cancellable=True)
            self.work_done_progress.begin(progress, begun)
        before = {item.uri: item.value for item in params.previous_result_ids}
        told: dict[str, str] = {}
        reports: list[lsp.WorkspaceDocumentDiagnosticReport] = []
        try:
            while True:
                under_way = next((p for p in self._problems.values() if p.is_under_way), None)
                reports += self._reports(before, told, is_last=under_way is None)
                if under_way is None:
                    return lsp.WorkspaceDiagnosticReport(reports)
                if token is not None and reports:
                    partial = lsp.WorkspaceDiagnosticReportPartialResult(reports)
                    self.protocol.notify(lsp.PROGRESS, lsp.ProgressParams(token, partial))
                    reports = []
                await under_way.news()
        finally:
            if progress is not None:
                self.work_done_progress.end(progress, lsp.WorkDoneProgressEnd())

    def _reports(
        self, before: Mapping[str, str], told: dict[str, str], *, is_last: bool
    ) -> list[lsp.WorkspaceDocumentDiagnosticReport]:
        """What is to be told of files that are not open, other than what was told; at last also which are clean."""
        found = {
            Path(path).as_uri(): diagnostics
            for problems in self._problems.values()
            for path, diagnostics in problems.found.items()
            if self.documents.at(Path(path)) is None
        }
        gone = {uri for uri in (*before, *told) if uri not in found} if is_last else set()
        reports: list[lsp.WorkspaceDocumentDiagnosticReport] = []
        for uri, diagnostics in [*found.items(), *((uri, []) for uri in gone)]:
            path = path_of(uri)
            if told.get(uri) == (name := result_id(diagnostics)) or (path and self.documents.at(path) is not None):
                continue
            told[uri] = name
            if before.get(uri) == name:
                reports.append(lsp.WorkspaceUnchangedDocumentDiagnosticReport(uri=uri, result_id=name))
            else:
                reports.append(lsp.WorkspaceFullDocumentDiagnosticReport(uri=uri, items=diagnostics, result_id=name))
        return reports

    # What takes longer

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
        self._spawn(self._check_again(folder, {name for name in rests_on if name.startswith(DEFINERS)}))

    def _look_at_others(self, folder: WorkspaceFolder) -> None:
        """Look at the files that are not open, if that is wanted."""
        problems = self._problems.get(folder)
        if folder.settings.diagnostic_mode is DiagnosticMode.OPEN or folder.project is None:
            if problems is not None:
                problems.forget()
            return
        if problems is None:
            problems = self._problems[folder] = Problems(
                lambda path: self._publish_closed(folder, path), self._tell, self._show("Checking the workspace")
            )
        only_changed = folder.settings.diagnostic_mode is DiagnosticMode.CHANGED
        problems.look(Job(folder.root, folder.project.overrides, self.terms, only_changed=only_changed))

    def _publish_closed(self, folder: WorkspaceFolder, file: str) -> None:
        path = Path(file)
        is_ours = self.documents.at(path) is None and self.workspaces.of(path) is folder
        if is_ours and not self.terms.client.pulls:
            self._send(path.as_uri(), self._problems[folder].found.get(file, []), None)

    def _show(self, title: str) -> Any:
        def show(on_cancel: Any) -> LongWork:
            can = self.terms.client.shows_progress
            return LongWork(self.work_done_progress if can else None, title, on_cancel)

        return show

    # Code actions

    async def code_action(self, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        """What can be done about the diagnostics in a range, and in the whole file."""
        checked = await self._checked_at(params.text_document.uri)
        if checked is None:
            return []
        span = self.terms.encoding.span(checked.opened.text, params.range)
        found = offers(checked, touching(checked.diagnostics, span), params.context.only)
        can_create = self.terms.client.creates_files
        actions = [(offer, self._action(checked, offer)) for offer in found if can_create or not offer.creates]
        if self.terms.client.resolves_edits:
            for offer, action in actions:
                action.data = {"uri": checked.opened.uri, "version": checked.opened.version, "span": [*span]}
                action.data["of"] = [*offer.diagnostics[0].span] if offer.diagnostics else None
            return [action for _, action in actions]
        return [action for offer, action in actions if await self._complete(checked, offer, action)]

    async def _complete(self, checked: Checked, offer: Offer, action: lsp.CodeAction) -> bool:
        """Add the edit of an action at once, for a client that does not ask for it later; whether there is any."""
        if offer.wanted is not None:
            arguments = [checked.opened.uri, *offer.wanted]
            action.command = lsp.Command(offer.title, FIX_WORKSPACE_COMMAND, arguments=arguments)
            return self.terms.client.applies_edits
        try:
            action.edit = await self._edit(checked, offer)
        except RefusedError:
            return False
        return bool(action.edit.document_changes or action.edit.changes)

    def _action(self, checked: Checked, offer: Offer) -> lsp.CodeAction:
        text = checked.opened.text
        mended = [self.terms.diagnostic(text, diagnostic) for diagnostic in offer.diagnostics]
        is_fix = offer.kind == QUICK_FIX
        preferred = offer.is_preferred if is_fix else None
        return lsp.CodeAction(offer.title, offer.kind, mended or None, is_preferred=preferred)

    async def resolve_code_action(self, action: lsp.CodeAction) -> lsp.CodeAction:
        """Work out the edit of an action that was chosen.

        Raises JsonRpcContentModified if its document is no longer what it was, JsonRpcException if it cannot be done.
        """
        data = action.data if isinstance(action.data, Mapping) else {}
        checked = await self._checked_at(str(data.get("uri")))
        if checked is None or checked.opened.version != data.get("version"):
            raise JsonRpcContentModified
        span = data.get("span")
        if not (isinstance(span, list) and len(span) == 2 and all(isinstance(offset, int) for offset in span)):
            raise JsonRpcContentModified
        here = touching(checked.diagnostics, Span(*span))
        of, what = data.get("of"), (action.title, action.kind)
        for offer in offers(checked, here, [str(action.kind)]):
            if (offer.title, offer.kind) == what and of == (
                [*offer.diagnostics[0].span] if offer.diagnostics else None
            ):
                break
        else:
            raise JsonRpcContentModified
        try:
            if offer.wanted is not None:
                action.edit = await self._fix_everywhere(self._folder(checked.opened.path), offer.wanted)
            else:
                action.edit = await self._edit(checked, offer)
        except RefusedError as error:
            raise JsonRpcException(f"It is not done: {error}", REQUEST_FAILED) from error
        return action

    async def _checked_at(self, uri: str) -> Checked | None:
        """What is known of a document; None if it is not an open Python file of a workspace with a registry."""
        opened = self.documents.get(uri)
        if opened is None or not opened.is_python:
            return None
        await self._ready(opened.path)
        opened = self.documents.get(uri)
        return self._check(opened) if opened is not None else None

    async def _edit(self, checked: Checked, offer: Offer) -> lsp.WorkspaceEdit:
        """The edit of an offer. Raises JsonRpcContentModified if the document has moved on, RefusedError."""
        key = (offer.title, offer.kind, offer.diagnostics and offer.diagnostics[0].span)
        files = await self._fixing.work_out(checked, key, offer.work)
        self._hold(checked)
        return Spelling(self.terms, self.documents).edit(files)

    def _hold(self, checked: Checked) -> None:
        """Raise JsonRpcContentModified if a document is no longer what it was."""
        if self.documents.get(checked.opened.uri) is not checked.opened:
            raise JsonRpcContentModified

    async def fix_workspace(self, uri: str = "", registry: str = "", place: int = 0) -> None:
        """The command that fixes a whole folder, or what one entry speaks of: the client is asked to apply the edit.

        `uri` names a file or folder in it, `registry` and `place` the entry, by its file and its place in there.
        """
        path = path_of(uri) or self.workspaces.first_root
        folder = await self._ready(path)
        try:
            edit = await self._fix_everywhere(folder, Wanted(registry, place))
        except RefusedError as error:
            raise JsonRpcException(f"It is not done: {error}", REQUEST_FAILED) from error
        applied = await self.workspace_apply_edit_async(lsp.ApplyWorkspaceEditParams(edit, "Fix imports everywhere"))
        if not applied.applied:
            _LOG.warning("the edit was not applied: %s", applied.failure_reason)

    async def _fix_everywhere(self, folder: WorkspaceFolder, wanted: Wanted) -> lsp.WorkspaceEdit:
        """All fixes in a folder as one edit. Raises RefusedError, JsonRpcContentModified."""
        opened = [o for o in self.documents if o.is_python and self.workspaces.of(o.path) is folder]
        if folder.project is None:
            raise RefusedError("there is no registry")
        job = Job(
            folder.root, folder.project.overrides, self.terms, fixes=wanted, but=tuple(str(o.path) for o in opened)
        )
        found = await everywhere(job, self._show("Fixing the workspace"))
        fixes: list[VersionedFixes] = [(Path(fixes.path).as_uri(), None, fixes) for fixes in found]
        checked = [checked for o in opened if (checked := self._check(o)) is not None]
        for known in checked:
            fixed = await self._fixing.fixes(known, wanted, self.terms)
            fixes += [(known.opened.uri, known.opened.version, fixed)] if fixed is not None else []
        for known in checked:
            self._hold(known)
        if not fixes:
            raise RefusedError("there is nothing to fix")
        return Spelling(self.terms, self.documents).fixes(fixes)

    # Saving

    def _begin_fixing(self, uri: str) -> None:
        """Work out the fixes of a document before it is saved."""
        opened = self.documents.get(uri)
        checked = self._check(opened) if opened is not None else None
        if checked is not None:
            for offer in offers(checked, (), [FIX_ALL]):
                self._spawn(self._fixing.work_out(checked, offer.kind, offer.work))

    async def will_save_wait_until(self, params: lsp.WillSaveTextDocumentParams) -> list[lsp.TextEdit] | None:
        """The safe fixes of a document that is about to be saved, if that is wanted and they are known soon enough."""
        opened = self.documents.get(params.text_document.uri)
        if opened is None or not opened.is_python or not self.workspaces.of(opened.path).settings.fix_on_save:
            return None
        checked = self._check(opened) if self._folder(opened.path) not in self._loading else None
        if checked is None:
            return None
        for offer in offers(checked, (), [FIX_ALL]):
            try:
                work = self._fixing.work_out(checked, offer.kind, offer.work)
                files = await asyncio.wait_for(work, _PATIENCE)
            except (TimeoutError, asyncio.TimeoutError):
                _LOG.info("%s is saved without fixes: they take too long", opened.path)
                return None
            self._hold(checked)
            return [edit for file in files for edit in self.terms.edits(file.text or opened.text, file.edits)]
        return None

    # Facts

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
        return lsp.Hover(self.terms.markup(markdown), self.terms.encoding.range(checked.opened.text, named.span))

    async def definition(self, params: lsp.DefinitionParams) -> lsp.Location | None:
        """Where the canonical object is defined."""
        where = await self._defined(params)
        opened = self.documents.at(where.path) if where is not None else None
        if where is not None and opened is not None and opened.text.source != where.text.source:
            await self._reread([where.path])  # it was typed in a moment ago
            where = await self._defined(params)
        if where is None:
            return None
        uri = opened.uri if opened is not None else where.path.as_uri()
        return lsp.Location(uri, self.terms.encoding.range(where.text, where.span))

    async def _defined(self, params: lsp.DefinitionParams) -> Location | None:
        found = await self._named(params)
        return definition_of(found[1], found[0].project) if found is not None else None

    async def _named(self, params: lsp.HoverParams | lsp.DefinitionParams) -> tuple[Checked, Named] | None:
        """What a place in an open document names. Uses are read in another thread, which asks no modules."""
        checked = await self._checked_at(params.text_document.uri)
        if checked is None:
            return None
        text = checked.opened.text
        await asyncio.to_thread(read_uses, text)
        named = named_at(checked.document, checked.project, self.terms.encoding.offset(text, params.position))
        return (checked, named) if named is not None else None
