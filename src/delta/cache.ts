import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { type Digest, isDigest } from "../oci/digest.ts";
import { type CacheKind, keepCached, readCached } from "../store/cache.ts";
import type { Recipe, RecipeEntry } from "./recipe.ts";

const kind: CacheKind = { folder: "recipes", suffix: ".recipe-1.zst" };
const largestRecipe = 1 << 30;

/** The recipe of a layer from the cache, or undefined where it is not there or not readable: it is made again then. */
export function cachedRecipe(dir: string, diffId: Digest): Promise<Recipe | undefined> {
  return readCached(dir, kind, diffId, (packed) => {
    const json = zstdDecompressSync(packed, { maxOutputLength: largestRecipe }).toString();
    return fromColumns(JSON.parse(json) as RecipeColumns, diffId);
  });
}

/** Keeps a recipe, where the cache can be written. */
export function keepRecipe(dir: string, recipe: Recipe): Promise<void> {
  return keepCached(dir, kind, recipe.diffId, () => zstdCompressSync(JSON.stringify(toColumns(recipe))));
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
