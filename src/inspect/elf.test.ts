import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { assert, integer, property, uint8Array } from "fast-check";
import { describe, expect, it } from "vitest";
import { ElfReader } from "./elf.ts";
import type { ElfFacts } from "./inventory.ts";

function read(bytes: Buffer, step = bytes.length): ElfFacts | undefined {
  const reader = new ElfReader();
  for (let at = 0; at < bytes.length; at += step) reader.add(bytes.subarray(at, at + step));
  return reader.finish();
}

/** A little-endian 64-bit library by hand: two segments, a dynamic table, its strings. */
function library(pathTag: bigint): Buffer {
  const strings = Buffer.from("\0libneeded.so.1\0libself.so.2\0$ORIGIN:/opt/lib\0");
  const bytes = Buffer.alloc(1024);
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(bytes);
  bytes.writeUInt16LE(3, 16);
  bytes.writeUInt16LE(62, 18);
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(2, 56);
  const segment = (at: number, type: number, offset: bigint, address: bigint, size: bigint): void => {
    bytes.writeUInt32LE(type, at);
    bytes.writeBigUInt64LE(offset, at + 8);
    bytes.writeBigUInt64LE(address, at + 16);
    bytes.writeBigUInt64LE(size, at + 32);
  };
  segment(64, 1, 0n, 0x1000n, 1024n);
  segment(120, 2, 512n, 0x1200n, 112n);
  strings.copy(bytes, 256);
  const entries = [
    [1n, 1n],
    [14n, 16n],
    [pathTag, 29n],
    [5n, 0x1100n],
    [0n, 0n],
  ] as const;
  for (const [i, [tag, value]] of entries.entries()) {
    bytes.writeBigUInt64LE(tag, 512 + i * 16);
    bytes.writeBigUInt64LE(value, 520 + i * 16);
  }
  return bytes;
}

describe("what an ELF file says of itself", () => {
  it("is read from its dynamic table, however the file is cut", () => {
    for (const step of [1, 7, 1024]) {
      expect(read(library(29n), step)).toEqual({
        machine: "x86_64",
        bits: 64,
        kind: "shared",
        soname: "libself.so.2",
        needed: ["libneeded.so.1"],
        rpath: [],
        runpath: ["$ORIGIN", "/opt/lib"],
        interpreter: "",
      });
    }
    expect(read(library(15n))).toMatchObject({ rpath: ["$ORIGIN", "/opt/lib"], runpath: [] });
  });

  it("is what ldd's own library says of this program", () => {
    const facts = read(readFileSync("/bin/ls"), 65_536);
    expect(facts?.interpreter).toMatch(/\/ld-/);
    expect(facts?.needed).toContain("libc.so.6");
    expect(execFileSync("ldd", ["/bin/ls"]).toString()).toContain(facts?.needed[0]);
  });

  it("never throws, whatever the bytes are", () => {
    const good = library(29n);
    assert(
      property(uint8Array({ maxLength: 200 }), integer({ min: 4, max: 1023 }), (noise, at) => {
        const bytes = Buffer.from(good);
        Buffer.from(noise).copy(bytes, at);
        read(bytes, 100);
        read(bytes.subarray(0, at));
      }),
    );
  });
});
