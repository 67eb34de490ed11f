import type { Readable } from "node:stream";
import type { Digest } from "../oci/digest.ts";
import type { Platform } from "../oci/platform.ts";
import { readImage } from "../places/image-tree.ts";
import type { HeldImage, Layer, Source, UnpackedLayer } from "../places/place.ts";
import { DdiffError } from "../util/errors.ts";
import { sharing } from "./have.ts";

/** A layer and the source that can give it. */
export interface HeldLayer {
  source: Source;
  layer: Layer;
}

/** Layers that are at hand, by diffID, from any number of images. */
export class BaseLayers {
  readonly #layers = new Map<Digest, HeldLayer>();
  readonly #opened: Source[] = [];
  /** Names of the images that gave layers. */
  readonly names: string[] = [];

  /** Adds the layers of an image as `addSource` does, and closes the source in `close`. */
  async addOwned(source: Source, among: ReadonlySet<Digest>): Promise<void> {
    this.#opened.push(source);
    await this.addSource(source, { among });
  }

  /** Adds the layers of an image, only those in `among` where it is given. The source stays open: the caller closes it. */
  async addSource(
    source: Source,
    options: { platforms?: Platform[]; among?: ReadonlySet<Digest> } = {},
  ): Promise<void> {
    const { images } = await readImage(source, { platforms: options.platforms ?? [], referrers: false });
    this.names.push(source.name ?? source.label);
    for (const image of images) {
      for (const layer of image.layers) {
        if (options.among !== undefined && !options.among.has(layer.diffId)) continue;
        if (!this.#layers.has(layer.diffId)) this.#layers.set(layer.diffId, { source, layer });
      }
    }
  }

  /** Opens those images of an inventory that hold what is still missing of `wanted`; they are closed by `close`. */
  async addFrom(held: readonly HeldImage[], wanted: ReadonlySet<Digest>): Promise<void> {
    for (const image of sharing(held, wanted)) {
      if (this.missing(wanted).length === 0) return;
      if (!image.layers.some((layer) => wanted.has(layer) && !this.#layers.has(layer))) continue;
      await this.addOwned(await image.open(), wanted);
    }
  }

  /** All diffIDs, in the order in which they were found. */
  diffIds(): Digest[] {
    return [...this.#layers.keys()];
  }

  /** Those of `wanted` that are not at hand. */
  missing(wanted: Iterable<Digest>): Digest[] {
    return [...wanted].filter((diffId) => !this.#layers.has(diffId));
  }

  /** A layer that must be at hand. Throws `BASE_MISSING`. */
  require(diffId: Digest): HeldLayer {
    const held = this.#layers.get(diffId);
    if (held !== undefined) return held;
    throw new DdiffError("BASE_MISSING", `layer ${diffId} is not here`);
  }

  /** A layer's uncompressed tar. Throws `BASE_MISSING`. */
  open(diffId: Digest): Promise<Readable> {
    const { source, layer } = this.require(diffId);
    return source.openLayer(layer);
  }

  /** A layer that lies as files where it is at hand. Throws `BASE_MISSING`. */
  async openUnpacked(diffId: Digest): Promise<UnpackedLayer | undefined> {
    const { source, layer } = this.require(diffId);
    return source.openUnpacked?.(layer);
  }

  async close(): Promise<void> {
    for (const source of this.#opened) await source.close();
  }
}
