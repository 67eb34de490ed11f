import type { Digest } from "../oci/digest.ts";
import { type Manifest, parseDocument } from "../oci/manifest.ts";
import { isDockerType } from "../oci/media-types.ts";
import { outgoingImage } from "../places/copy.ts";
import type { ImageTree } from "../places/image-tree.ts";
import type {
  HeldImage,
  OutgoingBlob,
  OutgoingImage,
  Place,
  PlaceContext,
  PlatformImage,
  Sink,
  Source,
  Written,
} from "../places/place.ts";
import { replaceLayers } from "../places/replace-layers.ts";
import { DdiffError, isDdiffError, messageOf } from "../util/errors.ts";
import { BaseLayers } from "./base-layers.ts";
import type { Bundle } from "./bundle-read.ts";
import { readTargets } from "./bundle-source.ts";
import { exactLayers, keepsPacked } from "./exact-outgoing.ts";
import type { LayerSupply } from "./layer-supply.ts";
import { supplyLayer } from "./outgoing.ts";
import { neededLayers, rebuildLayers } from "./rebuild.ts";
import { bundleSize, fetchBundle } from "./registry-bundle.ts";
import { deltaAnnotations, type ListedDelta, type SetAside } from "./registry-delta.ts";
import { packAgain } from "./registry-delta-pack.ts";

/** An image in a registry, some of whose deltas may fit what the place has. All stays open. */
export interface DeltaPull {
  aside: SetAside;
  /** The image, read through `aside`. */
  tree: ImageTree;
  place: Place;
  sink: Sink;
  context: PlaceContext;
}

/** What was pulled with the help of deltas. Sizes in bytes. */
export interface PulledByDelta {
  written: Written;
  fetched: number;
  /** What would have been fetched without. */
  insteadOf: number;
  /** Names of the bases that helped. */
  bases: string[];
}

/** More candidates than this are not looked at: the smallest come first. */
const mostCandidates = 5;

/** What one image is made of: the chosen delta and all that was built with it. */
interface Supply extends LayerSupply {
  /** Blobs that are packed as the manifest names them, by its digests. */
  packed: Map<Digest, OutgoingBlob>;
}

interface Chosen {
  listed: ListedDelta;
  manifest: Manifest;
  size: number;
}

/**
 * Brings an image into a place by the smallest delta of each platform whose base is there, and what has none as it is in the
 * registry. Every layer is checked against the diffID in the image's own config before anything is written, so that a delta that
 * lies never makes another image. Undefined, with a note, where no delta fits or the one that did fails: the image is then to
 * be pulled as if there were none. Throws only when it is stopped.
 */
export async function pullByDelta(request: DeltaPull): Promise<PulledByDelta | undefined> {
  const { aside, tree, context } = request;
  if (!tree.images.some((image) => aside.deltas.has(image.manifest.digest))) return undefined;
  const name = aside.source.name ?? aside.source.label;
  const close: (() => unknown)[] = [];
  try {
    const done = await tryDeltas(request, (resource) => close.push(() => resource.close()));
    if (done === undefined) {
      context.progress.note(`No delta of ${name} fits what is here: all that it lacks is fetched.`);
    }
    return done;
  } catch (error) {
    context.signal?.throwIfAborted();
    if (isDdiffError(error, "CANCELLED")) throw error;
    context.progress.note(
      `The delta of ${name} could not be used, all that it lacks is fetched: ${messageOf(error)}`,
    );
    return undefined;
  } finally {
    for (const free of close.toReversed()) await free();
  }
}

async function tryDeltas(
  request: DeltaPull,
  keep: (resource: { close(): unknown }) => void,
): Promise<PulledByDelta | undefined> {
  const { aside, tree, place, sink, context } = request;
  const chosen = new Map<PlatformImage, Chosen>();
  const held = await heldIn(place);
  const here = new Set(held.flatMap((image) => image.layers));
  let insteadOf = 0;
  for (const image of tree.images) {
    const listed = aside.deltas.get(image.manifest.digest) ?? [];
    const lacking = listed.length === 0 ? 0 : await bytesLacking(image, sink);
    const best = await chooseDelta(aside.source, image, listed, { here, lacking });
    if (best === undefined) continue;
    chosen.set(image, best);
    insteadOf += lacking;
  }
  if (chosen.size === 0) return undefined;
  const supplies = new Map<Digest, Supply>();
  for (const [image, delta] of chosen) {
    supplies.set(image.manifest.digest, await makeSupply(request, { image, delta, held }, keep));
  }
  let fetched = [...chosen.values()].reduce((sum, { size }) => sum + size, 0);
  const outgoing = await assemble(aside.source, tree, supplies, (bytes) => {
    fetched += bytes;
    insteadOf += bytes;
  });
  if (keepsPacked(place.transport) && outgoing.root.digest !== tree.root.digest) {
    context.progress.note(
      "Rebuilt layers are kept unpacked here, so the manifest has another digest; the image ID is the same.",
    );
  }
  const { progress, signal } = context;
  const written = await sink.write(outgoing, signal === undefined ? { progress } : { progress, signal });
  const bases = [...new Set([...chosen.values()].flatMap(({ listed }) => listed.baseNames))];
  return { written, fetched, insteadOf, bases };
}

/** The images of a place; none where there is nothing yet. */
async function heldIn(place: Place): Promise<HeldImage[]> {
  try {
    return await place.inventory();
  } catch (error) {
    if (isDdiffError(error)) return [];
    throw error;
  }
}

async function bytesLacking(image: PlatformImage, sink: Sink): Promise<number> {
  let bytes = 0;
  for (const layer of image.layers) if (!(await sink.has(layer))) bytes += layer.descriptor.size;
  return bytes;
}

/** The smallest delta whose base is here, that is honest about what it makes, and that saves something. */
async function chooseDelta(
  source: Source,
  image: PlatformImage,
  listed: readonly ListedDelta[],
  { here, lacking }: { here: ReadonlySet<Digest>; lacking: number },
): Promise<Chosen | undefined> {
  const fitting = listed
    .filter((delta) => delta.size < lacking && delta.baseLayers.every((layer) => here.has(layer)))
    .sort((a, b) => a.size - b.size);
  let best: Chosen | undefined;
  for (const delta of fitting.slice(0, mostCandidates)) {
    try {
      const { mediaType, digest, size: length } = delta.descriptor;
      const document = await source.readDocument({ mediaType, digest, size: length });
      const manifest = parseDocument(document.bytes, mediaType);
      if (manifest.kind !== "manifest" || manifest.subject?.digest !== image.manifest.digest) continue;
      const size = bundleSize(manifest);
      if (size < (best?.size ?? lacking)) best = { listed: delta, manifest, size };
    } catch (error) {
      // One that is damaged or gone is no reason not to look at the next.
      if (!isDdiffError(error) || error.code === "CANCELLED") throw error;
    }
  }
  return best;
}

/** Fetches a delta, finds its base, rebuilds and checks its layers. */
async function makeSupply(
  { aside, place, sink, context }: DeltaPull,
  { image, delta, held }: { image: PlatformImage; delta: Chosen; held: readonly HeldImage[] },
  keep: (resource: { close(): unknown }) => void,
): Promise<Supply> {
  const fetched = await fetchBundle(aside.source, delta.manifest, context);
  keep(fetched);
  const { bundle } = fetched;
  const trees = await readTargets(bundle, aside.source.label);
  if (trees.length !== 1 || trees[0]?.root.digest !== image.manifest.digest) {
    throw lies("it makes another image than the one it refers to");
  }
  checkWholeLayers(bundle, image);
  const base = new BaseLayers();
  keep(base);
  const needed = neededLayers(bundle);
  await base.addFrom(held, needed);
  if (base.missing(needed).length > 0) throw lies("it needs more of its base than it says");
  const rebuilt = await rebuildLayers(bundle, base, context);
  keep(rebuilt);
  const supply = { bundle, base, rebuilt };
  if (!keepsPacked(place.transport)) return { ...supply, packed: new Map() };
  const layers = await exactLayers(image, supply, { sink, context, keep });
  if ("blobs" in layers) return { ...supply, packed: layers.blobs };
  const packed = new Map<Digest, OutgoingBlob>();
  if (delta.manifest.annotations?.[deltaAnnotations.packing] === "ddiff") {
    for (const layer of image.layers) {
      const spool = rebuilt.spools.get(layer.diffId);
      const again = spool === undefined ? undefined : await packAgain(spool, layer, context);
      if (again === undefined) continue;
      keep(again);
      packed.set(layer.descriptor.digest, again.blob);
    }
  }
  return { ...supply, packed };
}

/** A layer that comes as a blob must be the very blob that the image names: nothing else vouches for it. */
function checkWholeLayers({ config }: Bundle, image: PlatformImage): void {
  const named = new Map(image.layers.map((layer) => [layer.diffId, layer.descriptor.digest]));
  const other = config.layers.find((one) => one.from === "blob" && named.get(one.diffId) !== one.blob.digest);
  if (other !== undefined) throw lies(`it brings another blob for layer ${other.diffId}`);
}

/** The image as the sink gets it: layers from the supplies, all else from the registry. `opened` hears of bytes fetched there. */
async function assemble(
  source: Source,
  tree: ImageTree,
  supplies: ReadonlyMap<Digest, Supply>,
  opened: (bytes: number) => void,
): Promise<OutgoingImage> {
  const plain = await outgoingImage(source, tree);
  const fromRegistry = new Map(
    plain.blobs.map((blob): [Digest, OutgoingBlob] => [blob.descriptor.digest, counted(blob, opened)]),
  );
  const blobs = new Map<Digest, OutgoingBlob>();
  const add = (blob: OutgoingBlob | undefined): void => {
    if (blob !== undefined) blobs.set(blob.descriptor.digest, blob);
  };
  const image = await replaceLayers(tree, async (layer, { manifest }) => {
    const supply = supplies.get(manifest.digest);
    const blob =
      supply === undefined
        ? fromRegistry.get(layer.descriptor.digest)
        : (supply.packed.get(layer.descriptor.digest) ??
          (await supplyLayer(layer, isDockerType(manifest.mediaType), supply)));
    add(blob);
    return blob?.descriptor ?? layer.descriptor;
  });
  for (const { digest } of tree.artifactBlobs) add(fromRegistry.get(digest));
  return { ...image, blobs: [...blobs.values()], referrers: tree.referrers };
}

function counted(blob: OutgoingBlob, opened: (bytes: number) => void): OutgoingBlob {
  return {
    ...blob,
    open() {
      opened(blob.descriptor.size);
      return blob.open();
    },
  };
}

function lies(problem: string): DdiffError {
  return new DdiffError("BUNDLE_INVALID", `the delta is damaged: ${problem}`);
}
