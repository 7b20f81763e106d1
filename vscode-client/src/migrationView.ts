/** The view of how far the migration is. */

import { readFile } from "node:fs/promises";
import * as vscode from "vscode";
import { type Migration, VIEW } from "./migration";
import {
  type EntryNode,
  type FileNode,
  type ImporterNode,
  type Label,
  type Node,
  childrenOf,
  entryLabel,
  entryTooltip,
  excerpt,
  fileLabel,
  importersLeft,
  leftIn,
  migrationTree,
} from "./migrationTree";
import type { Server } from "./server";
import { registryName } from "./status";

/** Which words of welcome the view shows while it is empty: VS Code knows it by this context key. */
const STATE = "ssot.migrationState";

export class MigrationView implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly view: vscode.TreeView<Node>;
  private readonly listening: vscode.Disposable;
  private shown = "";
  private readonly lines = new Map<string, Promise<readonly string[]>>();
  readonly onDidChangeTreeData = this.changed.event;

  constructor(
    private readonly server: Server,
    private readonly migration: Migration,
  ) {
    this.view = vscode.window.createTreeView(VIEW, { treeDataProvider: this, showCollapseAll: true });
    this.listening = vscode.Disposable.from(
      migration.onDidChange(() => this.show()),
      server.onDidChangeState(() => this.show()),
      this.view.onDidChangeVisibility(({ visible }) => {
        migration.watched = visible;
      }),
    );
    migration.watched = this.view.visible;
    this.show();
  }

  dispose(): void {
    this.listening.dispose();
    this.view.dispose();
    this.changed.dispose();
  }

  getChildren(node?: Node): Node[] {
    return node === undefined ? migrationTree(this.migration.folders ?? []) : childrenOf(node);
  }

  async getTreeItem(node: Node): Promise<vscode.TreeItem> {
    switch (node.kind) {
      case "folder":
        return this.folderItem(node);
      case "entry":
        return entryItem(node);
      case "file":
        return fileItem(node);
      case "importer":
        return this.importerItem(node);
    }
  }

  private show(): void {
    const folders = this.migration.folders ?? [];
    const left = leftIn(folders);
    this.view.badge = left === 0 ? undefined : { value: left, tooltip: importersLeft(left) };
    const bad = (this.server.folders ?? []).filter(({ state }) => state === "bad");
    this.view.message = bad
      .map((folder) => `${registryName(folder)} has errors${folder.count > 0 ? ": its last good state is shown." : "."}`)
      .join("\n");
    void vscode.commands.executeCommand("setContext", STATE, this.state());
    const shown = JSON.stringify(folders);
    if (shown !== this.shown) {
      this.shown = shown;
      this.lines.clear();
      this.changed.fire();
    }
  }

  private state(): string {
    const { server } = this;
    if (server.state !== "running") {
      return server.state;
    }
    if (vscode.workspace.workspaceFolders === undefined) {
      return "noFolder";
    }
    if (server.folders === undefined || this.migration.folders === undefined) {
      return "counting";
    }
    const states = server.folders.map(({ state }) => state);
    return states.includes("bad") ? "bad" : states.includes("good") ? "noEntries" : "noRegistry";
  }

  private folderItem({ id, uri, left }: Node & { kind: "folder" }): vscode.TreeItem {
    const item = new vscode.TreeItem(vscode.Uri.parse(uri), vscode.TreeItemCollapsibleState.Expanded);
    item.id = id;
    item.iconPath = vscode.ThemeIcon.Folder;
    item.contextValue = "ssot.folder";
    item.description = left === 0 ? "done" : `${left} left`;
    return item;
  }

  private async importerItem({ id, importer }: ImporterNode): Promise<vscode.TreeItem> {
    const { uri, range, message } = importer;
    const line = (await this.linesOf(uri))[range.start.line];
    const shown = line === undefined ? undefined : excerpt(line, range);
    const number = range.start.line + 1;
    const item = new vscode.TreeItem(
      shown === undefined ? message : { label: shown.label, highlights: [shown.highlight] },
    );
    item.id = id;
    item.description = `Ln ${number}`;
    item.tooltip = message;
    item.contextValue = "ssot.importer";
    item.accessibilityInformation = { label: `line ${number}: ${message}` };
    item.command = openCommand(uri, range);
    return item;
  }

  /** The lines of a file, as they are on the screen or else on disk; none if it cannot be read. */
  private linesOf(uri: string): Promise<readonly string[]> {
    const known = this.lines.get(uri);
    if (known !== undefined) {
      return known;
    }
    const where = vscode.Uri.parse(uri);
    const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === where.toString());
    const text = open === undefined ? readFile(where.fsPath, "utf8") : Promise.resolve(open.getText());
    const lines = text.then(
      (found) => found.split(/\r\n|\n|\r/),
      () => [],
    );
    this.lines.set(uri, lines);
    return lines;
  }
}

function entryItem(node: EntryNode): vscode.TreeItem {
  const { id, left, isFixable } = node;
  const item = labelled(entryLabel(node), left === 0 ? undefined : vscode.TreeItemCollapsibleState.Collapsed);
  item.id = id;
  item.tooltip = new vscode.MarkdownString(entryTooltip(node));
  item.iconPath =
    left === 0
      ? new vscode.ThemeIcon("pass", new vscode.ThemeColor("testing.iconPassed"))
      : new vscode.ThemeIcon(node.entry.canonical === null ? "circle-slash" : "arrow-right");
  item.contextValue = isFixable ? "ssot.entry.fixable" : "ssot.entry";
  if (left === 0) {
    item.command = openCommand(node.entry.registry, node.entry.range);
  }
  return item;
}

function fileItem(node: FileNode): vscode.TreeItem {
  const label = fileLabel(node, node.parent.folder);
  const item = labelled(label, vscode.TreeItemCollapsibleState.Collapsed);
  item.id = node.id;
  item.resourceUri = vscode.Uri.parse(node.uri);
  item.iconPath = vscode.ThemeIcon.File;
  item.tooltip = item.resourceUri.fsPath;
  item.contextValue = node.isFixable ? "ssot.file.fixable" : "ssot.file";
  return item;
}

function labelled({ label, description, spoken }: Label, collapsible?: vscode.TreeItemCollapsibleState): vscode.TreeItem {
  const item = new vscode.TreeItem(label, collapsible);
  item.description = description;
  item.accessibilityInformation = { label: spoken };
  return item;
}

export function openCommand(uri: string, { start, end }: ImporterNode["importer"]["range"]): vscode.Command {
  const selection = new vscode.Range(start.line, start.character, end.line, end.character);
  return { command: "vscode.open", title: "Open", arguments: [vscode.Uri.parse(uri), { selection }] };
}
