/** VS Code's server, with the extensions and nothing else in it. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { until } from "./until";

/** As VS Code writes them today: it would write others anew, at any time. */
const SETTINGS = {
  "chat.disableAIFeatures": true,
  "editor.minimap.enabled": false,
  "editor.scrollbar.vertical": "hidden",
  "extensions.autoUpdate": "off",
  "extensions.ignoreRecommendations": true,
  "files.autoSave": "off",
  "git.enabled": false,
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "window.title": "${rootName}",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
};

export class CodeServer {
  private constructor(
    private readonly process: ChildProcess,
    private readonly userData: string,
    readonly extensions: string,
    readonly address: string,
  ) {}

  /** Install the extensions and start, with all that is written in `work`. */
  static async start(editors: string, packages: string[], work: string): Promise<CodeServer> {
    const node = path.join(editors, "bin/node");
    const entry = path.join(editors, "code-server/node_modules/code-server/out/node/entry.js");
    const [userData, extensions] = [path.join(work, "data"), path.join(work, "extensions")];
    const config = path.join(work, "config.yaml");
    const port = await freePort();
    await mkdir(extensions, { recursive: true });
    await writeFile(config, `bind-addr: 127.0.0.1:${port}\nauth: none\n`);
    const folders = ["--config", config, "--user-data-dir", userData, "--extensions-dir", extensions];
    const nowhere = { serviceUrl: "http://127.0.0.1:9/g", itemUrl: "http://127.0.0.1:9/i" };
    const env = {
      PATH: process.env["PATH"],
      LANG: "C.UTF-8",
      HOME: work,
      XDG_CONFIG_HOME: path.join(work, "config"),
      XDG_CACHE_HOME: path.join(work, "cache"),
      EXTENSIONS_GALLERY: JSON.stringify(nowhere),
    };
    const log = createWriteStream(path.join(work, "code-server.log"));
    const run = (...args: string[]) => {
      const child = spawn(node, [entry, ...folders, ...args], { env, cwd: work, stdio: ["ignore", "pipe", "pipe"] });
      child.stdout.pipe(log, { end: false });
      child.stderr.pipe(log, { end: false });
      return child;
    };
    const [code] = await once(run(...packages.flatMap((vsix) => ["--install-extension", vsix])), "exit");
    if (code !== 0) {
      throw new Error(`the extensions could not be installed: ${await readFile(log.path, "utf8")}`);
    }
    const server = run("--disable-telemetry", "--disable-update-check");
    const started = new CodeServer(server, userData, extensions, `http://127.0.0.1:${port}`);
    await until("code-server answers", () => fetch(`${started.address}/healthz`).then((r) => r.ok, () => undefined));
    return started;
  }

  /** What holds for each workspace that is opened from now on. */
  async configure(settings: Record<string, unknown>): Promise<void> {
    const folder = path.join(this.userData, "User");
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, "settings.json"), JSON.stringify({ ...SETTINGS, ...settings }));
  }

  /** The processes of the extension's own server that work for this one. */
  async languageServers(): Promise<number[]> {
    const found: number[] = [];
    for (const name of (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry))) {
      const command = await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "");
      if (command.includes(this.extensions) && command.endsWith("run.py\0server\0")) {
        found.push(Number(name));
      }
    }
    return found;
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null) {
      const ended = once(this.process, "exit");
      this.process.kill();
      await ended;
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") {
    throw new Error("there is no port");
  }
  return address.port;
}
