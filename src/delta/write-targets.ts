import type { ImageTree } from "../places/image-tree.ts";
import type { Layer, PlaceContext, Sink, Written } from "../places/place.ts";
import { DdiffError } from "../util/errors.ts";
import type { BaseLayers } from "./base-layers.ts";
import type { Bundle } from "./bundle-read.ts";
import { outgoingImage } from "./outgoing.ts";
import { type RebuiltLayers, rebuildLayers } from "./rebuild.ts";

/** One image that was loaded. */
export interface LoadedTarget extends Written {
  /** Whether it has the digest that it had where the bundle was made; undefined for places that keep no packed layers. */
  exact: boolean | undefined;
  /** The registry made it itself: only the bundle went there. */
  madeThere?: true;
}

/** Where one image of a bundle goes. */
export interface TargetSink {
  tree: ImageTree;
  sink: Sink;
  /** Whether its place keeps layers as they are packed. */
  packed: boolean;
}

/** What is known once a bundle is checked and its base is found. */
interface Writing {
  bundle: Bundle;
  base: BaseLayers;
  context: PlaceContext;
  /** Fails where a place that keeps packed layers would get the image with another digest. */
  requireExact: boolean;
}

/**
 * Rebuilds every layer and checks it, then writes the images, each visible when it is whole. Throws what `rebuildLayers` and the sinks
 * throw, `NOT_EXACT`. The caller closes the sinks.
 */
export async function writeTargets(
  targets: readonly TargetSink[],
  writing: Writing,
): Promise<LoadedTarget[]> {
  const { bundle, base, context } = writing;
  const loaded: LoadedTarget[] = [];
  const kept: { close(): unknown }[] = [];
  let rebuilt: RebuiltLayers | undefined;
  try {
    const late = targets.length === 1 && targets[0]?.sink.takesStreams === true;
    rebuilt = await rebuildLayers(bundle, base, context, { late });
    for (const { tree, sink, packed } of targets) {
      const keep = (one: { close(): unknown }): unknown => kept.push(one);
      const receiver = packed ? { sink, context, keep } : undefined;
      const { image, lacking } = await outgoingImage(tree, { bundle, base, rebuilt }, receiver);
      if (lacking !== undefined) sayInexact(tree, lacking, sink, writing);
      const written = await sink.write(image, writeOptions(context));
      loaded.push({ ...written, exact: receiver && lacking === undefined });
    }
    return loaded;
  } finally {
    for (const one of kept) await one.close();
    await rebuilt?.close();
  }
}

/** Throws `NOT_EXACT` where that was asked for, else says that the digest will be another. */
function sayInexact(
  { root }: ImageTree,
  { descriptor }: Layer,
  sink: Sink,
  { requireExact, context }: Writing,
): void {
  const why = `layer ${descriptor.digest.slice(0, 19)} cannot be packed again as it was`;
  if (requireExact) {
    throw new DdiffError("NOT_EXACT", `${sink.label} would get another digest than ${root.digest}: ${why}`, {
      hint: "Make the bundle with --exact=always, or name a place that has the base's layers packed with --base.",
    });
  }
  context.progress.note(`${sink.label} gets another digest: ${why}. The image ID is the same.`);
}

function writeOptions({ progress, signal }: PlaceContext) {
  return signal === undefined ? { progress } : { progress, signal };
}
