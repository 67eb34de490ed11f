/**
 * How long `ddiff du` takes on a server with twelve images, beside `docker system df -v`, and what both say.
 *
 *   npx node bench/du/main.ts
 *
 * Needs root, dockerd, mmdebstrap, gcc, and about 15 GB for a while.
 */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer } from "./server.ts";

const program = join(import.meta.dirname, "../../src/main.ts");
const rounds = 5;

const engine = await startServer();
const cache = await mkdtemp(join(tmpdir(), "ddiff-du-bench-"));
const env = { ...process.env, ...engine.env, DDIFF_CACHE_DIR: cache };

/** Runs a command; its output, and how long it took, in seconds. */
function timed(command: string, args: readonly string[]): { text: string; seconds: number } {
  const begun = performance.now();
  const { stdout, stderr, status } = spawnSync(command, args, { env, encoding: "utf8", maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
  return { text: stdout, seconds: (performance.now() - begun) / 1000 };
}

/** The median of several runs. */
function usual(command: string, args: readonly string[]): number {
  const seconds = Array.from({ length: rounds }, () => timed(command, args).seconds);
  return seconds.sort((one, other) => one - other)[Math.floor(rounds / 2)] ?? 0;
}

function say(what: string, seconds: number): void {
  console.log(`${seconds.toFixed(2).padStart(8)} s  ${what}`);
}

const du = (...args: string[]): [string, string[]] => [
  process.execPath,
  [program, "du", ...args, "docker-daemon:"],
];

try {
  say("docker system df -v", usual("docker", ["system", "df", "-v"]));
  say("ddiff du, nothing known of the layers", usual(...du("--quiet")));
  say("ddiff du --files, the first time", timed(...du("--files", "--quiet")).seconds);
  const later = usual(...du("--files", "--quiet"));
  say("ddiff du --files, later", later);
  console.log(timed("docker", ["system", "df", "-v"]).text);
  console.log(timed(...du("--by", "label=owner")).text);
  console.log(timed(...du("--remove", "serve:alice", "--remove", "serve:bob")).text.split("\n\n")[1]);
  console.log(timed(...du("--json")).text);
} finally {
  await engine.stop();
  await rm(cache, { recursive: true, force: true });
}
