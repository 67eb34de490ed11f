import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { readAll } from "../../codec/read-all.ts";
import { digestOf } from "../../oci/digest.ts";
import { readTar } from "../../tar/reader.ts";
import { packTar } from "../../tar/writer.ts";
import type { UnpackedFile, UnpackedLayer } from "../place.ts";
import { newFolder } from "../testing/folders.ts";
import { unpackedLayer } from "./unpacked-layer.ts";

const contents: Record<string, Buffer> = {
  small: Buffer.from("hello"),
  large: Buffer.alloc(3 << 20, "0123456789"),
};

/** A layer as Docker keeps it: a list of headers and files, and the files. */
async function layerOnDisk() {
  const folder = await newFolder();
  const members = Object.entries(contents).map(([path, bytes]) => ({ path, size: bytes.length, bytes }));
  const tar = await readAll(packTar(members), 1 << 24, "a tar");
  const lines: object[] = [];
  for await (const event of readTar(packTar(members))) {
    if (event.kind === "entry") {
      const { path, size } = event.entry;
      lines.push({ type: 2, payload: event.header.toString("base64") }, { type: 1, name: path, size });
      await writeFile(join(folder, path), contents[path] as Buffer);
    } else if (event.kind !== "data") {
      lines.push({ type: 2, payload: event.bytes.toString("base64") });
    }
  }
  const list = join(folder, "list.json.gz");
  await writeFile(list, gzipSync(lines.map((line) => `${JSON.stringify(line)}\n`).join("")));
  return { folder, tar, layer: unpackedLayer(digestOf(tar), list, folder) };
}

/** The files of a layer by name, as a reader of its frame finds them. */
async function filesOf(unpacked: UnpackedLayer): Promise<Map<string, UnpackedFile>> {
  const found = new Map<string, UnpackedFile>();
  for await (const event of readTar(unpacked.frame())) {
    if (event.kind !== "entry") continue;
    const file = unpacked.takeFile(event.entry.dataOffset);
    if (file !== undefined) found.set(event.entry.path, file);
  }
  return found;
}

test("a layer's files are found by where their data stands in the tar, and read in any part and order", async () => {
  const { layer, tar } = await layerOnDisk();
  expect((await readAll(await layer.open(), 1 << 24, "a tar")).equals(tar)).toBe(true);
  const unpacked = layer.unpacked?.() as UnpackedLayer;
  const files = await filesOf(unpacked);
  expect([...files].map(([path, { size }]) => [path, size])).toEqual([
    ["small", 5],
    ["large", 3 << 20],
  ]);
  for (const [path, offset, length] of [
    ["large", (3 << 20) - 10, 10],
    ["small", 1, 3],
    ["large", 7, 2 << 20],
    ["small", 0, 5],
  ] as const) {
    const into = Buffer.alloc(length);
    unpacked.read(files.get(path) as UnpackedFile, offset, into);
    expect(into.equals((contents[path] as Buffer).subarray(offset, offset + length))).toBe(true);
  }
  unpacked.close();
});

test("a file that was changed since is an error that names it", async () => {
  const { folder, layer } = await layerOnDisk();
  const unpacked = layer.unpacked?.() as UnpackedLayer;
  const files = await filesOf(unpacked);
  const read = (path: string, offset: number, length: number): void =>
    unpacked.read(files.get(path) as UnpackedFile, offset, Buffer.alloc(length));
  await truncate(join(folder, "small"), 3);
  expect(() => read("small", 0, 2)).toThrow(/"small".* has 3 bytes, not 5/);
  read("large", 0, 1);
  await truncate(join(folder, "large"), 100);
  expect(() => read("large", 90, 20)).toThrow(/"large".* became shorter/);
  unpacked.close();
});
