import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";

/** What one shell script cost. Times in seconds, `rss` (the largest single process of it) in bytes. */
export interface Cost {
  wall: number;
  cpu: number;
  rss: number;
}

/** A script that could not be measured: it failed, or it ran into the time limit. */
export class Unmeasured extends Error {}

/**
 * Runs a bash script in `folder` under GNU time and says what it and all its children cost.
 * Throws `Unmeasured` when it fails or takes more than `limit` seconds of CPU (on a busy machine, thrice that by the clock).
 */
export async function measure(
  script: string,
  folder: string,
  env: Record<string, string>,
  limit: number,
): Promise<Cost> {
  const report = join(folder, ".time");
  const child = spawn(
    "/usr/bin/time",
    [
      "-q",
      "-f",
      "%e %U %S %M",
      "-o",
      report,
      "timeout",
      String(3 * limit),
      "bash",
      "-euo",
      "pipefail",
      "-c",
      `ulimit -t ${limit}; ${script}`,
    ],
    { cwd: folder, env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "pipe"] },
  );
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-1000);
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  const stopped = [124, 128 + constants.signals.SIGXCPU, 128 + constants.signals.SIGKILL];
  if (status !== null && stopped.includes(status))
    throw new Unmeasured(`stopped after ${Math.round(limit / 60)} minutes`);
  if (status !== 0)
    throw new Unmeasured(`failed: ${complaint.trim().split("\n").at(-1) ?? `status ${status}`}`);
  const [wall = 0, user = 0, system = 0, kilobytes = 0] = readFileSync(report, "utf8")
    .trim()
    .split(" ")
    .map(Number);
  return { wall, cpu: user + system, rss: kilobytes * 1024 };
}

/** The run in the middle, by CPU. */
export function median<C extends Cost>(costs: readonly C[]): C {
  const sorted = [...costs].sort((a, b) => a.cpu - b.cpu);
  const middle = sorted[sorted.length >> 1];
  if (middle === undefined) throw new Error("no runs to take a median of");
  return middle;
}
