import * as vscode from "vscode";
import { addToRegistry, fixEntry, fixFile, fixWorkspace } from "./commands";
import { Migration, VIEW } from "./migration";
import type { EntryNode, FileNode, FolderNode } from "./migrationTree";
import { MigrationView, openCommand } from "./migrationView";
import { onDidSelectInterpreter } from "./python";
import { registryUri, showStatus } from "./registryStatus";
import { SECTION, Server } from "./server";
import { TASK_TYPE, checkTasks } from "./tasks";

const LAUNCH_SETTINGS = ["enable", "path", "interpreter", "importStrategy"];

/** What tests look at. */
export interface Exports {
  readonly server: Server;
  readonly migration: Migration;
  readonly view: MigrationView;
}

export async function activate(context: vscode.ExtensionContext): Promise<Exports> {
  const log = vscode.window.createOutputChannel("ssot-lsp", { log: true });
  const server = new Server(context, log);
  const migration = new Migration(server, log);
  const view = new MigrationView(server, migration);
  const restart = () => server.restart();
  /** A command after which other importers may be left. */
  const counted = async (work: Promise<void>) => {
    await work;
    await migration.refresh();
  };
  const commands = {
    restart,
    showLogs: () => log.show(),
    fixFile,
    fixAllInWorkspace: (node?: FolderNode) => counted(fixWorkspace(server, node?.uri)),
    fixEntry: (node: EntryNode) => counted(fixEntry(server, node)),
    fixEntryInFile: (node: FileNode) => counted(fixEntry(server, node)),
    openEntry: ({ entry }: EntryNode) => {
      const { command, arguments: args = [] } = openCommand(entry.registry, entry.range);
      return vscode.commands.executeCommand(command, ...args);
    },
    openRegistry: () => openRegistry(server),
    addEntry: () => addToRegistry(server),
    migrationStatus: () => vscode.commands.executeCommand(`${VIEW}.focus`),
    refreshMigration: () => migration.refresh(),
  };
  context.subscriptions.push(
    log,
    view,
    migration,
    server,
    showStatus(server, migration),
    vscode.tasks.registerTaskProvider(TASK_TYPE, checkTasks(server)),
    ...Object.entries(commands).map(([name, act]) => vscode.commands.registerCommand(`${SECTION}.${name}`, act)),
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
  return { server, migration, view };
}

async function openRegistry(server: Server): Promise<void> {
  const uri = await registryUri(server);
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
