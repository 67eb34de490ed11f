import { spawn } from "node:child_process";
import { lstatSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { attributePackages } from "../../src/inspect/attribute.ts";
import type { Package } from "../../src/inspect/analysis.ts";
import type { ImageView } from "../../src/inspect/image-view.ts";
import type { InventoryEntry } from "../../src/inspect/inventory.ts";
import { readLayer } from "../../src/inspect/read-layer.ts";
import { stackLayers } from "../../src/inspect/stack.ts";
import { Digester } from "../../src/oci/digest.ts";
import { type Image, images, rootOf } from "./attribution-images.ts";
import { measureScale } from "./attribution-scale.ts";
import { type Answers, askManagers, plainName } from "./attribution-oracles.ts";

/** What came of one image, in bytes, each hard link once. */
interface Outcome {
  image: Image;
  files: number;
  bytes: number;
  /** That some manager names; and by manager, a file that several name in each. */
  named: number;
  /** Of these, those that we give to the same package. */
  agreed: number;
  byManager: Map<string, { files: number; bytes: number; agreed: number }>;
  /** That we give to any package. */
  attributed: number;
  milliseconds: number;
}

const page = join(import.meta.dirname, "..", "..", "docs", "analyze-attribution.md");
const runs = 5;
const mostShown = 10;

/**
 * Makes the images (or those named), asks their managers what is whose, compares, and writes docs/analyze-attribution.md when all were
 * asked.
 */
export async function benchAttribution(wanted: readonly string[]): Promise<void> {
  const outcomes: Outcome[] = [];
  for (const image of images.filter(({ id }) => wanted.length === 0 || wanted.includes(id)))
    outcomes.push(await judge(image));
  const table = `${tableOf(outcomes)}\n\n${managersTable(outcomes)}`;
  console.log(table);
  if (wanted.length === 0)
    writeFileSync(page, pageOf(`${table}\n\nAn image made up for its size: ${measureScale()}`));
}

async function judge(image: Image): Promise<Outcome> {
  const root = await rootOf(image);
  const answers = await askManagers(image, root);
  const view = stackLayers([await inventoryOf(root)]);
  const times = Array.from({ length: runs }, () => timed(() => attributePackages(view)));
  return {
    ...compare(image, view, answers, root),
    milliseconds: times.sort((a, b) => a - b)[runs >> 1] ?? 0,
  };
}

function compare(
  image: Image,
  view: ImageView,
  answers: Answers,
  root: string,
): Omit<Outcome, "milliseconds"> {
  const owners = attributePackages(view);
  const byManager: Outcome["byManager"] = new Map();
  const outcome = { image, files: 0, bytes: 0, named: 0, agreed: 0, attributed: 0, byManager };
  const counted = new Set<InventoryEntry>();
  const differences: { path: string; bytes: number; ours: string; theirs: string }[] = [];
  for (const [path, { entry, content }] of view.visible) {
    if (entry.type === "directory" || counted.has(content)) continue;
    counted.add(content);
    const bytes = content.size;
    const owner = owners.get(path);
    const theirs = answers.get(String(lstatSync(join(root, path)).ino));
    outcome.files++;
    outcome.bytes += bytes;
    if (owner !== undefined) outcome.attributed += bytes;
    if (theirs === undefined) continue;
    outcome.named += bytes;
    const ours = owner === undefined ? "nobody" : answerOf(owner);
    const agreed = theirs.has(ours) ? bytes : 0;
    outcome.agreed += agreed;
    for (const manager of new Set([...theirs].map((one) => one.split(" ")[0] ?? ""))) {
      const sums = byManager.get(manager) ?? { files: 0, bytes: 0, agreed: 0 };
      byManager.set(manager, {
        files: sums.files + 1,
        bytes: sums.bytes + bytes,
        agreed: sums.agreed + agreed,
      });
    }
    if (!theirs.has(ours)) differences.push({ path, bytes, ours, theirs: [...theirs].join(", ") });
  }
  for (const one of differences.sort((a, b) => b.bytes - a.bytes).slice(0, mostShown))
    console.error(
      `${image.id}: ${one.path}: ${one.bytes} bytes: ${one.ours}, and the managers say ${one.theirs}`,
    );
  return outcome;
}

function answerOf({ manager, name }: Package): string {
  if (manager === "uv" || manager === "pip") return `pip ${plainName(name)}`;
  return manager === "dpkg" ? `dpkg ${name.replace(/:.*/, "")}` : `${manager} ${name}`;
}

/** The root folder as one layer. */
async function inventoryOf(root: string): ReturnType<typeof readLayer> {
  const digester = new Digester();
  for await (const chunk of tarOf(root)) digester.update(chunk as Buffer);
  return readLayer(digester.digest(), tarOf(root));
}

function tarOf(root: string): import("node:stream").Readable {
  const how = ["--sort=name", "--numeric-owner", "--one-file-system", "-C", root, "-cf", "-", "."];
  return spawn("tar", how, { stdio: ["ignore", "pipe", "inherit"] }).stdout;
}

function timed(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

function tableOf(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ image, files, bytes, named, agreed, attributed, milliseconds }) => {
    const cells = [image.title, files.toLocaleString("en"), megabytes(bytes), megabytes(named)];
    return [...cells, share(agreed, named), share(attributed, bytes), `${Math.round(milliseconds)} ms`].join(
      " | ",
    );
  });
  return [
    "| image | files | bytes | that the managers name | of these, given to the same package | of all bytes, given to a package | time |",
    "|---|---:|---:|---:|---:|---:|---:|",
    ...rows.map((row) => `| ${row} |`),
  ].join("\n");
}

/** What each manager was asked: that a column is not empty shows that it has answered. */
function managersTable(outcomes: readonly Outcome[]): string {
  const rows = outcomes.flatMap(({ image, byManager }) =>
    [...byManager].map(
      ([manager, { files, bytes, agreed }]) =>
        `| ${image.title} | ${manager} | ${files.toLocaleString("en")} | ${megabytes(bytes)} | ${share(agreed, bytes)} |`,
    ),
  );
  return [
    "| image | manager | files that it names | bytes | given to the same package |",
    "|---|---|---:|---:|---:|",
    ...rows,
  ].join("\n");
}

function share(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(3)} %`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function pageOf(table: string): string {
  return `<!-- Written by \`npm run bench -- attribution\`. -->
# How well \`ddiff analyze\` knows whose a file is

Each image was made with Debian 12's packages, and its managers were asked, in the image itself, for the files of each of their
packages: \`dpkg-query -L\`, \`pip show -f\`, \`npm ls\`, R's \`installed.packages()\`, \`rpm --query\`. Their answers are compared with
what \`ddiff analyze\` says, file by file, by inode; a hard link counts once. Conda could not be downloaded where this ran: its
environment was made by hand in the documented layout from wheels, and its records are compared with themselves.

${table}

The managers do not name all that is theirs: byte code that Python wrote after the installation, dpkg's own database, caches
that maintainer scripts make. \`ddiff analyze\` gives these to the packages that made them, so the last share can be larger than what
the managers name. What remains is the configuration that the installation wrote: users, passwords, pam.
`;
}
