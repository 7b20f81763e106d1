import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type EntryNode,
  childrenOf,
  entryLabel,
  entryTooltip,
  excerpt,
  fileLabel,
  leftIn,
  migrationTree,
} from "../src/migrationTree";
import type { Entry, FolderMigration, Importer } from "../src/protocol";

const range = (line: number, from = 0, to = from) => ({
  start: { line, character: from },
  end: { line, character: to },
});

function importer(file: string, line: number, applicability: Importer["applicability"] = "safe"): Importer {
  return { uri: `file:///shop/${file}`, range: range(line), message: `line ${line}`, applicability };
}

function entry(place: number, importers: Importer[] = [], more: Partial<Entry> = {}): Entry {
  return {
    canonical: `new:E${place}`,
    deprecated: [`old:E${place}`],
    reason: "",
    owner: "",
    removal: "",
    registry: "file:///shop/registry.json",
    place,
    range: range(place),
    importers,
    ...more,
  };
}

function folder(uri: string, ...entries: Entry[]): FolderMigration {
  return { uri, state: "good", registries: [`${uri}/registry.json`], count: entries.length, entries };
}

const entries = (folders: FolderMigration[]) => migrationTree(folders) as EntryNode[];

test("what has most left comes first, what is done last, what is equal as the registry has it", () => {
  const [a, b] = [importer("a.py", 1), importer("b.py", 2)];
  const shown = entries([folder("file:///shop", entry(0), entry(1, [a]), entry(2, [a, b]), entry(3, [b]), entry(4))]);
  assert.deepEqual(shown.map((node) => [node.entry.place, node.left]), [[2, 2], [1, 1], [3, 1], [0, 0], [4, 0]]);
});

test("an entry has files by name, and these what is in them from top to bottom", () => {
  const [node] = entries([folder("file:///shop", entry(0, [importer("b/x.py", 9), importer("a.py", 3), importer("b/x.py", 2)]))]);
  assert.ok(node);
  const files = node.files.map((file) => {
    const { label, description, spoken } = fileLabel(file, node.folder);
    return [label, description, spoken, file.importers.map(({ importer: { range: { start } } }) => start.line)];
  });
  assert.deepEqual(files, [
    ["a.py", "1", "a.py, 1 importer left", [3]],
    ["x.py", "b · 2", "b/x.py, 2 importers left", [2, 9]],
  ]);
  assert.deepEqual(childrenOf(node), node.files);
});

test("only what a fix would change can be fixed", () => {
  const sure = entry(0, [importer("a.py", 1, "display"), importer("b.py", 1, "unsafe")]);
  const [first, second] = entries([folder("file:///shop", sure, entry(1, [importer("a.py", 2, null)]))]);
  assert.deepEqual([first?.isFixable, first?.files.map(({ isFixable }) => isFixable)], [true, [false, true]]);
  assert.equal(second?.isFixable, false);
});

test("several folders are told apart, by those that have entries", () => {
  const folders = [folder("file:///shop", entry(0, [importer("a.py", 1)])), folder("file:///other"), folder("file:///third", entry(0))];
  const shown = migrationTree(folders);
  assert.deepEqual(
    shown.map((node) => node.kind === "folder" && [node.uri, node.left]),
    [["file:///shop", 1], ["file:///third", 0]],
  );
  assert.equal(leftIn(folders), 1);
  assert.deepEqual(migrationTree([folder("file:///shop")]), []);
});

test("no two nodes have the same id, and each keeps it", () => {
  const ids = () => {
    const same = [importer("a.py", 1), importer("a.py", 1)];
    const folders = [folder("file:///shop", entry(0, same), entry(1, same)), folder("file:///other", entry(0, same))];
    const walk = (nodes: ReturnType<typeof childrenOf>): string[] =>
      nodes.flatMap((node) => [node.id, ...walk(childrenOf(node))]);
    return walk(migrationTree(folders));
  };
  assert.equal(new Set(ids()).size, ids().length);
  assert.deepEqual(ids(), ids());
});

test("an entry is told in short, aloud and at length", () => {
  const importers = [importer("a.py", 1)];
  const said = { owner: "core", removal: "3.0", reason: "It is *gone*.", alternatives: ["new:F"] };
  const [node] = entries([folder("file:///shop", entry(0, importers, { ...said, canonical: null, deprecated: ["old:A", "old:B"] }))]);
  assert.ok(node);
  assert.deepEqual(entryLabel(node), {
    label: "A (+1) → removed",
    description: "1 left · core · old",
    spoken: "old:A, old:B was removed, 1 importer left",
  });
  assert.equal(
    entryTooltip(node),
    "`old:A`, `old:B` was removed\n\nIt is \\*gone\\*.\n\nOwner: core\n\nRemoval: 3.0\n\nAlternatives: `new:F`\n\n1 importer left.",
  );
});

test("an entry's label begins with what has moved, and tells from where to where", () => {
  const told = (canonical: string, ...deprecated: string[]) => {
    const [node] = entries([folder("file:///shop", entry(0, [], { canonical, deprecated }))]);
    assert.ok(node);
    const { label, description, spoken } = entryLabel(node);
    assert.equal(spoken, `${deprecated.join(", ")} is now ${canonical}, done`);
    return [label, description];
  };
  assert.deepEqual(told("shop.orders:Order", "shop.models:Order"), ["Order", "shop.models → shop.orders"]);
  assert.deepEqual(told("shop.models:Order", "shop.models:Sale"), ["Sale → Order", "shop.models"]);
  assert.deepEqual(told("shop.a:C.meth", "shop.a:C.m"), ["C.m → C.meth", "shop.a"]);
  assert.deepEqual(told("shop.core.db", "shop.db"), ["db", "shop → shop.core"]);
  assert.deepEqual(told("new", "old"), ["old → new", ""]);
  assert.deepEqual(told("new:A", "old:A", "older:A"), ["A (+1) → A", "old → new"]);
});

test("a line is shown without its indentation, and not from far away", () => {
  const shown = (line: string, from: number, to: number) => {
    const { label, highlight } = excerpt(line, range(0, from, to));
    return [label, label.slice(...highlight)];
  };
  assert.deepEqual(shown("    from old import A", 20, 21), ["from old import A", "A"]);
  const long = `from a_very_long_package.with_modules import One, Two, ${"N".repeat(9)}`;
  assert.deepEqual(shown(long, 45, 48), ["…age.with_modules import One, Two, NNNNNNNNN", "One"]);
  assert.deepEqual(excerpt("x = (a.", { start: { line: 0, character: 5 }, end: { line: 1, character: 2 } }), {
    label: "x = (a.",
    highlight: [5, 7],
  });
});
