import type { Readable } from "node:stream";
import { ZstdRecogniser, unzstdRecognised } from "../codec/exact/zstd/recognise-zstd.ts";
import { gunzipMembers } from "../codec/exact/gzip-members.ts";
import { repacked } from "../codec/exact/repack.ts";
import { encodersIn, hasCorrections } from "../codec/exact/packing-recipe.ts";
import { gunzipBeside, hasProcessorToSpare, RecogniserThread } from "../codec/exact/recogniser-thread.ts";
import { GzipRecogniser } from "../codec/exact/recognise.ts";
import { verified } from "../codec/verify.ts";
import { algorithmOf, type Digest, Digester } from "../oci/digest.ts";
import { compressionOfType } from "../oci/media-types.ts";
import { isDdiffError } from "../util/errors.ts";
import { joined, readableOf } from "../util/readable.ts";
import type { HeldLayer } from "./base-layers.ts";
import type { LayerPacking } from "./bundle-config.ts";
import type { PackingList } from "./packing-list.ts";

/** Whether a layer is packed and its packed bytes are at hand. */
export async function isWatchable({ source, layer }: HeldLayer): Promise<boolean> {
  const compression = compressionOfType(layer.descriptor.mediaType);
  return (compression === "gzip" || compression === "zstd") && (await source.hasBlob(layer.descriptor));
}

/** Packed layers of this size and more are recognised in a thread, which takes a moment to start. */
const worthThread = 4 << 20;

type Recogniser = GzipRecogniser | ZstdRecogniser;

/** Finds out how a layer is packed while its tar is read. */
export class PackingWatch {
  readonly #held: HeldLayer;
  #recogniser: Recogniser;
  /** In place of the recogniser where the layer is large. */
  #thread: RecogniserThread | undefined;

  constructor(held: HeldLayer) {
    this.#held = held;
    this.#recogniser = recogniserOf(held);
  }

  /** The layer's tar. May be opened again: what was read last counts. */
  async open(): Promise<Readable> {
    this.#recogniser = recogniserOf(this.#held);
    const { source, layer } = this.#held;
    const isLarge = layer.descriptor.size >= worthThread && hasProcessorToSpare();
    this.#thread = isLarge && this.#recogniser instanceof GzipRecogniser ? new RecogniserThread() : undefined;
    const { stream, tar } = await openWatched(this.#held, this.#thread ?? this.#recogniser);
    try {
      const first = await tar.next();
      return readableOf(joined(first, tar), () => stream.destroy());
    } catch (error) {
      stream.destroy();
      if (!isDdiffError(error, "DECOMPRESSION_FAILED")) throw error;
      // What is called gzip or zstd and is not, or is damaged, is for others to judge.
      this.#recogniser = recogniserOf(this.#held);
      this.#thread = undefined;
      return source.openLayer(layer);
    }
  }

  /** How the layer is packed, once all of it was read; undefined where that is not known. Corrections are tried before. */
  async packing(signal: AbortSignal | undefined): Promise<LayerPacking | undefined> {
    const recipe = this.#thread === undefined ? this.#recogniser.recipe : await this.#thread.recipe();
    return recipe?.length === 0 ? undefined : proven(this.#held, recipe, signal);
  }
}

/** What is asked about layers that the other side has. */
interface KeptLayers {
  held: readonly HeldLayer[];
  /** Digests of the base's packed layers: these the other side has as they are. */
  basePacked: ReadonlySet<Digest>;
  /** Whether a layer that the base packs otherwise is read whole instead of being guessed. */
  proven: boolean;
  signal: AbortSignal | undefined;
}

/**
 * Adds to `packings`, which has those of the carried layers, how the layers are packed that the other side has, in case it has them packed in
 * another way or not at all.
 */
export async function addKeptPackings(
  packings: PackingList,
  { held, basePacked, proven, signal }: KeptLayers,
): Promise<void> {
  const known = [...packings.all];
  for (const one of held) {
    if (!(await isWatchable(one))) continue;
    const whole = proven && !basePacked.has(one.layer.descriptor.digest);
    const packing = await (whole ? provenPacking(one, signal) : guessPacking(one, known, signal));
    if (packing !== undefined) packings.add(packing);
  }
}

async function provenPacking(
  held: HeldLayer,
  signal: AbortSignal | undefined,
): Promise<LayerPacking | undefined> {
  const watch = new PackingWatch(held);
  for await (const _ of await watch.open()) signal?.throwIfAborted();
  return watch.packing(signal);
}

/**
 * How a layer is probably packed, by its beginning alone (of a small layer: by all of it). For layers that the other side has and that are not
 * to be read whole for this; it is checked where it is used. `known` is how other layers are packed, likely by the same program.
 */
async function guessPacking(
  held: HeldLayer,
  known: readonly LayerPacking[],
  signal: AbortSignal | undefined,
): Promise<LayerPacking | undefined> {
  const recogniser = recogniserOf(held, known);
  const { stream, tar } = await openWatched(held, recogniser);
  try {
    for await (const _ of tar) {
      signal?.throwIfAborted();
      if (recogniser.isDecided) return packingOf(held, recogniser.guess);
    }
    return await proven(held, recogniser.recipe, signal);
  } catch (error) {
    if (isDdiffError(error, "DECOMPRESSION_FAILED")) return undefined;
    throw error;
  } finally {
    stream.destroy();
  }
}

/** What a recipe says, once it has given the layer's digest where that has not yet been compared. */
async function proven(
  held: HeldLayer,
  recipe: LayerPacking["recipe"] | undefined,
  signal: AbortSignal | undefined,
): Promise<LayerPacking | undefined> {
  if (recipe === undefined || !hasCorrections(recipe)) return packingOf(held, recipe);
  const { descriptor, diffId } = held.layer;
  const digester = new Digester(algorithmOf(descriptor.digest));
  const tar = await held.source.openLayer(held.layer);
  try {
    const pieces = repacked(tar as AsyncIterable<Buffer>, recipe, `layer ${diffId}`, signal);
    for await (const piece of pieces) digester.update(piece);
  } catch (error) {
    // What was taken for corrections makes another stream: the layer is explained by none.
    if (isDdiffError(error, "RECIPE_INVALID")) return undefined;
    throw error;
  } finally {
    tar.destroy();
  }
  return digester.digest() === descriptor.digest ? packingOf(held, recipe) : undefined;
}

function recogniserOf({ layer }: HeldLayer, known: readonly LayerPacking[] = []): Recogniser {
  return compressionOfType(layer.descriptor.mediaType) === "zstd"
    ? new ZstdRecogniser(known.flatMap(({ recipe }) => encodersIn(recipe)))
    : new GzipRecogniser();
}

async function openWatched({ source, layer }: HeldLayer, recogniser: Recogniser | RecogniserThread) {
  const { descriptor, diffId } = layer;
  const what = `layer ${diffId}`;
  const stream = verified(await source.openBlob(descriptor), descriptor, what);
  return { stream, tar: tarOf(stream, recogniser, what) };
}

function tarOf(stream: Readable, recogniser: Recogniser | RecogniserThread, what: string) {
  if (recogniser instanceof ZstdRecogniser) return unzstdRecognised(stream, recogniser, what);
  const source = stream as AsyncIterable<Buffer>;
  if (recogniser instanceof RecogniserThread) return gunzipBeside(source, recogniser, what);
  return gunzipMembers(source, recogniser, what);
}

function packingOf(
  { layer }: HeldLayer,
  recipe: LayerPacking["recipe"] | undefined,
): LayerPacking | undefined {
  const { mediaType, digest, size } = layer.descriptor;
  return recipe && { diffId: layer.diffId, blob: { mediaType, digest, size }, recipe };
}
