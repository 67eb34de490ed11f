import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ddiff, repository } from "../../test/support/run.ts";
import { startServer } from "../../test/support/server.ts";
import { makeBases } from "./base-images.ts";
import { composeService, runContainer, type Running, startContainer } from "./compose-container.ts";
import { makeChannel } from "./conda-channel.ts";
import { makeCran } from "./cran.ts";
import { type Ended, type Engine, openEngine } from "./engine.ts";
import { serveFolders } from "./folder-server.ts";
import type { Sample } from "./samples.ts";

/** Builds and runs what `ddiff init` writes, with bases of our own under the names that it writes. */
export interface Builder {
  /** Copies a sample and has `ddiff init` write its files; answers the copy. */
  prepare(sample: Sample): Promise<string>;
  /** Builds a stage of a prepared project. */
  build(project: string, stage: Stage): Promise<Built>;
  stop(): Promise<void>;
}

/** The stages that a machine without a GPU runs. */
export type Stage = "serve-cpu" | "train-cpu" | "dev";

/** An image of a sample. */
export interface Built {
  readonly seconds: number;
  /** Bytes as Podman counts them. */
  readonly size: number;
  /** What the image's configuration says. */
  readonly config: { readonly User: string; readonly Healthcheck?: { readonly Test: readonly string[] } };
  /** The folders that compose.yaml lets its service write to. */
  readonly writable: readonly string[];
  /** Starts it as compose.yaml does. */
  start(): Promise<Running>;
  /** Runs a command instead of its own. */
  run(...command: string[]): Promise<Ended>;
}

/** Programs that must be there. */
export const builderTools = ["podman", "buildah", "runc", "mmdebstrap"] as const;

/** Makes the bases and has `ddiff server` serve them. `pixi` is its executable, where that is to be had. */
export async function openBuilder(pixi?: string): Promise<Builder> {
  const folder = await mkdtemp(join(tmpdir(), "ddiff-init-"));
  const server = await startServer(["--data", join(folder, "registry")]);
  const engine = await openEngine(folder, server.host);
  const packages = await serveFolders();
  const stop = async (): Promise<void> => {
    await engine.close();
    await packages.stop();
    await server.stop("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const { uv } = await makeBases(engine, { host: server.host, cran: `${packages.url}/cran`, pixi });
    const [packagesOfR, channel] = await Promise.all([makeCran(engine), makeChannel(engine)]);
    packages.add("cran", packagesOfR);
    packages.add("conda", channel);
    await engine.run("buildah", "rmi", "--all", "--force");
    return {
      prepare: (sample) => prepare(engine, sample, { uv, pixi, channel: `${packages.url}/conda` }),
      build: (project, stage) => build(engine, project, stage),
      stop,
    };
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
}

/** What locks samples: programs, and the channel that stands in for conda-forge. */
interface Locking {
  readonly uv: string;
  readonly pixi: string | undefined;
  readonly channel: string;
}

async function prepare(engine: Engine, sample: Sample, { uv, pixi, channel }: Locking): Promise<string> {
  const project = join(engine.folder, "projects", sample.name);
  await mkdir(join(engine.folder, "projects"), { recursive: true });
  await cp(join(repository, "test", "samples", "init", sample.name), project, { recursive: true });
  if (sample.locks === "uv")
    await engine.run(uv, "lock", "--no-python-downloads", "--system-certs", "--directory", project);
  if (sample.channel !== undefined) {
    const manifest = join(project, sample.channel);
    await writeFile(manifest, (await readFile(manifest, "utf8")).replace("conda-forge", channel));
  }
  if (sample.locks === "pixi") {
    await engine.run(pixi ?? "pixi", "install", "--manifest-path", join(project, "pixi.toml"));
    await rm(join(project, ".pixi"), { recursive: true });
  }
  const written = await ddiff(["init", "--yes", ...sample.options, project], { cwd: engine.folder });
  if (written.status !== 0) throw new Error(`ddiff init ended with ${written.status}: ${written.stderr}`);
  return project;
}

async function build(engine: Engine, project: string, stage: Stage): Promise<Built> {
  const image = `localhost/${project.split("/").at(-1)}:${stage}`;
  const begin = performance.now();
  // Podman keeps a health check only in Docker's format.
  await engine.build(project, "--format", "docker", "--target", stage, "-t", image);
  const seconds = (performance.now() - begin) / 1000;
  const [inspected] = JSON.parse(await engine.run("podman", "image", "inspect", image)) as [
    { Size: number; Config: Built["config"]; Healthcheck?: { Test: string[] } },
  ];
  const { Healthcheck: check } = inspected;
  const service = await composeService(project, stage.replace("-cpu", ""));
  return {
    seconds,
    size: inspected.Size,
    config: { ...inspected.Config, ...(check === undefined ? {} : { Healthcheck: check }) },
    writable: service.writable,
    start: () => startContainer(engine, image, service),
    run: (...command) => runContainer(engine, image, service, ...command),
  };
}
