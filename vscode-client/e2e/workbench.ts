/** What a person does and sees in VS Code. */

import path from "node:path";
import { type Browser, type Locator, type Page } from "playwright-core";

const START = 60_000;
const SOON = 20_000;

export class Workbench {
  private constructor(
    readonly page: Page,
    private readonly screenshots: string,
  ) {}

  static async open(browser: Browser, address: string, folder: string, screenshots: string): Promise<Workbench> {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.setDefaultTimeout(SOON);
    await page.route("**/*", (route) =>
      new URL(route.request().url()).hostname === "127.0.0.1" ? route.continue() : route.abort(),
    );
    await page.goto(`${address}/?folder=${encodeURIComponent(folder)}`);
    await page.locator(".monaco-workbench .explorer-folders-view .monaco-list-row").first().waitFor({ timeout: START });
    // what extensions contribute is there from then on: the palette shows what there was when it was opened
    await page.locator(".activitybar [aria-label^='Import Migration']").waitFor({ timeout: START });
    return new Workbench(page, screenshots);
  }

  async close(): Promise<void> {
    await this.page.close();
  }

  async screenshot(name: string): Promise<void> {
    await this.page.screenshot({ path: path.join(this.screenshots, `${name}.png`) });
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
