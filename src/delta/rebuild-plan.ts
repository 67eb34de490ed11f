import type { PlaceContext } from "../places/place.ts";
import { makeBreath } from "../util/breath.ts";
import { DdiffError } from "../util/errors.ts";
import type { Wanted } from "./base-reader.ts";
import { carriedLayers, type PatchedLayer } from "./bundle-config.ts";
import type { Bundle } from "./bundle-read.ts";
import { needsOf } from "./layer-decode.ts";
import { type LayerPatchFile, openLayerPatch } from "./layer-patch-file.ts";

/** Entries of the base that all patches of a bundle together may refer to: they are held in memory. */
const mostWanted = 2 ** 23;

/** One patched layer that is to be rebuilt. */
export interface Job {
  /** Among the carried layers. */
  number: number;
  layer: PatchedLayer;
  patch: LayerPatchFile;
  /** Whether it may copy from what is made of it, or of earlier layers. */
  copies: boolean;
  inFile: boolean;
}

/** Opens every patch of a bundle. Throws `BUNDLE_INVALID`. */
export function openPatches(bundle: Bundle): Map<PatchedLayer, LayerPatchFile> {
  const patches = new Map<PatchedLayer, LayerPatchFile>();
  for (const layer of carriedLayers(bundle.config)) {
    if (layer.from === "blob") continue;
    const what = `the patch of layer ${layer.diffId}`;
    patches.set(layer, openLayerPatch(bundle.blob(layer.patch), layer.size, what));
  }
  return patches;
}

/** Reads every patch to its end: what is wanted of the base, by its layers' numbers, and how each layer is to be made. */
export async function planRebuild(
  bundle: Bundle,
  late: boolean,
  { signal }: PlaceContext,
): Promise<{ wanted: Map<number, Wanted>; jobs: Job[] }> {
  const breathe = makeBreath(signal);
  const patches = openPatches(bundle);
  const wanted = new Map<number, Wanted>();
  const jobs: Job[] = [];
  const copied = new Set([...patches.keys()].flatMap((layer) => layer.copies));
  for (const [number, layer] of carriedLayers(bundle.config).entries()) {
    if (layer.from === "blob") continue;
    const patch = patches.get(layer) as LayerPatchFile;
    const needs = await needsOf(patch, layer.size, `the patch of layer ${layer.diffId}`, breathe);
    for (const [from, entries] of needs.wanted) {
      if (!layer.bases.includes(from)) throw outsideBase(layer, from);
      const all = wanted.get(from);
      if (all === undefined) wanted.set(from, entries);
      else for (const [entry, body] of entries) all.set(entry, body || all.get(entry) === true);
    }
    const count = [...wanted.values()].reduce((sum, { size }) => sum + size, 0);
    if (count > mostWanted) throw tooManyWanted();
    jobs.push({ number, layer, patch, copies: needs.copies, inFile: !late || copied.has(number) });
  }
  return { wanted, jobs };
}

function tooManyWanted(): DdiffError {
  return new DdiffError(
    "BUNDLE_INVALID",
    `the bundle is damaged: it refers to more than ${mostWanted} entries of its base`,
  );
}

/** A patch refers to a layer that its bundle does not let it refer to. */
export function outsideBase(layer: PatchedLayer, number: number): DdiffError {
  return new DdiffError(
    "BUNDLE_INVALID",
    `the bundle is damaged: the patch of layer ${layer.diffId} refers to layer ${number}, which it does not name`,
  );
}
