import assert from "node:assert/strict";
import { test } from "node:test";
import { type Surroundings, launch } from "../src/launch";

const SETTINGS = { path: "", interpreter: "", importStrategy: "useBundled" } as const;

/** The bundled server, run by an interpreter. */
const bundled = (command: string) => ({ command, args: ["-I", "/ext/bundled/run.py"], setting: "ssot.interpreter" });
/** A server that is installed. */
const program = (command: string, setting: string) => ({ command, args: [], setting });

/** A machine with some files, of which some are links to others. */
function machine(files: Record<string, string>, around: Partial<Surroundings> = {}): Surroundings {
  return {
    settings: SETTINGS,
    isTrusted: true,
    folders: ["/shop"],
    selected: undefined,
    script: "/ext/bundled/run.py",
    searchPath: "/usr/bin",
    home: "/home/me",
    isWindows: false,
    realPath: (file) => files[file],
    ...around,
  };
}

/** Files that are no links, and the folders that they are in. */
function files(...paths: string[]): Record<string, string> {
  const folders = paths.map((path) => path.slice(0, path.lastIndexOf("/")));
  return Object.fromEntries([...paths, ...folders].map((path) => [path, path]));
}

test("the bundled server is run, isolated, by the first interpreter there is", () => {
  const all = files("/envs/a/bin/python", "/opt/python", "/usr/bin/python3", "/usr/bin/python");
  const set = { ...SETTINGS, interpreter: "/opt/python" };
  const run = (around: Partial<Surroundings>, there = all) => launch(machine(there, around));
  assert.deepEqual(run({ selected: "/envs/a/bin/python", settings: set }), bundled("/opt/python"));
  assert.deepEqual(run({ selected: "/envs/a/bin/python" }), bundled("/envs/a/bin/python"));
  const gone = { ...SETTINGS, interpreter: "/opt/gone" };
  assert.deepEqual(run({ selected: "/envs/a/bin/python", settings: gone }), bundled("/envs/a/bin/python"));
  assert.deepEqual(run({}), bundled("/usr/bin/python3"));
  assert.deepEqual(run({}, files("/usr/bin/python")), bundled("/usr/bin/python"));
});

test("without an interpreter the setting that names one is told", () => {
  const found = launch(machine({}));
  assert.ok("message" in found);
  assert.equal(found.setting, "ssot.interpreter");
});

test("fromEnvironment takes the server beside the interpreter, else that on the PATH, else the bundled one", () => {
  const settings = { ...SETTINGS, importStrategy: "fromEnvironment" } as const;
  const selected = "/envs/a/bin/python";
  const run = (...there: string[]) => launch(machine(files(selected, ...there), { settings, selected }));
  assert.deepEqual(run("/envs/a/bin/ssot-lsp", "/usr/bin/ssot-lsp"), program("/envs/a/bin/ssot-lsp", "ssot.importStrategy"));
  assert.deepEqual(run("/usr/bin/ssot-lsp"), program("/usr/bin/ssot-lsp", "ssot.importStrategy"));
  assert.deepEqual(run(), bundled(selected));
});

test("ssot.path comes first, may name the home and the workspace, and is not guessed at", () => {
  const there = files("/home/me/bin/ssot-lsp", "/shop/.venv/bin/ssot-lsp", "/usr/bin/python3");
  const run = (path: string) => launch(machine(there, { settings: { ...SETTINGS, path } }));
  assert.deepEqual(run("~/bin/ssot-lsp"), program("/home/me/bin/ssot-lsp", "ssot.path"));
  assert.deepEqual(run("${workspaceFolder}/.venv/bin/ssot-lsp"), program("/shop/.venv/bin/ssot-lsp", "ssot.path"));
  for (const path of ["/nowhere/ssot-lsp", "ssot-lsp", "~you/ssot-lsp"]) {
    const found = run(path);
    assert.ok("message" in found, path);
    assert.equal(found.setting, "ssot.path");
  }
});

test("an untrusted workspace gets the bundled server alone", () => {
  const there = files("/opt/ssot-lsp", "/usr/bin/ssot-lsp", "/usr/bin/python3");
  const settings = { ...SETTINGS, path: "/opt/ssot-lsp", importStrategy: "fromEnvironment" } as const;
  assert.deepEqual(launch(machine(there, { settings, isTrusted: false })), bundled("/usr/bin/python3"));
});

test("nothing in an untrusted workspace is run, however it is reached", () => {
  const links = {
    ...files("/shop/.venv/bin/python", "/real/shop/bin/python", "/usr/bin/python3"),
    "/shop/.venv/bin/python": "/usr/bin/python3", // an environment of the workspace: its own packages would count
    "/shop": "/real/shop",
    "/tools/python": "/real/shop/bin/python",
    "/tools": "/tools",
    "/linked/bin/python": "/usr/bin/python3",
    "/linked/bin": "/real/shop/bin",
  };
  const hostile = ["/shop/.venv/bin/python", "/real/shop/bin/python", "/tools/python", "/linked/bin/python", "python"];
  for (const interpreter of hostile) {
    const around = { settings: { ...SETTINGS, interpreter }, isTrusted: false, searchPath: "/shop/bin::.:/usr/bin" };
    assert.deepEqual(launch(machine(links, around)), bundled("/usr/bin/python3"), interpreter);
    assert.deepEqual(launch(machine(links, { ...around, selected: interpreter, settings: SETTINGS })), bundled("/usr/bin/python3"));
  }
  const beside = { settings: { ...SETTINGS, interpreter: "/shop2/python" }, isTrusted: false };
  const found = launch(machine(files("/shop2/python"), beside));
  assert.deepEqual(found, bundled("/shop2/python"), "a name that only begins like the folder's");
});
