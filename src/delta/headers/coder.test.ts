import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checksums } from "../../tar/numbers.ts";
import { formatPaxRecord } from "../../tar/pax.ts";
import { readTar } from "../../tar/reader.ts";
import { encodeHeader } from "../../tar/writer.ts";
import { isDdiffError } from "../../util/errors.ts";
import { HeaderDecoder, headerColumnNames, HeaderEncoder } from "./coder.ts";

type Pair = [header: Buffer, base: Buffer | undefined];

/** Codes headers, checks that each comes back exactly, and gives the columns. */
function code(pairs: Pair[]): Buffer[] {
  const encoder = new HeaderEncoder();
  for (const [header, base] of pairs) encoder.add(header, base);
  const size = encoder.size;
  const columns = encoder.take();
  expect(columns.length).toBe(headerColumnNames.length);
  expect(columns.reduce((sum, column) => sum + column.length, 0)).toBe(size);
  const decoder = new HeaderDecoder(columns);
  for (const [header, base] of pairs) {
    const back = decoder.next(base);
    if (!back.equals(header)) expect(back.toString("latin1")).toBe(header.toString("latin1"));
  }
  decoder.end();
  return columns;
}

function packedSize(columns: Buffer[]): number {
  return columns.reduce((sum, column) => sum + Math.min(column.length, zstdCompressSync(column).length), 0);
}

/** Writes the right checksum into each header block of made headers. */
function seal(block: Buffer): Buffer {
  block.write(`${checksums(block).unsigned.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

async function headersOf(tar: Buffer): Promise<Map<string, Buffer>> {
  async function* whole(): AsyncGenerator<Buffer> {
    await Promise.resolve();
    yield tar;
  }
  const found = new Map<string, Buffer>();
  for await (const event of readTar(whole()))
    if (event.kind === "entry") found.set(event.entry.path, event.header);
  return found;
}

// Header blocks of many kinds, right and odd: fields of every style, records before them, garbage.
const octal = fc
  .tuple(fc.nat({ max: 0o7777777 }), fc.constantFrom("\0", " ", " \0", ""))
  .map(([value, end]) => value.toString(8) + end);
const padded = fc
  .tuple(fc.nat({ max: 0o777777 }), fc.constantFrom("\0", " ", "\0 "))
  .map(([value, end]) => value.toString(8).padStart(6, "0") + end);
const text = fc.oneof(
  fc.stringMatching(/^[a-c/]{0,12}$/),
  fc.stringMatching(/^[a-c/.]{90,155}$/),
  fc.string({ unit: "binary-ascii", maxLength: 20 }),
);
const block = fc
  .record({
    name: text,
    numbers: fc.array(fc.oneof(octal, padded, text), { minLength: 5, maxLength: 5 }),
    flag: fc.constantFrom("0", "0", "5", "2", "1", "S", "\0", "g", "Z"),
    link: fc.oneof(fc.constant(""), text),
    magic: fc.constantFrom("ustar\u000000", "ustar  \0", "", "\0"),
    owner: fc.constantFrom("", "root", "nobody"),
    prefix: fc.oneof(fc.constant(""), text),
    sealed: fc.boolean(),
  })
  .map((made) => {
    const bytes = Buffer.alloc(512);
    bytes.write(made.name, 0, 100, "latin1");
    for (const [i, [at, length]] of (
      [
        [100, 8],
        [108, 8],
        [116, 8],
        [124, 12],
        [136, 12],
      ] as const
    ).entries()) {
      bytes.write(made.numbers[i] ?? "", at, length, "latin1");
    }
    bytes.write("000000\0 ", 148);
    bytes.write(made.flag, 156, "latin1");
    bytes.write(made.link, 157, 100, "latin1");
    bytes.write(made.magic, 257, "latin1");
    bytes.write(made.owner, 265, "latin1");
    bytes.write(made.prefix, 345, 155, "latin1");
    return made.sealed ? seal(bytes) : bytes;
  });
const record = fc.oneof(
  fc.tuple(
    fc.constantFrom("mtime", "atime", "ctime"),
    fc.constantFrom("1700000000", "1700000001.5", "1700000000.123456789", "-1", "1.50", "x"),
  ),
  fc.tuple(
    fc.constantFrom("path", "linkpath", "SCHILY.xattr.user.x", "size", "uid"),
    fc.oneof(fc.constantFrom("1", "007", ""), text),
  ),
);
const extension = fc
  .tuple(fc.constantFrom("x", "x", "L", "K"), fc.array(record, { minLength: 1, maxLength: 3 }), text)
  .map(([flag, records, name]) => {
    const pax = Buffer.concat(records.map(([key, value]) => formatPaxRecord(key, value)));
    const body = flag === "x" ? pax : Buffer.from(`${name}\0`, "latin1");
    const head = encodeHeader({ path: flag === "x" ? "PaxHeaders.0/f" : "././@LongLink", size: body.length });
    head.write(flag, 156);
    return Buffer.concat([seal(head), body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
  });
const header = fc
  .tuple(fc.array(extension, { maxLength: 2 }), block, fc.constantFrom(0, 0, 0, 512))
  .map(([before, last, more]) => Buffer.concat([...before, last, Buffer.alloc(more, 1)]));
const anything = fc.oneof(
  { weight: 8, arbitrary: header },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 1100 }).map((bytes) => Buffer.from(bytes)) },
);

function version(number: string, i: number): Buffer {
  const path = `lib/numpy-${number}.dist-info/dir${(i * 7919) % 1000}/f${i}`;
  return encodeHeader({ path, size: 10, mtime: 1_700_000_000 });
}

describe("header coding", () => {
  it("gives back any headers exactly, with any base or none", () => {
    const pair = fc.oneof(
      fc.tuple(anything, fc.option(anything, { nil: undefined })),
      // A header and a base that differ a little: the common case.
      fc.tuple(header, fc.nat(), fc.nat({ max: 255 })).map(([bytes, where, byte]): [Buffer, Buffer] => {
        const base = Buffer.from(bytes);
        base[where % base.length] = byte;
        return [bytes, base];
      }),
    );
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 12 }), (pairs) => {
        code(pairs);
      }),
      { numRuns: 1500 },
    );
  });

  it("starts anew after each take", () => {
    const encoder = new HeaderEncoder();
    const headers = ["a/b", "a/c", "a/d"].map((path) =>
      encodeHeader({ path, size: 5, mtime: 1_700_000_000 }),
    );
    for (const one of headers) {
      encoder.add(one);
      const decoder = new HeaderDecoder(encoder.take());
      expect(decoder.next().equals(one)).toBe(true);
      decoder.end();
    }
    expect(encoder.size).toBe(0);
  });

  it("spends next to nothing on an entry that was only built again", () => {
    const pairs = Array.from({ length: 3000 }, (_, i): Pair => {
      const path = `usr/lib/python3/dist-packages/package${i >> 5}/module${i}.py`;
      const at = (start: number, pace: number): Buffer =>
        encodeHeader({ path, size: i * 37, mtime: start + Math.floor(i * pace) });
      return [at(1_700_000_000, 0.011), at(1_600_000_000, 0.01)];
    });
    const columns = code(pairs);
    expect(columns.reduce((sum, column) => sum + column.length, 0)).toBeLessThanOrEqual(3000 * 2 + 20);
    expect(packedSize(columns)).toBeLessThan(300);
  });

  it("sees that a new version's files have the old names below a renamed directory", () => {
    const pairs = Array.from({ length: 1000 }, (_, i): Pair => [version("1.25.1", i), version("1.24.0", i)]);
    expect(packedSize(code(pairs))).toBeLessThan(100);
  });

  it("never hangs, crashes or fills the memory on damaged columns", () => {
    const headers = Array.from({ length: 40 }, (_, i) =>
      encodeHeader({ path: `${"dir/".repeat(i)}f`, size: i, mtime: i + 0.5, type: "file" }),
    );
    const pairs = headers.map((one, i): Pair => [one, i % 2 === 0 ? headers[(i + 1) % 40] : undefined]);
    const columns = code(pairs);
    let refused = 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: columns.length - 1 }), fc.nat(), fc.nat({ max: 255 })), {
          minLength: 1,
          maxLength: 5,
        }),
        fc.option(fc.tuple(fc.nat({ max: columns.length - 1 }), fc.nat({ max: 100 })), { nil: undefined }),
        (flips, cut) => {
          const damaged = columns.map((column) => Buffer.from(column));
          for (const [which, where, byte] of flips) {
            const column = damaged[which];
            if (column && column.length > 0) column[where % column.length] = byte;
          }
          if (cut) damaged[cut[0]] = damaged[cut[0]]?.subarray(0, cut[1]) ?? Buffer.alloc(0);
          try {
            const decoder = new HeaderDecoder(damaged);
            for (const [, base] of pairs) expect(decoder.next(base).length).toBeLessThanOrEqual(8 << 20);
            decoder.end();
          } catch (error) {
            if (!isDdiffError(error, "BUNDLE_INVALID")) throw error;
            refused++;
          }
        },
      ),
      { numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(500);
    const noise = fc.array(fc.uint8Array({ maxLength: 60 }), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(noise, fc.option(header, { nil: undefined }), (columns, base) => {
        const decoder = new HeaderDecoder(columns.map((column) => Buffer.from(column)));
        try {
          for (let i = 0; i < 100; i++) decoder.next(base);
        } catch (error) {
          if (!isDdiffError(error, "BUNDLE_INVALID")) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("refuses columns with bytes left over", () => {
    const columns = code([[encodeHeader({ path: "a", size: 0 }), undefined]]);
    for (const i of columns.keys()) {
      const more = columns.map((column, j) => (i === j ? Buffer.concat([column, Buffer.alloc(1)]) : column));
      const decoder = new HeaderDecoder(more);
      decoder.next();
      expect(() => decoder.end()).toThrow(/damaged/);
    }
  });
});

describe("header coding of real tars", () => {
  const dir = mkdtempSync(join(tmpdir(), "ddiff-headers-"));
  afterAll(() => rmSync(dir, { recursive: true }));

  beforeAll(() => {
    for (let i = 0; i < 150; i++) {
      const folder = join(dir, "tree", `package${i % 7}`, i % 5 === 0 ? "sub".repeat(40) : "src");
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${i % 11 === 0 ? "ünï" : "module"}${i}.py`), "x".repeat(i * 3));
    }
    symlinkSync("package1", join(dir, "tree", "link"));
  });

  it("gives back all headers of all formats, and costs little where only times differ", async () => {
    for (const format of ["v7", "ustar", "oldgnu", "gnu", "posix"]) {
      const builds: Map<string, Buffer>[] = [];
      for (const time of [1_600_000_000, 1_700_000_123]) {
        for (let i = 0; i < 150; i++) {
          const folder = join(dir, "tree", `package${i % 7}`, i % 5 === 0 ? "sub".repeat(40) : "src");
          utimesSync(join(folder, `${i % 11 === 0 ? "ünï" : "module"}${i}.py`), time + i / 8, time + i / 8);
        }
        const file = join(dir, `${format}.tar`);
        const options = [`--format=${format}`, "--sort=name", "-cf", file, "-C", dir, "tree"];
        try {
          execFileSync(
            "tar",
            format === "posix" ? ["--pax-option=delete=atime,delete=ctime", ...options] : options,
            { stdio: "ignore" },
          );
        } catch {
          // v7 leaves out long names and says so by its exit status.
        }
        builds.push(await headersOf(readFileSync(file)));
      }
      const [old, now] = builds as [Map<string, Buffer>, Map<string, Buffer>];
      expect(now.size).toBeGreaterThan(100);
      const alone = packedSize(code([...now.values()].map((one): Pair => [one, undefined])));
      expect(alone, format).toBeLessThan(now.size * 14);
      const rebuilt = packedSize(code([...now].map(([path, one]): Pair => [one, old.get(path)])));
      // In PAX headers each time has eighths of a second.
      expect(rebuilt, format).toBeLessThan(format === "posix" ? now.size * 3 : now.size / 2);
    }
  });
});
