import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
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
 * Throws `Unmeasured` when it fails or takes longer than `limit` seconds.
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
      String(limit),
      "bash",
      "-euo",
      "pipefail",
      "-c",
      script,
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
  if (status === 124) throw new Unmeasured(`stopped after ${Math.round(limit / 60)} minutes`);
  if (status !== 0)
    throw new Unmeasured(`failed: ${complaint.trim().split("\n").at(-1) ?? `status ${status}`}`);
  const [wall = 0, user = 0, system = 0, kilobytes = 0] = readFileSync(report, "utf8")
    .trim()
    .split(" ")
    .map(Number);
  return { wall, cpu: user + system, rss: kilobytes * 1024 };
}

/** The run in the middle, by CPU. */
export function median(costs: readonly Cost[]): Cost {
  const sorted = [...costs].sort((a, b) => a.cpu - b.cpu);
  const middle = sorted[sorted.length >> 1];
  if (middle === undefined) throw new Error("no runs to take a median of");
  return middle;
}
