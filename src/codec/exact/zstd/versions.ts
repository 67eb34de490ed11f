/** What versions of klauspost/compress do otherwise at the default level of zstd. */
export interface ZstdVersion {
  /** For a block to be packed, more than its size shifted by so much has to be matched. */
  matchedShift: 5 | 6;
  /** Whether a block that is not full is packed even if it has no match. */
  packsLoneLiterals: boolean;
  /** Literals are packed where there are more than so many. */
  mostPlainLiterals: 16 | 32;
  /** Whether packed literals that are as large as plain ones with their header are left plain. */
  comparesHeaders: boolean;
  /** Whether a block of one byte's repetitions is written as such. */
  hasRunBlocks: boolean;
  /** Whether the sizes of tables are reckoned with their real headers and the states at the end. */
  weighsTables: boolean;
}

const since1_15_9: ZstdVersion = {
  matchedShift: 5,
  packsLoneLiterals: true,
  mostPlainLiterals: 32,
  comparesHeaders: false,
  hasRunBlocks: false,
  weighsTables: false,
};
const since1_16_4: ZstdVersion = { ...since1_15_9, matchedShift: 6, packsLoneLiterals: false };
const since1_17: ZstdVersion = { ...since1_16_4, mostPlainLiterals: 16, comparesHeaders: true };
const since1_17_8: ZstdVersion = { ...since1_17, hasRunBlocks: true };

/** By the first version that does so. */
export const zstdVersions = {
  "1.15.9": since1_15_9,
  "1.16.4": since1_16_4,
  "1.17.0": since1_17,
  "1.17.8": since1_17_8,
  "1.20.3": { ...since1_17_8, weighsTables: true },
} as const satisfies Record<string, ZstdVersion>;
