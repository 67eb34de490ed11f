import type { Readable } from "node:stream";
import { verified } from "../codec/verify.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { type Digest, Digester } from "../oci/digest.ts";
import type { PlaceContext } from "../places/place.ts";
import { makeBreath } from "../util/breath.ts";
import type { HeldLayer } from "./base-layers.ts";
import type { BaseReader, Wanted } from "./base-reader.ts";
import { bundleTypes, type PatchedLayer, type WholeLayer } from "./bundle-config.ts";
import type { BundleBlob } from "./bundle-write.ts";
import { encodeLayer } from "./layer-encode.ts";
import { type Bytes, piecesOf, streamOf } from "../util/random-bytes.ts";
import type { BaseIndex } from "./match.ts";
import { Aligner, type Effort } from "./patch/align.ts";
import { type PlannedEntry, Planner } from "./plan.ts";
import type { Recipe } from "./recipe.ts";
import { Spool } from "../util/spool.ts";

/** A target layer that the base lacks, read into a temporary file. */
export interface MissingLayer extends HeldLayer {
  recipe: Recipe;
  tar: Bytes;
  /** Whether its packed form can be kept only by carrying it as it is. */
  isUnexplained: boolean;
}

/** A layer as the bundle carries it: what its config says, and the blob. */
export interface CarriedBlob {
  layer: PatchedLayer | WholeLayer;
  blob: BundleBlob;
}

/** What `carryLayers` works with. */
export interface LayersToCarry {
  layers: MissingLayer[];
  /** Bytes that all unexplained layers together may cost more to keep their packed form. Without limit they are not even tried as patches. */
  spare: number;
  index: BaseIndex;
  effort: Effort;
  context: PlaceContext;
  reader: BaseReader;
  /** Brings entries of base layer `number` into `reader`. */
  fetch(number: number, wanted: Wanted): Promise<void>;
  /** Keeps a resource open until the bundle is written. */
  keep(resource: { close(): unknown }): void;
}

/** Turns each layer into a patch, or into its packed blob where that is smaller or wanted. */
export async function carryLayers(work: LayersToCarry): Promise<CarriedBlob[]> {
  const planner = new Planner(work.index);
  const plans: PlannedEntry[][] = [];
  let { spare } = work;
  const goesWhole = ({ isUnexplained }: MissingLayer): boolean =>
    isUnexplained && spare === Number.POSITIVE_INFINITY;
  for (const [number, layer] of work.layers.entries()) {
    plans.push(goesWhole(layer) ? [] : await planner.plan(layer.recipe, number, layer.tar));
  }
  for (const [number, wanted] of planner.wanted) await work.fetch(number, wanted);
  const copiedFrom = new Set<number>();
  const breathe = makeBreath(work.context.signal);
  const aligner = new Aligner(work.effort);
  const carried: CarriedBlob[] = [];
  // Last to first: whether a layer must stay a patch depends on whether a later one copies from it.
  for (const [number, layer] of [...work.layers.entries()].toReversed()) {
    const { context, effort, reader } = work;
    if (goesWhole(layer)) {
      carried.push(await wholeBlob(layer));
      continue;
    }
    const spool = new Spool(context.tempDir);
    work.keep(spool);
    const task = context.progress.task(`packing layer ${layer.layer.diffId.slice(7, 19)}`, layer.recipe.size);
    try {
      const needs = await encodeLayer(
        {
          number,
          recipe: layer.recipe,
          entries: plans[number] ?? [],
          tar: layer.tar,
          earlier: (from) => (work.layers[from] as MissingLayer).tar,
          base: reader,
          effort,
          aligner,
          tempDir: context.tempDir,
          advance: (bytes) => task.advance(bytes),
          breathe,
        },
        spool,
      );
      const worth = spool.length + (layer.isUnexplained ? spare : 0);
      if (!copiedFrom.has(number) && (await packedIsSmaller(layer, worth))) {
        spare -= Math.max(0, layer.layer.descriptor.size - spool.length);
        carried.push(await wholeBlob(layer));
        continue;
      }
      for (const copy of needs.copies) copiedFrom.add(copy);
      carried.push(
        await patchBlob(layer, spool, [...needs.bases].sort(ascending), [...needs.copies].sort(ascending)),
      );
    } finally {
      task.end();
    }
  }
  return carried.toReversed();
}

/** The layer as the blob that its manifest names. */
export async function wholeBlob({ source, layer }: HeldLayer): Promise<CarriedBlob> {
  const { descriptor, diffId } = layer;
  const { mediaType, digest, size } = descriptor;
  return {
    layer: { from: "blob", diffId, blob: { mediaType, digest, size } },
    blob: {
      descriptor,
      open: async (): Promise<Readable> =>
        verified(await source.openBlob(descriptor), descriptor, `layer ${diffId}`),
    },
  };
}

async function patchBlob(
  layer: MissingLayer,
  spool: Spool,
  bases: number[],
  copies: number[],
): Promise<CarriedBlob> {
  const bytes = spool.bytes(0, spool.length);
  const descriptor: Descriptor = {
    mediaType: bundleTypes.layerPatch,
    digest: await digestOfBytes(bytes),
    size: bytes.length,
  };
  const { diffId, size } = layer.recipe;
  return {
    layer: { from: "patch", diffId, size, patch: descriptor, bases, copies },
    blob: { descriptor, open: () => streamOf(bytes) },
  };
}

async function packedIsSmaller({ source, layer }: MissingLayer, patchLength: number): Promise<boolean> {
  return layer.descriptor.size < patchLength && (await source.hasBlob(layer.descriptor));
}

async function digestOfBytes(bytes: Bytes): Promise<Digest> {
  const digester = new Digester();
  for await (const piece of piecesOf(bytes)) digester.update(piece);
  return digester.digest();
}

function ascending(a: number, b: number): number {
  return a - b;
}
