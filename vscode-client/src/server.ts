/** The language server's life. */

import { realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import * as vscode from "vscode";
import { CancellationToken, type LanguageClientOptions, State } from "vscode-languageclient/node";
import { Client } from "./client";
import { apply } from "./edits";
import { type Launch, type LaunchSettings, type Obstacle, launch } from "./launch";
import { DID_CHANGE_STATUS, type FolderStatus } from "./protocol";
import { selectedInterpreter } from "./python";
import type { ServerState } from "./status";

export const SECTION = "ssot";
const SELECTOR = [
  { scheme: "file", language: "python" },
  { scheme: "untitled", language: "python" },
  { scheme: "file", pattern: "**/registry.json" },
];

export class Server implements vscode.Disposable {
  private client: Client | undefined;
  private current: ServerState = "disabled";
  private told: readonly FolderStatus[] | undefined;
  private turn: Promise<void> = Promise.resolve();
  private readonly changed = new vscode.EventEmitter<ServerState>();
  private readonly changedStatus = new vscode.EventEmitter<void>();
  readonly onDidChangeState = this.changed.event;
  readonly onDidChangeStatus = this.changedStatus.event;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  get state(): ServerState {
    return this.current;
  }

  /** The running client; undefined if the server is not running. */
  get running(): Client | undefined {
    return this.client?.state === State.Running ? this.client : undefined;
  }

  /** The registries of the workspace folders; undefined as long as the server has told nothing of them. */
  get folders(): readonly FolderStatus[] | undefined {
    return this.told;
  }

  /** Start the server as the settings now are, after stopping the one that runs. One call waits for the other. */
  restart(): Promise<void> {
    this.turn = this.turn.then(async () => {
      await this.stop();
      if (vscode.workspace.getConfiguration(SECTION).get<boolean>("enable", true)) {
        await this.start();
      } else {
        this.become("disabled");
      }
    });
    return this.turn;
  }

  dispose(): Promise<void> {
    this.turn = this.turn.then(() => this.stop());
    this.changed.dispose();
    this.changedStatus.dispose();
    return this.turn;
  }

  /** What is to be started in the workspace as it is. */
  async launch(): Promise<Launch | Obstacle> {
    return launch({
      settings: launchSettings(),
      isTrusted: vscode.workspace.isTrusted,
      folders: (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath),
      selected: await selectedInterpreter(vscode.workspace.workspaceFolders?.[0]?.uri),
      script: this.context.asAbsolutePath("bundled/run.py"),
      searchPath: process.env["PATH"] ?? "",
      home: homedir(),
      isWindows: process.platform === "win32",
      realPath,
    });
  }

  private async start(): Promise<void> {
    const found = await this.launch();
    if ("message" in found) {
      this.become("stopped");
      this.log.error(found.message);
      void tellObstacle(found);
      return;
    }
    this.log.info(`Starting ${[found.command, ...found.args, "server"].join(" ")}`);
    // not in the workspace: systems that look for programs in the current folder must find none there
    const client = new Client(SECTION, "ssot-lsp", found, this.context.asAbsolutePath("bundled"), this.options());
    this.client = client;
    client.onDidChangeState(({ newState }) => {
      if (this.client === client) {
        this.become(newState === State.Running ? "running" : newState === State.Starting ? "starting" : "stopped");
      }
    });
    client.onNotification(DID_CHANGE_STATUS, ({ folders }: { folders: FolderStatus[] }) => {
      if (this.client === client) {
        this.tell(folders);
      }
    });
    try {
      await client.start();
    } catch (error) {
      this.become("stopped");
      this.log.error(`The server did not start: ${String(error)}`);
      const why = (await client.failure()) || String(error);
      void tellObstacle({ message: `The server could not be started: ${why}`, setting: found.setting });
    }
  }

  private async stop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    try {
      await client?.dispose();
    } catch (error) {
      this.log.warn(`The server did not stop as it should: ${String(error)}`);
    }
  }

  private become(state: ServerState): void {
    this.current = state;
    if (state !== "running" && this.told !== undefined) {
      this.tell(undefined);
    }
    this.changed.fire(state);
  }

  private tell(folders: readonly FolderStatus[] | undefined): void {
    this.told = folders;
    this.changedStatus.fire();
  }

  private options(): LanguageClientOptions {
    return {
      documentSelector: SELECTOR,
      initializationOptions: { isTrusted: vscode.workspace.isTrusted },
      outputChannel: this.log,
      traceOutputChannel: this.log,
      diagnosticPullOptions: { onChange: true, onSave: true },
      middleware: {
        workspace: {
          configuration: async (params, token, next) => {
            const answers = await next(params, token);
            if (!Array.isArray(answers)) {
              return answers;
            }
            const settings = params.items.map(({ section, scopeUri }, index) =>
              section === SECTION ? withEnvironment(answers[index], scopeUri) : answers[index],
            );
            return Promise.all(settings);
          },
          handleApplyEdit: (params, next) =>
            apply(params, async () => {
              const made = await next(params, CancellationToken.None);
              return "applied" in made && made.applied;
            }),
        },
      },
    };
  }
}

/** The settings with the environment that the Python extension selects, unless they name one. */
async function withEnvironment(settings: unknown, scope: string | undefined): Promise<unknown> {
  const given = typeof settings === "object" && settings !== null ? settings : {};
  if (!vscode.workspace.isTrusted || ("python" in given && given.python)) {
    return given;
  }
  const python = await selectedInterpreter(scope === undefined ? undefined : vscode.Uri.parse(scope));
  return python === undefined ? given : { ...given, python };
}

function launchSettings(): LaunchSettings {
  const settings = vscode.workspace.getConfiguration(SECTION);
  return {
    path: settings.get("path", ""),
    interpreter: settings.get("interpreter", ""),
    importStrategy: settings.get("importStrategy", "useBundled"),
  };
}

async function tellObstacle({ message, setting }: Obstacle): Promise<void> {
  const [open, logs] = ["Open Setting", "Show Logs"];
  const chosen = await vscode.window.showErrorMessage(message, open, logs);
  if (chosen === open) {
    // what is particular to a machine is not among the user's settings where that is another one
    const where = vscode.env.remoteName === undefined ? "openSettings" : "openRemoteSettings";
    await vscode.commands.executeCommand(`workbench.action.${where}`, { query: `@id:${setting}` });
  } else if (chosen === logs) {
    await vscode.commands.executeCommand("ssot.showLogs");
  }
}

function realPath(file: string): string | undefined {
  try {
    statSync(file);
    return realpathSync(file);
  } catch {
    return undefined;
  }
}
