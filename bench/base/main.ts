/**
 * `npm run bench -- base [INDEX]`: a base with three real torches for CPUs, built with Buildah on Debian 12, layer by layer, with what a torch more
 * costs. INDEX is a folder `torch` of an index with such wheels; without it they are made of PyPI's (2.5 GB).
 * `npm run bench -- base cuda`: a base in a folder, with three torches and CUDA's libraries from PyPI (9 GB; 15 GB on disk).
 * As root; each prints its tables and keeps them in docs/base.md.
 */
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formatBytes } from "../../src/util/bytes.ts";
import { repository } from "../../test/support/run.ts";
import { type FolderCost, measureFolder } from "./folder.ts";
import { BaseWorkshop } from "./workshop.ts";

const torches = ["2.4.1", "2.5.1", "2.6.0"];

/** Runs one of the two. */
export async function benchBase([what]: readonly string[]): Promise<void> {
  if (what === "cuda") await publish("cuda", folderTables(await measureFolder()));
  else await publish("cpu", await measureImages(what));
}

async function measureImages(index: string | undefined): Promise<string> {
  const workshop = await BaseWorkshop.open("bookworm");
  try {
    await bringTorches(workshop, index);
    await workshop.build("lab/base:less", definition(workshop, torches.slice(0, -1)));
    await workshop.build("lab/base:all", definition(workshop, torches));
    const layers = (await workshop.history("lab/base:all")).filter(({ bytes }) => bytes > 0);
    const addedBytes = (await workshop.size("lab/base:all")) - (await workshop.size("lab/base:less"));
    return [
      table(
        ["layer", "bytes"],
        layers.map(({ step, bytes }) => [describe(step), formatBytes(bytes)]),
      ),
      `torch ${torches.at(-1)} added to the others: ${formatBytes(addedBytes)}.`,
    ].join("\n\n");
  } finally {
    await workshop.close();
  }
}

function definition({ torchUrl }: BaseWorkshop, wanted: readonly string[]): string {
  // torchvision and torchaudio for CPUs are in PyTorch's own index alone.
  const all = wanted.map((version) => `{version: ${version}, torchvision: none, torchaudio: none}`);
  return `version: 1\nos: debian12\ncuda: cpu\npython: [3.11]\ntorch: [${all.join(", ")}]\npackages: [numpy, einops]\nindexes: {torch: "${torchUrl}"}\n`;
}

/** Puts the wheels into the index: those of a folder, or PyPI's made to ones for CPUs. */
async function bringTorches({ engine, index }: BaseWorkshop, from: string | undefined): Promise<void> {
  const page = join(index, "torch");
  await mkdir(page, { recursive: true });
  if (from === undefined) {
    const script = join(repository, "bench", "init", "size", "cpu_wheel.py");
    const tags = ["manylinux1_x86_64", "manylinux2014_x86_64", "manylinux_2_28_x86_64"].flatMap((tag) => [
      "--platform",
      tag,
    ]);
    const words = ["--no-deps", ...tags, "--python-version", "3.11", "--only-binary", ":all:"];
    for (const version of torches) {
      const wheels = join(engine.folder, "wheels");
      await engine.run("python3", "-m", "pip", "download", "-q", ...words, "-d", wheels, `torch==${version}`);
      const [wheel = ""] = await readdir(wheels);
      await engine.run("python3", script, join(wheels, wheel), page);
      await rm(wheels, { recursive: true });
    }
  } else await cp(from, page, { recursive: true });
  const links = (await readdir(page))
    .filter((name) => name.endsWith(".whl"))
    .map((name) => `<a href="${encodeURIComponent(name)}">${name}</a>`);
  await writeFile(join(page, "index.html"), `${links.join("\n")}\n`);
}

function folderTables({ parts, alone }: FolderCost): string {
  const together = sum(parts.map(({ bytes }) => bytes));
  return [
    table(
      ["part", "bytes"],
      parts.map(({ name, bytes }) => [name, formatBytes(bytes)]),
    ),
    table(
      ["what", "bytes"],
      [
        ...alone.map(({ name, bytes, shared }) => [
          `${name} by itself, ${formatBytes(shared)} of it shared`,
          formatBytes(bytes),
        ]),
        ["all of them in environments of their own", formatBytes(sum(alone.map(({ bytes }) => bytes)))],
        ["all of them in the base", formatBytes(together)],
      ],
    ),
  ].join("\n\n");
}

/** The step of a layer in few words. */
function describe(step: string): string {
  const copied = /(?:COPY|ADD).* in (\/\S+)\s*$/.exec(step)?.[1] ?? /\/opt\/ddiff\/\S+/.exec(step)?.[0];
  if (copied !== undefined) return `\`${copied}\``;
  if (step.includes("apt-get install")) return "packages of the system";
  if (step.includes("useradd")) return "the user";
  return step.includes("base.py finish") ? "`base.json`, `uv_init_torch*`" : "Debian";
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), line(["---", "---:"]), ...rows.map(line)].join("\n");
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}

async function publish(name: string, text: string): Promise<void> {
  console.log(text);
  const page = join(repository, "docs", "base.md");
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const before = await readFile(page, "utf8");
  const [from, to] = [before.indexOf(begin), before.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page} lacks its marks ${begin} and ${end}`);
  await writeFile(page, `${before.slice(0, from)}${begin}\n${text}\n${before.slice(to)}`);
}
