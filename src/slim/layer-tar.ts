import type { ImageView, Placed } from "../inspect/image-view.ts";
import type { InventoryEntry } from "../inspect/inventory.ts";
import { roundToBlocks, type TarEntry, type TarType } from "../tar/entry.ts";
import { encodeHeader, type TarMember } from "../tar/writer.ts";
import { piecesOf } from "../util/random-bytes.ts";
import type { Contents } from "./contents.ts";
import type { NewLayer } from "./layout.ts";

/** 1980-01-01, the first day that a zip file, and so a wheel, can name. */
const installed = 315_532_800;

/** What the times of a new image are. */
export interface TimeRule {
  /** Layers whose files can have any time get the same one. */
  fix: boolean;
  /** Seconds since 1970 that nothing is younger than (reproducible-builds.org, SOURCE_DATE_EPOCH). */
  latest: number | undefined;
}

/** All that the tars of new layers are made of. */
export interface LayerParts {
  view: ImageView;
  contents: Contents;
  times: TimeRule;
  /** The times of the new layer in which a path stands. */
  layerOf: ReadonlyMap<string, NewLayer>;
}

/** The entries of old layers that a new layer is made of. */
export function entriesOf(layer: NewLayer, view: ImageView): InventoryEntry[] {
  return layer.paths.flatMap((path) => {
    const placed = view.visible.get(path);
    return placed === undefined ? [] : [placed.entry, placed.content];
  });
}

/** A new layer as a tar: the same entries, contents and times give the same bytes. Pieces are good until the next is asked for. */
export async function* layerTar(layer: NewLayer, parts: LayerParts): AsyncGenerator<Buffer, void, void> {
  const first = new Map<InventoryEntry, string>();
  for (const path of layer.paths) {
    const placed = parts.view.visible.get(path);
    if (placed === undefined) continue;
    const named = isContent(placed.content.type) ? first.get(placed.content) : undefined;
    first.set(placed.content, named ?? path);
    yield* named === undefined ? withContent(path, placed, parts) : [linkTo(path, placed, named, parts)];
  }
  yield Buffer.alloc(1024);
}

function isContent(type: TarType): boolean {
  return type === "file" || type === "sparse";
}

async function* withContent(
  path: string,
  { entry, content }: Placed,
  parts: LayerParts,
): AsyncGenerator<Buffer> {
  const kept = parts.contents.entry(entry.type === "hardlink" ? content : entry);
  const { header } = kept;
  if (kept.verbatim !== undefined) yield kept.verbatim;
  else yield encodeHeader(memberOf(path, header, timeOf(path, header, parts)));
  if (header.size === 0) return;
  const bytes = parts.contents.bytes(kept);
  const head = byteCodeHead(path, Buffer.from(bytes.read(0, Math.min(16, bytes.length))), parts);
  let done = 0;
  for await (const piece of piecesOf(bytes)) {
    if (done === 0 && head !== undefined) head.copy(piece);
    done += piece.length;
    yield piece;
  }
  const padding = roundToBlocks(header.size) - header.size;
  if (padding > 0) yield Buffer.alloc(padding);
}

function linkTo(path: string, { content }: Placed, target: string, parts: LayerParts): Buffer {
  const { header } = parts.contents.entry(content);
  const member = memberOf(path, header, timeOf(path, header, parts));
  return encodeHeader({ ...member, type: "hardlink", size: 0, linkPath: target });
}

function memberOf(path: string, header: TarEntry, mtime: number): TarMember {
  const { type, size, mode, uid, gid, linkPath, devMajor, devMinor } = header;
  const attributes = [...header.pax].filter(([key]) => /^(?:SCHILY|LIBARCHIVE)\.xattr\./.test(key));
  return {
    path,
    type: type === "hardlink" || type === "sparse" || type === "other" ? "file" : type,
    size: type === "file" ? size : 0,
    mode: mode & 0o7777,
    uid,
    gid,
    mtime,
    linkPath: type === "symlink" ? linkPath : "",
    device: { major: devMajor, minor: devMinor },
    pax: new Map(attributes.sort(([one], [other]) => (one < other ? -1 : 1))),
  };
}

function timeOf(path: string, header: TarEntry, { times, layerOf }: LayerParts): number {
  const rule = layerOf.get(path)?.times;
  if (times.fix && (rule === "fixed" || (rule === "folders" && header.type === "directory")))
    return Math.min(installed, times.latest ?? installed);
  return Math.min(header.mtime, times.latest ?? header.mtime);
}

/**
 * The first bytes of byte code whose source gets another time: Python takes byte code only where it names its source's time (PEP 552),
 * and would compile the source again at every start. Undefined where nothing changes.
 */
function byteCodeHead(path: string, head: Buffer, parts: LayerParts): Buffer | undefined {
  const found = /^(.*\/)?__pycache__\/([^/]+)\.[^./]+(?:\.opt-[12])?\.pyc$/.exec(path);
  if (found === null || head.length < 16 || head.readUInt32LE(4) !== 0) return undefined;
  const source = `${found[1] ?? ""}${found[2]}.py`;
  const placed = parts.view.visible.get(source);
  if (placed === undefined || !parts.layerOf.has(source)) return undefined;
  const { header } = parts.contents.entry(placed.content);
  const old = Math.floor(header.mtime) % 2 ** 32;
  const fresh = Math.floor(timeOf(source, header, parts));
  if (old === fresh || head.readUInt32LE(8) !== old) return undefined;
  head.writeUInt32LE(fresh, 8);
  return head;
}
