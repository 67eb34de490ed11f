import { readdirSync, readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { DdiffError } from "../util/errors.ts";
import type { ProjectFiles } from "./project.ts";

const mostFiles = 50_000;
const mostRead = 4 * 1024 * 1024;

/** Folders that tools fill: they say nothing about the project. */
const skipped = new Set([
  ".git",
  ".hg",
  ".venv",
  "venv",
  ".conda",
  ".tox",
  ".nox",
  ".pixi",
  "node_modules",
  "__pycache__",
  ".mypy_cache",
  ".pytest_cache",
  ".ruff_cache",
  ".ipynb_checkpoints",
  "site-packages",
]);

/**
 * The files of a project's folder: breadth first, so that the 50,000 that are kept are those nearest to the root. Links are not
 * followed, a folder that may not be read counts as empty.
 * @throws DdiffError PROJECT_MISSING where there is no such folder
 */
export async function openProject(folder: string): Promise<ProjectFiles> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    throw new DdiffError("PROJECT_MISSING", `There is no folder ${folder}.`, {
      hint: "Name the folder of a project.",
      exitStatus: 2,
    });
  }
  const list: { path: string; size: number }[] = [];
  const folders = [""];
  for (let at = 0; at < folders.length && list.length < mostFiles && at < mostFiles; at++) {
    const inside = folders[at] ?? "";
    for (const entry of entriesOf(join(folder, inside))) {
      const path = inside === "" ? entry.name : `${inside}/${entry.name}`;
      if (entry.isDirectory() && !skipped.has(entry.name)) folders.push(path);
      if (!entry.isFile() || list.length >= mostFiles) continue;
      const about = await stat(join(folder, path)).catch(() => undefined);
      if (about !== undefined) list.push({ path, size: about.size });
    }
  }
  return asProjectFiles(list, (path) => readFileSync(join(folder, path)));
}

/** Files that lie in memory, by path. For tests, and for what is not a folder. */
export function filesIn(contents: Readonly<Record<string, string | Uint8Array>>): ProjectFiles {
  const bytes = new Map(Object.entries(contents).map(([path, text]) => [path, Buffer.from(text as string)]));
  return asProjectFiles(
    [...bytes].map(([path, { length }]) => ({ path, size: length })),
    (path) => bytes.get(path) ?? Buffer.alloc(0),
  );
}

/** Any list of files with a way to their bytes, which is asked once for each file that a detector wants. */
export function asProjectFiles(
  list: readonly { readonly path: string; readonly size: number }[],
  load: (path: string) => Buffer,
): ProjectFiles {
  const sorted = [...list].sort((a, b) => (a.path < b.path ? -1 : 1));
  const sizes = new Map(sorted.map(({ path, size }) => [path, size]));
  const texts = new Map<string, string | undefined>();
  return {
    list: sorted,
    has: (path) => sizes.has(path),
    read(path) {
      const size = sizes.get(path);
      if (size === undefined || size > mostRead) return undefined;
      if (!texts.has(path))
        texts.set(
          path,
          attempt(() => decode(load(path))),
        );
      return texts.get(path);
    },
  };
}

function entriesOf(folder: string): { name: string; isDirectory(): boolean; isFile(): boolean }[] {
  return attempt(() => readdirSync(folder, { withFileTypes: true })) ?? [];
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

/** UTF-8, or the UTF-16 that PowerShell's `pip freeze > requirements.txt` writes; undefined for what is no text. */
function decode(bytes: Buffer): string | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.subarray(2).toString("utf16le");
  if (bytes.subarray(0, 8192).includes(0)) return undefined;
  const text = bytes.toString("utf8");
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}
