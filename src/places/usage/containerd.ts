import type { Digest } from "../../oci/digest.ts";
import { DdiffError, systemErrorCode } from "../../util/errors.ts";
import { mapLimited } from "../../util/map-limited.ts";
import { familiar, imageSource, isImage, readableContent } from "../containerd.ts";
import { contentFolder, contentSource } from "../containerd/content-store.ts";
import { type Ctr, ctrOf } from "../containerd/ctr.ts";
import type { DockerApi } from "../docker/api.ts";
import { contentOf } from "../docker/source.ts";
import { chainIds } from "../image-files/chain.ts";
import type { PlaceContext } from "../place.ts";
import { measureBlobs } from "./blob-folder.ts";
import { blobImages, type BlobRoot, joinRoots } from "./blob-usage.ts";
import {
  type ContainerdContainer,
  readContainers,
  readSnapshots,
  type Snapshot,
} from "./containerd-state.ts";
import type { DockerAnswers } from "./docker-answers.ts";
import { withShared } from "./measured-parts.ts";
import type { Part, Usage, UsedContainer, UsedImage, UsedVolume } from "./usage.ts";

/** An engine that keeps its images in a namespace of containerd, and knows more of its containers than containerd does. */
interface Keeper {
  label: string;
  name: string;
  containers: readonly ContainerdContainer[];
  volumes: UsedVolume[];
}

/**
 * What one namespace of containerd keeps: packed layers, and the same unpacked as snapshots. Where its folder can be read blobs are
 * counted on disk, else as they are packed; snapshots are as containerd counted them. Throws what engines throw.
 */
export async function containerdUsage(context: PlaceContext, keeper?: Keeper): Promise<Usage> {
  const ctr = ctrOf(context);
  const list = await ctr.images();
  const folder = await readableContent(ctr);
  const store = folder === undefined ? ctr.content : contentFolder(folder);
  const roots = list.filter(isImage).map((image): BlobRoot => {
    const name = familiar(image.name);
    const label = `${keeper?.label ?? "containerd:"}${name ?? image.digest}`;
    // Kubernetes lists each image by its digests too: they are no names that a person gave.
    const names = name === undefined || name.includes("@") ? [] : [name];
    return { digest: image.digest, names, open: async () => imageSource(store, image, list, label) };
  });
  const { images, parts: known, notes } = await blobImages(joinRoots(roots), { referrers: false });
  const snapshots = await readSnapshots(ctr);
  const found = await blobParts(ctr, folder, known, context, notes);
  const listed = keeper?.containers ?? (await readContainers(ctr));
  const containers = listed.map((one) => usedContainer(one, snapshots));
  const used = images.map((image) => ({
    ...image,
    parts: new Set([...withShared(image.parts, found.shared), ...snapshotsOf(image, snapshots)]),
  }));
  const held = new Set([...used, ...containers].flatMap((one) => [...one.parts]));
  const own = new Set(containers.flatMap((one) => [...one.own]));
  const parts = new Map(found.parts);
  // What neither images nor containers of Docker need is BuildKit's.
  const unheld = keeper === undefined ? "rest" : "cache";
  for (const { disk, ...snapshot } of snapshots) {
    const id = partOf(snapshot);
    const kind = own.has(id) ? "container" : held.has(id) ? "snapshot" : unheld;
    parts.set(id, { id, kind, cost: { disk } });
  }
  if (found.measure === "packed" && snapshots.length > 0) {
    for (const [id, part] of parts)
      if (part.cost.packed === undefined) parts.set(id, { ...part, cost: { packed: part.cost.disk ?? 0 } });
  }
  return {
    label: keeper?.label ?? "containerd:",
    name: keeper?.name ?? `containerd's namespace ${ctr.namespace}`,
    ...(folder === undefined ? {} : { folder }),
    measure: found.measure,
    parts,
    images: used,
    containers,
    volumes: keeper?.volumes ?? [],
    notes,
  };
}

/** The blobs of a namespace on disk, where they can be read there. */
async function blobParts(
  ctr: Ctr,
  folder: string | undefined,
  known: ReadonlyMap<string, Part>,
  { signal }: PlaceContext,
  notes: string[],
): Promise<{
  parts: ReadonlyMap<string, Part>;
  shared: ReadonlyMap<string, readonly string[]>;
  measure: "disk" | "packed";
}> {
  if (folder !== undefined) {
    try {
      const ours = await ctr.digests();
      const isOurs = (digest: Digest): boolean => ours.has(digest);
      return { ...(await measureBlobs(folder, "plain", known, { signal, isOurs })), measure: "disk" };
    } catch (error) {
      if (!["EACCES", "EPERM"].includes(systemErrorCode(error) ?? "")) throw error;
    }
  }
  if (known.size > 0)
    notes.push(
      "containerd's folder cannot be read from here: blobs count as they are packed, and those that no image needs are not seen.",
    );
  return { parts: known, shared: new Map(), measure: "packed" };
}

function partOf({ snapshotter, key }: Pick<Snapshot, "snapshotter" | "key">): string {
  return `snapshot ${snapshotter} ${key}`;
}

/** Unpacked layers of an image: containerd names them by their chain. */
function snapshotsOf({ platforms }: UsedImage, snapshots: readonly Snapshot[]): string[] {
  const chains = new Set<string>(
    platforms.flatMap(({ layers }) => chainIds(layers.map(({ diffId }) => diffId))),
  );
  return snapshots.filter(({ key }) => chains.has(key)).map(partOf);
}

function usedContainer(container: ContainerdContainer, snapshots: readonly Snapshot[]): UsedContainer {
  const { id, name, image, snapshotter, snapshots: keys, running } = container;
  const parts = new Set<string>();
  const find = (key: string): Snapshot | undefined =>
    snapshots.find((one) => one.snapshotter === snapshotter && one.key === key);
  for (let at = find(keys[0] ?? ""); at !== undefined && !parts.has(partOf(at)); at = find(at.parent))
    parts.add(partOf(at));
  const own = new Set(
    keys.filter((key) => find(key) !== undefined).map((key) => partOf({ snapshotter, key })),
  );
  return { id, name, image: familiar(image) ?? image, running, own, parts };
}

/**
 * What a Docker with containerd's store keeps packed. How much more its unpacked layers take only containerd tells, in Docker's own
 * namespace. Throws `ENGINE_REMOTE` where its blobs are not here to be read.
 */
export async function dockerContentUsage(api: DockerApi, answers: DockerAnswers): Promise<Usage> {
  const info = await api.info();
  const roots = await mapLimited(
    await answers.images(),
    8,
    async ({ Id: id, RepoTags: names }): Promise<BlobRoot[]> => {
      const image = await api.inspect(id);
      const store = image && (await contentOf(info, image));
      const root = image?.descriptor;
      if (store === undefined || root === undefined) return [];
      const label = `docker-daemon:${names[0] ?? id}`;
      return [
        {
          digest: root.digest,
          names,
          open: async () => contentSource(store, { label, name: names[0], root }),
        },
      ];
    },
  );
  const { images, parts, notes } = await blobImages(joinRoots(roots.flat()), { referrers: false });
  if (images.length === 0 && roots.length > 0) {
    throw new DdiffError(
      "ENGINE_REMOTE",
      "Docker's images lie in containerd's store, which is not for us to read",
      {
        hint: "Run the command as root, or look at containerd itself: ddiff du containerd: --namespace moby.",
      },
    );
  }
  return {
    label: "docker-daemon:",
    name: "Docker",
    measure: "packed",
    parts,
    images,
    containers: [],
    volumes: [],
    notes: [
      ...notes,
      "This Docker keeps images in containerd's store, which does not answer here: these are its packed layers alone. For unpacked ones, containers and what is kept for builds, run the command as root where ctr is installed.",
    ],
  };
}
