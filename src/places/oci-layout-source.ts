import { decompressed } from "../codec/compression.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { algorithmOf, type Digest, hexOf } from "../oci/digest.ts";
import { documentLimits } from "../oci/json.ts";
import { type Index, type Manifest, parseDocument } from "../oci/manifest.ts";
import { isIndexType, isManifestType } from "../oci/media-types.ts";
import { DdiffError, isDdiffError } from "../util/errors.ts";
import { type NamedBlobs, readDescribed, readSmall } from "./named-blobs.ts";
import { readLayoutIndex } from "./oci-layout-index.ts";
import {
  entriesNamed,
  imageName,
  isReferrersTag,
  nameAmbiguous,
  nameNotFound,
  parseWanted,
  referrersTag,
  type Wanted,
  writtenNames,
} from "./oci-layout-names.ts";
import type { Source } from "./place.ts";

/** The name of a blob's file in a layout (image-spec, image-layout.md, "Blobs"). */
export function blobName(digest: Digest): string {
  return `blobs/${algorithmOf(digest)}/${hexOf(digest)}`;
}

/**
 * The images of an OCI layout in a folder or an archive: all that can be asked before one of them is chosen.
 * Closing it is the business of who opened `files`.
 */
export interface LayoutReader {
  entries: Descriptor[];
  /** Entries that are images: neither referrers by their `subject` nor lists of referrers by their name. */
  images(): Promise<Descriptor[]>;
  isReferrer: (entry: Descriptor) => Promise<boolean>;
  /** The entry or document that the words behind the path ask for. Throws `IMAGE_NOT_FOUND`, `IMAGE_AMBIGUOUS`. */
  find(name: string | undefined): Promise<Descriptor>;
  source(entry: Descriptor, label: string): Source;
}

/** Reads the layout's own files. Throws what `readLayoutIndex` throws. */
export async function readLayout(files: NamedBlobs): Promise<LayoutReader> {
  const { entries } = await readLayoutIndex(files);
  const parsed = new Map<Digest, Promise<Manifest | Index | undefined>>();
  let referrerMap: Promise<Map<Digest, Descriptor[]>> | undefined;

  /** The manifest of an entry, or undefined where the layout lacks it or it is something else. */
  function manifestOf(entry: Descriptor): Promise<Manifest | Index | undefined> {
    const known = parsed.get(entry.digest);
    if (known !== undefined) return known;
    const reading = readManifest(files, entry);
    parsed.set(entry.digest, reading);
    return reading;
  }

  async function isReferrer(entry: Descriptor): Promise<boolean> {
    if (writtenNames(entry).some(isReferrersTag)) return true;
    // What is damaged counts as an image, so that whoever asks for it hears of the damage, and nobody else.
    return (await manifestOf(entry).catch(nothingIfDamaged))?.subject !== undefined;
  }

  async function images(): Promise<Descriptor[]> {
    const found: Descriptor[] = [];
    for (const entry of entries) if (!(await isReferrer(entry))) found.push(entry);
    return found;
  }

  async function candidates(wanted: Wanted): Promise<Descriptor[]> {
    switch (wanted.by) {
      case "position":
        return entries.slice(wanted.position, wanted.position + 1);
      case "digest": {
        const listed = entries.filter((entry) => entry.digest === wanted.digest);
        const inner = listed.length > 0 ? undefined : await unlisted(files, wanted.digest);
        return inner === undefined ? listed : [inner];
      }
      case "name":
        return entriesNamed(entries, wanted.name);
      default:
        return entries.length === 1 ? entries : await images();
    }
  }

  return {
    entries,
    images,
    isReferrer,
    async find(name) {
      const found = await candidates(parseWanted(name));
      const [first] = found;
      if (first === undefined) {
        if (name !== undefined) throw nameNotFound(name, entries, files.where);
        throw new DdiffError("IMAGE_NOT_FOUND", `${files.where} has no image in it`);
      }
      if (found.some((entry) => entry.digest !== first.digest)) {
        throw nameAmbiguous(name, found, files.where);
      }
      return first;
    },
    source(entry, label) {
      const { mediaType, digest, size } = entry;
      return {
        label,
        name: imageName(entry, files.where),
        async root() {
          const descriptor = { mediaType, digest, size };
          return { descriptor, bytes: await readDescribed(files, blobName(digest), descriptor) };
        },
        async readDocument(descriptor) {
          return { descriptor, bytes: await readDescribed(files, blobName(descriptor.digest), descriptor) };
        },
        hasBlob: (descriptor) => hasBlob(files, blobName(descriptor.digest), descriptor),
        openBlob: (descriptor) => openBlob(files, blobName(descriptor.digest), descriptor),
        async openLayer(layer) {
          const blob = await openBlob(files, blobName(layer.descriptor.digest), layer.descriptor);
          return decompressed(blob, { what: `layer ${layer.diffId} in ${label}` });
        },
        async referrers(subject) {
          referrerMap ??= readReferrers(entries, manifestOf);
          return (await referrerMap).get(subject) ?? [];
        },
        close: () => files.close(),
      };
    },
  };
}

function nothingIfDamaged(error: unknown): undefined {
  if (!isDdiffError(error)) throw error;
}

/** Whether the file is there with the size that its descriptor says. */
export async function hasBlob(files: NamedBlobs, name: string, descriptor: Descriptor): Promise<boolean> {
  return (await files.size(name)) === descriptor.size;
}

/** Opens a blob's file. Throws `BLOB_MISSING`, `SIZE_MISMATCH`. */
export async function openBlob(
  files: NamedBlobs,
  name: string,
  descriptor: Descriptor,
): ReturnType<NamedBlobs["open"]> {
  const size = await files.size(name);
  if (size !== undefined && size !== descriptor.size) {
    const sentence = `${name} in ${files.where} has ${size} bytes instead of ${descriptor.size}`;
    throw new DdiffError("SIZE_MISMATCH", sentence, {
      hint: "That copy of the image is damaged: make it again.",
    });
  }
  return await files.open(name);
}

async function readManifest(files: NamedBlobs, entry: Descriptor): Promise<Manifest | Index | undefined> {
  if (!isIndexType(entry.mediaType) && !isManifestType(entry.mediaType)) return undefined;
  try {
    return parseDocument(await readDescribed(files, blobName(entry.digest), entry), entry.mediaType);
  } catch (error) {
    if (isDdiffError(error, "BLOB_MISSING")) return undefined;
    throw error;
  }
}

/** A manifest or index that index.json does not list itself, such as one platform's in a nested index. */
async function unlisted(files: NamedBlobs, digest: Digest): Promise<Descriptor | undefined> {
  const bytes = await readSmall(files, blobName(digest), documentLimits.maxBytes);
  if (bytes === undefined) return undefined;
  const { mediaType } = parseDocument(bytes);
  return { mediaType, digest, size: bytes.length };
}

/**
 * Who refers to whom: entries of index.json whose manifest has a `subject`, and what the lists under the tags of the
 * referrers tag schema hold (distribution-spec, "Referrers Tag Schema").
 */
async function readReferrers(
  entries: readonly Descriptor[],
  manifestOf: (entry: Descriptor) => Promise<Manifest | Index | undefined>,
): Promise<Map<Digest, Descriptor[]>> {
  const found = new Map<Digest, Descriptor[]>();
  const tagged = new Set<string>();
  const add = async (entry: Descriptor) => {
    const reading = manifestOf(entry);
    // A damaged image beside this one is no obstacle; what has no name may be this one's damaged signature.
    const manifest = await (writtenNames(entry).length > 0 ? reading.catch(nothingIfDamaged) : reading);
    if (manifest?.subject === undefined) return;
    const list = found.get(manifest.subject.digest) ?? [];
    if (!list.some((known) => known.digest === entry.digest)) list.push(describe(entry, manifest));
    found.set(manifest.subject.digest, list);
  };
  for (const entry of entries) {
    await add(entry);
    if (writtenNames(entry).some(isReferrersTag)) tagged.add(entry.digest);
  }
  for (const entry of entries) {
    if (!tagged.has(entry.digest)) continue;
    const list = await manifestOf(entry);
    if (list?.kind !== "index") continue;
    for (const inner of list.manifests) {
      const subject = (await manifestOf(inner))?.subject?.digest;
      const isListed =
        subject !== undefined && writtenNames(entry).some((tag) => tag.endsWith(referrersTag(subject)));
      if (isListed) await add(inner);
    }
  }
  return found;
}

/** The descriptor that a registry's referrers list would have (distribution-spec, "Listing Referrers"). */
function describe(entry: Descriptor, manifest: Manifest | Index): Descriptor {
  const configType = manifest.kind === "manifest" ? manifest.config.mediaType : undefined;
  const artifactType = manifest.artifactType ?? configType;
  return {
    mediaType: entry.mediaType,
    digest: entry.digest,
    size: entry.size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(manifest.annotations === undefined ? {} : { annotations: manifest.annotations }),
  };
}
