/** The commands of which the server does the work. */

import * as vscode from "vscode";
import { ExecuteCommandRequest } from "vscode-languageclient/node";
import { applyTo } from "./edits";
import { importedAt, isReference } from "./imports";
import type { EntryNode, FileNode } from "./migrationTree";
import { ADD_TO_REGISTRY, FIX_WORKSPACE } from "./protocol";
import { activeFolder } from "./registryStatus";
import type { Server } from "./server";

/** How the titles of the server's quick fixes begin that add to the registry. */
const OFFERED = "Add to the registry: ";

export async function fixFile(): Promise<void> {
  await vscode.commands.executeCommand("editor.action.sourceAction", { kind: "source.fixAll.ssot", apply: "first" });
}

/** Fix all that there is to fix in a folder; without one, in the active folder. */
export async function fixWorkspace(server: Server, folder = activeFolder()?.uri.toString()): Promise<void> {
  if (folder === undefined) {
    void vscode.window.showWarningMessage("There is no folder to fix.");
  } else {
    await execute(server, FIX_WORKSPACE, [folder]);
  }
}

/** Fix all that an entry speaks of: everywhere, or in one file. */
export async function fixEntry(server: Server, node: EntryNode | FileNode): Promise<void> {
  const { entry, folder } = node.kind === "entry" ? node : node.parent;
  const file = node.kind === "entry" ? "" : node.uri;
  await execute(server, FIX_WORKSPACE, [folder, vscode.Uri.parse(entry.registry).fsPath, entry.place, file]);
}

interface Proposal extends vscode.QuickPickItem {
  readonly edit?: vscode.WorkspaceEdit;
}

/** Add to the registry what the server proposes for the import at the cursor, or other paths. */
export async function addToRegistry(server: Server): Promise<void> {
  const active = vscode.window.activeTextEditor;
  const editor = active?.document.languageId === "python" ? active : undefined;
  const others: Proposal = { label: "Other paths…" };
  const proposals = editor === undefined ? [] : await proposalsAt(editor);
  const title = "Add to Registry";
  const chosen = proposals.length === 0 ? others : await vscode.window.showQuickPick([...proposals, others], { title });
  if (chosen === others) {
    const document = editor?.document;
    const imported = document && importedAt(document.getText(), document.offsetAt(editor.selection.active));
    await addPaths(server, editor?.document.uri ?? activeFolder()?.uri, imported ?? "");
  }
  const edit = chosen?.edit;
  const [registry] = edit?.entries() ?? [];
  if (edit !== undefined && registry !== undefined) {
    await applyTo(registry[0], () => vscode.workspace.applyEdit(edit));
  }
}

/** The quick fixes of the server that add to the registry. */
async function proposalsAt({ document, selection }: vscode.TextEditor): Promise<Proposal[]> {
  const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
    "vscode.executeCodeActionProvider",
    document.uri,
    selection,
    vscode.CodeActionKind.QuickFix.value,
    100, // so many are worked out, not only named
  );
  return actions
    .filter(({ title }) => title.startsWith(OFFERED))
    .flatMap(({ title, edit }) => (edit === undefined ? [] : [{ label: title.slice(OFFERED.length).replaceAll("`", ""), edit }]));
}

/** Ask for both paths, and let the server add them. */
async function addPaths(server: Server, where: vscode.Uri | undefined, imported: string): Promise<void> {
  if (where === undefined) {
    void vscode.window.showWarningMessage("There is no folder that a registry could be in.");
    return;
  }
  const wanted = "package.module:name is an object, package.module a module";
  const deprecated = await vscode.window.showInputBox({
    title: "Add to Registry (1/2)",
    prompt: "The path that is deprecated.",
    placeHolder: "shop.models:Order",
    value: imported,
    ignoreFocusOut: true,
    validateInput: (value) => (isReference(value.trim()) ? undefined : wanted),
  });
  if (deprecated === undefined) {
    return;
  }
  const old = deprecated.trim();
  const canonical = await vscode.window.showInputBox({
    title: "Add to Registry (2/2)",
    prompt: `Where ${old} is to be imported from now. Empty: it was removed.`,
    placeHolder: "shop.orders:Order",
    ignoreFocusOut: true,
    validateInput: (value) =>
      value.trim() === old ? "that is the deprecated path" : value.trim() === "" || isReference(value.trim()) ? undefined : wanted,
  });
  if (canonical !== undefined) {
    await execute(server, ADD_TO_REGISTRY, [where.toString(), old, canonical.trim()]);
  }
}

/** Let the server run a command of its own, and tell what keeps it from that. */
async function execute(server: Server, command: string, args: unknown[]): Promise<void> {
  const client = server.running;
  if (client === undefined) {
    void vscode.window.showWarningMessage("ssot-lsp is not running.");
    return;
  }
  try {
    await client.sendRequest(ExecuteCommandRequest.type, { command, arguments: args });
  } catch (error) {
    void vscode.window.showInformationMessage(error instanceof Error ? error.message : String(error));
  }
}
