import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import { gzipped } from "../codec/compression.ts";
import { verified } from "../codec/verify.ts";
import { type Digest, Digester } from "../oci/digest.ts";
import { compressionOfType, isDockerType } from "../oci/media-types.ts";
import { layerType } from "../oci/rewrite.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { explainWriteError } from "./temp-files.ts";
import type { Layer, OutgoingBlob, OutgoingImage, PlaceContext } from "./place.ts";
import { replaceLayers } from "./replace-layers.ts";

type CompressContext = Pick<PlaceContext, "tempDir" | "progress" | "signal">;

/** An image whose uncompressed layers have become gzip files, and what removes those. */
export interface CompressedImage {
  image: OutgoingImage;
  close(): Promise<void>;
}

/**
 * Packs every uncompressed layer with gzip, as `docker push` does, but for those that are to stay as they lie somewhere (`keep`, by diffID). For images
 * of engines that keep no packed layers: their manifests are of our own making, so no digest that anyone knows is lost. Needs room for the packed
 * layers in the temporary folder. Throws `DISK_FULL`.
 */
export async function compressLayers(
  image: OutgoingImage,
  context: CompressContext,
  keep: ReadonlySet<Digest> = new Set(),
): Promise<CompressedImage> {
  const files: string[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(files.map((file) => rm(file, { force: true })));
  };
  const blobs = new Map(image.blobs.map((blob) => [blob.descriptor.digest, blob]));
  const packed = new Map<Digest, OutgoingBlob>();
  try {
    const replaced = await replaceLayers(image, async (layer, { manifest }) => {
      const blob = blobs.get(layer.descriptor.digest);
      const isPacked = compressionOfType(layer.descriptor.mediaType) !== "none";
      if (blob === undefined || isPacked || keep.has(layer.diffId)) return layer.descriptor;
      const done =
        packed.get(layer.diffId) ??
        (await packLayer(layer, blob, isDockerType(manifest.mediaType), files, context));
      packed.set(layer.diffId, done);
      blobs.delete(layer.descriptor.digest);
      blobs.set(done.descriptor.digest, done);
      return done.descriptor;
    });
    return { image: { ...image, ...replaced, blobs: [...blobs.values()] }, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function packLayer(
  layer: Layer,
  blob: OutgoingBlob,
  docker: boolean,
  files: string[],
  { tempDir, progress, signal }: CompressContext,
): Promise<OutgoingBlob> {
  const file = join(tempDir, `layer-${randomUUID()}.gz`);
  files.push(file);
  const task = progress.task(`packing layer ${layer.diffId.slice(7, 19)}`, layer.descriptor.size);
  const digester = new Digester();
  try {
    const tar = counted(verified(await blob.open(), layer.descriptor, `layer ${layer.diffId}`), (bytes) =>
      task.advance(bytes),
    );
    await pipeline(
      gzipped(tar),
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          digester.update(chunk);
          yield chunk;
        }
      },
      createWriteStream(file, { flags: "wx", mode: 0o600, highWaterMark: 1 << 20 }),
      signal === undefined ? {} : { signal },
    );
  } catch (error) {
    throw explainWriteError(error, file);
  } finally {
    task.end();
  }
  const descriptor: Descriptor = {
    mediaType: layerType("gzip", docker),
    digest: digester.digest(),
    size: digester.size,
  };
  return {
    descriptor,
    diffId: layer.diffId,
    open: async (): Promise<Readable> => createReadStream(file, { highWaterMark: 1 << 20 }),
    file,
  };
}

/** The same stream; `advance` hears of every piece. */
function counted(stream: Readable, advance: (bytes: number) => void): Readable {
  async function* pieces(): AsyncGenerator<Buffer> {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      advance(chunk.length);
      yield chunk;
    }
  }
  return Readable.from(pieces(), { objectMode: false, highWaterMark: 1 << 20 });
}
