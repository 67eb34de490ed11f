import { DdiffError } from "../../util/errors.ts";

/** What the header of a gzip member says (RFC 1952, 2.3), and how long it is. */
export interface GzipHeader {
  /** Bytes of the whole header. */
  length: number;
  /** MTIME: seconds since 1970, 0 where there is none. */
  modified: number;
  /** XFL: 2 from a packer at its best, 4 from one at its fastest. */
  effort: number;
  /** OS: 3 from Unix, 255 from those who do not say. */
  system: number;
  extra?: Buffer;
  /** Names and comments are Latin-1. */
  name?: string;
  comment?: string;
}

const hasHeaderChecksum = 2;
const hasExtra = 4;
const hasName = 8;
const hasComment = 16;
const unknownFlags = 0xe0;
/** A header is some ten bytes, with an extra field of 64 KiB at the most; no name is longer than this. */
const longestHeader = 1 << 17;

/**
 * Reads the header that `bytes` begin with; undefined where it goes on behind them. Throws `DECOMPRESSION_FAILED` for what is no header, and
 * for one longer than 128 KiB.
 */
export function parseGzipHeader(bytes: Buffer): GzipHeader | undefined {
  for (const [i, magic] of [0x1f, 0x8b, 8].entries()) {
    if (bytes.length > i && bytes[i] !== magic) throw invalid("it does not begin as gzip does");
  }
  const flags = bytes[3];
  if (flags === undefined) return undefined;
  if ((flags & unknownFlags) !== 0) throw invalid("it has flags that nobody knows");
  if (bytes.length < 10) return undefined;
  const header: GzipHeader = {
    length: 10,
    modified: bytes.readUInt32LE(4),
    effort: bytes.readUInt8(8),
    system: bytes.readUInt8(9),
  };
  if (flags & hasExtra) {
    if (bytes.length < 12) return undefined;
    header.length = 12 + bytes.readUInt16LE(10);
    if (bytes.length < header.length) return undefined;
    header.extra = bytes.subarray(12, header.length);
  }
  for (const [flag, field] of [
    [hasName, "name"],
    [hasComment, "comment"],
  ] as const) {
    if ((flags & flag) === 0) continue;
    const end = bytes.indexOf(0, header.length);
    if ((end < 0 ? bytes.length : end) > longestHeader) throw invalid("it is too long");
    if (end < 0) return undefined;
    header[field] = bytes.toString("latin1", header.length, end);
    header.length = end + 1;
  }
  if (flags & hasHeaderChecksum) header.length += 2;
  return bytes.length < header.length ? undefined : header;
}

function invalid(why: string): DdiffError {
  return new DdiffError("DECOMPRESSION_FAILED", `the header of a gzip stream cannot be read: ${why}`);
}
