import type { Readable } from "node:stream";
import type { Digest } from "../oci/digest.ts";
import { streamOf } from "../util/random-bytes.ts";
import type { BaseLayers } from "./base-layers.ts";
import type { Bundle } from "./bundle-read.ts";
import type { RebuiltLayers } from "./rebuild.ts";

/** Where the layers of a loaded image come from. */
export interface LayerSupply {
  bundle: Bundle;
  base: BaseLayers;
  rebuilt: RebuiltLayers;
}

/** A layer's tar: rebuilt, or the base's. Throws `BASE_MISSING`. */
export async function openTar(diffId: Digest, { base, rebuilt }: LayerSupply): Promise<Readable> {
  const spool = rebuilt.spools.get(diffId);
  if (spool !== undefined) return streamOf(spool.bytes(0, spool.length));
  return rebuilt.streams.get(diffId)?.open() ?? base.open(diffId);
}
