import { blockSize, roundToBlocks } from "../../tar/entry.ts";
import { checksums, parseNumber } from "../../tar/numbers.ts";
import {
  field,
  type Field,
  formatRecord,
  formatTime,
  hasPrefix,
  type HeaderModel,
  type HeaderValues,
  type ModelBlock,
  parseTime,
  textField,
} from "./model.ts";

/**
 * The header that has the shape of `like` and these values, written in the style of `like`: where a value is the same its
 * field is copied, checksums are made anew. Mostly this is the very header that had the values; where not, the caller
 * codes the difference. `rounds`: a fraction of a second is rounded where it is left out. Never throws.
 */
export function buildHeader(like: HeaderModel, values: HeaderValues, rounds: boolean): Buffer {
  const records = like.blocks.map((block) => recordOf(like, block, values));
  const tail = like.bytes.length - like.main;
  const length = records.reduce(
    (sum, record) => sum + (record === undefined ? 0 : blockSize + roundToBlocks(record.length)),
    tail,
  );
  const out = Buffer.alloc(length);
  let at = 0;
  for (const [i, block] of like.blocks.entries()) {
    const record = records[i];
    if (record === undefined) {
      like.bytes.copy(out, at, block.at);
      writeMain(out, at, like, values, rounds);
    } else {
      like.bytes.copy(out, at, block.at, block.at + blockSize);
      writeRecordBlock(out, at, like, block, values, record.length);
      out.write(record, at + blockSize, "latin1");
    }
    const sum = checksums(out.subarray(at, at + blockSize)).unsigned;
    writeNumber(out, at, field.checksum, sum);
    at += record === undefined ? tail : blockSize + roundToBlocks(record.length);
  }
  return out;
}

/** The bytes of a PAX or long-name record; undefined for the last block. */
function recordOf(like: HeaderModel, block: ModelBlock, values: HeaderValues): string | undefined {
  if (block.record === undefined) return undefined;
  if (block.flag === "L") return `${values.path}\0`;
  if (block.flag === "K") return `${values.link}\0`;
  let text = "";
  for (const [key, value] of block.pax ?? [])
    text += formatRecord(key, recordValue(like, key, value, values));
  return text;
}

function recordValue(like: HeaderModel, key: string, value: string, values: HeaderValues): string {
  const other = like.otherKeys.indexOf(key);
  if (other >= 0) return values.others[other] ?? "";
  if (key === "mtime") return formatTime(values.mtime, values.nanos);
  if (key === "size") return String(values.size);
  if (key === "path") return values.path;
  return key === "linkpath" ? values.link : value;
}

/** The block in front of a record: its size, the name that programs derive from the path, the time that some copy. */
function writeRecordBlock(
  out: Buffer,
  at: number,
  like: HeaderModel,
  block: ModelBlock,
  values: HeaderValues,
  length: number,
): void {
  writeNumber(out, at, field.size, length);
  const time = parseNumber(out, at + field.mtime[0], field.mtime[1]);
  if (time !== 0 && time === like.values.mtime) writeNumber(out, at, field.mtime, values.mtime);
  if (values.path === like.values.path) return;
  const name = textField(like.bytes, block.at, field.name);
  // The mark may be cut off in a long name, so those in use today are tried as well.
  const seen = /(?:^|\/)(PaxHeaders[^/]*)(?:\/|$)/.exec(name)?.[1];
  const marks = ["PaxHeaders.0", "PaxHeaders", ...(seen === undefined ? [] : [seen])];
  for (const style of [goRecordName, gnuRecordName]) {
    for (const mark of marks) {
      if (style(like.values.path, mark) !== name) continue;
      writeText(out, at, field.name, style(values.path, mark));
      return;
    }
  }
}

/** Go's archive/tar: `path.Join(dir, mark, file)` in ASCII, cut to the field. */
function goRecordName(path: string, mark: string): string {
  const slash = path.lastIndexOf("/");
  const dir = path.slice(0, slash + 1);
  return ascii(`${dir}${mark}/${path.slice(slash + 1)}`)
    .slice(0, 100)
    .replace(/\/+$/, "");
}

/** GNU tar: `%d/PaxHeaders/%f`, the last name with its trailing slash left out. */
function gnuRecordName(path: string, mark: string): string {
  const bare = path.replace(/\/+$/, "");
  const slash = bare.lastIndexOf("/");
  const dir = slash < 0 ? "." : bare.slice(0, slash);
  return `${dir}/${mark}/${bare.slice(slash + 1)}`.slice(0, 100);
}

function ascii(text: string): string {
  return text.replaceAll(/[^\u0000-\u007f]/g, "");
}

function writeMain(out: Buffer, at: number, like: HeaderModel, values: HeaderValues, rounds: boolean): void {
  const old = like.values;
  const pax = new Set(like.blocks.flatMap((block) => (block.pax ?? []).map(([key]) => key)));
  writeNumber(out, at, field.mode, values.mode);
  writeNumber(out, at, field.uid, values.uid);
  writeNumber(out, at, field.gid, values.gid);
  // Where a PAX record holds the size, some write it here too and others write 0.
  if (!pax.has("size") || parseNumber(out, at + field.size[0], field.size[1]) === old.size) {
    writeNumber(out, at, field.size, values.size);
  }
  writeNumber(out, at, field.mtime, values.mtime + (rounds && values.nanos >= 500_000_000 ? 1 : 0));
  if (values.major !== old.major) writeNumber(out, at, field.major, values.major);
  if (values.minor !== old.minor) writeNumber(out, at, field.minor, values.minor);
  if (values.uname !== old.uname) writeText(out, at, field.uname, values.uname);
  if (values.gname !== old.gname) writeText(out, at, field.gname, values.gname);
  if (values.link !== old.link) writeText(out, at, field.link, values.link);
  if (values.path === old.path) return;
  const isLong = pax.has("path") || like.blocks.some((block) => block.flag === "L");
  const [name, prefix] = isLong ? longName(like, values.path) : shortName(like, values.path);
  writeText(out, at, field.name, name);
  if (hasPrefix(out, at)) writeText(out, at, field.prefix, prefix);
}

type Split = [name: string, prefix: string];

function cut(text: string): Split {
  return [text.slice(0, 100), ""];
}

/** What stands in the last block where a record holds the path. */
function longName(like: HeaderModel, path: string): Split {
  const have = textField(like.bytes, like.main, field.name);
  const styles = [
    (text: string): Split => cut(ascii(text)),
    cut,
    (text: string): Split => lastSplit(text) ?? cut(text),
  ];
  const style = styles.find((style) => style(like.values.path)[0] === have) ?? cut;
  return style(path);
}

/** A path without a record: the name alone, or cut at a slash into prefix and name. */
function shortName(like: HeaderModel, path: string): Split {
  if (path.length <= 100) return [path, ""];
  const have = textField(like.bytes, like.main, field.prefix);
  const first = have !== "" && lastSplit(like.values.path)?.[1] !== have;
  return (first ? firstSplit(path) : lastSplit(path)) ?? [path.slice(0, 100), ""];
}

/** Go and GNU tar: at the last slash that the prefix has room for. */
function lastSplit(path: string): Split | undefined {
  const slash = path.lastIndexOf("/", Math.min(155, path.length - 2));
  if (slash <= 0 || path.length - slash - 1 > 100) return undefined;
  return [path.slice(slash + 1), path.slice(0, slash)];
}

/** Python and this program: at the first slash that leaves a name short enough. */
function firstSplit(path: string): Split | undefined {
  const slash = path.indexOf("/", Math.max(1, path.length - 101));
  return slash < 1 || slash > 155 ? undefined : [path.slice(slash + 1), path.slice(0, slash)];
}

function writeText(out: Buffer, at: number, [offset, length]: Field, text: string): void {
  out.fill(0, at + offset, at + offset + length);
  out.write(text, at + offset, Math.min(text.length, length), "latin1");
}

/** Writes a number as wide as the number there, which stays as it is where it is the same. */
function writeNumber(out: Buffer, at: number, [offset, length]: Field, value: number): void {
  const start = at + offset;
  if (parseNumber(out, start, length) === value) return;
  const match = /^( *)([0-7]+)([ \0]+)$/.exec(out.toString("latin1", start, start + length));
  const width = match === null ? length - 1 : (match[1] ?? "").length + (match[2] ?? "").length;
  const digits = value.toString(8);
  if (value < 0 || digits.length > Math.max(width, length - 1)) {
    writeBase256(out, start, length, value);
    return;
  }
  const pad = (match?.[1] ?? "") === "" ? "0" : " ";
  const text = digits.padStart(width, pad);
  const end = match === null || text.length > width ? "\0" : (match[3] ?? "\0");
  out.write(text + end, start, length, "latin1");
}

function writeBase256(out: Buffer, start: number, length: number, value: number): void {
  let rest = value;
  for (let at = start + length - 1; at >= start; at--) {
    const byte = ((rest % 256) + 256) % 256;
    out[at] = byte;
    rest = (rest - byte) / 256;
  }
  out[start] = (out[start] ?? 0) | 0x80;
}

/** A PAX time record's value, or undefined: `atime` and `ctime` are coded as times too. */
export function timeOf(key: string, value: string): { seconds: number; nanos: number } | undefined {
  return key === "atime" || key === "ctime" ? parseTime(value) : undefined;
}
