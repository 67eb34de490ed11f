import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ProgramFile } from "./program-files.ts";

/** Reads the program of a base from the folder with its sources. Sorted. */
export async function programSources(): Promise<ProgramFile[]> {
  const folder = join(import.meta.dirname, "inside");
  const names = await readdir(folder, { recursive: true });
  const sources = names
    .filter((name) => name.endsWith(".py") && !/(?:^|\/)(?:test|testing)/.test(name))
    .sort();
  return Promise.all(
    sources.map(async (path) => ({ path, text: await readFile(join(folder, path), "utf8") })),
  );
}
