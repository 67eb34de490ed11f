import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A registry of the comparison. */
export interface Contender {
  id: string;
  title: string;
  port: number;
  /** The program and its arguments; `folder` is for its data and settings. */
  command(folder: string): string[];
}

/** A running server, pinned to the first core. */
export interface Running {
  url: string;
  /** Seconds of CPU so far. */
  cpu(): number;
  /** The most memory so far, in bytes. */
  peak(): number;
  stop(): Promise<void>;
}

const repository = join(import.meta.dirname, "..", "..");
const ticksPerSecond = 100;

/** Ours as it is installed, and Debian's package of distribution. */
export const contenders: readonly Contender[] = [
  {
    id: "docker-registry",
    title: "distribution (Debian's docker-registry)",
    port: 5401,
    command(folder) {
      const config = join(folder, "config.yml");
      writeFileSync(
        config,
        `version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nhttp: {addr: "127.0.0.1:5401"}\nstorage: {filesystem: {rootdirectory: ${join(folder, "data")}}, delete: {enabled: true}}\ncatalog: {maxentries: 1000}\n`,
      );
      return ["docker-registry", "serve", config];
    },
  },
  {
    id: "ddiff",
    title: "**ddiff server**",
    port: 5402,
    command: (folder) => [
      process.execPath,
      join(repository, "dist", "ddiff.js"),
      "server",
      "--quiet",
      "--log",
      "text",
      "--listen",
      "127.0.0.1:5402",
      "--data",
      join(folder, "data"),
    ],
  },
];

/** Starts a registry on the first core and waits until it answers. */
export async function start(contender: Contender, folder: string): Promise<Running> {
  const child = spawn("taskset", ["-c", "0", ...contender.command(folder)], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, OTEL_TRACES_EXPORTER: "none" },
  });
  const url = `http://127.0.0.1:${contender.port}`;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  for (let tries = 0; ; tries++) {
    if (
      await fetch(`${url}/v2/`).then(
        (answer) => answer.ok,
        () => false,
      )
    )
      break;
    if (tries > 100 || child.exitCode !== null) throw new Error(`${contender.id} does not answer at ${url}`);
    await sleep(100);
  }
  const proc = `/proc/${child.pid}`;
  return {
    url,
    cpu() {
      const fields = readFileSync(`${proc}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
      return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
    },
    peak: () => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`${proc}/status`, "utf8"))?.[1]) * 1024,
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
