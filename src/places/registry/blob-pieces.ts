import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { DdiffError } from "../../util/errors.ts";
import { readableOf } from "../../util/readable.ts";
import type { OutgoingBlob } from "../place.ts";

/** A blob that is read piece by piece, mostly in order, sometimes again from an earlier offset. */
export interface BlobPieces {
  /** Bytes `offset` to `offset + length`. Throws `SIZE_MISMATCH` where the source ends too early. */
  take(offset: number, length: number): Promise<Readable>;
  close(): void;
}

/**
 * Reads a blob in pieces. A file is read where it is wanted; any other source runs on from piece to piece and is opened
 * again, and read up to the offset, only when the registry has to get something twice.
 */
export function blobPieces(blob: OutgoingBlob): BlobPieces {
  const { file } = blob;
  if (file === undefined) return streamPieces(blob);
  return {
    async take(offset, length) {
      if (length === 0) return Readable.from([]);
      const bytes = createReadStream(file, {
        start: offset,
        end: offset + length - 1,
        highWaterMark: 1 << 20,
      });
      return readableOf(exactly(bytes, length, blob), () => bytes.destroy());
    },
    close: () => undefined,
  };
}

async function* exactly(
  bytes: AsyncIterable<Buffer>,
  length: number,
  blob: OutgoingBlob,
): AsyncGenerator<Buffer, void, void> {
  let left = length;
  for await (const chunk of bytes) {
    left -= chunk.length;
    yield chunk;
  }
  if (left > 0) throw tooShort(blob);
}

function streamPieces(blob: OutgoingBlob): BlobPieces {
  let source: Readable | undefined;
  let chunks: AsyncIterator<Buffer> | undefined;
  let rest: Buffer | undefined;
  /** Offset of the next byte that `next` gives. */
  let position = 0;
  /** True while a piece is being read: it may still take a chunk that the next piece would miss. */
  let busy = false;

  const close = (): void => {
    source?.destroy();
    source = undefined;
    chunks = undefined;
  };
  const open = async (): Promise<void> => {
    close();
    source = await blob.open();
    source.on("error", () => undefined);
    chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    rest = undefined;
    position = 0;
  };
  const next = async (limit: number): Promise<Buffer> => {
    let chunk = rest;
    rest = undefined;
    if (chunk === undefined) {
      const read = await chunks?.next();
      if (read === undefined || read.done === true) throw tooShort(blob);
      chunk = read.value;
    }
    const part = chunk.subarray(0, limit);
    if (part.length < chunk.length) rest = chunk.subarray(limit);
    position += part.length;
    return part;
  };

  async function* piece(offset: number, length: number): AsyncGenerator<Buffer, void, void> {
    const mine = source;
    busy = true;
    let behind = offset - position;
    while (behind > 0) behind -= (await next(behind)).length;
    let left = length;
    while (left > 0) {
      const part = await next(left);
      left -= part.length;
      if (left === 0 && source === mine) busy = false;
      yield part;
    }
    if (source === mine) busy = false;
  }

  return {
    async take(offset, length) {
      if (source === undefined || busy || position > offset) await open();
      const mine = source;
      return readableOf(piece(offset, length), () => {
        // A piece that was given up leaves the source at an unknown place.
        if (busy && source === mine) close();
      });
    },
    close,
  };
}

function tooShort(blob: OutgoingBlob): DdiffError {
  const { digest, size } = blob.descriptor;
  return new DdiffError("SIZE_MISMATCH", `The bytes of ${digest} end before ${size}`, {
    hint: "The place that the image comes from is damaged; ddiff check or a fresh pull tells more.",
  });
}
