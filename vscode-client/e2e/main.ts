/**
 * Runs scenarios in a real VS Code: `node main.js EDITORS VSIX… [NAME…]`.
 *
 * With `--pictures=REPOSITORY` those of which its documentation shows pictures, which are taken anew.
 */

import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium } from "playwright-core";
import { CodeServer } from "./codeServer";
import { SCENARIOS } from "./scenarios";
import { Workbench } from "./workbench";

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];

async function main(editors: string, extensions: string[], names: string[], repository?: string): Promise<number> {
  const work = await mkdtemp(path.join(tmpdir(), "ssot-vscode-"));
  const screenshots = path.join(editors, "screenshots");
  await mkdir(screenshots, { recursive: true });
  const server = await CodeServer.start(editors, extensions, work);
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ARGUMENTS });
  const end = async () => {
    await browser.close();
    await server.stop();
    await rm(work, { recursive: true, force: true, maxRetries: 5 });
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void end().finally(() => process.exit(1)));
  }
  let failures = 0;
  try {
    for (const [name, { files, workspace = ".", settings = {}, height, pictures = [], run }] of Object.entries(SCENARIOS)) {
      if ((names.length > 0 && !names.includes(name)) || (repository !== undefined && pictures.length === 0)) {
        continue;
      }
      const began = performance.now();
      const folder = path.join(work, name, "shop");
      for (const [file, content] of Object.entries(files(folder))) {
        const text = typeof content === "string" ? content : JSON.stringify(content, undefined, 2);
        await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
        await writeFile(path.join(folder, file), text, { mode: text.startsWith("#!") ? 0o755 : 0o644 });
      }
      await server.configure({ "security.workspace.trust.enabled": false, ...settings });
      let workbench: Workbench | undefined;
      let why: unknown;
      try {
        workbench = await Workbench.open(browser, server.address, path.join(folder, workspace), screenshots, height);
        await run({ workbench, folder, server, screenshots, browser });
        for (const picture of repository === undefined ? [] : pictures) {
          await copyFile(path.join(screenshots, path.basename(picture)), path.join(repository ?? "", picture));
        }
      } catch (error) {
        why = error;
        failures += 1;
        await workbench?.screenshot(`${name}-failed`);
      }
      await workbench?.close();
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      console.log(`${why === undefined ? "ok  " : "FAIL"} ${name} (${seconds} s)`);
      if (why !== undefined) {
        console.error(why);
      }
    }
  } finally {
    await end();
  }
  return failures === 0 ? 0 : 1;
}

const PICTURES = "--pictures=";
const [editors = ".editors", ...others] = process.argv.slice(2);
const packages = others.filter((argument) => argument.endsWith(".vsix")).map((file) => path.resolve(file));
const names = others.filter((argument) => !argument.endsWith(".vsix") && !argument.startsWith(PICTURES));
const repository = others.find((argument) => argument.startsWith(PICTURES))?.slice(PICTURES.length);
main(path.resolve(editors), packages, names, repository).then((code) => {
  process.exitCode = code;
});
