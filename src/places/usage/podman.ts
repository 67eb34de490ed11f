import { join } from "node:path";
import { readdir } from "node:fs/promises";
import { hostPlatform } from "../../oci/platform.ts";
import { DdiffError, systemErrorCode } from "../../util/errors.ts";
import { readableFile } from "../image-files/readable-file.ts";
import { storedImageSource } from "../image-files/stored-image.ts";
import { podmanPlace } from "../podman.ts";
import type { PlaceContext, Source } from "../place.ts";
import { connectPodman } from "../podman/connect.ts";
import { storageImage } from "../podman/storage.ts";
import { measureFolder } from "./measure-folder.ts";
import { MeasuredParts, withShared } from "./measured-parts.ts";
import { readStorage, type Storage, type StorageImage, storageDriver } from "./podman-store.ts";
import type { Part, Usage, UsageOptions, UsedContainer, UsedImage, UsedVolume } from "./usage.ts";

/** What Podman on this machine keeps. Throws what engines throw, and `ENGINE_REMOTE` for one on another machine. */
export async function podmanUsage(context: PlaceContext, options: UsageOptions): Promise<Usage> {
  const { local, driver, graphRoot } = await (await connectPodman(context)).info();
  const open = async (image: StorageImage): Promise<Source> =>
    await podmanPlace(`@${image.name}`, context).source();
  if (local && (await storageDriver(graphRoot)) === driver)
    return usageOf(await readStorage(graphRoot, driver), "containers-storage:", { open, options, context });
  if (local && (await readdir(graphRoot).catch(() => undefined)) !== undefined)
    return usageOf(
      { root: graphRoot, driver, images: [], containers: [], layers: new Map(), notes: [] },
      "containers-storage:",
      { open, options, context },
    );
  throw new DdiffError("ENGINE_REMOTE", `Podman's storage ${graphRoot} is not here, or not for us to read`, {
    hint: "Run ddiff du on the machine that has it, as its owner or as root.",
  });
}

/** What lies in a folder of containers/storage, whoever's it is. `driver` is as `storageDriver` says. */
export async function storageFolderUsage(
  root: string,
  driver: string,
  context: PlaceContext,
  options: UsageOptions,
): Promise<Usage> {
  const open = async (image: StorageImage): Promise<Source> => {
    const as = { label: `${root} ${image.names[0] ?? image.name}`, name: image.names[0] };
    const stored = await storageImage({ driver, graphRoot: root, local: true }, image.id, as);
    if (stored !== undefined) return storedImageSource(stored);
    throw new DdiffError("LAYER_UNREADABLE", `The files of ${as.label} cannot be read`, {
      hint: "They belong to several users: run the command as root.",
    });
  };
  return usageOf(await readStorage(root, driver), root, { open, options, context });
}

interface Reading {
  open(image: StorageImage): Promise<Source>;
  options: UsageOptions;
  context: PlaceContext;
}

async function usageOf(storage: Storage, label: string, reading: Reading): Promise<Usage> {
  try {
    return await measured(storage, label, reading);
  } catch (error) {
    if (!["EACCES", "EPERM"].includes(systemErrorCode(error) ?? "")) throw error;
    const note = `Some folders of ${storage.root} are not for this user to read: layers count as the tars that they came as. Root sees what they take on disk.`;
    return byTars({ ...storage, notes: [...storage.notes, note] }, label, reading);
  }
}

async function measured(storage: Storage, label: string, reading: Reading): Promise<Usage> {
  const { root, driver, notes } = storage;
  const measuring = new MeasuredParts(reading.context.signal);
  const vanished = new Set<string>();
  const folderOf = (id: string): string =>
    driver === "overlay" ? join(root, "overlay", id) : join(root, driver, "dir", id);
  const addLayer = async (id: string, kind: Part["kind"], more: string[] = []): Promise<void> => {
    const folder = folderOf(id);
    const beside = [
      join(root, `${driver}-layers`, `${id}.tar-split.gz`),
      ...(await shortName(root, driver, id)),
      ...more,
    ];
    const contentIn = driver === "overlay" ? join(folder, "diff") : folder;
    if (!(await measuring.add(id, kind, folder, { contentIn, beside }))) vanished.add(id);
  };
  for (const id of storage.layers.keys()) {
    const container = storage.containers.find(({ layer }) => layer === id);
    if (container === undefined) await addLayer(id, "layer");
    else await addLayer(id, "container", [join(root, `${driver}-containers`, container.id)]);
  }
  for (const { name } of storage.images) {
    const folder = join(root, `${driver}-images`, name);
    if (!(await measuring.add(`image ${name}`, "record", folder, { contentIn: `${folder}/-` })))
      vanished.add(name);
  }
  if (driver === "overlay") {
    for (const name of await readdir(join(root, driver)).catch(() => [])) {
      if (name !== "l" && !storage.layers.has(name))
        await measuring.add(`folder ${name}`, "rest", join(root, driver, name), {
          beside: await shortName(root, driver, name),
        });
    }
  }
  const { parts, shared } = measuring.finish();
  const isThere = ({ name, layers }: StorageImage): boolean =>
    !vanished.has(name) && layers.every((id) => !vanished.has(id));
  const gone = storage.images.filter((image) => !isThere(image));
  notes.push(
    ...gone.map(
      ({ name, names }) =>
        `The image ${names[0] ?? name} went away while it was read, or its files are damaged: it is left out.`,
    ),
  );
  const images = usedImages(storage.images.filter(isThere), reading);
  const containers = await usedContainers(storage, vanished);
  const held = new Set([...images, ...containers].flatMap((one) => [...one.parts]));
  return {
    label,
    name: "Podman",
    folder: root,
    measure: "disk",
    parts: new Map([...parts].map(([id, part]) => [id, restUnless(held.has(id), part)])),
    images: images.map((image) => ({ ...image, parts: withShared(image.parts, shared) })),
    containers: containers.map((one) => ({ ...one, parts: withShared(one.parts, shared) })),
    volumes: await readVolumes(root, reading),
    notes,
  };
}

function restUnless(isHeld: boolean, part: Part): Part {
  return isHeld || part.kind !== "layer" ? part : { ...part, kind: "rest" };
}

/** Without the rights to see files the sizes of tars are what is known. */
async function byTars(storage: Storage, label: string, reading: Reading): Promise<Usage> {
  const parts = new Map<string, Part>();
  for (const [id, tar = 0] of storage.layers) parts.set(id, { id, kind: "layer", cost: { tar } });
  for (const { layer } of storage.containers) parts.set(layer, { id: layer, kind: "container", cost: {} });
  return {
    label,
    name: "Podman",
    measure: "tar",
    parts,
    images: usedImages(storage.images, reading),
    containers: await usedContainers(storage, new Set()),
    volumes: await readVolumes(storage.root, reading),
    notes: storage.notes,
  };
}

/**
 * Images as a person sees them: a step of a build, nameless and with another image on it, belongs to the images that were made of it, as it
 * does for `podman rmi`.
 */
function usedImages(images: readonly StorageImage[], reading: Reading): UsedImage[] {
  const isStep = (one: StorageImage): boolean =>
    one.names.length === 0 && images.some((other) => isMadeOf(other, one));
  return images
    .filter((image) => !isStep(image))
    .map((image): UsedImage => {
      const steps = images.filter((one) => one.names.length === 0 && isMadeOf(image, one));
      return {
        id: image.id,
        names: image.names,
        labels: image.labels,
        ...(image.created === undefined ? {} : { created: image.created }),
        parts: new Set([...image.layers, ...[image, ...steps].map(({ name }) => `image ${name}`)]),
        platforms: [
          {
            platform: { ...hostPlatform(), os: image.config.os, architecture: image.config.architecture },
            config: image.id,
            history: image.config.history,
            layers: image.config.diffIds.map((diffId, i) => ({ diffId, part: image.layers[i] ?? diffId })),
          },
        ],
        open: () => reading.open(image),
      };
    });
}

/** Whether an image has more steps than another, and all of its. */
function isMadeOf(image: StorageImage, step: StorageImage): boolean {
  const { history } = image.config;
  const begun = step.config.history;
  return (
    history.length > begun.length &&
    step.layers.every((id, i) => image.layers[i] === id) &&
    begun.every((one, i) => one.createdBy === history[i]?.createdBy && one.created === history[i]?.created)
  );
}

async function usedContainers(storage: Storage, vanished: ReadonlySet<string>): Promise<UsedContainer[]> {
  const mounted = await mountedFolders();
  return storage.containers
    .filter(({ layer }) => !vanished.has(layer))
    .map(({ id, name, image, layer, below }) => ({
      id,
      name,
      image,
      running: mounted.has(join(storage.root, storage.driver, layer, "merged")),
      own: new Set([layer]),
      parts: new Set([layer, ...below.filter((one) => !vanished.has(one))]),
    }));
}

/** A container's root is mounted while it runs. */
async function mountedFolders(): Promise<Set<string>> {
  const lines = (await readableFile("/proc/self/mounts"))?.toString().split("\n") ?? [];
  return new Set(lines.map((line) => line.split(" ")[1] ?? ""));
}

/** The link by which overlay names a folder shortly. */
async function shortName(root: string, driver: string, id: string): Promise<string[]> {
  if (driver !== "overlay") return [];
  const link = (await readableFile(join(root, driver, id, "link")))?.toString().trim();
  return link !== undefined && /^[A-Z0-9]+$/.test(link) ? [join(root, driver, "l", link)] : [];
}

/** Where they lie unless containers.conf(5) says otherwise. */
async function readVolumes(root: string, { options, context }: Reading): Promise<UsedVolume[]> {
  const names = await readdir(join(root, "volumes")).catch(() => []);
  const volumes: UsedVolume[] = [];
  for (const name of names) {
    const cost = options.volumes
      ? await measureFolder(join(root, "volumes", name), { signal: context.signal }).catch(() => undefined)
      : undefined;
    volumes.push({
      name,
      ...(cost === undefined ? {} : { cost: { disk: cost.disk, content: cost.content } }),
    });
  }
  return volumes;
}
