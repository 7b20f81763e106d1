/** What the language status item says. */

import path from "node:path";
import { importersLeft } from "./migrationTree";
import type { FolderStatus } from "./protocol";

export type ServerState = "disabled" | "starting" | "running" | "stopped";

export interface Status {
  readonly text: string;
  readonly severity: "information" | "warning" | "error";
  readonly isBusy: boolean;
}

/** `folder` is undefined while nothing is known of it, `left` while its importers were not counted. */
export function status(server: ServerState, folder: FolderStatus | undefined, left: number | undefined): Status {
  const [severity, isBusy] = ["information", server === "starting"] as const;
  if (server === "stopped") {
    return { text: "The server is not running", severity: "error", isBusy };
  }
  if (server !== "running" || folder === undefined) {
    const states = { disabled: "Disabled in the settings", starting: "The server is starting", running: "Running" };
    return { text: states[server], severity, isBusy };
  }
  if (folder.state === "none") {
    return { text: "There is no registry", severity, isBusy };
  }
  if (folder.state === "bad") {
    return { text: `${registryName(folder)} has errors`, severity: "warning", isBusy };
  }
  const entries = `${folder.count.toLocaleString("en")} ${folder.count === 1 ? "entry" : "entries"}`;
  const counted = left === undefined ? "" : `, ${left === 0 ? "no importers left" : importersLeft(left)}`;
  return { text: `${registryName(folder)}: ${entries}${counted}`, severity, isBusy };
}

/** The path of a folder's registry, relative to the folder. */
export function registryName({ uri, registries: [registry] }: FolderStatus): string {
  return registry === undefined ? "The registry" : path.posix.relative(pathOf(uri), pathOf(registry));
}

function pathOf(uri: string): string {
  return decodeURIComponent(new URL(uri).pathname);
}
