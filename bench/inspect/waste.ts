import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { silent } from "../../src/util/progress.ts";
import { badImages, buildBadImages } from "../images/bad-images.ts";
import { badPlants } from "../images/bad-plants.ts";
import { workFolder, workPath } from "../images/places.ts";
import { analyzeBad, type BadImage, judgePlant, safeByMistake } from "./planted.ts";

const page = join(import.meta.dirname, "..", "..", "docs", "analyze-waste.md");

type Judged = BadImage & { name: (typeof badImages)[number] };

/** Builds the bad images where they are not there yet, looks for what is planted in them, and writes docs/analyze-waste.md. */
export async function benchWaste(): Promise<void> {
  await buildBadImages([]);
  const tempDir = workPath("tmp");
  const context = {
    env: { XDG_CACHE_HOME: workPath("cache") },
    progress: silent,
    tempDir,
    insecure: false,
  };
  const images: Judged[] = [];
  for (const name of badImages)
    images.push({ name, ...(await analyzeBad(join(workFolder, "bad"), name, context)) });
  const text = pageOf(images);
  console.log(text);
  writeFileSync(page, text);
}

function plantedTable(images: readonly Judged[]): string {
  const rows = images.flatMap((image) =>
    badPlants[image.name].plants.map((plant) => {
      const { planted, found } = judgePlant(image, plant);
      const off = `${((100 * Math.abs(found - planted)) / planted).toFixed(2)} %`;
      return [image.name, plant.what, plant.risk, bytes(planted), bytes(found), off];
    }),
  );
  return table(["image", "planted", "risk", "bytes", "found", "off by"], [3, 4, 5], rows);
}

function safeTable(images: readonly Judged[]): string {
  const rows = images.map((image) => {
    const { sizes } = image.analysis;
    const mistaken = safeByMistake(image.name, image).length;
    return [image.name, bytes(sizes.visible + sizes.hidden), bytes(sizes.safe), String(mistaken)];
  });
  return table(["image", "bytes of files", "called safe", "files among these by mistake"], [1, 2, 3], rows);
}

function diveTable(images: readonly Judged[]): string {
  const rows = images.map(({ name, analysis, dive }) => {
    const sizes = new Map(analysis.files.map(({ path, placed }) => [`/${path}`, placed.entry.size]));
    const needed = dive.inefficient.reduce((sum, { path }) => sum + (sizes.get(path) ?? 0), 0);
    const unseen = analysis.sizes.hidden - (dive.wastedBytes - needed);
    return [name, bytes(dive.wastedBytes), bytes(needed), bytes(unseen), bytes(analysis.sizes.hidden)];
  });
  const head = [
    "image",
    "dive: wastedBytes",
    "− of these, what a container needs",
    "+ hidden bytes that are not among them",
    "= ddiff: hidden",
  ];
  return table(head, [1, 2, 3, 4], rows);
}

function table(head: readonly string[], right: readonly number[], rows: readonly string[][]): string {
  const rule = head.map((_, at) => (right.includes(at) ? "--:" : "---"));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function bytes(count: number): string {
  return count.toLocaleString("en");
}

function pageOf(images: readonly Judged[]): string {
  return `<!-- Written by \`npm run bench -- waste\`. -->
# How well \`ddiff analyze\` knows waste

Three images that are bad on purpose: Debian's PyTorch, R, and a tree as conda lays it out. Their Dockerfiles stand in \`bench/images/bad\`; each
step wastes bytes as real images do. What is planted is known by its size, or by the list that \`tar\` gives of the layer.

${plantedTable(images)}

Nothing else may be called \`safe\` but what apt, dpkg and useradd write anew for themselves in each step:

${safeTable(images)}

## Beside dive

[dive](https://github.com/wagoodman/dive) tells an image's *efficiency* and *wasted bytes*. \`ddiff analyze --dive-compatible\` tells the same numbers by the same
formulas, for limits that a project has set by them. They are compared with dive 0.13.1 itself in CI, on its own test images and on random
ones:

- **wasted bytes**: of each path that several layers hold, the sizes in all of them together;
- **efficiency**: the smallest size of each path, summed, over all its sizes, summed. A whiteout of a folder counts with what was in the
  folder, that of a file with 0 bytes;
- **user wasted percent**: wasted bytes over the size of all layers but the lowest.

ddiff's own number of hidden bytes differs in three ways:

1. A file that is written twice is waste once: its last copy is what a container needs. dive counts both.
2. A folder that a later layer removes is waste. To dive its files stand in one layer only, so that nothing is wasted.
3. Content with several names (hard links) is hidden when the last of them is.

${diveTable(images)}

What no later layer hides but nothing needs (caches, lists, copies by content, second environments) is in none of dive's numbers; ddiff
names it by [class](file-classes.md), with its risk.
`;
}
