import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { toolImages } from "../../src/scaffold/bases.ts";
import { ddiff, repository } from "../../test/support/run.ts";
import { startServer } from "../../test/support/server.ts";
import { findTool } from "../../test/support/tools.ts";
import type { Sample } from "./samples.ts";

const run = promisify(execFile);

/** The base that the samples ask for, and what it is made from here. */
const base = { image: "docker.io/library/python:3.13-slim-trixie", release: "trixie" } as const;

/** Builds and runs what `ddiff init` writes, with bases of our own under the names that it writes. */
export interface Builder {
  /** Has `ddiff init` write the files of a sample, and builds its stage. */
  build(sample: Sample): Promise<Built>;
  stop(): Promise<void>;
}

/** An image of a sample. */
export interface Built {
  readonly image: string;
  readonly seconds: number;
  /** Bytes as Podman counts them. */
  readonly size: number;
  /** What the image's configuration says. */
  readonly config: { readonly User: string; readonly Healthcheck?: { readonly Test: readonly string[] } };
  /** Starts it with a read-only root as compose.yaml does; ended by `stop`. */
  start(): Promise<Running>;
}

/** A container of a sample. */
export interface Running {
  /** The exit status of the image's own health check. */
  health(): Promise<number>;
  /** The exit status and output of a command in it. */
  exec(...command: string[]): Promise<{ status: number; output: string }>;
  /** What it printed, after it ended. */
  wait(): Promise<{ status: number; output: string }>;
  stop(): Promise<void>;
}

/** Programs that must be there. */
export const builderTools = ["podman", "buildah", "runc", "mmdebstrap", "python3"] as const;

/**
 * Makes a base from Debian and an image with uv from PyPI, has `ddiff server` serve them under the names that generated files have, and
 * gives buildah a configuration that leads there.
 */
export async function openBuilder(): Promise<Builder> {
  const folder = await mkdtemp(join(tmpdir(), "ddiff-init-"));
  const server = await startServer(["--data", join(folder, "registry")]);
  const env = await configure(folder, server.host);
  const program = async (name: string, ...args: string[]) => {
    const { stdout } = await run(need(name), args, { env, maxBuffer: 64 << 20 });
    return stdout.trim();
  };
  const stop = async (): Promise<void> => {
    await program("podman", "rm", "--all", "--force", "--time", "2").catch(() => "");
    await server.stop("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const uv = await makeBases(folder, server.host, program);
    return { build: (sample) => build(sample, folder, uv, program), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Program = (name: string, ...args: string[]) => Promise<string>;

async function configure(folder: string, host: string): Promise<NodeJS.ProcessEnv> {
  const storage = `[storage]\ndriver = "overlay"\ngraphroot = "${folder}/store"\nrunroot = "${folder}/run"\n`;
  await writeFile(join(folder, "storage.conf"), storage);
  const registries = ["docker.io", "ghcr.io"].map(
    (name) => `[[registry]]\nprefix = "${name}"\nlocation = "${host}/${name}"\ninsecure = true\n`,
  );
  const lines = [
    'unqualified-search-registries = ["docker.io"]',
    'short-name-mode = "permissive"',
    ...registries,
  ];
  await writeFile(join(folder, "registries.conf"), `${lines.join("\n")}\n`);
  return {
    PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`,
    HOME: folder,
    TMPDIR: folder,
    CONTAINERS_STORAGE_CONF: join(folder, "storage.conf"),
    CONTAINERS_REGISTRIES_CONF: join(folder, "registries.conf"),
  };
}

/** Makes the bases, pushes them to our server and forgets them here, so that a build must pull them. Answers where uv is. */
async function makeBases(folder: string, host: string, program: Program): Promise<string> {
  const made = join(folder, "base");
  await mkdir(made);
  const include = "--include=ca-certificates,python3,python3-pip,python3-venv";
  await run(
    need("mmdebstrap"),
    ["--variant=minbase", include, base.release, join(made, "root.tar"), "http://deb.debian.org/debian"],
    {
      maxBuffer: 64 << 20,
      env: { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`, TMPDIR: folder },
    },
  );
  // A machine behind a proxy has certificates that a Debian fresh from the mirror has not.
  await cp("/etc/ssl/certs/ca-certificates.crt", join(made, "machine.crt"));
  await writeFile(
    join(made, "Dockerfile"),
    [
      "FROM scratch",
      "ADD root.tar /",
      "COPY machine.crt /etc/ssl/certs/ca-certificates.crt",
      "RUN ln -s python3 /usr/bin/python",
      "ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt PIP_CERT=/etc/ssl/certs/ca-certificates.crt",
    ].join("\n"),
  );
  await program(
    "buildah",
    "build",
    "--isolation",
    "chroot",
    "--format",
    "docker",
    "-q",
    "-t",
    base.image,
    made,
  );
  const version = toolImages.uv.split(":").at(-1) ?? "";
  const wheels = join(folder, "uv");
  // The machine's own settings of pip count here.
  await run(need("python3"), [
    "-m",
    "pip",
    "install",
    "-q",
    "--no-deps",
    "--target",
    wheels,
    `uv==${version}`,
  ]);
  await writeFile(join(wheels, "Dockerfile"), "FROM scratch\nCOPY bin/uv bin/uvx /\n");
  await program("buildah", "build", "--format", "docker", "-q", "-t", toolImages.uv, wheels);
  for (const image of [base.image, toolImages.uv]) {
    await program("buildah", "push", "-q", "--tls-verify=false", image, `docker://${host}/${image}`);
    await program("buildah", "rmi", image);
  }
  return join(wheels, "bin", "uv");
}

async function build(sample: Sample, folder: string, uv: string, program: Program): Promise<Built> {
  const project = join(folder, sample.name);
  await cp(join(repository, "test", "samples", "init", sample.name), project, { recursive: true });
  if (sample.locks === true)
    await run(uv, ["lock", "--no-python-downloads", "--system-certs", "--directory", project]);
  const written = await ddiff(["init", "--yes", ...sample.options, project], { cwd: folder });
  if (written.status !== 0) throw new Error(`ddiff init ended with ${written.status}: ${written.stderr}`);
  const image = `localhost/${sample.name}:1`;
  const begin = performance.now();
  // Podman keeps a health check only in Docker's format.
  const how = ["--isolation", "chroot", "--format", "docker", "--target", sample.target, "-t", image];
  await program("buildah", "build", ...how, project);
  const seconds = (performance.now() - begin) / 1000;
  const [inspected] = JSON.parse(await program("podman", "image", "inspect", image)) as [
    { Size: number; Config: Built["config"]; Healthcheck?: { Test: string[] } },
  ];
  const { Healthcheck: check } = inspected;
  const config = { ...inspected.Config, ...(check === undefined ? {} : { Healthcheck: check }) };
  return { image, seconds, size: inspected.Size, config, start: () => start(image, program) };
}

/** As compose.yaml starts it: what is not a volume or /tmp cannot be written to, and nothing may be done that needs a right. */
async function start(image: string, program: Program): Promise<Running> {
  const id = await program(
    "podman",
    ...runtime,
    "run",
    "--detach",
    // Loopback is enough, and no port of this machine is taken.
    "--network=none",
    "--read-only",
    "--read-only-tmpfs=false",
    "--tmpfs=/tmp",
    "--volume=/cache",
    "--volume=/app/outputs",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    // No systemd is asked to run the check: the caller does.
    "--health-interval=disable",
    // Podman's own limits are more than some machines allow.
    "--ulimit=nofile=1024:4096",
    "--ulimit=nproc=4096:4096",
    image,
  );
  const tried = async (...args: string[]) => {
    try {
      return { status: 0, output: await program("podman", ...runtime, ...args) };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { status: code, output: `${stdout}${stderr}`.trim() };
    }
  };
  return {
    health: async () => (await tried("healthcheck", "run", id)).status,
    exec: (...command) => tried("exec", id, ...command),
    async wait() {
      const status = Number(await program("podman", ...runtime, "wait", id));
      return { status, output: (await tried("logs", id)).output };
    },
    async stop() {
      await program("podman", ...runtime, "rm", "--force", "--volumes", "--time", "10", id);
    },
  };
}

/** crun refuses machines that have both versions of cgroups, and a machine without systemd has no other manager. */
const runtime = ["--runtime", "runc", "--cgroup-manager", "cgroupfs"] as const;

function need(name: string): string {
  const found = findTool(name);
  if (found === undefined) throw new Error(`the program ${name} is not installed`);
  return found;
}
