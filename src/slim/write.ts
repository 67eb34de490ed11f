import type { Digest } from "../oci/digest.ts";
import { compressLayers } from "../places/compress-layers.ts";
import type { OutgoingImage, Place, PlaceContext, Transport, Written } from "../places/place.ts";

/** Engines unpack what they get; all others keep and send on layers as they are. */
const engines: ReadonlySet<Transport> = new Set(["docker-daemon", "containers-storage", "docker-archive"]);

/** True for places that keep layers as they get them, so that they are packed before. */
export function keepsPacked({ transport }: Pick<Place, "transport">): boolean {
  return !engines.has(transport);
}

/** An image as it goes to a place, and what removes its packed layers. */
interface PackedImage {
  image: OutgoingImage;
  close(): Promise<void>;
}

/** Packs uncompressed layers with gzip, where they are to be packed, but for those in `keep` (by diffID). Throws `DISK_FULL`. */
export async function packImage(
  image: OutgoingImage,
  isPacked: boolean,
  context: PlaceContext,
  keep?: ReadonlySet<Digest>,
): Promise<PackedImage> {
  return isPacked ? compressLayers(image, context, keep) : { image, close: async () => {} };
}

/** Writes an image that is packed for its place. Throws what sinks throw. */
export async function writePacked(
  image: OutgoingImage,
  place: Place,
  { progress, signal }: PlaceContext,
): Promise<Written> {
  const sink = await place.sink();
  try {
    return await sink.write(image, signal === undefined ? { progress } : { progress, signal });
  } finally {
    await sink.close();
  }
}

/** Writes an image whose layers are uncompressed, packed with gzip where the place keeps what it gets. Throws what sinks throw. */
export async function writeSlim(image: OutgoingImage, place: Place, context: PlaceContext): Promise<Written> {
  const packed = await packImage(image, keepsPacked(place), context);
  try {
    return await writePacked(packed.image, place, context);
  } finally {
    await packed.close();
  }
}
