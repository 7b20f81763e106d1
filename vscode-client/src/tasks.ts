/** `ssot-lsp check` as a task whose output becomes problems. */

import * as vscode from "vscode";
import type { Server } from "./server";

export const TASK_TYPE = "ssot-lsp";

interface CheckDefinition extends vscode.TaskDefinition {
  readonly command: string;
  readonly args?: readonly string[];
}

export function checkTasks(server: Server): vscode.TaskProvider {
  async function task(
    definition: CheckDefinition,
    scope: vscode.WorkspaceFolder | vscode.TaskScope,
  ): Promise<vscode.Task | undefined> {
    const found = await server.launch();
    if ("message" in found) {
      return undefined;
    }
    const given = [...found.args, definition.command, "--output-format", "concise", ...(definition.args ?? [])];
    const cwd = typeof scope === "object" ? scope.uri.fsPath : undefined;
    const execution = new vscode.ProcessExecution(found.command, given, cwd === undefined ? {} : { cwd });
    return new vscode.Task(definition, scope, definition.command, "ssot-lsp", execution, "$ssot-lsp");
  }

  return {
    async provideTasks() {
      const folders = vscode.workspace.workspaceFolders ?? [];
      const tasks = await Promise.all(folders.map((folder) => task({ type: TASK_TYPE, command: "check" }, folder)));
      return tasks.filter((found) => found !== undefined);
    },
    resolveTask({ definition, scope }) {
      return task(definition as CheckDefinition, scope ?? vscode.TaskScope.Workspace);
    },
  };
}
