import type { Analysis } from "../inspect/analysis.ts";
import { analyze } from "../inspect/analyze.ts";
import type { InventoryEntry } from "../inspect/inventory.ts";
import { type InspectedImage, inspectLayers } from "../inspect/read-image.ts";
import type { NamedDockerfile } from "../inspect/steps.ts";
import { stackLayers } from "../inspect/stack.ts";
import { textAt } from "../inspect/view-texts.ts";
import { Digester } from "../oci/digest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import type { Platform } from "../oci/platform.ts";
import { type ImageTree, readImage } from "../places/image-tree.ts";
import type { OutgoingBlob, OutgoingImage, PlaceContext, Source } from "../places/place.ts";
import { readableCopies } from "../util/readable.ts";
import { checkRoom } from "../util/room.ts";
import { withNewLayers } from "./config.ts";
import { Contents } from "./contents.ts";
import { describeRelaid, type RelaidImage } from "./documents.ts";
import { entriesOf, type LayerParts, layerTar, type TimeRule } from "./layer-tar.ts";
import { layOut, type NewLayer } from "./layout.ts";
import { needsOfDpkg } from "./package-needs.ts";
import { type Selection, selectWaste } from "./selection.ts";

/** What goes, and what the times of the new image are. */
export interface SlimOptions {
  /** Classes that go beside those that are safe. */
  drop: readonly string[];
  /** Classes that stay. */
  keep: readonly string[];
  times: TimeRule;
  /** Of ddiff, for the history. */
  version: string;
  /** For the lines to change. */
  dockerfile?: NamedDockerfile;
}

/** What is to become of one image. Sizes in bytes. */
export interface SlimPlan {
  analysis: Analysis;
  selection: Selection;
  layers: PlannedLayer[];
  inspected: InspectedImage;
}

/** A new layer and what its files have in bytes. */
interface PlannedLayer extends NewLayer {
  bytes: number;
}

/** New images, to be written into a sink before `close` is called. */
export interface Slimmed {
  image: OutgoingImage;
  plans: SlimPlan[];
  close(): void;
}

/** Plans for each platform of an image. Reads its layers, writes nothing. Throws `CLASS_UNKNOWN` and what `readImage` and `readLayer` throw. */
export async function planSlim(
  source: Source,
  platforms: readonly Platform[],
  options: SlimOptions,
  context: PlaceContext,
): Promise<{ tree: ImageTree; plans: SlimPlan[] }> {
  const tree = await readImage(source, { platforms, referrers: false });
  const plans: SlimPlan[] = [];
  for (const image of tree.images) {
    plans.push(planImage(await inspectLayers(source, tree, image, context), options));
  }
  return { tree, plans };
}

function planImage(inspected: InspectedImage, options: SlimOptions): SlimPlan {
  const analysis = analyze(inspected, options.dockerfile);
  const selection = selectWaste(analysis, options.drop, options.keep);
  const view = stackLayers(inspected.layers);
  const sizes = new Map(analysis.files.map(({ path, bytes }) => [path, bytes]));
  const needs = needsOfDpkg(textAt(view, "var/lib/dpkg/status"));
  const layers = layOut(view.visible, analysis.files, selection.dropped, needs).map((layer) => ({
    ...layer,
    bytes: layer.paths.reduce((sum, path) => sum + (sizes.get(path) ?? 0), 0),
  }));
  return { analysis, selection, layers, inspected };
}

/**
 * Makes the planned images. Their contents are kept in the temporary folder, which needs room for all that stays; layers are made from them when
 * they are asked for. Throws `DISK_SPACE`, `DISK_FULL`, `LAYER_CHANGED`.
 */
export async function makeSlim(
  source: Source,
  planned: { tree: ImageTree; plans: SlimPlan[] },
  options: SlimOptions,
  context: PlaceContext,
): Promise<Slimmed> {
  const { tree, plans } = planned;
  const needed = plans.reduce(
    (sum, { layers }) => sum + layers.reduce((all, { bytes }) => all + bytes, 0),
    0,
  );
  await checkRoom(context.tempDir, needed, "laying the image out again");
  const contents: Contents[] = [];
  const close = (): void => {
    for (const one of contents) one.close();
  };
  try {
    const slimmed: RelaidImage[] = [];
    for (const plan of plans) {
      const kept = new Contents(context.tempDir);
      contents.push(kept);
      const manifest = tree.documents.get(plan.inspected.image.manifest.digest)?.bytes ?? Buffer.alloc(0);
      slimmed.push(await makeImage(source, plan, manifest, kept, options, context));
    }
    return { image: describeRelaid(slimmed), plans, close };
  } catch (error) {
    close();
    throw error;
  }
}

async function makeImage(
  source: Source,
  { inspected, layers }: SlimPlan,
  manifest: Buffer,
  contents: Contents,
  options: SlimOptions,
  context: PlaceContext,
): Promise<RelaidImage> {
  const view = stackLayers(inspected.layers);
  const wanted = new Set<InventoryEntry>(layers.flatMap((layer) => entriesOf(layer, view)));
  for (const [number, layer] of inspected.image.layers.entries()) {
    const inventory = inspected.layers[number];
    if (inventory === undefined || !inventory.entries.some((entry) => wanted.has(entry))) continue;
    context.signal?.throwIfAborted();
    const task = context.progress.task(`taking files of layer ${number + 1}`, inventory.size);
    try {
      await contents.keep(inventory, await source.openLayer(layer), wanted, (bytes) => task.advance(bytes));
    } finally {
      task.end();
    }
  }
  const layerOf = new Map(layers.flatMap((layer) => layer.paths.map((path) => [path, layer] as const)));
  const parts: LayerParts = { view, contents, times: options.times, layerOf };
  const blobs: OutgoingBlob[] = [];
  for (const layer of layers) blobs.push(await layerBlob(layer, parts, context));
  const titled = blobs.map(({ descriptor }, i) => ({
    diffId: descriptor.digest,
    title: layers[i]?.title ?? "",
  }));
  return {
    old: inspected.image,
    manifest,
    config: withNewLayers(inspected.config, titled, options.version),
    layers: blobs,
  };
}

/** A layer by its digest; its bytes are made again each time they are asked for. */
async function layerBlob(
  layer: PlannedLayer,
  parts: LayerParts,
  { progress, signal }: PlaceContext,
): Promise<OutgoingBlob> {
  const digester = new Digester();
  const task = progress.task(`laying out ${layer.title}`, layer.bytes);
  try {
    for await (const piece of layerTar(layer, parts)) {
      signal?.throwIfAborted();
      digester.update(piece);
      task.advance(piece.length);
    }
  } finally {
    task.end();
  }
  const digest = digester.digest();
  return {
    descriptor: { mediaType: mediaTypes.ociLayer, digest, size: digester.size },
    diffId: digest,
    open: async () => readableCopies(layerTar(layer, parts)),
  };
}
