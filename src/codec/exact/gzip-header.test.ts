import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseGzipHeader } from "./gzip-header.ts";

const text = fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)) });
const wanted = fc.record(
  {
    modified: fc.nat(0xffffffff),
    effort: fc.nat(255),
    system: fc.nat(255),
    extra: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    name: text,
    comment: text,
  },
  { requiredKeys: ["modified", "effort", "system"] },
);

/** The header with these fields, as RFC 1952 draws it. */
function written(fields: typeof wanted extends fc.Arbitrary<infer T> ? T : never, checksum: boolean): Buffer {
  const { modified, effort, system, extra, name, comment } = fields;
  const flags = [checksum ? 2 : 0, extra ? 4 : 0, name === undefined ? 0 : 8, comment === undefined ? 0 : 16];
  const fixed = Buffer.from([31, 139, 8, flags.reduce((a, b) => a | b), 0, 0, 0, 0, effort, system]);
  fixed.writeUInt32LE(modified, 4);
  const parts = [fixed];
  if (extra) parts.push(Buffer.from([extra.length & 255, extra.length >> 8]), extra);
  if (name !== undefined) parts.push(Buffer.from(`${name}\0`, "latin1"));
  if (comment !== undefined) parts.push(Buffer.from(`${comment}\0`, "latin1"));
  if (checksum) parts.push(Buffer.from([7, 9]));
  return Buffer.concat(parts);
}

describe("a gzip header", () => {
  it("says what was written into it, whatever stands behind", () => {
    fc.assert(
      fc.property(wanted, fc.boolean(), fc.uint8Array({ maxLength: 20 }), (fields, checksum, behind) => {
        const header = written(fields, checksum);
        expect(parseGzipHeader(Buffer.concat([header, behind]))).toEqual({
          length: header.length,
          ...fields,
        });
      }),
    );
  });

  it("is asked for again while it is cut short", () => {
    fc.assert(
      fc.property(
        wanted,
        fc.boolean(),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (fields, checksum, cut) => {
          const header = written(fields, checksum);
          expect(parseGzipHeader(header.subarray(0, Math.floor(header.length * cut)))).toBeUndefined();
        },
      ),
    );
  });

  it("is what Node writes", () => {
    expect(parseGzipHeader(gzipSync("a layer"))).toEqual({ length: 10, modified: 0, effort: 0, system: 3 });
  });

  it.each([
    ["another beginning", Buffer.from([0x1f, 0x8c])],
    ["another method", Buffer.from([0x1f, 0x8b, 7])],
    ["flags of the future", Buffer.from([0x1f, 0x8b, 8, 0x20])],
    [
      "a name that is too long",
      Buffer.concat([
        Buffer.from([31, 139, 8, 8, 0, 0, 0, 0, 0, 3]),
        Buffer.alloc(1 << 18, 65),
        Buffer.alloc(9),
      ]),
    ],
    [
      "a name without an end",
      Buffer.concat([Buffer.from([31, 139, 8, 8, 0, 0, 0, 0, 0, 3]), Buffer.alloc(1 << 18, 65)]),
    ],
  ])("with %s is refused", (_, bytes) => {
    expect(() => parseGzipHeader(bytes)).toThrow("the header of a gzip stream cannot be read");
  });
});
