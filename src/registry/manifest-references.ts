import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { Index, Manifest } from "../oci/manifest.ts";
import { isForeignLayerType } from "../oci/media-types.ts";
import { mapLimited } from "../util/map-limited.ts";
import { RegistryError } from "./errors.ts";
import { keys } from "./keys.ts";
import type { Sparse } from "./registry.ts";
import { findBlob, keepManifest, type Repositories } from "./repositories.ts";

/** Store calls for one manifest that are under way at once. */
const width = 16;

/** What a manifest says it is made of. */
interface References {
  /** Config and layers that the repository must hold. */
  blobs: Descriptor[];
  /** Layers whose licence forbids passing them on: clients fetch them elsewhere. */
  foreign: Descriptor[];
  /** An index's children: mostly manifests, but BuildKit lists blobs there, too. */
  children: Descriptor[];
}

/** The references of a manifest or an index; `subject` is none of them: it may come later (distribution-spec, "Push"). */
function referencesOf(document: Manifest | Index): References {
  if (document.kind === "index") return { blobs: [], foreign: [], children: document.manifests };
  const foreign = document.layers.filter((layer) => isForeignLayerType(layer.mediaType));
  const own = document.layers.filter((layer) => !isForeignLayerType(layer.mediaType));
  return { blobs: [document.config, ...own], foreign, children: [] };
}

/**
 * The descriptor by which the referrers API lists a manifest: its annotations, and its artifact type, for which the config's
 * media type stands in (distribution-spec, "Listing Referrers").
 */
export function referrerOf(document: Manifest | Index, descriptor: Descriptor): Descriptor {
  const own = document.artifactType === "" ? undefined : document.artifactType;
  const artifactType = own ?? (document.kind === "manifest" ? document.config.mediaType : undefined);
  return {
    ...descriptor,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(document.annotations === undefined ? {} : { annotations: document.annotations }),
  };
}

/**
 * Checks that everything is there with the size that the manifest says, and touches it, so that a collection leaves it. Throws
 * MANIFEST_BLOB_UNKNOWN, which names what is missing, and SIZE_INVALID.
 */
export async function checkReferences(
  repositories: Repositories,
  repository: string,
  document: Manifest | Index,
  sparse: Sparse,
): Promise<void> {
  const { blobs, foreign, children } = referencesOf(document);
  const missing: Descriptor[] = [];
  const check = async (descriptor: Descriptor, mayMiss: boolean, child: boolean): Promise<void> => {
    const size = await sizeOf(repositories, repository, descriptor.digest, child);
    if (size === undefined) {
      if (!mayMiss) missing.push(descriptor);
    } else if (size !== descriptor.size) {
      throw new RegistryError(
        "SIZE_INVALID",
        `${descriptor.digest} has ${size} bytes, not ${descriptor.size} as the manifest says`,
      );
    }
  };
  await mapLimited(distinct(blobs), width, (one) => check(one, sparse === "all", false));
  await mapLimited(distinct(foreign), width, (one) => check(one, true, false));
  await mapLimited(distinct(children), width, (one) => check(one, sparse !== "none", true));
  const [first] = missing;
  if (first === undefined) return;
  throw new RegistryError(
    "MANIFEST_BLOB_UNKNOWN",
    `the repository ${repository} does not hold ${first.digest}, which the manifest refers to`,
    { detail: missing.slice(0, 100).map(({ digest, mediaType, size }) => ({ digest, mediaType, size })) },
  );
}

/** The same digest with another size is another claim, and is checked, too. */
function distinct(descriptors: readonly Descriptor[]): Descriptor[] {
  return [...new Map(descriptors.map((one) => [`${one.digest} ${one.size}`, one])).values()];
}

async function sizeOf(
  repositories: Repositories,
  repository: string,
  digest: Digest,
  child: boolean,
): Promise<number | undefined> {
  if (child) {
    const record = await repositories.records.manifest(keys.manifest(repository, digest));
    if (record !== undefined && (await keepManifest(repositories, repository, digest)))
      return record.value.size;
  }
  return (await findBlob(repositories, repository, digest, { touch: true }))?.size;
}
