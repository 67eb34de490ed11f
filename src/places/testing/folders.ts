import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import { type Progress, silent } from "../../util/progress.ts";
import type { PlaceContext } from "../place.ts";

const made: string[] = [];

afterEach(async () => {
  for (const folder of made.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** Options for copying without a word. */
export const quiet = { progress: silent, tempDir: tmpdir() };

/** A new folder that goes when the test ends. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "ddiff-test-"));
  made.push(folder);
  return folder;
}

/** A context for places; its temporary files go to `tempDir`, its notes to `notes`. */
export function contextIn(
  tempDir: string,
  notes: string[] = [],
  env: PlaceContext["env"] = {},
): PlaceContext {
  const progress: Progress = { ...silent, note: (sentence) => void notes.push(sentence) };
  return { env, progress, tempDir, insecure: false };
}
