import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hostileImage } from "../../testing/hostile-image.ts";
import { largeImage, trainImage } from "../../testing/train-image.ts";
import { htmlReport } from "./html.ts";
import { joinPage } from "./join-page.ts";
import { makePicture, packPicture } from "./make-picture.ts";
import { makeFilter } from "./page/filter.ts";
import { squarify } from "./page/layout.ts";
import { loadPicture } from "./page/load.ts";
import { folderPath, leafPath } from "./page/picture.ts";
import { type Area, type Cut, cutTree } from "./page/tree.ts";

const cuts: Cut[] = ["path", "layer", "package", "class"];
const everything = () => true;

/** Every area adds up to what is in it. */
function checkSums(area: Area): void {
  if (area.leaf !== -1) return;
  expect(area.bytes).toBe(area.children.reduce((sum, one) => sum + one.bytes, 0));
  expect(area.files).toBe(area.children.reduce((sum, one) => sum + one.files, 0));
  for (const one of area.children) {
    expect(one.parent).toBe(area);
    checkSums(one);
  }
}

describe("the picture of an image", () => {
  test("has each byte that travels once, however it is cut", () => {
    const image = trainImage();
    const picture = makePicture(image);
    for (const cut of cuts) {
      const tree = cutTree(picture, cut, everything);
      expect(tree.bytes).toBe(image.sizes.visible + image.sizes.hidden);
      expect(tree.files).toBe(image.files.length + image.hiddenFiles.length);
      checkSums(tree);
    }
  });

  test("is cut by folders, layers, packages and classes", () => {
    const picture = makePicture(trainImage());
    const top = (cut: Cut): string[] => cutTree(picture, cut, everything).children.map(({ name }) => name);
    expect(top("path")).toEqual([
      "opt/venv/lib/python3.11/site-packages",
      "root/.cache/pip/http/a",
      "srv",
      "usr",
      "var/lib/apt/lists",
    ]);
    expect(top("layer")[0]).toBe("2: RUN pip install torch numpy");
    expect(top("package")).toEqual([
      "pip in /opt/venv/lib/python3.11/site-packages",
      "in no package",
      "no container sees it",
      "dpkg",
    ]);
    expect(top("class").slice(0, 3)).toEqual(["of no class", "what pip downloaded", "no container sees it"]);
  });

  test("keeps every sum when it puts small files together", () => {
    const image = largeImage(5000);
    for (const most of [10, 300, 4999]) {
      const picture = makePicture(image, most);
      expect(picture.floor).toBeGreaterThan(0);
      expect(picture.leaves.bytes.length).toBeLessThanOrEqual(2 * most + 1000);
      for (const cut of cuts) {
        const [whole, folded] = [makePicture(image), picture].map((one) => cutTree(one, cut, everything));
        expect([folded?.bytes, folded?.files]).toEqual([whole?.bytes, whole?.files]);
        const groups = (tree: Area | undefined) =>
          cut === "path" ? [] : tree?.children.map(({ bytes, files }) => [bytes, files]);
        expect(groups(folded)).toEqual(groups(whole));
      }
    }
  });

  test("of files that are all alike is small, too", () => {
    const image = largeImage(4000);
    for (const file of image.files) file.bytes = 1000;
    expect(makePicture(image, 500).leaves.bytes.length).toBeLessThanOrEqual(1000);
  });

  test("comes out of the page as it went in, whatever the names", async () => {
    for (const image of [trainImage(), hostileImage(), largeImage(500)]) {
      const picture = makePicture(image);
      expect(await loadPicture(packPicture(picture))).toEqual(picture);
      const paths = picture.leaves.folder.map((_, leaf) => leafPath(picture, leaf).slice(1));
      const given = [
        ...image.files.map(({ path }) => path),
        ...image.hiddenFiles.map(({ entry }) => entry.path),
      ];
      expect(paths.sort()).toEqual(given.sort());
    }
  });

  test("is searched by path, package and class, every word", () => {
    const picture = makePicture(trainImage());
    const filter = makeFilter(picture);
    const found = (words: string, risk = ""): string[] => {
      const wanted = filter({ words, risk });
      return picture.leaves.folder.flatMap((_, leaf) => (wanted(leaf) ? leafPath(picture, leaf) : []));
    };
    expect(found("LIBCUBLAS so.12.1")).toEqual(["/usr/lib/x86_64-linux-gnu/libcublas.so.12.1"]);
    expect(found("libcublas12")).toHaveLength(1);
    expect(found("byte-code")).toHaveLength(2);
    expect(found("", "hidden")).toHaveLength(2);
    expect(found("", "risky")).toEqual(["/usr/lib/x86_64-linux-gnu/libc.a"]);
    expect(found("nothing is so called")).toEqual([]);
    expect(folderPath(picture, 0)).toBe("");
  });
});

test("the layout fills its rectangle, each area as its weight, none over another", () => {
  const weights = fc.array(fc.integer({ min: 0, max: 1_000_000 }), { maxLength: 60 });
  const side = fc.integer({ min: 1, max: 2000 });
  fc.assert(
    fc.property(weights, side, side, (given, width, height) => {
      const sorted = given.sort((one, other) => other - one);
      const total = sorted.reduce((sum, one) => sum + one, 0);
      const rects = squarify(sorted, { x: 5, y: 7, width, height });
      expect(rects).toHaveLength(sorted.length);
      for (const [i, rect] of rects.entries()) {
        const area = total === 0 ? 0 : ((sorted[i] ?? 0) / total) * width * height;
        expect(Math.abs(rect.width * rect.height - area)).toBeLessThan(1e-3);
        expect(rect.x).toBeGreaterThan(4.999);
        expect(rect.y).toBeGreaterThan(6.999);
        expect(rect.x + rect.width).toBeLessThan(5.001 + width);
        expect(rect.y + rect.height).toBeLessThan(7.001 + height);
      }
      for (const [i, one] of rects.entries())
        for (const other of rects.slice(i + 1)) {
          const across = Math.min(one.x + one.width, other.x + other.width) - Math.max(one.x, other.x);
          const down = Math.min(one.y + one.height, other.y + other.height) - Math.max(one.y, other.y);
          expect(Math.min(across, down)).toBeLessThan(1e-3);
        }
    }),
  );
});

describe("the page", () => {
  test("runs its own script and style and asks nobody for anything", async () => {
    const page = await htmlReport(trainImage());
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1];
    expect(policy).toMatch(
      /^default-src 'none'; script-src 'sha256-[\w+/=]{44}'; style-src 'sha256-[\w+/=]{44}'; base-uri 'none'; form-action 'none'$/,
    );
    expect(page).not.toMatch(/\b(?:src|href)=|https?:|@import|url\(/);
    expect(page).not.toMatch(/ style="| on\w+="/);
  });

  test("has nothing in its script that could end it, and no word of a module", () => {
    const { script } = joinPage();
    expect(script).not.toMatch(/<\/script|<!--|^import |^export /im);
  });

  test("reads without a script: findings with edits, layers, packages, classes", async () => {
    const page = await htmlReport(trainImage());
    expect(page).toContain("<b>780 MB</b>");
    expect(page).toContain(
      'Write <code>RUN <span class="word">--mount=type=cache,target=/root/.cache/pip</span> pip install</code>.',
    );
    expect(page).toContain("<td>torch 2.4.1</td>");
    expect(page).toContain("<b>Dockerfile:8</b> <code>RUN chown -R app");
  });

  test("has no markup that came from an image, and only text that UTF-8 can hold", async () => {
    const page = await htmlReport(hostileImage());
    expect(page.isWellFormed()).toBe(true);
    expect(page).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u202e]/);
    expect(page).not.toContain("<script>alert");
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page.match(/<img|<svg|<iframe/g)).toBeNull();
  });
});
