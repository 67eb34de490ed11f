import { readdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { decompressed } from "../codec/compression.ts";
import { type Digest, digestOf, hexOf } from "../oci/digest.ts";
import { documentLimits } from "../oci/json.ts";
import { parseDocument } from "../oci/manifest.ts";
import { isIndexType, isManifestType } from "../oci/media-types.ts";
import { DdiffError, systemErrorCode } from "../util/errors.ts";
import { reachable } from "./archive-stream.ts";
import { readImage } from "./image-tree.ts";
import { folderBlobs, readDescribed, readSmall } from "./named-blobs.ts";
import { ingest } from "./named-blobs-ingest.ts";
import { documentBlob } from "./oci-layout-sink.ts";
import { hasBlob, openBlob } from "./oci-layout-source.ts";
import type { Document, OutgoingImage, Place, PlaceContext, Sink, Source } from "./place.ts";

const versionFile = "Directory Transport Version: 1.1\n";

/**
 * `dir:PATH`, one image in a folder as skopeo writes it: manifest.json, `version`, blobs named by their hex digest, the
 * manifests of an index as `<hex>.manifest.json`. Names and referrers cannot be kept there. Throws `PLACE_INVALID`.
 */
export function dirPlace(rest: string, _context: PlaceContext): Place {
  if (rest === "") {
    throw new DdiffError("PLACE_INVALID", "dir: names no path", { hint: "Write dir:PATH.", exitStatus: 2 });
  }
  const folder = resolve(rest);
  const label = `dir:${rest}`;
  const source = async () => dirSource(folder, label);
  return {
    transport: "dir",
    label,
    source,
    sink: async () => dirSink(folder, label),
    async inventory() {
      const { images } = await readImage(await source());
      return images.map((image) => ({
        names: [],
        id: image.configDescriptor.digest,
        platform: image.platform,
        layers: image.layers.map((layer) => layer.diffId),
        open: source,
      }));
    },
  };
}

/** Where a manifest that is not the root, and where everything else lies. */
function manifestName(digest: Digest): string {
  return `${hexOf(digest)}.manifest.json`;
}

async function dirSource(folder: string, label: string): Promise<Source> {
  const files = folderBlobs(folder);
  const bytes = await readSmall(files, "manifest.json", documentLimits.maxBytes);
  if (bytes === undefined) {
    throw new DdiffError("NOT_A_DIR", `${folder} holds no image: it has no manifest.json`, {
      hint: "Name a folder that skopeo or ddiff wrote with dir:PATH; for an OCI layout write oci:PATH.",
    });
  }
  const { mediaType } = parseDocument(bytes);
  const root: Document = {
    descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length },
    bytes,
  };
  return {
    label,
    name: undefined,
    root: async () => root,
    async readDocument(descriptor) {
      if (descriptor.digest === root.descriptor.digest) return root;
      const isManifest = isManifestType(descriptor.mediaType) || isIndexType(descriptor.mediaType);
      const name = isManifest ? manifestName(descriptor.digest) : hexOf(descriptor.digest);
      return { descriptor, bytes: await readDescribed(files, name, descriptor) };
    },
    hasBlob: (descriptor) => hasBlob(files, hexOf(descriptor.digest), descriptor),
    openBlob: (descriptor) => openBlob(files, hexOf(descriptor.digest), descriptor),
    async openLayer(layer) {
      const blob = await openBlob(files, hexOf(layer.descriptor.digest), layer.descriptor);
      return decompressed(blob, { what: `layer ${layer.diffId} in ${label}` });
    },
    referrers: async () => [],
    close: () => files.close(),
  };
}

function dirSink(folder: string, label: string): Sink {
  const files = folderBlobs(folder);
  return {
    label,
    has: ({ descriptor }) => hasBlob(files, hexOf(descriptor.digest), descriptor),
    async write(image, { progress, signal }) {
      await refuseOtherFolder(folder);
      const root = image.documents.get(image.root.digest);
      if (root === undefined) {
        throw new DdiffError("BLOB_MISSING", `the image's manifest ${image.root.digest} is not at hand`);
      }
      if (image.referrers.length > 0) {
        progress.note(`${label} cannot hold signatures and other referrers; they are left out`);
      }
      const items = itemsOf(image);
      const bytes = await ingest(
        {
          folder,
          items,
          frame: [{ name: "version", bytes: versionFile }],
          finish: async () => [{ name: "manifest.json", bytes: root.bytes }],
          tidy: () => removeOthers(folder, new Set(items.map((item) => item.name))),
        },
        { label: `writing ${label}`, progress, signal },
      );
      return { label, digest: image.root.digest, bytes };
    },
    async close() {},
  };
}

function itemsOf(image: OutgoingImage): Parameters<typeof ingest>[0]["items"] {
  const wanted = reachable(image, [image.root]);
  const documents = [...image.documents.values()].flatMap((document) => {
    const { mediaType, digest } = document.descriptor;
    if (!wanted.has(digest) || digest === image.root.digest) return [];
    const isManifest = isManifestType(mediaType) || isIndexType(mediaType);
    return [{ name: isManifest ? manifestName(digest) : hexOf(digest), blob: documentBlob(document) }];
  });
  const blobs = image.blobs
    .filter((blob) => wanted.has(blob.descriptor.digest))
    .map((blob) => ({ name: hexOf(blob.descriptor.digest), blob }));
  return [...documents, ...blobs];
}

/** Such a folder holds one image: what the new one does not need goes, as with skopeo. */
async function removeOthers(folder: string, kept: Set<string>): Promise<void> {
  for (const name of await readdir(folder)) {
    const isOurs =
      /^(?:[0-9a-f]{64}|[0-9a-f]{128})(?:\.manifest\.json)?$|^(?:[0-9a-f]+\.)?signature-\d+$/.test(name);
    if (isOurs && !kept.has(name)) await rm(join(folder, name), { force: true });
  }
}

/** Somebody's home folder is not to become an image by a slip of the hand. Throws `NOT_A_DIR`. */
async function refuseOtherFolder(folder: string): Promise<void> {
  try {
    const names = await readdir(folder);
    if (names.includes("version") || names.every((name) => name.startsWith(".ddiff-"))) return;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return;
    if (systemErrorCode(error) !== "ENOTDIR") throw error;
  }
  throw new DdiffError("NOT_A_DIR", `${folder} holds other things and is no image that dir: wrote`, {
    hint: "Choose a new folder.",
  });
}
