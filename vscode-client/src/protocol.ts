/** What the server and we say to each other besides LSP. */

import type { Range } from "vscode-languageclient";

export const DID_CHANGE_STATUS = "ssot/didChangeStatus";
export const MIGRATION = "ssot/migration";
export const FIX_WORKSPACE = "ssot.fixWorkspace";
export const ADD_TO_REGISTRY = "ssot.addToRegistry";

/** A registry is `bad` while it cannot be used; the last good one, if there was any, then stays in force. */
export type RegistryState = "good" | "bad" | "none";

/** The registry of a workspace folder. */
export interface FolderStatus {
  /** The folder. */
  readonly uri: string;
  readonly state: RegistryState;
  /** The URIs of the registry files, the folder's own first. */
  readonly registries: readonly string[];
  /** The number of entries. */
  readonly count: number;
}

export interface FolderMigration extends FolderStatus {
  readonly entries: readonly Entry[];
}

export interface Entry {
  /** Where it is now; null if it was removed. */
  readonly canonical: string | null;
  readonly deprecated: readonly string[];
  readonly alternatives?: readonly string[];
  /** These are empty where the registry says nothing. */
  readonly reason: string;
  readonly owner: string;
  readonly removal: string;
  /** The URI of the registry file, and the entry's place among those in there, from 0. */
  readonly registry: string;
  readonly place: number;
  /** Where the entry is in the registry file. */
  readonly range: Range;
  /** Where its deprecated paths are still used. */
  readonly importers: readonly Importer[];
}

export interface Importer {
  readonly uri: string;
  readonly range: Range;
  readonly message: string;
  /** How sure its fix is; null if there is none. */
  readonly applicability?: "safe" | "unsafe" | "display" | null;
}
