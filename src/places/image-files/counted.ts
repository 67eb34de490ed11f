import type { Readable } from "node:stream";
import { readableOf } from "../../util/readable.ts";

/** The same bytes; `advance` hears of every piece. Destroying the result destroys the source. */
export function counted(stream: Readable, advance: (bytes: number) => void): Readable {
  return readableOf(count(stream, advance), () => stream.destroy());
}

async function* count(
  stream: AsyncIterable<Buffer>,
  advance: (bytes: number) => void,
): AsyncGenerator<Buffer, void, void> {
  for await (const chunk of stream) {
    advance(chunk.length);
    yield chunk;
  }
}
