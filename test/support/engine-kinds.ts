import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { readAll } from "../../src/codec/read-all.ts";
import { type TestEngine, startContainerd, startDocker, startPodman } from "./engines.ts";
import { firstMissing, notRoot, toolMissing } from "./tools.ts";

/** One engine of a kind, and how its own tools see it. */
export interface EngineKind {
  transport: "docker-daemon" | "containers-storage" | "containerd";
  start(): Promise<TestEngine>;
  /** All names that the engine itself lists. */
  names(engine: TestEngine): Promise<string[]>;
  /** A file of a container that the engine makes of the image. */
  fileIn(engine: TestEngine, name: string, path: string): Promise<string>;
  /** Whether the engine keeps packed layers and indexes as they are. */
  keepsBlobs: boolean;
}

async function dockerNames(engine: TestEngine): Promise<string[]> {
  return lines(await engine.run("docker", "images", "--format", "{{.Repository}}:{{.Tag}}"));
}

/** A file of a container that `docker` or `podman` makes of the image. */
export async function fileInContainer(
  program: "docker" | "podman",
  engine: TestEngine,
  name: string,
  path: string,
): Promise<string> {
  const id = (await engine.run(program, "create", name, "/bin/ping")).trim();
  const copy = join(engine.folder, `file-${randomBytes(4).toString("hex")}`);
  try {
    await engine.run(program, "cp", `${id}:${path}`, copy);
    return (await readAll(createReadStream(copy), 1 << 26, copy)).toString("latin1");
  } finally {
    await engine.run(program, "rm", id);
  }
}

/** The lines of a program's output. */
export function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

/** Docker; the driver and the program may be other ones. */
export const docker = (options: Parameters<typeof startDocker>[0] = {}): EngineKind => ({
  transport: "docker-daemon",
  start: () => startDocker(options),
  names: dockerNames,
  fileIn: (...args) => fileInContainer("docker", ...args),
  keepsBlobs: false,
});

/** Podman over its command or its socket. */
export const podman = (options: Parameters<typeof startPodman>[0] = {}): EngineKind => ({
  transport: "containers-storage",
  start: () => startPodman(options),
  names: async (engine) => {
    const { CONTAINER_HOST: _, ...local } = engine.env;
    const list = await { ...engine, env: local }.run(
      "podman",
      "images",
      "--format",
      "{{.Repository}}:{{.Tag}}",
    );
    return lines(list).map((name) => name.replace(/^localhost\//, ""));
  },
  fileIn: (...args) => fileInContainer("podman", ...args),
  keepsBlobs: false,
});

export const containerd: EngineKind = {
  transport: "containerd",
  start: startContainerd,
  names: async (engine) =>
    lines(await engine.run("ctr", "images", "ls", "--quiet")).map((name) =>
      name.replace(/^docker.io\/library\//, ""),
    ),
  async fileIn(engine, name, path) {
    const mounted = join(engine.folder, `mounted-${randomBytes(4).toString("hex")}`);
    await mkdir(mounted);
    await engine.run("ctr", "images", "mount", `docker.io/library/${name}`, mounted);
    try {
      return (await readAll(createReadStream(join(mounted, path)), 1 << 26, path)).toString("latin1");
    } finally {
      await engine.run("ctr", "images", "unmount", mounted);
    }
  },
  keepsBlobs: true,
};

/** Why this machine cannot run an engine of its own, or undefined. */
export const dockerMissing = firstMissing(toolMissing("dockerd"), toolMissing("docker"), notRoot());
/** Why this machine has no Podman of its own, or undefined. */
export const podmanMissing = firstMissing(toolMissing("podman"), notRoot());
/** Why this machine has no containerd of its own, or undefined. */
export const containerdMissing = firstMissing(toolMissing("containerd"), toolMissing("ctr"), notRoot());
/** A dockerd of version 29 or later, whose default store is containerd's; Debian has none yet. */
export const newDocker = process.env["DDIFF_TEST_DOCKERD"];
/** Why there is no new Docker, or undefined. */
export const newDockerMissing =
  dockerMissing ??
  (newDocker === undefined ? "DDIFF_TEST_DOCKERD names no dockerd of version 29" : undefined);
