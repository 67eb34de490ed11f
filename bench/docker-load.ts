/**
 * `npx node bench/docker-load.ts [pair...]`: `ddiff load` into Docker beside `docker load` of a full `docker save`, and
 * `ddiff diff` out of Docker. Starts a dockerd of its own (root, Debian's docker.io). `ddiff` is the built program, as it is
 * installed. CPU is the client's and dockerd's with its helpers, for both sides; before each run the disk has come to rest. `taskset -c 0`
 * in front gives clients and dockerd one core together.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "./images/command.ts";
import { pairLayouts, pairs } from "./images/pairs.ts";
import { workPath } from "./images/places.ts";
import { type Cost, measure, median } from "./measure.ts";

const repository = join(import.meta.dirname, "..");
const folder = workPath("docker-load");
const socket = join(folder, "docker.sock");
const env = {
  DOCKER_HOST: `unix://${socket}`,
  XDG_CACHE_HOME: join(folder, "cache"),
  ddiff: `${process.execPath} ${join(repository, "dist", "ddiff.js")}`,
};
const limit = 1200;

await run(process.execPath, [join(repository, "scripts", "build.ts")]);
const daemon = spawn(
  "dockerd",
  [
    "-H",
    env.DOCKER_HOST,
    "--data-root",
    join(folder, "data"),
    "--exec-root",
    join(folder, "exec"),
    "--pidfile",
    join(folder, "docker.pid"),
    "--iptables=false",
    "--ip6tables=false",
    "--bridge=none",
  ],
  { stdio: ["ignore", "ignore", openSync(join(folder, "dockerd.log"), "w")] },
);

try {
  await answering();
  const chosen = pairs.filter((pair) => process.argv.length < 3 || process.argv.includes(pair.id, 2));
  for (const pair of chosen) await compare(pair.id, await pairLayouts(pair));
} finally {
  daemon.kill("SIGTERM");
  await once(daemon, "exit");
  rmSync(folder, { recursive: true, force: true });
}

/** What a script and dockerd together cost: most of the work of a load is the daemon's. Memory is the client's alone. */
interface LoadCost extends Cost {
  /** Seconds of CPU in dockerd, a part of `cpu`. */
  daemon: number;
}

async function withDaemon(script: string): Promise<LoadCost> {
  await run("sync", []);
  const before = daemonSeconds();
  const cost = await measure(script, folder, env, limit);
  const daemon = daemonSeconds() - before;
  return { ...cost, cpu: cost.cpu + daemon, daemon };
}

/** CPU seconds of dockerd and of its children that have ended (proc(5): utime, stime, cutime, cstime). */
function daemonSeconds(): number {
  const stat = readFileSync(`/proc/${daemon.pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
}

/** Three times each, on a daemon that has the old image only. */
async function compare(id: string, layouts: { old: string; new: string }): Promise<void> {
  const names = { old: `app:${id}-old`, new: `app:${id}-new` };
  const into = async (layout: string, which: "old" | "new"): Promise<void> => {
    const archive = `${join(folder, which)}.tar`;
    rmSync(archive, { force: true });
    await run("skopeo", [
      "copy",
      "-q",
      `oci:${layout}:${which}`,
      `docker-archive:${archive}:${names[which]}`,
    ]);
  };
  await into(layouts.old, "old");
  await into(layouts.new, "new");
  const costs: Record<"docker" | "diff" | "load", LoadCost[]> = { docker: [], diff: [], load: [] };
  for (let round = 0; round < 3; round++) {
    await measure(`docker load -q < old.tar`, folder, env, limit);
    costs.docker.push(await withDaemon("docker load -q < new.tar"));
    rmSync(env.XDG_CACHE_HOME, { recursive: true, force: true });
    mkdirSync(env.XDG_CACHE_HOME);
    const images = `docker-daemon:${names.old} docker-daemon:${names.new}`;
    costs.diff.push(await withDaemon(`$ddiff diff --quiet ${images} -o image.ddiff`));
    await measure(`docker rmi -f ${names.new}`, folder, env, limit);
    costs.load.push(await withDaemon(`$ddiff load --quiet image.ddiff --to docker-daemon:${names.new}`));
    await measure(`docker rmi -f ${names.old} ${names.new}; rm image.ddiff`, folder, env, limit);
  }
  for (const [what, words] of [
    ["docker", "docker load of a full docker save"],
    ["load", "ddiff load into Docker"],
    ["diff", "ddiff diff out of Docker"],
  ] as const) {
    const { wall, cpu, daemon: inDaemon, rss } = median(costs[what]);
    const parts = `${(cpu - inDaemon).toFixed(2)} s client, ${inDaemon.toFixed(2)} s dockerd`;
    const numbers = `${wall.toFixed(2)} s, ${cpu.toFixed(2)} s of CPU (${parts}), client ${Math.round(rss / 1e6)} MB`;
    process.stdout.write(`(${id}) ${words}: ${numbers}\n`);
  }
}

async function answering(): Promise<void> {
  for (let attempt = 0; attempt < 60; attempt++) {
    const version = await measure("docker version", folder, env, 10).catch(() => undefined);
    if (version !== undefined) return;
    await sleep(500);
  }
  throw new Error("dockerd does not answer; it must be installed, and this needs root");
}
