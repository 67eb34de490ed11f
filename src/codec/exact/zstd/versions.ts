import { BetterMatcher } from "./better.ts";
import { BestMatcher } from "./best.ts";
import { DoubleFastMatcher } from "./double-fast.ts";
import { FastMatcher } from "./fast.ts";
import type { Matcher } from "./matcher.ts";

/** How versions of klauspost/compress write what was found. */
interface ZstdFormat {
  /** For a block to be packed, more than its size shifted by so much has to be matched. */
  matchedShift: 5 | 6;
  /** Whether a full block without any match is left plain at every level. */
  leavesFullBlocks: boolean;
  /** Literals are packed where there are more than so many. */
  mostPlainLiterals: 16 | 32;
  /** Whether packed literals that are as large as plain ones with their header are left plain. */
  comparesHeaders: boolean;
  /** Whether a block of one byte's repetitions is written as such. */
  hasRunBlocks: boolean;
  /** Whether the sizes of tables are reckoned with their real headers and the states at the end. */
  weighsTables: boolean;
}

/** What a version of klauspost/compress does at a level of zstd. */
export interface ZstdVersion extends ZstdFormat {
  /** Whether a block with hardly a match, or none, is packed as literals. */
  packsLoneLiterals: boolean;
  makeMatcher(): Matcher;
}

const since1_15_9: ZstdFormat = {
  matchedShift: 5,
  leavesFullBlocks: true,
  mostPlainLiterals: 32,
  comparesHeaders: false,
  hasRunBlocks: false,
  weighsTables: false,
};
const since1_16_4: ZstdFormat = { ...since1_15_9, matchedShift: 6, leavesFullBlocks: false };
const since1_17: ZstdFormat = { ...since1_16_4, mostPlainLiterals: 16, comparesHeaders: true };
const since1_17_8: ZstdFormat = { ...since1_17, hasRunBlocks: true };
const since1_20_3: ZstdFormat = { ...since1_17_8, weighsTables: true };

const fastest = { packsLoneLiterals: false, makeMatcher: () => new FastMatcher() };
const byDefault = { packsLoneLiterals: false, makeMatcher: () => new DoubleFastMatcher() };

/** Matches are nearer than this at the better level, up to 1.17.4 and since. */
const windowBefore = 16 << 20;
const window = 8 << 20;

function better(...shape: ConstructorParameters<typeof BetterMatcher>): Omit<ZstdVersion, keyof ZstdFormat> {
  return { packsLoneLiterals: true, makeMatcher: () => new BetterMatcher(...shape) };
}
function best(seesRuns: boolean): Omit<ZstdVersion, keyof ZstdFormat> {
  return { packsLoneLiterals: true, makeMatcher: () => new BestMatcher(seesRuns) };
}
const newBetter = { windowSize: window, mayMiss: 3, entersSearched: true } as const;
const oldBetter = { windowSize: windowBefore, mayMiss: 3, entersSearched: false, seesRuns: false } as const;

/** By level, and by the first version that does so. */
export const zstdVersions = {
  fastest: {
    "1.15.9": { ...since1_15_9, ...fastest },
    "1.16.4": { ...since1_16_4, ...fastest },
    "1.17.0": { ...since1_17, ...fastest },
    "1.17.8": { ...since1_17_8, ...fastest },
    "1.20.3": { ...since1_20_3, ...fastest },
  },
  default: {
    "1.15.9": { ...since1_15_9, ...byDefault, packsLoneLiterals: true },
    "1.16.4": { ...since1_16_4, ...byDefault },
    "1.17.0": { ...since1_17, ...byDefault },
    "1.17.8": { ...since1_17_8, ...byDefault },
    "1.20.3": { ...since1_20_3, ...byDefault },
  },
  better: {
    "1.15.9": { ...since1_15_9, ...better({ ...oldBetter, mayMiss: 0 }) },
    "1.15.10": { ...since1_15_9, ...better(oldBetter) },
    "1.16.4": { ...since1_16_4, ...better(oldBetter) },
    "1.17.0": { ...since1_17, ...better(oldBetter) },
    "1.17.3": { ...since1_17, ...better({ ...oldBetter, entersSearched: true }) },
    "1.17.5": { ...since1_17, ...better({ ...newBetter, seesRuns: false }) },
    "1.17.8": { ...since1_17_8, ...better({ ...newBetter, seesRuns: true }) },
    "1.20.3": { ...since1_20_3, ...better({ ...newBetter, seesRuns: true }) },
  },
  best: {
    "1.17.6": { ...since1_17, ...best(false) },
    "1.17.8": { ...since1_17_8, ...best(true) },
    "1.20.3": { ...since1_20_3, ...best(true) },
  },
} as const satisfies Record<string, Record<string, ZstdVersion>>;
