import { DdiffError } from "../util/errors.ts";

/** What was asked for cannot be: `why` names what excludes what, `nearest` the nearest that can be. */
export function impossible(why: string, nearest: string): DdiffError {
  return new DdiffError("IMPOSSIBLE", why, { hint: nearest });
}
