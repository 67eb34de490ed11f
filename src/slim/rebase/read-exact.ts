import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { Digest } from "../../oci/digest.ts";
import type { Layer, PlaceContext, Source } from "../../places/place.ts";
import { type CacheKind, cacheDir, keepCached, readCached } from "../../store/cache.ts";
import { DdiffError } from "../../util/errors.ts";
import { mapLimited } from "../../util/map-limited.ts";
import { type ExactLayer, readExactLayer } from "./exact-layer.ts";

const kind: CacheKind = { folder: "inventories", suffix: ".inventory-exact-1.zst" };
const largest = 2 ** 31 - 1;
/** While one layer is unpacked by another thread, the next is hashed by this one. */
const layersAtOnce = 2;

/** Layers that were read, by diffID: what a base and an image share is read once, and kept in the cache from run to run. */
export type ExactLayers = Map<Digest, Promise<ExactLayer>>;

/**
 * What stands in the layers of an image, bottom first. Layers that the cache knows are not read. Throws `DIGEST_MISMATCH`, `TAR_INVALID`, and
 * what the source throws.
 */
export async function readExactLayers(
  source: Source,
  layers: readonly Layer[],
  known: ExactLayers,
  context: PlaceContext,
): Promise<ExactLayer[]> {
  return mapLimited(layers, layersAtOnce, (layer) => {
    const reading = known.get(layer.diffId) ?? readOne(source, layer, context);
    known.set(layer.diffId, reading);
    return reading;
  });
}

async function readOne(source: Source, layer: Layer, context: PlaceContext): Promise<ExactLayer> {
  const dir = cacheDir(context.env);
  const cached = await readCached(dir, kind, layer.diffId, (packed) => unpack(packed, layer.diffId));
  if (cached !== undefined) return cached;
  context.signal?.throwIfAborted();
  const task = context.progress.task(`reading layer ${layer.diffId.slice(7, 19)}`);
  try {
    const read = await readExactLayer(await source.openLayer(layer), (bytes) => {
      context.signal?.throwIfAborted();
      task.advance(bytes);
    });
    if (read.diffId !== layer.diffId) {
      throw new DdiffError("DIGEST_MISMATCH", `layer ${layer.diffId} has other content: ${read.diffId}`, {
        hint: "The data was damaged on its way or at rest: fetch the image again.",
      });
    }
    await keepCached(dir, kind, layer.diffId, () => zstdCompressSync(JSON.stringify(read)));
    return read;
  } finally {
    task.end();
  }
}

function unpack(packed: Buffer, diffId: Digest): ExactLayer | undefined {
  const read = JSON.parse(zstdDecompressSync(packed, { maxOutputLength: largest }).toString()) as ExactLayer;
  return read.diffId === diffId ? read : undefined;
}
