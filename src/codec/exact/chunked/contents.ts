import { createHash, type Hash } from "node:crypto";
import { blockSize, type TarHeader } from "../../../tar/entry.ts";
import { encodeName } from "../../../tar/names.ts";
import { Crc64 } from "./crc64.ts";
import { goString, goTime } from "./go-json.ts";
import { PackedText } from "./packed-text.ts";

/** As the table of contents calls entries; others it does not have. */
const types: Record<string, string> = {
  file: "reg",
  hardlink: "hardlink",
  symlink: "symlink",
  char: "char",
  block: "block",
  directory: "dir",
  fifo: "fifo",
};
const xattrPrefix = "SCHILY.xattr.";
/** Stand in the text where the tar does not say a time. */
const noAccessTime = "\0";
const noChangeTime = "\u0001";
const zeroTime = '"0001-01-01T00:00:00Z"';
/** What stands behind a tar's end is one record of tar-split up to this size, where it is read as it is written. */
const mostRest = 1 << 20;
/** What is kept of the contents may take so many bytes. */
const mostKept = 64 << 20;

interface Chunk {
  offset: number;
  chunkOffset: number;
  size: number;
  digest: string;
  isHole: boolean;
}

/** One file's data on their way. */
class FileData {
  readonly crc = new Crc64();
  readonly digest: Hash = createHash("sha256");
  readonly chunks: Chunk[] = [];
  readonly start: number;
  end: number;
  size = 0;
  chunkStart = 0;
  chunkDigest: Hash = createHash("sha256");

  constructor(start: number) {
    this.start = start;
    this.end = start;
  }
}

/**
 * What zstd:chunked writes of a layer's contents behind its frames: the entries of the table of contents, and tar-split's records. `start` and
 * the like are places in the packed layer.
 */
export class LayerContents {
  /** The entries in JSON, with commas between them. */
  readonly #entries = new PackedText();
  entryCount = 0;
  /** A record of JSON a line. */
  readonly tarSplit = new PackedText();
  #recordCount = 0;
  #raw: Buffer[] = [];
  #restSize = 0;
  #header: TarHeader | undefined;
  #data: FileData | undefined;
  #isClear = true;

  /** The entries' text in pieces, with zeros for times that the tar does not say, or without these. */
  *entryPieces(hasZeroTimes: boolean): Generator<string, void, void> {
    const [access, change] = hasZeroTimes
      ? [`,"accesstime":${zeroTime}`, `,"changetime":${zeroTime}`]
      : ["", ""];
    for (const piece of this.#entries.pieces())
      yield piece.replaceAll(noAccessTime, access).replaceAll(noChangeTime, change);
  }

  /** Whether all of it is as every such writer would say it. */
  get isClear(): boolean {
    return this.#isClear && this.#entries.size + this.tarSplit.size < mostKept;
  }

  /** Bytes of the tar that are no data. */
  raw(bytes: Buffer): void {
    if (this.isClear) this.#raw.push(Buffer.from(bytes));
  }

  header(header: TarHeader, bytes: Buffer): void {
    this.raw(bytes);
    this.#addRaw();
    this.#header = header;
    if (hasOwnTimes(bytes.subarray(-blockSize))) this.#isClear = false;
    if (header.size === 0) this.#endEntry();
  }

  dataBegin(start: number): void {
    this.#data = new FileData(start);
  }

  chunkBytes(bytes: Uint8Array): void {
    const data = this.#data;
    if (data === undefined || !this.isClear) return;
    data.crc.update(bytes);
    data.digest.update(bytes);
    data.chunkDigest.update(bytes);
    data.size += bytes.length;
  }

  /** A chunk is over; `next` is where the next one begins. */
  cut(isHole: boolean, next: number): void {
    const data = this.#data;
    if (data === undefined) return;
    const size = data.size - data.chunkStart;
    if (size > 0)
      data.chunks.push({
        offset: data.end,
        chunkOffset: data.chunkStart,
        size,
        digest: data.chunkDigest.digest("hex"),
        isHole,
      });
    data.end = next;
    data.chunkStart = data.size;
    if (size > 0) data.chunkDigest = createHash("sha256");
  }

  dataEnd(): void {
    this.#endEntry();
  }

  /** The tar is at its end. */
  end(): void {
    this.#addRaw();
  }

  /** What stands behind the tar's end. */
  rest(bytes: Buffer): void {
    this.#restSize += bytes.length;
    if (this.#restSize > mostRest) this.#isClear = false;
    this.raw(bytes);
  }

  /** Nothing comes any more. */
  finish(): void {
    this.#addRaw();
  }

  #addRaw(): void {
    const payload = Buffer.concat(this.#raw).toString("base64");
    this.#raw = [];
    if (payload !== "")
      this.tarSplit.add(`{"type":2,"payload":"${payload}","position":${this.#recordCount++}}\n`);
  }

  #endEntry(): void {
    const header = this.#header;
    const data = this.#data;
    this.#header = undefined;
    this.#data = undefined;
    if (header === undefined || !this.isClear) return;
    const name = goString(header.path);
    const entry = name && entryText(header, name, data);
    if (entry === undefined) {
      this.#isClear = false;
      return;
    }
    this.#entries.add((this.entryCount++ > 0 ? "," : "") + entry);
    const size = header.size === 0 ? "" : `,"size":${header.size}`;
    const payload = data === undefined ? "null" : `"${data.crc.finish().toString("base64")}"`;
    this.tarSplit.add(
      `{"type":1,"name":${name}${size},"payload":${payload},"position":${this.#recordCount++}}\n`,
    );
  }
}

/** Whether a header block itself says when a file was read or changed, as old GNU tar and star do. */
function hasOwnTimes(block: Buffer): boolean {
  if (block.toString("latin1", 257, 265) === "ustar  \0") return block[345] !== 0 || block[357] !== 0;
  return block.toString("latin1", 508, 512) === "tar\0";
}

/** An entry and those of its chunks; undefined where versions say it in different ways. */
function entryText(header: TarHeader, name: string, data: FileData | undefined): string | undefined {
  const { pax } = header;
  const link = goString(header.linkPath);
  const modified = goTime(pax.get("mtime") ?? String(header.mtime));
  const accessed = timeField("accesstime", pax.get("atime"), noAccessTime);
  const changed = timeField("changetime", pax.get("ctime"), noChangeTime);
  const xattrs = xattrsText(pax);
  if (link === undefined || modified === undefined || accessed === undefined || changed === undefined)
    return undefined;
  if (xattrs === undefined) return undefined;
  const [first, ...others] = data?.chunks ?? [];
  const fields = [
    `"type":"${types[header.type]}","name":${name}`,
    link === '""' ? "" : `"linkName":${link}`,
    number("mode", header.mode),
    number("size", header.size),
    number("uid", header.uid),
    number("gid", header.gid),
    `"modtime":${modified}${accessed}${changed}`,
    number("devMajor", header.devMajor),
    number("devMinor", header.devMinor),
    xattrs,
    data === undefined ? "" : `"digest":"sha256:${data.digest.digest("hex")}"`,
    number("offset", data?.start ?? 0),
    number("endOffset", data?.end ?? 0),
    first === undefined || others.length === 0 ? "" : chunkFields(first),
  ];
  const main = `{${fields.filter((field) => field !== "").join(",")}}`;
  const chunks = others.map(
    (chunk) => `,{"type":"chunk","name":${name},${number("offset", chunk.offset)},${chunkFields(chunk)}}`,
  );
  return main + chunks.join("");
}

function chunkFields({ size, chunkOffset, digest, isHole }: Chunk): string {
  return [
    number("chunkSize", size),
    number("chunkOffset", chunkOffset),
    `"chunkDigest":"sha256:${digest}"`,
    isHole ? '"chunkType":"zeros"' : "",
  ]
    .filter((field) => field !== "")
    .join(",");
}

/** A time with the comma before it; undefined where it has no clear form. */
function timeField(key: string, seconds: string | undefined, lacking: string): string | undefined {
  if (seconds === undefined) return lacking;
  const time = goTime(seconds);
  return time && `,"${key}":${time}`;
}

function number(key: string, value: number): string {
  return value === 0 ? "" : `"${key}":${value}`;
}

/** Extended attributes in the order of their names. */
function xattrsText(pax: Map<string, string>): string | undefined {
  const found = [...pax].filter(([key]) => key.startsWith(xattrPrefix));
  if (found.length === 0) return "";
  const texts: string[] = [];
  for (const [key, value] of found.sort(([a], [b]) => (a < b ? -1 : 1))) {
    const name = goString(key.slice(xattrPrefix.length));
    if (name === undefined) return undefined;
    texts.push(`${name}:"${encodeName(value).toString("base64")}"`);
  }
  return `"xattrs":{${texts.join(",")}}`;
}
