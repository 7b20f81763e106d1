/** Where a folder's registry is, as the server looks for it: the setting, else pyproject.toml, else registry.json. */

import * as path from "node:path";

export function registryFile(folder: string, setting: string, pyproject: string): string {
  return path.resolve(folder, setting || namedIn(pyproject) || "registry.json");
}

/** The registry that `[tool.ssot-lsp]` names in a pyproject.toml. */
function namedIn(pyproject: string): string | undefined {
  const table = /^\s*\[\s*tool\s*\.\s*(?:ssot-lsp|"ssot-lsp"|'ssot-lsp')\s*\]\s*(?:#.*)?$/m.exec(pyproject);
  const rest = table === null ? "" : pyproject.slice(table.index + table[0].length);
  const own = rest.split(/^\s*\[/m, 1)[0] ?? "";
  const named = /^\s*registry\s*=\s*(?:"([^"\\]*)"|'([^']*)')/m.exec(own);
  return named?.[1] ?? named?.[2];
}
