/** Which server is started, given settings, trust and environment. */

import * as path from "node:path";

export type ImportStrategy = "useBundled" | "fromEnvironment";

export interface LaunchSettings {
  readonly path: string;
  readonly interpreter: string;
  readonly importStrategy: ImportStrategy;
}

/** What there is to choose from. */
export interface Surroundings {
  readonly settings: LaunchSettings;
  readonly isTrusted: boolean;
  /** The workspace folders. */
  readonly folders: readonly string[];
  /** The interpreter that the Python extension has selected. */
  readonly selected: string | undefined;
  /** The bundled script that runs the server. */
  readonly script: string;
  readonly searchPath: string;
  readonly home: string;
  readonly isWindows: boolean;
  /** The real path of an existing file; undefined if there is none. */
  readonly realPath: (file: string) => string | undefined;
}

/** A program with its first arguments, to which those of ssot-lsp are added, and the setting that names another. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly setting: string;
}

/** Why nothing can be started, and the setting that would help. */
export interface Obstacle {
  readonly message: string;
  readonly setting: string;
}

export function launch(around: Surroundings): Launch | Obstacle {
  const { settings, isTrusted } = around;
  if (isTrusted && settings.path !== "") {
    const command = expanded(settings.path, around);
    if (path.isAbsolute(command) && around.realPath(command) !== undefined) {
      return { command, args: [], setting: "ssot.path" };
    }
    return { message: `ssot.path: there is no program ${command}.`, setting: "ssot.path" };
  }
  const python = interpreter(around);
  if (isTrusted && settings.importStrategy === "fromEnvironment") {
    const command = installed(around, python);
    if (command !== undefined) {
      return { command, args: [], setting: "ssot.importStrategy" };
    }
  }
  if (python === undefined) {
    return { message: "No Python interpreter was found to run ssot-lsp.", setting: "ssot.interpreter" };
  }
  // isolated: nothing of the workspace, of the user's site-packages or of PYTHONPATH is imported
  return { command: python, args: ["-I", around.script], setting: "ssot.interpreter" };
}

/** The interpreter: the one that is set, else the one that is selected, else one on the PATH. */
function interpreter(around: Surroundings): string | undefined {
  const { selected, settings, isWindows } = around;
  const set = settings.interpreter === "" ? undefined : expanded(settings.interpreter, around);
  const names = isWindows ? ["python3.exe", "python.exe"] : ["python3", "python"];
  const candidates = [set, selected, ...names.flatMap((name) => onSearchPath(name, around))];
  return candidates.find((file) => file !== undefined && mayRun(file, around));
}

/** The `ssot-lsp` beside an interpreter, else one on the PATH. */
function installed(around: Surroundings, python: string | undefined): string | undefined {
  const name = around.isWindows ? "ssot-lsp.exe" : "ssot-lsp";
  const folder = python === undefined ? undefined : path.dirname(python);
  const beside = folder === undefined ? [] : [path.join(folder, name), path.join(folder, "Scripts", name)];
  return [...beside, ...onSearchPath(name, around)].find((file) => mayRun(file, around));
}

function onSearchPath(name: string, { searchPath, isWindows }: Surroundings): string[] {
  return searchPath.split(isWindows ? ";" : ":").map((folder) => path.join(folder, name));
}

/** Whether a program exists and may be run: where nothing is trusted, not out of the workspace, linked or not. */
function mayRun(file: string, { isTrusted, folders, realPath }: Surroundings): boolean {
  const real = path.isAbsolute(file) ? realPath(file) : undefined;
  if (real === undefined) {
    return false;
  }
  const roots = folders.flatMap((folder) => [folder, realPath(folder) ?? folder]);
  const parents = [file, path.join(realPath(path.dirname(file)) ?? "", path.basename(file)), real];
  return isTrusted || !parents.some((place) => roots.some((root) => isInside(place, root)));
}

export function isInside(file: string, folder: string): boolean {
  const way = path.relative(folder, file);
  return way === "" || !(way === ".." || way.startsWith(`..${path.sep}`) || path.isAbsolute(way));
}

function expanded(value: string, { folders, home }: Surroundings): string {
  const whole = value.replaceAll("${workspaceFolder}", folders[0] ?? "");
  return whole === "~" || /^~[/\\]/.test(whole) ? path.join(home, whole.slice(1)) : whole;
}
