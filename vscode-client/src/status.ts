/** What the language status item says. */

export type ServerState = "disabled" | "starting" | "running" | "stopped";
export type RegistryState = "good" | "bad" | "missing";

export interface Status {
  readonly text: string;
  readonly detail: string;
  readonly severity: "information" | "warning" | "error";
  readonly isBusy: boolean;
}

export function status(server: ServerState, registry: RegistryState): Status {
  const [severity, isBusy] = ["information", server === "starting"] as const;
  if (server === "stopped") {
    return { text: "ssot-lsp", detail: "The server is not running", severity: "error", isBusy };
  }
  if (server === "disabled") {
    return { text: "ssot-lsp", detail: "Disabled in the settings", severity, isBusy };
  }
  if (registry === "bad") {
    return { text: "ssot-lsp: registry", detail: "The registry has errors", severity: "warning", isBusy };
  }
  if (registry === "missing") {
    return { text: "ssot-lsp", detail: "There is no registry", severity, isBusy };
  }
  return { text: "ssot-lsp", detail: server === "starting" ? "The server is starting" : "Running", severity, isBusy };
}
