/** What the migration view shows, worked out from the server's answer. */

import path from "node:path";
import type { Range } from "vscode-languageclient";
import type { Entry, FolderMigration, Importer } from "./protocol";

export interface FolderNode {
  readonly kind: "folder";
  readonly id: string;
  readonly uri: string;
  readonly left: number;
  readonly entries: readonly EntryNode[];
}

export interface EntryNode {
  readonly kind: "entry";
  readonly id: string;
  readonly entry: Entry;
  /** The URI of the workspace folder. */
  readonly folder: string;
  readonly left: number;
  readonly isFixable: boolean;
  readonly files: readonly FileNode[];
}

export interface FileNode {
  readonly kind: "file";
  readonly id: string;
  readonly uri: string;
  readonly isFixable: boolean;
  readonly importers: readonly ImporterNode[];
  readonly parent: { readonly entry: Entry; readonly folder: string };
}

export interface ImporterNode {
  readonly kind: "importer";
  readonly id: string;
  readonly importer: Importer;
}

export type Node = FolderNode | EntryNode | FileNode | ImporterNode;

/** The nodes of the first level: the folders with entries, or what is in the only one. */
export function migrationTree(folders: readonly FolderMigration[]): Node[] {
  const nodes = folders.filter(({ entries }) => entries.length > 0).map(folderNode);
  const [only] = nodes;
  return only !== undefined && folders.length === 1 ? [...only.entries] : nodes;
}

export function childrenOf(node: Node): Node[] {
  switch (node.kind) {
    case "folder":
      return [...node.entries];
    case "entry":
      return [...node.files];
    case "file":
      return [...node.importers];
    case "importer":
      return [];
  }
}

/** How many importers are left in all. */
export function leftIn(folders: readonly FolderMigration[]): number {
  return sum(folders.flatMap(({ entries }) => entries.map(({ importers }) => importers.length)));
}

function folderNode({ uri, entries }: FolderMigration): FolderNode {
  // the sort is stable: what is equally far stays in the registry's order, and what is done comes last
  const nodes = entries.map((entry) => entryNode(entry, uri)).sort((one, other) => other.left - one.left);
  return { kind: "folder", id: uri, uri, left: sum(nodes.map(({ left }) => left)), entries: nodes };
}

function entryNode(entry: Entry, folder: string): EntryNode {
  const id = JSON.stringify([folder, entry.registry, entry.place, entry.deprecated]);
  const byFile = new Map<string, Importer[]>();
  for (const importer of entry.importers) {
    byFile.set(importer.uri, [...(byFile.get(importer.uri) ?? []), importer]);
  }
  const uris = [...byFile.keys()].sort();
  const files = uris.map((uri) => fileNode(uri, byFile.get(uri) ?? [], { entry, folder }, id));
  const isFixable = files.some((file) => file.isFixable);
  return { kind: "entry", id, entry, folder, left: entry.importers.length, isFixable, files };
}

function fileNode(uri: string, importers: readonly Importer[], parent: FileNode["parent"], above: string): FileNode {
  const id = JSON.stringify([above, uri]);
  const inOrder = [...importers].sort(
    ({ range: { start: one } }, { range: { start: other } }) =>
      one.line - other.line || one.character - other.character,
  );
  const nodes = inOrder.map((importer, index): ImporterNode => ({ kind: "importer", id: `${id}${index}`, importer }));
  return { kind: "file", id, uri, isFixable: importers.some(hasFix), importers: nodes, parent };
}

/** Whether a fix of the workspace changes it; a fix that is only offered has to be chosen where it is. */
function hasFix({ applicability }: Importer): boolean {
  return applicability === "safe" || applicability === "unsafe";
}

export interface Label {
  readonly label: string;
  readonly description: string;
  /** What a screen reader says. */
  readonly spoken: string;
}

/** The names come first: in a narrow view only they are seen. */
export function entryLabel({ entry, left }: EntryNode): Label {
  const { canonical, deprecated, owner } = entry;
  const [first = "", ...others] = deprecated;
  const [oldParent, old] = halves(first);
  const [newParent, now] = canonical === null ? ["", "removed"] : halves(canonical);
  const more = others.length === 0 ? "" : ` (+${others.length})`;
  const way = [oldParent, newParent].filter((part) => part !== "").join(" → ");
  const facts = [left === 0 ? "" : `${left.toLocaleString("en")} left`, owner, oldParent === newParent ? oldParent : way];
  return {
    label: old === now && more === "" ? old : `${old}${more} → ${now}`,
    description: facts.filter((part) => part !== "").join(" · "),
    spoken:
      `${deprecated.join(", ")} ${canonical === null ? "was removed" : `is now ${canonical}`}, ` +
      `${left === 0 ? "done" : importersLeft(left)}`,
  };
}

/** What a path is in, and the name that it has in there. */
function halves(path: string): [string, string] {
  const end = path.includes(":") ? path.indexOf(":") : path.lastIndexOf(".");
  return [path.slice(0, Math.max(end, 0)), path.slice(end + 1)];
}

export function fileLabel({ uri, importers }: FileNode, folder: string): Label {
  const way = decodeURIComponent(uri.startsWith(`${folder}/`) ? uri.slice(folder.length + 1) : uri);
  const parent = path.posix.dirname(way);
  return {
    label: path.posix.basename(way),
    description: parent === "." ? `${importers.length}` : `${parent} · ${importers.length}`,
    spoken: `${way}, ${importersLeft(importers.length)}`,
  };
}

export function importersLeft(count: number): string {
  return `${count.toLocaleString("en")} ${count === 1 ? "importer" : "importers"} left`;
}

/** All that the registry says of an entry, as Markdown. */
export function entryTooltip({ entry, left }: EntryNode): string {
  const code = (path: string) => `\`${path}\``;
  const said = {
    Owner: escaped(entry.owner),
    Removal: escaped(entry.removal),
    Alternatives: (entry.alternatives ?? []).map(code).join(", "),
  };
  return [
    `${entry.deprecated.map(code).join(", ")} ${entry.canonical === null ? "was removed" : `→ ${code(entry.canonical)}`}`,
    escaped(entry.reason),
    ...Object.entries(said).map(([name, value]) => (value === "" ? "" : `${name}: ${value}`)),
    left === 0 ? "No importers are left." : `${importersLeft(left)}.`,
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function escaped(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]()<>#+\-!|~&]/g, "\\$&");
}

/** How much of a long line is shown before what is meant, in UTF-16 code units. */
const LEAD = 24;

/** A line of a file as it is shown in a narrow view, and where in there is what is meant. */
export function excerpt(line: string, { start, end }: Range): { label: string; highlight: [number, number] } {
  const indent = line.length - line.trimStart().length;
  const from = start.character - indent > LEAD + 8 ? start.character - LEAD : Math.min(indent, start.character);
  const before = from > indent ? "…" : "";
  const until = end.line === start.line ? end.character : line.length;
  const at = (character: number) => Math.max(0, character - from) + before.length;
  return { label: before + line.slice(from).trimEnd(), highlight: [at(start.character), at(until)] };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
