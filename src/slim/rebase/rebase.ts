import type { InventoryEntry } from "../../inspect/inventory.ts";
import { verified } from "../../codec/verify.ts";
import type { Digest } from "../../oci/digest.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import { outgoingImage } from "../../places/copy.ts";
import type { OutgoingBlob, OutgoingImage, PlaceContext, Source } from "../../places/place.ts";
import { DdiffError } from "../../util/errors.ts";
import { readableCopies } from "../../util/readable.ts";
import { checkRoom } from "../../util/room.ts";
import { Contents } from "../contents.ts";
import { describeRelaid, type RelaidImage } from "../documents.ts";
import { rebasedConfig } from "./config.ts";
import { type ExactLayer, readExactLayer } from "./exact-layer.ts";
import { imageFiles } from "./image-files.ts";
import { tarOf } from "./members.ts";
import type { RebasedLayer } from "./new-layers.ts";
import { newBytes, type PlatformPlan, type RebasePlan } from "./plan.ts";
import { checkSameView } from "./same-view.ts";

/** A new image, to be written into a sink before `close` is called. */
export interface Rebased {
  /** New layers are uncompressed, those of the base as they lie at its place. */
  image: OutgoingImage;
  /** Layers that are not to be packed in another way, by diffID: those of a base whose place keeps them as others fetch them. */
  keep: ReadonlySet<Digest>;
  close: () => void;
}

/**
 * Makes the planned image, and reads its new layers over those of the base to see that its files are those of the old image. What the base has not is
 * kept in the temporary folder; layers are made from it when they are asked for. Throws `DISK_SPACE`, `DISK_FULL`, `LAYER_CHANGED`, `REBASE_DIFFERS`.
 */
export async function makeRebase(
  source: Source,
  plan: RebasePlan,
  version: string,
  context: PlaceContext,
): Promise<Rebased> {
  await checkRoom(context.tempDir, newBytes(plan), "laying the image over the base");
  const contents: Contents[] = [];
  const close = (): void => {
    for (const one of contents) one.close();
  };
  try {
    const { blobs } = await outgoingImage(plan.base.source, plan.base.tree);
    const below = new Map(blobs.map((blob) => [blob.descriptor.digest, blob]));
    const relaid: RelaidImage[] = [];
    for (const one of plan.platforms) {
      const kept = new Contents(context.tempDir);
      contents.push(kept);
      await keepContents(source, one, kept, context);
      relaid.push(await relay(plan, one, { below, contents: kept }, version, context));
    }
    const { source: from } = plan.base;
    const lower = plan.platforms.flatMap(({ base }) => base.layers.map(({ diffId }) => diffId));
    return { image: describeRelaid(relaid), keep: new Set(from.unpacked === true ? [] : lower), close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Reads those layers of the image again that have content for new ones. */
async function keepContents(
  source: Source,
  { image, files, layers }: PlatformPlan,
  contents: Contents,
  context: PlaceContext,
): Promise<void> {
  const wanted = new Set<InventoryEntry>();
  for (const member of layers.flatMap(({ members }) => members))
    if (member.kind === "entry" && member.entry.size > 0) wanted.add(member.entry);
  const done = new Set<ExactLayer>();
  for (const [number, layer] of image.layers.entries()) {
    const known = files.layers[number];
    if (known === undefined || done.has(known) || !known.entries.some((entry) => wanted.has(entry))) continue;
    done.add(known);
    const task = context.progress.task(`taking files of layer ${number + 1}`, known.size);
    try {
      const tar = verified(await source.openLayer(layer), { digest: layer.diffId }, `layer ${layer.diffId}`);
      await contents.keep({ ...known, texts: new Map() }, tar, wanted, (bytes) => {
        context.signal?.throwIfAborted();
        task.advance(bytes);
      });
    } finally {
      task.end();
    }
  }
}

async function relay(
  { base: { name, tree, source: from }, tree: { documents } }: RebasePlan,
  { image, base, files, baseFiles, choice, layers }: PlatformPlan,
  { below, contents }: { below: ReadonlyMap<Digest, OutgoingBlob>; contents: Contents },
  version: string,
  context: PlaceContext,
): Promise<RelaidImage> {
  const made: { blob: OutgoingBlob; read: ExactLayer; title: string }[] = [];
  for (const layer of layers) {
    const read = await readBack(layer, contents, context);
    made.push({ blob: blobOf(layer, read, contents), read, title: titleOf(layer, name) });
  }
  checkSameView(
    files,
    imageFiles([...baseFiles.layers, ...made.map(({ read }) => read)]),
    choice.timesOfBase,
  );
  const config = rebasedConfig(
    documents.get(image.configDescriptor.digest)?.bytes ?? Buffer.alloc(0),
    {
      config: tree.documents.get(base.configDescriptor.digest)?.bytes ?? Buffer.alloc(0),
      name,
      layers: base.layers.map(({ diffId }) => diffId),
    },
    made.map(({ read, title }) => ({ diffId: read.diffId, title })),
    version,
  );
  const lower = base.layers.map(
    ({ descriptor: { digest } }) => below.get(digest) ?? refuseAbsent(name, digest),
  );
  return {
    old: image,
    manifest: documents.get(image.manifest.digest)?.bytes ?? Buffer.alloc(0),
    config,
    layers: [...lower, ...made.map(({ blob }) => blob)],
    annotations: {
      "org.opencontainers.image.base.digest": base.manifest.digest,
      "org.opencontainers.image.base.name": registryName(from),
    },
  };
}

function refuseAbsent(name: string, digest: Digest): never {
  throw new DdiffError("BLOB_MISSING", `${name} lists the layer ${digest} and does not hold it`);
}

/** The base as others can fetch it; undefined where it lies in no registry. */
function registryName({ repository, label }: Source): string | undefined {
  return repository === undefined ? undefined : label.replace("docker://", "");
}

/** A new layer as whoever unpacks it will find it, and its digest. */
async function readBack(
  { members, size }: RebasedLayer,
  contents: Contents,
  context: PlaceContext,
): Promise<ExactLayer> {
  const task = context.progress.task("laying out what the base has not", size);
  try {
    return await readExactLayer(readableCopies(tarOf(members, contents)), (bytes) => {
      context.signal?.throwIfAborted();
      task.advance(bytes);
    });
  } finally {
    task.end();
  }
}

function blobOf({ members }: RebasedLayer, { diffId, size }: ExactLayer, contents: Contents): OutgoingBlob {
  return {
    descriptor: { mediaType: mediaTypes.ociLayer, digest: diffId, size },
    diffId,
    open: async () => readableCopies(tarOf(members, contents)),
  };
}

function titleOf({ origins }: RebasedLayer, base: string): string {
  const numbers = origins.map((origin) => origin + 1);
  if (numbers.length === 0) return `what ${base} has and the image has not`;
  const which = numbers.length === 1 ? `layer ${numbers[0]}` : `layers ${numbers[0]} to ${numbers.at(-1)}`;
  return `files of ${which} that ${base} has not`;
}
