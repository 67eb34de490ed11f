import { Readable } from "node:stream";

/**
 * How much is made before it is asked for: less than any large piece. Pieces that wait together are copied into one when they are
 * read, which would cost more than it gains.
 */
export const readAhead = 64 << 10;

/**
 * A stream of the buffers that `chunks` yields; one is asked for whenever the reader wants more, so backpressure is kept.
 * `release` runs at once when the stream is destroyed or fails, even while `chunks` waits for input: it must make that wait end
 * (destroy the source). This promptness is why `Readable.from` will not do.
 */
export function readableOf(chunks: AsyncGenerator<Buffer, void, void>, release: () => void): Readable {
  async function next(out: Readable): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await chunks.next();
        if (done === true) {
          out.push(null);
          return;
        }
        if (value.length > 0) {
          out.push(value);
          return;
        }
      }
    } catch (error) {
      out.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }
  return new Readable({
    highWaterMark: readAhead,
    read() {
      void next(this);
    },
    destroy(error, done) {
      release();
      void finish(chunks);
      done(error);
    },
  });
}

/** The same pieces again, once the first was awaited to see whether there are any. */
export async function* joined(
  first: IteratorResult<Buffer, void>,
  rest: AsyncGenerator<Buffer, void, void>,
): AsyncGenerator<Buffer, void, void> {
  if (first.done === true) return;
  yield first.value;
  yield* rest;
}

/** A stream of pieces that share one memory, each good only until the next is asked for: readers of a stream keep pieces, so they get copies. */
export function readableCopies(pieces: AsyncIterable<Buffer>): Readable {
  return readableOf(copies(pieces), () => {});
}

async function* copies(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  for await (const piece of pieces) yield Buffer.from(piece);
}

/** Runs the generator's `finally` blocks; what they throw after the end interests nobody. */
async function finish(chunks: AsyncGenerator<Buffer, void, void>): Promise<void> {
  try {
    await chunks.return();
  } catch {
    // The stream has already failed or was given up.
  }
}
