/** What extensions see of ours: run by the command `tests.run`, told in `results.txt` of the workspace folder. */

import assert from "node:assert/strict";
import { appendFile, readFile } from "node:fs/promises";
import path from "node:path";
import * as vscode from "vscode";
import { childrenOf } from "../../src/migrationTree";
import type { Exports } from "../../src/extension";
import { until } from "../until";

/** How often a file is saved in a row. */
const SAVES = 20;

export function activate(context: vscode.ExtensionContext): void {
  context.subscriptions.push(vscode.commands.registerCommand("tests.run", run));
}

async function run(): Promise<void> {
  const results = path.join(folder().fsPath, "results.txt");
  for (const [name, test] of Object.entries(TESTS)) {
    const began = performance.now();
    const why = await test().then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    const took = `${((performance.now() - began) / 1000).toFixed(1)} s`;
    const line = why === undefined ? `ok   ${name} (${took})` : `FAIL ${name} (${took}): ${why.replaceAll("\n", " ")}`;
    await appendFile(results, `${line}\n`);
  }
  await appendFile(results, "done\n");
}

function folder(): vscode.Uri {
  const found = vscode.workspace.workspaceFolders?.[0]?.uri;
  assert.ok(found);
  return found;
}

const uri = (file: string) => vscode.Uri.joinPath(folder(), file);

async function opened(file: string): Promise<vscode.TextDocument> {
  const document = await vscode.workspace.openTextDocument(uri(file));
  await vscode.window.showTextDocument(document);
  return document;
}

/** The codes of what we have to say of a file. */
function codes(file: vscode.Uri, source = "ssot"): string[] {
  const found = vscode.languages.getDiagnostics(file).filter((diagnostic) => diagnostic.source === source);
  return found.map(({ code }) => String(typeof code === "object" ? code.value : code)).sort();
}

function hasCodes(file: vscode.Uri, ...wanted: string[]): Promise<true> {
  const isThere = () => codes(file).join() === wanted.join() || undefined;
  return until(`${vscode.workspace.asRelativePath(file)}: ${wanted.join() || "nothing"}`, isThere, 30);
}

/** The place of the first of some text in a document. */
function place(document: vscode.TextDocument, text: string): vscode.Position {
  const offset = document.getText().indexOf(text);
  assert.ok(offset >= 0, text);
  return document.positionAt(offset + 1);
}

async function set(section: string, key: string, value: unknown): Promise<void> {
  await vscode.workspace.getConfiguration(section).update(key, value, vscode.ConfigurationTarget.Workspace);
}

async function exports(): Promise<Exports> {
  const extension = vscode.extensions.getExtension<Exports>("ssot-lsp.ssot-lsp");
  assert.ok(extension);
  return extension.activate();
}

const TESTS: Record<string, () => Promise<void>> = {
  async "every command is there"() {
    await exports();
    const commands = new Set(await vscode.commands.getCommands(true));
    const manifest = vscode.extensions.getExtension("ssot-lsp.ssot-lsp")?.packageJSON;
    const contributed: string[] = manifest.contributes.commands.map(({ command }: vscode.Command) => command);
    assert.ok(contributed.length > 5);
    assert.deepEqual(contributed.filter((command) => !commands.has(command)), []);
  },

  async "problems have codes, links and tags"() {
    const { uri: file } = await opened("shop/checkout.py");
    await hasCodes(file, "SSOT001", "SSOT001", "SSOT003");
    const found = vscode.languages.getDiagnostics(file);
    const deprecated = found.filter(({ tags }) => tags?.includes(vscode.DiagnosticTag.Deprecated));
    assert.equal(deprecated.length, 2);
    const pages = found.map(({ code }) => typeof code === "object" && path.basename(code.target.path));
    assert.deepEqual(pages.sort(), ["deprecated_import.md", "deprecated_import.md", "unresolved_module.md"]);
    assert.ok(deprecated.every(({ relatedInformation }) => relatedInformation?.length));
  },

  async "actions of each kind are offered"() {
    const document = await opened("shop/checkout.py");
    const at = new vscode.Range(place(document, "Order\n"), place(document, "Order\n"));
    const kinds = async (kind: string) => {
      const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
        "vscode.executeCodeActionProvider",
        document.uri,
        at,
        kind,
        10,
      );
      assert.ok(actions.every(({ edit, command }) => edit ?? command), "each does something");
      return actions.map((action) => action.kind?.value);
    };
    assert.ok((await kinds("quickfix")).length >= 3);
    assert.deepEqual(await kinds("source.fixAll"), ["source.fixAll.ssot"]);
    assert.deepEqual(await kinds("source.ssot.fixWorkspace"), ["source.ssot.fixWorkspace"]);
  },

  async "hover and definition lead to where it is now"() {
    const document = await opened("shop/checkout.py");
    const where = [document.uri, place(document, "Buyer")] as const;
    const [hover] = await vscode.commands.executeCommand<vscode.Hover[]>("vscode.executeHoverProvider", ...where);
    const [content] = hover?.contents ?? [];
    assert.ok(content instanceof vscode.MarkdownString && content.value.includes("shop.customers:Customer"));
    const found = await vscode.commands.executeCommand<(vscode.Location | vscode.LocationLink)[]>(
      "vscode.executeDefinitionProvider",
      ...where,
    );
    const targets = found.map((one) => ("targetUri" in one ? one.targetUri : one.uri).path);
    assert.ok(targets.some((target) => target.endsWith("shop/customers.py")), targets.join());
  },

  async "hints stand behind deprecated imports where they are wanted"() {
    const document = await opened("shop/checkout.py");
    const whole = new vscode.Range(0, 0, document.lineCount, 0);
    const hints = () =>
      vscode.commands.executeCommand<vscode.InlayHint[]>("vscode.executeInlayHintProvider", document.uri, whole);
    assert.deepEqual(await hints(), []);
    await set("ssot", "inlayHints", true);
    const found = await until("there are hints", async () => {
      const some = await hints();
      return some.length > 0 ? some : undefined;
    });
    assert.deepEqual(found.map(({ label }) => label), ["→ shop.customers:Customer", "→ shop.orders:Order"]);
    await set("ssot", "inlayHints", undefined);
  },

  async "settings count at once"() {
    const { uri: file } = await opened("shop/checkout.py");
    await hasCodes(file, "SSOT001", "SSOT001", "SSOT003");
    await set("ssot", "ignore", ["SSOT003"]);
    await hasCodes(file, "SSOT001", "SSOT001");
    await set("ssot", "ignore", undefined);
    await hasCodes(file, "SSOT001", "SSOT001", "SSOT003");
  },

  async "the migration is told by entry, file and line"() {
    const { migration, view } = await exports();
    await migration.refresh();
    const told = view.getChildren().map((entry) => {
      assert.equal(entry.kind, "entry");
      const files = childrenOf(entry).map((file) => file.kind === "file" && [path.basename(file.uri), file.importers.length]);
      return [entry.kind === "entry" && entry.entry.canonical, files];
    });
    assert.deepEqual(told, [
      ["shop.orders:Order", [["checkout.py", 1], ["invoice.py", 1], ["test_checkout.py", 1]]],
      ["shop.customers:Customer", [["checkout.py", 1]]],
    ]);
  },

  async "the migration is counted again when a file has changed"() {
    const { migration, view } = await exports();
    const left = () => (migration.folders ?? []).flatMap(({ entries }) => entries.map(({ importers }) => importers.length));
    const file = uri("shop/another.py");
    await vscode.commands.executeCommand("ssot.migrationStatus"); // it may take its time while nobody looks
    await migration.refresh();
    const before = left();
    await vscode.workspace.fs.writeFile(file, Buffer.from("from shop.models import Buyer\n"));
    await until("it is counted", () => left().join() !== before.join() || undefined, 60);
    assert.deepEqual(left(), [3, 2]);
    await vscode.workspace.fs.delete(file);
    await until("it is not counted any more", () => left().join() === before.join() || undefined, 60);
    assert.equal(view.getChildren().length, 2);
  },

  async "files of the registry's name that are none are let alone"() {
    const foreign = await opened("other/registry.json");
    const bad = await opened("bad/registry.json");
    await until("a bad registry is told of", () => codes(bad.uri, "json").length > 0 || vscode.languages.getDiagnostics(bad.uri).length > 0 || undefined);
    assert.deepEqual(vscode.languages.getDiagnostics(foreign.uri).map(({ message }) => message), []);
  },

  async "the server starts again on demand"() {
    const { server } = await exports();
    const { uri: file } = await opened("shop/checkout.py");
    await vscode.commands.executeCommand("ssot.restart");
    assert.equal(server.state, "running");
    await hasCodes(file, "SSOT001", "SSOT001", "SSOT003");
    await until("the registry is told", () => server.folders?.[0]?.state === "good" || undefined);
  },

  async [`a save fixes, ${SAVES} times in a row`]() {
    await set("editor", "codeActionsOnSave", { "source.fixAll.ssot": "explicit" });
    const document = await opened("shop/saved.py");
    const missed: number[] = [];
    for (let time = 1; time <= SAVES; time += 1) {
      const edit = new vscode.WorkspaceEdit();
      const whole = new vscode.Range(0, 0, document.lineCount, 0);
      edit.replace(document.uri, whole, `from shop.models import Order\n\nSAVED = Order, ${time}\n`);
      assert.ok(await vscode.workspace.applyEdit(edit));
      assert.ok(await document.save());
      const text = await readFile(document.uri.fsPath, "utf8");
      assert.ok(text.includes(`, ${time}\n`), text);
      if (!text.includes("from shop.orders import Order\n")) {
        missed.push(time);
      }
    }
    await set("editor", "codeActionsOnSave", undefined);
    assert.deepEqual(missed, []);
  },
};
