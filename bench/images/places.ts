import { mkdirSync } from "node:fs";
import { join } from "node:path";

/** Everything the bench makes lies here; git ignores it. `DDIFF_BENCH_WORK` moves it to a larger disk. */
export const workFolder = process.env["DDIFF_BENCH_WORK"] ?? join(import.meta.dirname, "..", "work");

/** A sub-folder of the work folder, made when it is not there. */
export function workPath(...names: string[]): string {
  const path = join(workFolder, ...names);
  mkdirSync(path, { recursive: true });
  return path;
}
