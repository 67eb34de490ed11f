import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { smallPage } from "../../scripts/page.ts";
import type { Analysis } from "../../src/inspect/analysis.ts";
import { htmlReport } from "../../src/inspect/reports/html/html.ts";
import { hostileImage } from "../../src/inspect/testing/hostile-image.ts";
import { largeImage, trainImage } from "../../src/inspect/testing/train-image.ts";
import { describePlace, findTool, toolMissing } from "../support/tools.ts";

/** A page that is open, and what it complained about or asked for: both have to stay empty. */
interface Opened {
  page: Page;
  complaints: string[];
  requests: string[];
}

/** What the page says of where it is, what it lists, and the box with a name. */
const crumbs = (page: Page) => page.locator("#crumbs button").allTextContents();
const names = (page: Page) => page.locator("#rows .name").allTextContents();
const box = (page: Page, label: string) => page.getByRole("treeitem", { name: label });

describePlace("chromium", toolMissing("chromium"), () => {
  let browser: Browser;
  let folder: string;
  const opened: Opened[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ddiff-page-"));
    // Root may not use Chromium's own sandbox; the pages are ours.
    browser = await chromium.launch({
      executablePath: findTool("chromium") ?? "",
      args: ["--no-sandbox", "--disable-gpu"],
    });
  });
  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true });
  });
  // Whatever a test does: no error in the page, and nobody asked for anything.
  afterEach(async () => {
    for (const { page, complaints, requests } of opened.splice(0)) {
      await page.context().close();
      expect(complaints).toEqual([]);
      expect(requests).toHaveLength(1);
    }
  });

  async function open(analysis: Analysis, options: BrowserContextOptions = {}): Promise<Page> {
    const file = join(folder, "report.html");
    await writeFile(file, await htmlReport(analysis));
    const context = await browser.newContext({
      viewport: { width: 1200, height: 900 },
      reducedMotion: "reduce",
      ...options,
    });
    const page = await context.newPage();
    const one: Opened = { page, complaints: [], requests: [] };
    opened.push(one);
    page.on("pageerror", (error) => one.complaints.push(String(error)));
    page.on("console", (message) => one.complaints.push(message.text()));
    page.on("dialog", (dialog) => one.complaints.push(dialog.message()));
    page.on("request", (request) => one.requests.push(request.url()));
    await page.goto(pathToFileURL(file).href);
    if (options.javaScriptEnabled !== false) await page.locator("#map .box").first().waitFor();
    return page;
  }

  it("draws the image by folders, layers, packages and classes, and the areas are as the bytes", async () => {
    const image = trainImage();
    const page = await open(image);
    const total = image.sizes.visible + image.sizes.hidden;
    for (const [cut, first] of [
      ["Folders", "opt/venv/lib/python3.11/site-packages/"],
      ["Layers", "2: RUN pip install torch numpy"],
      ["Packages", "pip in /opt/venv/lib/python3.11/site-packages"],
      ["Classes", "of no class"],
    ] as const) {
      await page.getByRole("radio", { name: cut }).check();
      await expect.poll(async () => (await names(page))[0]).toBe(first);
      const rows = await page
        .locator("#rows tr")
        .evaluateAll((all) => all.map((one) => Number(one.dataset["bytes"])));
      expect(rows.reduce((sum, bytes) => sum + bytes, 0)).toBe(total);
      const map = await page.locator("#map").boundingBox();
      const drawn = await page.locator('#map .box[aria-level="1"]').first().boundingBox();
      const share = ((drawn?.width ?? 0) * (drawn?.height ?? 0)) / ((map?.width ?? 0) * (map?.height ?? 1));
      expect(Math.abs(share - (rows[0] ?? 0) / total)).toBeLessThan(0.01);
    }
  });

  it("zooms by a click into a box or a row, and out by the path, Back and Forward", async () => {
    const page = await open(trainImage());
    await box(page, "opt/venv").click({ position: { x: 20, y: 5 } });
    await expect.poll(() => crumbs(page)).toEqual(["image", "opt/venv/lib/python3.11/site-packages"]);
    await page.getByRole("button", { name: "torch/" }).click();
    await expect.poll(() => crumbs(page)).toHaveLength(3);
    expect(await names(page)).toEqual(["lib/", "nn/modules/"]);
    await page.goBack();
    await expect.poll(() => crumbs(page)).toHaveLength(2);
    await page.goForward();
    await expect.poll(() => crumbs(page)).toHaveLength(3);
    await page.locator("#crumbs button").first().click();
    await expect.poll(() => crumbs(page)).toEqual(["image"]);
  });

  it("tells of a file its size, layer and line, package, class and whether it could go", async () => {
    const page = await open(trainImage());
    await box(page, "libtorch_cuda.so").hover();
    await expect
      .poll(() => page.locator("#detail").textContent())
      .toMatch(
        /^\/opt\/venv\/lib\/python3\.11\/site-packages\/torch\/lib\/libtorch_cuda\.so 846 MB in 1 file · layer 2 \(Dockerfile:5\): RUN pip install torch numpy · torch 2\.4\.1, pip in/,
      );
    await box(page, "model.safetensors").hover();
    await expect
      .poll(() => page.locator("#detail").textContent())
      .toMatch(/removed by a later layer · could go \(safe\): removed in layer 5 \(500 MB\)$/);
  });

  it("is all there for the keyboard", async () => {
    const page = await open(trainImage());
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
    await page.locator("#map .box").first().focus();
    expect(await focused()).toMatch(/^opt\/venv/);
    await page.keyboard.press("ArrowDown");
    expect(await focused()).toMatch(/^torch, 1\.3 GB/);
    await page.keyboard.press("ArrowRight");
    expect(await focused()).toMatch(/^nvidia/);
    await page.keyboard.press("Home");
    await page.keyboard.press("Enter");
    await expect.poll(() => crumbs(page)).toHaveLength(3);
    // The focus stays in the map, at the first box of what is shown.
    expect(await focused()).toMatch(/^lib, 1\.3 GB/);
    // Keys that come faster than the browser tells of the new address.
    await page.evaluate(() => {
      for (let times = 0; times < 2; times++)
        document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    });
    expect(await crumbs(page)).toEqual(["image"]);
    await page.keyboard.press("4");
    await expect.poll(() => page.locator("#cut-class").isChecked()).toBe(true);
    await page.keyboard.press("/");
    await page.keyboard.type("libcublas");
    await expect.poll(() => names(page)).toHaveLength(2);
    await page.keyboard.press("Escape");
    await expect.poll(async () => (await names(page)).length).toBeGreaterThan(2);
    // Not a trap: Tab leaves the map, which is one stop.
    expect(await page.locator('#map [tabindex="0"]').count()).toBe(1);
  });

  it("shows only what is searched, or could go", async () => {
    const page = await open(trainImage());
    await page.getByLabel("Search").fill("pip-cache");
    await expect.poll(() => names(page)).toHaveLength(1);
    expect(await page.locator("#total").textContent()).toBe("780 MB in 1 file");
    await page.getByLabel("Search").fill("no such thing");
    await page.getByText("Nothing is so named.").waitFor();
    await page.getByLabel("Search").fill("");
    await page.getByLabel("Show").selectOption("hidden");
    await expect.poll(() => page.locator("#total").textContent()).toBe("509 MB in 2 files");
  });

  it("runs nothing and shows no markup that comes from names in the image", async () => {
    const page = await open(hostileImage());
    for (const key of ["1", "2", "3", "4"]) {
      await page.keyboard.press(key);
      // In one go: the map may be drawn anew between two calls.
      await page.locator("#map .box").evaluateAll((boxes) => {
        for (const box of boxes) box.dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
      });
    }
    await page.getByLabel("Search").fill("alert");
    await expect.poll(async () => (await names(page)).length).toBeGreaterThan(0);
    await page.keyboard.press("Enter");
    expect(await page.locator("img, svg, iframe, script:not(#picture):not([type=module])").count()).toBe(0);
    const text = await page.locator("body").innerText();
    expect(text).toContain("<script>alert(1)</script>");
    expect(text).not.toMatch(/[\u001b\u202e]/);
  });

  it("lets no script of another in, were one to get past", async () => {
    const page = await open(trainImage());
    await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "document.title = 'changed'";
      document.body.append(script);
    });
    expect(await page.title()).not.toBe("changed");
    // It complains, as it should.
    expect(opened[0]?.complaints.splice(0).join()).toContain("Content Security Policy");
  });

  it("works the same when it is made small, as in the built program", async () => {
    vi.stubGlobal("DDIFF_PAGE", JSON.parse(await smallPage()));
    try {
      const page = await open(trainImage());
      await box(page, "opt/venv").click({ position: { x: 20, y: 5 } });
      await expect.poll(() => crumbs(page)).toEqual(["image", "opt/venv/lib/python3.11/site-packages"]);
      expect((await page.content()).length).toBeLessThan(60_000);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it("reads without JavaScript", async () => {
    const page = await open(trainImage(), { javaScriptEnabled: false });
    expect(await page.getByText("The map needs JavaScript").isVisible()).toBe(true);
    expect(await page.locator("#explorer").isVisible()).toBe(false);
    expect(await page.getByText("what pip downloaded").first().isVisible()).toBe(true);
  });

  it("is readable in light and in dark, on a telephone and on a wall", async () => {
    for (const colorScheme of ["light", "dark"] as const)
      for (const width of [360, 1920]) {
        const page = await open(trainImage(), { colorScheme, viewport: { width, height: 800 } });
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        expect(await page.evaluate(lowestContrast)).toBeGreaterThan(4.5);
      }
  });

  it("of 300,000 files opens in seconds and answers at once", { timeout: 240_000 }, async () => {
    const image = largeImage(300_000);
    const from = performance.now();
    const page = await open(image);
    const all = image.sizes.visible + image.sizes.hidden;
    expect(performance.now() - from).toBeLessThan(60_000);
    for (const key of ["2", "3", "4", "1"]) {
      const pressed = performance.now();
      await page.keyboard.press(key);
      await page.waitForFunction(
        (id) => document.querySelector<HTMLInputElement>(id)?.checked === true,
        `#cut-${["path", "layer", "package", "class"][Number(key) - 1]}`,
      );
      expect(performance.now() - pressed).toBeLessThan(10_000);
      const rows = await page
        .locator("#rows tr")
        .evaluateAll((some) => some.map((one) => Number(one.dataset["bytes"])));
      expect(rows.reduce((sum, bytes) => sum + bytes, 0)).toBe(all);
    }
    expect(await page.locator("#map .box").count()).toBeLessThan(8000);
    expect((await page.content()).length).toBeLessThan(6_000_000);
  });
});

/** The lowest contrast of a label in the map with what is behind it, by WCAG 2.2's relative luminance. Runs in the page. */
function lowestContrast(): number {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (canvas === null) throw new Error("no canvas");
  const luminance = (colour: string): number => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0] = [...canvas.getImageData(0, 0, 1, 1).data].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ratios = [...document.querySelectorAll<HTMLElement>(".box > .label")].map((label) => {
    const box = label.parentElement ?? label;
    const ink = luminance(getComputedStyle(label).color);
    const own = getComputedStyle(label).backgroundColor;
    const paper = luminance(own === "rgba(0, 0, 0, 0)" ? getComputedStyle(box).backgroundColor : own);
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  });
  return Math.min(...ratios);
}
