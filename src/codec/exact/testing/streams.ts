import { Readable } from "node:stream";

/** Bytes as a stream of pieces of this size. */
export function cut(bytes: Buffer, piece = 50_021): Readable {
  function* pieces(): Generator<Buffer> {
    for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
  }
  return Readable.from(pieces());
}

/** All that comes, in one piece. */
export async function gathered(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(Buffer.from(chunk));
  return Buffer.concat(all);
}
