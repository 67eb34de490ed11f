import { Readable } from "node:stream";
import { readAhead } from "../util/readable.ts";

/** A stream, and its maker. */
export interface MadeStream {
  stream: Readable;
  /** Settles when the maker uses nothing any more; never rejects. */
  ended: Promise<void>;
}

/**
 * A stream of the pieces that `make` gives. It begins when the stream is first read, and waits where `give` answers a promise:
 * the reader has enough. What it throws is the stream's error; once the stream is destroyed, `give` throws.
 */
export function madeStream(
  make: (give: (piece: Buffer) => Promise<void> | undefined) => Promise<void>,
): MadeStream {
  const ending = Promise.withResolvers<void>();
  let isBegun = false;
  let wake: (() => void) | undefined;
  const give = (piece: Buffer): Promise<void> | undefined => {
    if (stream.destroyed) throw given();
    if (stream.push(piece)) return undefined;
    return new Promise((resolve, reject) => {
      wake = () => (stream.destroyed ? reject(given()) : resolve());
    });
  };
  const run = async (): Promise<void> => {
    try {
      await make(give);
      stream.push(null);
    } catch (error) {
      stream.destroy(error instanceof Error ? error : new Error(String(error)));
    } finally {
      ending.resolve();
    }
  };
  const goOn = (): void => {
    const waiting = wake;
    wake = undefined;
    waiting?.();
  };
  const stream = new Readable({
    highWaterMark: readAhead,
    read() {
      if (isBegun) return goOn();
      isBegun = true;
      void run();
    },
    destroy(error, done) {
      if (!isBegun) ending.resolve();
      goOn();
      done(error);
    },
  });
  return { stream, ended: ending.promise };
}

function given(): Error {
  return new Error("nobody reads any more");
}
