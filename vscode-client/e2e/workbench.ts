/** What a person does and sees in VS Code. */

import path from "node:path";
import { type Browser, type Locator, type Page } from "playwright-core";
import { until } from "./until";

const START = 60_000;
const SOON = 20_000;

export class Workbench {
  private constructor(
    readonly page: Page,
    private readonly screenshots: string,
  ) {}

  /** Open a folder, or the file of a workspace that has several. */
  static async open(
    browser: Browser,
    address: string,
    workspace: string,
    screenshots: string,
    height = 800,
  ): Promise<Workbench> {
    const page = await browser.newPage({ viewport: { width: 1080, height } });
    page.setDefaultTimeout(SOON);
    await page.route("**/*", (route) =>
      new URL(route.request().url()).hostname === "127.0.0.1" ? route.continue() : route.abort(),
    );
    const kind = workspace.endsWith(".code-workspace") ? "workspace" : "folder";
    await page.goto(`${address}/?${kind}=${encodeURIComponent(workspace)}`);
    await page.locator(".monaco-workbench .explorer-folders-view .monaco-list-row").first().waitFor({ timeout: START });
    // what extensions contribute is there from then on: the palette shows what there was when it was opened
    await page.locator(".activitybar a[aria-label^='Import Migration']").waitFor({ timeout: START });
    return new Workbench(page, screenshots);
  }

  async close(): Promise<void> {
    await this.page.close();
  }

  async screenshot(name: string): Promise<void> {
    await this.page.screenshot({ path: path.join(this.screenshots, `${name}.png`), animations: "disabled" });
  }

  async openFile(name: string): Promise<void> {
    await this.page.keyboard.press("Control+p");
    await this.page.locator(".quick-input-widget input").fill(name);
    await this.page.locator(".quick-input-list .monaco-list-row.focused", { hasText: name }).waitFor();
    await this.page.keyboard.press("Enter");
    await this.page.locator(".tab.active", { hasText: name }).waitFor();
    await this.lines.first().waitFor();
    // before that it takes the keyboard from whatever is opened next
    await this.page.locator(".editor-group-container.active .monaco-editor.focused").waitFor();
  }

  async run(command: string): Promise<void> {
    await this.page.keyboard.press("F1");
    await this.page.locator(".quick-input-widget input").fill(`>${command}`);
    await this.pick(command);
  }

  /** Choose from the list that is shown: by keys, so that the mouse points at nothing. */
  async pick(label: string): Promise<void> {
    const rows = this.page.locator(".quick-input-list .monaco-list-row");
    const wanted = rows.filter({ has: this.page.locator(".label-name", { hasText: new RegExp(`^\\s*${label}\\s*$`) }) });
    await wanted.first().waitFor();
    while (!(await wanted.first().getAttribute("class"))?.includes("focused")) {
      await this.page.keyboard.press("ArrowDown");
    }
    await this.page.keyboard.press("Enter");
  }

  get lines(): Locator {
    return this.page.locator(".editor-group-container.active .view-lines .view-line");
  }

  /** A word in the active editor. */
  word(text: string): Locator {
    return this.lines.locator("span span", { hasText: text }).first();
  }

  get squiggles(): Locator {
    return this.page.locator(".editor-group-container.active [class*=squiggly-]");
  }

  get struckThrough(): Locator {
    return this.page.locator(".editor-group-container.active .squiggly-inline-deprecated");
  }

  get problems(): Locator {
    return this.page.locator(".markers-panel .monaco-list-row");
  }

  /** The rows of the migration view. */
  get rows(): Locator {
    return this.page.locator(".sidebar .tree-explorer-viewlet-tree-view .monaco-list-row");
  }

  /** What these rows are called, from top to bottom. */
  rowLabels(): Promise<string[]> {
    return this.rows.locator(".label-name").allTextContents();
  }

  /** The migration view's icon, with a number that means something; with none, if that is empty. */
  badge(tooltip: string): Locator {
    const label = tooltip === "" ? "Import Migration" : `Import Migration - ${tooltip}`;
    return this.page.locator(`.activitybar a[aria-label='${label}']`);
  }

  /** Press a button of the dialog that asks something. */
  async answer(question: string, button: string): Promise<void> {
    const dialog = this.page.locator(".monaco-dialog-box", { hasText: question });
    await dialog.getByRole("button", { name: button, exact: true }).click();
    await dialog.waitFor({ state: "detached" });
  }

  /** Make the side bar wider, by so many pixels. */
  async widenSideBar(pixels: number): Promise<void> {
    const { x, width } = await this.box(".part.sidebar");
    await this.drag([x + width + 1, 300], [x + width + 1 + pixels, 300]);
  }

  /** Make the panel below the editor higher, by so many pixels. */
  async raisePanel(pixels: number): Promise<void> {
    const { x, y } = await this.box(".part.panel");
    await this.drag([x + 100, y - 1], [x + 100, y - 1 - pixels]);
    await this.rest();
  }

  private async box(selector: string): Promise<{ x: number; y: number; width: number }> {
    const box = await this.page.locator(selector).boundingBox();
    if (box === null) {
      throw new Error(`there is no ${selector}`);
    }
    return box;
  }

  private async drag(from: [number, number], to: [number, number]): Promise<void> {
    await this.page.mouse.move(...from);
    await this.page.mouse.down();
    await this.page.mouse.move(...to, { steps: 5 });
    await this.page.mouse.up();
  }

  /** Point at nothing. What is shown anew just when the mouse leaves it stays until that moves again. */
  async rest(): Promise<void> {
    let x = 700;
    await until("nothing is pointed at", async () => {
      x = x === 700 ? 720 : 700;
      await this.page.mouse.move(x, 330);
      return (await this.page.locator(".workbench-hover-container").count()) === 0 || undefined;
    });
  }

  /** Wait until the server has counted what is left. */
  async running(): Promise<void> {
    await this.page.locator(".activitybar a[aria-label^='Import Migration - ']").waitFor();
  }

  /** What the language status, opened, says of us. */
  async status(): Promise<Locator> {
    await this.page.locator(".statusbar-item[id='status.languageStatus']").hover();
    return this.page.locator(".hover-language-status .element");
  }

  /** Save what was changed in the active editor. */
  async save(): Promise<void> {
    await this.page.locator(".tab.active.dirty").waitFor();
    await this.page.keyboard.press("Control+s");
    await this.page.locator(".tab.active:not(.dirty)").waitFor();
  }
}
