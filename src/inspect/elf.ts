import type { ElfFacts } from "./inventory.ts";

/** Of each segment only so much is kept: string tables lie near the start of theirs. */
const mostOfSegment = 32 << 20;
/** Of one file only so much is kept. */
const mostOfFile = 96 << 20;
const mostSegments = 256;
const mostDynamic = 1 << 16;
/** Dynamic strings that are names; longer ones are somebody's joke. */
const longestName = 4096;

const machines: Record<number, string> = {
  3: "386",
  8: "mips",
  20: "ppc",
  21: "ppc64",
  22: "s390x",
  40: "arm",
  62: "x86_64",
  183: "aarch64",
  190: "cuda",
  243: "riscv",
  258: "loongarch",
};
const kinds: Record<number, ElfFacts["kind"]> = { 1: "relocatable", 2: "executable", 3: "shared", 4: "core" };

const segment = { load: 1, dynamic: 2, interpreter: 3 };
const tag = { end: 0, needed: 1, stringTable: 5, stringTableSize: 10, soname: 14, rpath: 15, runpath: 29 };

interface Segment {
  type: number;
  offset: number;
  address: number;
  size: number;
}

/** A part of the file that is kept while it streams by. */
interface Kept {
  start: number;
  bytes: Buffer;
  filled: number;
}

/** The head with which every ELF file begins. */
export function looksLikeElf(head: Buffer): boolean {
  return head.length >= 4 && head.readUInt32BE(0) === 0x7f454c46;
}

/**
 * Reads an ELF file's facts while it streams by, in bounded memory. A file whose tables are damaged, or lie where they are
 * not kept, gives what could be read, at least its machine and kind.
 */
export class ElfReader {
  #head = Buffer.alloc(0);
  #seen = 0;
  #layout: { little: boolean; wide: boolean; segments: Segment[] } | undefined;
  #kept: Kept[] = [];

  /** The next bytes of the file. */
  add(bytes: Buffer): void {
    const start = this.#seen;
    this.#seen += bytes.length;
    if (this.#layout === undefined) {
      this.#head = this.#head.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#head, bytes]);
      this.#layout = readLayout(this.#head);
      if (this.#layout === undefined) {
        if (this.#head.length > 1 << 20) this.#layout = { little: true, wide: true, segments: [] };
        return;
      }
      this.#kept = partsToKeep(this.#layout.segments);
      this.#keep(this.#head, 0);
      return;
    }
    this.#keep(bytes, start);
  }

  /** What was found; undefined where the head is no ELF header. */
  finish(): ElfFacts | undefined {
    const facts = readIdentity(this.#head);
    if (facts === undefined || this.#layout === undefined) return facts;
    try {
      this.#readDynamic(facts);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    return facts;
  }

  #keep(bytes: Buffer, start: number): void {
    for (const part of this.#kept) {
      const from = Math.max(start, part.start + part.filled);
      const to = Math.min(start + bytes.length, part.start + part.bytes.length);
      if (from >= to || from !== part.start + part.filled) continue;
      bytes.copy(part.bytes, part.filled, from - start, to - start);
      part.filled += to - from;
    }
  }

  /** Bytes of the file from `offset`, as many as are kept and at most `length`. */
  #at(offset: number, length: number): Buffer {
    for (const { start, bytes, filled } of this.#kept) {
      if (offset >= start && offset < start + filled)
        return bytes.subarray(offset - start, Math.min(offset - start + length, filled));
    }
    return Buffer.alloc(0);
  }

  #readDynamic(facts: ElfFacts): void {
    const { little, wide, segments } = this.#layout ?? { little: true, wide: true, segments: [] };
    const interpreter = segments.find(({ type }) => type === segment.interpreter);
    if (interpreter !== undefined) facts.interpreter = textAt(this.#at(interpreter.offset, longestName), 0);
    const dynamic = segments.find(({ type }) => type === segment.dynamic);
    if (dynamic === undefined) return;
    const table = this.#at(dynamic.offset, Math.min(dynamic.size, mostDynamic));
    const word = wide ? 8 : 4;
    const values: { tag: number; value: number }[] = [];
    for (let at = 0; at + 2 * word <= table.length; at += 2 * word) {
      const entry = {
        tag: readWord(table, at, little, wide),
        value: readWord(table, at + word, little, wide),
      };
      if (entry.tag === tag.end) break;
      values.push(entry);
    }
    const address = values.find((entry) => entry.tag === tag.stringTable)?.value;
    if (address === undefined) return;
    const home = segments.find(
      (one) => one.type === segment.load && address >= one.address && address < one.address + one.size,
    );
    if (home === undefined) return;
    const strings = home.offset + address - home.address;
    const nameOf = (value: number): string => textAt(this.#at(strings + value, longestName), 0);
    const namesOf = (wanted: number): string[] =>
      values
        .filter((entry) => entry.tag === wanted)
        .map(({ value }) => nameOf(value))
        .filter((name) => name !== "");
    facts.soname = namesOf(tag.soname)[0] ?? "";
    facts.needed = namesOf(tag.needed);
    const pathsOf = (wanted: number): string[] =>
      namesOf(wanted).flatMap((list) => list.split(":").filter((path) => path !== ""));
    facts.runpath = pathsOf(tag.runpath);
    if (facts.runpath.length === 0) facts.rpath = pathsOf(tag.rpath);
  }
}

function readIdentity(head: Buffer): ElfFacts | undefined {
  if (!looksLikeElf(head) || head.length < 20) return undefined;
  const wide = head[4] === 2;
  const little = head[5] !== 2;
  const kind = little ? head.readUInt16LE(16) : head.readUInt16BE(16);
  const machine = little ? head.readUInt16LE(18) : head.readUInt16BE(18);
  return {
    machine: machines[machine] ?? `em-${machine}`,
    bits: wide ? 64 : 32,
    kind: kinds[kind] ?? "other",
    soname: "",
    needed: [],
    rpath: [],
    runpath: [],
    interpreter: "",
  };
}

/** The program headers; undefined until all of them are in `head`. */
function readLayout(head: Buffer): { little: boolean; wide: boolean; segments: Segment[] } | undefined {
  if (head.length < 64) return undefined;
  const wide = head[4] === 2;
  const little = head[5] !== 2;
  const half = (at: number): number => (little ? head.readUInt16LE(at) : head.readUInt16BE(at));
  const start = readWord(head, wide ? 32 : 28, little, wide);
  const size = half(wide ? 54 : 42);
  const count = Math.min(half(wide ? 56 : 44), mostSegments);
  if (size < (wide ? 56 : 32) || count === 0) return { little, wide, segments: [] };
  if (head.length < start + size * count) return undefined;
  const segments = Array.from({ length: count }, (_, i): Segment => {
    const at = start + i * size;
    const type = little ? head.readUInt32LE(at) : head.readUInt32BE(at);
    return {
      type,
      offset: readWord(head, at + (wide ? 8 : 4), little, wide),
      address: readWord(head, at + (wide ? 16 : 8), little, wide),
      size: readWord(head, at + (wide ? 32 : 16), little, wide),
    };
  });
  return { little, wide, segments };
}

/** Segments that may hold dynamic tables or their strings. */
function partsToKeep(segments: readonly Segment[]): Kept[] {
  const parts: Kept[] = [];
  let left = mostOfFile;
  const first = segments.filter(({ type }) => type === segment.dynamic || type === segment.interpreter);
  if (!first.some(({ type }) => type === segment.dynamic))
    return first.map((one) => keptPart(one, longestName));
  const loads = segments.filter(({ type }) => type === segment.load);
  for (const one of [...first, ...loads]) {
    const part = keptPart(one, Math.min(left, mostOfSegment));
    left -= part.bytes.length;
    parts.push(part);
  }
  return parts;
}

function keptPart({ offset, size }: Segment, most: number): Kept {
  return { start: offset, bytes: Buffer.allocUnsafe(Math.max(0, Math.min(size, most))), filled: 0 };
}

/** A number of 4 or 8 bytes; one beyond 2^53 loses its last bits, and then lies in no segment. */
function readWord(bytes: Buffer, at: number, little: boolean, wide: boolean): number {
  if (!wide) return little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
  return Number(little ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at));
}

function textAt(bytes: Buffer, at: number): string {
  const end = bytes.indexOf(0, at);
  return bytes.toString("utf8", at, end < 0 ? bytes.length : end);
}
