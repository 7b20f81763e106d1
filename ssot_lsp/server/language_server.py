"""What the server answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcContentModified, JsonRpcException, JsonRpcInvalidParams

from ssot_lsp.model import Applicability, Location, ObjectRef
from ssot_lsp.registry import RegistryError
from ssot_lsp.registry.edit import added_entry
from ssot_lsp.registry.load import load_file
from ssot_lsp.registry.validate import decode
from ssot_lsp.server.actions import FIX_ALL, FIX_WORKSPACE, offers, touching, wants
from ssot_lsp.server.background import FileFixes, FileProblems, Job, Wanted, everywhere
from ssot_lsp.server.checked import Checked
from ssot_lsp.server.client import Client
from ssot_lsp.server.convert import path_of
from ssot_lsp.server.fixing import Spelling, VersionedFixes
from ssot_lsp.server.hints import hints
from ssot_lsp.server.hover import canonical_of, definition_of, hover_text
from ssot_lsp.server.migration import Json, entries_of, status_of
from ssot_lsp.server.named import Named, named_at, read_uses
from ssot_lsp.server.offer import QUICK_FIX, FileEdit, Offer, RefusedError
from ssot_lsp.server.problems import result_id
from ssot_lsp.server.protocol import as_coroutine, as_function
from ssot_lsp.server.session import STATUS, Session
from ssot_lsp.server.settings import SECTION
from ssot_lsp.server.workspaces import WorkspaceFolder
from ssot_lsp.text import Span, Text

_LOG = logging.getLogger(__name__)
_PATIENCE = 0.01
"""Seconds that a save waits for fixes; what is worked out meanwhile makes that longer."""
MIGRATION = "ssot/migration"
FIX_WORKSPACE_COMMAND, ADD_TO_REGISTRY_COMMAND = "ssot.fixWorkspace", "ssot.addToRegistry"
REQUEST_FAILED = -32803
"""LSP 3.17, `LSPErrorCodes.RequestFailed`."""


class SsotLanguageServer(Session):
    """The server: it registers what it does on each request and notification, and answers."""

    def __init__(self) -> None:
        super().__init__()
        self._register()

    def _register(self) -> None:
        self.feature(lsp.INITIALIZE)(as_function(self.initialize))
        self.feature(lsp.INITIALIZED)(as_coroutine(self.initialized))
        self.feature(lsp.SHUTDOWN)(as_function(self.shut_down))
        self.feature(lsp.EXIT)(as_function(self.exit))
        self.feature(lsp.TEXT_DOCUMENT_DID_SAVE)(as_function(self.did_save))
        self.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)(as_function(self.did_change_watched_files))
        self.feature(lsp.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)(as_coroutine(self.did_change_workspace_folders))
        self.feature(lsp.WORKSPACE_DID_CHANGE_CONFIGURATION)(as_coroutine(self.did_change_configuration))
        self.feature(lsp.TEXT_DOCUMENT_HOVER)(as_coroutine(self.hover))
        self.feature(lsp.TEXT_DOCUMENT_DEFINITION)(as_coroutine(self.definition))
        self.feature(STATUS)(as_coroutine(self.status))
        self.feature(MIGRATION)(as_coroutine(self.migration))

        @self.command(FIX_WORKSPACE_COMMAND)
        async def fix_workspace(*arguments: str) -> None:  # whatever they are; pygls wants to see a class of no server
            await self.fix_workspace(arguments)

        @self.command(ADD_TO_REGISTRY_COMMAND)
        async def add_to_registry(*arguments: str) -> None:
            await self.add_to_registry(arguments)

    def _register_for(self, client: Client) -> None:
        """What is only told to clients that can make use of it."""
        kinds: list[lsp.CodeActionKind | str] = [QUICK_FIX, FIX_ALL, FIX_WORKSPACE]
        actions = lsp.CodeActionOptions(kinds, resolve_provider=client.resolves_edits)
        self.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, actions)(as_coroutine(self.code_action))
        if client.resolves_edits:
            self.feature(lsp.CODE_ACTION_RESOLVE)(as_coroutine(self.resolve_code_action))
        if client.shows_hints:
            self.feature(lsp.TEXT_DOCUMENT_INLAY_HINT)(as_coroutine(self.inlay_hint))
        if client.pulls:
            pulled = lsp.DiagnosticOptions(
                inter_file_dependencies=True, workspace_diagnostics=True, identifier=SECTION, work_done_progress=True
            )
            self.feature(lsp.TEXT_DOCUMENT_DIAGNOSTIC, pulled)(as_coroutine(self.diagnostic))
            self.feature(lsp.WORKSPACE_DIAGNOSTIC)(as_coroutine(self.workspace_diagnostic))

    def initialize(self, params: lsp.InitializeParams) -> None:
        """Take over what the client says of itself, and offer what it can make use of."""
        super().initialize(params)
        self._register_for(self.terms.client)
        # Eglot asks for edits before it has told what was typed last, and would make them in the wrong places
        if params.client_info is None or params.client_info.name.casefold() != "eglot":
            self.feature(lsp.TEXT_DOCUMENT_WILL_SAVE_WAIT_UNTIL)(as_coroutine(self.will_save_wait_until))

    # Diagnostics that are asked for

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
        known = {item.uri: item.value for item in params.previous_result_ids}
        is_told = False
        try:
            while True:
                under_way = next((p for p in self._problems.values() if p.is_under_way), None)
                reports = self._reports(known, is_last=under_way is None)
                if token is not None and reports and (is_told or under_way is not None):
                    part = lsp.WorkspaceDiagnosticReportPartialResult(reports)
                    self.protocol.notify(lsp.PROGRESS, lsp.ProgressParams(token, part))
                    is_told, reports = True, []
                if under_way is None:
                    return lsp.WorkspaceDiagnosticReport(reports)
                if token is None:
                    known = {item.uri: item.value for item in params.previous_result_ids}  # all is told at the end
                await under_way.news()
        finally:
            if progress is not None:
                self.work_done_progress.end(progress, lsp.WorkDoneProgressEnd())

    def _reports(self, known: dict[str, str], *, is_last: bool) -> list[lsp.WorkspaceDocumentDiagnosticReport]:
        """What is to be told of files that are not open, other than what is `known`; at last also which are clean."""
        reports: list[lsp.WorkspaceDocumentDiagnosticReport] = []

        def tell(uri: str, diagnostics: list[lsp.Diagnostic], name: str) -> None:
            if known.get(uri) != name:
                known[uri] = name
                report = lsp.WorkspaceFullDocumentDiagnosticReport(uri=uri, items=diagnostics, result_id=name)
                reports.append(report)

        found = {
            file.uri: file
            for problems in self._problems.values()
            for path, file in problems.found.items()
            if self.documents.at(Path(path)) is None
        }
        for file in found.values():
            tell(*file)
        for uri in [uri for uri in known if is_last and uri not in found]:
            path = path_of(uri)
            if path is not None and self.documents.at(path) is None:
                tell(uri, [], result_id([]))
        return reports

    # Code actions

    async def code_action(self, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        """What can be done about the diagnostics in a range, and in the whole file."""
        checked = await self._checked_at(params.text_document.uri)
        if checked is None:
            return await self._entry_fixes(params)
        span = self.terms.encoding.span(checked.opened.text, params.range)
        found = offers(checked, touching(checked.diagnostics, span), params.context.only)
        can_create = self.terms.client.creates_files
        actions = [(offer, self._action(checked, offer)) for offer in found if can_create or not offer.creates]
        if self.terms.client.resolves_edits:
            for offer, action in actions:
                action.data = {"uri": checked.opened.uri, "version": checked.opened.version, "span": [*span]}
                action.data["of"] = [*offer.place] if offer.place is not None else None
            return [action for _, action in actions]
        return [action for offer, action in actions if await self._complete(checked, offer, action)]

    async def _entry_fixes(self, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        """What can be done about the entries of a registry in a range. Nothing of it is ever done on save."""
        opened = self.documents.get(params.text_document.uri)
        if opened is None or opened.is_python or not wants(params.context.only, QUICK_FIX):
            return []
        folder = await self._ready(opened.path)
        of_file = ((text, problems) for path, text, problems in folder.reported if path == opened.path)
        text, problems = next(of_file, (Text(""), []))
        if text.source != opened.text.source:
            return []
        actions: list[lsp.CodeAction] = []
        for problem in touching(problems, self.terms.encoding.span(text, params.range)):
            for fix in problem.fixes:
                edit = Spelling(self.terms, self.documents).edit([FileEdit(opened.path, text, fix.edits)])
                mended, is_safe = [self.terms.diagnostic(text, problem)], fix.applicability is Applicability.SAFE
                actions.append(lsp.CodeAction(fix.title, QUICK_FIX, mended, is_preferred=is_safe, edit=edit))
        return actions

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
            if (offer.title, offer.kind) == what and of == ([*offer.place] if offer.place is not None else None):
                break
        else:
            raise JsonRpcContentModified
        try:
            if offer.wanted is not None:
                action.edit = await self._fix_everywhere(self._folder(checked.opened.path), offer.wanted)
            else:
                action.edit = await self._edit(checked, offer)
        except RefusedError as error:
            raise _refusal(error) from error
        return action

    async def _edit(self, checked: Checked, offer: Offer) -> lsp.WorkspaceEdit:
        """The edit of an offer. Raises JsonRpcContentModified if the document has moved on, RefusedError."""
        files = await self._fixing.work_out(checked, offer)
        self._hold(checked)
        return Spelling(self.terms, self.documents).edit(files)

    async def fix_workspace(self, arguments: Sequence[object]) -> None:
        """The command that fixes a whole folder, or what one entry speaks of: the client is asked to apply the edit.

        Its arguments may be left out: the URI of a file or folder in it; the entry's registry file, and its place in
        there; the URI of the one file that is to be fixed. Raises JsonRpcInvalidParams for others.
        """
        uri, registry, place, only = _arguments(arguments, "", "", 0, "")
        file = path_of(only)
        if only and file is None:
            raise _invalid(f"no file: {only}")
        folder = await self._ready(path_of(uri) or self.workspaces.first_root)
        wanted = Wanted(registry, place, str(file) if file is not None else "")
        try:
            edit = await self._fix_everywhere(folder, wanted)
        except RefusedError as error:
            raise _refusal(error) from error
        await self._apply(edit, "Fix imports everywhere")

    async def add_to_registry(self, arguments: Sequence[object]) -> None:
        """The command that adds an entry to the registry: the client is asked to apply the edit.

        Its arguments are the URI of a file or folder in the workspace folder, the deprecated path, and the canonical
        one; empty if there is none. Raises JsonRpcInvalidParams for others, JsonRpcException if it cannot be added.
        """
        uri, deprecated, canonical = _arguments(arguments, "", "", "")
        try:
            old, new = ObjectRef.parse(deprecated), ObjectRef.parse(canonical) if canonical else None
        except ValueError as error:
            raise _invalid(str(error)) from error
        folder = await self._ready(path_of(uri) or self.workspaces.first_root)
        try:
            edit = Spelling(self.terms, self.documents).edit([self._added(folder, old, new)])
        except RefusedError as error:
            raise _refusal(error) from error
        await self._apply(edit, f"Add `{old}` to the registry")

    def _added(self, folder: WorkspaceFolder, old: ObjectRef, new: ObjectRef | None) -> FileEdit:
        """The edit of a folder's registry that deprecates a path. Raises RefusedError."""
        if folder.project is None:
            raise RefusedError("there is no registry")
        path = folder.project.registry.files[0].path
        try:
            text = decode(path, self._read(path))  # it may have changed a moment ago
            load_file(path, text)
        except (OSError, RegistryError) as error:
            raise RefusedError(f"the registry cannot be used: {error}") from error
        edit = added_entry(text, new, old)
        if edit is None:
            raise RefusedError(f"the registry says of `{old}` already what it is now")
        return FileEdit(path, text, (edit,))

    async def _apply(self, edit: lsp.WorkspaceEdit, label: str) -> None:
        # so that the files are saved, not left open; Eglot accepts no word that it does not know
        metadata = lsp.WorkspaceEditMetadata(is_refactoring=True) if self.terms.client.knows_metadata else None
        applied = await self.workspace_apply_edit_async(lsp.ApplyWorkspaceEditParams(edit, label, metadata))
        if not applied.applied:
            _LOG.warning("the edit was not applied: %s", applied.failure_reason)

    async def _fix_everywhere(self, folder: WorkspaceFolder, wanted: Wanted) -> lsp.WorkspaceEdit:
        """All fixes in a folder that are wanted, as one edit. Raises RefusedError, JsonRpcContentModified."""
        opened = self._opened_in(folder)
        if folder.project is None:
            raise RefusedError("there is no registry")
        job = Job(
            folder.root, folder.project.overrides, self.terms, fixes=wanted, but=tuple(str(o.path) for o in opened)
        )
        found = await everywhere(job, FileFixes, self._show("Fixing the workspace"))
        fixes: list[VersionedFixes] = [(Path(fixes.path).as_uri(), None, fixes) for fixes in found]
        concerned = [o for o in opened if wanted.file in ("", str(o.path))]
        checked = [checked for o in concerned if (checked := self._check(o)) is not None]
        for known in checked:
            fixed = await self._fixing.fixes(known, wanted, self.terms)
            fixes += [(known.opened.uri, known.opened.version, fixed)] if fixed is not None else []
        for known in checked:
            self._hold(known)
        if not fixes:
            raise RefusedError("there is nothing to fix")
        return Spelling(self.terms, self.documents).fixes(fixes)

    # How far the migration is: requests of our own

    async def status(self, params: object) -> list[Json]:
        """Of each workspace folder which registry is in force, and whether it is as it should be."""
        return [status_of(await self._ready(folder.root)) for folder in self.workspaces]

    async def migration(self, params: object) -> list[Json]:
        """Of each workspace folder the entries, with the places that still use what they replace."""
        told: list[Json] = []
        for folder in self.workspaces:
            await self._ready(folder.root)
            found = {uri: diagnostics async for uri, diagnostics in self._found(folder)}
            told.append({**status_of(folder), "entries": entries_of(folder, found, self.terms.encoding)})
        return told

    async def _found(self, folder: WorkspaceFolder) -> AsyncIterator[tuple[str, list[lsp.Diagnostic]]]:
        """What is wrong in all files of a folder: of those that are open as they are shown."""
        terms = self.terms._replace(client=self.terms.client._replace(keeps_data=True))
        opened = self._opened_in(folder)
        if folder.project is not None:
            but = tuple(str(o.path) for o in opened)
            job = Job(folder.root, folder.project.overrides, terms, but=but)
            for path, diagnostics in await everywhere(job, FileProblems, self._show("Counting importers")):
                yield Path(path).as_uri(), diagnostics
        for document in opened:
            checked = self._check(document)
            if checked is not None:
                yield document.uri, [terms.diagnostic(document.text, found) for found in checked.diagnostics]

    # Saving

    async def will_save_wait_until(self, params: lsp.WillSaveTextDocumentParams) -> list[lsp.TextEdit] | None:
        """The safe fixes of a document that is about to be saved, if that is wanted and they are known soon enough."""
        opened = self.documents.get(params.text_document.uri)
        if opened is None or not opened.is_python or not self.workspaces.of(opened.path).settings.fix_on_save:
            return None
        checked = self._check(opened) if self._folder(opened.path) not in self._loading else None
        if checked is None:
            return None
        work = checked.work.get(FIX_ALL)
        if work is not None and not work.done():
            await asyncio.wait({work}, timeout=_PATIENCE)
        if work is None or not work.done():  # there is nothing to fix, or it was typed in too short a time ago
            _LOG.info("%s is saved as it is: no fixes are known so far", opened.path)
            return None
        self._hold(checked)
        return [edit for file in work.result() for edit in self.terms.edits(opened.text, file.edits)]

    # Facts

    async def inlay_hint(self, params: lsp.InlayHintParams) -> list[lsp.InlayHint]:
        """What is to be imported instead, behind what is deprecated; if that is wanted."""
        checked = await self._checked_at(params.text_document.uri)
        if checked is None or not self.workspaces.of(checked.opened.path).settings.inlay_hints:
            return []
        text, encoding = checked.opened.text, self.terms.encoding
        return [
            lsp.InlayHint(encoding.position(text, hint.offset), hint.label, tooltip=hint.tooltip, padding_left=True)
            for hint in hints(checked, encoding.span(text, params.range))
        ]

    async def hover(self, params: lsp.HoverParams) -> lsp.Hover | None:
        """What the registry says of what is imported, used or named in a string under the cursor."""
        found = await self._named(params)
        if found is None:
            return None
        checked, named = found
        project = checked.project
        target = canonical_of(named, checked)
        about = await asyncio.to_thread(project.environment.describe, target, project.modules.roots) if target else ""
        markdown = hover_text(named, checked, date.today(), about)
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
        return definition_of(found[1], found[0]) if found is not None else None

    async def _named(self, params: lsp.HoverParams | lsp.DefinitionParams) -> tuple[Checked, Named] | None:
        """What a place in an open document names. Uses are read in another thread, which asks no modules."""
        checked = await self._checked_at(params.text_document.uri)
        if checked is None:
            return None
        text = checked.opened.text
        await asyncio.to_thread(read_uses, text)
        named = named_at(checked.document, checked.project, self.terms.encoding.offset(text, params.position))
        return (checked, named) if named is not None else None


def _arguments(given: Sequence[object], *defaults: object) -> Sequence[Any]:
    """The arguments of a command, with defaults for those that were left out.

    Raises JsonRpcInvalidParams for one of another kind than its default.
    """
    arguments = [*given, *defaults[len(given) :]]
    for number, (argument, default) in enumerate(zip(arguments, defaults, strict=False), 1):
        if type(argument) is not type(default):
            raise _invalid(f"argument {number}: expected {type(default).__name__}, got {argument!r}")
    return arguments[: len(defaults)]


def _invalid(why: str) -> JsonRpcException:
    error: JsonRpcException = JsonRpcInvalidParams.of(ValueError(why))
    return error


def _refusal(error: RefusedError) -> JsonRpcException:
    return JsonRpcException(f"It is not done: {error}", REQUEST_FAILED)
