/** What a tar member is. `sparse` is a file of which only parts are stored; `other` is anything without a common meaning. */
export type TarType =
  | "file"
  | "hardlink"
  | "symlink"
  | "char"
  | "block"
  | "directory"
  | "fifo"
  | "sparse"
  | "other";

/**
 * What the header blocks of one member say. Names are as written there (`./etc/`, trailing slash kept); bytes that are not
 * UTF-8 become lone surrogates (see names.ts), so that different names stay different.
 */
export interface TarHeader {
  path: string;
  type: TarType;
  /** The type flag of the last header block, one character; "\0" in the oldest tars. */
  flag: string;
  /** Bytes of data stored in the tar; 0 for types that have none, whatever the header claims. */
  size: number;
  /** Permission bits and above, as stored. */
  mode: number;
  uid: number;
  gid: number;
  /** Seconds since 1970, with a fraction where a PAX record gives one. */
  mtime: number;
  /** Target of a hard or symbolic link, else "". */
  linkPath: string;
  uname: string;
  gname: string;
  devMajor: number;
  devMinor: number;
  /** PAX records in force, those of global headers included; values as in names.ts. */
  pax: Map<string, string>;
}

/** A member with its place in the tar, offsets and lengths in bytes. */
export interface TarEntry extends TarHeader {
  headerOffset: number;
  /** All header blocks: PAX and GNU long-name records and sparse extensions included. */
  headerLength: number;
  dataOffset: number;
}

/** Bytes of a tar block: everything in a tar starts at a multiple of it. */
export const blockSize = 512;

/** `size` rounded up to whole blocks. */
export function roundToBlocks(size: number): number {
  return Math.ceil(size / blockSize) * blockSize;
}
