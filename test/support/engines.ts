import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { PlaceContext } from "../../src/places/place.ts";
import { silent } from "../../src/util/progress.ts";
import { findTool } from "./tools.ts";

const run = promisify(execFile);

/** An engine of our own, with its own folders and socket. */
export interface TestEngine {
  /** The variables that lead to it. */
  env: Record<string, string>;
  /** Everything of it lies below. */
  folder: string;
  /** What places need to reach it. */
  context(more?: Partial<PlaceContext>): PlaceContext;
  /** Runs one of its programs; answers standard output. */
  run(program: string, ...args: string[]): Promise<string>;
  /** Ends the daemon at once, as a crash would. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a private dockerd. `program` is another one than the system's. */
export async function startDocker(
  options: { driver?: "overlay2" | "vfs"; program?: string } = {},
): Promise<TestEngine> {
  const folder = await mkdtemp(join(tmpdir(), "ddiff-docker-"));
  const socket = join(folder, "docker.sock");
  // Nothing of the machine's own configuration: neither its driver nor its proxies.
  await writeFile(join(folder, "daemon.json"), "{}");
  const args = [
    "-H",
    `unix://${socket}`,
    "--config-file",
    join(folder, "daemon.json"),
    "--data-root",
    join(folder, "data"),
    "--exec-root",
    join(folder, "exec"),
    "--pidfile",
    join(folder, "pid"),
    "--iptables=false",
    "--ip6tables=false",
    "--bridge=none",
    ...(options.driver === undefined ? [] : ["--storage-driver", options.driver]),
  ];
  const daemon = start(options.program ?? need("dockerd"), args, folder, { HOME: folder });
  const env = { DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: folder, DOCKER_BUILDKIT: "0" };
  return ready(folder, env, daemon, () => accepts(socket));
}

/** Starts a private containerd. */
export async function startContainerd(): Promise<TestEngine> {
  const folder = await mkdtemp(join(tmpdir(), "ddiff-containerd-"));
  const socket = join(folder, "containerd.sock");
  const config = [
    "version = 2",
    `root = "${folder}/root"`,
    `state = "${folder}/state"`,
    'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
    `[grpc]\naddress = "${socket}"`,
    `[ttrpc]\naddress = "${socket}.ttrpc"`,
  ];
  await writeFile(join(folder, "config.toml"), `${config.join("\n")}\n`);
  const daemon = start(need("containerd"), ["--config", join(folder, "config.toml")], folder);
  return ready(folder, { CONTAINERD_ADDRESS: socket }, daemon, () => accepts(socket));
}

/** A private storage for Podman; with `service` its API on a socket of its own. */
export async function startPodman(
  options: { driver?: "overlay" | "vfs"; service?: boolean } = {},
): Promise<TestEngine> {
  const folder = await mkdtemp(join(tmpdir(), "ddiff-podman-"));
  const config = `[storage]\ndriver = "${options.driver ?? "overlay"}"\ngraphroot = "${folder}/root"\nrunroot = "${folder}/run"\n`;
  await writeFile(join(folder, "storage.conf"), config);
  // Short names must not lead to the machine's registries.
  await writeFile(join(folder, "registries.conf"), "unqualified-search-registries = []\n");
  const store = {
    CONTAINERS_STORAGE_CONF: join(folder, "storage.conf"),
    CONTAINERS_REGISTRIES_CONF: join(folder, "registries.conf"),
    TMPDIR: folder,
  };
  const podman = need("podman");
  if (options.service !== true) return ready(folder, store, undefined, async () => true);
  const socket = join(folder, "podman.sock");
  const daemon = start(podman, ["system", "service", "--time", "0", `unix://${socket}`], folder, store);
  return ready(folder, { ...store, CONTAINER_HOST: `unix://${socket}` }, daemon, () => accepts(socket));
}

interface Daemon {
  child: ChildProcess;
  ended: Promise<unknown>;
  log: string;
}

function start(program: string, args: string[], folder: string, env: Record<string, string> = {}): Daemon {
  const log = join(folder, "log");
  const child = spawn("/bin/sh", ["-c", 'exec "$0" "$@" > "$LOG" 2>&1', program, ...args], {
    stdio: "ignore",
    env: { PATH: path(), LOG: log, ...env },
  });
  return { child, ended: once(child, "exit"), log };
}

async function ready(
  folder: string,
  variables: Record<string, string>,
  daemon: Daemon | undefined,
  isUp: () => Promise<boolean>,
): Promise<TestEngine> {
  const env = { PATH: path(), HOME: folder, ...variables };
  const end = async (signal: "SIGKILL" | "SIGTERM"): Promise<void> => {
    if (daemon === undefined || daemon.child.exitCode !== null || daemon.child.signalCode !== null) return;
    daemon.child.kill(signal);
    // A daemon that cannot end itself in this time is made to.
    const late = setTimeout(() => daemon.child.kill("SIGKILL"), 15_000);
    await daemon.ended;
    clearTimeout(late);
  };
  const engine: TestEngine = {
    env,
    folder,
    context: (more = {}) => ({ env, progress: silent, tempDir: folder, insecure: false, ...more }),
    async run(program, ...args) {
      const { stdout } = await run(need(program), args, { env, maxBuffer: 64 << 20 });
      return stdout;
    },
    kill: () => end("SIGKILL"),
    async stop() {
      await end("SIGTERM");
      await endChildren(folder);
      await unmount(folder);
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    for (let attempt = 0; !(await isUp()); attempt++) {
      const dead = daemon !== undefined && daemon.child.exitCode !== null;
      if (dead || attempt > 300) throw new Error(`the engine did not start: ${await lastWords(daemon)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return engine;
  } catch (error) {
    await engine.stop();
    throw error;
  }
}

/** Ends the containerd that a killed dockerd leaves behind: it is the one whose files lie in our folder. */
async function endChildren(folder: string): Promise<void> {
  const { stdout } = await run("ps", ["-eo", "pid=,args="]);
  for (const line of stdout.split("\n")) {
    const [, pid, args = ""] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
    if (pid === undefined || !args.includes(`${folder}/`) || Number(pid) === process.pid) continue;
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}

/** Engines mount their own folders; what is mounted cannot be removed. */
async function unmount(folder: string): Promise<void> {
  const mounts = (await readFile("/proc/self/mounts", "utf8"))
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "");
  for (const mount of mounts.filter((one) => one.startsWith(`${folder}/`)).reverse()) {
    await run("umount", ["--lazy", mount]).catch(() => undefined);
  }
}

async function lastWords(daemon: Daemon | undefined): Promise<string> {
  if (daemon === undefined) return "";
  return (await readFile(daemon.log, "utf8").catch(() => "")).slice(-1500);
}

async function accepts(socket: string): Promise<boolean> {
  const connection = connect(socket);
  try {
    await once(connection, "connect");
    return true;
  } catch {
    return false;
  } finally {
    connection.destroy();
  }
}

function path(): string {
  return `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;
}

function need(name: string): string {
  const found = findTool(name);
  if (found === undefined) throw new Error(`the program ${name} is not installed`);
  return found;
}
