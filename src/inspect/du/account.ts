import type { Part, Usage, UsedContainer, UsedImage } from "../../places/usage/usage.ts";

/** An image with what it costs, in bytes of its place's measure. */
interface ImageAccount {
  image: UsedImage;
  /** All that it needs. */
  bytes: number;
  /** What no other image needs. */
  unique: number;
  /** What others need too. */
  shared: number;
  /** What its removal alone gives back: containers may keep what no image needs. */
  freed: number;
  /** Containers that need all of its layers. */
  containers: UsedContainer[];
}

/** A container with what it costs. */
interface ContainerAccount {
  container: UsedContainer;
  /** What it has written, and its own files beside. */
  bytes: number;
  /** Layers that no image has any more: they are kept for containers alone. */
  orphaned: number;
}

/** What a place's bytes are for; each byte is in one of them. */
export interface Purposes {
  /** Layers, blobs and records that images need. */
  images: number;
  /** What containers have written. */
  containers: number;
  /** Layers that only containers still need. */
  orphaned: number;
  /** Kept for builds. */
  cache: number;
  /** What the place keeps and nothing needs, and its own records. */
  rest: number;
}

/** A place with sums. Bytes are of its measure. */
export interface PlaceAccount {
  usage: Usage;
  purposes: Purposes;
  /** Sum of the purposes. Volumes are beside it. */
  bytes: number;
  /** Of what images need: what several of them share. */
  shared: number;
  /** Largest first. */
  images: ImageAccount[];
  containers: ContainerAccount[];
  /** Who needs each part. */
  holders: ReadonlyMap<string, Holders>;
}

/** Who needs a part. */
interface Holders {
  images: readonly UsedImage[];
  containers: readonly UsedContainer[];
}

const nobody: Holders = { images: [], containers: [] };

/** Adds up what a place keeps. */
export function accountOf(usage: Usage): PlaceAccount {
  const holders = holdersOf(usage);
  const sizeOf = (parts: Iterable<string>): number => sumOf(usage, parts);
  const images = usage.images.map((image): ImageAccount => {
    const own = [...image.parts].filter((id) => holders.get(id)?.images.length === 1);
    const bytes = sizeOf(image.parts);
    const unique = sizeOf(own);
    return {
      image,
      bytes,
      unique,
      shared: bytes - unique,
      freed: sizeOf(own.filter((id) => holders.get(id)?.containers.length === 0)),
      containers: usage.containers.filter((one) => usesAll(usage, one, image)),
    };
  });
  const containers = usage.containers.map((container) => ({
    container,
    bytes: sizeOf(container.own),
    orphaned: sizeOf(
      [...container.parts].filter((id) => !container.own.has(id) && holders.get(id)?.images.length === 0),
    ),
  }));
  const purposes: Purposes = { images: 0, containers: 0, orphaned: 0, cache: 0, rest: 0 };
  let shared = 0;
  for (const part of usage.parts.values()) {
    const bytes = part.cost[usage.measure] ?? 0;
    const held = holders.get(part.id) ?? nobody;
    purposes[purposeOf(part, held)] += bytes;
    if (held.images.length > 1) shared += bytes;
  }
  return {
    usage,
    purposes,
    bytes: Object.values(purposes).reduce((sum, bytes) => sum + bytes, 0),
    shared,
    images: images.sort((one, other) => other.bytes - one.bytes || order(one.image, other.image)),
    containers: containers.sort((one, other) => other.bytes - one.bytes),
    holders,
  };
}

/** Bytes of these parts together. */
export function sumOf({ parts, measure }: Usage, ids: Iterable<string>): number {
  let sum = 0;
  for (const id of ids) sum += parts.get(id)?.cost[measure] ?? 0;
  return sum;
}

/** What a person calls an image: its first name, or the beginning of its ID. */
export function nameOf({ names, id }: UsedImage): string {
  return names[0] ?? id.slice(7, 19);
}

function holdersOf({ images, containers, parts }: Usage): Map<string, Holders> {
  const found = new Map<string, { images: UsedImage[]; containers: UsedContainer[] }>();
  for (const id of parts.keys()) found.set(id, { images: [], containers: [] });
  for (const image of images) for (const id of image.parts) found.get(id)?.images.push(image);
  for (const container of containers)
    for (const id of container.parts) found.get(id)?.containers.push(container);
  return found;
}

function purposeOf({ kind }: Part, { images, containers }: Holders): keyof Purposes {
  if (images.length > 0) return "images";
  if (kind === "container") return "containers";
  if (containers.length > 0) return "orphaned";
  return kind === "cache" ? "cache" : "rest";
}

function usesAll({ parts }: Usage, container: UsedContainer, image: UsedImage): boolean {
  const unpacked = [...image.parts].filter((id) => /^(?:layer|snapshot)$/.test(parts.get(id)?.kind ?? ""));
  return unpacked.length > 0 && unpacked.every((id) => container.parts.has(id));
}

function order(one: UsedImage, other: UsedImage): number {
  return nameOf(one) < nameOf(other) ? -1 : 1;
}
