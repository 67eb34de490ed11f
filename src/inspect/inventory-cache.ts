import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { Digest } from "../oci/digest.ts";
import { type CacheKind, keepCached, readCached } from "../store/cache.ts";
import type { ElfFacts, InventoryEntry, LayerInventory } from "./inventory.ts";

const kind: CacheKind = { folder: "inventories", suffix: ".inventory-4.zst" };
const largestInventory = 2 ** 31 - 1;

/** The inventory of a layer from the cache, or undefined where it is not there or not readable: it is made again then. */
export function cachedInventory(dir: string, diffId: Digest): Promise<LayerInventory | undefined> {
  return readCached(dir, kind, diffId, (packed) =>
    decode(zstdDecompressSync(packed, { maxOutputLength: largestInventory }), diffId),
  );
}

/** Keeps an inventory, where the cache can be written. */
export function keepInventory(dir: string, inventory: LayerInventory): Promise<void> {
  const params = { [constants.ZSTD_c_compressionLevel]: 1 };
  return keepCached(dir, kind, inventory.diffId, () => zstdCompressSync(encode(inventory), { params }));
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
