/** How far the migration is, as the server counts it. */

import * as vscode from "vscode";
import { type FolderMigration, MIGRATION } from "./protocol";
import { Schedule } from "./schedule";
import type { Server } from "./server";

export const VIEW = "ssot.migration";

const CLOCK = {
  now: () => performance.now(),
  after: (milliseconds: number, act: () => void) => {
    const timer = setTimeout(act, milliseconds);
    return () => clearTimeout(timer);
  },
};

export class Migration implements vscode.Disposable {
  private isWatched = false;
  private counting = new vscode.CancellationTokenSource();
  private counted: readonly FolderMigration[] | undefined;
  private readonly schedule = new Schedule(() => this.count(), CLOCK);
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly listening: vscode.Disposable;
  readonly onDidChange = this.changed.event;

  constructor(
    private readonly server: Server,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.listening = server.onDidChangeStatus(() => this.onStatus());
  }

  /** What was counted last; undefined if nothing was since the server is running. */
  get folders(): readonly FolderMigration[] | undefined {
    return this.counted;
  }

  /** Whether somebody looks at it. */
  set watched(isWatched: boolean) {
    this.isWatched = isWatched;
    this.schedule.watched = isWatched;
  }

  /** Count again, at once. */
  refresh(): Promise<void> {
    return this.schedule.now();
  }

  dispose(): void {
    this.drop();
    this.listening.dispose();
    this.changed.dispose();
  }

  private onStatus(): void {
    const { folders } = this.server;
    if (folders === undefined) {
      this.drop();
      this.take(undefined);
    } else if (folders.some(({ count }) => count > 0)) {
      this.schedule.touch();
      this.changed.fire(); // a registry may have become good or bad
    } else {
      this.drop();
      this.take(folders.map((folder) => ({ ...folder, entries: [] })));
    }
  }

  private async count(): Promise<void> {
    const client = this.server.running;
    if (client === undefined) {
      return;
    }
    const { token } = this.counting;
    try {
      const counting = client.sendRequest<FolderMigration[]>(MIGRATION, {}, token);
      if (this.isWatched) {
        void vscode.window.withProgress({ location: { viewId: VIEW } }, () => counting.catch(() => {}));
      }
      const counted = await counting;
      if (!token.isCancellationRequested) {
        this.take(counted);
      }
    } catch (error) {
      if (!token.isCancellationRequested) {
        this.log.warn(`Importers were not counted: ${String(error)}`);
      }
    }
  }

  /** Forget what was to be counted, and what is being counted. */
  private drop(): void {
    this.schedule.drop();
    this.counting.cancel();
    this.counting.dispose();
    this.counting = new vscode.CancellationTokenSource();
  }

  private take(folders: readonly FolderMigration[] | undefined): void {
    this.counted = folders;
    this.changed.fire();
  }
}
