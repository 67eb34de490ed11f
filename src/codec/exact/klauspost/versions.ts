import type { BlockHabits } from "./block-writer.ts";
import type { ChainHabits } from "./chain-compressor.ts";
import type { FillingHabits } from "./filling-block-writer.ts";
import type { Level5Habits } from "./level5.ts";

/** Everything in which the versions differ that have the encoders here. */
export interface Version {
  blocks: BlockHabits;
  chains: ChainHabits;
  /** Up to 1.17: see `Level4`. */
  level4ComparesRightPlace: boolean;
  level5: Level5Habits;
  /** Up to 1.13, in place of `blocks`. */
  filling?: FillingHabits;
}

const latest: Version = {
  blocks: { listsAllSymbols: false, countsEnd: true, seesNoise: true },
  chains: { looksBehindMatch: true, weighsAllBytes: false, literalsCost: false, countsDictionary: false },
  level4ComparesRightPlace: false,
  level5: { later: 2, partsOf255: false },
};
const v1_18_2: Version = { ...latest, chains: { ...latest.chains, countsDictionary: true } };
/** Withdrawn for writing broken blocks at the levels 7 to 9. */
const v1_18_1: Version = {
  ...v1_18_2,
  blocks: { listsAllSymbols: false, countsEnd: false, seesNoise: true },
  chains: { ...v1_18_2.chains, weighsAllBytes: true },
};
const v1_18_0: Version = { ...v1_18_1, blocks: { listsAllSymbols: true, countsEnd: false, seesNoise: true } };
const v1_15_15: Version = { ...v1_18_0, level4ComparesRightPlace: true };
const v1_15_10: Version = {
  ...v1_15_15,
  chains: { ...v1_15_15.chains, looksBehindMatch: false },
};
/** These are for level 5 only, which is pgzip's default. */
const v1_15_0: Version = { ...v1_15_10, level5: { later: 0, partsOf255: false } };
const v1_14_2: Version = { ...v1_15_0, level5: { later: 0, partsOf255: true } };
const v1_12_3: Version = { ...v1_14_2, filling: { penalty: 8, guesses: false } };
const v1_10_11: Version = {
  ...v1_12_3,
  level5: { later: -1, partsOf255: true },
  filling: { penalty: 6, guesses: true },
};

/** Those that were the first at some level to pack as they do, and Go's port. */
export const versions = {
  "1.10.11": v1_10_11,
  "1.12.3": v1_12_3,
  "1.14.2": v1_14_2,
  "1.15.0": v1_15_0,
  "1.15.10": v1_15_10,
  "1.15.11": v1_15_10,
  "1.15.15": v1_15_15,
  "1.18.0": v1_18_0,
  "1.18.1": v1_18_1,
  "1.18.2": v1_18_2,
  "1.20.0": latest,
  go: { ...latest, chains: { ...latest.chains, literalsCost: true } },
} as const satisfies Record<string, Version>;
