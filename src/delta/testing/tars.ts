import { checksums } from "../../tar/numbers.ts";

/** One member of a tar made by hand, in all the ways that real and odd tars have. */
export interface TarSpec {
  path: string;
  /** The type flag: `0` file, `1` hard link, `2` symbolic link, `3` and `4` devices, `5` folder, `6` fifo. Default `0`. */
  flag?: string;
  bytes?: Buffer;
  linkPath?: string;
  mode?: number;
  uid?: number;
  /** The same as `uid` when not said. */
  gid?: number;
  mtime?: number;
  device?: [number, number];
  /** How names too long for ustar are written: PAX records (default) or GNU long-name records. */
  longNames?: "pax" | "gnu";
  /** More PAX records, such as `SCHILY.xattr.user.note`. */
  pax?: Record<string, string>;
  /** Fills the data's last block with this byte instead of zeros. */
  padding?: number;
}

/** How a tar ends. */
export interface TarEnd {
  /** Zero blocks at the end; 2 when not said. */
  blocks?: number;
  /** Bytes behind the end marker. */
  trailing?: Buffer;
  /** Leaves out what pads the last data to 512 (and then everything behind it). */
  cutPadding?: boolean;
}

/** A tar of these members in this order. */
export function makeTar(members: readonly TarSpec[], end: TarEnd = {}): Buffer {
  const pieces = members.flatMap(memberPieces);
  const last = members.at(-1)?.bytes?.length ?? 0;
  if (end.cutPadding === true && last % 512 !== 0) {
    const tar = Buffer.concat(pieces);
    return tar.subarray(0, tar.length - (512 - (last % 512)));
  }
  return Buffer.concat([...pieces, Buffer.alloc(512 * (end.blocks ?? 2)), end.trailing ?? Buffer.alloc(0)]);
}

function memberPieces(spec: TarSpec): Buffer[] {
  const { bytes = Buffer.alloc(0), linkPath = "", path } = spec;
  const pieces: Buffer[] = [];
  const records: [string, string][] = Object.entries(spec.pax ?? {});
  if (spec.longNames === "gnu") {
    if (isLong(linkPath)) pieces.push(...gnuRecord("K", linkPath));
    if (isLong(path)) pieces.push(...gnuRecord("L", path));
  } else {
    if (isLong(path)) records.push(["path", path]);
    if (isLong(linkPath)) records.push(["linkpath", linkPath]);
  }
  if (records.length > 0) {
    const body = Buffer.concat(records.map(([key, value]) => paxRecord(key, value)));
    pieces.push(block({ path: "PaxHeaders/x", flag: "x" }, body.length), ...padded(body, 0));
  }
  pieces.push(block(spec, bytes.length), ...padded(bytes, spec.padding ?? 0));
  return pieces;
}

function gnuRecord(flag: string, name: string): Buffer[] {
  const body = Buffer.from(`${name}\0`);
  return [block({ path: "././@LongLink", flag }, body.length), ...padded(body, 0)];
}

function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest;
  while (rest + String(length).length !== length) length = rest + String(length).length;
  return Buffer.from(`${length} ${key}=${value}\n`);
}

function padded(bytes: Buffer, fill: number): Buffer[] {
  if (bytes.length === 0) return [];
  return [bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512, fill)];
}

/** One header block; `size` may lie. */
export function block(spec: TarSpec, size: number): Buffer {
  const header = Buffer.alloc(512);
  const { device = [0, 0], flag = "0", linkPath = "", mode = 0o644, mtime = 0, uid = 0, gid = uid } = spec;
  header.write(Buffer.from(spec.path).subarray(0, 100).toString("latin1"), 0, "latin1");
  header.write(octal(mode, 7), 100);
  header.write(octal(uid, 7), 108);
  header.write(octal(gid, 7), 116);
  header.write(octal(size, 11), 124);
  header.write(octal(mtime, 11), 136);
  header.write(flag, 156);
  header.write(Buffer.from(linkPath).subarray(0, 100).toString("latin1"), 157, "latin1");
  header.write("ustar\u000000", 257, "latin1");
  header.write(octal(device[0], 7), 329);
  header.write(octal(device[1], 7), 337);
  header.write(`${octal(checksums(header).unsigned, 6)}\0 `, 148, "latin1");
  return header;
}

/** What a made file's content is like. */
export interface ContentSpec {
  kind: "text" | "binary" | "packed" | "zeros";
  /** Contents of one kind and seed are alike. */
  seed: number;
  size: number;
  /** How many places differ from the content with 0 edits; each edit also moves what is behind it. */
  edits: number;
}

/** The same content for the same spec on every machine. */
export function makeContent({ kind, seed, size, edits }: ContentSpec): Buffer {
  if (kind === "zeros") return Buffer.alloc(size);
  const random = randomNumbers(seed * 4 + kind.length);
  const bytes = Buffer.alloc(size);
  for (let i = 0; i < size; i++) bytes[i] = kind === "text" ? 97 + (random() % 9) : random() & 0xff;
  if (kind === "packed" && size > 4) bytes.writeUInt16BE(0x1f8b, 0);
  if (kind === "binary" && size > 64) bytes.write("\u007fELF", 0, "latin1");
  if (size === 0) return bytes;
  for (let edit = 0; edit < edits; edit++) {
    const at = (edit * 7919 + 100) % size;
    bytes.copy(bytes, Math.min(size, at + 3), at);
    bytes[at] = 200 + edit;
  }
  return bytes;
}

/** Numbers from 0 to 2^32 - 1 (xorshift), the same for the same seed. */
export function randomNumbers(seed: number): () => number {
  let state = (Math.imul(seed + 1, 0x9e3779b1) ^ 0x2545f491) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

function isLong(name: string): boolean {
  return Buffer.byteLength(name) > 100;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}
