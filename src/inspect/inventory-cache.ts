import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { type Digest, hexOf } from "../oci/digest.ts";
import type { ElfFacts, InventoryEntry, LayerInventory } from "./inventory.ts";

/** Part of every file's name: a new form of inventories, or of what is kept as text, is another name, so old files are never misread. */
const suffix = ".inventory-1.zst";
const largestInventory = 2 ** 31 - 1;

/** The inventory of a layer from the cache, or undefined where it is not there or not readable: it is made again then. */
export async function cachedInventory(dir: string, diffId: Digest): Promise<LayerInventory | undefined> {
  try {
    const packed = await readFile(pathOf(dir, diffId));
    return decode(zstdDecompressSync(packed, { maxOutputLength: largestInventory }), diffId);
  } catch {
    return undefined;
  }
}

/** Keeps an inventory. The cache is a convenience: where it cannot be written nothing happens. */
export async function keepInventory(dir: string, inventory: LayerInventory): Promise<void> {
  const path = pathOf(dir, inventory.diffId);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(join(dir, "inventories"), { recursive: true });
    const level = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
    await writeFile(temporary, zstdCompressSync(encode(inventory), level));
    await rename(temporary, path);
  } catch {
    await rm(temporary, { force: true });
  }
}

function pathOf(dir: string, diffId: Digest): string {
  return join(dir, "inventories", hexOf(diffId) + suffix);
}

/** An inventory by columns, as recipes are kept; texts lie behind the JSON, one after the other. */
interface Columns {
  diffId: string;
  size: number;
  columns: { [Key in keyof Plain]: Plain[Key][] };
  elf: [index: number, facts: ElfFacts][];
  texts: [path: string, length: number][];
}

type Plain = Omit<InventoryEntry, "elf">;

const keys: readonly (keyof Plain)[] = [
  "path",
  "type",
  "size",
  "tarSize",
  "mode",
  "uid",
  "gid",
  "mtime",
  "linkPath",
  "hash",
  "xattrs",
];

function encode({ diffId, size, entries, texts }: LayerInventory): Buffer {
  const columns: Columns = {
    diffId,
    size,
    columns: Object.fromEntries(
      keys.map((key) => [key, entries.map((entry) => entry[key])]),
    ) as Columns["columns"],
    elf: entries.flatMap(({ elf }, i): Columns["elf"] => (elf === undefined ? [] : [[i, elf]])),
    texts: [...texts].map(([path, text]) => [path, text.length]),
  };
  const json = Buffer.from(JSON.stringify(columns));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([length, json, ...texts.values()]);
}

function decode(bytes: Buffer, diffId: Digest): LayerInventory | undefined {
  let at = 4 + bytes.readUInt32LE(0);
  const { columns, elf, size, texts, ...rest } = JSON.parse(bytes.toString("utf8", 4, at)) as Columns;
  if (rest.diffId !== diffId) return undefined;
  const entries = columns.path.map(
    (path, i): InventoryEntry => ({
      path,
      type: columns.type[i] as InventoryEntry["type"],
      size: columns.size[i] as number,
      tarSize: columns.tarSize[i] as number,
      mode: columns.mode[i] as number,
      uid: columns.uid[i] as number,
      gid: columns.gid[i] as number,
      mtime: columns.mtime[i] as number,
      linkPath: columns.linkPath[i] as string,
      hash: columns.hash[i] as string,
      xattrs: columns.xattrs[i] as string,
    }),
  );
  for (const [i, facts] of elf) if (entries[i] !== undefined) entries[i].elf = facts;
  const kept = new Map<string, Buffer>();
  for (const [path, length] of texts) {
    kept.set(path, bytes.subarray(at, at + length));
    at += length;
  }
  return { diffId, size, entries, texts: kept };
}
