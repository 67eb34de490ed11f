import type { Descriptor } from "../oci/descriptor.ts";
import type { Index, Manifest } from "../oci/manifest.ts";
import { isForeignLayerType } from "../oci/media-types.ts";

/** What a manifest says it is made of. */
export interface References {
  /** Config and layers that the repository must hold. */
  blobs: Descriptor[];
  /** Layers whose licence forbids passing them on: clients fetch them elsewhere. */
  foreign: Descriptor[];
  /** An index's children: mostly manifests, but BuildKit lists blobs there, too. */
  children: Descriptor[];
}

/** The references of a manifest or an index; `subject` is none of them: it may come later (distribution-spec, "Push"). */
export function referencesOf(document: Manifest | Index): References {
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
