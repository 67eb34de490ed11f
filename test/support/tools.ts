import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, it } from "vitest";
import { placePrefix, skipPrefix } from "./names.ts";

/** Debian's daemons lie in sbin, which is not on every user's PATH. */
const systemFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** The full path of an installed program, or undefined. */
export function findTool(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...systemFolders];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** A sentence that says which program is not installed, or undefined when it is. */
export function toolMissing(name: string): string | undefined {
  return findTool(name) === undefined ? `the program ${name} is not installed` : undefined;
}

/** The first missing thing of several requirements: `firstMissing(toolMissing("dockerd"), notRoot())`. */
export function firstMissing(...requirements: (string | undefined)[]): string | undefined {
  return requirements.find((requirement) => requirement !== undefined);
}

/** A sentence when the tests run without root's rights, which private engines need. */
export function notRoot(): string | undefined {
  return process.getuid?.() === 0 ? undefined : "it needs root";
}

/**
 * Tests of one place (`docker`, `registry`, …), for use at the top of a test file. When `missing` is a sentence
 * (from `toolMissing`), the body is not run and ONE skipped test says why, so that the summary at the end can
 * tell "exercised" from "skipped". A place may be described in several files.
 */
export function describePlace(place: string, missing: string | undefined, body: () => void): void {
  describe(`${placePrefix}${place}`, () => {
    if (missing === undefined) body();
    else it.skip(`${skipPrefix}${missing}`, () => {});
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
