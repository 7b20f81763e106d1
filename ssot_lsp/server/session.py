"""What is open and what is loaded, kept up to date and told: all that nobody asks for.

Nothing takes long on the loop: folders are loaded and edits are worked out in threads, whole folders are gone through
in another process, and what waits for these goes on when they are ready.
"""

from __future__ import annotations

import asyncio
import logging
import os
import stat
import sys
from collections.abc import Awaitable, Iterable, Mapping, Set
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from time import perf_counter
from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcContentModified, JsonRpcException, JsonRpcInternalError
from pygls.io_ import StdoutWriter, run_async
from pygls.lsp.server import LanguageServer
from pygls.protocol import default_converter

from ssot_lsp import __version__
from ssot_lsp.definitions import Definitions
from ssot_lsp.files import PYTHON_SUFFIXES, read_bytes
from ssot_lsp.model import Diagnostic
from ssot_lsp.modules import DEFINERS
from ssot_lsp.rules import Rule
from ssot_lsp.server.actions import FIX_ALL, offers
from ssot_lsp.server.background import Job
from ssot_lsp.server.checked import Checked
from ssot_lsp.server.client import Client
from ssot_lsp.server.convert import Encoding, Terms, path_of
from ssot_lsp.server.documents import Documents, OpenDocument
from ssot_lsp.server.fixing import Fixing
from ssot_lsp.server.log import log_to
from ssot_lsp.server.migration import status_of
from ssot_lsp.server.parent import death_of, lives
from ssot_lsp.server.problems import Problems
from ssot_lsp.server.progress import LongWork
from ssot_lsp.server.protocol import SsotProtocol
from ssot_lsp.server.settings import SECTION, DiagnosticMode
from ssot_lsp.server.workspaces import WorkspaceFolder, Workspaces
from ssot_lsp.watching import WATCHED, watched

_LOG = logging.getLogger(__name__)
_MOMENT = 0.2
"""Seconds."""
_BREATH = 0.05
"""Seconds; who saves after the last keystroke needs longer."""
STATUS, STATUS_CHANGED = "ssot/status", "ssot/didChangeStatus"
_ANSWER = 3.0
"""Seconds that we wait for a client to tell its settings."""


class Session(LanguageServer):
    """One client's open documents, workspace folders, and what is known and told about them."""

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

    # Life

    def initialize(self, params: lsp.InitializeParams) -> None:
        """Take over what the client can do, its settings and its folders."""
        agreed = self.workspace.position_encoding
        client = Client.of(params.capabilities)
        self.terms = Terms(Encoding(str(getattr(agreed, "value", agreed))), client)
        self.protocol.trace = params.trace or lsp.TraceValue.Off
        options = params.initialization_options
        if isinstance(options, Mapping):
            # there is no agreement on what stands in there: the settings, or what they stand below elsewhere
            settings = options.get("settings", options)
            settings = settings.get(SECTION, settings) if isinstance(settings, Mapping) else {}
            is_trusted = options.get("isTrusted") is not False
            self.workspaces.configure(settings if isinstance(settings, Mapping) else {}, is_trusted=is_trusted)
        uris = [folder.uri for folder in params.workspace_folders or ()] or [params.root_uri or ""]
        for path in filter(None, map(path_of, uris)):
            self.workspaces.add(path)
        if params.process_id is not None and lives(params.process_id):
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
            problems.end()
        self._fixing.end()

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Tell of a mistake, unless it was made while telling something: pygls would then never come to an end."""
        if source is not JsonRpcInternalError:
            super().report_server_error(error, source)

    def exit(self, params: None) -> None:
        """Say no more: what comes in the middle of the end has no one who listens."""
        self.protocol.is_over = True

    def start_pipes(self) -> None:
        """Serve over standard input and output, which the loop itself waits for: no thread is woken for each line.

        Raises ValueError where these are no pipes that a loop can wait for.
        """
        given, taken = os.fstat(0), os.fstat(1)
        is_pipe = stat.S_ISFIFO(given.st_mode) or stat.S_ISSOCK(given.st_mode)
        # what is waited for no longer blocks, which the output has to do
        if os.name != "posix" or not is_pipe or (given.st_dev, given.st_ino) == (taken.st_dev, taken.st_ino):
            raise ValueError("standard input is no pipe of its own")
        self._stop_event = Event()
        self.protocol.set_writer(StdoutWriter(sys.stdout.buffer))
        try:
            asyncio.run(self._serve_pipes(self._stop_event))
        except (BrokenPipeError, asyncio.IncompleteReadError):
            _LOG.error("the client is gone")
        except (KeyboardInterrupt, SystemExit):
            pass
        finally:
            self.shutdown()

    async def _serve_pipes(self, stop: Event) -> None:
        reader, loop = asyncio.StreamReader(), asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
        await run_async(stop, reader, self.protocol, _LOG, self.report_server_error)

    def shutdown(self) -> None:
        """End the process' work; called by pygls when the client is gone."""
        self.protocol.is_over = True
        self._end()
        super().shutdown()  # type: ignore[no-untyped-call]
        if self._server is not None and self.protocol.writer is not None:
            self.protocol.writer.close()  # newer versions of asyncio wait for open connections

    def shut_down(self, params: None) -> None:
        """End all work, and remember that the client took its leave."""
        self.was_shut_down = True
        self._end()

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
        self._lint_soon(folder)
        await self._check_again(folder)
        self._prepare(folder)
        self._look_at_others(folder)
        self._tell_status()

    def _lint_soon(self, folder: WorkspaceFolder) -> None:
        """See what is wrong with the registry, given the modules as they are, when they are left alone for a moment."""
        self._later(("lint", folder), _MOMENT, lambda: self._spawn(self._lint(folder)))

    async def _lint(self, folder: WorkspaceFolder) -> None:
        project = folder.project
        found = await asyncio.to_thread(folder.lint())
        if folder.project is project:
            folder.take_lint(found)
            self._publish_registry(folder)

    def _tell_status(self) -> None:
        """Tell what the folders' registries are, as all or some of the files may be others now."""
        if self.terms.client.follows_status:
            folders = [status_of(folder) for folder in self.workspaces if folder.is_loaded]
            self.protocol.notify(STATUS_CHANGED, {"folders": folders})

    def _opened_in(self, folder: WorkspaceFolder) -> list[OpenDocument]:
        """The open Python documents of a folder."""
        return [opened for opened in self.documents if opened.is_python and self.workspaces.of(opened.path) is folder]

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
            for opened in [opened for opened in self.documents if opened.path.is_relative_to(removed)]:
                self._changed(opened)  # it has another root now
        added = [path_of(folder.uri) for folder in params.event.added]
        folders = [self.workspaces.add(path) for path in filter(None, added)]
        await self._ask_settings()
        for folder in folders:
            self._reload(folder)

    # Documents

    def did_open(self, params: lsp.DidOpenTextDocumentParams) -> None:
        """Check a document that was opened."""
        self._look_outside(path_of(params.text_document.uri))
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
            if self._rereading:
                self._spawn(self._publish_when_ready(opened))
            else:
                self._publish(opened)
            self._prepare(folder)
        elif opened.path.suffix == ".json" and self._is_registry(opened.path, folder):
            self._reload(folder)

    async def _publish_when_ready(self, opened: OpenDocument) -> None:
        await self._ready(opened.path)
        if self.documents.get(opened.uri) is opened:
            self._publish(opened)

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
        known = problems.found.get(str(closed.path)) if problems is not None else None
        if not self.terms.client.pulls:
            self._send(uri, known.diagnostics if known is not None else [], None)
        self._tell_others(closed.path)
        self._look_at_others(folder)

    def did_save(self, params: lsp.DidSaveTextDocumentParams) -> None:
        """Look at the saved file with the eyes of the others."""
        path = path_of(params.text_document.uri)
        self._look_outside(path)
        if path is not None:
            self._reread_soon([path])

    def _look_outside(self, path: Path | None) -> None:
        """Load the folder of a file again, if what it takes from the environment has changed: nobody tells of that."""
        folder = self._folder(path) if path is not None else None
        if folder is not None and folder not in self._loading and folder.is_outdated:
            self._reload(folder)

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
                self._lint_soon(folder)
                await self._check_again(folder, stale)
                self._look_at_others(folder)
                self._tell_status()

    async def _check_again(self, folder: WorkspaceFolder, stale: Set[str] | None = None) -> None:
        """Check the open documents of a folder again for which something has changed, or all of them."""
        is_any = False
        for uri in [opened.uri for opened in self._opened_in(folder)]:
            opened, known = self.documents.get(uri), self._checked.get(uri)
            if opened is None or folder in self._loading:
                continue
            project = folder.project
            if stale is None or project is None or known is None or not known.survives(project, stale):
                is_any = True
                self._publish(opened)
                await asyncio.sleep(0)  # what was typed meanwhile comes first
            else:
                self._fix_soon(known)
        if is_any and self.terms.client.pulls:
            self._later("refresh", 0, self.workspace_diagnostic_refresh, None, lambda _: None)
        if is_any and folder.settings.inlay_hints and self.terms.client.refreshes_hints:
            self._later("refresh hints", 0, self.workspace_inlay_hint_refresh, None, lambda _: None)

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
            self._fix_soon(known)
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
        for path, text, problems in folder.reported:
            opened = self.documents.at(path)
            found = [self.terms.diagnostic(text, problem) for problem in problems]
            self._send(opened.uri if opened else path.as_uri(), found, opened.version if opened else None)

    def _send(self, uri: str, diagnostics: list[lsp.Diagnostic], version: int | None) -> None:
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, diagnostics, version))

    async def _checked_at(self, uri: str) -> Checked | None:
        """What is known of a document; None if it is not an open Python file of a workspace with a registry."""
        opened = self.documents.get(uri)
        if opened is None or not opened.is_python:
            return None
        await self._ready(opened.path)
        opened = self.documents.get(uri)
        return self._check(opened) if opened is not None else None

    def _hold(self, checked: Checked) -> None:
        """Raise JsonRpcContentModified if a document is no longer what it was."""
        if self.documents.get(checked.opened.uri) is not checked.opened:
            raise JsonRpcContentModified

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
        """Look at the files that are not open, if what is wrong in them is wanted, or who uses what entries replace."""
        problems, project = self._problems.get(folder), folder.project
        files = [file.path for file in project.registry.files] if project is not None else []
        shown, is_registry_open = folder.settings.diagnostic_mode, any(map(self.documents.at, files))
        if project is None or (shown is DiagnosticMode.OPEN and not is_registry_open):
            if problems is not None:
                problems.forget()
            return
        if problems is None:
            problems = self._problems[folder] = Problems(
                lambda path: self._publish_closed(folder, path),
                self._tell,
                self._show("Checking the workspace"),
                lambda found: self._learn_uses(folder, *found),
            )
        with_entries = is_registry_open or shown is DiagnosticMode.EVERYTHING
        problems.look(Job(folder.root, project.overrides, self.terms, shown, with_entries=with_entries))

    def _learn_uses(self, folder: WorkspaceFolder, path: Path, source: str, found: list[Diagnostic]) -> None:
        folder.take_uses(path, source, found)
        self._publish_registry(folder)

    def _publish_closed(self, folder: WorkspaceFolder, file: str) -> None:
        path = Path(file)
        is_ours = self.documents.at(path) is None and self.workspaces.of(path) is folder
        if is_ours and not self.terms.client.pulls:
            known = self._problems[folder].found.get(file)
            self._send(path.as_uri(), known.diagnostics if known is not None else [], None)

    def _show(self, title: str) -> Any:
        def show(on_cancel: Any) -> LongWork:
            can = self.terms.client.shows_progress
            return LongWork(self.work_done_progress if can else None, title, on_cancel)

        return show

    def _fix_soon(self, checked: Checked) -> None:
        """Work out the fixes of a document before it is saved, where they are wanted then."""
        opened = checked.opened
        if checked.diagnostics and self.workspaces.of(opened.path).settings.fix_on_save:
            self._later(("fix", opened.uri), _BREATH, self._begin_fixing, opened.uri)

    def _begin_fixing(self, uri: str) -> None:
        opened = self.documents.get(uri)
        checked = self._check(opened) if opened is not None else None
        if checked is not None:
            for offer in offers(checked, (), [FIX_ALL]):
                self._spawn(self._fixing.work_out(checked, offer))
