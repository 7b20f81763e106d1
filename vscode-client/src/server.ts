/** The language server's life. */

import { realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import * as vscode from "vscode";
import { CancellationToken, LanguageClient, type LanguageClientOptions, State } from "vscode-languageclient/node";
import { type Launch, type LaunchSettings, type Obstacle, launch } from "./launch";
import { selectedInterpreter } from "./python";
import type { ServerState } from "./status";

export const SECTION = "ssot";
const SELECTOR = [
  { scheme: "file", language: "python" },
  { scheme: "untitled", language: "python" },
  { scheme: "file", pattern: "**/registry.json" },
];

export class Server implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private current: ServerState = "disabled";
  private turn: Promise<void> = Promise.resolve();
  private readonly changed = new vscode.EventEmitter<ServerState>();
  readonly onDidChangeState = this.changed.event;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  get state(): ServerState {
    return this.current;
  }

  /** The running client; undefined if the server is not running. */
  get running(): LanguageClient | undefined {
    return this.client?.state === State.Running ? this.client : undefined;
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
    const { command, args } = found;
    this.log.info(`Starting ${[command, ...args, "server"].join(" ")}`);
    // not in the workspace: systems that look for programs in the current folder must find none there
    const cwd = this.context.asAbsolutePath("bundled");
    const server = { command, args: [...args, "server"], options: { cwd } };
    const client = new LanguageClient(SECTION, "ssot-lsp", server, this.options());
    this.client = client;
    client.onDidChangeState(({ newState }) => {
      if (this.client === client) {
        this.become(newState === State.Running ? "running" : newState === State.Starting ? "starting" : "stopped");
      }
    });
    try {
      await client.start();
    } catch (error) {
      this.become("stopped");
      this.log.error(`The server did not start: ${String(error)}`);
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
    this.changed.fire(state);
  }

  private options(): LanguageClientOptions {
    return {
      documentSelector: SELECTOR,
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
          // what is asked for is a migration of the workspace: VS Code then saves the files that were not open
          handleApplyEdit: (params, next) =>
            next({ ...params, metadata: { isRefactoring: true } }, CancellationToken.None),
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
  const open = "Open Setting";
  if ((await vscode.window.showErrorMessage(message, open)) === open) {
    // what is particular to a machine is not among the user's settings where that is another one
    const where = vscode.env.remoteName === undefined ? "openSettings" : "openRemoteSettings";
    await vscode.commands.executeCommand(`workbench.action.${where}`, { query: `@id:${setting}` });
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
