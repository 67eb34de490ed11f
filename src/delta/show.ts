import { encodersIn, isGuess } from "../codec/exact/packing-recipe.ts";
import type { Digest } from "../oci/digest.ts";
import { formatPlatform } from "../oci/platform.ts";
import type { PlaceContext } from "../places/place.ts";
import type { BundleConfig, BundleLayer } from "./bundle-config.ts";
import { isLegacyArchive, openLegacyArchive } from "./legacy.ts";
import { type Bundle, openBundleFile, readBundle } from "./bundle-read.ts";
import { readTargets } from "./bundle-source.ts";
import { neededLayers } from "./rebuild.ts";

/** What is inside a bundle and what it needs. Sizes are in bytes. */
export interface BundleDescription {
  bundleBytes: number;
  version: number;
  targets: { name: string | undefined; digest: Digest; platforms: string[] }[];
  layers: DescribedLayer[];
  referrers: number;
  base: { names: string[]; layersNeeded: Digest[] };
}

/** A layer and how it is made. */
interface DescribedLayer {
  diffId: Digest;
  from: "base" | "patch" | "blob";
  tarBytes?: number;
  carriedBytes: number;
  /** Encoders that make its packed blobs again; `guessed` where only their beginning was compared. */
  packedBy?: { encoders: string[]; guessed: boolean }[];
}

/** Reads and checks a bundle and says what it is. Throws `BUNDLE_INVALID`, `BUNDLE_VERSION`. */
export async function describeBundle(path: string, context: PlaceContext): Promise<BundleDescription> {
  const file = await openBundleFile(path, context.tempDir, process.stdin);
  try {
    if (!isLegacyArchive(file.bytes)) return await describe(await readBundle(file), path);
    const legacy = await openLegacyArchive(file.bytes, context.tempDir);
    try {
      return await describe(legacy.bundle, path);
    } finally {
      legacy.close();
    }
  } finally {
    file.close();
  }
}

async function describe(bundle: Bundle, path: string): Promise<BundleDescription> {
  const { config } = bundle;
  const targets: BundleDescription["targets"] = [];
  for (const [i, { images, root }] of (await readTargets(bundle, path)).entries()) {
    const platforms = images.map((image) => formatPlatform(image.platform));
    targets.push({ name: config.targets[i]?.name, digest: root.digest, platforms });
  }
  return {
    bundleBytes: bundle.size,
    version: config.version,
    targets,
    layers: config.layers.map((layer) => describeLayer(layer, config)),
    referrers: config.referrers.length,
    base: { names: config.base.names, layersNeeded: [...neededLayers(bundle)] },
  };
}

function describeLayer(layer: BundleLayer, { packings = [] }: BundleConfig): DescribedLayer {
  const { diffId } = layer;
  const packedBy = packings
    .filter((packing) => packing.diffId === diffId)
    .map(({ recipe }) => ({ encoders: encodersIn(recipe), guessed: isGuess(recipe) }));
  const common = packedBy.length > 0 ? { diffId, packedBy } : { diffId };
  if (layer.from === "base") return { ...common, from: "base", carriedBytes: 0 };
  if (layer.from === "blob") return { ...common, from: "blob", carriedBytes: layer.blob.size };
  return { ...common, from: "patch", tarBytes: layer.size, carriedBytes: layer.patch.size };
}
