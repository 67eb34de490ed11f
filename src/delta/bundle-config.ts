import { z } from "zod";
import { parseDescriptor, type Descriptor } from "../oci/descriptor.ts";
import { isDigest, type Digest } from "../oci/digest.ts";
import { parseJson } from "../oci/json.ts";
import { DdiffError } from "../util/errors.ts";

/** Media types of a bundle (docs/bundle-format.md). */
export const bundleTypes = {
  artifact: "application/vnd.ddiff.bundle.v1",
  config: "application/vnd.ddiff.bundle.config.v1+json",
  layerPatch: "application/vnd.ddiff.layer-patch.v1",
} as const;

/** The version of the format that this ddiff writes, and the only one that it reads. */
export const bundleVersion = 1;

/** A layer of a target image and how the receiver gets it. `size` is that of the uncompressed tar. */
export type BundleLayer = { diffId: Digest; size: number } & (
  | { from: "base" }
  | {
      from: "patch";
      patch: Descriptor;
      /** Numbers into `base.layers`. */
      bases: number[];
      /** Numbers of earlier patches of this bundle that it copies from. */
      copies: number[];
    }
  | { from: "blob"; blob: Descriptor }
);

/** What a bundle is and needs: its config blob. */
export interface BundleConfig {
  version: typeof bundleVersion;
  /** The images that it brings; `name` is what each was called where it came from. */
  targets: { name?: string; root: Descriptor }[];
  /** Indexes, manifests and configs, carried verbatim; referrers' manifests too. */
  documents: Descriptor[];
  /** Manifests among `documents` that refer to a target by `subject`. */
  referrers: Descriptor[];
  /** Every layer of every target image, each once. */
  layers: BundleLayer[];
  /** Blobs of artifacts (signatures, SBOMs), carried verbatim. */
  blobs: Descriptor[];
  base: {
    /** Images that hold the base's layers where the bundle was made. */
    names: string[];
    /** The layers that patches refer to by number. */
    layers: Digest[];
  };
}

const digest = z.custom<Digest>(isDigest, "is not a sha256 or sha512 digest");
const size = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const descriptor = z.custom<Descriptor>((value) => {
  try {
    parseDescriptor(value, "descriptor");
    return true;
  } catch {
    return false;
  }
}, "is not a descriptor");
const numbers = z.array(z.number().int().nonnegative()).max(10_000);
const layer = z.discriminatedUnion("from", [
  z.strictObject({ from: z.literal("base"), diffId: digest, size }),
  z.strictObject({
    from: z.literal("patch"),
    diffId: digest,
    size,
    patch: descriptor,
    bases: numbers,
    copies: numbers,
  }),
  z.strictObject({ from: z.literal("blob"), diffId: digest, size, blob: descriptor }),
]);
const schema = z.strictObject({
  version: z.literal(bundleVersion),
  targets: z.array(z.strictObject({ name: z.string().max(512).optional(), root: descriptor })).min(1),
  documents: z.array(descriptor),
  referrers: z.array(descriptor),
  layers: z.array(layer),
  blobs: z.array(descriptor),
  base: z.strictObject({ names: z.array(z.string()), layers: z.array(digest) }),
});

/** Reads a bundle's config. Throws `BUNDLE_VERSION` for a version of another time, `BUNDLE_INVALID` for anything else. */
export function parseBundleConfig(bytes: Uint8Array): BundleConfig {
  let value: unknown;
  try {
    value = parseJson(bytes, "the bundle's config", { maxBytes: 64 << 20, maxDepth: 32 });
  } catch (cause) {
    throw new DdiffError("BUNDLE_INVALID", "the bundle is damaged: its config is no JSON", { cause });
  }
  const version = z.looseObject({ version: z.number() }).safeParse(value);
  if (version.success && version.data.version !== bundleVersion) {
    throw new DdiffError(
      "BUNDLE_VERSION",
      `the bundle has version ${version.data.version} of the format, this ddiff reads version ${bundleVersion}`,
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
  return config;
}

/** The config's bytes: members in a fixed order, no white space. */
export function encodeBundleConfig(config: BundleConfig): Buffer {
  return Buffer.from(JSON.stringify(config));
}

/** The layers that are patches, in bundle order: what patches call each other by number. */
export function patchesOf(config: BundleConfig): Extract<BundleLayer, { from: "patch" }>[] {
  return config.layers.filter((layer) => layer.from === "patch");
}

function checkNumbers(config: BundleConfig): void {
  const seen = new Set<Digest>();
  for (const { diffId } of config.layers) {
    if (seen.has(diffId)) throw invalid(`layer ${diffId} stands there twice`);
    seen.add(diffId);
  }
  patchesOf(config).forEach((patch, number) => {
    if (patch.bases.some((base) => base >= config.base.layers.length)) {
      throw invalid(`layer ${patch.diffId} refers to a base layer that is not named`);
    }
    if (patch.copies.some((copy) => copy >= number)) {
      throw invalid(`layer ${patch.diffId} copies from a layer that comes after it`);
    }
  });
}

function invalid(problem: string): DdiffError {
  return new DdiffError("BUNDLE_INVALID", `the bundle is damaged: ${problem}`);
}
