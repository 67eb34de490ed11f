import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { z } from "zod";
import { recipeProblem } from "../codec/exact/repack.ts";
import { type PackingRecipe, hasFrames, mostMembers } from "../codec/exact/packing-recipe.ts";
import { parseDescriptor, type Descriptor } from "../oci/descriptor.ts";
import { algorithmOf, type Digest, digestOf, isDigest } from "../oci/digest.ts";
import { parseJson } from "../oci/json.ts";
import { formatBytes } from "../util/bytes.ts";
import { DdiffError } from "../util/errors.ts";

/** Media types of a bundle (docs/bundle-format.md). */
export const bundleTypes = {
  artifact: "application/vnd.ddiff.bundle.v1",
  config: "application/vnd.ddiff.bundle.config.v1+json+zstd",
  layerPatch: "application/vnd.ddiff.layer-patch.v1",
} as const;

/** The versions of the format that this ddiff reads. A writer takes the first that can say all: the second has `packings`, the third those of zstd. */
const bundleVersions = [1, 2, 3] as const;

/** A config holds the images' documents, 4 MiB each at the most; more bytes than this are a bomb. */
const largestConfig = 64 << 20;

/** A layer that the bundle carries as a patch. `size` is that of the uncompressed tar. */
export interface PatchedLayer {
  from: "patch";
  diffId: Digest;
  size: number;
  patch: Descriptor;
  /** Numbers into `base.layers`. */
  bases: number[];
  /** Numbers of earlier carried layers (patches) that it copies from. */
  copies: number[];
}

/** A layer that the bundle carries as the blob that its manifest names. */
export interface WholeLayer {
  from: "blob";
  diffId: Digest;
  blob: Descriptor;
}

/** A layer of a target image and how the receiver gets it. */
export type BundleLayer = { from: "base"; diffId: Digest } | PatchedLayer | WholeLayer;

/** How a blob that a manifest names can be made of its layer's tar. A recipe without sizes is a guess, which is worth a try. */
export interface LayerPacking {
  diffId: Digest;
  blob: Descriptor;
  recipe: PackingRecipe;
}

/** An index, manifest or config as the bundle carries it: `text` is exactly its bytes. */
export type CarriedDocument = Descriptor & { text: string };

/** What a bundle is and needs: its config blob. */
export interface BundleConfig {
  version: (typeof bundleVersions)[number];
  /** The images that it brings; `name` is what each was called where it came from. */
  targets: { name?: string; root: Descriptor }[];
  /** Indexes, manifests and configs, carried verbatim; referrers' manifests too. */
  documents: CarriedDocument[];
  /** Manifests among `documents` that refer to a target by `subject`. */
  referrers: Descriptor[];
  /** Every layer of every target image, each once. */
  layers: BundleLayer[];
  /** Blobs of artifacts (signatures, SBOMs), carried verbatim. */
  blobs: Descriptor[];
  /** How packed layers can be packed again; not in version 1. */
  packings?: LayerPacking[];
  base: {
    /** Images that hold the base's layers where the bundle was made. */
    names: string[];
    /** The layers that patches refer to by number. */
    layers: Digest[];
  };
}

const digest = z.custom<Digest>(isDigest, "is not a sha256 or sha512 digest");
const size = z.custom<number>(isSize, "is not a size");
const descriptor = z.custom<Descriptor>((value) => {
  try {
    parseDescriptor(value, "descriptor");
    return true;
  } catch {
    return false;
  }
}, "is not a descriptor");
const document = z.custom<CarriedDocument>((value) => {
  if (!descriptor.safeParse(value).success) return false;
  const { text, digest, size } = value as Partial<CarriedDocument>;
  if (typeof text !== "string" || digest === undefined) return false;
  const bytes = Buffer.from(text);
  return bytes.length === size && digestOf(bytes, algorithmOf(digest)) === digest;
}, "is not a document that matches its digest");
const numbers = z.array(z.number().int().nonnegative()).max(10_000);
const layer = z.discriminatedUnion("from", [
  z.strictObject({ from: z.literal("base"), diffId: digest }),
  z.strictObject({
    from: z.literal("patch"),
    diffId: digest,
    size,
    patch: descriptor,
    bases: numbers,
    copies: numbers,
  }),
  z.strictObject({ from: z.literal("blob"), diffId: digest, blob: descriptor }),
]);
const base64 = z.base64().max(1 << 20);
/** A list of a million numbers takes the schema's own list a second. */
const sizes = z.custom<number[]>(
  (value) => Array.isArray(value) && value.length <= mostMembers && value.every(isSize),
  "is not a list of sizes",
);
const packing = z.strictObject({
  diffId: digest,
  blob: descriptor,
  recipe: z
    .array(
      z.union([
        z.strictObject({
          encoder: z.string().max(64),
          header: base64.optional(),
          sizes,
          corrections: base64.optional(),
        }),
        z.strictObject({ literal: base64, size }),
      ]),
    )
    .min(1),
});
const schema = z.strictObject({
  version: z.literal(bundleVersions),
  targets: z.array(z.strictObject({ name: z.string().max(512).optional(), root: descriptor })).min(1),
  documents: z.array(document),
  referrers: z.array(descriptor),
  layers: z.array(layer),
  blobs: z.array(descriptor),
  packings: z.array(packing).optional(),
  base: z.strictObject({ names: z.array(z.string()), layers: z.array(digest) }),
});

/**
 * Reads a bundle's config of at most so many bytes. Throws `BUNDLE_VERSION` for a version of another time, `BUNDLE_INVALID` for anything
 * else.
 */
export function parseBundleConfig(bytes: Uint8Array, maxBytes = largestConfig): BundleConfig {
  let value: unknown;
  try {
    const json = zstdDecompressSync(bytes, { maxOutputLength: maxBytes });
    value = parseJson(json, "the bundle's config", { maxBytes, maxDepth: 32 });
  } catch (cause) {
    const problem = `its config is not packed JSON of at most ${formatBytes(maxBytes)}`;
    throw new DdiffError("BUNDLE_INVALID", `the bundle is damaged: ${problem}`, { cause });
  }
  const version = z.looseObject({ version: z.number() }).safeParse(value);
  if (version.success && !bundleVersions.some((known) => known === version.data.version)) {
    throw new DdiffError(
      "BUNDLE_VERSION",
      `the bundle has version ${version.data.version} of the format, this ddiff reads versions ${bundleVersions[0]} to ${bundleVersions.at(-1)}`,
      {
        hint: "Install a newer ddiff here, or make the bundle again with the version that is installed here.",
      },
    );
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new DdiffError(
      "BUNDLE_INVALID",
      `the bundle is damaged: ${issue?.path.join(".")} of its config ${issue?.message}`,
      {
        cause: parsed.error,
      },
    );
  }
  const config = parsed.data as BundleConfig;
  checkNumbers(config);
  checkPackings(config);
  return config;
}

/** The first version of the format that can say how layers are packed. */
export function versionFor(packings: readonly LayerPacking[]): BundleConfig["version"] {
  if (packings.length === 0) return 1;
  return packings.some(({ recipe }) => hasFrames(recipe)) ? 3 : 2;
}

/** The config's bytes: JSON without white space, in one zstd frame. */
export function encodeBundleConfig(config: BundleConfig): Buffer {
  return zstdCompressSync(JSON.stringify(config), { params: { [constants.ZSTD_c_compressionLevel]: 19 } });
}

/** The layers that the bundle carries, in bundle order: what patches call each other by number. */
export function carriedLayers(config: BundleConfig): (PatchedLayer | WholeLayer)[] {
  return config.layers.filter((layer) => layer.from !== "base");
}

function isSize(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function checkPackings({ version, packings, layers }: BundleConfig): void {
  if (version === 1 && packings !== undefined) throw invalid("version 1 of the format has no packings");
  if (version < versionFor(packings ?? [])) throw invalid(`version ${version} of the format packs no zstd`);
  const blobs = new Set<Digest>();
  const there = new Map(layers.map((layer) => [layer.diffId, layer]));
  for (const { diffId, blob, recipe } of packings ?? []) {
    const layer = there.get(diffId);
    if (layer === undefined) throw invalid(`it packs layer ${diffId}, which it does not have`);
    if (blobs.has(blob.digest)) throw invalid(`it packs ${blob.digest} twice`);
    blobs.add(blob.digest);
    const problem = recipeProblem(recipe, layer.from === "patch" ? layer.size : undefined);
    if (problem !== undefined) throw invalid(`what it says of packing layer ${diffId} is wrong: ${problem}`);
  }
}

function checkNumbers(config: BundleConfig): void {
  const seen = new Set<Digest>();
  for (const { diffId } of config.layers) {
    if (seen.has(diffId)) throw invalid(`layer ${diffId} stands there twice`);
    seen.add(diffId);
  }
  const carried = carriedLayers(config);
  carried.forEach((patch, number) => {
    if (patch.from === "blob") return;
    if (patch.bases.some((base) => base >= config.base.layers.length)) {
      throw invalid(`layer ${patch.diffId} refers to a base layer that is not named`);
    }
    if (patch.copies.some((copy) => copy >= number || carried[copy]?.from !== "patch")) {
      throw invalid(`layer ${patch.diffId} copies from a layer that it cannot copy from`);
    }
  });
}

function invalid(problem: string): DdiffError {
  return new DdiffError("BUNDLE_INVALID", `the bundle is damaged: ${problem}`);
}
