import { chmod, link, mkdir, symlink, writeFile } from "node:fs/promises";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readAll } from "../codec/read-all.ts";
import { layerFiles } from "./image-files/layer-files.ts";
import { frameFromSplit, sizeOfSplit, tarFromSplit } from "./tar-split.ts";
import type { UnpackedFile } from "./place.ts";
import { newFolder } from "./testing/folders.ts";

interface Piece {
  /** Bytes of the tar itself, or a file's name and content. */
  bytes?: Buffer;
  name?: string | Buffer;
  content?: Buffer;
  size?: number;
}

/** A list as Docker and Podman write it: one JSON object a line. */
function listOf(pieces: Piece[]): string {
  return pieces
    .map(({ bytes, name = "", content, size }, position) => {
      if (bytes !== undefined) return { type: 2, payload: bytes.toString("base64"), position };
      const named = typeof name === "string" ? { name } : { name_raw: name.toString("base64") };
      const length = size ?? content?.length ?? 0;
      return {
        type: 1,
        ...named,
        ...(length > 0 ? { size: length } : {}),
        payload: length > 0 ? "AAAAAAAAAAA=" : null,
        position,
      };
    })
    .map((line) => `${JSON.stringify(line)}\n`)
    .join("");
}

async function assembled(folder: string, list: string): Promise<Buffer> {
  const files = layerFiles(folder, "a layer");
  return readAll(
    tarFromSplit(() => Readable.from([Buffer.from(list)]), files, "a layer"),
    1 << 28,
    "a tar",
  );
}

test("whatever lies between and in the files comes out in its order, and its size is known before", async () => {
  const folder = await newFolder();
  let number = 0;
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 600 }).map((bytes): Piece => ({ bytes: Buffer.from(bytes) })),
    fc.uint8Array({ maxLength: 3000 }).map((content): Piece => ({ content: Buffer.from(content) })),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
      for (const one of pieces) {
        if (one.content === undefined) continue;
        one.name = `file-${number++}`;
        await writeFile(join(folder, one.name), one.content);
      }
      const expected = Buffer.concat(pieces.map((one) => one.bytes ?? one.content ?? Buffer.alloc(0)));
      const list = listOf(pieces);
      expect((await assembled(folder, list)).equals(expected)).toBe(true);
      expect(await sizeOfSplit(Readable.from([Buffer.from(list)]), "a layer")).toBe(expected.length);
    }),
    { numRuns: 60 },
  );
});

/** A list in pieces of `size` bytes, as they come out of gzip. */
function inPieces(list: string, size: number): Readable {
  const bytes = Buffer.from(list);
  const count = Math.ceil(bytes.length / size);
  return Readable.from(Array.from({ length: count }, (_, i) => bytes.subarray(i * size, (i + 1) * size)));
}

test("a frame is the tar with zeros for its files, and tells of each file before the bytes in front of it", async () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 700 }).map((bytes): Piece => ({ bytes: Buffer.from(bytes) })),
    fc.integer({ min: 0, max: 600_000 }).map((size): Piece => ({ name: "größe", size })),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 12 }),
      fc.integer({ min: 1, max: 999 }),
      async (pieces, cut) => {
        const told = new Map<number, UnpackedFile>();
        const given: Buffer[] = [];
        const list = inPieces(listOf(pieces), cut);
        const frame = frameFromSplit(list, "a layer", (offset, file) => told.set(offset, file));
        let offset = 0;
        for await (const bytes of frame) {
          given.push(bytes);
          offset += bytes.length;
          const next = startsOf(pieces).find(({ at }) => at === offset);
          if (next !== undefined) expect(told.get(offset)?.size).toBe(next.size);
        }
        const expected = Buffer.concat(pieces.map((one) => one.bytes ?? Buffer.alloc(one.size ?? 0)));
        expect(Buffer.concat(given).equals(expected)).toBe(true);
        expect([...told].map(([at, { size }]) => ({ at, size }))).toEqual(startsOf(pieces));
        for (const { name } of told.values()) expect(name.toString()).toBe("größe");
      },
    ),
    { numRuns: 60 },
  );
});

/** Where the content of each file begins. */
function startsOf(pieces: Piece[]): { at: number; size: number }[] {
  let at = 0;
  const starts: { at: number; size: number }[] = [];
  for (const { bytes, size = 0 } of pieces) {
    if (bytes === undefined && size > 0) starts.push({ at, size });
    at += bytes?.length ?? size;
  }
  return starts;
}

test("files larger than one piece, names that are no UTF-8, hard links and files without rights are read", async () => {
  const folder = await newFolder();
  const large = Buffer.alloc((5 << 20) + 17, "large");
  const raw = Buffer.from([0x6e, 0xff, 0xfe]);
  await writeFile(join(folder, "large"), large);
  await writeFile(Buffer.concat([Buffer.from(`${folder}/`), raw]), "raw");
  await link(join(folder, "large"), join(folder, "again"));
  const found = await assembled(
    folder,
    listOf([
      { name: "./large", content: large },
      { name: raw, content: Buffer.from("raw") },
      { name: "again", content: large },
      { name: "no-data" },
    ]),
  );
  expect(found.equals(Buffer.concat([large, Buffer.from("raw"), large]))).toBe(true);
});

test("a layer's own links are followed inside the layer, as in the chroot where it was unpacked", async () => {
  const outer = await newFolder();
  const folder = join(outer, "diff");
  await mkdir(join(folder, "usr/lib"), { recursive: true });
  await writeFile(join(folder, "usr/lib/x"), "inside");
  await symlink("usr/lib", join(folder, "lib"));
  await symlink("/usr/lib", join(folder, "lib64"));
  await symlink("../../../../usr", join(folder, "up"));
  const content = Buffer.from("inside");
  for (const name of ["lib/x", "./lib64/x", "up/lib/x", "../usr/lib/x", "/usr/lib/x"]) {
    expect((await assembled(folder, listOf([{ name, content }]))).toString()).toBe("inside");
  }
});

test("nothing outside of the layer is read, whatever the list or the links say", async () => {
  const outer = await newFolder();
  const folder = join(outer, "diff");
  await mkdir(folder);
  await writeFile(join(outer, "secret"), "secret");
  await symlink("../secret", join(folder, "link"));
  await symlink("..", join(folder, "out"));
  await symlink(outer, join(folder, "absolute"));
  await symlink("loop", join(folder, "loop"));
  for (const name of ["../secret", "link", "out/secret", "absolute/secret", "loop/x", ".", ""]) {
    const failure = assembled(folder, listOf([{ name, size: 6 }]));
    await expect(failure).rejects.toMatchObject({ code: "LAYER_CHANGED" });
  }
});

test("a file that is missing, of another size, or of another kind is an error that names it", async () => {
  const folder = await newFolder();
  await writeFile(join(folder, "short"), "abc");
  await mkdir(join(folder, "folder"));
  await promisify(execFile)("mkfifo", [join(folder, "pipe")]);
  await chmod(join(folder, "pipe"), 0o666);
  for (const [name, size] of [
    ["short", 4],
    ["short", 2],
    ["short", 3 << 20],
    ["absent", 1],
    ["absent/below", 1],
    ["short/below", 1],
    ["folder", 4096],
    ["pipe", 1],
  ] as const) {
    const failure = assembled(folder, listOf([{ bytes: Buffer.from("x") }, { name, size }]));
    await expect(failure).rejects.toMatchObject({
      code: "LAYER_CHANGED",
      message: expect.stringContaining(JSON.stringify(name)),
    });
  }
});

test.each([
  "{",
  "null",
  "[]",
  '{"type":3,"payload":""}',
  '{"type":2,"payload":5}',
  '{"type":2}',
  '{"type":2,"payload":"AAAAA"}',
  '{"type":1,"name":"x","size":-1}',
  '{"type":1,"name":"x","size":1.5}',
  '{"type":1,"name":"x","size":1e300}',
  '{"type":1,"size":4}',
])("a damaged list is refused by its line: %s", async (line) => {
  const folder = await newFolder();
  const list = `${listOf([{ bytes: Buffer.from("ok") }])}${line}\n`;
  const refusal = { code: "TAR_SPLIT_INVALID", message: expect.stringContaining("line 2") };
  await expect(assembled(folder, list)).rejects.toMatchObject(refusal);
  await expect(sizeOfSplit(Readable.from([Buffer.from(list)]), "a layer")).rejects.toMatchObject(refusal);
});

test.each(["A=AA", "AA A", "\\u00e9AAA"])("bytes that are not in base64 are refused: %s", async (payload) => {
  const folder = await newFolder();
  const failure = assembled(folder, `{"type":2,"payload":"${payload}"}\n`);
  await expect(failure).rejects.toMatchObject({ code: "TAR_SPLIT_INVALID" });
});

/** A list whose reading fails in the middle. */
function breaking(): Readable {
  return Readable.from(
    (async function* () {
      yield Buffer.from(listOf([{ bytes: Buffer.from("first") }]));
      throw new Error("disk error");
    })(),
  );
}

test("a list that cannot be read to its end is a failure, not a shorter tar", async () => {
  const folder = await newFolder();
  const tar = tarFromSplit(breaking, layerFiles(folder, "a layer"), "a layer");
  await expect(readAll(tar, 1 << 20, "a tar")).rejects.toThrow("disk error");
  await expect(sizeOfSplit(breaking(), "a layer")).rejects.toThrow("disk error");
});
