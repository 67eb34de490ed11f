import { compressLayers } from "../places/compress-layers.ts";
import type { OutgoingImage, Place, PlaceContext, Transport, Written } from "../places/place.ts";

/** Engines unpack what they get; all others keep and send on layers as they are. */
const engines: ReadonlySet<Transport> = new Set(["docker-daemon", "containers-storage", "docker-archive"]);

/** Writes an image whose layers are uncompressed, packed with gzip where the place keeps what it gets. Throws what sinks throw. */
export async function writeSlim(image: OutgoingImage, place: Place, context: PlaceContext): Promise<Written> {
  const { progress, signal } = context;
  const how = signal === undefined ? { progress } : { progress, signal };
  const sink = await place.sink();
  try {
    if (engines.has(place.transport)) return await sink.write(image, how);
    const packed = await compressLayers(image, context);
    try {
      return await sink.write(packed.image, how);
    } finally {
      await packed.close();
    }
  } finally {
    await sink.close();
  }
}
