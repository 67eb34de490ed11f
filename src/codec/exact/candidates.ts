import type { ExactEncoder } from "./encoder.ts";
import { encoders } from "./encoders.ts";
import type { GzipHeader } from "./gzip-header.ts";

/** The zero of Go's time, cut to the 32 bits of a header: pgzip writes it, as Go did up to 1.7. */
const zeroGoTime = 0x886e0900;

/**
 * The encoders that may have made a member with this header, the likeliest first, in rounds: the next is asked only where none of a round
 * fits. `last` is the encoder of the member before.
 */
export function* candidatesFor(
  header: GzipHeader,
  last?: ExactEncoder,
): Generator<readonly ExactEncoder[], void, void> {
  yield last === undefined ? [] : [last];
  const level = levelsOf(header);
  const families = familiesOf(header).map((family) => encoders.filter(({ id }) => family.test(id)));
  const usual = families.flatMap((family) => family.filter(({ id }) => level.test(id)));
  yield usual;
  yield families.flat().filter((one) => !usual.includes(one));
}

/** Go's programs say neither time nor system, those for Unix say that they are. */
function familiesOf({ modified, system }: GzipHeader): RegExp[] {
  if (modified === zeroGoTime) return [/^pgzip/];
  if (system === 255) return [/^go/, /^zlib/, /^pgzip/];
  return [/^zlib/, /^chromium/, /^go/];
}

/** Packers say in the header whether they were at their fastest or at their best; else they were at their default. */
function levelsOf({ effort }: GzipHeader): RegExp {
  if (effort === 4) return /-level1$/;
  if (effort === 2) return /-level9$/;
  return /^pgzip.*-level5$|-level6$/;
}
