/** Edits of several or single files, as the server asks for them or a command makes them. */

import * as vscode from "vscode";
import {
  type ApplyWorkspaceEditParams,
  type ApplyWorkspaceEditResult,
  TextDocumentEdit,
} from "vscode-languageclient/node";

/** Makes an edit; whether it was made. */
type Apply = () => Thenable<boolean>;

/**
 * Make an edit that the server wants made.
 *
 * Where some of it is not sure, VS Code asks by its preview. What changes several files and is all sure it would make
 * without a word: that is asked here.
 */
export async function apply(params: ApplyWorkspaceEditParams, next: Apply): Promise<ApplyWorkspaceEditResult> {
  const { documentChanges = [], changeAnnotations = {} } = params.edit;
  const changes = documentChanges.filter(TextDocumentEdit.is);
  const files = [...new Set(changes.map(({ textDocument }) => textDocument.uri))];
  const [first] = files;
  if (first !== undefined && files.length === 1) {
    return { applied: await applyTo(vscode.Uri.parse(first), next) };
  }
  const isPreviewed = Object.values(changeAnnotations).some(({ needsConfirmation }) => needsConfirmation);
  const count = changes.reduce((total, { edits }) => total + edits.length, 0);
  if (first !== undefined && !isPreviewed && !(await isWanted(count, files.length))) {
    return { applied: false, failureReason: "it was called off" };
  }
  return { applied: await next() };
}

async function isWanted(changes: number, files: number): Promise<boolean> {
  const detail = `${changes} changes, all of them safe. They can be undone at once.`;
  const fix = "Fix";
  return (await vscode.window.showInformationMessage(`Fix imports in ${files} files?`, { modal: true, detail }, fix)) === fix;
}

/** Make an edit of one file and show what was changed; the file is saved, unless there was something unsaved in it. */
export async function applyTo(uri: vscode.Uri, edit: Apply): Promise<boolean> {
  const document = await vscode.workspace.openTextDocument(uri);
  const wasDirty = document.isDirty;
  let change: vscode.TextDocumentContentChangeEvent | undefined;
  const listening = vscode.workspace.onDidChangeTextDocument((event) => {
    if (event.document === document) {
      change = event.contentChanges.at(-1) ?? change; // the first one in the text comes last
    }
  });
  const isApplied = await edit();
  listening.dispose();
  if (isApplied) {
    const end = change === undefined ? 0 : document.offsetAt(change.range.start) + change.text.length;
    const place = document.positionAt(end);
    await vscode.window.showTextDocument(document, { selection: new vscode.Range(place, place) });
    if (!wasDirty) {
      await document.save();
    }
  }
  return isApplied;
}
