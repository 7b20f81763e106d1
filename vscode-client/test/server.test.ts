import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { StreamMessageReader, StreamMessageWriter, createMessageConnection } from "vscode-jsonrpc/node";

const RUN = path.resolve("bundled/run.py");
const TIMEOUT = 30_000;

test("the bundled server speaks LSP, and imports nothing of the workspace", { timeout: TIMEOUT }, async (context) => {
  const folder = await mkdtemp(path.join(tmpdir(), "ssot-"));
  context.after(() => rm(folder, { recursive: true }));
  const registry = { version: 1, entries: [{ canonical: "new:Order", deprecated: ["old:Order"] }] };
  const trap = `import pathlib; pathlib.Path(${JSON.stringify(path.join(folder, "trapped"))}).touch()\n`;
  const files = {
    "registry.json": JSON.stringify(registry),
    "old.py": "",
    "new.py": "class Order: ...\n",
    "json.py": trap,
    "ssot_lsp.py": trap,
    "sitecustomize.py": trap,
  };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(path.join(folder, name), text);
  }

  const environment = { ...process.env, PYTHONPATH: folder };
  const server = spawn("python3", ["-I", RUN, "server"], { cwd: folder, env: environment });
  context.after(() => server.kill());
  const connection = createMessageConnection(
    new StreamMessageReader(server.stdout),
    new StreamMessageWriter(server.stdin),
  );
  connection.onRequest("client/registerCapability", () => null);
  connection.onRequest("workspace/configuration", ({ items }: { items: unknown[] }) => items.map(() => ({})));
  connection.onRequest("workspace/diagnostic/refresh", () => null);
  connection.listen();

  const root = pathToFileURL(folder).href;
  const initialized = await connection.sendRequest<{ capabilities: Record<string, unknown> }>("initialize", {
    processId: process.pid,
    rootUri: root,
    workspaceFolders: [{ uri: root, name: "shop" }],
    capabilities: {
      workspace: { configuration: true, diagnostics: { refreshSupport: true } },
      textDocument: { diagnostic: {}, publishDiagnostics: { tagSupport: { valueSet: [1, 2] } } },
    },
  });
  assert.ok(initialized.capabilities["diagnosticProvider"]);
  await connection.sendNotification("initialized", {});
  const uri = `${root}/app.py`;
  const text = "import json\nfrom old import Order\n";
  await connection.sendNotification("textDocument/didOpen", {
    textDocument: { uri, languageId: "python", version: 1, text },
  });
  const report = await connection.sendRequest<{ kind: string; items: { code: string; range: unknown }[] }>(
    "textDocument/diagnostic",
    { textDocument: { uri } },
  );
  assert.equal(report.kind, "full");
  assert.deepEqual(
    report.items.map(({ code, range }) => [code, range]),
    [["SSOT001", { start: { line: 1, character: 16 }, end: { line: 1, character: 21 } }]],
  );

  await connection.sendRequest("shutdown");
  const ended = new Promise((resolve) => server.once("exit", resolve));
  await connection.sendNotification("exit");
  assert.equal(await ended, 0);
  await assert.rejects(rm(path.join(folder, "trapped")), { code: "ENOENT" });
});
