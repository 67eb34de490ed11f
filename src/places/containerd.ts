import { isDigest } from "../oci/digest.ts";
import { isIndexType, isManifestType } from "../oci/media-types.ts";
import { isUnknownPlatform } from "../oci/platform.ts";
import { familiarName, formatReference, parseReference, withDefaultTag } from "../oci/reference.ts";
import { DdiffError, isDdiffError } from "../util/errors.ts";
import {
  type ContentStore,
  contentFolder,
  contentSource,
  referrersAmong,
} from "./containerd/content-store.ts";
import { type Ctr, type CtrImage, ctrOf } from "./containerd/ctr.ts";
import { containerdSink } from "./containerd/sink.ts";
import { closestNames } from "./image-files/close-names.ts";
import { nameMissing, refuseId } from "./image-files/engine-names.ts";
import { readImage } from "./image-tree.ts";
import type { HeldImage, Place, PlaceContext, Source } from "./place.ts";

/**
 * `containerd:NAME[:TAG]` or `containerd:DIGEST`, an image in one namespace of containerd (`default`, or as the context and
 * CONTAINERD_NAMESPACE say; `k8s.io` on Kubernetes nodes). Names are those of nerdctl: `debian` is `docker.io/library/debian`.
 * Throws `REFERENCE_INVALID`; its faces throw `ENGINE_UNREACHABLE`, `ENGINE_DENIED`, `IMAGE_NOT_FOUND`.
 */
export function containerdPlace(rest: string, context: PlaceContext): Place {
  const name = rest === "" || isDigest(rest) ? rest : formatReference(withDefaultTag(parseReference(rest)));
  const label = `containerd:${rest}`;
  const ctr = ctrOf(context);
  let store: Promise<ContentStore> | undefined;
  const openStore = (): Promise<ContentStore> => (store ??= contentOf(ctr));
  return {
    transport: "containerd",
    label,
    async source() {
      if (name === "") throw nameMissing(label);
      const images = await ctr.images();
      const image = images.find((one) => one.name === name) ?? images.find((one) => one.digest === name);
      if (image === undefined) throw notFound(ctr, familiar(name) ?? name, images);
      return imageSource(await openStore(), image, images, label);
    },
    async sink() {
      refuseId(name === "" ? undefined : name, label);
      return containerdSink(ctr, name === "" ? undefined : name, label);
    },
    async inventory() {
      const images = await ctr.images();
      return inventoryOf(await openStore(), images, context);
    },
  };
}

/** The folder that containerd names, where an image's blob can be read there; else its command. */
async function contentOf(ctr: Ctr): Promise<ContentStore> {
  const folder = await readableContent(ctr);
  return folder === undefined ? ctr.content : contentFolder(folder);
}

/** The folder of the content store, where an image's blob can be read there. */
export async function readableContent(ctr: Ctr): Promise<string | undefined> {
  const [folder, images] = await Promise.all([ctr.contentFolder(), ctr.images()]);
  const [first] = images;
  if (folder === undefined || first === undefined) return undefined;
  return (await contentFolder(folder).has(first)) ? folder : undefined;
}

/** The reading face of one of the images that containerd lists. */
export function imageSource(store: ContentStore, image: CtrImage, images: CtrImage[], label: string): Source {
  return contentSource(store, {
    label,
    name: familiar(image.name),
    root: image,
    referrers: (subject) => referrersAmong(store, images.filter(isImage), subject, label),
  });
}

/** Every runnable image with all its names, each platform that is there by itself. */
async function inventoryOf(
  store: ContentStore,
  images: CtrImage[],
  context: PlaceContext,
): Promise<HeldImage[]> {
  const held = new Map<string, HeldImage>();
  for (const image of images.filter(isImage)) {
    const label = `containerd:${familiar(image.name) ?? image.digest}`;
    const open = async (): Promise<Source> => imageSource(store, image, images, label);
    try {
      const { images: platforms } = await readImage(await open(), { referrers: false });
      const name = familiar(image.name);
      for (const { configDescriptor, platform, layers } of platforms) {
        if (isUnknownPlatform(platform)) continue;
        const id = configDescriptor.digest;
        const known = held.get(id) ?? {
          names: [],
          id,
          platform,
          layers: layers.map((one) => one.diffId),
          open,
        };
        if (name !== undefined && !known.names.includes(name)) known.names.push(name);
        held.set(id, known);
      }
    } catch (error) {
      // One damaged image must not hide the others.
      if (!isDdiffError(error)) throw error;
      context.progress.note(`${label} is left out: ${error.message}`);
    }
  }
  return [...held.values()];
}

/** Whether an entry of containerd's list is an image, and no artifact of another kind. */
export function isImage({ mediaType }: CtrImage): boolean {
  return isIndexType(mediaType) || isManifestType(mediaType);
}

/** The short form of a name; none for what is no reference, as the digests by which Kubernetes names images. */
export function familiar(name: string): string | undefined {
  if (isDigest(name)) return undefined;
  try {
    const reference = parseReference(name);
    return reference.tag === undefined ? undefined : familiarName({ ...reference });
  } catch (error) {
    if (isDdiffError(error, "REFERENCE_INVALID")) return undefined;
    throw error;
  }
}

function notFound(ctr: Ctr, name: string, images: CtrImage[]): DdiffError {
  const names = images.flatMap((image) => familiar(image.name) ?? []);
  return new DdiffError(
    "IMAGE_NOT_FOUND",
    `containerd has no image ${name} in the namespace ${ctr.namespace}`,
    {
      hint: `${closestNames(name, names)} Another namespace is chosen with --namespace (Kubernetes uses k8s.io).`,
    },
  );
}
