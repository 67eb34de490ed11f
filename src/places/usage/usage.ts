import type { ImageConfig } from "../../oci/config.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Platform } from "../../oci/platform.ts";
import type { Source } from "../place.ts";

/**
 * How bytes were counted. `disk`: what the file system has allocated, hard links once. `content`: sizes of files, hard links once.
 * `packed`: blobs as they are stored or sent. `tar`: uncompressed layers.
 */
export type Measure = "disk" | "content" | "packed" | "tar";

/** What something costs, by each measure that is known of it. Bytes. */
type Cost = { readonly [measure in Measure]?: number };

/**
 * One thing that a place keeps once, however many images have it. `layer`: the unpacked files of a layer on those below it; `snapshot`: the
 * same beside a blob; `blob`: a packed layer; `record`: what describes an image; `links`: files that several layers share by hard links;
 * `container`: what a container has written; `cache`: kept for builds; `rest`: nothing that the place knows needs it.
 */
export interface Part {
  id: string;
  kind: "layer" | "snapshot" | "blob" | "record" | "links" | "container" | "cache" | "rest";
  cost: Cost;
}

/** A runnable image: the only one of its name, or one platform of an index. */
export interface UsedPlatform {
  platform: Platform;
  /** The config's digest. */
  config: Digest;
  history: ImageConfig["history"];
  /** Bottom first, each with the part that keeps it. */
  layers: { diffId: Digest; part: string }[];
}

/** An image that a place holds, by whatever names. */
export interface UsedImage {
  /** What the place calls it: a config's digest in engines with unpacked layers, else its index's or manifest's. */
  id: Digest;
  /** All names; none for a dangling image. */
  names: string[];
  labels: ReadonlyMap<string, string>;
  /** RFC 3339. */
  created?: string;
  /** IDs of the parts that stay as long as it does. */
  parts: ReadonlySet<string>;
  platforms: UsedPlatform[];
  open(): Promise<Source>;
}

/** A container with the layer that it writes to. */
export interface UsedContainer {
  id: string;
  name: string;
  /** The name or ID that it was made of. */
  image: string;
  running: boolean;
  /** IDs of the parts that go with it. */
  own: ReadonlySet<string>;
  /** IDs of the parts that it needs, its own included. */
  parts: ReadonlySet<string>;
}

/** A volume. */
export interface UsedVolume {
  name: string;
  /** Unknown where nobody asked for it, or where it cannot be read. */
  cost?: Cost;
}

/** All that a place keeps, as it was a moment ago. */
export interface Usage {
  /** As a user would write it: `docker-daemon:`. */
  label: string;
  /** `Docker`, for sentences. */
  name: string;
  /** The folder that was measured; undefined where the place was asked. */
  folder?: string;
  /** What sums are made of: each part has it, or costs nothing. */
  measure: Measure;
  parts: ReadonlyMap<string, Part>;
  images: UsedImage[];
  containers: UsedContainer[];
  volumes: UsedVolume[];
  /** What could not be read or is not as sure as the rest, a sentence each. */
  notes: string[];
}

/** What a place is asked for beside its images. */
export interface UsageOptions {
  /** Whether volumes are measured: they may hold millions of files. */
  volumes: boolean;
}
