/** What versions of containers/storage write behind the frames of zstd:chunked. */
export interface ChunkedEra {
  /** Bytes of the footer. */
  footerSize: 40 | 56 | 64;
  /** Whether the last frame is flushed before it is ended, which shows where something stands behind the tar's end. */
  flushesEnd: boolean;
  /** Whether tar-split's records go with it. */
  hasTarSplit: boolean;
  /** Whether these are flushed before they are ended. */
  flushesTarSplit: boolean;
  /** Whether the table of contents says their digest. */
  hasTarSplitDigest: boolean;
  /** Whether times that a tar does not have are written, as Go's zero. */
  hasZeroTimes: boolean;
}

const since1_41: ChunkedEra = {
  footerSize: 40,
  flushesEnd: true,
  hasTarSplit: false,
  flushesTarSplit: true,
  hasTarSplitDigest: false,
  hasZeroTimes: true,
};
const since1_47: ChunkedEra = { ...since1_41, hasTarSplit: true, footerSize: 56 };
const since1_50: ChunkedEra = { ...since1_47, footerSize: 64 };
const since1_54: ChunkedEra = { ...since1_50, hasTarSplitDigest: true };
const since1_55: ChunkedEra = { ...since1_54, hasZeroTimes: false };

/** By the first version of containers/storage that does so, the newest first. */
export const chunkedEras = {
  "1.59": { ...since1_55, flushesEnd: false, flushesTarSplit: false },
  "1.55": since1_55,
  "1.54": since1_54,
  "1.50": since1_50,
  "1.47": since1_47,
  "1.41": since1_41,
} as const satisfies Record<string, ChunkedEra>;
