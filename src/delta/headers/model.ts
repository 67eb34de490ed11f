import { blockSize, roundToBlocks } from "../../tar/entry.ts";
import { parseNumber } from "../../tar/numbers.ts";

/** One header block and, for PAX and GNU long-name records, what they hold. Text is latin1: one character a byte. */
export interface ModelBlock {
  /** Where the block starts in the header. */
  at: number;
  flag: string;
  /** Length of the record, without its padding; undefined for the last block. */
  record: number | undefined;
  /** PAX records in order, where the record is PAX. */
  pax: [key: string, value: string][] | undefined;
}

/** The values that vary from header to header; all else is the same for headers of one shape, or nearly. */
export interface HeaderValues {
  path: string;
  link: string;
  size: number;
  mode: number;
  uid: number;
  gid: number;
  major: number;
  minor: number;
  uname: string;
  gname: string;
  mtime: number;
  /** Of the PAX mtime; 0 where there is none. */
  nanos: number;
  /** Values of the PAX records that are none of the above, in order. */
  others: string[];
}

/** A header taken apart. Headers with the same `shape` differ in `values` only, but for oddities. */
export interface HeaderModel {
  bytes: Buffer;
  shape: string;
  blocks: ModelBlock[];
  main: number;
  values: HeaderValues;
  /** Keys of `values.others`. */
  otherKeys: string[];
  /** Whether a PAX record holds the mtime. */
  timed: boolean;
  /** Whether the last block has that mtime rounded up rather than cut; undefined where both are the same. */
  rounds: boolean | undefined;
}

/** Byte ranges of the fields of a header block. */
export const field = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  link: [157, 100],
  uname: [265, 32],
  gname: [297, 32],
  major: [329, 8],
  minor: [337, 8],
  prefix: [345, 155],
} as const;
export type Field = readonly [offset: number, length: number];

/** True for a block whose `prefix` field goes before the name. */
export function hasPrefix(bytes: Buffer, at: number): boolean {
  return bytes.toString("latin1", at + 257, at + 263) === "ustar\0";
}

/** Takes apart the header blocks of one entry; undefined for what is not of the common forms. Never throws. */
export function parseModel(bytes: Buffer): HeaderModel | undefined {
  const blocks: ModelBlock[] = [];
  let shape = "";
  for (let at = 0; ; ) {
    if (at + blockSize > bytes.length) return undefined;
    const flag = bytes.toString("latin1", at + 156, at + 157);
    shape += `${flag}${bytes.toString("latin1", at + 257, at + 265)}`;
    if (flag !== "x" && flag !== "L" && flag !== "K") {
      blocks.push({ at, flag, record: undefined, pax: undefined });
      shape += String(bytes.length - at);
      break;
    }
    const size = parseNumber(bytes, at + 124, 12);
    if (size === undefined || size < 1 || at + blockSize + roundToBlocks(size) > bytes.length)
      return undefined;
    const record = bytes.toString("latin1", at + blockSize, at + blockSize + size);
    const pax = flag === "x" ? parseRecords(record) : undefined;
    if (flag === "x" && pax === undefined) return undefined;
    if (flag !== "x" && record.indexOf("\0") !== record.length - 1) return undefined;
    for (const [key] of pax ?? []) shape += `${key}\n`;
    blocks.push({ at, flag, record: size, pax });
    at += blockSize + roundToBlocks(size);
  }
  const found = valuesOf(bytes, blocks);
  if (found === undefined) return undefined;
  shape += found.marks;
  const main = blocks.at(-1)?.at ?? 0;
  const { values, otherKeys, marks } = found;
  const timed = marks.includes("t");
  const seconds = parseNumber(bytes, main + field.mtime[0], field.mtime[1]);
  const rounds = timed && values.nanos >= 500_000_000 ? seconds === values.mtime + 1 : undefined;
  return { bytes, shape, blocks, main, values, otherKeys, timed, rounds };
}

/** PAX records, undefined where writing them again would not give the same bytes. */
function parseRecords(text: string): [string, string][] | undefined {
  const records: [string, string][] = [];
  const keys = new Set<string>();
  for (let at = 0; at < text.length; ) {
    const space = text.indexOf(" ", at);
    if (space < 0 || space - at > 8) return undefined;
    const length = Number(text.slice(at, space));
    const equals = text.indexOf("=", space);
    const end = at + length;
    if (!Number.isSafeInteger(length) || end > text.length || equals < 0 || equals >= end) return undefined;
    const key = text.slice(space + 1, equals);
    const value = text.slice(equals + 1, end - 1);
    if (key.includes("\n") || keys.has(key) || formatRecord(key, value) !== text.slice(at, end))
      return undefined;
    keys.add(key);
    records.push([key, value]);
    at = end;
  }
  return records;
}

/** One PAX record as text. */
export function formatRecord(key: string, value: string): string {
  const rest = key.length + value.length + 3;
  let length = rest + String(rest).length;
  if (String(length).length + rest !== length) length++;
  return `${length} ${key}=${value}\n`;
}

/** A PAX time as whole seconds and nanoseconds, where writing it again gives the same text. */
export function parseTime(text: string): { seconds: number; nanos: number } | undefined {
  const match = /^([0-9]{1,13})(?:\.([0-9]{1,9}))?$/.exec(text);
  if (match === null) return undefined;
  const seconds = Number(match[1]);
  const nanos = Number((match[2] ?? "").padEnd(9, "0"));
  return formatTime(seconds, nanos) === text ? { seconds, nanos } : undefined;
}

/** Seconds with a fraction without trailing zeros. */
export function formatTime(seconds: number, nanos: number): string {
  if (nanos === 0) return String(seconds);
  return `${seconds}.${String(nanos).padStart(9, "0").replace(/0+$/, "")}`;
}

/** A decimal number, where writing it again gives the same text. */
function parseDecimal(text: string): number | undefined {
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= 0 && String(value) === text ? value : undefined;
}

/** A text field up to its NUL. */
export function textField(bytes: Buffer, at: number, [offset, length]: Field): string {
  const text = bytes.toString("latin1", at + offset, at + offset + length);
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}

interface Found {
  values: HeaderValues;
  otherKeys: string[];
  /** Whether the prefix is used, and which PAX records are taken as the time and size: a part of the shape. */
  marks: string;
}

function valuesOf(bytes: Buffer, blocks: ModelBlock[]): Found | undefined {
  const at = blocks.at(-1)?.at ?? 0;
  const number = ([offset, length]: Field): number => {
    const value = parseNumber(bytes, at + offset, length);
    return value === undefined || Math.abs(value) > 2 ** 50 ? Number.NaN : value;
  };
  const prefix = hasPrefix(bytes, at) ? textField(bytes, at, field.prefix) : "";
  const name = textField(bytes, at, field.name);
  const values: HeaderValues = {
    path: prefix === "" ? name : `${prefix}/${name}`,
    link: textField(bytes, at, field.link),
    size: number(field.size),
    mode: number(field.mode),
    uid: number(field.uid),
    gid: number(field.gid),
    major: number(field.major),
    minor: number(field.minor),
    uname: textField(bytes, at, field.uname),
    gname: textField(bytes, at, field.gname),
    mtime: number(field.mtime),
    nanos: 0,
    others: [],
  };
  const otherKeys: string[] = [];
  let marks = prefix === "" ? "" : "p";
  for (const block of blocks) {
    if (block.record !== undefined && block.pax === undefined) {
      const start = block.at + blockSize;
      const text = bytes.toString("latin1", start, start + block.record - 1);
      if (block.flag === "L") values.path = text;
      else values.link = text;
    }
    for (const [key, value] of block.pax ?? []) {
      const time = key === "mtime" ? parseTime(value) : undefined;
      const size = key === "size" ? parseDecimal(value) : undefined;
      if (time !== undefined) {
        values.mtime = time.seconds;
        values.nanos = time.nanos;
        marks += "t";
      } else if (size !== undefined) {
        values.size = size;
        marks += "s";
      } else if (key === "path") values.path = value;
      else if (key === "linkpath") values.link = value;
      else {
        otherKeys.push(key);
        values.others.push(value);
      }
    }
  }
  const numbers = [
    values.size,
    values.mode,
    values.uid,
    values.gid,
    values.major,
    values.minor,
    values.mtime,
  ];
  if (!numbers.every((value) => Number.isSafeInteger(value))) return undefined;
  if (values.size < 0 || values.path.includes("\0") || values.link.includes("\0")) return undefined;
  return { values, otherKeys, marks };
}
