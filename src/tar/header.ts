import { DdiffError } from "../util/errors.ts";
import { blockSize, roundToBlocks, type TarHeader, type TarType } from "./entry.ts";
import { decodeName } from "./names.ts";
import { checksums, parseNumber } from "./numbers.ts";
import { parsePax } from "./pax.ts";

/** Header blocks of one entry may have this many bytes: real ones have some hundred, a hostile one as many as it likes. */
export const maxHeaderBytes = 8 << 20;

const types: Record<string, TarType> = {
  "\0": "file",
  "0": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "char",
  "4": "block",
  "5": "directory",
  "6": "fifo",
  "7": "file",
  S: "sparse",
};

/** What comes after a header block that the block itself announces. */
export type HeaderStep =
  /** `bytes` of a record that belongs to the entry's header, then one more header block. */
  | { kind: "record"; bytes: number }
  /** `bytes` of a global PAX record: an entry of its own that ends with them. */
  | { kind: "global"; bytes: number }
  /** Old GNU sparse: extension blocks while byte 504 of the last one (482 of the header) is set. */
  | { kind: "sparse" }
  | { kind: "last" };

/** Checks one header block (not a record's contents) and says what follows it. Throws `TAR_INVALID`. */
export function readStep(block: Buffer, offset: number): HeaderStep {
  const stored = parseNumber(block, 148, 8);
  const { unsigned, signed } = checksums(block);
  if (stored !== unsigned && stored !== signed) throw tarInvalid(offset, "its checksum is wrong");
  switch (String.fromCharCode(block[156] ?? 0)) {
    case "x":
    case "X":
    case "L":
    case "K":
      return { kind: "record", bytes: recordBytes(block, offset) };
    case "g":
      return { kind: "global", bytes: recordBytes(block, offset) };
    case "S":
      return block[482] === 0 ? { kind: "last" } : { kind: "sparse" };
    case "M":
      throw tarInvalid(offset, "it continues a file of another volume");
    default:
      return { kind: "last" };
  }
}

function recordBytes(block: Buffer, offset: number): number {
  const size = parseNumber(block, 124, 12);
  if (size === undefined || size < 0 || size > maxHeaderBytes) {
    throw tarInvalid(offset, "the size of its extended header is out of bounds");
  }
  return roundToBlocks(size);
}

/** A `TAR_INVALID` error for the header at `offset` (bytes into the tar). */
export function tarInvalid(offset: number, why: string): DdiffError {
  return new DdiffError("TAR_INVALID", `the tar's header at byte ${offset} is invalid: ${why}`, {
    hint: "The data is damaged or no tar.",
  });
}

/**
 * Reads the complete header blocks of ONE entry. Formats: v7, ustar, GNU, star, PAX. `globals` are the records of global
 * PAX headers before it: they are defaults for everything but name and size, as each of those belongs to one file.
 * `offset` is where the blocks stand in the tar, for errors. Throws `TAR_INVALID`.
 */
export function parseHeaders(blocks: Buffer, globals?: Map<string, string>, offset = 0): TarHeader {
  let longName: string | undefined;
  let longLink: string | undefined;
  const pax = new Map(globals);
  const own = new Map<string, string>();
  for (let at = 0; ; ) {
    if (at + blockSize > blocks.length) throw tarInvalid(offset + at, "it is cut short");
    const block = blocks.subarray(at, at + blockSize);
    const step = readStep(block, offset + at);
    if (step.kind !== "record") {
      const header = parseBlock(block, offset + at);
      if (step.kind === "global") return globalHeader(header, blocks.subarray(at), offset + at);
      for (const [key, value] of own) {
        if (value !== "") pax.set(key, value);
        else {
          // An empty value takes a global one back and leaves what the header block says.
          pax.delete(key);
          own.delete(key);
        }
      }
      return finish(header, { longName, longLink, pax, own, offset: offset + at });
    }
    const size = parseNumber(block, 124, 12) ?? 0;
    const start = at + blockSize;
    if (start + step.bytes > blocks.length) throw tarInvalid(offset + at, "its extended header is cut short");
    const record = blocks.subarray(start, start + size);
    const flag = block[156];
    if (flag === 0x4c) longName = decodeName(untilNul(record));
    else if (flag === 0x4b) longLink = decodeName(untilNul(record));
    else for (const [key, value] of paxRecords(record, offset + at)) own.set(key, value);
    at = start + step.bytes;
  }
}

function paxRecords(record: Buffer, offset: number): [string, string][] {
  const records = parsePax(record);
  if (records === undefined) throw tarInvalid(offset, "its PAX records are malformed");
  return records;
}

/** A global PAX header as an entry of its own, its records in `pax`. */
function globalHeader(header: TarHeader, blocks: Buffer, offset: number): TarHeader {
  const size = header.size;
  if (blockSize + size > blocks.length) throw tarInvalid(offset, "its extended header is cut short");
  const records = paxRecords(blocks.subarray(blockSize, blockSize + size), offset);
  return { ...header, type: "other", size: 0, pax: new Map(records) };
}

interface Extensions {
  longName: string | undefined;
  longLink: string | undefined;
  pax: Map<string, string>;
  own: Map<string, string>;
  offset: number;
}

/** Applies long names and PAX records; decides what the entry is and how much data it has. */
function finish(header: TarHeader, extensions: Extensions): TarHeader {
  const { pax, own, offset } = extensions;
  header.pax = pax;
  header.path = extensions.longName ?? own.get("GNU.sparse.name") ?? own.get("path") ?? header.path;
  header.linkPath = extensions.longLink ?? own.get("linkpath") ?? header.linkPath;
  header.uname = pax.get("uname") ?? header.uname;
  header.gname = pax.get("gname") ?? header.gname;
  header.uid = paxNumber(pax, "uid") ?? header.uid;
  header.gid = paxNumber(pax, "gid") ?? header.gid;
  header.mtime = paxNumber(pax, "mtime") ?? header.mtime;
  const size = own.get("size");
  if (size !== undefined) {
    if (!/^[0-9]{1,16}$/.test(size)) throw tarInvalid(offset, "its PAX size is no number");
    header.size = Number(size);
  }
  if (!Number.isSafeInteger(header.size) || header.size < 0 || header.size > Number.MAX_SAFE_INTEGER / 2) {
    throw tarInvalid(offset, "its size is out of bounds");
  }
  if (header.path.includes("\0") || header.linkPath.includes("\0"))
    throw tarInvalid(offset, "its name holds a NUL");
  if (header.flag === "\0" && header.path.endsWith("/")) header.type = "directory";
  if (header.type === "file" && (own.has("GNU.sparse.major") || own.has("GNU.sparse.size")))
    header.type = "sparse";
  // Go's archive/tar, hence every container engine, reads no data behind these, whatever size they state.
  if (header.type !== "file" && header.type !== "sparse" && header.type !== "other") header.size = 0;
  return header;
}

function paxNumber(pax: Map<string, string>, key: string): number | undefined {
  const text = pax.get(key);
  if (text === undefined || !/^-?[0-9]+(?:\.[0-9]*)?$/.test(text)) return undefined;
  return Number(text);
}

/** The fields of one header block, without what extended headers say. */
function parseBlock(block: Buffer, offset: number): TarHeader {
  const flag = String.fromCharCode(block[156] ?? 0);
  const size = parseNumber(block, 124, 12);
  if (size === undefined || size < 0) throw tarInvalid(offset, "its size is no number");
  let path = text(block, 0, 100);
  const magic = block.toString("latin1", 257, 263);
  if (magic === "ustar\0") {
    const star = block.toString("latin1", 508, 512) === "tar\0";
    const prefix = text(block, 345, star ? 131 : 155);
    if (prefix !== "") path = `${prefix}/${path}`;
  }
  const known = magic.startsWith("ustar");
  return {
    path,
    type: types[flag] ?? "other",
    flag,
    size,
    mode: parseNumber(block, 100, 8) ?? 0,
    uid: parseNumber(block, 108, 8) ?? 0,
    gid: parseNumber(block, 116, 8) ?? 0,
    mtime: parseNumber(block, 136, 12) ?? 0,
    linkPath: text(block, 157, 100),
    uname: known ? text(block, 265, 32) : "",
    gname: known ? text(block, 297, 32) : "",
    devMajor: known ? (parseNumber(block, 329, 8) ?? 0) : 0,
    devMinor: known ? (parseNumber(block, 337, 8) ?? 0) : 0,
    pax: new Map(),
  };
}

function untilNul(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

function text(block: Buffer, offset: number, length: number): string {
  let end = offset;
  let ascii = 0;
  while (end < offset + length && block[end] !== 0) ascii |= block[end++] ?? 0;
  if (end === offset) return "";
  return ascii < 0x80 ? block.toString("latin1", offset, end) : decodeName(block.subarray(offset, end));
}
