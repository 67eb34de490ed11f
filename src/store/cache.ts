import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, hexOf } from "../oci/digest.ts";
import { systemErrorCode } from "../util/errors.ts";

/** What is known of layers, so that they need not be read again: by folder, with the ending that names the form of what is kept. */
export interface CacheKind {
  /** Below the cache folder. */
  folder: "recipes" | "inventories";
  /** Part of every file's name: a new form is another name, so old files are never misread. */
  suffix: string;
}

/** What the cache holds, or what was removed from it. */
export interface CacheInfo {
  dir: string;
  recipes: number;
  inventories: number;
  bytes: number;
}

const folders = { recipes: ".recipe-", inventories: ".inventory-" } as const;

/** Where it is: `DDIFF_CACHE_DIR`, else `ddiff` in the user's cache folder (XDG base directories). */
export function cacheDir(env: Record<string, string | undefined>): string {
  if (env["DDIFF_CACHE_DIR"]) return env["DDIFF_CACHE_DIR"];
  return join(env["XDG_CACHE_HOME"] || join(env["HOME"] || "/tmp", ".cache"), "ddiff");
}

/** What `unpack` makes of what is kept of a layer, or undefined where that is not there or not readable: it is made again then. */
export async function readCached<T>(
  dir: string,
  kind: CacheKind,
  diffId: Digest,
  unpack: (bytes: Buffer) => T,
): Promise<T | undefined> {
  try {
    return unpack(await readFile(pathOf(dir, kind, diffId)));
  } catch {
    return undefined;
  }
}

/** Keeps bytes about a layer. The cache is a convenience: where it cannot be written nothing happens. */
export async function keepCached(
  dir: string,
  kind: CacheKind,
  diffId: Digest,
  bytes: () => Buffer,
): Promise<void> {
  const path = pathOf(dir, kind, diffId);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(join(dir, kind.folder), { recursive: true });
    await writeFile(temporary, bytes());
    await rename(temporary, path);
  } catch {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

/** Counts what is kept. */
export async function cacheInfo(dir: string): Promise<CacheInfo> {
  const recipes = await filesIn(dir, "recipes");
  const inventories = await filesIn(dir, "inventories");
  const sizes = await Promise.all([...recipes, ...inventories].map(async (file) => (await stat(file)).size));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  return { dir, recipes: recipes.length, inventories: inventories.length, bytes };
}

/** Removes all that is kept, and nothing else. Returns what was removed. */
export async function clearCache(dir: string): Promise<CacheInfo> {
  const info = await cacheInfo(dir);
  const files = [...(await filesIn(dir, "recipes")), ...(await filesIn(dir, "inventories"))];
  await Promise.all(files.map((file) => rm(file, { force: true })));
  return info;
}

async function filesIn(dir: string, folder: CacheKind["folder"]): Promise<string[]> {
  try {
    const names = await readdir(join(dir, folder));
    return names.filter((name) => name.includes(folders[folder])).map((name) => join(dir, folder, name));
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw error;
  }
}

function pathOf(dir: string, kind: CacheKind, diffId: Digest): string {
  return join(dir, kind.folder, hexOf(diffId) + kind.suffix);
}
