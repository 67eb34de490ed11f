import { gzipSync, zstdCompressSync } from "node:zlib";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { mediaTypes } from "../../src/oci/media-types.ts";
import type { MemoryStore } from "../../src/places/testing/memory.ts";
import { checksums } from "../../src/tar/numbers.ts";
import { formatPaxRecord } from "../../src/tar/pax.ts";

/** One entry of a layer's tar, written as an engine's builder or a hand might. */
export interface LayerEntry {
  path: string;
  type?: "file" | "hardlink" | "symlink" | "char" | "block" | "directory" | "fifo";
  mode?: number;
  data?: Buffer | string;
  link?: string;
  device?: [major: number, minor: number];
  pax?: Record<string, string | Buffer>;
}

const flags = { file: "0", hardlink: "1", symlink: "2", char: "3", block: "4", directory: "5", fifo: "6" };

/** A tar of these entries, with `padding` bytes of zeros behind them. */
export function layerTar(entries: LayerEntry[], padding = 1024): Buffer {
  return Buffer.concat([...entries.flatMap(entryBlocks), Buffer.alloc(padding)]);
}

function entryBlocks(entry: LayerEntry): Buffer[] {
  const blocks: Buffer[] = [];
  const pax = { ...entry.pax };
  if (Buffer.byteLength(entry.path) > 100) pax["path"] = entry.path;
  const records = Object.entries(pax).map(([key, value]) =>
    typeof value === "string" ? formatPaxRecord(key, value) : binaryRecord(key, value),
  );
  if (records.length > 0) {
    const body = Buffer.concat(records);
    blocks.push(header("PaxHeaders/x", "x", body.length, 0o644), padded(body));
  }
  const data = Buffer.from(entry.data ?? "");
  const type = entry.type ?? "file";
  const mode = entry.mode ?? (type === "directory" ? 0o755 : 0o644);
  blocks.push(header(entry.path, flags[type], data.length, mode, entry.link, entry.device), padded(data));
  return blocks;
}

/** A PAX record whose value is not text, as a capability is. */
function binaryRecord(key: string, value: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from("\n")]);
  let length = body.length + 1;
  while (String(length).length + body.length !== length) length = String(length).length + body.length;
  return Buffer.concat([Buffer.from(String(length)), body]);
}

function octal(value: number, digits: number): string {
  return `${value.toString(8).padStart(digits, "0")}\0`;
}

function header(
  path: string,
  flag: string,
  size: number,
  mode: number,
  link = "",
  device: [number, number] = [0, 0],
): Buffer {
  const block = Buffer.alloc(512);
  Buffer.from(path).copy(block, 0, 0, 100);
  block.write(octal(mode, 7), 100);
  block.write(octal(0, 7) + octal(0, 7) + octal(size, 11) + octal(1_700_000_000, 11), 108);
  block.write(flag, 156);
  block.write(link, 157);
  block.write("ustar\x0000", 257);
  block.write(octal(device[0], 7) + octal(device[1], 7), 329);
  block.write(`${checksums(block).unsigned.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc((512 - (data.length % 512)) % 512)]);
}

/** VFS_CAP_REVISION_2 with cap_net_raw, effective and permitted: what `setcap cap_net_raw+ep` writes. */
const netRaw = Buffer.from("0100000200200000000000000000000000000000", "hex");

/** Whatever makes layers hard to reproduce. Every engine can hold it. */
export function hardLayer(random: Buffer): Buffer {
  const long = "n".repeat(120);
  return layerTar(
    [
      { path: "./", type: "directory" },
      { path: "bin/", type: "directory", mode: 0o1777 },
      {
        path: "bin/ping",
        data: "a program",
        mode: 0o4755,
        pax: { "SCHILY.xattr.security.capability": netRaw },
      },
      { path: "bin/also-ping", type: "hardlink", link: "bin/ping" },
      { path: "bin/sh", type: "symlink", link: "/bin/ping" },
      { path: "etc/", type: "directory" },
      { path: "etc/empty" },
      { path: "etc/secret", data: "mine", mode: 0o000 },
      { path: "etc/noted", data: "x", pax: { comment: "kept", mtime: "1700000000.123456789" } },
      { path: "lib", type: "symlink", link: "usr/lib" },
      { path: "usr/", type: "directory" },
      { path: "usr/lib/", type: "directory" },
      { path: "usr/lib/random.so", data: random },
      { path: "usr/lib/sparse", data: Buffer.concat([Buffer.alloc(1 << 20), Buffer.from("end")]) },
      { path: "dev/", type: "directory" },
      { path: "dev/null", type: "char", device: [1, 3], mode: 0o666 },
      { path: "dev/loop", type: "block", device: [7, 0], mode: 0o660 },
      { path: "dev/pipe", type: "fifo" },
      { path: `${long}/`, type: "directory" },
      { path: `${long}/${long}`, data: "far down" },
      { path: "etc/ünïcode 文字", data: "named" },
      { path: "opaque/", type: "directory" },
      { path: "opaque/old", data: "hidden later" },
    ],
    10_240,
  );
}

/** A layer that takes away what `hardLayer` made, by whiteout and by opaque directory, and writes through its link. */
export function whiteoutLayer(): Buffer {
  return layerTar([
    { path: "etc/", type: "directory" },
    { path: "etc/.wh.empty" },
    { path: "opaque/", type: "directory" },
    { path: "opaque/.wh..wh..opq" },
    { path: "opaque/new", data: "seen" },
  ]);
}

/** An image of these tars in a store in memory. */
export function imageOf(
  store: MemoryStore,
  layers: Buffer[],
  options: { packing?: "none" | "gzip" | "zstd"; platform?: string; note?: string } = {},
): Descriptor {
  const [os = "linux", architecture = hostArchitecture()] = options.platform?.split("/") ?? [];
  const config = {
    architecture,
    os,
    config: { Cmd: ["/bin/ping"], Labels: { note: options.note ?? "" } },
    rootfs: { type: "layers", diff_ids: layers.map((bytes) => digestOf(bytes)) },
    history: layers.map((_, i) => ({ created_by: `layer ${i}` })),
  };
  const manifest = store.manifest(
    store.blob(mediaTypes.ociConfig, JSON.stringify(config)),
    layers.map((bytes) => {
      if (options.packing === "gzip") return store.blob(mediaTypes.ociLayerGzip, gzipSync(bytes));
      if (options.packing === "zstd") return store.blob(mediaTypes.ociLayerZstd, zstdCompressSync(bytes));
      return store.blob(mediaTypes.ociLayer, bytes);
    }),
  );
  return { ...manifest, platform: { os, architecture } };
}

export function hostArchitecture(): string {
  return process.arch === "x64" ? "amd64" : process.arch;
}
