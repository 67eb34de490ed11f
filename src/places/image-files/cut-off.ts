import type { Readable } from "node:stream";
import { readableOf } from "../../util/readable.ts";

/** An archive on its way to an engine that ends so that the engine refuses it, where it cannot go on. */
export interface TidyArchive {
  /** Never fails by itself. Destroying it destroys the archive. */
  stream: Readable;
  /** Why it could not go on; undefined when it came to its own end. */
  failure(): { reason: unknown } | undefined;
  /** Aborted when there is nothing to wait for any more: give up the engine then. */
  giveUp: AbortSignal;
  /** To be called when the engine has answered. */
  done(): void;
}

/** What an engine gets to refuse an archive that was cut off and to tidy up, in milliseconds. */
const tidyTime = 10_000;

/** No tar header, and longer than the rest of any header: whatever it falls into is spoilt. */
const spoiler = Buffer.alloc(64 << 10, 0xff);

/**
 * Engines whose connection breaks, and commands that are killed, leave half-written blobs and copies behind; an archive that they
 * find damaged they refuse and clean away. So where `archive` fails or the user stops, what follows is spoilt and then ended.
 */
export function tidyArchive(archive: Readable, signal?: AbortSignal): TidyArchive {
  const giveUp = new AbortController();
  let failed: { reason: unknown } | undefined;
  let sent = false;
  let released = false;
  let late: NodeJS.Timeout | undefined;

  const abort = (): void => {
    // All is there: only the engine itself can be stopped now.
    if (sent) giveUp.abort(signal?.reason);
    else archive.destroy(asError(signal?.reason));
  };
  if (signal?.aborted === true) abort();
  else signal?.addEventListener("abort", abort);

  async function* pieces(): AsyncGenerator<Buffer, void, void> {
    try {
      yield* archive as AsyncIterable<Buffer>;
    } catch (reason) {
      // Nobody reads any more: that the archive was closed is not why.
      if (released) return;
      failed = { reason };
      late = setTimeout(() => giveUp.abort(reason), tidyTime);
      yield spoiler;
    }
    sent = true;
  }
  return {
    stream: readableOf(pieces(), () => {
      released = true;
      archive.destroy();
    }),
    failure: () => failed,
    giveUp: giveUp.signal,
    done() {
      clearTimeout(late);
      signal?.removeEventListener("abort", abort);
    },
  };
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error("stopped");
}
