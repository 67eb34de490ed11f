import type { Readable } from "node:stream";
import { DdiffError } from "../util/errors.ts";
import { readableOf } from "../util/readable.ts";
import { blockSize, roundToBlocks } from "./entry.ts";
import { checksums } from "./numbers.ts";
import { formatPaxRecord } from "./pax.ts";

/** One member to write. Its data are `bytes`, or what `open` gives when its turn has come. */
export interface TarMember {
  /** Relative, `/` between names; directories may end with one and get it otherwise. */
  path: string;
  /** Bytes of data; 0 for all types but `file`. */
  size: number;
  /** Default 0644, directories 0755, symbolic links 0777. */
  mode?: number;
  /** Seconds since 1970; default 0. */
  mtime?: number;
  /** Default `file`. */
  type?: keyof typeof flags;
  linkPath?: string;
  /** Owner; default 0:0. Names are never written. */
  uid?: number;
  gid?: number;
  /** Of a device. */
  device?: { major: number; minor: number };
  /** PAX records to write beside those that a name, size or time needs: `SCHILY.xattr.user.note`. */
  pax?: ReadonlyMap<string, string>;
  open?(): Promise<Readable> | Readable;
  bytes?: Buffer;
}

/**
 * A tar of these members in this order: ustar, with PAX records only where a name, size, owner or time does not fit. Owners
 * have no names, so the same members give the same bytes. Backpressure is kept; destroying the result destroys the
 * member's stream being read. Throws `TAR_MEMBER_INVALID` (a member that no tar can hold) and `SIZE_MISMATCH` (a stream
 * that does not give exactly `size` bytes); errors of the streams come through.
 */
export function packTar(members: AsyncIterable<TarMember> | Iterable<TarMember>): Readable {
  const current: { stream?: Readable | undefined } = {};
  return readableOf(pack(members, current), () => current.stream?.destroy());
}

async function* pack(
  members: AsyncIterable<TarMember> | Iterable<TarMember>,
  current: { stream?: Readable | undefined },
): AsyncGenerator<Buffer, void, void> {
  for await (const member of members) {
    yield encodeHeader(member);
    let left = member.size;
    if (member.bytes !== undefined) {
      left -= member.bytes.length;
      if (left === 0) yield member.bytes;
    } else if (member.open !== undefined) {
      const stream = await member.open();
      current.stream = stream;
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        left -= chunk.length;
        if (left < 0) break;
        yield chunk;
      }
      current.stream = undefined;
    }
    if (left !== 0) {
      const than = left > 0 ? "shorter" : "longer";
      throw new DdiffError(
        "SIZE_MISMATCH",
        `${member.path} is ${than} than the ${member.size} bytes announced`,
      );
    }
    const padding = roundToBlocks(member.size) - member.size;
    if (padding > 0) yield Buffer.alloc(padding);
  }
  yield Buffer.alloc(2 * blockSize);
}

const flags = { file: "0", hardlink: "1", symlink: "2", char: "3", block: "4", directory: "5", fifo: "6" };
const maxOctal = 0o77777777777;
const maxOwner = 0o7777777;

/** The header blocks of one member: one, or three and more with PAX records. Throws `TAR_MEMBER_INVALID`. */
export function encodeHeader(member: TarMember): Buffer {
  const { size, mtime = 0, linkPath = "", type = "file" } = member;
  const path = type === "directory" && !member.path.endsWith("/") ? `${member.path}/` : member.path;
  if (path === "" || `${path}${linkPath}`.includes("\0"))
    throw invalid(member, "its name is empty or holds a NUL");
  if (!Number.isSafeInteger(size) || size < 0) throw invalid(member, `its size is ${size}`);
  if (type !== "file" && size !== 0) throw invalid(member, `a ${type} has no data`);
  if (!(Math.abs(mtime) <= Number.MAX_SAFE_INTEGER)) throw invalid(member, `its time is ${mtime}`);

  const records: Buffer[] = [];
  const split = splitPath(path);
  if (split === undefined) records.push(formatPaxRecord("path", path));
  if (!fits(linkPath, 100)) records.push(formatPaxRecord("linkpath", linkPath));
  if (size > maxOctal) records.push(formatPaxRecord("size", String(size)));
  const plainTime = Number.isInteger(mtime) && mtime >= 0 && mtime <= maxOctal;
  if (!plainTime) records.push(formatPaxRecord("mtime", mtime.toFixed(9).replace(/\.?0+$/, "")));
  const { uid = 0, gid = 0, device = { major: 0, minor: 0 } } = member;
  if (uid > maxOwner) records.push(formatPaxRecord("uid", String(uid)));
  if (gid > maxOwner) records.push(formatPaxRecord("gid", String(gid)));
  for (const [key, value] of member.pax ?? []) records.push(formatPaxRecord(key, value));

  const fields = {
    name: split?.name ?? toAscii(path).slice(0, 100),
    prefix: split?.prefix ?? "",
    mode: member.mode ?? (type === "symlink" ? 0o777 : type === "directory" ? 0o755 : 0o644),
    uid: uid > maxOwner ? 0 : uid,
    gid: gid > maxOwner ? 0 : gid,
    device,
    size: size > maxOctal ? 0 : size,
    mtime: plainTime ? mtime : 0,
    flag: flags[type],
    linkPath: toAscii(linkPath).slice(0, 100),
  };
  const block = encodeBlock(fields);
  if (records.length === 0) return block;
  const body = Buffer.concat(records);
  const name = `PaxHeaders.0/${toAscii(path).replace(/\/$/, "").split("/").at(-1) ?? ""}`.slice(0, 100);
  const extended = {
    ...fields,
    name,
    prefix: "",
    mode: 0o644,
    uid: 0,
    gid: 0,
    device: { major: 0, minor: 0 },
    size: body.length,
    mtime: 0,
    flag: "x",
    linkPath: "",
  };
  const padding = Buffer.alloc(roundToBlocks(body.length) - body.length);
  return Buffer.concat([encodeBlock(extended), body, padding, block]);
}

function invalid(member: TarMember, why: string): DdiffError {
  return new DdiffError(
    "TAR_MEMBER_INVALID",
    `${JSON.stringify(member.path)} cannot be put into a tar: ${why}`,
  );
}

function fits(name: string, bytes: number): boolean {
  return name.length <= bytes && toAscii(name) === name;
}

function toAscii(name: string): string {
  return name.replaceAll(/[^\u0000-\u007f]/g, "_");
}

/** A path as ustar holds it: up to 100 bytes of name behind up to 155 of prefix, cut at a slash. */
function splitPath(path: string): { prefix: string; name: string } | undefined {
  if (fits(path, 100)) return { prefix: "", name: path };
  if (!fits(path, 256)) return undefined;
  const slash = path.indexOf("/", path.length - 101);
  if (slash < 1 || slash > 155 || slash === path.length - 1) return undefined;
  return { prefix: path.slice(0, slash), name: path.slice(slash + 1) };
}

interface BlockFields {
  name: string;
  prefix: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtime: number;
  flag: string;
  linkPath: string;
  device: { major: number; minor: number };
}

function encodeBlock(fields: BlockFields): Buffer {
  const block = Buffer.alloc(blockSize);
  block.write(fields.name, 0, "latin1");
  block.write(octal(fields.mode & 0o7777777, 7), 100, "latin1");
  block.write(octal(fields.uid, 7), 108, "latin1");
  block.write(octal(fields.gid, 7), 116, "latin1");
  block.write(octal(fields.size, 11), 124, "latin1");
  block.write(octal(fields.mtime, 11), 136, "latin1");
  block.write(fields.flag, 156, "latin1");
  block.write(fields.linkPath, 157, "latin1");
  block.write("ustar\u000000", 257, "latin1");
  block.write(octal(fields.device.major, 7), 329, "latin1");
  block.write(octal(fields.device.minor, 7), 337, "latin1");
  block.write(fields.prefix, 345, "latin1");
  block.write(`${octal(checksums(block).unsigned, 6)}\0 `, 148, "latin1");
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}
