import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname, normalize } from "node:path/posix";
import type { Readable } from "node:stream";
import { decompressed, detectCompression } from "../codec/compression.ts";
import { releasable } from "../codec/release.ts";
import { blockSize, roundToBlocks, type TarHeader } from "../tar/entry.ts";
import { maxHeaderBytes, parseHeaders, readStep } from "../tar/header.ts";
import { DdiffError, isDdiffError, messageOf, systemErrorCode } from "../util/errors.ts";
import { readableOf } from "../util/readable.ts";
import { missing, type NamedBlobs, readSize } from "./named-blobs.ts";
import { explainWriteError, openUnnamed, writeAll } from "./temp-files.ts";

/** An image archive has some hundred members; a hostile one as many as it likes. */
const maxMembers = 1_000_000;
const maxLinks = 16;

type Member =
  | { kind: "file"; offset: number; size: number }
  | { kind: "link"; target: string }
  | { kind: "refused"; why: string };

/**
 * Opens a tar archive for reading its members in any order. Their places are found in one pass over the headers; the
 * data between are skipped. A compressed archive (gzip, zstd) is unpacked once into a nameless file in `tempDir`.
 * Nothing is ever extracted: a member's name is only a key, and links lead only to other members.
 * Throws `FILE_MISSING`, `ARCHIVE_INVALID` (no tar, cut short, a member named `../x` or `/x`), `DISK_FULL`,
 * `DECOMPRESSION_FAILED`, `BOMB`; the two faces throw `ARCHIVE_INVALID` for a member that is there twice.
 */
export async function openArchive(path: string, tempDir: string): Promise<NamedBlobs> {
  let file = await openFile(path);
  try {
    const head = Buffer.alloc(4);
    await file.read(head, 0, 4, 0);
    if (detectCompression(head) !== "none") file = await unpacked(file, path, tempDir);
    const members = await scan(file, path);
    return archiveBlobs(file, members, path);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** What the file at `path` looks like: a tar, something compressed, or neither. Throws `FILE_MISSING`. */
export async function looksLikeArchive(path: string): Promise<"tar" | "packed" | "neither"> {
  const file = await openFile(path);
  try {
    const block = Buffer.alloc(blockSize);
    const { bytesRead } = await file.read(block, 0, blockSize, 0);
    if (detectCompression(block.subarray(0, bytesRead)) !== "none") return "packed";
    readStep(block, 0);
    return bytesRead === blockSize ? "tar" : "neither";
  } catch (error) {
    if (isDdiffError(error, "TAR_INVALID")) return "neither";
    throw error;
  } finally {
    await file.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if ((await file.stat()).isFile()) return file;
    await file.close();
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
    throw new DdiffError("FILE_MISSING", `there is no file ${path}`, { cause: error });
  }
  throw new DdiffError("ARCHIVE_INVALID", `${path} is not a file`, {
    hint: `For an OCI layout in a folder write oci:${path}.`,
  });
}

/** Replaces the compressed file by its content; takes over `packed`. */
async function unpacked(packed: FileHandle, path: string, tempDir: string): Promise<FileHandle> {
  const plain = await openUnnamed(tempDir);
  try {
    const size = (await packed.stat()).size;
    const bytes = decompressed(readRange(packed, 0, size, path), { what: path });
    await writeAll(bytes, plain);
  } catch (error) {
    await plain.close();
    throw explainWriteError(error, tempDir);
  }
  await packed.close();
  return plain;
}

/** Finds all members by reading headers only. */
async function scan(file: FileHandle, where: string): Promise<Map<string, Member>> {
  const { size: end } = await file.stat();
  const members = new Map<string, Member>();
  let at = 0;
  try {
    while (at < end) {
      const header = await readHeader(file, at, end, where);
      if (header === undefined) break;
      at += header.length;
      const entry = parseHeaders(header, undefined, at - header.length);
      const stored = at + entry.size;
      if (stored > end) throw cutShort(where);
      add(members, entry, at, where);
      at += roundToBlocks(entry.size);
    }
  } catch (error) {
    if (isDdiffError(error, "TAR_INVALID")) {
      const sentence = `${where} is not an image archive, or damaged: ${messageOf(error)}`;
      throw new DdiffError("ARCHIVE_INVALID", sentence, {
        hint: "Make or copy the archive again.",
        cause: error,
      });
    }
    throw error;
  }
  if (at === 0) throw new DdiffError("ARCHIVE_INVALID", `${where} is empty`);
  return members;
}

/** All header blocks of the entry at `start`; undefined at the end marker. */
async function readHeader(
  file: FileHandle,
  start: number,
  end: number,
  where: string,
): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let position = start;
  const take = async (bytes: number) => {
    if (position + bytes > end || position + bytes - start > maxHeaderBytes) throw cutShort(where);
    const part = await readExactly(file, position, bytes, where);
    parts.push(part);
    position += bytes;
    return part;
  };
  for (;;) {
    const block = await take(blockSize);
    if (parts.length === 1 && block.every((byte) => byte === 0)) return undefined;
    const step = readStep(block, position - blockSize);
    if (step.kind === "sparse") while ((await take(blockSize))[504] !== 0);
    else if (step.kind !== "last" && step.bytes > 0) await take(step.bytes);
    if (step.kind !== "record") return Buffer.concat(parts);
  }
}

function add(members: Map<string, Member>, entry: TarHeader, offset: number, where: string): void {
  if (entry.flag === "g" || entry.type === "directory") return;
  const name = memberName(entry.path, where);
  if (members.size >= maxMembers) {
    throw new DdiffError("ARCHIVE_INVALID", `${where} has more than ${maxMembers} members`);
  }
  members.set(
    name,
    members.has(name) ? { kind: "refused", why: "is there twice" } : memberOf(entry, offset, name),
  );
}

function memberOf(entry: TarHeader, offset: number, name: string): Member {
  switch (entry.type) {
    case "file":
      return { kind: "file", offset, size: entry.size };
    case "hardlink":
      return { kind: "link", target: normalize(entry.linkPath) };
    case "symlink":
      return { kind: "link", target: normalize(`${dirname(name)}/${entry.linkPath}`) };
    default:
      return { kind: "refused", why: `is not a plain file but of the kind ${entry.type}` };
  }
}

/** A member's name without `./`. One that points out of the archive is no accident. */
function memberName(path: string, where: string): string {
  if (path.startsWith("/") || path.split("/").includes("..")) {
    const shown = JSON.stringify(path.slice(0, 200));
    throw new DdiffError("ARCHIVE_INVALID", `${where} has a member that points out of it: ${shown}`, {
      hint: "No tool that saves images writes such names: do not trust the archive.",
    });
  }
  return normalize(path);
}

function archiveBlobs(file: FileHandle, members: Map<string, Member>, where: string): NamedBlobs {
  function find(name: string): { offset: number; size: number } | undefined {
    let at = normalize(name);
    for (let links = 0; links <= maxLinks; links++) {
      const member = members.get(at);
      if (member === undefined) return undefined;
      if (member.kind === "file") return member;
      if (member.kind === "refused")
        throw new DdiffError("ARCHIVE_INVALID", `${at} in ${where} ${member.why}`);
      at = member.target;
    }
    throw new DdiffError("ARCHIVE_INVALID", `${name} in ${where} is a link that leads nowhere`);
  }
  return {
    where,
    async size(name) {
      return find(name)?.size;
    },
    async open(name) {
      const member = find(name);
      if (member === undefined) throw missing(where, name);
      return readRange(file, member.offset, member.size, where);
    },
    close: () => file.close(),
  };
}

/** A part of a file as a stream; any number of them may be read at once. Does not close the file. */
export function readRange(file: FileHandle, offset: number, size: number, where: string): Readable {
  async function* pieces(): AsyncGenerator<Buffer, void, void> {
    for (let at = 0; at < size; at += readSize) {
      yield await readExactly(file, offset + at, Math.min(readSize, size - at), where);
    }
  }
  return readableOf(releasable(pieces()), () => {});
}

async function readExactly(file: FileHandle, position: number, size: number, where: string): Promise<Buffer> {
  // Memory of its own, which a reader may give back.
  const bytes = Buffer.allocUnsafeSlow(size);
  for (let at = 0; at < size; ) {
    const { bytesRead } = await file.read(bytes, at, size - at, position + at);
    if (bytesRead === 0) throw cutShort(where);
    at += bytesRead;
  }
  return bytes;
}

function cutShort(where: string): DdiffError {
  return new DdiffError("ARCHIVE_INVALID", `${where} is cut short`, {
    hint: "Make or copy the archive again.",
  });
}
