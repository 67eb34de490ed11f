import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { Ended, Engine } from "./engine.ts";

/** A container of a project, as a service of its compose.yaml. */
export interface Running {
  /** The exit status of the image's own health check. */
  health(): Promise<Ended>;
  /** Runs a command in it. */
  exec(...command: string[]): Promise<Ended>;
  /** What it printed, after it ended. */
  wait(): Promise<Ended>;
  /** What it printed so far. */
  log(): Promise<string>;
  stop(): Promise<void>;
}

/** What compose.yaml declares of a service, as far as it decides what may be written to and with which rights. */
const serviceSchema = z.object({
  user: z.string(),
  read_only: z.boolean().default(false),
  tmpfs: z.array(z.string()).default([]),
  shm_size: z.string().optional(),
  cap_drop: z.array(z.string()).default([]),
  security_opt: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
});
const composeSchema = z.object({ services: z.record(z.string(), z.looseObject({})) });

/** A service with Podman's options for it. */
export interface ComposeService {
  readonly options: readonly string[];
  /** The folders of the container that it may write to. */
  readonly writable: readonly string[];
}

/** Reads a service of the project's compose.yaml. */
export async function composeService(project: string, name: string): Promise<ComposeService> {
  const text = await readFile(join(project, "compose.yaml"), "utf8");
  // No variable is set here: each has its default.
  const { services } = composeSchema.parse(parse(text.replaceAll(/\$\{\w+:-([^}]*)\}/g, "$1")));
  const service = serviceSchema.parse(services[name]);
  const volumes = service.volumes.map((volume) => volume.split(":"));
  return {
    options: [
      `--user=${service.user}`,
      ...(service.read_only ? ["--read-only", "--read-only-tmpfs=false"] : []),
      ...service.tmpfs.map((path) => `--tmpfs=${path}`),
      ...(service.shm_size === undefined ? [] : [`--shm-size=${service.shm_size.replace(/b$/, "")}`]),
      ...service.cap_drop.map((one) => `--cap-drop=${one}`),
      ...service.security_opt.map((one) => `--security-opt=${one.replace(/:true$/, "")}`),
      ...volumes.map(
        ([from = "", ...rest]) =>
          `--volume=${[from.startsWith(".") ? join(project, from) : from, ...rest].join(":")}`,
      ),
    ],
    writable: [
      ...service.tmpfs,
      ...volumes.filter((words) => words.at(-1) !== "ro").map(([from = "", to = from]) => to),
    ].sort(),
  };
}

/** Beyond what compose.yaml says: what this machine needs. */
const ofThisMachine = [
  // Loopback is enough, and no port of this machine is taken.
  "--network=none",
  // No systemd is asked to run the check: the caller does.
  "--health-interval=disable",
  // Podman's own limits are more than some machines allow.
  "--ulimit=nofile=1024:4096",
  "--ulimit=nproc=4096:4096",
];

/** Starts an image as the service; ended by `stop`. */
export async function startContainer(
  engine: Engine,
  image: string,
  service: ComposeService,
): Promise<Running> {
  const id = await engine.podman("run", "--detach", ...ofThisMachine, ...service.options, image);
  return {
    health: () => engine.triedPodman("healthcheck", "run", id),
    exec: (...command) => engine.triedPodman("exec", id, ...command),
    async wait() {
      const status = Number(await engine.podman("wait", id));
      return { status, output: (await engine.triedPodman("logs", id)).output };
    },
    log: async () => (await engine.triedPodman("logs", id)).output,
    async stop() {
      await engine.podman("rm", "--force", "--volumes", "--time", "10", id);
    },
  };
}

/** Runs one command in an image as the service would be run. */
export function runContainer(
  engine: Engine,
  image: string,
  service: ComposeService,
  ...command: string[]
): Promise<Ended> {
  return engine.triedPodman("run", "--rm", ...ofThisMachine, ...service.options, image, ...command);
}
