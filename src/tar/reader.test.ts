import { execFileSync } from "node:child_process";
import {
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isDdiffError } from "../util/errors.ts";
import { type TarEntry } from "./entry.ts";
import { parseHeaders } from "./header.ts";
import { decodeName, encodeName } from "./names.ts";
import { checksums } from "./numbers.ts";
import { formatPaxRecord } from "./pax.ts";
import { readTar } from "./reader.ts";

const none = Buffer.alloc(0);

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  await Promise.resolve();
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Reads a tar cut into pieces, checks that every byte comes out in place, and gives the entries with their data. */
async function read(
  tar: Buffer,
  piece = 65_536,
): Promise<{ entry: TarEntry; data: Buffer; header: Buffer }[]> {
  const all: Buffer[] = [];
  const found: { entry: TarEntry; pieces: Buffer[]; header: Buffer }[] = [];
  let offset = 0;
  for await (const event of readTar(cut(tar, piece))) {
    const bytes = event.kind === "entry" ? event.header : event.bytes;
    expect(bytes.length).toBeGreaterThan(0);
    if (event.kind === "entry") {
      expect(event.entry.headerOffset).toBe(offset);
      expect(event.entry.headerLength).toBe(bytes.length);
      expect(event.entry.dataOffset).toBe(offset + bytes.length);
      found.push({ entry: event.entry, pieces: [], header: event.header });
    }
    const last = found.at(-1);
    if (event.kind === "data" && last) last.pieces.push(bytes);
    all.push(bytes);
    offset += bytes.length;
  }
  expect(Buffer.concat(all).equals(tar)).toBe(true);
  return found.map(({ entry, pieces, header }) => {
    const data = Buffer.concat(pieces);
    expect(data.length).toBe(entry.size);
    return { entry, data, header };
  });
}

async function* endless(first: Buffer, next: Buffer): AsyncGenerator<Buffer> {
  yield first;
  for (;;) {
    await Promise.resolve();
    yield next;
  }
}

async function drain(events: AsyncIterable<unknown>): Promise<void> {
  for await (const event of events) expect(event).toBeDefined();
}

interface Fields {
  path?: string;
  flag?: string;
  size?: number | Buffer;
  magic?: string;
  prefix?: string;
  linkPath?: string;
  mtime?: string | Buffer;
  uid?: Buffer;
  patch?: [offset: number, bytes: Buffer][];
}

/** One header block with a right checksum. */
function block(fields: Fields): Buffer {
  const bytes = Buffer.alloc(512);
  bytes.write(fields.path ?? "file", 0, "latin1");
  bytes.write("0000644\0", 100);
  (fields.uid ?? Buffer.from("0000000\0")).copy(bytes, 108);
  bytes.write("0000000\0", 116);
  const size = fields.size ?? 0;
  if (typeof size === "number") bytes.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  else size.copy(bytes, 124);
  Buffer.from(fields.mtime ?? "00000000000\0").copy(bytes, 136);
  bytes.write(fields.flag ?? "0", 156, "latin1");
  bytes.write(fields.linkPath ?? "", 157, "latin1");
  bytes.write(fields.magic ?? "ustar\u000000", 257, "latin1");
  bytes.write(fields.prefix ?? "", 345, "latin1");
  for (const [offset, patch] of fields.patch ?? []) patch.copy(bytes, offset);
  bytes.write(`${checksums(bytes).unsigned.toString(8).padStart(6, "0")}\0 `, 148);
  return bytes;
}

function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc((512 - (data.length % 512)) % 512)]);
}

function pax(records: Record<string, string>, flag = "x"): Buffer {
  const body = Buffer.concat(Object.entries(records).map(([key, value]) => formatPaxRecord(key, value)));
  return Buffer.concat([block({ flag, size: body.length }), padded(body)]);
}

function long(flag: "L" | "K", name: string): Buffer {
  const body = Buffer.from(`${name}\0`);
  return Buffer.concat([
    block({ path: "././@LongLink", flag, size: body.length, magic: "ustar  \0" }),
    padded(body),
  ]);
}

const invalid = { code: "TAR_INVALID" };
const end = Buffer.alloc(1024);

describe("readTar on made tars", () => {
  it("reads the forms of each format", async () => {
    const name = "n".repeat(90);
    const tar = Buffer.concat([
      block({ path: "v7", magic: "", flag: "\0", size: 3 }),
      padded(Buffer.from("abc")),
      block({ path: "v7dir/", magic: "", flag: "\0", size: 1000 }),
      block({ path: name, prefix: "p".repeat(150) }),
      block({ path: "gnu", prefix: "ignored", magic: "ustar  \0" }),
      long("K", "k".repeat(200)),
      long("L", "l".repeat(200)),
      block({ flag: "2", linkPath: "short" }),
      pax({
        path: "päx",
        linkpath: "to",
        mtime: "1700000000.123456789",
        uid: "3000000",
        "SCHILY.xattr.user.a": "b\nc",
      }),
      block({ flag: "1", size: 700 }),
      block({ path: "dir/", flag: "5", size: 4096 }),
      block({
        path: "tty",
        flag: "3",
        patch: [
          [329, Buffer.from("0000004\0")],
          [337, Buffer.from("0000101\0")],
        ],
      }),
      block({ path: "pipe", flag: "6" }),
      block({ path: "odd", flag: "7", size: 1 }),
      padded(Buffer.from("x")),
      block({ path: "dump", flag: "D", size: 1 }),
      padded(Buffer.from("y")),
      end,
    ]);
    for (const piece of [tar.length, 1, 511, 513, 4096]) {
      const entries = (await read(tar, piece)).map(({ entry }) => entry);
      expect(entries).toMatchObject([
        { path: "v7", type: "file", size: 3 },
        { path: "v7dir/", type: "directory", size: 0 },
        { path: `${"p".repeat(150)}/${name}` },
        { path: "gnu" },
        { path: "l".repeat(200), linkPath: "k".repeat(200), type: "symlink" },
        { path: "päx", linkPath: "to", type: "hardlink", size: 0, uid: 3_000_000, mtime: 1700000000.1234567 },
        { path: "dir/", type: "directory", size: 0 },
        { path: "tty", type: "char", devMajor: 4, devMinor: 65 },
        { path: "pipe", type: "fifo", size: 0 },
        { path: "odd", type: "file", size: 1 },
        { path: "dump", type: "other", size: 1 },
      ]);
      expect(entries[5]?.pax.get("SCHILY.xattr.user.a")).toBe("b\nc");
      expect(entries[6]?.pax.size).toBe(0);
    }
  });

  it("reads numbers in base 256", async () => {
    const size = Buffer.from("800000000000000000000005", "hex");
    const mtime = Buffer.from("ffffffffffffffffffffff00", "hex");
    const uid = Buffer.from("8000000012345678", "hex");
    const tar = Buffer.concat([block({ size, mtime, uid }), padded(Buffer.from("12345"))]);
    expect((await read(tar))[0]?.entry).toMatchObject({ size: 5, mtime: -256, uid: 0x12345678 });
  });

  it("takes a PAX size over the header's, and sparse data as stored", async () => {
    const data = Buffer.alloc(700, 1);
    const tar = Buffer.concat([
      pax({ size: "700" }),
      block({ size: 0 }),
      padded(data),
      pax({
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": "real",
        "GNU.sparse.realsize": "999999",
      }),
      block({ path: "GNUSparseFile.1/real", size: 700 }),
      padded(data),
      pax({
        "GNU.sparse.size": "999999",
        "GNU.sparse.numblocks": "1",
        "GNU.sparse.offset": "0",
        "GNU.sparse.numbytes": "700",
      }),
      block({ path: "old", size: 700 }),
      padded(data),
      block({ path: "S", flag: "S", size: 700, magic: "ustar  \0", patch: [[482, Buffer.from([1])]] }),
      Buffer.concat([Buffer.alloc(504), Buffer.from([1, 0, 0, 0, 0, 0, 0, 0])]),
      Buffer.alloc(512),
      padded(data),
      end,
    ]);
    const found = await read(tar);
    expect(found.map(({ entry }) => [entry.path, entry.type, entry.size])).toEqual([
      ["file", "file", 700],
      ["real", "sparse", 700],
      ["old", "sparse", 700],
      ["S", "sparse", 700],
    ]);
    expect(found[3]?.header.length).toBe(3 * 512);
  });

  it("applies global records to later entries, but no global name or size", async () => {
    const tar = Buffer.concat([
      pax({ comment: "of git", uname: "all", mtime: "5", path: "no", size: "99" }, "g"),
      block({ path: "a" }),
      pax({ uname: "mine", mtime: "" }),
      block({ path: "b" }),
      pax({ uname: "" }, "g"),
      block({ path: "c" }),
      end,
    ]);
    const entries = (await read(tar)).map(({ entry }) => entry);
    expect(entries.map(({ path, uname, mtime, size }) => [path, uname, mtime, size])).toEqual([
      ["file", "", 0, 0],
      ["a", "all", 5, 0],
      ["b", "mine", 0, 0],
      ["file", "", 0, 0],
      ["c", "", 5, 0],
    ]);
    expect(entries[0]).toMatchObject({ type: "other", flag: "g" });
    expect(entries[0]?.pax.get("comment")).toBe("of git");
  });

  it("keeps different names different when they are no UTF-8", async () => {
    const names = [
      Buffer.from("é"),
      Buffer.from([0xe9]),
      Buffer.from([0xc3]),
      Buffer.from([0xff, 0xfe]),
      Buffer.from("�"),
    ];
    const tar = Buffer.concat([...names.map((name) => block({ path: "", patch: [[0, name]] })), end]);
    const paths = (await read(tar)).map(({ entry }) => entry.path);
    expect(new Set(paths).size).toBe(names.length);
    expect(paths.map(encodeName)).toEqual(names);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
        expect(encodeName(decodeName(Buffer.from(bytes)))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it("reads tars that end in every way", async () => {
    const file = Buffer.concat([block({ size: 3 }), padded(Buffer.from("abc"))]);
    const endings = [
      none,
      Buffer.alloc(512),
      Buffer.alloc(100),
      end,
      Buffer.alloc(10_240),
      Buffer.alloc(1_000_001),
      Buffer.concat([end, Buffer.from("whatever follows")]),
      Buffer.concat([Buffer.alloc(512), file, end]),
    ];
    for (const ending of endings) {
      expect((await read(Buffer.concat([file, ending]))).length).toBe(1);
      expect((await read(ending)).length).toBe(0);
    }
    expect((await read(file.subarray(0, 515))).length).toBe(1);
    expect((await read(file.subarray(0, 700))).length).toBe(1);
  });

  it("accepts a checksum summed over signed bytes", async () => {
    const bytes = block({ path: "x\u00ff\u00fe" });
    bytes.write(`${checksums(bytes).signed.toString(8).padStart(6, "0")}\0 `, 148);
    expect(checksums(bytes).signed).not.toBe(checksums(bytes).unsigned);
    expect((await read(Buffer.concat([bytes, end]))).length).toBe(1);
  });

  it("refuses what is no tar", async () => {
    const file = Buffer.concat([block({ size: 3 }), padded(Buffer.from("abc"))]);
    const wrong = Buffer.from(file);
    wrong[0] = 0x7a;
    const bad: [string, Buffer][] = [
      ["text", Buffer.from("hello, world\n".repeat(100))],
      ["a short text", Buffer.from("hello")],
      ["a wrong checksum", wrong],
      ["garbage behind an entry", Buffer.concat([file, Buffer.alloc(512, 1)])],
      ["a header cut short", file.subarray(0, 300)],
      ["data cut short", file.subarray(0, 514)],
      ["an extended header cut short", pax({ a: "b" }).subarray(0, 600)],
      ["an extended header of nothing", pax({ a: "b" })],
      ["an extended header before the end marker", Buffer.concat([pax({ a: "b" }), end])],
      ["a volume's continuation", block({ flag: "M" })],
      ["a negative size", block({ size: Buffer.from("ffffffffffffffffffffff00", "hex") })],
      ["a size beyond counting", block({ size: Buffer.from("80ffffffffffffffffffffff", "hex") })],
      ["a size of letters", block({ size: Buffer.from("0000000abc\0\0") })],
      ["a PAX size of letters", Buffer.concat([pax({ size: "many" }), block({})])],
      ["a negative PAX size", Buffer.concat([pax({ size: "-1" }), block({})])],
      ["a PAX name with a NUL", Buffer.concat([pax({ path: "a\0b" }), block({})])],
      [
        "malformed PAX records",
        Buffer.concat([block({ flag: "x", size: 8 }), padded(Buffer.from("99 a=b\n\n")), block({})]),
      ],
      [
        "a PAX record without a name",
        Buffer.concat([block({ flag: "x", size: 5 }), padded(Buffer.from("5 =b\n")), block({})]),
      ],
    ];
    for (const [what, tar] of bad) {
      await expect(read(tar), what).rejects.toMatchObject(invalid);
      await expect(read(tar, 100), what).rejects.toMatchObject(invalid);
    }
  });

  it("stops before a hostile header fills the memory", async () => {
    const one = pax({ a: "b" });
    const sparse = block({ flag: "S", patch: [[482, Buffer.from([1])]] });
    const sources = [
      endless(block({ flag: "x", size: 2 ** 32 }), Buffer.alloc(65_536)),
      endless(block({ flag: "L", size: 9 << 20 }), Buffer.alloc(65_536)),
      endless(one, Buffer.concat(Array.from({ length: 64 }, () => one))),
      endless(sparse, Buffer.alloc(65_536, 1)),
    ];
    for (const source of sources) {
      await expect(drain(readTar(source))).rejects.toMatchObject(invalid);
    }
  });

  it("closes its source when it is given up and passes on its error", async () => {
    const source = new Readable({ read() {} });
    source.push(block({ size: 5 }));
    for await (const event of readTar(source)) {
      expect(event.kind).toBe("entry");
      break;
    }
    expect(source.destroyed).toBe(true);
    const broken = new Readable({
      read() {
        this.destroy(new Error("gone"));
      },
    });
    await expect(drain(readTar(broken))).rejects.toThrow("gone");
  });
});

describe("readTar on tars of real tools", () => {
  const dir = mkdtempSync(join(tmpdir(), "ddiff-tar-"));
  const tree = join(dir, "tree");
  const deep = `${"sub".repeat(30)}/${"deep".repeat(30)}`;
  const tars = new Map<string, Buffer>();

  function tar(name: string, ...options: string[]): void {
    const file = join(dir, name);
    try {
      execFileSync("tar", [...options, "-cf", file, "-C", dir, "tree"], { stdio: "ignore" });
    } catch {
      // v7 and ustar leave out what they cannot hold and say so by their exit status.
    }
    tars.set(name, readFileSync(file));
  }

  beforeAll(() => {
    mkdirSync(join(tree, deep), { recursive: true });
    writeFileSync(join(tree, "empty"), "");
    writeFileSync(join(tree, "hello.txt"), "hello\n");
    writeFileSync(join(tree, "block"), Buffer.alloc(1024, 7));
    writeFileSync(join(tree, "päth ☃.txt"), "snow");
    writeFileSync(Buffer.concat([Buffer.from(`${tree}/bad`), Buffer.from([0xff])]), "bytes");
    linkSync(join(tree, "hello.txt"), join(tree, "hard"));
    symlinkSync("l".repeat(150), join(tree, "soft"));
    const short = join(tree, deep, "file");
    writeFileSync(short, "deep");
    const hole = openSync(join(tree, "sparse"), "w");
    for (let i = 0; i < 60; i++) writeSync(hole, Buffer.alloc(5000, i + 1), 0, 5000, i * 20_000);
    closeSync(hole);
    for (const format of ["v7", "ustar", "oldgnu", "gnu", "posix"]) tar(format, `--format=${format}`);
    for (const format of ["oldgnu", "gnu"]) tar(`${format}-sparse`, `--format=${format}`, "--sparse");
    for (const version of ["0.0", "0.1", "1.0"]) {
      tar(`sparse-${version}`, "--format=posix", "--sparse", `--sparse-version=${version}`);
    }
    tar("blocking", "--format=gnu", "--blocking-factor=200");
    tar("xattrs", "--format=posix", "--xattrs", "--acls", "--selinux");
    tar("incremental", "--format=gnu", "--listed-incremental=/dev/null");
    tar("label", "--format=gnu", "--label=volume");
    const script = [
      "import sys, tarfile",
      "out, tree, fmt = sys.argv[1:]",
      "t = tarfile.open(out, 'w', format=int(fmt), errors='surrogateescape', pax_headers={'comment': 'x'} if fmt == '2' else None)",
      "t.add(tree, 'tree')",
      "i = tarfile.TarInfo('dev/null'); i.type = tarfile.CHRTYPE; i.devmajor, i.devminor = 1, 3; t.addfile(i)",
      "t.close()",
    ].join("\n");
    for (const format of ["0", "1", "2"]) {
      const file = join(dir, `python-${format}`);
      try {
        execFileSync("python3", ["-c", script, file, tree, format], { stdio: "ignore" });
        tars.set(`python-${format}`, readFileSync(file));
      } catch {
        // No Python here, or a format that cannot hold a name: the other tars remain.
      }
    }
  });

  afterAll(() => rmSync(dir, { recursive: true }));

  it("gives every byte of each, with the members' names and data", async () => {
    expect(tars.size).toBeGreaterThanOrEqual(14);
    for (const [name, tar] of tars) {
      const found = await read(tar);
      const hello = found.find(
        ({ entry }) => entry.path.endsWith("hello.txt") || entry.path.endsWith("tree/hard"),
      );
      expect(hello?.data.toString(), name).toBe("hello\n");
      expect(
        found.map(({ entry }) => entry.path),
        name,
      ).toContain("tree/bad\udcff");
      if (/sparse/.test(name)) {
        const sparse = found.find(({ entry }) => entry.path === "tree/sparse");
        expect(sparse?.entry, name).toMatchObject({ type: "sparse" });
        expect(sparse?.entry.size ?? 0).toBeGreaterThanOrEqual(300_000);
        expect(sparse?.entry.size ?? 0).toBeLessThan(700_000);
      }
      if (!/v7|ustar|python-0/.test(name)) {
        expect(
          found.map(({ entry }) => entry.path),
          name,
        ).toContain(`tree/${deep}/file`);
        const soft = found.find(({ entry }) => entry.path === "tree/soft");
        expect(soft?.entry.linkPath, name).toBe("l".repeat(150));
      }
      for (const { entry, header } of found) {
        if (entry.pax.has("comment")) continue;
        const again = parseHeaders(header);
        expect({ ...entry, ...again }).toEqual(entry);
      }
    }
  });

  it("lists what GNU tar lists", async () => {
    for (const name of ["ustar", "gnu", "posix", "sparse-1.0", "oldgnu-sparse"]) {
      const listed = execFileSync("tar", ["--quoting-style=literal", "-tf", join(dir, name)], {
        encoding: "latin1",
      });
      const ours = (await read(tars.get(name) ?? none)).map(({ entry }) =>
        encodeName(entry.path).toString("latin1"),
      );
      expect(ours).toEqual(listed.trimEnd().split("\n"));
    }
  });

  it("refuses or reproduces each after bytes were flipped, and nothing else", async () => {
    const small = [...tars].filter(([, tar]) => tar.length < 2_000_000);
    expect(small.length).toBeGreaterThan(4);
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...small),
        fc.array(fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.integer({ min: 1, max: 255 })), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.boolean(),
        async ([, tar], flips, repair) => {
          const copy = Buffer.from(tar);
          for (const [where, flip] of flips) {
            const at = Math.floor(where * where * copy.length);
            copy[at] = (copy[at] ?? 0) ^ flip;
            const start = at - (at % 512);
            const header = copy.subarray(start, start + 512);
            // With the checksum repaired the damage gets past the first check.
            if (repair) header.write(`${checksums(header).unsigned.toString(8).padStart(6, "0")}\0 `, 148);
          }
          await read(copy, 10_000).catch((error: unknown) => {
            if (!isDdiffError(error, "TAR_INVALID")) throw error;
            refused++;
          });
        },
      ),
      { numRuns: 300 },
    );
    expect(refused).toBeGreaterThan(10);
  });
});
