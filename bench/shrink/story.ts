import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { writeSection } from "../document.ts";
import { badImage } from "../images/bad-images.ts";
import { build, debianBase, dropStore, exportLayout } from "../images/builder.ts";
import { workFolder, workPath } from "../images/places.ts";

const root = join(import.meta.dirname, "..", "..");

/** Each step names the classes that go beside those of the steps before it. */
const steps: readonly { title: string; drop: readonly string[] }[] = [
  { title: "what is safe: lists, caches, temporary files, what later steps hide or copy", drop: [] },
  { title: "manuals, and messages in other languages", drop: ["documentation", "locales"] },
  {
    title: "static libraries, headers, caches of fonts and the linker",
    drop: ["static-libraries", "headers", "system-caches"],
  },
  { title: "tests inside packages", drop: ["tests"] },
  { title: "byte code", drop: ["bytecode"] },
];

const sizes = z.object({
  sizes: z.object({ packed: z.number(), tar: z.number(), visible: z.number(), hidden: z.number() }),
  layers: z.array(z.unknown()),
});
const slimmed = z.object({ checks: z.array(z.object({ runner: z.string(), kept: z.number() })) });

/** One row of the table: an image and how it came about. */
interface Row {
  title: string;
  layers: number;
  files: number;
  packed: number;
  checks: string;
}

/** Makes one bad image smaller step by step, tries it each time, and writes the table into docs/shrink.md. */
export async function benchStory(): Promise<void> {
  const old = `oci:${await badImage("torch")}:torch`;
  const good = `oci:${await goodImage()}:good`;
  await dropStore();
  const work = mkdtempSync(join(tmpdir(), "ddiff-story-"));
  const rows: Row[] = [await rowOf("as it was built", old, "")];
  try {
    const dropped: string[] = [];
    for (const { title, drop } of steps) {
      dropped.push(...drop);
      const place = `oci:${join(work, "slim")}:slim`;
      const args = [
        "slim",
        "--json",
        "--runner",
        "rootless",
        ...dropped.flatMap((name) => ["--drop", name]),
        old,
        place,
      ];
      rows.push(await tried(title, args, place));
      rmSync(join(work, "slim"), { recursive: true, force: true });
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  rows.push(await rowOf("built again by a Dockerfile with the edits that `--plan` prints", good, ""));
  const table = tableOf(rows);
  console.log(table);
  writeSection("shrink.md", "story", [table]);
}

async function tried(title: string, args: readonly string[], place: string): Promise<Row> {
  try {
    const { checks } = slimmed.parse(await ddiff(...args));
    const [first] = checks;
    return await rowOf(
      title,
      place,
      first === undefined ? "" : `${first.kept} as before, by ${first.runner}`,
    );
  } catch (error) {
    const { stdout = "" } = error as { stdout?: string };
    const said = z.object({ error: z.object({ message: z.string() }) }).safeParse(JSON.parse(stdout || "{}"));
    if (!said.success) throw error;
    return { title, layers: 0, files: 0, packed: 0, checks: `refused: ${said.data.error.message}` };
  }
}

async function rowOf(title: string, place: string, checks: string): Promise<Row> {
  const { sizes: found, layers } = sizes.parse(await ddiff("analyze", "--json", place));
  return { title, layers: layers.length, files: found.visible + found.hidden, packed: found.packed, checks };
}

async function ddiff(...args: string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, ["src/main.ts", ...args], {
    cwd: root,
    maxBuffer: 256 << 20,
  });
  return JSON.parse(stdout);
}

async function goodImage(): Promise<string> {
  const folder = join(workFolder, "good", "torch");
  if (existsSync(folder)) return folder;
  await debianBase("bad-debian", "bookworm", ["updates", "security"]);
  const context = workPath("contexts", "good");
  for (const file of ["app.py", "serve.py"])
    cpSync(join(root, "bench/images/bad", file), join(context, file));
  const dockerfile = readFileSync(join(import.meta.dirname, "torch-good.Dockerfile"), "utf8");
  await build({ tag: "good-torch", context, dockerfile });
  await exportLayout("good-torch", workPath("good", "torch"), "good");
  return folder;
}

function tableOf(rows: readonly Row[]): string {
  return [
    "| step | layers | files | as a registry stores it | checks |",
    "|---|---:|---:|---:|---|",
    ...rows.map(({ title, layers, files, packed, checks }) =>
      layers === 0
        ? `| ${title} | | | | ${checks} |`
        : `| ${title} | ${layers} | ${(files / 1e6).toFixed(0)} MB | ${(packed / 1e6).toFixed(0)} MB | ${checks} |`,
    ),
  ].join("\n");
}
