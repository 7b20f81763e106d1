/** The language status item: what the server and the registries are up to. */

import { readFile, stat } from "node:fs/promises";
import * as path from "node:path";
import * as vscode from "vscode";
import { registryFile } from "./registry";
import { SECTION, type Server } from "./server";
import { type RegistryState, status } from "./status";

const SEVERITIES = {
  information: vscode.LanguageStatusSeverity.Information,
  warning: vscode.LanguageStatusSeverity.Warning,
  error: vscode.LanguageStatusSeverity.Error,
};

export function showStatus(server: Server): vscode.Disposable {
  const item = vscode.languages.createLanguageStatusItem("ssot.status", [
    { language: "python" },
    { pattern: "**/registry.json" },
  ]);
  item.name = "ssot-lsp";

  async function show(): Promise<void> {
    const registry = await registryState();
    const { text, detail, severity, isBusy } = status(server.state, registry);
    item.text = text;
    item.detail = detail;
    item.severity = SEVERITIES[severity];
    item.busy = isBusy;
    item.command =
      server.state === "running" && registry !== "missing"
        ? { command: "ssot.openRegistry", title: "Open Registry" }
        : { command: "ssot.showLogs", title: "Show Logs" };
  }

  const files = vscode.workspace.createFileSystemWatcher("**/{registry.json,pyproject.toml}");
  void show();
  return vscode.Disposable.from(
    item,
    files,
    files.onDidCreate(show),
    files.onDidChange(show),
    files.onDidDelete(show),
    server.onDidChangeState(show),
    vscode.window.onDidChangeActiveTextEditor(show),
    vscode.languages.onDidChangeDiagnostics(({ uris }) => {
      if (uris.some(isJson)) {
        void show();
      }
    }),
  );
}

/** Where the registry of the active editor's folder is, or of the first folder. */
export async function registryUri(): Promise<vscode.Uri | undefined> {
  const folder = activeFolder();
  if (folder === undefined) {
    return undefined;
  }
  const setting = vscode.workspace.getConfiguration(SECTION, folder.uri).get("registry", "");
  const pyproject = await readFile(path.join(folder.uri.fsPath, "pyproject.toml"), "utf8").catch(() => "");
  return vscode.Uri.file(registryFile(folder.uri.fsPath, setting, pyproject));
}

export function activeFolder(): vscode.WorkspaceFolder | undefined {
  const active = vscode.window.activeTextEditor?.document.uri;
  return (active && vscode.workspace.getWorkspaceFolder(active)) ?? vscode.workspace.workspaceFolders?.[0];
}

async function registryState(): Promise<RegistryState> {
  const isBad = vscode.languages.getDiagnostics().some(([uri, diagnostics]) => isJson(uri) && diagnostics.some(isError));
  if (isBad) {
    return "bad";
  }
  const uri = await registryUri();
  const exists = uri !== undefined && (await stat(uri.fsPath).catch(() => undefined)) !== undefined;
  return exists ? "good" : "missing";
}

function isJson(uri: vscode.Uri): boolean {
  return uri.path.endsWith(".json");
}

function isError({ source, severity }: vscode.Diagnostic): boolean {
  return source === "ssot" && severity === vscode.DiagnosticSeverity.Error;
}
