import { createHash } from "node:crypto";
import type { DeflateMaker } from "../encoder.ts";
import type { LayerContents } from "./contents.ts";
import type { ChunkedEra } from "./eras.ts";

/** A skippable frame's magic (RFC 8878, 3.1.2). */
const skippableMagic = 0x184d2a50;
const frameHeaderSize = 8;
/** The kind of table of contents that all have. */
const tocKind = 1;

/** What stands behind the frames of zstd:chunked that end at `position`: the table of contents, tar-split's records and the footer, as skippable frames. */
export function* tailOf(
  contents: LayerContents,
  position: number,
  era: ChunkedEra,
  frames: DeflateMaker,
): Generator<Buffer, void, void> {
  const tarSplit = era.hasTarSplit
    ? packText(contents.tarSplit.pieces(), frames, era.flushesTarSplit)
    : undefined;
  const toc = packText(tocPieces(contents, era, tarSplit?.packed), frames, false);
  yield* skippable(toc.packed);
  const footer = Buffer.alloc(era.footerSize);
  const tocAt = position + frameHeaderSize;
  const numbers = [tocAt, toc.packed.length, toc.size, tocKind];
  if (tarSplit !== undefined) yield* skippable(tarSplit.packed);
  if (tarSplit !== undefined && era.footerSize === 64)
    numbers.push(tocAt + toc.packed.length + frameHeaderSize, tarSplit.packed.length, tarSplit.size);
  numbers.forEach((number, i) => footer.writeBigUInt64LE(BigInt(number), 8 * i));
  footer.write(era.footerSize === 64 ? "GNUlInUx" : "GnUlInUx", 8 * numbers.length);
  yield* skippable(footer);
}

function* skippable(bytes: Buffer): Generator<Buffer, void, void> {
  const header = Buffer.alloc(frameHeaderSize);
  header.writeUInt32LE(skippableMagic, 0);
  header.writeUInt32LE(bytes.length, 4);
  yield header;
  yield bytes;
}

function* tocPieces(
  contents: LayerContents,
  era: ChunkedEra,
  tarSplit: Buffer | undefined,
): Generator<string, void, void> {
  const isEmpty = contents.entryCount === 0;
  yield `{"version":1,"entries":${isEmpty ? "null" : "["}`;
  yield* contents.entryPieces(era.hasZeroTimes);
  if (!isEmpty) yield "]";
  if (era.hasTarSplitDigest && tarSplit !== undefined)
    yield `,"tarSplitDigest":"sha256:${createHash("sha256").update(tarSplit).digest("hex")}"`;
  yield "}";
}

/** Packs a text as one frame. */
function packText(
  pieces: Iterable<string>,
  frames: DeflateMaker,
  isFlushed: boolean,
): { packed: Buffer; size: number } {
  const parts: Buffer[] = [];
  let size = 0;
  const frame = frames((bytes) => parts.push(Buffer.from(bytes)));
  for (const piece of pieces) {
    const bytes = Buffer.from(piece);
    size += bytes.length;
    frame.write(bytes);
  }
  if (isFlushed) frame.flush?.();
  frame.finish();
  return { packed: Buffer.concat(parts), size };
}
