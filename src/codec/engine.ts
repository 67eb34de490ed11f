import type { Transform } from "node:stream";
import { DdiffError, messageOf } from "../util/errors.ts";

/** Piece size for all of zlib: its default of 16 KiB halves the speed. */
export const chunkSize = 1 << 18;

/**
 * Runs `pieces` through a zlib stream, one write at a time: each is awaited, because writes that queue up make zstd's output
 * depend on timing. An engine that stops listening before the input ends is left alone and the rest of `pieces` only read,
 * so that the caller can judge it. Failures of `pieces` come out as they are, those of the engine as `failure` makes them.
 */
export async function* through(
  engine: Transform,
  pieces: AsyncIterable<Buffer>,
  failure: (cause: unknown) => Error,
): AsyncGenerator<Buffer, void, void> {
  let ended = false;
  let wake: (() => void) | undefined;
  let inputError: { error: unknown } | undefined;
  engine.once("end", () => {
    ended = true;
    wake?.();
  });

  function write(piece: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      wake = resolve;
      engine.write(piece, (error) => (error ? reject(error) : resolve()));
    });
  }

  async function feed(): Promise<void> {
    const iterator = pieces[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await iterator.next().catch((error: unknown) => {
          inputError = { error };
          throw error;
        });
        if (next.done === true) break;
        if (!ended && next.value.length > 0) await write(next.value);
      }
      engine.end();
    } catch (error) {
      engine.destroy(error instanceof Error ? error : new Error(String(error)));
      await iterator.return?.();
    }
  }

  const feeding = feed();
  try {
    for await (const chunk of engine) yield chunk as Buffer;
    await feeding;
  } catch (error) {
    throw inputError === undefined ? failure(error) : inputError.error;
  } finally {
    engine.destroy();
  }
  if (inputError !== undefined) throw inputError.error;
}

/** The error of compressed data that cannot be read; `what` names it. */
export function decompressionFailed(what: string, cause: unknown): DdiffError {
  if (cause instanceof DdiffError) return cause;
  return new DdiffError("DECOMPRESSION_FAILED", `${what} cannot be decompressed: ${messageOf(cause)}`, {
    hint: "The data is damaged or was cut short: fetch it again.",
    cause,
  });
}
