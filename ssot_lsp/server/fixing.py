"""Edits are worked out beside the loop, which goes on meanwhile; and told in the words of one client."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcContentModified

from ssot_lsp.files import read_bytes
from ssot_lsp.project import Project
from ssot_lsp.server.background import FileFixes, Wanted, fixes_of
from ssot_lsp.server.checked import Checked
from ssot_lsp.server.convert import Terms
from ssot_lsp.server.documents import Documents
from ssot_lsp.server.offer import FileEdit, Offer
from ssot_lsp.text import Text

_SAFE, _UNSAFE = "safe", "unsafe"
VersionedFixes: TypeAlias = tuple[str, int | None, FileFixes]
"""A URI, the version of its document if that is open, and its fixes."""
_Change: TypeAlias = lsp.TextDocumentEdit | lsp.CreateFile | lsp.RenameFile | lsp.DeleteFile


class Fixing:
    """One thread that works out edits, one after the other, on modules that nobody else asks."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "fixing")
        self._apart: tuple[Project, Project] | None = None
        self._is_warm = False

    def warm_up(self) -> None:
        """Load what is needed, before someone waits for it."""
        if not self._is_warm:
            self._is_warm = True
            self._thread.submit(_load)

    async def work_out(self, checked: Checked, offer: Offer) -> tuple[FileEdit, ...]:
        """The edits of an offer, worked out once; whoever stops waiting for them does not stop the others.

        Raises RefusedError.
        """
        known = checked.work.get(offer.key)
        if known is None:
            loop = asyncio.get_running_loop()
            project = self._project(checked.project)
            known = checked.work[offer.key] = loop.run_in_executor(self._thread, offer.work, project)
            known.add_done_callback(_is_seen)
        edits: tuple[FileEdit, ...] = await asyncio.shield(known)
        return edits

    async def fixes(self, checked: Checked, wanted: Wanted, terms: Terms) -> FileFixes | None:
        """The fixes of an open document as a part of those of all files; None if there are none."""
        loop, project = asyncio.get_running_loop(), self._project(checked.project)
        work = partial(fixes_of, checked.document, project, checked.diagnostics, wanted, terms)
        return await loop.run_in_executor(self._thread, work)

    def _project(self, project: Project) -> Project:
        """The project with modules of its own: those of the loop note what is asked of them there."""
        if self._apart is None or self._apart[0] is not project:
            self._apart = project, replace(project, modules=project.modules.after(frozenset()))
        return self._apart[1]

    def end(self) -> None:
        """Take no more work."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _source(path: Path) -> str | None:
    """What stands in a UTF-8 file that is not open; None if it is no such file."""
    try:
        return read_bytes(path).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None


def _load() -> None:
    import_module("ssot_lsp.rewrite")
    gc.freeze()  # what was loaded stays: to search it for garbage would take longer than a keystroke does


def _is_seen(future: asyncio.Future[Any]) -> None:
    """Whoever began it may be gone; then nobody asks for its exception."""
    if not future.cancelled():
        future.exception()


class Spelling:
    """Edits in the words of one client."""

    def __init__(self, terms: Terms, documents: Documents) -> None:
        self._terms, self._documents = terms, documents

    def edit(self, files: Iterable[FileEdit]) -> lsp.WorkspaceEdit:
        """The edits of some files as one; each names the version of its document that it was made for.

        Raises JsonRpcContentModified if a document is not what it was.
        """
        changes: list[_Change] = []
        for path, text, edits in files:
            opened = self._documents.at(path)
            if text is None:
                created = lsp.CreateFile(uri=path.as_uri(), options=lsp.CreateFileOptions(overwrite=False))
                changes += [created, self._document(path.as_uri(), None, self._terms.edits(Text(""), edits))]
            elif (opened.text.source if opened is not None else _source(path)) != text.source:
                raise JsonRpcContentModified
            else:
                uri, version = (opened.uri, opened.version) if opened is not None else (path.as_uri(), None)
                changes.append(self._document(uri, version, self._terms.edits(text, edits)))
        return self._whole(changes)

    def fixes(self, found: Sequence[VersionedFixes]) -> lsp.WorkspaceEdit:
        """Fixes of many files as one edit; a person has to say yes to what is unsafe.

        A client that cannot ask a person gets what is safe.
        """
        if not self._terms.client.annotates_edits:
            return self._whole(
                [self._document(uri, version, fixes.safe) for uri, version, fixes in found if fixes.safe]
            )
        changes: list[_Change] = []
        for uri, version, fixes in found:
            edits = [(edit, _SAFE) for edit in fixes.safe] + [(edit, _UNSAFE) for edit in fixes.unsafe]
            annotated = [lsp.AnnotatedTextEdit(label, edit.range, edit.new_text) for edit, label in edits]
            changes.append(self._document(uri, version, annotated))
        annotations = {
            _SAFE: lsp.ChangeAnnotation("Safe fixes", needs_confirmation=False),
            _UNSAFE: lsp.ChangeAnnotation(
                "Fixes that may change the meaning", needs_confirmation=True, description="look at each of them"
            ),
        }
        used = {label: annotations[label] for label in (_SAFE, _UNSAFE) if any(getattr(f[2], label) for f in found)}
        return lsp.WorkspaceEdit(document_changes=changes, change_annotations=used)

    def _document(
        self, uri: str, version: int | None, edits: Sequence[lsp.TextEdit | lsp.AnnotatedTextEdit]
    ) -> lsp.TextDocumentEdit:
        return lsp.TextDocumentEdit(lsp.OptionalVersionedTextDocumentIdentifier(uri=uri, version=version), [*edits])

    def _whole(self, changes: Sequence[_Change]) -> lsp.WorkspaceEdit:
        if self._terms.client.versions_edits:
            return lsp.WorkspaceEdit(document_changes=[*changes])
        edits = {c.text_document.uri: [*c.edits] for c in changes if isinstance(c, lsp.TextDocumentEdit)}
        return lsp.WorkspaceEdit(changes=edits)  # type: ignore[arg-type]
