import { gzipped } from "../codec/compression.ts";
import { algorithmOf, Digester } from "../oci/digest.ts";
import { compressionOfType } from "../oci/media-types.ts";
import type { Layer, OutgoingBlob, PlaceContext } from "../places/place.ts";
import { streamOf } from "../util/random-bytes.ts";
import { Spool } from "../util/spool.ts";

/** A rebuilt layer in the packing that its manifest names. */
export interface PackedAgain {
  blob: OutgoingBlob;
  close(): void;
}

/**
 * Packs a rebuilt layer as `ddiff push` packed it, so that the image keeps its manifest where places keep one. Undefined where other
 * bytes come out: another program packed it, or another version of zlib. Throws `DISK_FULL`.
 */
export async function packAgain(
  tar: Spool,
  { descriptor, diffId }: Layer,
  context: PlaceContext,
): Promise<PackedAgain | undefined> {
  if (compressionOfType(descriptor.mediaType) !== "gzip") return undefined;
  const spool = new Spool(context.tempDir, { named: true });
  const task = context.progress.task(`packing layer ${diffId.slice(7, 19)}`, descriptor.size);
  const digester = new Digester(algorithmOf(descriptor.digest));
  let right = false;
  try {
    for await (const chunk of gzipped(streamOf(tar.bytes(0, tar.length))) as AsyncIterable<Buffer>) {
      context.signal?.throwIfAborted();
      if (spool.length + chunk.length > descriptor.size) return undefined;
      digester.update(chunk);
      spool.append(chunk);
      task.advance(chunk.length);
    }
    spool.flush();
    right = digester.digest() === descriptor.digest;
    if (!right) return undefined;
  } finally {
    task.end();
    if (!right) spool.close();
  }
  const open = async () => streamOf(spool.bytes(0, spool.length));
  return { blob: { descriptor, diffId, open, file: spool.path }, close: () => spool.close() };
}
