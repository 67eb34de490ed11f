import type { DeflateMaker } from "../encoder.ts";
import { FastEncoder } from "./fast-encoder.ts";
import { GreedyEncoder, type GreedyEffort } from "./greedy-encoder.ts";
import { LazyEncoder, type LazyEffort } from "./lazy-encoder.ts";
import { LiteralEncoder, StoredEncoder } from "./plain-encoders.ts";

const greedyEfforts: Record<number, GreedyEffort> = {
  2: { tries: 8, nice: 16, longestEntered: 5 },
  3: { tries: 32, nice: 32, longestEntered: 6 },
};

const lazyEfforts: Record<number, LazyEffort> = {
  4: { tries: 16, nice: 16, lazy: 4 },
  5: { tries: 32, nice: 32, lazy: 16 },
  6: { tries: 128, nice: 128, lazy: 16 },
  7: { tries: 256, nice: 128, lazy: 32 },
  8: { tries: 1024, nice: 258, lazy: 128 },
  9: { tries: 4096, nice: 258, lazy: 258 },
};

/**
 * The bytes of Go's compress/flate, which compress/gzip wraps, as Go 1.8 to 1.26 give them at a level from 0 to 9 (6 is Go's default), or at
 * -2, HuffmanOnly. Two cases are known in which Go before 1.15 gives others: level 1 forgets what came before at each GiB, and blocks without matches are
 * weighed one bit lighter. Throws a RangeError at another level.
 */
export function goDeflate(level: number): DeflateMaker {
  const greedy = greedyEfforts[level];
  const lazy = lazyEfforts[level];
  if (lazy) return (emit) => new LazyEncoder(lazy, emit);
  if (greedy) return (emit) => new GreedyEncoder(greedy, emit);
  if (level === 1) return (emit) => new FastEncoder(emit);
  if (level === 0) return (emit) => new StoredEncoder(emit);
  if (level === -2) return (emit) => new LiteralEncoder(emit);
  throw new RangeError(`no level of Go's compress/flate: ${level}`);
}
