import { formatPlatform, pickPlatform, type Platform } from "../../oci/platform.ts";
import { type ImageTree, readImage } from "../../places/image-tree.ts";
import type { PlaceContext, PlatformImage, Source } from "../../places/place.ts";
import { DdiffError } from "../../util/errors.ts";
import { type Choice, chooseFiles, type TimesRule } from "./choose-files.ts";
import type { ExactLayer } from "./exact-layer.ts";
import { type ImageFiles, imageFiles } from "./image-files.ts";
import { newLayers, type RebasedLayer } from "./new-layers.ts";
import { type ExactLayers, readExactLayers } from "./read-exact.ts";

/** As many layers as Docker stacks (moby, layer/layer_store.go, maxLayerDepth). */
const mostLayers = 125;

/** An image over which others may be laid. */
interface Base {
  /** As the user named it. */
  name: string;
  source: Source;
  tree: ImageTree;
}

/** What is to become of one platform of an image. */
export interface PlatformPlan {
  image: PlatformImage;
  base: PlatformImage;
  files: ImageFiles;
  baseFiles: ImageFiles;
  choice: Choice;
  layers: RebasedLayer[];
}

/** What is to become of an image. */
export interface RebasePlan {
  tree: ImageTree;
  base: Base;
  platforms: PlatformPlan[];
  /** Platforms of the image that the base does not have. */
  leftOut: string[];
}

/**
 * Plans an image over that base which leaves the least to be stored, the first of equals. Reads layers that the cache does not know, writes nothing.
 * Throws `PLATFORM_MISSING` where no base is for any of the image's platforms, `TOO_MANY_LAYERS`, `LINK_BROKEN`, and what `readImage` and
 * `readExactLayers` throw.
 */
export async function planRebase(
  source: Source,
  bases: readonly { name: string; source: Source }[],
  options: { platforms: readonly Platform[]; times: TimesRule },
  context: PlaceContext,
): Promise<RebasePlan> {
  const tree = await readImage(source, { platforms: options.platforms, referrers: false });
  const known: ExactLayers = new Map();
  let best: RebasePlan | undefined;
  for (const one of bases) {
    const base: Base = { ...one, tree: await readImage(one.source, { referrers: false }) };
    const plan: RebasePlan = { tree, base, platforms: [], leftOut: [] };
    for (const image of tree.images) {
      const below = pickPlatform(base.tree.images, image.platform);
      if (below === undefined) plan.leftOut.push(formatPlatform(image.platform));
      else {
        const layers = await readExactLayers(source, image.layers, known, context);
        const baseLayers = await readExactLayers(base.source, below.layers, known, context);
        plan.platforms.push(planOne(image, below, { layers, baseLayers }, options.times, base.name));
      }
    }
    if (best === undefined || isBetter(plan, best)) best = plan;
  }
  if (best === undefined || best.platforms.length === 0) throw wrongPlatform(source, tree, best);
  return best;
}

/** The bytes of the tars that a plan adds. */
export function newBytes({ platforms }: RebasePlan): number {
  return platforms.reduce((sum, { layers }) => sum + layers.reduce((bytes, { size }) => bytes + size, 0), 0);
}

function isBetter(one: RebasePlan, other: RebasePlan): boolean {
  const more = one.platforms.length - other.platforms.length;
  return more > 0 || (more === 0 && newBytes(one) < newBytes(other));
}

function planOne(
  image: PlatformImage,
  base: PlatformImage,
  { layers, baseLayers }: { layers: readonly ExactLayer[]; baseLayers: readonly ExactLayer[] },
  times: TimesRule,
  name: string,
): PlatformPlan {
  if (image.platform.os === "windows") throw windowsLayers();
  const files = imageFiles(layers);
  const baseFiles = imageFiles(baseLayers);
  const choice = chooseFiles(files, baseFiles, times);
  const planned = newLayers(choice, files, Math.max(1, mostLayers - baseLayers.length));
  if (planned.length + baseLayers.length > mostLayers) {
    throw new DdiffError(
      "TOO_MANY_LAYERS",
      `${name} has ${baseLayers.length} layers, and engines stack no more than ${mostLayers}`,
      { hint: "Make the base of fewer layers: `ddiff slim` does, and so does `buildah build --squash`." },
    );
  }
  return { image, base, files, baseFiles, choice, layers: planned };
}

function wrongPlatform(source: Source, tree: ImageTree, best: RebasePlan | undefined): DdiffError {
  const [has, wants] = [best?.base.tree.images ?? [], tree.images].map((images) =>
    images.map(({ platform }) => formatPlatform(platform)).join(", "),
  );
  return new DdiffError(
    "PLATFORM_MISSING",
    `${best?.base.name ?? "the base"} is for ${has}, and ${source.label} for ${wants}`,
    { hint: "Name a base that was built for a platform of the image." },
  );
}

function windowsLayers(): DdiffError {
  return new DdiffError("PLATFORM_UNSUPPORTED", "layers of Windows images cannot be laid over others", {
    hint: "ddiff rebase is for Linux images; name them with --platform.",
  });
}
