import type { ImageConfig } from "../../oci/config.ts";
import type { Digest } from "../../oci/digest.ts";
import { isDdiffError, messageOf, systemErrorCode } from "../../util/errors.ts";
import { mapLimited } from "../../util/map-limited.ts";
import { connectDocker } from "../docker.ts";
import type { DockerApi, DockerImage, DockerInfo } from "../docker/api.ts";
import { dockerSource } from "../docker/source.ts";
import { chainIds } from "../image-files/chain.ts";
import type { PlaceContext } from "../place.ts";
import { containerdUsage, dockerContentUsage } from "./containerd.ts";
import { type DockerAnswers, dockerAnswers, type ListedImage, type ListedStep } from "./docker-answers.ts";
import { DockerStore } from "./docker-store.ts";
import { measureFolder } from "./measure-folder.ts";
import { MeasuredParts, withShared } from "./measured-parts.ts";
import type { Part, Usage, UsageOptions, UsedContainer, UsedImage, UsedVolume } from "./usage.ts";

/** Questions to the daemon at a time. */
const atOnce = 8;

/**
 * What Docker keeps. Where its folder can be read the bytes are counted on disk; else they are what Docker says of each layer.
 * Throws what engines throw.
 */
export async function dockerUsage(context: PlaceContext, options: UsageOptions): Promise<Usage> {
  const api = await connectDocker(context);
  const [info, answers] = [await api.info(), dockerAnswers(api.http, "Docker")];
  // Only a daemon on this machine keeps its files here.
  const isHere = api.http.address.kind === "unix";
  if (info.containerdStore) {
    const behind = isHere ? await behindDocker(info, answers, context, options) : undefined;
    return behind ?? dockerContentUsage(api, answers);
  }
  const found = await listImages(api, answers, context);
  const store = isHere ? await DockerStore.open(info, found[0]?.listed.Id) : undefined;
  const notes: string[] = [];
  if (store !== undefined) {
    try {
      return await measured(store, found, answers, { context, options, notes });
    } catch (error) {
      if (!["EACCES", "EPERM"].includes(systemErrorCode(error) ?? "")) throw error;
    }
  }
  notes.push(
    `Docker's folder ${info.rootDir} cannot be read from here: sizes are what Docker says, bytes of files and not of the disk, and layers of removed images that containers keep are not seen. Root sees all.`,
  );
  return asked(found, answers, notes);
}

/** What Docker keeps in containerd, as containerd says; undefined where it does not answer us. */
async function behindDocker(
  { driver, containerd }: DockerInfo,
  answers: DockerAnswers,
  context: PlaceContext,
  options: UsageOptions,
): Promise<Usage | undefined> {
  if (containerd === undefined) return undefined;
  const env = { ...context.env, CONTAINERD_ADDRESS: containerd.address };
  const containers = (await answers.containers(false)).map((listed) => ({
    id: listed.Id,
    name: nameOf(listed),
    image: listed.Image,
    snapshotter: driver,
    // The lower one has what Docker puts into each container: its hosts file and the like.
    snapshots: [listed.Id, `${listed.Id}-init`],
    running: listed.State === "running",
  }));
  const volumes = await readVolumes(answers, options, context);
  try {
    return await containerdUsage(
      { ...context, env, containerdNamespace: containerd.namespace },
      { label: "docker-daemon:", name: "Docker", containers, volumes },
    );
  } catch (error) {
    if (!isDdiffError(error, "ENGINE_UNREACHABLE") && !isDdiffError(error, "ENGINE_DENIED")) throw error;
    return undefined;
  }
}

function nameOf({ Names: [name], Id: id }: { Names: readonly string[]; Id: string }): string {
  return name?.replace(/^\//, "") ?? id.slice(0, 12);
}

/** An image with what Docker says of it. */
interface FoundImage {
  listed: ListedImage;
  image: DockerImage;
  open: UsedImage["open"];
}

async function listImages(
  api: DockerApi,
  answers: DockerAnswers,
  context: PlaceContext,
): Promise<FoundImage[]> {
  const images = await mapLimited(await answers.images(), atOnce, async (listed): Promise<FoundImage[]> => {
    const image = await api.inspect(listed.Id);
    // Removed between the two questions.
    if (image === undefined) return [];
    const label = `docker-daemon:${listed.RepoTags[0] ?? listed.Id}`;
    return [{ listed, image, open: () => dockerSource(api, listed.Id, label, context) }];
  });
  return images.flat();
}

interface Reading {
  context: PlaceContext;
  options: UsageOptions;
  notes: string[];
}

async function measured(
  store: DockerStore,
  found: readonly FoundImage[],
  answers: DockerAnswers,
  { context, options, notes }: Reading,
): Promise<Usage> {
  const measuring = new MeasuredParts(context.signal);
  const images: UsedImage[] = [];
  const containers: UsedContainer[] = [];
  const steps = await stepsOfBuilds(found, answers);
  for (const { listed, image, open } of found) {
    const name = listed.RepoTags[0] ?? listed.Id;
    try {
      const config = await store.config(listed.Id);
      const added = config && (await store.addImage(measuring, listed.Id, config.diffIds));
      if (config === undefined || added === undefined) {
        notes.push(
          `The image ${name} went away while it was read, or its files are damaged: it is left out.`,
        );
        continue;
      }
      const records = [added.record];
      for (const step of steps(listed)) {
        const record = await store.addRecord(measuring, step);
        if (record !== undefined) records.push(record);
      }
      images.push(imageOf(listed, image, open, config.history, added.layers, records));
    } catch (error) {
      if (!isDdiffError(error)) throw error;
      notes.push(`The image ${name} is left out: ${messageOf(error)}`);
    }
  }
  for (const listed of await answers.containers(false)) {
    const added = await store.addContainer(measuring, listed.Id);
    const name = nameOf(listed);
    if (added === undefined) notes.push(`The container ${name} went away while it was read: it is left out.`);
    else
      containers.push({
        id: listed.Id,
        name,
        image: listed.Image,
        running: listed.State === "running",
        own: new Set(added.own),
        parts: new Set([...added.own, ...added.below]),
      });
  }
  const held = new Set([...images, ...containers].flatMap(({ parts }) => [...parts]));
  await store.addRest(measuring, held);
  const { parts, shared } = measuring.finish();
  return {
    label: "docker-daemon:",
    name: "Docker",
    folder: store.folder,
    measure: "disk",
    parts,
    images: images.map((image) => ({ ...image, parts: withShared(image.parts, shared) })),
    containers: containers.map((one) => ({ ...one, parts: withShared(one.parts, shared) })),
    volumes: await readVolumes(answers, options, context),
    notes,
  };
}

/** The nameless images that the classic builder made on its way to an image: they go with the last that was made of them. */
async function stepsOfBuilds(
  found: readonly FoundImage[],
  answers: DockerAnswers,
): Promise<(image: ListedImage) => Digest[]> {
  const listed = new Set(found.map(({ listed }) => listed.Id));
  const steps = new Map<string, ListedImage>();
  for (const one of await answers.images(true)) if (!listed.has(one.Id)) steps.set(one.Id, one);
  return (image) => {
    const below: Digest[] = [];
    for (
      let at = steps.get(image.ParentId);
      at !== undefined && !below.includes(at.Id);
      at = steps.get(at.ParentId)
    )
      below.push(at.Id);
    return below;
  };
}

/** Volumes of Docker's own kind lie in its folder. */
async function readVolumes(
  answers: DockerAnswers,
  { volumes }: UsageOptions,
  { signal }: PlaceContext,
): Promise<UsedVolume[]> {
  const found: UsedVolume[] = [];
  for (const { Name: name, Mountpoint: folder, Driver: driver } of await answers.volumes()) {
    const cost =
      volumes && driver === "local" && folder !== "" ? await measureFolder(folder, { signal }) : undefined;
    found.push({ name, ...(cost === undefined ? {} : { cost: { disk: cost.disk, content: cost.content } }) });
  }
  return found;
}

function imageOf(
  listed: ListedImage,
  image: DockerImage,
  open: UsedImage["open"],
  history: ImageConfig["history"],
  layers: readonly string[],
  more: readonly string[],
): UsedImage {
  return {
    id: listed.Id,
    names: namesOf(listed),
    labels: listed.Labels,
    created: new Date(listed.Created * 1000).toISOString(),
    parts: new Set([...layers, ...more]),
    platforms: [
      {
        platform: image.platform,
        config: listed.Id,
        history,
        layers: image.diffIds.map((diffId, i) => ({ diffId, part: layers[i] ?? diffId })),
      },
    ],
    open,
  };
}

/** Tags, or the digests that it was pulled by where it has no tag. */
function namesOf({ RepoTags: tags, RepoDigests: digests }: ListedImage): string[] {
  const named = tags.filter((tag) => !tag.startsWith("<none>"));
  return named.length > 0 ? named : digests.filter((one) => !one.startsWith("<none>"));
}

async function asked(found: readonly FoundImage[], answers: DockerAnswers, notes: string[]): Promise<Usage> {
  const parts = new Map<string, Part>();
  const images = await mapLimited(found, atOnce, async ({ listed, image, open }) => {
    const steps = (await answers.history(listed.Id)).reverse();
    const layers = chainIds(image.diffIds);
    const sizes = sizesOf(steps, layers.length);
    for (const [i, chain] of layers.entries())
      parts.set(chain, { id: chain, kind: "layer", cost: { content: sizes[i] ?? 0 } });
    const history = steps.map(({ CreatedBy: createdBy, Size: size }) => ({
      createdBy,
      emptyLayer: size === 0 && isSetting(createdBy),
    }));
    return imageOf(listed, image, open, history, layers, []);
  });
  const byId = new Map<string, UsedImage>(images.map((image) => [image.id, image]));
  const containers = (await answers.containers(true)).map((listed): UsedContainer => {
    const own = `container ${listed.Id}`;
    parts.set(own, { id: own, kind: "container", cost: { content: listed.SizeRw ?? 0 } });
    return {
      id: listed.Id,
      name: nameOf(listed),
      image: listed.Image,
      running: listed.State === "running",
      own: new Set([own]),
      parts: new Set([own, ...(byId.get(listed.ImageID)?.parts ?? [])]),
    };
  });
  for (const { ID: id, Size: content, Shared: shared } of await answers.cache())
    if (!shared) parts.set(`cache ${id}`, { id: `cache ${id}`, kind: "cache", cost: { content } });
  const volumes = (await answers.volumes()).map(({ Name: name }) => ({ name }));
  return {
    label: "docker-daemon:",
    name: "Docker",
    measure: "content",
    parts,
    images,
    containers,
    volumes,
    notes,
  };
}

/** Bytes of each layer, bottom first: histories have them by step, and a step with bytes has a layer. */
function sizesOf(steps: readonly ListedStep[], layers: number): number[] {
  const empty = steps.filter(({ Size: size }) => size === 0).length;
  let spare = layers - (steps.length - empty);
  const sizes: number[] = [];
  for (const { Size: size, CreatedBy: createdBy } of steps) {
    if (size > 0) sizes.push(size);
    else if (spare > 0 && !isSetting(createdBy)) {
      sizes.push(0);
      spare -= 1;
    }
  }
  return [...Array.from({ length: Math.max(0, layers - sizes.length) }, () => 0), ...sizes];
}

/** A step that changes only the config has no layer. */
function isSetting(step: string): boolean {
  return /^(?:\/bin\/sh -c #\(nop\)\s+)?(?:ARG|CMD|ENTRYPOINT|ENV|EXPOSE|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|SHELL|STOPSIGNAL|USER|VOLUME)\b/.test(
    step,
  );
}
