import { isDdiffError } from "../util/errors.ts";

/**
 * What `keep` answers, which looks something up and touches it; where the store takes no writes (a disk that was mounted for reading
 * after a fault), what `look` answers, which only reads: pulls go on, and what a push relies on is checked when it writes.
 */
export async function evenReadOnly<T>(keep: () => Promise<T>, look: () => Promise<T>): Promise<T> {
  try {
    return await keep();
  } catch (error) {
    if (!isDdiffError(error, "NOT_WRITABLE")) throw error;
    return await look();
  }
}
