import type { Readable } from "node:stream";
import { encodersIn, isGuess } from "../codec/exact/packing-recipe.ts";
import { repacked, unknownEncoders } from "../codec/exact/repack.ts";
import { algorithmOf, type Digest, Digester } from "../oci/digest.ts";
import type { Layer, OutgoingBlob, PlaceContext, PlatformImage, Sink, Transport } from "../places/place.ts";
import { DdiffError, isDdiffError } from "../util/errors.ts";
import { streamOf } from "../util/random-bytes.ts";
import { readableOf } from "../util/readable.ts";
import { checkRoom } from "../util/room.ts";
import { Spool } from "../util/spool.ts";
import type { LayerPacking } from "./bundle-config.ts";
import { type LayerSupply, openTar } from "./layer-supply.ts";

/** Who gets an image with every layer packed as its manifest names it. */
export interface ExactReceiver {
  sink: Sink;
  context: PlaceContext;
  /** Keeps a temporary file until the image is written. */
  keep: (resource: { close(): unknown }) => void;
}

/** Places that keep an image's manifest and its layers as they are packed. */
export function keepsPacked(transport: Transport): boolean {
  return /^(?:docker|oci|oci-archive|dir|containerd)$/.test(transport);
}

/**
 * The blobs of an image's layers just as its manifest names them, by digest: those of the bundle and of the base, and what can be packed
 * again. The first layer that cannot be had so, where there is one: then the manifest has to be written anew. Throws `ENCODER_UNKNOWN`,
 * `DISK_SPACE`, `DISK_FULL`; a blob that is packed again fails with `BUNDLE_INVALID` where other bytes come out.
 */
export async function exactLayers(
  image: PlatformImage,
  supply: LayerSupply,
  receiver: ExactReceiver,
): Promise<{ blobs: Map<Digest, OutgoingBlob> } | { lacking: Layer }> {
  const blobs = new Map<Digest, OutgoingBlob>();
  const guesses: { layer: Layer; packing: LayerPacking }[] = [];
  for (const layer of image.layers) {
    const { digest } = layer.descriptor;
    const packing = supply.bundle.config.packings?.find(({ blob }) => blob.digest === digest);
    const blob = (await atHand(layer, supply, receiver)) ?? (packing && packedBlob(layer, packing, supply));
    if (blob !== undefined) blobs.set(digest, blob);
    else if (packing === undefined) return { lacking: layer };
    else guesses.push({ layer, packing });
  }
  // Last, for these cost time and may be in vain.
  for (const { layer, packing } of guesses) {
    const blob = await tryGuess(layer, packing, supply, receiver);
    if (blob === undefined) return { lacking: layer };
    blobs.set(layer.descriptor.digest, blob);
  }
  return { blobs };
}

/** A layer's blob where somebody has its very bytes. */
async function atHand(
  layer: Layer,
  { bundle, base, rebuilt }: LayerSupply,
  { sink }: ExactReceiver,
): Promise<OutgoingBlob | undefined> {
  const { descriptor, diffId } = layer;
  const carried = bundle.config.layers.find((one) => one.diffId === diffId);
  if (carried?.from === "blob" && carried.blob.digest === descriptor.digest) {
    return { descriptor, diffId, open: async () => streamOf(bundle.blob(carried.blob)) };
  }
  const spool = rebuilt.spools.get(diffId);
  if (spool !== undefined && descriptor.digest === diffId) {
    return { descriptor, diffId, open: async () => streamOf(spool.bytes(0, spool.length)), file: spool.path };
  }
  if (carried?.from !== "base") return undefined;
  const { source } = base.require(diffId);
  if (await source.hasBlob(descriptor)) {
    const mountFrom = source.repository === undefined ? {} : { mountFrom: source.repository };
    return { descriptor, diffId, open: () => source.openBlob(descriptor), ...mountFrom };
  }
  if (!(await sink.has({ descriptor, diffId }))) return undefined;
  const gone = new DdiffError("BLOB_MISSING", `${descriptor.digest} is not in ${sink.label} any more`);
  return { descriptor, diffId, open: () => Promise.reject(gone) };
}

/** A layer that is packed again while it is read; undefined where how is only guessed. */
function packedBlob(layer: Layer, { recipe }: LayerPacking, supply: LayerSupply): OutgoingBlob | undefined {
  if (isGuess(recipe)) return undefined;
  const { descriptor, diffId } = layer;
  const [unknown] = unknownEncoders(recipe);
  if (unknown !== undefined) {
    throw new DdiffError(
      "ENCODER_UNKNOWN",
      `layer ${diffId} is to be packed again by ${unknown}, which this ddiff does not know`,
      {
        hint: "Install a newer ddiff here, or make the bundle with --exact=never: the image then gets another digest.",
      },
    );
  }
  const open = async (): Promise<Readable> => {
    const tar = await openTar(diffId, supply);
    return readableOf(packedAgain(tar, layer, recipe), () => tar.destroy());
  };
  return { descriptor, diffId, open, isChecked: true };
}

async function* packedAgain(
  tar: Readable,
  { descriptor, diffId }: Layer,
  recipe: LayerPacking["recipe"],
): AsyncGenerator<Buffer, void, void> {
  const digester = new Digester(algorithmOf(descriptor.digest));
  let cause: unknown;
  try {
    for await (const piece of repacked(tar as AsyncIterable<Buffer>, recipe, `layer ${diffId}`)) {
      digester.update(piece);
      if (digester.size > descriptor.size) break;
      yield piece;
    }
    if (digester.size === descriptor.size && digester.digest() === descriptor.digest) return;
  } catch (error) {
    if (!isDdiffError(error, "RECIPE_INVALID")) throw error;
    cause = error;
  }
  throw new DdiffError(
    "BUNDLE_INVALID",
    `layer ${diffId}, packed again by ${encodersIn(recipe).join(", ")}, is not ${descriptor.digest}`,
    { hint: "Make the bundle again with ddiff diff.", cause },
  );
}

/** Packs a layer of the base as it was probably packed; undefined where other bytes come out. */
async function tryGuess(
  layer: Layer,
  { recipe }: LayerPacking,
  supply: LayerSupply,
  { context, keep }: ExactReceiver,
): Promise<OutgoingBlob | undefined> {
  if (unknownEncoders(recipe).length > 0) return undefined;
  const { descriptor, diffId } = layer;
  await checkRoom(context.tempDir, descriptor.size, "packing the base's layers");
  const spool = new Spool(context.tempDir, { named: true });
  keep(spool);
  const task = context.progress.task(`packing layer ${diffId.slice(7, 19)}`, descriptor.size);
  const digester = new Digester(algorithmOf(descriptor.digest));
  const tar = await openTar(diffId, supply);
  try {
    const pieces = repacked(tar as AsyncIterable<Buffer>, recipe, `layer ${diffId}`, context.signal);
    for await (const piece of pieces) {
      digester.update(piece);
      if (digester.size > descriptor.size) return undefined;
      spool.append(piece);
      task.advance(piece.length);
    }
    spool.flush();
  } finally {
    tar.destroy();
    task.end();
  }
  if (digester.digest() !== descriptor.digest) return undefined;
  return { descriptor, diffId, open: async () => streamOf(spool.bytes(0, spool.length)), file: spool.path };
}
