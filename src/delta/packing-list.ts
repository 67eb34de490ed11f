import type { LayerPacking } from "./bundle-config.ts";

/** So many bytes of a bundle's config may say how layers are packed: a server reads no config of more than 8 MiB. */
const mostBytes = 6 << 20;

/**
 * How layers are packed, for a bundle's config: as many as have room in it. A layer of a million members takes a number for each; one that has no
 * room is as one of which it is not known how it was packed.
 */
export class PackingList {
  readonly all: LayerPacking[] = [];
  #left = mostBytes;

  /** Whether there was room for it. */
  add(packing: LayerPacking): boolean {
    const size = JSON.stringify(packing).length;
    if (size > this.#left) return false;
    this.#left -= size;
    this.all.push(packing);
    return true;
  }
}
