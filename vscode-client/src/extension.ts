import * as vscode from "vscode";
import { ExecuteCommandRequest } from "vscode-languageclient/node";
import { onDidSelectInterpreter } from "./python";
import { activeFolder, registryUri, showStatus } from "./registryStatus";
import { SECTION, Server } from "./server";
import { TASK_TYPE, checkTasks } from "./tasks";

const LAUNCH_SETTINGS = ["enable", "path", "interpreter", "importStrategy"];

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel("ssot-lsp", { log: true });
  const server = new Server(context, log);
  const restart = () => server.restart();
  context.subscriptions.push(
    log,
    server,
    showStatus(server),
    vscode.tasks.registerTaskProvider(TASK_TYPE, checkTasks(server)),
    vscode.commands.registerCommand("ssot.restart", restart),
    vscode.commands.registerCommand("ssot.showLogs", () => log.show()),
    vscode.commands.registerCommand("ssot.fixFile", fixFile),
    vscode.commands.registerCommand("ssot.fixAllInWorkspace", () => fixWorkspace(server)),
    vscode.commands.registerCommand("ssot.openRegistry", openRegistry),
    vscode.workspace.onDidGrantWorkspaceTrust(restart),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (LAUNCH_SETTINGS.some((key) => event.affectsConfiguration(`${SECTION}.${key}`))) {
        void restart();
      }
    }),
  );
  const selection = await onDidSelectInterpreter(restart);
  if (selection !== undefined) {
    context.subscriptions.push(selection);
  }
  await restart();
}

async function fixFile(): Promise<void> {
  await vscode.commands.executeCommand("editor.action.sourceAction", { kind: "source.fixAll.ssot", apply: "first" });
}

async function fixWorkspace(server: Server): Promise<void> {
  const uri = activeFolder()?.uri;
  if (uri === undefined || server.running === undefined) {
    void vscode.window.showWarningMessage(uri ? "ssot-lsp is not running." : "There is no folder to fix.");
    return;
  }
  const fix = { command: "ssot.fixWorkspace", arguments: [uri.toString()] };
  try {
    await server.running.sendRequest(ExecuteCommandRequest.type, fix);
  } catch (error) {
    void vscode.window.showInformationMessage(error instanceof Error ? error.message : String(error));
  }
}

async function openRegistry(): Promise<void> {
  const uri = await registryUri();
  if (uri === undefined) {
    void vscode.window.showWarningMessage("There is no folder that a registry could be in.");
    return;
  }
  try {
    await vscode.window.showTextDocument(uri);
  } catch {
    // there is none yet: a new document at its place, which is written when it is saved
    const document = await vscode.workspace.openTextDocument(uri.with({ scheme: "untitled" }));
    const editor = await vscode.window.showTextDocument(document);
    if (document.getText() === "") {
      await editor.insertSnippet(new vscode.SnippetString('{\n  "version": 1,\n  "entries": [\n    $0\n  ]\n}\n'));
    }
  }
}
