import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { parseDocument } from "../oci/manifest.ts";
import { withLayers, withManifests } from "../oci/rewrite.ts";
import type { ImageTree } from "./image-tree.ts";
import type { Document, Layer, PlatformImage } from "./place.ts";

type Documents = Pick<ImageTree, "root" | "documents" | "images">;

/**
 * The same image with its layers packed in another way. Configs stay, so the image ID does; manifests whose layers get other
 * digests are written anew, and so are the indexes above them. `repack` gives the new descriptor of a layer.
 */
export async function replaceLayers(
  tree: Documents,
  repack: (layer: Layer, image: PlatformImage) => Promise<Descriptor>,
): Promise<Documents> {
  const documents = new Map(tree.documents);
  const rewritten = new Map<Digest, Descriptor>();
  const images: PlatformImage[] = [];
  for (const image of tree.images) {
    const layers: Layer[] = [];
    for (const layer of image.layers) {
      layers.push({ descriptor: await repack(layer, image), diffId: layer.diffId });
    }
    const manifest = rewriteManifest(image, layers, documents);
    if (manifest !== image.manifest) rewritten.set(image.manifest.digest, manifest);
    images.push({ ...image, manifest, layers });
  }
  return { root: rewriteIndexes(tree.root, documents, rewritten), documents, images };
}

function rewriteManifest(
  image: PlatformImage,
  layers: Layer[],
  documents: Map<Digest, Document>,
): Descriptor {
  const unchanged = layers.every(
    (layer, i) => layer.descriptor.digest === image.layers[i]?.descriptor.digest,
  );
  if (unchanged) return image.manifest;
  const original = documents.get(image.manifest.digest) as Document;
  const written = withLayers(
    original.bytes,
    layers.map((layer) => layer.descriptor),
  );
  documents.delete(image.manifest.digest);
  documents.set(written.descriptor.digest, written);
  return { ...image.manifest, ...written.descriptor };
}

/** Carries new manifest descriptors up through the indexes; returns the root's descriptor. */
function rewriteIndexes(
  descriptor: Descriptor,
  documents: Map<Digest, Document>,
  rewritten: ReadonlyMap<Digest, Descriptor>,
): Descriptor {
  const replaced = rewritten.get(descriptor.digest);
  if (replaced !== undefined) return { ...descriptor, ...replaced };
  const document = documents.get(descriptor.digest);
  const parsed = document && parseDocument(document.bytes, document.descriptor.mediaType);
  if (document === undefined || parsed?.kind !== "index") return descriptor;
  const children = parsed.manifests.map((child) => rewriteIndexes(child, documents, rewritten));
  if (children.every((child, i) => child.digest === parsed.manifests[i]?.digest)) return descriptor;
  const written = withManifests(document.bytes, children);
  documents.delete(descriptor.digest);
  documents.set(written.descriptor.digest, written);
  return { ...descriptor, ...written.descriptor };
}
