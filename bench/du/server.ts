import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startDocker, type TestEngine } from "../../test/support/engines.ts";
import { run } from "../images/command.ts";
import { workPath } from "../images/places.ts";
import { makeCpuTorches } from "../share/cpu-torches.ts";

/** Who builds, and what. */
const owners = ["alice", "bob", "carol"];
const site = "usr/local/lib/python3.11/site-packages";
const torches = ["2.4.1", "2.5.1"];

/**
 * A Docker with Debian and twelve images as people make them: four recipes, each built by three people, with PyTorch for CPUs made of PyPI's wheels and
 * what it depends on. `train` and `vision` share the layer of their torch, `serve` has it on a layer of one's own, `tools` has none.
 */
export async function startServer(): Promise<TestEngine> {
  const work = workPath("du");
  await makeRoot(join(work, "root"));
  const index = workPath("du", "cpu");
  await makeCpuTorches(index, torches);
  for (const torch of torches) await makeSite(join(work, `torch-${torch}`), join(index, "torch"), torch);
  await install(join(work, "tools"), ["pandas==2.2.3", "scikit-learn==1.5.2"]);
  const engine = await startDocker({ driver: "overlay2" });
  await build(engine, "debian:12", { root: join(work, "root") }, "FROM scratch\nCOPY root /\n");
  for (const owner of owners) {
    const app = join(engine.folder, "app", owner);
    await mkdir(app, { recursive: true });
    await writeFile(join(app, "main.py"), `print("${owner}")\n`);
    const first = "FROM debian:12\n";
    const label = `LABEL owner=${owner}\n`;
    const files = (name: string): Record<string, string> => ({ site: join(work, name), app });
    const copySite = `COPY site /${site}\n`;
    const copyApp = "COPY app /app\n";
    await build(engine, `train:${owner}`, files("torch-2.5.1"), first + copySite + label + copyApp);
    await build(engine, `serve:${owner}`, files("torch-2.5.1"), first + label + copyApp + copySite);
    await build(engine, `tools:${owner}`, files("tools"), first + copySite + label + copyApp);
    await build(engine, `vision:${owner}`, files("torch-2.4.1"), first + copySite + label + copyApp);
  }
  await engine.run("docker", "create", "--name", "web", "serve:bob", "/bin/true");
  return engine;
}

async function makeRoot(folder: string): Promise<void> {
  if (await isThere(folder)) return;
  const mirror = process.env["DDIFF_BENCH_MIRROR"] ?? "http://deb.debian.org/debian";
  const options = ["--variant=minbase", "--include=python3", "--mode=root", "bookworm"];
  await run("mmdebstrap", [...options, `${folder}.new`, mirror], { quiet: true });
  await rm(join(`${folder}.new`, "dev"), { recursive: true });
  await run("mv", [`${folder}.new`, folder]);
}

/** PyTorch for CPUs with what it depends on, as pip installs it. */
async function makeSite(folder: string, wheels: string, torch: string): Promise<void> {
  const wheel = (await readdir(wheels)).find((name) => name.startsWith(`torch-${torch}+cpu-`)) ?? "";
  await install(folder, [join(wheels, wheel), "numpy==1.26.4"]);
}

async function install(folder: string, requirements: readonly string[]): Promise<void> {
  if (await isThere(folder)) return;
  const tags = ["--python-version", "3.11", "--only-binary", ":all:"];
  const options = ["install", "-q", "--no-compile", "--target", `${folder}.new`, ...tags];
  await run("python3", ["-m", "pip", ...options, ...requirements]);
  await run("mv", [`${folder}.new`, folder]);
}

/** Builds with the classic builder; the context has `folders` under their names. */
async function build(
  engine: TestEngine,
  name: string,
  folders: Record<string, string>,
  dockerfile: string,
): Promise<void> {
  const context = join(engine.folder, "context");
  await mkdir(context);
  await writeFile(join(context, "Dockerfile"), dockerfile);
  // Hard links, for the files are large.
  for (const [to, from] of Object.entries(folders))
    await run("cp", ["--archive", "--link", from, join(context, to)]).catch(() =>
      run("cp", ["--archive", from, join(context, to)]),
    );
  await engine.run("docker", "build", "--quiet", "--tag", name, context);
  await rm(context, { recursive: true });
}

async function isThere(folder: string): Promise<boolean> {
  return (await readdir(folder).catch(() => undefined)) !== undefined;
}
