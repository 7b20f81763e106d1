/**
 * Looks at a page in a real Chromium, as people do: `node page.mjs CHROMIUM PACKAGE PAGE FOLDER LOOK [JSON]`.
 *
 * PACKAGE is the package.json beside which playwright-core is installed. LOOK is one of the functions below, JSON what it
 * is given; what it has seen is printed as JSON. Pictures go to FOLDER.
 */

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import path from "node:path";

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
const DESKTOP = { width: 1200, height: 760 };
const PHONE = { width: 360, height: 740 };

const [chromiumPath, packageFile, file, folder, look, given = "null"] = process.argv.slice(2);
const { chromium } = createRequire(packageFile)("playwright-core");
const text = await readFile(file);
const asked = [];
const server = createServer((request, response) => {
  asked.push(request.url);
  response.writeHead(request.url === "/" ? 200 : 404, { "content-type": "text/html; charset=utf-8" });
  response.end(request.url === "/" ? text : "");
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const address = `http://127.0.0.1:${server.address().port}/`;
const browser = await chromium.launch({ executablePath: chromiumPath, args: ARGUMENTS });

/** Open the page in a window of its own, and note what it complains about and whatever else it asks for. */
async function opened(options = {}, anchor = "") {
  const context = await browser.newContext({ viewport: DESKTOP, ...options });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const told = [];
  page.on("console", (message) => told.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => told.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => {
    told.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    if (request.url() !== address && !request.url().startsWith("data:")) told.push(`request: ${request.url()}`);
  });
  await page.goto(address + anchor);
  return { page, told };
}

const names = (page) =>
  page.locator("article:visible h3").evaluateAll((titles) => titles.map((title) => title.textContent));

/** Have all that is not on the screen laid out too. */
const layAllOut = (page) =>
  page.evaluate(() => {
    for (const element of document.querySelectorAll("section, .run, article")) element.style.contentVisibility = "visible";
    for (const element of document.querySelectorAll("details")) element.open = true;
  });

/** The text with the least contrast to what is behind it, by WCAG 2.1. */
const leastContrast = (page) =>
  page.evaluate(() => {
    const channels = (colour) => {
      const [red, green, blue, alpha = 1] = colour.match(/[\d.]+/g).map(Number);
      return { rgb: [red, green, blue], alpha };
    };
    const luminance = ({ rgb }) => {
      const [red, green, blue] = rgb.map((value) => value / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const behind = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const colour = channels(getComputedStyle(at).backgroundColor);
        if (colour.alpha === 1) return colour;
        if (colour.alpha > 0) throw new Error(`half transparent: ${at.className}`);
      }
      throw new Error("nothing is behind it");
    };
    const texts = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (walker.currentNode.textContent.trim() && element.checkVisibility()) {
        texts.push({ element, colour: getComputedStyle(element).color });
      }
    }
    const search = document.getElementById("search");
    texts.push({ element: search, colour: getComputedStyle(search, "::placeholder").color });
    const found = texts.map(({ element, colour }) => {
      const [dark, light] = [luminance(channels(colour)), luminance(behind(element))].sort((a, b) => a - b);
      return { ratio: (light + 0.05) / (dark + 0.05), of: `${element.tagName}.${element.className}: ${element.textContent}` };
    });
    found.sort((a, b) => a.ratio - b.ratio);
    return { texts: found.length, page: getComputedStyle(document.body).backgroundColor, ...found[0] };
  });

const LOOKS = {
  /** What is found by what is typed, by keys alone. */
  async search(searches) {
    const { page, told } = await opened();
    const seen = {};
    const all = await names(page);
    await page.keyboard.press("/");
    const focused = await page.evaluate(() => document.activeElement.id);
    for (const typed of searches) {
      await page.keyboard.press("ControlOrMeta+a");
      await page.keyboard.insertText(typed);
      seen[typed] = {
        names: await names(page),
        packages: await page.locator("nav li:visible").count(),
        count: await page.locator("#count").textContent(),
        nothing: await page.locator("#nothing").isVisible(),
      };
    }
    await page.keyboard.press("Escape");
    const cleared = { value: await page.locator("#search").inputValue(), names: await names(page) };
    await page.locator("#only-left").check();
    return { told, all, focused, seen, cleared, left: await names(page) };
  },

  async colours() {
    const seen = {};
    for (const colorScheme of ["light", "dark"]) {
      const { page, told } = await opened({ colorScheme });
      await page.screenshot({ path: path.join(folder, `page-${colorScheme}.png`) });
      await layAllOut(page);
      seen[colorScheme] = { told, ...(await leastContrast(page)) };
    }
    return seen;
  },

  async phone() {
    const { page, told } = await opened({ viewport: PHONE, isMobile: true, hasTouch: true });
    await page.screenshot({ path: path.join(folder, "page-phone.png") });
    const packagesAreOpen = await page.locator("#packages").evaluate((packages) => packages.open);
    await layAllOut(page);
    return await page.evaluate(
      ([told, width, packagesAreOpen]) => ({
        told,
        packagesAreOpen,
        scrolls: document.documentElement.scrollWidth > width,
        beyond: [...document.querySelectorAll("body *")]
          .filter((element) => element.getBoundingClientRect().right > width + 0.5)
          .map((element) => `${element.tagName}: ${element.textContent}`),
      }),
      [told, PHONE.width, packagesAreOpen],
    );
  },

  async copy(name) {
    const { page, told } = await opened();
    const item = page.locator("article", { has: page.locator("h3", { hasText: name }) });
    const copy = async () => {
      await item.getByRole("button", { name: `Copy the import of ${name}` }).click();
      await item.locator("button", { hasText: "Copied" }).waitFor();
      await item.locator("button", { hasText: "Copy" }).waitFor();
    };
    await copy();
    const copied = [await page.evaluate(() => navigator.clipboard.readText())];
    // a page that came over plain HTTP has no clipboard of its own
    await page.evaluate(async () => {
      await navigator.clipboard.writeText("something else");
      const { clipboard } = navigator;
      Object.defineProperty(navigator, "clipboard", { value: undefined, configurable: true });
      globalThis.restore = () => Object.defineProperty(navigator, "clipboard", { value: clipboard });
    });
    await copy();
    await page.evaluate(() => globalThis.restore());
    copied.push(await page.evaluate(() => navigator.clipboard.readText()));
    return { told, copied };
  },

  async withoutScript() {
    const { page, told } = await opened({ javaScriptEnabled: false });
    return {
      told,
      names: await names(page),
      search: await page.locator("#search").isVisible(),
      buttons: await page.locator("button:visible").count(),
    };
  },

  /** What is data stays text. */
  async hostile() {
    const { page, told } = await opened();
    return await page.evaluate(
      (told) => ({
        told,
        elements: document.querySelectorAll("img, iframe, object, embed, script[src], link:not([rel=icon])").length,
        scripts: document.scripts.length,
        handlers: [...document.querySelectorAll("*")].flatMap((e) => e.getAttributeNames()).filter((n) => n.startsWith("on")),
        links: [...new Set([...document.links].map((link) => link.protocol))].sort(),
        anchors: [...document.querySelectorAll("[href^='#']")].filter(
          (link) => !document.getElementById(decodeURIComponent(link.hash.slice(1))),
        ).length,
      }),
      told,
    );
  },

  /** A link to an object leads there, also when something else is looked for. */
  async link(anchor) {
    const { page, told } = await opened({}, `#${encodeURIComponent(anchor)}`);
    const top = () => page.evaluate((id) => document.getElementById(id).getBoundingClientRect().top, anchor);
    const below = await page.locator(".find").evaluate((find) => find.getBoundingClientRect().bottom);
    const rest = () => page.waitForTimeout(500); // nothing that is scrolled to moves any more
    await rest();
    const tops = [await top()];
    await page.evaluate(() => (location.hash = ""));
    await page.locator("#search").fill("nothing at all");
    await page.evaluate((hash) => (location.hash = hash), `#${encodeURIComponent(anchor)}`);
    await page.locator("article:target:visible").waitFor();
    await rest();
    tops.push(await top());
    return { told, tops, below, height: DESKTOP.height };
  },

  /** How long it takes until what is looked for is shown, in milliseconds. */
  async speed(searches) {
    const { page, told } = await opened();
    const times = await page.evaluate(async (searches) => {
      const search = document.getElementById("search");
      const times = [];
      for (const typed of searches) {
        const began = performance.now();
        search.value = typed;
        search.dispatchEvent(new Event("input"));
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
        times.push([typed, Math.round(performance.now() - began), document.getElementById("count").textContent]);
      }
      return times;
    }, searches);
    return { told, times };
  },
};

try {
  const seen = await LOOKS[look](JSON.parse(given));
  console.log(JSON.stringify({ ...seen, asked: [...new Set(asked)] }));
} finally {
  await browser.close();
  server.close();
}
