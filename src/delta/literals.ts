import { once } from "node:events";
import { constants, createZstdCompress } from "node:zlib";
import { Readable } from "node:stream";
import { decompressed } from "../codec/compression.ts";
import { DdiffError } from "../util/errors.ts";
import { type LiteralKind, literalKinds } from "./layer-ops.ts";
import type { Effort } from "./patch/align.ts";
import { type Bytes, piecesOf, streamOf } from "../util/random-bytes.ts";
import { packColumn, type Packing, unpackColumn } from "./packing.ts";
import { Spool } from "../util/spool.ts";

const pieceSize = 1 << 20;
/** Literals up to this size are packed in one go, with every packing tried. */
const oneShot = 1 << 20;
/**
 * Matches may reach this far back (2^25 is 32 MiB). A reader has all kinds open at once and needs as much memory for each, so
 * only programs, which gain most by it, get a large window. Large files that are alike find each other at any distance (kin.ts).
 */
const largestWindowLog: Record<LiteralKind, number> = { binary: 25, text: 23, packed: 20 };
const level: Record<Effort, number> = { fast: 6, default: 15, max: 19 };

/** One packed stream of new bytes. */
export interface PackedLiterals {
  kind: LiteralKind;
  packing: Packing;
  rawLength: number;
  packedLength: number;
}

/** Collects the new bytes of a layer by kind, then packs each kind as one solid stream. */
export class LiteralWriter {
  readonly #spools = new Map<LiteralKind, Spool>();
  readonly #tempDir: string;

  constructor(tempDir: string) {
    this.#tempDir = tempDir;
  }

  /** Appends a copy of `bytes` to its kind. */
  append(kind: LiteralKind, bytes: Uint8Array): void {
    let spool = this.#spools.get(kind);
    if (spool === undefined) {
      spool = new Spool(this.#tempDir);
      this.#spools.set(kind, spool);
    }
    spool.append(bytes);
  }

  /** Packs every kind that has bytes and appends them to `out`, one kind after the other. `breathe` is called between steps. */
  async pack(out: Spool, effort: Effort, breathe: () => Promise<void>): Promise<PackedLiterals[]> {
    const packed: PackedLiterals[] = [];
    for (const kind of literalKinds) {
      const spool = this.#spools.get(kind);
      if (spool === undefined) continue;
      const start = out.length;
      const rawLength = spool.length;
      const packing = await packSpool(spool, out, kind, effort, breathe);
      packed.push({ kind, packing, rawLength, packedLength: out.length - start });
    }
    return packed;
  }

  close(): void {
    for (const spool of this.#spools.values()) spool.close();
    this.#spools.clear();
  }
}

async function packSpool(
  spool: Spool,
  out: Spool,
  kind: LiteralKind,
  effort: Effort,
  breathe: () => Promise<void>,
) {
  const bytes = spool.bytes(0, spool.length);
  if (bytes.length <= oneShot) {
    const column = packColumn(Buffer.from(bytes.read(0, bytes.length)), effort);
    out.append(column.bytes);
    return column.packing;
  }
  const packer = createZstdCompress({
    chunkSize: pieceSize,
    params: {
      // Bytes that are packed already hardly shrink: any higher level would only cost time.
      [constants.ZSTD_c_compressionLevel]: kind === "packed" ? 3 : level[effort],
      [constants.ZSTD_c_windowLog]: Math.min(largestWindowLog[kind], Math.ceil(Math.log2(bytes.length))),
      [constants.ZSTD_c_enableLongDistanceMatching]: bytes.length > 1 << 27 ? 1 : 0,
    },
    pledgedSrcSize: bytes.length,
  });
  packer.on("data", (chunk: Buffer) => out.append(chunk));
  const ended = once(packer, "end");
  try {
    for await (const piece of piecesOf(bytes)) {
      await breathe();
      // Each write is awaited: with writes queued at the end zstd would append an empty frame or not, as timing has it.
      await new Promise<void>((resolve, reject) => {
        packer.write(piece, (error) => (error ? reject(error) : resolve()));
      });
    }
    packer.end();
    await ended;
  } finally {
    packer.destroy();
  }
  return "zstd" as const;
}

/** Reads a stream of new bytes in order. */
export class LiteralReader {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #stream: Readable;
  readonly #what: string;
  #current: Buffer = Buffer.alloc(0);
  #left: number;

  /** `packed` holds the packed bytes; they must unpack to exactly `rawLength`. */
  constructor(packed: Bytes, literals: PackedLiterals, what: string) {
    const { packing, rawLength } = literals;
    if (rawLength > oneShot && packing !== "zstd") throw invalid(what, "is packed in a way it may not be");
    this.#stream =
      rawLength > oneShot
        ? decompressed(streamOf(packed), { maxBytes: rawLength })
        : Readable.from([unpackColumn({ packing, rawLength, bytes: allOf(packed) }, what)]);
    this.#chunks = this.#stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    this.#left = rawLength;
    this.#what = what;
  }

  /** The next bytes: at least one, at most `most`, good until the next call. Throws `BUNDLE_INVALID` where there are none. */
  async read(most: number): Promise<Uint8Array> {
    while (this.#current.length === 0) {
      const { done, value } = await this.#next();
      if (done === true) throw this.#invalid("ends early");
      this.#current = value;
    }
    const bytes = this.#current.subarray(0, most);
    this.#current = this.#current.subarray(bytes.length);
    this.#left -= bytes.length;
    return bytes;
  }

  /** Throws unless all bytes have been read and none follow. */
  async end(): Promise<void> {
    if (this.#left > 0 || this.#current.length > 0) throw this.#invalid("has bytes left over");
    const { done } = await this.#next();
    if (done !== true) throw this.#invalid("has bytes left over");
  }

  close(): void {
    this.#stream.destroy();
  }

  async #next(): Promise<IteratorResult<Buffer>> {
    try {
      return await this.#chunks.next();
    } catch (cause) {
      throw this.#invalid("does not unpack", cause);
    }
  }

  #invalid(problem: string, cause?: unknown): DdiffError {
    return invalid(this.#what, problem, cause);
  }
}

function allOf(bytes: Bytes): Buffer {
  if (bytes.length > 2 * oneShot) throw invalid("a packed column", "is larger than what it holds");
  return Buffer.from(bytes.read(0, bytes.length));
}

function invalid(what: string, problem: string, cause?: unknown): DdiffError {
  return new DdiffError("BUNDLE_INVALID", `the bundle is damaged: ${what} ${problem}`, { cause });
}

const elf = 0x464c457f;
const compressedMagics = new Set([0x1f8b, 0x504b, 0x425a, 0xfd37, 0x28b5, 0x8950, 0xffd8, 0x5249]);

/** Guesses from the first bytes which kind of new bytes a file holds, so that like is packed with like. */
export function kindOf(path: string, head: Uint8Array): LiteralKind {
  if (head.length >= 4) {
    const view = Buffer.from(head.buffer, head.byteOffset, head.length);
    if (view.readUInt32LE(0) === elf) return "binary";
    if (compressedMagics.has(view.readUInt16BE(0)) && !path.endsWith(".pyc")) return "packed";
  }
  let odd = 0;
  for (const byte of head) if (byte < 9 || (byte > 13 && byte < 32)) odd++;
  return odd * 32 > head.length ? "binary" : "text";
}
