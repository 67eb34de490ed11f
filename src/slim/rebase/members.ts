import { roundToBlocks } from "../../tar/entry.ts";
import { encodeHeader, type TarMember } from "../../tar/writer.ts";
import { DdiffError } from "../../util/errors.ts";
import { piecesOf } from "../../util/random-bytes.ts";
import type { Contents } from "../contents.ts";
import type { ExactEntry } from "./exact-layer.ts";

/** One entry of a new layer. */
export type Member =
  | { kind: "entry"; path: string; entry: ExactEntry }
  /** Another name of a file that stands before it at `target`. */
  | { kind: "link"; path: string; entry: ExactEntry; target: string }
  | { kind: "whiteout"; path: string };

/** What the content of an entry takes in a tar. */
function contentOf(member: Member): number {
  return member.kind === "entry" ? member.entry.size : 0;
}

/** Bytes of an entry in the tar: headers, content, padding. Throws `FILE_UNUSUAL` as `headerOf` does. */
export function sizeOf(member: Member): number {
  return headerOf(member).length + roundToBlocks(contentOf(member));
}

/** A new layer as a tar: the same members and contents give the same bytes. Pieces are good until the next is asked for. */
export async function* tarOf(
  members: readonly Member[],
  contents: Contents,
): AsyncGenerator<Buffer, void, void> {
  for (const member of members) {
    yield headerOf(member);
    const size = contentOf(member);
    if (member.kind !== "entry" || size === 0) continue;
    yield* piecesOf(contents.bytes(contents.entry(member.entry)));
    if (size % 512 !== 0) yield Buffer.alloc(roundToBlocks(size) - size);
  }
  yield Buffer.alloc(1024);
}

/**
 * The header blocks of an entry. Throws `FILE_UNUSUAL` for a sparse file whose name leads through a link: its headers can only stay as they are.
 */
function headerOf(member: Member): Buffer {
  if (member.kind === "whiteout") return encodeHeader({ path: member.path, size: 0, mode: 0o644 });
  const { entry, path } = member;
  if (member.kind === "link")
    return encodeHeader({ ...memberOf(path, entry), type: "hardlink", size: 0, linkPath: member.target });
  if (entry.verbatim === undefined) return encodeHeader(memberOf(path, entry));
  if (entry.path === path) return Buffer.from(entry.verbatim, "base64");
  throw new DdiffError(
    "FILE_UNUSUAL",
    `${JSON.stringify(path)} is a sparse file that its layer names ${JSON.stringify(entry.path)}`,
    {
      hint: "Write the image again with an engine (docker commit, buildah commit): they store such files whole.",
    },
  );
}

function memberOf(path: string, entry: ExactEntry): TarMember {
  const { type, size, mode, uid, gid, linkPath, time, device } = entry;
  const [major = 0, minor = 0] = device === "" ? [] : device.split(",").map(Number);
  // A time that is no whole number goes as it was written: as a number it would lose nanoseconds.
  const isWhole = /^[0-9]+$/.test(time);
  const records = [...(entry.records ?? []), ...(isWhole ? [] : ([["mtime", time]] as const))];
  return {
    path: path === "" ? "./" : path,
    type: type === "hardlink" || type === "sparse" || type === "other" ? "file" : type,
    size: type === "file" ? size : 0,
    mode,
    uid,
    gid,
    mtime: isWhole ? Number(time) : 0,
    linkPath: type === "symlink" ? linkPath : "",
    device: { major, minor },
    pax: new Map(records),
  };
}
