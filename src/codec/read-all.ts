import type { Readable } from "node:stream";
import { DdiffError } from "../util/errors.ts";

/**
 * A whole stream in memory, at most `limit` bytes; `what` names it in the error. Errors of the source come through.
 * Throws `TOO_LARGE` as soon as there is more, and destroys the stream.
 */
export async function readAll(stream: Readable, limit: number, what: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new DdiffError("TOO_LARGE", `${what} is larger than the ${limit} bytes allowed`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
