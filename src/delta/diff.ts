import { isUtf8 } from "node:buffer";
import type { Readable } from "node:stream";
import { verified } from "../codec/verify.ts";
import type { Digest } from "../oci/digest.ts";
import { formatPlatform, type Platform } from "../oci/platform.ts";
import { type ImageTree, readImage } from "../places/image-tree.ts";
import type { Document, HeldImage, PlaceContext, Source } from "../places/place.ts";
import { DdiffError } from "../util/errors.ts";
import { BaseLayers, type HeldLayer } from "./base-layers.ts";
import { BaseReader } from "./base-reader.ts";
import { type BundleConfig, type BundleLayer, type CarriedDocument, versionFor } from "./bundle-config.ts";
import { type BundleBlob, bundleStream, writeBundle } from "./bundle-write.ts";
import { cacheDir } from "../store/cache.ts";
import { cachedRecipe, keepRecipe } from "./cache.ts";
import { type HaveList, layersOf } from "./have.ts";
import { type CarriedBlob, carryLayers, type MissingLayer, wholeBlob } from "./carry.ts";
import { BaseIndex } from "./match.ts";
import type { Effort } from "./patch/align.ts";
import { type Bytes, part } from "../util/random-bytes.ts";
import { type EntryWatcher, type Recipe, type RecipeEntry, scanLayer } from "./recipe.ts";
import { changedLayers, type ExactMode, exactAllowance, requireExact } from "./exact.ts";
import { PackingList } from "./packing-list.ts";
import { addKeptPackings, isWatchable, PackingWatch } from "./packings.ts";
import { setDeltasAside } from "./registry-delta.ts";
import { Spool } from "../util/spool.ts";

/** What `ddiff diff` is asked to do. The sources stay open: the caller closes them. */
export interface DiffRequest {
  bases: Source[];
  /** What the other side holds; local images that share its layers serve as bases. */
  have?: { list: HaveList; local: HeldImage[] };
  targets: Source[];
  /** All platforms of the targets when empty or not said. */
  platforms?: Platform[];
  effort: Effort;
  /** Carries missing layers as the blobs that the manifests name, so that registry digests stay. */
  wholeLayers: boolean;
  /** Whether packed layers are to keep their digests; `auto` when not said. */
  exact?: ExactMode;
  /** Fails where they would not. */
  requireExact?: boolean;
  /** A path, or `-` for standard output. */
  out: string;
  /** Writes parts of this many bytes. */
  splitBytes?: number;
  context: PlaceContext;
}

/** What a diff came to. All sizes are in bytes. */
export interface DiffReport {
  files: string[];
  bundleBytes: number;
  /** The layers that the base lacks as the source packs them: what a registry would send. */
  missingBytes: number;
  /** All layers of the targets as the source packs them. */
  imageBytes: number;
  layersSent: number;
  layersKept: number;
  targets: DiffedTarget[];
}

/** One image that a bundle brings. */
export interface DiffedTarget {
  name: string | undefined;
  digest: Digest;
  platforms: string[];
  /** Digests of packed layers of which only the tar will be the same, so that manifests in a registry get another digest. */
  changedLayers: Digest[];
}

/**
 * Writes a bundle that turns the bases into the targets. Throws `BASE_UNUSABLE`, `DIGEST_MISMATCH` where a layer is not what
 * its image says, `DISK_FULL`, and whatever the sources throw.
 */
export async function diffImages(request: DiffRequest): Promise<DiffReport> {
  const { platforms = [], exact = "auto" } = request;
  const base = new BaseLayers();
  const opened: { close(): unknown }[] = [base];
  try {
    const trees: ImageTree[] = [];
    for (const target of request.targets) {
      // Deltas of a target that lies in a registry are no part of it.
      trees.push(await readImage(setDeltasAside(target).source, { platforms }));
    }
    for (const source of request.bases) await base.addSource(source);
    const there = new Set<Digest>(base.diffIds());
    if (request.have !== undefined) {
      const remote = layersOf(request.have.list);
      for (const layer of remote) there.add(layer);
      await base.addFrom(request.have.local, remote);
    }
    const layers = targetLayers(request.targets, trees);
    const missing = [...layers.values()].filter(({ layer }) => !there.has(layer.diffId));
    const baseIds = base.diffIds();

    const imageBytes = sum([...layers.values()].map(({ layer }) => layer.descriptor.size));
    const patches = missing.length > 0 && !request.wholeLayers;
    const list = new PackingList();
    const wanted = { missing, spare: exactAllowance(exact, imageBytes), packings: list };
    const carried = patches
      ? await patchLayers(request, wanted, base, opened)
      : await Promise.all(missing.map(wholeBlob));
    if (exact !== "never") {
      const held = [...layers.values()].filter(({ layer }) => there.has(layer.diffId));
      const basePacked = new Set(baseIds.map((diffId) => base.require(diffId).layer.descriptor.digest));
      const proven = request.requireExact === true;
      const { signal } = request.context;
      await addKeptPackings(list, { held, basePacked, proven, signal });
    }
    const packings = list.all;
    const byLayer = new Map(carried.map((blob) => [blob.layer.diffId, blob]));

    const documents = new Map(trees.flatMap((tree) => [...tree.documents]));
    const binaries = [...documents.values()].filter((document) => !isText(document));
    const config: BundleConfig = {
      version: versionFor(packings),
      targets: trees.map((tree, i) => withName(request.targets[i]?.name, tree)),
      documents: textsOf(documents),
      referrers: trees.flatMap((tree) => tree.referrers),
      layers: [...layers.keys()].map(
        (diffId): BundleLayer => byLayer.get(diffId)?.layer ?? { from: "base", diffId },
      ),
      blobs: [...artifactBlobs(trees), ...binaries.map(({ descriptor }) => descriptor)],
      ...(packings.length > 0 ? { packings } : {}),
      base: { names: base.names, layers: patches ? baseIds : [] },
    };
    if (request.requireExact === true) requireExact(trees, config, request.targets);
    const written = await writeBundle(
      bundleStream(config, [
        ...artifactStreams(request.targets, trees),
        ...binaries,
        ...carried.map(({ blob }) => blob),
      ]),
      request.out,
      request.splitBytes,
    );
    return {
      files: written.files,
      bundleBytes: written.bytes,
      missingBytes: sum(missing.map(({ layer }) => layer.descriptor.size)),
      imageBytes,
      layersSent: missing.length,
      layersKept: layers.size - missing.length,
      targets: trees.map((tree, i) => ({
        name: request.targets[i]?.name,
        digest: tree.root.digest,
        platforms: tree.images.map((image) => formatPlatform(image.platform)),
        changedLayers: tree.images
          .flatMap((image) => changedLayers(image, config))
          .map(({ descriptor }) => descriptor.digest),
      })),
    };
  } finally {
    for (const resource of opened.toReversed()) await resource.close();
  }
}

/** Every layer of the targets, each once, in the order in which an image is built. */
function targetLayers(targets: Source[], trees: ImageTree[]): Map<Digest, HeldLayer> {
  const layers = new Map<Digest, HeldLayer>();
  trees.forEach((tree, i) => {
    for (const image of tree.images) {
      for (const layer of image.layers) {
        if (!layers.has(layer.diffId)) layers.set(layer.diffId, { source: targets[i] as Source, layer });
      }
    }
  });
  return layers;
}

/** Recipes of all base layers, from the cache or by reading each layer once. */
async function baseRecipes(
  base: BaseLayers,
  diffIds: Digest[],
  context: PlaceContext,
  watch: (layer: number) => EntryWatcher,
): Promise<Recipe[]> {
  const dir = cacheDir(context.env);
  const recipes: Recipe[] = [];
  for (const [number, diffId] of diffIds.entries()) {
    const recipe =
      (await cachedRecipe(dir, diffId)) ?? (await readRecipe(base, diffId, context, watch(number)));
    await keepRecipe(dir, recipe);
    recipes.push(recipe);
  }
  return recipes;
}

async function readRecipe(
  base: BaseLayers,
  diffId: Digest,
  context: PlaceContext,
  watcher: EntryWatcher,
): Promise<Recipe> {
  const task = context.progress.task(`reading base layer ${short(diffId)}`);
  try {
    const recipe = await scanLayer(
      () => base.open(diffId),
      (bytes) => {
        context.signal?.throwIfAborted();
        task.advance(bytes.length);
      },
      watcher,
    );
    checkDiffId(recipe, diffId);
    return recipe;
  } finally {
    task.end();
  }
}

async function patchLayers(
  { context, effort, exact = "auto" }: DiffRequest,
  { missing, spare, packings }: { missing: HeldLayer[]; spare: number; packings: PackingList },
  base: BaseLayers,
  opened: { close(): unknown }[],
): Promise<CarriedBlob[]> {
  const layers: MissingLayer[] = [];
  for (const held of missing) {
    const watch = exact !== "never" && (await isWatchable(held)) ? new PackingWatch(held) : undefined;
    const spooled = await spoolLayer(held, watch, context, opened);
    const packing = await watch?.packing(context.signal);
    const isExplained = packing !== undefined && packings.add(packing);
    const { descriptor, diffId } = held.layer;
    const isUnexplained = exact !== "never" && !isExplained && descriptor.digest !== diffId;
    layers.push({ ...spooled, isUnexplained: isUnexplained && (await held.source.hasBlob(descriptor)) });
  }
  const reader = new BaseReader(context.tempDir);
  opened.push(reader);
  const counterpart = counterpartsIn(layers);
  const recipes = await baseRecipes(base, base.diffIds(), context, (layer) =>
    reader.watch(layer, counterpart),
  );
  return carryLayers({
    layers,
    spare,
    index: new BaseIndex(recipes),
    effort,
    context,
    reader,
    fetch: async (number, all) => {
      const { diffId, entries } = recipes[number] as Recipe;
      const wanted = new Map(
        [...all].filter(([index, body]) => !reader.has(number, index, body, entries[index]?.size ?? 0)),
      );
      if (wanted.size === 0) return;
      const tar = verified(await base.open(diffId), { digest: diffId }, `base layer ${diffId}`);
      await reader.fetch(number, tar, wanted);
    },
    keep: (resource) => opened.push(resource),
  });
}

/** Finds the data that the targets have at a path. */
function counterpartsIn(layers: readonly MissingLayer[]): (path: string) => Bytes | undefined {
  const entries = new Map<string, { tar: Bytes; entry: RecipeEntry }>();
  for (const { recipe, tar } of layers)
    for (const entry of recipe.entries) entries.set(entry.path, { tar, entry });
  return (path) => {
    const found = entries.get(path);
    if (found === undefined) return undefined;
    const { headerOffset, headerLength, size } = found.entry;
    return part(found.tar, headerOffset + headerLength, size);
  };
}

/** Reads a target layer once, into a temporary file and a recipe. */
async function spoolLayer(
  held: HeldLayer,
  watch: PackingWatch | undefined,
  context: PlaceContext,
  opened: { close(): unknown }[],
): Promise<Omit<MissingLayer, "isUnexplained">> {
  const { diffId } = held.layer;
  const spool = new Spool(context.tempDir);
  opened.push(spool);
  const task = context.progress.task(`reading layer ${short(diffId)}`);
  try {
    const recipe = await scanLayer(
      () => watch?.open() ?? held.source.openLayer(held.layer),
      (bytes) => {
        context.signal?.throwIfAborted();
        spool.append(bytes);
        task.advance(bytes.length);
      },
    );
    checkDiffId(recipe, diffId);
    return { ...held, recipe, tar: spool.bytes(0, spool.length) };
  } finally {
    task.end();
  }
}

function checkDiffId(recipe: Recipe, diffId: Digest): void {
  if (recipe.diffId === diffId) return;
  throw new DdiffError(
    "DIGEST_MISMATCH",
    `layer ${diffId} is damaged where it lies: its content is ${recipe.diffId}`,
    {
      hint: "Pull or build the image again.",
    },
  );
}

function withName(name: string | undefined, { root }: ImageTree): BundleConfig["targets"][number] {
  return name === undefined ? { root } : { name, root };
}

/** The documents as the bundle's config carries them. */
function textsOf(documents: ReadonlyMap<Digest, Document>): CarriedDocument[] {
  return [...documents.values()].filter(isText).map(({ descriptor: { mediaType, digest, size }, bytes }) => ({
    mediaType,
    digest,
    size,
    text: bytes.toString("utf8"),
  }));
}

/** Whether a document survives as a JSON string; the config of an artifact may be any bytes. */
function isText({ bytes }: Document): boolean {
  return isUtf8(bytes);
}

function artifactBlobs(trees: ImageTree[]) {
  const blobs = new Map(trees.flatMap((tree) => tree.artifactBlobs.map((blob) => [blob.digest, blob])));
  return [...blobs.values()];
}

function artifactStreams(targets: Source[], trees: ImageTree[]): BundleBlob[] {
  return trees.flatMap((tree, i) =>
    tree.artifactBlobs.map((descriptor) => ({
      descriptor,
      open: (): Promise<Readable> => (targets[i] as Source).openBlob(descriptor),
    })),
  );
}

/** A digest as people recognise it. */
function short(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1).slice(0, 12);
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
