import { decompressed } from "../codec/compression.ts";
import { openArchive } from "./archive-members.ts";
import { writeArchive } from "./archive-sink.ts";
import { dockerArchive, platformImage } from "./archive-stream.ts";
import { type ArchivedImage, makeManifest, readArchivedImages } from "./docker-archive-manifest.ts";
import { missing, type NamedBlobs, splitPath } from "./named-blobs.ts";
import { sizeOf } from "./oci-archive.ts";
import { layoutInventory } from "./oci-layout-inventory.ts";
import {
  entriesNamed,
  familiar,
  nameAmbiguous,
  nameNotFound,
  parseWanted,
  refName,
} from "./oci-layout-names.ts";
import { refusePinned } from "./oci-layout-sink.ts";
import { readLayout } from "./oci-layout-source.ts";
import type { HeldImage, Place, PlaceContext, Sink, Source } from "./place.ts";

/**
 * `docker-archive:PATH[:NAME[:TAG]]`, what `docker save` and `podman save` write: the form with manifest.json, and the
 * one that is an OCI layout besides (Docker 25). NAME may be `@N`, the Nth image from 0, or `@ID`. The archive may be
 * packed with gzip or zstd, its layers too. Writing replaces the whole archive. Throws `PLACE_INVALID`.
 */
export function dockerArchivePlace(rest: string, context: PlaceContext): Place {
  const { path, name } = splitPath(rest, "docker-archive");
  const label = `docker-archive:${rest}`;
  const open = async (wanted: string | undefined, as: string) => {
    const files = await openArchive(path, context.tempDir);
    return await closingOnFailure(files, () => openImage(files, wanted, as));
  };
  return {
    transport: "docker-archive",
    label,
    source: () => open(name, label),
    sink: async () => archiveSink(path, name, label, context),
    async inventory() {
      const files = await openArchive(path, context.tempDir);
      const reopen = {
        label: (digest: string) => `docker-archive:${path}:@${digest}`,
        open: (digest: string) => open(`@${digest}`, `docker-archive:${path}:@${digest}`),
      };
      return await closingOnFailure(files, async () => {
        const held = (await isLayout(files))
          ? await layoutInventory(await readLayout(files), path, context.progress, reopen)
          : (await readArchivedImages(files)).map((image) => heldImage(image, reopen.open));
        await files.close();
        return held;
      });
    },
  };
}

async function closingOnFailure<T>(files: NamedBlobs, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await files.close();
    throw error;
  }
}

/** Whether the archive is an OCI layout besides; then that says more: manifests, indexes, packed layers. */
async function isLayout(files: NamedBlobs): Promise<boolean> {
  return (await files.size("oci-layout")) !== undefined && (await files.size("index.json")) !== undefined;
}

async function openImage(files: NamedBlobs, name: string | undefined, label: string): Promise<Source> {
  if (await isLayout(files)) {
    const layout = await readLayout(files);
    return layout.source(await layout.find(name), label);
  }
  const { image, tag } = choose(await readArchivedImages(files), name, files.where);
  return await imageSource(files, image, { label, name: tag ?? image.tags[0] });
}

/** The image that the words behind the path ask for, and the tag it was found by. */
function choose(
  images: ArchivedImage[],
  name: string | undefined,
  where: string,
): { image: ArchivedImage; tag?: string } {
  const wanted = parseWanted(name);
  // As entries of a layout, so that names are understood alike in both.
  const entries = images.flatMap((image) => {
    const tags = image.tags.length === 0 ? [undefined] : image.tags;
    return tags.map((tag) => ({
      image,
      ...image.configDocument.descriptor,
      ...(tag === undefined ? {} : { annotations: { [refName]: tag } }),
    }));
  });
  const found =
    wanted.by === "position"
      ? entries.filter((entry) => entry.image === images[wanted.position])
      : wanted.by === "digest"
        ? entries.filter((entry) => entry.digest === wanted.digest)
        : wanted.by === "name"
          ? entriesNamed(entries, wanted.name)
          : entries;
  const [first] = found;
  if (first === undefined) throw nameNotFound(name ?? "anything", entries, where);
  if (found.some((entry) => entry.digest !== first.digest)) throw nameAmbiguous(name, found, where);
  const tag = "annotations" in first ? first.annotations?.[refName] : undefined;
  const { image } = first;
  return tag === undefined || wanted.by !== "name" ? { image } : { image, tag };
}

async function imageSource(
  files: NamedBlobs,
  image: ArchivedImage,
  as: { label: string; name: string | undefined },
): Promise<Source> {
  const { document, layers } = await makeManifest(files, image);
  const documents = [document, image.configDocument];
  const openLayer = async (digest: string) => {
    const layer = [...layers.values()].find((one) => one.descriptor.digest === digest);
    if (layer === undefined) throw missing(files.where, `layer ${digest}`);
    return decompressed(await files.open(layer.file), { what: `${layer.file} in ${files.where}` });
  };
  return {
    label: as.label,
    name: as.name === undefined ? undefined : familiar(as.name),
    unpacked: true,
    root: async () => document,
    async readDocument(descriptor) {
      const found = documents.find((one) => one.descriptor.digest === descriptor.digest);
      if (found === undefined) throw missing(files.where, descriptor.digest);
      return found;
    },
    hasBlob: async ({ digest }) =>
      layers.has(digest) || documents.some((one) => one.descriptor.digest === digest),
    openBlob: ({ digest }) => openLayer(digest),
    openLayer: ({ diffId }) => openLayer(diffId),
    referrers: async () => [],
    close: () => files.close(),
  };
}

function heldImage(image: ArchivedImage, open: (digest: string) => Promise<Source>): HeldImage {
  const { os, architecture, variant } = image.config;
  const id = image.configDocument.descriptor.digest;
  return {
    names: image.tags.map(familiar).filter((name) => name !== undefined),
    id,
    platform: { os, architecture, ...(variant === undefined ? {} : { variant }) },
    layers: image.config.diffIds,
    open: () => open(id),
  };
}

function archiveSink(path: string, name: string | undefined, label: string, context: PlaceContext): Sink {
  refusePinned(name, label);
  return {
    label,
    has: async () => false,
    async write(image, { progress, signal }) {
      const { configDescriptor } = platformImage(image);
      if (image.referrers.length > 0) {
        progress.note(`${label} cannot hold signatures and other referrers; they are left out`);
      }
      const archive = () =>
        dockerArchive(image, name === undefined ? [] : [name], () => true, {
          tempDir: context.tempDir,
          unpackLayers: true,
        });
      const total = sizeOf(image);
      const bytes = await writeArchive(path, archive, { label: `writing ${label}`, total, progress, signal });
      return { label, digest: configDescriptor.digest, bytes };
    },
    async close() {},
  };
}
