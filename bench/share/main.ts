import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cpuDefinition } from "../../src/bases/examples.ts";
import { workFolder } from "../images/places.ts";
import { serveFolders } from "../init/folder-server.ts";
import { ddiff, type Ran, run } from "../../test/support/run.ts";
import { writeSection } from "../document.ts";
import { makeCpuTorches } from "./cpu-torches.ts";

const versions = ["2.4.1", "2.5.1", "2.6.0"];

/** What each of the two projects on a torch installs, and how. */
const projects = [
  { name: "a", add: ["pip", "install", "torchmetrics", "timm"], run: ["python"] },
  { name: "b", add: ["add", "accelerate"], run: ["run", "python"] },
];

const work = (...parts: string[]): string => join(workFolder, "share", ...parts);
const base = work("base");

interface Linked {
  /** Of .venv, once linked. */
  readonly linked: number;
  /** The same with the project's own packages. */
  readonly used: number;
}

interface Row {
  readonly version: string;
  readonly projects: readonly Linked[];
  /** A `.venv` in which uv has installed the same. */
  readonly plain: number;
}

/**
 * A base with real torches, two projects on each with packages of their own, and the same without a base. Writes into docs/share.md what it
 * takes on disk. Stops where a second torch is found.
 */
export async function benchShare(): Promise<void> {
  await makeCpuTorches(work("index", "cpu"), versions);
  const server = await serveFolders();
  server.add("whl", work("index"));
  try {
    await rm(base, { recursive: true, force: true });
    await rm(work("projects"), { recursive: true, force: true });
    await makeBase(server.url);
    const rows: Row[] = [];
    for (const version of versions) {
      const linked: Linked[] = [];
      for (const project of projects) linked.push(await useProject(version, project));
      rows.push({ version, projects: linked, plain: await installPlain(version, `${server.url}/whl/cpu`) });
      console.log(JSON.stringify(rows.at(-1)));
    }
    await expectOneOfEach();
    writeSection("share.md", "linking", [table(rows), await sums(rows)]);
  } finally {
    await server.stop();
  }
}

/** The base of `ddiff base init --cpu`, for this machine's Python, with fewer torches. */
async function makeBase(url: string): Promise<void> {
  const { stdout: python } = await must(
    run("python3", ["-c", "import sys; print('%d.%d' % sys.version_info[:2], end='')"]),
  );
  const text = cpuDefinition
    .replace(/^python: .*$/m, `python: [${python}]`)
    .replace(/^torch: .*$/m, `torch: [${versions.join(", ")}]\nindexes: {torch: "${url}/whl"}`);
  await mkdir(work(), { recursive: true });
  await writeFile(work("base.yaml"), text);
  await must(ddiff(["base", "build", "--file", work("base.yaml"), "--folder", base]));
}

/** Links a project, installs into it, calculates with torch and has the link checked. */
async function useProject(
  version: string,
  { name, add, run: words }: (typeof projects)[number],
): Promise<Linked> {
  const folder = work("projects", `${version}-${name}`);
  await mkdir(folder, { recursive: true });
  const pyproject = `[project]\nname = "app"\nversion = "0"\nrequires-python = ">=3.10"\ndependencies = ["torch"]\n`;
  if (add[0] === "add") await writeFile(join(folder, "pyproject.toml"), pyproject);
  await must(run(join(base, `bin/uv_init_torch${version}`), [], { cwd: folder }));
  const linked = await diskUsage(join(folder, ".venv"));
  const env = { UV_LINK_MODE: "copy", VIRTUAL_ENV: undefined };
  await must(run("uv", add, { cwd: folder, env }));
  const code =
    "import torch; x = torch.ones(3, 3, requires_grad=True); (x @ x).sum().backward(); print(torch.__version__, x.grad.sum().item())";
  const program = words[0] === "python" ? join(folder, ".venv/bin/python") : "uv";
  const { stdout } = await must(
    run(program, [...words.slice(words[0] === "python" ? 1 : 0), "-c", code], { cwd: folder, env }),
  );
  // PyPI's torch says of itself for which CUDA it was built, also when that is taken out.
  if (!stdout.startsWith(`${version}+`) || !stdout.endsWith(" 54.0\n"))
    throw new Error(`${folder} calculates with ${stdout}`);
  const checked = await must(ddiff(["link", "--check", "--project", folder]));
  console.log(checked.stdout.trim());
  return { linked, used: await diskUsage(join(folder, ".venv")) };
}

/** What the same takes where uv installs it: torch with its companions and the common packages, as files of its own. */
async function installPlain(version: string, index: string): Promise<number> {
  const folder = work("plain");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const held = JSON.parse(await readFile(join(base, "base.json"), "utf8")) as Inventory;
  const python = held.pythons[0];
  const packages = [
    ...(python?.torch.find((torch) => torch.version.startsWith(version))?.packages ?? []),
    ...(python?.common ?? []),
  ].map(({ name, version }) => `${name}==${version}`);
  const env = { UV_LINK_MODE: "copy", VIRTUAL_ENV: undefined };
  await must(run("uv", ["venv", "--python", "python3", "-q"], { cwd: folder, env }));
  const where = ["--index", index, "--index-strategy", "unsafe-best-match"];
  await must(run("uv", ["pip", "install", "-q", "--no-deps", ...where, ...packages], { cwd: folder, env }));
  const bytes = await diskUsage(join(folder, ".venv"));
  await rm(folder, { recursive: true });
  return bytes;
}

interface Inventory {
  pythons: { common: Named[]; torch: { version: string; packages: Named[] }[] }[];
}
interface Named {
  name: string;
  version: string;
}

/** Of torch's main library there is one for each version, all in the base. */
async function expectOneOfEach(): Promise<void> {
  const { stdout } = await must(run("find", [work(), "-name", "libtorch_cpu.so", "-not", "-type", "l"]));
  const found = stdout.trim().split("\n");
  if (found.length !== versions.length || !found.every((path) => path.startsWith(base)))
    throw new Error(`torch stands in ${found.join(", ")}`);
}

/** Bytes on disk, as du counts: files with several names once, links for themselves. */
async function diskUsage(folder: string): Promise<number> {
  const { stdout } = await must(run("du", ["-s", "--block-size=1", folder]));
  return Number(stdout.split("\t")[0]);
}

function table(rows: readonly Row[]): string {
  const lines = rows.flatMap(({ version, projects: linked, plain }) =>
    linked.map(({ linked: bytes, used }, at) => {
      const { add } = projects[at] ?? { add: [] };
      const command = `\`uv ${add.join(" ")}\``;
      const share = `${((100 * bytes) / plain).toFixed(2)} %`;
      return `| ${version} | ${megabytes(plain)} | ${megabytes(bytes)} | ${share} | ${command} | ${megabytes(used)} |`;
    }),
  );
  const head = [
    "| torch | installed plainly | linked | of plain | then | with its own packages |",
    "|---|---:|---:|---:|---|---:|",
  ];
  return [...head, ...lines].join("\n");
}

async function sums(rows: readonly Row[]): Promise<string> {
  const each = rows.flatMap(({ projects: linked, plain }) =>
    linked.map(({ used, linked: own }) => ({ used, without: plain + used - own })),
  );
  const inBase = await diskUsage(base);
  const withBase = inBase + each.reduce((sum, { used }) => sum + used, 0);
  const without = each.reduce((sum, one) => sum + one.without, 0);
  const { stdout: uv } = await must(run("uv", ["--version"]));
  const { stdout: python } = await must(run("python3", ["--version"]));
  return [
    `The base takes ${megabytes(inBase)}; it and the ${each.length} projects together ${megabytes(withBase)}. Without a base the projects take ${megabytes(without)}.`,
    `No torch stands outside the base. Measured with ${uv.trim()} and ${python.trim()}.`,
  ].join(" ");
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toLocaleString("en", { maximumFractionDigits: bytes < 1e8 ? 1 : 0 })} MB`;
}

async function must(running: Promise<Ran>): Promise<Ran> {
  const ran = await running;
  if (ran.status !== 0) throw new Error(`${ran.stdout}${ran.stderr}`);
  return ran;
}
