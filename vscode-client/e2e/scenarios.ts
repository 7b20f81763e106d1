/** What is done, and what has to be seen then. */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { access, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Browser } from "playwright-core";
import type { CodeServer } from "./codeServer";
import { until } from "./until";
import { Workbench } from "./workbench";

interface Stage {
  readonly workbench: Workbench;
  readonly folder: string;
  readonly server: CodeServer;
  readonly screenshots: string;
  readonly browser: Browser;
}

interface Scenario {
  readonly files: (folder: string) => Record<string, unknown>;
  /** What is opened, if it is not the folder with the files. */
  readonly workspace?: string;
  readonly settings?: Record<string, unknown>;
  /** The height of the window in pixels, if it is another one. */
  readonly height?: number;
  /** The screenshots of it that the documentation shows: the files in the repository. */
  readonly pictures?: readonly string[];
  readonly run: (stage: Stage) => Promise<void>;
}

const REGISTRY = {
  version: 1,
  entries: [
    { canonical: "shop.orders:Order", deprecated: ["shop.models:Order"], reason: "Orders have a module of their own." },
    { canonical: "shop.customers:Customer", deprecated: ["shop.models:Buyer"], reason: "One word for one thing." },
  ],
};

const CHECKOUT = `"""Paying for an order."""

from shop.models import Buyer, Order
from shop.nowhere import nothing


def pay(order: Order, buyer: Buyer) -> None:
    """Let the buyer pay."""
    nothing(order, buyer)
`;

/** A shop whose classes have moved. */
const shop = () => ({
  "registry.json": REGISTRY,
  "shop/__init__.py": "",
  "shop/models.py": "from shop.customers import Customer as Buyer\nfrom shop.orders import Order\n\n__all__ = [\"Buyer\", \"Order\"]\n",
  "shop/orders.py": "class Order:\n    pass\n",
  "shop/customers.py": "class Customer:\n    pass\n",
  "shop/checkout.py": CHECKOUT,
  "shop/invoice.py": "from shop.models import Order\n\nINVOICED = Order\n",
  "tests/test_checkout.py": 'from unittest.mock import patch\n\nfrom shop import checkout\n\nwith patch("shop.models.Order"):\n    checkout.pay\n',
});

/** The same, with more that has moved: by one team or the other, and one thing that nobody uses any more. */
const migrating = () => ({
  ...shop(),
  "registry.json": {
    version: 1,
    entries: [
      { canonical: "shop.money", deprecated: ["shop.cash"], reason: "Not all money is cash.", owner: "billing" },
      { ...REGISTRY.entries[0], owner: "sales", removal: "3.0" },
      { ...REGISTRY.entries[1], owner: "sales" },
      {
        canonical: null,
        deprecated: ["shop.models:Coupon"],
        alternatives: ["shop.money:Discount"],
        reason: "Coupons were never printed.",
        owner: "billing",
      },
    ],
  },
  "shop/money.py": "class Discount:\n    pass\n",
  "shop/offers.py": "from shop.models import Buyer, Coupon, Order\n\nOFFERS: dict[Buyer, Coupon] = {}\nORDERS: list[Order] = []\n",
});

/** A shop in which all fixes are sure. */
const sure = () => Object.fromEntries(Object.entries(shop()).filter(([name]) => !name.startsWith("tests/")));

const hasNewOrder = (text: string) => text.includes("from shop.orders import Order") || undefined;

/** The example that docs/start.md begins with. */
const example = () => {
  const folder = "../examples/shop";
  const found = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = found.filter((file) => file.isFile() && !file.parentPath.includes("__pycache__"));
  const names = files.map((file) => path.join(path.relative(folder, file.parentPath), file.name));
  return Object.fromEntries(names.map((name) => [name, readFileSync(path.join(folder, name), "utf8")]));
};

export const SCENARIOS: Record<string, Scenario> = {
  problems: {
    files: shop,
    height: 640,
    pictures: ["vscode-client/images/problems.png"],
    async run({ workbench }) {
      await workbench.openFile("checkout.py");
      await workbench.struckThrough.first().waitFor({ timeout: 15_000 });
      await workbench.squiggles.first().waitFor();
      await workbench.run("Problems: Focus on Problems View");
      await workbench.problems.filter({ hasText: "SSOT001" }).nth(1).waitFor();
      await workbench.problems.filter({ hasText: "SSOT003" }).waitFor();
      await workbench.raisePanel(40);
      await workbench.screenshot("problems");
    },
  },

  hover: {
    files: shop,
    height: 480,
    pictures: ["vscode-client/images/hover.png"],
    async run({ workbench }) {
      await workbench.openFile("checkout.py");
      await workbench.struckThrough.first().waitFor();
      await workbench.struckThrough.first().hover();
      const hover = workbench.page.locator(".monaco-hover .hover-row", { hasText: "→ shop.customers:Customer" });
      await hover.filter({ hasText: "One word for one thing." }).first().waitFor();
      await workbench.screenshot("hover");
    },
  },

  quickFix: {
    files: shop,
    height: 480,
    pictures: ["vscode-client/images/quick-fix.png"],
    async run({ workbench, folder }) {
      await workbench.openFile("checkout.py");
      await workbench.struckThrough.nth(1).waitFor();
      const fixes = await workbench.quickFixes(workbench.struckThrough.nth(1));
      await fixes.filter({ hasText: "shop.orders" }).first().waitFor();
      await workbench.screenshot("quick-fix");
      await workbench.page.keyboard.press("Enter");
      await workbench.lines.filter({ hasText: "shop.orders" }).waitFor();
      await workbench.save();
      const text = await readFile(path.join(folder, "shop/checkout.py"), "utf8");
      assert.ok(text.includes("from shop.models import Buyer\n"), text);
      assert.ok(hasNewOrder(text), text);
    },
  },

  fixOnSave: {
    files: shop,
    settings: { "editor.codeActionsOnSave": { "source.fixAll.ssot": "explicit" } },
    async run({ workbench, folder }) {
      await workbench.openFile("checkout.py");
      await workbench.struckThrough.first().waitFor();
      await workbench.lines.first().click();
      await workbench.page.keyboard.press("Control+End");
      await workbench.page.keyboard.type("# typed");
      await workbench.save();
      const text = await readFile(path.join(folder, "shop/checkout.py"), "utf8");
      await workbench.screenshot("fix-on-save");
      assert.ok(hasNewOrder(text) && text.includes("buyer: Customer") && text.endsWith("# typed"), text);
    },
  },

  fixFile: {
    files: shop,
    async run({ workbench }) {
      await workbench.openFile("checkout.py");
      await workbench.struckThrough.first().waitFor();
      await workbench.run("ssot-lsp: Fix All Imports in File");
      await workbench.lines.filter({ hasText: "shop.orders" }).waitFor();
      await workbench.struckThrough.first().waitFor({ state: "detached" });
    },
  },

  fixWorkspace: {
    files: shop,
    height: 700,
    pictures: ["vscode-client/images/workspace-preview.png"],
    async run({ workbench, folder }) {
      await workbench.openFile("checkout.py");
      await workbench.struckThrough.first().waitFor();
      await workbench.run("ssot-lsp: Fix All Imports in Workspace…");
      const preview = workbench.page.locator(".bulk-edit-panel");
      await preview.locator(".monaco-list-row", { hasText: "invoice.py" }).waitFor({ timeout: 15_000 });
      await workbench.raisePanel(60);
      await workbench.screenshot("workspace-preview");
      await preview.getByRole("button", { name: "Apply" }).click();
      await until("the files are fixed", async () =>
        hasNewOrder(await readFile(path.join(folder, "shop/invoice.py"), "utf8")),
      );
      await workbench.screenshot("workspace-fixed");
      const test = await readFile(path.join(folder, "tests/test_checkout.py"), "utf8");
      assert.ok(test.includes('patch("shop.models.Order")'), "what is not sure is left out until it is ticked");
    },
  },

  wholeWorkspace: {
    files: shop,
    settings: { "ssot.diagnosticMode": "workspace", "ssot.ignore": ["SSOT003"] },
    async run({ workbench }) {
      await workbench.openFile("orders.py");
      await workbench.run("Problems: Focus on Problems View");
      for (const file of ["checkout.py", "invoice.py"]) {
        await workbench.problems.filter({ hasText: file }).waitFor({ timeout: 40_000 });
      }
      assert.equal(await workbench.problems.filter({ hasText: "SSOT003" }).count(), 0);
      await workbench.screenshot("whole-workspace");
    },
  },

  task: {
    files: shop,
    settings: { "task.allowAutomaticTasks": "off" },
    async run({ workbench }) {
      await workbench.openFile("orders.py");
      await workbench.running();
      await workbench.run("Tasks: Run Task");
      await workbench.pick("ssot-lsp");
      await workbench.pick("ssot-lsp: check");
      await workbench.run("Problems: Focus on Problems View");
      await workbench.problems.filter({ hasText: "invoice.py" }).waitFor();
      await workbench.problems.filter({ hasText: "SSOT003" }).waitFor();
      await workbench.screenshot("task");
    },
  },

  noServer: {
    // a user's settings do not hold for what is particular to a machine, which is the server's here
    files: () => ({ ...shop(), ".vscode/settings.json": { "ssot.path": "/nowhere/ssot-lsp" } }),
    async run({ workbench }) {
      await workbench.openFile("checkout.py");
      const message = workbench.page.locator(".notification-toast", { hasText: "/nowhere/ssot-lsp" });
      await message.waitFor({ timeout: 40_000 });
      await (await workbench.status()).filter({ hasText: "The server is not running" }).waitFor();
      await workbench.screenshot("no-server");
      await workbench.rest();
      await message.getByRole("button", { name: "Open Setting" }).click();
      await workbench.page.locator(".settings-editor .setting-item", { hasText: "Ssot: Path" }).waitFor();
      await workbench.screenshot("setting");
    },
  },

  badRegistry: {
    files: shop,
    height: 480,
    pictures: ["vscode-client/images/status.png"],
    async run({ workbench, folder }) {
      const registry = path.join(folder, "registry.json");
      await workbench.openFile("checkout.py");
      await workbench.struckThrough.first().waitFor();
      await (await workbench.status()).filter({ hasText: "registry.json: 2 entries, 4 importers left" }).waitFor();
      await workbench.screenshot("status");
      await writeFile(registry, JSON.stringify({ ...REGISTRY, entries: [{ canonical: "not a reference" }] }, undefined, 2));
      await workbench.rest();
      await (await workbench.status()).filter({ hasText: "registry.json has errors" }).waitFor();
      await workbench.screenshot("status-bad");
      await workbench.rest();
      assert.ok((await workbench.struckThrough.count()) > 0, "the last good registry stays in force");
      await workbench.run("ssot-lsp: Migration Status");
      await workbench.page.locator(".tree-view-message, .message", { hasText: "its last good state is shown" }).first().waitFor();
      await workbench.screenshot("migration-bad");
      await workbench.run("ssot-lsp: Open Registry");
      await workbench.page.locator(".tab.active", { hasText: "registry.json" }).waitFor();
      await workbench.squiggles.first().waitFor();
      await workbench.page.locator(".squiggly-warning").first().waitFor(); // by the schema
      await workbench.screenshot("registry-bad");
      await writeFile(registry, JSON.stringify(REGISTRY));
      await workbench.squiggles.first().waitFor({ state: "detached" });
      await workbench.openFile("checkout.py");
      await (await workbench.status()).filter({ hasText: "registry.json: 2 entries" }).waitFor();
    },
  },

  registryEntries: {
    files: () => ({
      ...shop(),
      "registry.json": {
        version: 1,
        entries: [
          { ...REGISTRY.entries[0], removal: "2020-01-01" },
          REGISTRY.entries[1],
          { canonical: "shop.orders:Order", deprecated: ["shop.gone:Order"] },
        ],
      },
    }),
    async run({ workbench, folder }) {
      const stale = workbench.page.locator(".editor-group-container.active .squiggly-info");
      await workbench.openFile("registry.json");
      await workbench.run("Problems: Focus on Problems View");
      await workbench.problems.filter({ hasText: "SSOT108" }).filter({ hasText: "used in 3 places still" }).waitFor();
      await workbench.problems.filter({ hasText: "SSOT107" }).waitFor();
      await workbench.page.keyboard.press("Control+j"); // the entry stands behind the panel
      const fixes = await workbench.quickFixes(stale.first());
      await fixes.filter({ hasText: "Drop the entry" }).first().waitFor();
      await workbench.screenshot("registry-entries");
      await workbench.page.keyboard.press("Enter");
      await stale.first().waitFor({ state: "detached" });
      await workbench.save();
      assert.equal(JSON.parse(await readFile(path.join(folder, "registry.json"), "utf8")).entries.length, 2);
    },
  },

  serverKilled: {
    files: shop,
    async run({ workbench, server }) {
      await workbench.openFile("checkout.py");
      await workbench.struckThrough.first().waitFor();
      const killed = await server.languageServers();
      assert.equal(killed.length, 1);
      killed.forEach((id) => process.kill(id, "SIGKILL"));
      await until("another server runs", async () => {
        const running = await server.languageServers();
        return running.length === 1 && running[0] !== killed[0] ? running : undefined;
      });
      await workbench.openFile("invoice.py");
      await workbench.struckThrough.first().waitFor();
      await workbench.screenshot("server-back");
    },
  },

  untrustedProject: {
    files: () => ({ ...shop(), "pyproject.toml": '[tool.ssot-lsp]\nsrc = ["../elsewhere"]\n' }),
    settings: { "security.workspace.trust.enabled": true, "security.workspace.trust.startupPrompt": "never" },
    async run({ workbench }) {
      await workbench.page.getByText("Restricted Mode").first().waitFor();
      await workbench.openFile("checkout.py");
      await workbench.page.locator(".notification-toast", { hasText: "../elsewhere" }).waitFor();
      await workbench.screenshot("untrusted-project");
    },
  },

  start: {
    files: example,
    settings: {
      "security.workspace.trust.enabled": true,
      "security.workspace.trust.startupPrompt": "never",
      "security.workspace.trust.banner": "never",
    },
    height: 480,
    pictures: ["problem", "quick-fix", "fixed", "saved"].map((name) => `docs/images/start-vscode-${name}.png`),
    async run({ workbench, folder }) {
      const { page } = workbench;
      const broken = page.locator(".editor-group-container.active .squiggly-error");
      await page.getByText("Restricted Mode").first().waitFor();
      await workbench.openFile("checkout.py");
      await broken.nth(1).waitFor();
      await workbench.screenshot("start-vscode-problem");
      const fixes = await workbench.quickFixes(broken.first());
      await fixes.filter({ hasText: "shop.customers" }).first().waitFor();
      await workbench.rest();
      await workbench.screenshot("start-vscode-quick-fix");
      await page.keyboard.press("Enter");
      await workbench.lines.filter({ hasText: "buyer: Customer" }).waitFor();
      await broken.nth(1).waitFor({ state: "detached" });
      await workbench.screenshot("start-vscode-fixed");
      await page.keyboard.press("Control+,");
      await page.locator(".settings-editor").waitFor();
      await page.keyboard.insertText("ssot.fixOnSave");
      const setting = page.locator(".settings-editor .setting-item", { hasText: "Fix On Save" });
      await setting.getByRole("checkbox").click();
      await setting.locator(".is-configured").waitFor(); // not only ticked
      await page.keyboard.press("Escape");
      await page.locator(".settings-editor").waitFor({ state: "detached" });
      // a save takes the fixes that are worked out by then: no person is as quick as this one
      await until("a save fixes the rest", async () => {
        await page.keyboard.press("Control+s");
        await page.locator(".tab.active:not(.dirty)").waitFor();
        const text = await readFile(path.join(folder, "shop/checkout.py"), "utf8");
        return (text.includes("from shop.orders import Order") && !text.includes("shop.models")) || undefined;
      });
      await broken.first().waitFor({ state: "detached" });
      await workbench.badge("").waitFor({ timeout: 60_000 });
      await page.locator(".tab.active[aria-label='checkout.py']").waitFor();
      await workbench.rest();
      await workbench.screenshot("start-vscode-saved");
    },
  },

  extensionHost: {
    files: () => ({
      ...shop(),
      "shop/saved.py": "",
      "other/registry.json": { version: "2.1", name: "theirs", items: [{ type: "ui" }] },
      "bad/registry.json": { version: 1, entries: [{ canonical: "a:B" }] },
    }),
    async run({ workbench, folder }) {
      await workbench.run("Tests: Run");
      const results = await until(
        "the tests are done",
        async () => {
          const text = await readFile(path.join(folder, "results.txt"), "utf8").catch(() => "");
          return text.endsWith("done\n") ? text.trim().split("\n").slice(0, -1) : undefined;
        },
        300,
      );
      results.forEach((line) => console.log(`     ${line}`));
      assert.deepEqual(results.filter((line) => !line.startsWith("ok")), []);
    },
  },

  migration: {
    files: migrating,
    height: 480,
    pictures: ["vscode-client/images/migration.png"],
    async run({ workbench, folder }) {
      const { page, rows } = workbench;
      await workbench.openFile("offers.py");
      await workbench.struckThrough.first().waitFor();
      await workbench.run("ssot-lsp: Migration Status");
      const order = rows.filter({ hasText: "Order" }).first();
      await order.waitFor();
      assert.deepEqual(await workbench.rowLabels(), ["Order", "Buyer → Customer", "Coupon → removed", "cash → money"]);
      await workbench.badge("7 importers left").waitFor();
      await workbench.widenSideBar(120);
      await order.click();
      await page.getByRole("treeitem", { name: "shop/checkout.py, 1 importer left" }).click();
      await rows.filter({ hasText: "from shop.models import Buyer, Order" }).click();
      await page.locator(".tab.active", { hasText: "checkout.py" }).waitFor();
      await page.locator(".statusbar-item", { hasText: "Ln 3, Col 37 (5 selected)" }).waitFor();
      await workbench.rest();
      await workbench.screenshot("migration");

      const shown = await rows.count();
      await rows.filter({ hasText: "invoice.py" }).hover();
      await rows.filter({ hasText: "invoice.py" }).getByRole("button", { name: "Fix in This File" }).click();
      await page.locator(".tab.active", { hasText: "invoice.py" }).waitFor();
      await workbench.badge("6 importers left").waitFor();
      await until("one row is less", async () => (await rows.count()) === shown - 1 || undefined);
      assert.ok(hasNewOrder(await readFile(path.join(folder, "shop/invoice.py"), "utf8")), "it is saved");

      await rows.filter({ hasText: "Customer" }).hover();
      await rows.filter({ hasText: "Customer" }).getByRole("button", { name: "Fix Everywhere" }).click();
      await workbench.answer("Fix imports in 2 files?", "Fix");
      await workbench.badge("4 importers left").waitFor();
      await rows.filter({ hasText: "Customer" }).locator(".codicon-pass").waitFor();
      await workbench.rest();
      await workbench.screenshot("migration-fixed");
      for (const file of ["checkout", "offers"]) {
        const text = await readFile(path.join(folder, `shop/${file}.py`), "utf8");
        assert.ok(text.includes("from shop.customers import Customer"), text);
      }
      await rows.filter({ hasText: "Coupon" }).hover();
      assert.equal(await rows.filter({ hasText: "Coupon" }).getByRole("button", { name: "Fix Everywhere" }).count(), 0);
      await rows.filter({ hasText: "Coupon" }).getByRole("button", { name: "Open Entry" }).click();
      await page.locator(".tab.active", { hasText: "registry.json" }).waitFor();
      await page.locator(".statusbar-item", { hasText: "selected" }).waitFor();
    },
  },

  twoFolders: {
    files: () => {
      const below = (folder: string, files: Record<string, unknown>) =>
        Object.fromEntries(Object.entries(files).map(([name, content]) => [`${folder}/${name}`, content]));
      const folders = ["north", "south", "neither"].map((name) => ({ path: name }));
      return {
        ...below("north", sure()),
        ...below("south", migrating()),
        "neither/app.py": "",
        "both.code-workspace": { folders },
      };
    },
    workspace: "both.code-workspace",
    async run({ workbench, folder }) {
      await workbench.openFile("offers.py");
      await (await workbench.status()).filter({ hasText: "registry.json: 4 entries, 7 importers left" }).waitFor();
      await workbench.rest();
      await workbench.run("ssot-lsp: Migration Status");
      await workbench.badge("10 importers left").waitFor();
      const north = workbench.rows.filter({ hasText: "north" });
      await until("the folders are there", async () => (await workbench.rowLabels()).includes("south") || undefined);
      assert.ok(!(await workbench.rowLabels()).includes("neither"));
      await workbench.screenshot("two-folders");
      await north.hover();
      await north.getByRole("button", { name: "Fix All Imports in Workspace…" }).click();
      await workbench.answer("Fix imports in 2 files?", "Fix");
      await workbench.badge("7 importers left").waitFor();
      assert.ok(hasNewOrder(await readFile(path.join(folder, "north/shop/invoice.py"), "utf8")));
      assert.ok(!hasNewOrder(await readFile(path.join(folder, "south/shop/invoice.py"), "utf8")));
    },
  },

  noRegistry: {
    files: () => ({ "app.py": "from tools import nothing\n", "tools.py": "" }),
    async run({ workbench, folder }) {
      const { page } = workbench;
      await workbench.openFile("app.py");
      await workbench.run("ssot-lsp: Migration Status");
      await page.locator(".welcome-view-content", { hasText: "There is no registry yet." }).waitFor();
      await (await workbench.status()).filter({ hasText: "There is no registry" }).waitFor();
      await workbench.screenshot("no-registry");
      await workbench.rest();
      await page.locator(".welcome-view-content").getByRole("button", { name: "Open Registry" }).click();
      await workbench.lines.filter({ hasText: '"entries": [' }).waitFor();
      await page.keyboard.insertText('{ "canonical": null, "deprecated": ["tools:nothing"] }');
      await workbench.save();
      assert.equal(JSON.parse(await readFile(path.join(folder, "registry.json"), "utf8")).entries.length, 1);
      await workbench.rows.filter({ hasText: "nothing → removed" }).filter({ hasText: "1 left" }).waitFor();
    },
  },

  sureFix: {
    files: sure,
    async run({ workbench, folder }) {
      const invoice = () => readFile(path.join(folder, "shop/invoice.py"), "utf8");
      await workbench.openFile("orders.py");
      await workbench.running();
      const before = await invoice();
      await workbench.run("ssot-lsp: Fix All Imports in Workspace…");
      await workbench.page.locator(".monaco-dialog-box", { hasText: "changes, all of them safe" }).waitFor();
      await workbench.screenshot("sure-fix");
      await workbench.answer("Fix imports in 2 files?", "Cancel");
      assert.equal(await invoice(), before, "nothing is done without a yes");
      await workbench.run("ssot-lsp: Fix All Imports in Workspace…");
      await workbench.answer("Fix imports in 2 files?", "Fix");
      await until("the files are fixed", async () => hasNewOrder(await invoice()));
    },
  },

  addToRegistry: {
    files: shop,
    async run({ workbench, folder }) {
      const { page } = workbench;
      const entries = async () => JSON.parse(await readFile(path.join(folder, "registry.json"), "utf8")).entries;
      await workbench.openFile("checkout.py");
      await workbench.squiggles.first().waitFor();
      await workbench.word("shop.nowhere").click();
      await workbench.run("ssot-lsp: Add to Registry…");
      await page.locator(".quick-input-list", { hasText: "Other paths…" }).waitFor();
      await workbench.screenshot("add-to-registry");
      await workbench.pick("shop.nowhere was removed");
      await page.locator(".tab.active:not(.dirty)", { hasText: "registry.json" }).waitFor();
      await workbench.lines.filter({ hasText: '"shop.nowhere"' }).waitFor();
      await workbench.screenshot("added-to-registry");
      assert.deepEqual((await entries()).at(-1), { canonical: null, deprecated: ["shop.nowhere"] });
      await page.keyboard.press("Control+z");
      await workbench.save();
      assert.equal((await entries()).length, REGISTRY.entries.length, "it can be undone");

      await workbench.openFile("checkout.py");
      await workbench.word("pay").click();
      await workbench.run("ssot-lsp: Add to Registry…");
      const input = page.locator(".quick-input-widget input");
      await page.locator(".quick-input-widget", { hasText: "The path that is deprecated." }).waitFor();
      await input.fill("shop.checkout:");
      await page.locator(".quick-input-widget", { hasText: "package.module:name is an object" }).waitFor();
      await input.fill("shop.checkout:pay");
      await page.keyboard.press("Enter");
      await page.locator(".quick-input-widget", { hasText: "Where shop.checkout:pay is" }).waitFor();
      await input.fill("shop.orders:pay");
      await page.keyboard.press("Enter");
      await page.locator(".tab.active:not(.dirty)", { hasText: "registry.json" }).waitFor();
      await until("it is written", async () => (await entries()).length > REGISTRY.entries.length || undefined);
      assert.deepEqual((await entries()).at(-1), { canonical: "shop.orders:pay", deprecated: ["shop.checkout:pay"] });
    },
  },

  oldPython: {
    files: (folder) => ({
      ...shop(),
      // this Python says that it is another one
      "tools/old": `#!/bin/sh\nexec python3 -c 'import runpy, sys; sys.version_info = (3, 9, 2); del sys.argv[:2]; runpy.run_path(sys.argv[0], run_name="__main__")' "$@"\n`,
      ".vscode/settings.json": { "ssot.interpreter": `${folder}/tools/old` },
    }),
    async run({ workbench, folder }) {
      await workbench.openFile("checkout.py");
      const message = workbench.page.locator(".notification-toast");
      await message.filter({ hasText: "needs Python 3.10 or newer" }).filter({ hasText: "3.9.2" }).waitFor();
      assert.equal(await message.count(), 1, "one message says it");
      await workbench.screenshot("old-python");
      await message.getByRole("button", { name: "Open Setting" }).click();
      await workbench.page.locator(".settings-editor .setting-item", { hasText: "Ssot: Interpreter" }).waitFor();
      await workbench.page.keyboard.press("Escape");
      await writeFile(path.join(folder, ".vscode/settings.json"), "{}");
      await workbench.struckThrough.first().waitFor();
    },
  },

  pythonExtension: {
    files: (folder) => {
      const python = `#!/bin/sh\ntouch "${folder}/started-$(basename "$0")"\nexec python3 "$@"\n`;
      return {
        ...shop(),
        "tools/one": python,
        "tools/other": python,
        ".vscode/settings.json": { "python.selected": `${folder}/tools/one` },
      };
    },
    async run({ workbench, folder }) {
      await workbench.openFile("checkout.py");
      await workbench.struckThrough.first().waitFor();
      await access(path.join(folder, "started-one"));
      const other = { "python.selected": `${folder}/tools/other` };
      await writeFile(path.join(folder, ".vscode/settings.json"), JSON.stringify(other));
      await until("the server runs in the other", () =>
        access(path.join(folder, "started-other")).then(() => true, () => undefined),
      );
      await workbench.openFile("invoice.py");
      await workbench.struckThrough.first().waitFor();
    },
  },

  untrusted: {
    files: (folder) => {
      const trap = `#!/bin/sh\ntouch "${folder}/started-$(basename "$0")"\n`;
      return {
        ...shop(),
        "tools/ssot-lsp": trap,
        "tools/python3": trap,
        "elsewhere.json": { version: 1, entries: [] },
        ".vscode/settings.json": {
          "ssot.path": `${folder}/tools/ssot-lsp`,
          "ssot.interpreter": `${folder}/tools/python3`,
          "python.selected": `${folder}/tools/python3`,
          "ssot.importStrategy": "fromEnvironment",
          "ssot.registry": "elsewhere.json",
          "ssot.ignore": ["SSOT003"],
        },
      };
    },
    settings: { "security.workspace.trust.enabled": true, "security.workspace.trust.startupPrompt": "never" },
    async run({ workbench, folder, server, browser, screenshots }) {
      const isStarted = (name: string) => access(path.join(folder, `started-${name}`)).then(() => true, () => false);
      await workbench.page.getByText("Restricted Mode").first().waitFor();
      await workbench.openFile("checkout.py");
      await workbench.struckThrough.first().waitFor();
      await workbench.run("Problems: Focus on Problems View");
      await workbench.problems.filter({ hasText: "SSOT001" }).nth(1).waitFor();
      await workbench.screenshot("untrusted");
      assert.equal(await workbench.problems.filter({ hasText: "SSOT003" }).count(), 0, "harmless settings count");
      assert.equal((await server.languageServers()).length, 1, "the bundled server runs");
      assert.deepEqual([await isStarted("ssot-lsp"), await isStarted("python3")], [false, false]);

      // and the trap is one: where the workspace is trusted, the program is started
      await server.configure({ "security.workspace.trust.enabled": false });
      const trusting = await Workbench.open(browser, server.address, folder, screenshots);
      await trusting.openFile("checkout.py");
      await until("the program is started", () => isStarted("ssot-lsp").then((is) => is || undefined));
      await trusting.close();
    },
  },
};
