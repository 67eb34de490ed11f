import { access, readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DdiffError } from "../util/errors.ts";

const partPattern = /^(.+)\.(\d{3,})$/;

/** The file name of part `number`, counted from 1: `torch-app-2.ddiff.001`. */
export function partName(path: string, number: number): string {
  return `${path}.${String(number).padStart(3, "0")}`;
}

/**
 * The files that make up a bundle, in order: all its parts where `path` names one of them, else the file itself.
 * A name without a number whose `.001` exists counts as its parts; `nextPart` is then the name of the part after the last.
 * Throws `BUNDLE_MISSING` where there is no file and `PART_MISSING` where an earlier part than the last is not there.
 */
export async function partsOf(path: string): Promise<{ files: string[]; nextPart?: string }> {
  const match = partPattern.exec(path);
  if (match === null) {
    if (await exists(path)) return { files: [path] };
    if (!(await exists(partName(path, 1)))) {
      throw new DdiffError("BUNDLE_MISSING", `there is no bundle at ${path}`, { hint: "Check the path." });
    }
  }
  const stem = match === null ? path : (match[1] as string);
  const parts: string[] = [];
  while (await exists(partName(stem, parts.length + 1))) parts.push(partName(stem, parts.length + 1));
  const named = match === null ? 1 : Number(match[2]);
  if (parts.length < named) {
    const missing = basename(partName(stem, parts.length + 1));
    if (parts.length === 0 && (await exists(path)) && named !== 1) throw missingPart(missing);
    if (!(await exists(path))) {
      throw new DdiffError("BUNDLE_MISSING", `there is no bundle at ${path}`, { hint: "Check the path." });
    }
    throw missingPart(missing);
  }
  const nextPart = partName(stem, parts.length + 1);
  if ((await partsAfter(stem, parts.length)).length > 0) throw missingPart(basename(nextPart));
  return { files: parts, nextPart: basename(nextPart) };
}

/** Paths of the parts of `path` with a higher number than `last`. */
export async function partsAfter(path: string, last: number): Promise<string[]> {
  const names = await readdir(dirname(path));
  const stem = basename(path);
  return names
    .filter((name) => {
      const match = partPattern.exec(name);
      return match?.[1] === stem && Number(match[2]) > last;
    })
    .map((name) => join(dirname(path), name));
}

/** The error for a part that is not there, by its file name. */
export function missingPart(name: string): DdiffError {
  return new DdiffError("PART_MISSING", `part ${name} of the bundle is missing`, {
    hint: "Put all parts into one folder and name any of them.",
  });
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
