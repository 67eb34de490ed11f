import { HuffmanCode, longestCode } from "./huffman-code.ts";
import { HuffmanWeights } from "./huffman-weights.ts";
import { PackedOutput } from "./packed-output.ts";
import type { ZstdVersion } from "./versions.ts";

/** Kinds of literals sections (RFC 8878, 3.1.1.3.1.1). */
const plain = 0;
const run = 1;
const packed = 2;
const packedAsBefore = 3;
/** From here on literals go in four streams. */
const fourStreams = 1024;
/** What a code that is used again is said to save, in bytes. */
const savedByReuse = 12;

/** Packs the literals of one block after the other. */
export class LiteralPacker {
  private readonly version: ZstdVersion;
  private readonly weights = new HuffmanWeights();
  private readonly counts = new Uint32Array(256);
  private readonly body = new PackedOutput();
  private code = new HuffmanCode();
  private before = new HuffmanCode();
  /** Whether the code before may be used again. */
  private mayReuse = false;

  constructor(version: ZstdVersion) {
    this.version = version;
  }

  /** Lets no block use a code of one before this. */
  forget(): void {
    this.mayReuse = false;
  }

  /** Writes a literals section; returns whether the literals are packed in it. `areAlone` where they would otherwise be a plain block. */
  write(literals: Uint8Array, size: number, out: PackedOutput, { areAlone = false } = {}): boolean {
    this.body.at = 0;
    const kind = this.pack(literals, size);
    const packedSize = this.body.at;
    if (kind < packed || (this.version.comparesHeaders && !isSmaller(packedSize, size, areAlone))) {
      const isRun = kind === run;
      writePlainHeader(isRun ? run : plain, size, out);
      out.copy(literals, 0, isRun ? 1 : size);
      return false;
    }
    writePackedHeader(kind, packedSize, size, out);
    out.copy(this.body.bytes, 0, packedSize);
    this.mayReuse = true;
    return true;
  }

  /** Packs literals into `body`, if that is worth it; returns the kind of section that they go in. */
  private pack(literals: Uint8Array, size: number): number {
    if (size <= this.version.mostPlainLiterals) return plain;
    if (!this.mayReuse) this.before.symbols = 0;
    const { counts, code, before, body } = this;
    const { symbols, most } = this.count(literals, size);
    const wanted = size - (size >> 4);
    if (most === size) return run;
    if (most === 1 || most < size >> 7) return plain;
    code.fit(counts, symbols, longestFor(size, symbols));
    if (this.mayReuse && before.covers(counts)) {
      if (before.size(counts, symbols) <= code.size(counts, symbols) || savedByReuse >= wanted) {
        this.encode(literals, size, before);
        return body.at < wanted ? packedAsBefore : plain;
      }
    }
    if (!this.weights.write(code, body)) return plain;
    this.encode(literals, size, code);
    if (body.at >= wanted) return plain;
    this.before = code;
    this.code = before;
    return packed;
  }

  /** Counts symbols: up to which they come, and how often the most frequent does. */
  private count(literals: Uint8Array, size: number): { symbols: number; most: number } {
    const { counts } = this;
    counts.fill(0);
    for (let i = 0; i < size; i++) counts[literals[i]!]!++;
    let symbols = 0;
    let most = 0;
    for (let i = 0; i < 256; i++) {
      if (counts[i] === 0) continue;
      symbols = i + 1;
      if (counts[i]! > most) most = counts[i]!;
    }
    return { symbols, most };
  }

  private encode(literals: Uint8Array, size: number, code: HuffmanCode): void {
    const { body } = this;
    if (size < fourStreams) {
      encodeStream(literals, 0, size, code, body);
      return;
    }
    const sizes = body.at;
    body.at += 6;
    const quarter = (size + 3) >> 2;
    for (let i = 0; i < 4; i++) {
      const start = body.at;
      encodeStream(literals, i * quarter, Math.min(size, (i + 1) * quarter), code, body);
      if (i === 3) break;
      body.bytes[sizes + 2 * i] = body.at - start;
      body.bytes[sizes + 2 * i + 1] = (body.at - start) >> 8;
    }
  }
}

/** From the last symbol to the first, with a one at the end. */
function encodeStream(
  literals: Uint8Array,
  start: number,
  end: number,
  { codes, lengths }: HuffmanCode,
  out: PackedOutput,
): void {
  const { bytes, view } = out;
  let { at } = out;
  let word = 0;
  let filled = 0;
  let i = end - 1;
  // Two codes have at most 22 bits, and fewer than 8 wait: whole bytes are handed on without a question, which a processor would often guess wrong.
  for (; i > start; i -= 2) {
    const symbol = literals[i]!;
    const next = literals[i - 1]!;
    word |= codes[symbol]! << filled;
    filled += lengths[symbol]!;
    word |= codes[next]! << filled;
    filled += lengths[next]!;
    view.setInt32(at, word, true);
    at += filled >> 3;
    word >>>= filled & 24;
    filled &= 7;
  }
  if (i === start) {
    word |= codes[literals[i]!]! << filled;
    filled += lengths[literals[i]!]!;
  }
  word |= 1 << filled;
  for (filled++; filled > 0; filled -= 8) {
    bytes[at++] = word;
    word >>>= 8;
  }
  out.at = at;
}

function longestFor(size: number, symbols: number): number {
  const least = Math.min(bitsOf(size), bitsOf(symbols - 1) + 1);
  return Math.min(longestCode, Math.max(5, least, Math.min(longestCode, bitsOf(size - 1) - 2)));
}

/** Whether packed literals are fewer bytes than plain ones, with their headers; plain ones that are alone have none. */
function isSmaller(packedSize: number, size: number, areAlone: boolean): boolean {
  const whole = areAlone ? size : size + plainHeader(size);
  return packedSize + 5 <= size || packedSize + packedHeader(packedSize, size) < whole;
}

function plainHeader(size: number): number {
  return size < 16 ? 1 : size < 1 << 11 ? 2 : 3;
}

function packedHeader(packedSize: number, size: number): number {
  const bits = Math.max(bitsOf(packedSize), bitsOf(size));
  return bits <= 10 ? 3 : bits <= 14 ? 4 : 5;
}

function writePlainHeader(kind: number, size: number, out: PackedOutput): void {
  const bytes = plainHeader(size);
  if (bytes === 1) out.byte(kind | (size << 3));
  else out.number(kind | ((bytes === 2 ? 1 : 3) << 2) | (size << 4), bytes);
}

function writePackedHeader(kind: number, packedSize: number, size: number, out: PackedOutput): void {
  const bytes = packedHeader(packedSize, size);
  const bits = 10 + 4 * (bytes - 3);
  const format = bytes > 3 ? bytes - 2 : size >= fourStreams ? 1 : 0;
  const fourBits = kind | (format << 2);
  out.number(fourBits + size * 2 ** 4 + packedSize * 2 ** (4 + bits), bytes);
}

function bitsOf(value: number): number {
  return 32 - Math.clz32(value);
}
