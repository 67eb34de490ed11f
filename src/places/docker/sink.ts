import type { Digest } from "../../oci/digest.ts";
import { DdiffError } from "../../util/errors.ts";
import { mapLimited } from "../../util/map-limited.ts";
import { dockerArchive, ociArchive, platformImage } from "../archive-stream.ts";
import type { ContentStore } from "../containerd/content-store.ts";
import { chainIds } from "../image-files/chain.ts";
import { feedEngine } from "../image-files/feed.ts";
import type { OutgoingBlob, OutgoingImage, PlaceContext, PlatformImage, Sink, Written } from "../place.ts";
import type { DockerApi, DockerInfo } from "./api.ts";
import { contentStores } from "./source.ts";

type WriteOptions = Parameters<Sink["write"]>[1];

/**
 * The writing face of one name in Docker: `docker load`, fed with what the engine lacks. `name` is a familiar one with its tag;
 * without it the image gets no name. Docker itself makes the image visible in one step when it has arrived whole.
 */
export function dockerSink(
  api: DockerApi,
  name: string | undefined,
  label: string,
  context: PlaceContext,
): Sink {
  const names = name === undefined ? [] : [name];
  let info: Promise<DockerInfo> | undefined;
  let held: Promise<ReadonlySet<Digest>> | undefined;
  const getInfo = (): Promise<DockerInfo> => (info ??= api.info());

  const writeClassic = async (image: OutgoingImage, options: WriteOptions): Promise<Written> => {
    const chosen = platformImage(image);
    const id = chosen.configDescriptor.digest;
    const chains = new Set((await layersHeld(api)).flatMap(chainIds));
    const needed = neededLayers(chosen, chains);
    const bytes = await feedEngine(
      image,
      {
        label: `loading ${name ?? id} into Docker`,
        has: (blob) => blob.diffId === undefined || !needed.has(blob.diffId),
        archive: (lacks) => dockerArchive(image, names, lacks, { tempDir: context.tempDir }),
        load: (archive, signal) => api.load(archive, signal),
      },
      options,
    );
    await checkLoaded(api, name ?? id, id);
    return { label, digest: id, bytes };
  };

  const writeContainerd = async (image: OutgoingImage, options: WriteOptions): Promise<Written> => {
    const { digest } = image.root;
    const stores = contentStores(await getInfo());
    const bytes = await feedEngine(
      image,
      {
        label: `loading ${name ?? digest} into Docker`,
        has: (blob) => heldIn(stores, blob),
        archive: (lacks) => ociArchive(image, names, lacks),
        load: (archive, signal) => api.load(archive, signal),
      },
      options,
    );
    await checkLoaded(api, name ?? digest, digest);
    return { label, digest, bytes };
  };

  return {
    label,
    takesStreams: true,
    async has(blob) {
      const store = await getInfo();
      if (store.containerdStore) return heldIn(contentStores(store), blob);
      held ??= layersHeld(api).then((images) => new Set(images.flat()));
      return (await held).has(blob.diffId ?? blob.descriptor.digest);
    },
    async write(image, options) {
      return (await getInfo()).containerdStore
        ? writeContainerd(image, options)
        : writeClassic(image, options);
    },
    close: async () => {},
  };
}

/** Layers of which the engine lacks some position: it has one only together with all that lies below it. */
function neededLayers(image: PlatformImage, chains: ReadonlySet<Digest>): Set<Digest> {
  const diffIds = image.layers.map((layer) => layer.diffId);
  return new Set(diffIds.filter((_, i) => !chains.has(chainIds(diffIds)[i] as Digest)));
}

/** The layers of every image, bottom first. */
async function layersHeld(api: DockerApi): Promise<Digest[][]> {
  const ids = [...new Set((await api.list()).map(({ id }) => id))];
  return mapLimited(ids, 8, async (id) => (await api.inspect(id))?.diffIds ?? []);
}

async function heldIn(stores: ContentStore[], blob: Pick<OutgoingBlob, "descriptor">): Promise<boolean> {
  for (const store of stores) if (await store.has(blob.descriptor)) return true;
  return false;
}

async function checkLoaded(api: DockerApi, name: string, id: Digest): Promise<void> {
  const found = (await api.inspect(name))?.id;
  if (found === id) return;
  const problem =
    found === undefined ? `has no image ${name} after loading it` : `loaded ${name} as ${found}, not ${id}`;
  throw new DdiffError("ENGINE_REFUSED", `Docker ${problem}`, {
    hint: "Something else may be writing to the same name: run the command again.",
  });
}
