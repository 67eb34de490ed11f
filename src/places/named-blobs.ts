import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { open, realpath, stat } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import type { Readable } from "node:stream";
import { readAll } from "../codec/read-all.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { algorithmOf, digestOf } from "../oci/digest.ts";
import { documentLimits } from "../oci/json.ts";
import { DdiffError, systemErrorCode } from "../util/errors.ts";

/**
 * Files by relative name (`blobs/sha256/ab…`, `manifest.json`), in a folder or in an archive: what the readers of
 * layouts, archives and `dir:` stand on, so that each of them is written once.
 */
export interface NamedBlobs {
  /** For error messages: the path of the folder or archive. */
  readonly where: string;
  /** Bytes of this regular file, or undefined where there is none. Throws `LINK_OUTSIDE`. */
  size(name: string): Promise<number | undefined>;
  /** The file's bytes; may be called again and in parallel. Throws `BLOB_MISSING`, `LINK_OUTSIDE`. */
  open(name: string): Promise<Readable>;
  close(): Promise<void>;
}

/** Reads are cheapest in pieces of this many bytes. */
export const readSize = 1024 * 1024;

/** The files of a folder. Symbolic links inside are followed only as long as they stay inside. */
export function folderBlobs(folder: string): NamedBlobs {
  return {
    where: folder,
    async size(name) {
      const path = await insidePath(folder, name);
      if (path === undefined) return undefined;
      const state = await stat(path);
      return state.isFile() ? state.size : undefined;
    },
    async open(name) {
      const path = await insidePath(folder, name);
      const handle = path === undefined ? undefined : await openRegular(path);
      if (handle === undefined) throw missing(folder, name);
      return handle.createReadStream({ highWaterMark: readSize });
    },
    async close() {},
  };
}

/**
 * The real path of `name` under `folder`, or undefined where it does not exist.
 * Throws `LINK_OUTSIDE` where a symbolic link on the way leads out of the folder.
 */
export async function insidePath(folder: string, name: string): Promise<string | undefined> {
  try {
    const root = await realpath(folder);
    const path = await realpath(join(root, name));
    if (path === root || path.startsWith(root.endsWith(sep) ? root : root + sep)) return path;
    throw new DdiffError(
      "LINK_OUTSIDE",
      `${join(folder, name)} is a symbolic link that leads out of ${folder}`,
      {
        hint: "Copy the file to its place instead of linking to it.",
      },
    );
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    if (code === "ELOOP") {
      throw new DdiffError("LINK_OUTSIDE", `${join(folder, name)} is a symbolic link to itself`, {
        cause: error,
      });
    }
    throw error;
  }
}

/** Opens a regular file; undefined for anything else. A named pipe in its place must not hang the reader. */
async function openRegular(path: string): Promise<FileHandle | undefined> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  const state = await handle.stat();
  if (state.isFile()) return handle;
  await handle.close();
  return undefined;
}

/** A small file whole, or undefined where there is none. */
export async function readSmall(files: NamedBlobs, name: string, limit: number): Promise<Buffer | undefined> {
  if ((await files.size(name)) === undefined) return undefined;
  return await readAll(await files.open(name), limit, `${name} in ${files.where}`);
}

/**
 * A small file that a descriptor names, checked against it. The content that the descriptor itself carries
 * (`data`) serves where the file is missing. Throws `BLOB_MISSING`, `SIZE_MISMATCH`, `DIGEST_MISMATCH`.
 */
export async function readDescribed(
  files: NamedBlobs,
  name: string,
  descriptor: Descriptor,
): Promise<Buffer> {
  const size = await files.size(name);
  const embedded = descriptor.data === undefined ? undefined : Buffer.from(descriptor.data, "base64");
  if (size === undefined && embedded === undefined) throw missing(files.where, name);
  if (size !== undefined && size !== descriptor.size) {
    throw new DdiffError(
      "SIZE_MISMATCH",
      `${name} in ${files.where} has ${size} bytes instead of ${descriptor.size}`,
      { hint: "That copy of the image is damaged; make it again." },
    );
  }
  const bytes =
    size === undefined && embedded !== undefined
      ? embedded
      : await readAll(await files.open(name), documentLimits.maxBytes, `${name} in ${files.where}`);
  if (digestOf(bytes, algorithmOf(descriptor.digest)) !== descriptor.digest) {
    throw new DdiffError(
      "DIGEST_MISMATCH",
      `${name} in ${files.where} does not have the digest that it is named by`,
      {
        hint: "That copy of the image is damaged or was changed; make it again.",
      },
    );
  }
  return bytes;
}

/** The error for a file that should be there. */
export function missing(where: string, name: string): DdiffError {
  return new DdiffError("BLOB_MISSING", `${where} does not contain ${name}`, {
    hint: "It was left out or lost when that copy was made; make the copy again from a complete image.",
  });
}

/**
 * Splits `PATH[:NAME]` at the first colon as containers-transports(5) does; the colon of a Windows drive is not one.
 * The path comes back absolute. Throws `PLACE_INVALID` for an empty path.
 */
export function splitPath(rest: string, transport: string): { path: string; name: string | undefined } {
  const drive = /^[A-Za-z]:\\/.test(rest) ? 2 : 0;
  const colon = rest.indexOf(":", drive);
  const path = colon < 0 ? rest : rest.slice(0, colon);
  const name = colon < 0 ? "" : rest.slice(colon + 1);
  if (path === "") {
    throw new DdiffError("PLACE_INVALID", `${transport}:${rest} names no path`, {
      hint: `Write ${transport}:PATH or ${transport}:PATH:NAME.`,
      exitStatus: 2,
    });
  }
  return { path: resolve(path), name: name === "" ? undefined : name };
}
