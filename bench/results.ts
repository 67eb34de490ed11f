import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import type { Cost } from "./measure.ts";
import { workPath } from "./images/places.ts";

/** What one peer did with one pair. `problem` says why there is no number. */
export interface Result {
  pair: string;
  peer: string;
  /** Names the two images (see `Input.key`). */
  key: string;
  registryBytes: number;
  bytes?: number;
  make?: Cost;
  apply?: Cost;
  runs: number;
  problem?: string;
  date: string;
  machine: string;
}

/** One file for each result, so that two benches may run side by side. */
const folder = workPath("results");

export const machine = `${cpus().length} x ${cpus()[0]?.model ?? "unknown CPU"}`;

/** Results of this and of earlier runs. */
export function readResults(): Result[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return files.map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as Result);
}

/** Keeps one result in place of the earlier one of the same peer and pair. */
export function keepResult(result: Result): void {
  const file = join(folder, `${result.pair}-${result.peer}.json`);
  writeFileSync(`${file}.partial`, `${JSON.stringify(result, undefined, 1)}\n`);
  renameSync(`${file}.partial`, file);
}
