import { DdiffError } from "../../util/errors.ts";
import { type ContentStore, contentFolder, contentSource } from "../containerd/content-store.ts";
import { closestNames } from "../image-files/close-names.ts";
import { savedImageSource } from "../image-files/saved-image.ts";
import { storedImageSource } from "../image-files/stored-image.ts";
import type { PlaceContext, Source } from "../place.ts";
import type { DockerApi, DockerImage, DockerInfo } from "./api.ts";
import { classicImage } from "./classic-store.ts";

/** Containerd's own root, where a Docker that uses the system's containerd keeps its images. */
const systemContainerd = "/var/lib/containerd";

/**
 * The reading face of one of Docker's images: from the store's files where they can be read, else from one `docker save`.
 * Throws `IMAGE_NOT_FOUND`.
 */
export async function dockerSource(
  api: DockerApi,
  name: string,
  label: string,
  context: PlaceContext,
): Promise<Source> {
  const image = await api.inspect(name);
  if (image === undefined) throw await notFound(api, name);
  const as = { label, name: nameOf(image, name) };
  const info = await api.info();
  const stored = await classicImage(info, image.id, as);
  if (stored !== undefined) return storedImageSource(stored);
  const files = await contentOf(info, image);
  if (files !== undefined && image.descriptor !== undefined) {
    return contentSource(files, { ...as, root: image.descriptor });
  }
  return savedImageSource({ ...as, form: "docker-archive", save: () => api.save(name) }, context);
}

/** Where containerd keeps this image's blobs, if those files are for us to read. */
export async function contentOf(info: DockerInfo, image: DockerImage): Promise<ContentStore | undefined> {
  if (!info.containerdStore || image.descriptor === undefined) return undefined;
  for (const store of contentStores(info)) if (await store.has(image.descriptor)) return store;
  return undefined;
}

/** Where a Docker with containerd's store may keep blobs: it runs a containerd of its own, or uses the system's. */
export function contentStores(info: DockerInfo): ContentStore[] {
  const roots = [`${info.rootDir}/containerd/daemon`, systemContainerd];
  return roots.map((root) => contentFolder(`${root}/io.containerd.content.v1.content`));
}

/** The name that was asked for, with its tag; none where the image was asked for by its ID. */
function nameOf(image: DockerImage, asked: string): string | undefined {
  return [asked, `${asked}:latest`].find((name) => image.tags.includes(name)) ?? image.tags[0];
}

async function notFound(api: DockerApi, name: string): Promise<DdiffError> {
  const names = (await api.list()).flatMap(({ tags }) => tags);
  return new DdiffError("IMAGE_NOT_FOUND", `Docker has no image ${name}`, {
    hint: closestNames(name, names),
  });
}
