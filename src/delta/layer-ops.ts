/**
 * The operations that a layer patch is made of, as they stand in its `ops` column: one byte an entry of the tar.
 * Bits 0-1 say where the entry's headers are predicted from, bits 2-4 where its data comes from, bit 5 whether
 * the bytes that pad the data to 512 are not all zero, bit 6 whether copied data is patched. See docs/bundle-format.md, "Layer patches".
 */
export const partner = {
  /** No base entry: headers are predicted from the entry before. */
  none: 0,
  /** The base entry that follows the last one referred to. */
  next: 1,
  /** A base entry named in the `refs` column. */
  explicit: 2,
} as const;

export const body = {
  /** No data. */
  empty: 0,
  /** The partner's data, unchanged. */
  same: 1,
  /** A patch of the partner's data. */
  patch: 2,
  /** New bytes. */
  literal: 3,
  /** The data of another base entry, named in `refs`, unchanged. */
  other: 4,
  /** A patch of the data of another base entry, named in `refs`. */
  otherPatch: 5,
  /** The same bytes stood earlier in a layer of this bundle: `copies` says where. */
  copy: 6,
  /** Not an entry: bits 0-1 say which (see `special`). */
  special: 7,
} as const;

/** What stands where no entry does. */
export const special = {
  /** A run of zero bytes; its length is in `lengths`. */
  zeros: 0,
  /** A run of new bytes; its length is in `lengths`. */
  raw: 1,
  /** The patch of the last entry's data goes on from the segment before. */
  more: 2,
} as const;

export const oddPadding = 0x20;
/** With `body.copy`: the bytes that stood earlier are not the data but what the data's patch is based on. */
export const copyPatch = 0x40;
/** Bits that an operation may have. */
export const opBits = 0x7f;

/** The columns of a segment that this file's operations fill; those of headers and patches follow them. */
export const opColumns = ["ops", "refs", "copies", "lengths", "padding", "kinds"] as const;

/** Kinds of new bytes: each kind is one solid zstd stream per layer. */
export const literalKinds = ["binary", "text", "packed"] as const;
export type LiteralKind = (typeof literalKinds)[number];

/** A segment ends when its raw columns pass this many bytes, so that neither side holds more of them in memory. */
export const segmentBytes = 4 << 20;
/** The columns of a segment may be no larger than this together when unpacked: a reader holds them in memory. */
export const largestSegment = 128 << 20;
/** A layer with more entries than this is carried as one run of bytes: a reader holds what each refers to in memory. */
export const mostEntries = 1 << 22;

/** The first bytes of a layer patch: name and version of its format. */
export const patchMagic = Buffer.from("ddiffLP1", "latin1");
