/** The language status item: what the server and the registries are up to. */

import { readFile } from "node:fs/promises";
import * as path from "node:path";
import * as vscode from "vscode";
import type { Migration } from "./migration";
import { leftIn } from "./migrationTree";
import type { FolderStatus } from "./protocol";
import { registryFile } from "./registry";
import { SECTION, type Server } from "./server";
import { status } from "./status";

const SEVERITIES = {
  information: vscode.LanguageStatusSeverity.Information,
  warning: vscode.LanguageStatusSeverity.Warning,
  error: vscode.LanguageStatusSeverity.Error,
};

export function showStatus(server: Server, migration: Migration): vscode.Disposable {
  const item = vscode.languages.createLanguageStatusItem("ssot.status", [
    { language: "python" },
    { pattern: "**/registry.json" },
  ]);
  item.name = item.detail = "ssot-lsp";

  function show(): void {
    const folder = statusOf(server);
    const counted = migration.folders?.find(({ uri }) => uri === folder?.uri);
    const { text, severity, isBusy } = status(server.state, folder, counted && leftIn([counted]));
    item.text = text;
    item.severity = SEVERITIES[severity];
    item.busy = isBusy;
    item.command =
      server.state === "running"
        ? { command: "ssot.openRegistry", title: "Open Registry" }
        : { command: "ssot.showLogs", title: "Show Logs" };
  }

  show();
  return vscode.Disposable.from(
    item,
    server.onDidChangeState(show),
    server.onDidChangeStatus(show),
    migration.onDidChange(show),
    vscode.window.onDidChangeActiveTextEditor(show),
  );
}

/** What the server says of the active editor's folder, or of the first folder. */
function statusOf(server: Server): FolderStatus | undefined {
  const folder = activeFolder();
  return server.folders?.find(({ uri }) => vscode.Uri.parse(uri).toString() === folder?.uri.toString());
}

/** The registry of the active editor's folder, or of the first folder: the one in force, else the one that would be. */
export async function registryUri(server: Server): Promise<vscode.Uri | undefined> {
  const folder = activeFolder();
  const registry = statusOf(server)?.registries[0];
  if (folder === undefined || registry !== undefined) {
    return registry === undefined ? undefined : vscode.Uri.parse(registry);
  }
  const setting = vscode.workspace.getConfiguration(SECTION, folder.uri).get("registry", "");
  const pyproject = await readFile(path.join(folder.uri.fsPath, "pyproject.toml"), "utf8").catch(() => "");
  return vscode.Uri.file(registryFile(folder.uri.fsPath, setting, pyproject));
}

export function activeFolder(): vscode.WorkspaceFolder | undefined {
  const active = vscode.window.activeTextEditor?.document.uri;
  return (active && vscode.workspace.getWorkspaceFolder(active)) ?? vscode.workspace.workspaceFolders?.[0];
}
