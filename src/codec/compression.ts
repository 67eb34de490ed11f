import type { Readable, Transform } from "node:stream";
import { constants, createGunzip, createGzip, createZstdCompress, createZstdDecompress } from "node:zlib";
import { DdiffError } from "../util/errors.ts";
import { readableOf } from "../util/readable.ts";
import { chunkSize, decompressionFailed, through } from "./engine.ts";
import { releasable } from "./release.ts";
import { cutFrames, isSkippableMagic, zstdMagic } from "./zstd-frames.ts";

/** How a blob is packed. */
export type Compression = "none" | "gzip" | "zstd";

/** What decompression may cost. Sizes are in bytes. */
export interface DecompressionLimits {
  /** The size that is known or allowed. Where it is given, no ratio is enforced unless `maxRatio` asks for one. */
  maxBytes?: number;
  /** Output per input byte, once the output passes 64 MiB. Default 1100: more than gzip can reach, less than a zstd bomb. */
  maxRatio?: number;
  /** Largest zstd window, as a power of two; 27 (128 MiB, what every zstd decoder accepts), at most 31. */
  windowLog?: number;
  /** Names the data in errors: "layer sha256:…". */
  what?: string;
}

/** Below this much output no ratio is looked at. */
const ratioFloor = 64 << 20;

/** The compression that data begin with, told from its first bytes (4 are enough). */
export function detectCompression(head: Uint8Array): Compression {
  const [a = 0, b = 0, c = 0, d = 0] = head;
  if (head.length >= 3 && a === 0x1f && b === 0x8b && c === 8) return "gzip";
  if (head.length < 4) return "none";
  const magic = (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
  return magic === zstdMagic || isSkippableMagic(magic) ? "zstd" : "none";
}

/**
 * The plain bytes of a stream that is packed with gzip (any number of members, zero padding tolerated), zstd (any number of
 * frames) or not at all. Errors of the source come through; destroying the result destroys the source.
 * Throws `DECOMPRESSION_FAILED` (damaged, cut short, something behind the end) and `BOMB` (more than the limits allow).
 */
export function decompressed(stream: Readable, limits: DecompressionLimits = {}): Readable {
  const what = limits.what ?? "compressed data";
  return readableOf(unpack(stream, limits, what), () => stream.destroy());
}

/** Packs with gzip at level 6; the bytes depend on the content only. Destroying the result destroys the source. */
export function gzipped(stream: Readable): Readable {
  return packed(stream, createGzip({ chunkSize }));
}

/** Packs as one zstd frame; the bytes depend on the content and `level` only. Destroying the result destroys the source. */
export function zstdCompressed(stream: Readable, level: number): Readable {
  return packed(
    stream,
    createZstdCompress({ chunkSize, params: { [constants.ZSTD_c_compressionLevel]: level } }),
  );
}

function packed(stream: Readable, engine: Transform): Readable {
  return readableOf(through(engine, stream, asError), () => {
    engine.destroy();
    stream.destroy();
  });
}

function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}

async function* unpack(
  stream: Readable,
  limits: DecompressionLimits,
  what: string,
): AsyncGenerator<Buffer, void, void> {
  const input = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let head: Buffer = Buffer.alloc(0);
  while (head.length < 4) {
    const next = await input.next();
    if (next.done === true) break;
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  const tally = { input: 0 };
  const source = counted(head, input, tally);
  const compression = detectCompression(head);
  const maxRatio = limits.maxRatio ?? (limits.maxBytes === undefined ? 1100 : Number.POSITIVE_INFINITY);
  const maxBytes = limits.maxBytes ?? Number.POSITIVE_INFINITY;
  const output =
    compression === "gzip"
      ? releasable(gunzip(source, what))
      : compression === "zstd"
        ? releasable(unzstd(source, limits.windowLog ?? 27, what))
        : source;
  let bytes = 0;
  for await (const chunk of output) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw bomb(`${what} expands beyond the ${maxBytes} bytes that it may have`);
    if (bytes > ratioFloor && bytes > tally.input * maxRatio) {
      throw bomb(`${what} expands to more than ${maxRatio} times its size`);
    }
    yield chunk;
  }
}

function bomb(sentence: string): DdiffError {
  return new DdiffError("BOMB", sentence, {
    hint: "Use it only if you trust where it comes from; its sizes do not add up.",
  });
}

/** `head`, then the rest of `input`; counts what was handed on. */
async function* counted(
  head: Buffer,
  input: AsyncIterator<Buffer>,
  tally: { input: number },
): AsyncGenerator<Buffer, void, void> {
  try {
    tally.input = head.length;
    if (head.length > 0) yield head;
    for (;;) {
      const next = await input.next();
      if (next.done === true) return;
      tally.input += next.value.length;
      yield next.value;
    }
  } finally {
    await input.return?.();
  }
}

async function* gunzip(source: AsyncIterable<Buffer>, what: string): AsyncGenerator<Buffer, void, void> {
  const engine = createGunzip({ chunkSize });
  let total = 0;
  let lastNonZero = 0;
  async function* watched(): AsyncGenerator<Buffer, void, void> {
    for await (const chunk of source) {
      let end = chunk.length;
      while (end > 0 && chunk[end - 1] === 0) end--;
      if (end > 0) lastNonZero = total + end;
      total += chunk.length;
      yield chunk;
    }
  }
  yield* through(engine, watched(), (cause) => decompressionFailed(what, cause));
  // Node stops at the first zero byte behind a member and never looks at what follows.
  if (lastNonZero > engine.bytesWritten) {
    throw decompressionFailed(what, new Error("something follows behind its end"));
  }
}

async function* unzstd(
  source: AsyncIterable<Buffer>,
  windowLog: number,
  what: string,
): AsyncGenerator<Buffer, void, void> {
  const frames = cutFrames(source, what);
  const first = await frames.next();
  // Nothing but skippable frames is a whole stream, yet Node's decoder fails when it gets no data.
  if (first.done === true) return;
  const params = { [constants.ZSTD_d_windowLogMax]: windowLog };
  const engine = createZstdDecompress({ chunkSize, params });
  const rest = counted(first.value, frames, { input: 0 });
  yield* through(engine, rest, (cause) => decompressionFailed(what, cause));
}
