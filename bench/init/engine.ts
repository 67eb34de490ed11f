import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import { findTool } from "../../test/support/tools.ts";

/** How a program ended: its exit status, and what it printed on both streams. */
export interface Ended {
  readonly status: number;
  readonly output: string;
}

export type Architecture = "amd64" | "arm64";

/** That of this machine. */
const ownArchitecture: Architecture = process.arch === "arm64" ? "arm64" : "amd64";

/** Buildah and Podman with a storage of their own, that find each registry in one of ours. */
export interface Engine {
  /** Everything that it keeps lies here. */
  readonly folder: string;
  /** The architecture of its images, as Debian and Go spell it: `amd64`. */
  readonly arch: Architecture;
  /** The environment in which programs find its storage and its registries. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs a program that must succeed, and answers its standard output. */
  run(program: string, ...args: string[]): Promise<string>;
  /** Runs one that may fail. */
  tried(program: string, ...args: string[]): Promise<Ended>;
  /** Builds the Dockerfile of a folder with Buildah. */
  build(folder: string, ...options: string[]): Promise<void>;
  /** Runs Podman with what this machine needs. */
  podman(...args: string[]): Promise<string>;
  triedPodman(...args: string[]): Promise<Ended>;
  /** Ends its containers, and lets go of its folder. */
  close(): Promise<void>;
}

const registries = ["docker.io", "ghcr.io"];

/** crun refuses machines that have both versions of cgroups, and a machine without systemd has no other manager. */
const runtime = ["--runtime", "runc", "--cgroup-manager", "cgroupfs"] as const;

/** `host` (`127.0.0.1:41234`) is the registry that holds what `docker.io/...` and `ghcr.io/...` name. */
export async function openEngine(
  folder: string,
  host: string,
  arch: Architecture = ownArchitecture,
): Promise<Engine> {
  const storage = `[storage]\ndriver = "overlay"\ngraphroot = "${folder}/store"\nrunroot = "${folder}/run"\n`;
  await writeFile(join(folder, "storage.conf"), storage);
  const mirrors = registries.map(
    (name) => `[[registry]]\nprefix = "${name}"\nlocation = "${host}/${name}"\ninsecure = true\n`,
  );
  const lines = [
    'unqualified-search-registries = ["docker.io"]',
    'short-name-mode = "permissive"',
    ...mirrors,
  ];
  await writeFile(join(folder, "registries.conf"), `${lines.join("\n")}\n`);
  const env = {
    PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`,
    HOME: folder,
    TMPDIR: folder,
    CONTAINERS_STORAGE_CONF: join(folder, "storage.conf"),
    CONTAINERS_REGISTRIES_CONF: join(folder, "registries.conf"),
  };
  const run: Engine["run"] = async (program, ...args) => {
    const { stdout } = await promisify(execFile)(need(program), args, { env, maxBuffer: 256 << 20 });
    return stdout.trim();
  };
  const tried: Engine["tried"] = async (program, ...args) => {
    try {
      return { status: 0, output: await run(program, ...args) };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { status: code, output: `${stdout}${stderr}`.trim() };
    }
  };
  return {
    folder,
    arch,
    env,
    run,
    tried,
    async build(context, ...options) {
      await run(
        "buildah",
        "build",
        "--isolation",
        "chroot",
        "--layers",
        `--platform=linux/${arch}`,
        ...options,
        context,
      );
    },
    podman: (...args) => run("podman", ...runtime, ...args),
    triedPodman: (...args) => tried("podman", ...runtime, ...args),
    async close() {
      await tried("podman", "rm", "--all", "--force", "--time", "2");
      await tried("buildah", "rm", "--all");
      // The storage driver mounts its folder onto itself and leaves it so.
      await tried("umount", "--recursive", join(folder, "store", "overlay"));
    },
  };
}

function need(name: string): string {
  const found = isAbsolute(name) ? name : findTool(name);
  if (found === undefined) throw new Error(`the program ${name} is not installed`);
  return found;
}
