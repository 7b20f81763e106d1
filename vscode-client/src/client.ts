/** The language client, and the process that it speaks to. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  type ClientCapabilities,
  CloseAction,
  LanguageClient,
  type LanguageClientOptions,
  State,
  type StaticFeature,
} from "vscode-languageclient/node";
import type { Launch } from "./launch";

/** Milliseconds that a process has to end by itself. */
const GRACE = 2000;
/** How much of what a process said last is kept, in UTF-16 code units. */
const LAST_WORDS = 2000;

/** Says that we want to be told when the status of a registry may have changed. */
const FOLLOWS_STATUS: StaticFeature = {
  fillClientCapabilities(capabilities: ClientCapabilities) {
    capabilities.experimental = { ...capabilities.experimental, ssotStatus: true };
  },
  initialize() {},
  getState: () => ({ kind: "static" }),
  clear() {},
};

/** A client that starts its server again when it has ended, but not one that cannot even begin. */
export class Client extends LanguageClient {
  private process: ChildProcess | undefined;
  private ended: Promise<unknown> = Promise.resolve();
  private lastWords = "";
  private hasRun = false;

  constructor(id: string, name: string, launch: Launch, cwd: string, options: LanguageClientOptions) {
    super(id, name, () => this.begin(launch, cwd), {
      ...options,
      errorHandler: {
        error: (...what) => onFailure.error(...what),
        closed: async () => {
          if (this.hasRun) {
            return onFailure.closed();
          }
          await this.end();
          return { action: CloseAction.DoNotRestart, handled: true };
        },
      },
      initializationFailedHandler: () => false,
    });
    const onFailure = this.createDefaultErrorHandler();
    this.registerFeature(FOLLOWS_STATUS);
    this.onDidChangeState(({ newState }) => {
      this.hasRun ||= newState === State.Running;
    });
  }

  /** The last line of what a server said that could not begin. */
  async failure(): Promise<string> {
    await this.end();
    return this.lastWords.trim().split("\n").at(-1)?.trim() ?? "";
  }

  /** Whoever wanted it to begin tells that it could not. */
  override error(message: string, data?: unknown, showNotification?: boolean | "force"): void {
    super.error(message, data, this.hasRun ? showNotification : false);
  }

  override async dispose(timeout?: number): Promise<void> {
    try {
      await super.dispose(timeout);
    } finally {
      await this.end();
    }
  }

  private async begin({ command, args }: Launch, cwd: string): Promise<ChildProcess> {
    const process = spawn(command, [...args, "server"], { cwd });
    this.process = process;
    this.ended = once(process, "close").catch(() => {}); // it may not even begin
    this.lastWords = "";
    process.stderr.on("data", (said: Buffer) => {
      this.lastWords = (this.lastWords + said.toString()).slice(-LAST_WORDS);
    });
    await once(process, "spawn");
    return process;
  }

  /** Wait until the process has ended, and end it if it does not. */
  private async end(): Promise<void> {
    const timer = setTimeout(() => this.process?.kill("SIGKILL"), GRACE);
    await this.ended;
    clearTimeout(timer);
  }
}
