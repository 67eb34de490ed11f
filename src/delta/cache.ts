import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { type Digest, hexOf, isDigest } from "../oci/digest.ts";
import { systemErrorCode } from "../util/errors.ts";
import type { Recipe, RecipeEntry } from "./recipe.ts";

/** Part of every file's name: a new form of recipes is another name, so old files are never misread. */
const suffix = ".recipe-1.zst";
const largestRecipe = 1 << 30;

/** Where recipes are kept: `DDIFF_CACHE_DIR`, else `ddiff` in the user's cache folder (XDG base directories). */
export function cacheDir(env: Record<string, string | undefined>): string {
  if (env["DDIFF_CACHE_DIR"]) return env["DDIFF_CACHE_DIR"];
  return join(env["XDG_CACHE_HOME"] || join(env["HOME"] || "/tmp", ".cache"), "ddiff");
}

/** The recipe of a layer from the cache, or undefined where it is not there or not readable: it is made again then. */
export async function cachedRecipe(dir: string, diffId: Digest): Promise<Recipe | undefined> {
  try {
    const packed = await readFile(recipePath(dir, diffId));
    const json = zstdDecompressSync(packed, { maxOutputLength: largestRecipe }).toString();
    return fromColumns(JSON.parse(json) as RecipeColumns, diffId);
  } catch {
    return undefined;
  }
}

/** Keeps a recipe. The cache is a convenience: where it cannot be written nothing happens. */
export async function keepRecipe(dir: string, recipe: Recipe): Promise<void> {
  const path = recipePath(dir, recipe.diffId);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(join(dir, "recipes"), { recursive: true });
    await writeFile(temporary, zstdCompressSync(JSON.stringify(toColumns(recipe))));
    await rename(temporary, path);
  } catch {
    await rm(temporary, { force: true });
  }
}

/** What the cache holds. */
export async function cacheInfo(dir: string): Promise<{ dir: string; recipes: number; bytes: number }> {
  const files = await cacheFiles(dir);
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  return { dir, recipes: files.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** Removes every recipe, and nothing else. Returns what was removed. */
export async function clearCache(dir: string): Promise<{ dir: string; recipes: number; bytes: number }> {
  const info = await cacheInfo(dir);
  await Promise.all((await cacheFiles(dir)).map((file) => rm(file, { force: true })));
  return info;
}

async function cacheFiles(dir: string): Promise<string[]> {
  try {
    const names = await readdir(join(dir, "recipes"));
    return names.filter((name) => name.includes(".recipe-")).map((name) => join(dir, "recipes", name));
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw error;
  }
}

function recipePath(dir: string, diffId: Digest): string {
  return join(dir, "recipes", hexOf(diffId) + suffix);
}

/** A recipe by columns: what zstd packs best and JSON reads fastest. */
interface RecipeColumns {
  diffId: string;
  size: number;
  endOffset: number;
  paths: string[];
  types: RecipeEntry["type"][];
  headerLengths: number[];
  sizes: number[];
  hashes: string[];
  sketches: number[][];
}

function toColumns({ diffId, size, endOffset, entries }: Recipe): RecipeColumns {
  return {
    diffId,
    size,
    endOffset,
    paths: entries.map((entry) => entry.path),
    types: entries.map((entry) => entry.type),
    headerLengths: entries.map((entry) => entry.headerLength),
    sizes: entries.map((entry) => entry.size),
    hashes: entries.map((entry) => entry.hash),
    sketches: entries.map((entry) => entry.sketch),
  };
}

function fromColumns(columns: RecipeColumns, diffId: Digest): Recipe | undefined {
  if (columns.diffId !== diffId || !isDigest(columns.diffId)) return undefined;
  let headerOffset = 0;
  const entries = columns.paths.map((path, i): RecipeEntry => {
    const headerLength = columns.headerLengths[i] as number;
    const size = columns.sizes[i] as number;
    const entry: RecipeEntry = {
      path,
      type: columns.types[i] as RecipeEntry["type"],
      headerOffset,
      headerLength,
      size,
      hash: columns.hashes[i] as string,
      sketch: columns.sketches[i] as number[],
    };
    headerOffset += headerLength + Math.ceil(size / 512) * 512;
    return entry;
  });
  return { diffId, size: columns.size, entries, endOffset: columns.endOffset };
}
