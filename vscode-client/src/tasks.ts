/** `ssot-lsp check` as a task whose output becomes problems. */

import * as vscode from "vscode";
import type { Server } from "./server";

export const TASK_TYPE = "ssot-lsp";

interface CheckDefinition extends vscode.TaskDefinition {
  readonly command: string;
  readonly args?: readonly string[];
}

export function checkTasks(server: Server): vscode.TaskProvider {
  async function taskOf(
    definition: CheckDefinition,
    scope: vscode.WorkspaceFolder | vscode.TaskScope,
  ): Promise<vscode.Task | undefined> {
    const found = await server.launch();
    if ("message" in found) {
      return undefined;
    }
    // what it finds becomes problems; only what keeps it from running is a failure, and shows the terminal
    const options = ["--output-format", "concise", "--exit-zero"];
    const given = [...found.args, definition.command, ...options, ...(definition.args ?? [])];
    const cwd = typeof scope === "object" ? scope.uri.fsPath : undefined;
    const execution = new vscode.ProcessExecution(found.command, given, cwd === undefined ? {} : { cwd });
    const task = new vscode.Task(definition, scope, definition.command, "ssot-lsp", execution, "$ssot-lsp");
    task.presentationOptions = { reveal: vscode.TaskRevealKind.Silent };
    return task;
  }

  return {
    async provideTasks() {
      const folders = vscode.workspace.workspaceFolders ?? [];
      const tasks = await Promise.all(folders.map((folder) => taskOf({ type: TASK_TYPE, command: "check" }, folder)));
      return tasks.filter((found) => found !== undefined);
    },
    resolveTask({ definition, scope }) {
      return taskOf(definition as CheckDefinition, scope ?? vscode.TaskScope.Workspace);
    },
  };
}
