import { zstdCompressSync } from "node:zlib";
import { ByteReader, ByteWriter } from "../../util/varint.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { digestOf } from "../../oci/digest.ts";
import type { BundleConfig, PatchedLayer } from "../bundle-config.ts";
import { bundleTypes } from "../bundle-config.ts";
import { openBundleFile, readBundle } from "../bundle-read.ts";
import { bundleStream } from "../bundle-write.ts";
import { opColumns, patchMagic } from "../layer-ops.ts";
import { headerColumnNames } from "../headers/coder.ts";
import { columnNames as patchColumnNames } from "../patch/format.ts";

/** A bundle taken apart, to be changed and put together again with digests that agree. */
export interface OpenBundle {
  config: BundleConfig;
  blobs: Map<string, { descriptor: Descriptor; bytes: Buffer }>;
}

/** Takes a bundle file apart. */
export async function takeApart(file: string, tempDir: string): Promise<OpenBundle> {
  const opened = await openBundleFile(file, tempDir, process.stdin);
  const bundle = await readBundle(opened);
  const { config } = bundle;
  const blobs: OpenBundle["blobs"] = new Map();
  const carried = config.layers.flatMap((layer) =>
    layer.from === "patch" ? [layer.patch] : layer.from === "blob" ? [layer.blob] : [],
  );
  for (const descriptor of [...config.blobs, ...carried]) {
    const bytes = bundle.blob(descriptor);
    blobs.set(descriptor.digest, { descriptor, bytes: Buffer.from(bytes.read(0, bytes.length)) });
  }
  opened.close();
  return { config: structuredClone(config), blobs };
}

/** Puts a bundle together. Its config may say anything. */
export async function putTogether({ config, blobs }: OpenBundle): Promise<Buffer> {
  const chunks = await bundleStream(config, [...blobs.values()]).toArray();
  return Buffer.concat(chunks as Buffer[]);
}

/** Gives the bundle's patched layer `number` (of the patched ones) another patch. */
export function replacePatch(bundle: OpenBundle, number: number, change: (patch: Buffer) => Buffer): void {
  const layer = bundle.config.layers.filter((one): one is PatchedLayer => one.from === "patch")[number];
  const old = layer && bundle.blobs.get(layer.patch.digest);
  if (layer === undefined || old === undefined) throw new Error(`there is no patch ${number}`);
  const bytes = change(old.bytes);
  const descriptor = { mediaType: bundleTypes.layerPatch, digest: digestOf(bytes), size: bytes.length };
  bundle.blobs.delete(layer.patch.digest);
  bundle.blobs.set(descriptor.digest, { descriptor, bytes });
  layer.patch = descriptor;
}

/** One column or one stream of new bytes as a patch's head describes it; `rawLength` and `packing` may lie. */
export interface ForgedColumn {
  packing: number;
  rawLength: number;
  bytes: Buffer;
}

/** A layer patch taken apart. */
export interface ForgedPatch {
  magic: Buffer;
  /** Each segment's columns: operations, then headers, then patches. */
  segments: ForgedColumn[][];
  literals: (ForgedColumn & { kind: number })[];
}

/** Changes a layer patch; its head is written to agree with what the change left. */
export function forgePatch(patch: Buffer, change: (parts: ForgedPatch) => void): Buffer {
  const parts = parsePatch(patch);
  change(parts);
  const head = new ByteWriter();
  head.unsigned(parts.segments.length);
  for (const columns of parts.segments) for (const column of columns) writeColumn(head, column);
  head.unsigned(parts.literals.length);
  for (const literal of parts.literals) {
    head.unsigned(literal.kind);
    writeColumn(head, literal);
  }
  const headLength = new ByteWriter();
  headLength.unsigned(head.length);
  const bodies = [...parts.segments.flat(), ...parts.literals].map((column) => column.bytes);
  return Buffer.concat([parts.magic, headLength.take(), head.take(), ...bodies]);
}

function writeColumn(head: ByteWriter, { packing, rawLength, bytes }: ForgedColumn): void {
  head.unsigned(packing);
  head.unsigned(rawLength);
  head.unsigned(bytes.length);
}

function parsePatch(patch: Buffer): ForgedPatch {
  const all = new ByteReader(patch.subarray(patchMagic.length), "patch");
  const head = new ByteReader(all.bytes(all.unsigned()), "head");
  const column = () => ({ packing: head.unsigned(), rawLength: head.unsigned(), length: head.unsigned() });
  const columnCount = opColumns.length + headerColumnNames.length + patchColumnNames.length;
  const segments = Array.from({ length: head.unsigned() }, () => Array.from({ length: columnCount }, column));
  const literals = Array.from({ length: head.unsigned() }, () => ({ kind: head.unsigned(), ...column() }));
  const filled = <T extends { length: number }>(one: T) => ({
    ...one,
    bytes: Buffer.from(all.bytes(one.length)),
  });
  return {
    magic: patch.subarray(0, patchMagic.length),
    segments: segments.map((columns) => columns.map(filled)),
    literals: literals.map(filled),
  };
}

/** A column that is not packed. */
export function rawColumn(bytes: Buffer | number[]): ForgedColumn {
  return { packing: 0, rawLength: bytes.length, bytes: Buffer.from(bytes) };
}

/** A column that is packed with zstd, as little as what repeats becomes. */
export function packedColumn(bytes: Buffer): ForgedColumn {
  return { packing: 1, rawLength: bytes.length, bytes: zstdCompressSync(bytes) };
}

/** Numbers as columns hold them. */
export function varints(...values: number[]): Buffer {
  const writer = new ByteWriter();
  for (const value of values) writer.unsigned(value);
  return writer.take();
}
