import type { PlaceContext } from "../places/place.ts";
import { mapLimited } from "../util/map-limited.ts";
import type { Outcome } from "./command.ts";
import { asDdiffError } from "./output/print-error.ts";
import type { DdiffError } from "../util/errors.ts";

/** Work on many things of which some may fail. */
export interface Batch<T, R> {
  items: readonly T[];
  /** At most this many at a time. */
  jobs: number;
  context: PlaceContext;
  nameOf(item: T): string;
  work(item: T): Promise<R>;
  /** One line for what was done. */
  describe(done: R): string;
  /** The last line. */
  summary(done: readonly R[]): string | undefined;
  /** "copied": for the line that counts what was done and what was not. */
  verb: string;
}

/**
 * Does the work on every item; a failure does not stop the others. One item alone fails as itself; of several, each failure is
 * told and the status is 1. An interruption stops all.
 */
export async function eachOne<T, R>(batch: Batch<T, R>): Promise<Outcome> {
  const done: R[] = [];
  const failed: { name: string; error: DdiffError }[] = [];
  await mapLimited(batch.items, batch.jobs, async (item) => {
    try {
      done.push(await batch.work(item));
    } catch (error) {
      if (batch.items.length === 1 || batch.context.signal?.aborted === true) throw error;
      const known = asDdiffError(error);
      failed.push({ name: batch.nameOf(item), error: known });
      batch.context.progress.note(`${batch.nameOf(item)} failed: ${known.message}`);
    }
  });
  const closing = batch.summary(done);
  return {
    status: failed.length > 0 ? 1 : 0,
    json: {
      done,
      failed: failed.map(({ name, error }) => ({
        name,
        error: { code: error.code, message: error.message, hint: error.hint },
      })),
    },
    summary: [...done.map((one) => batch.describe(one)), ...(closing === undefined ? [] : [closing])],
    // Failures are told with --quiet too.
    ...(failed.length === 0 ? {} : { answer: failureText(batch, failed) }),
  };
}

function failureText<T, R>(
  batch: Batch<T, R>,
  failed: readonly { name: string; error: DdiffError }[],
): string {
  const lines = failed.map(
    ({ name, error }) =>
      `${name}: ${error.message}${error.hint === undefined ? "" : `\n  hint: ${error.hint}`}`,
  );
  return [...lines, `${failed.length} of ${batch.items.length} could not be ${batch.verb}`].join("\n");
}
