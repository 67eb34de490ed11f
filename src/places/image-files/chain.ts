import { type Digest, digestOf } from "../../oci/digest.ts";

/**
 * The chain IDs of an image's layers, bottom first: each names a layer together with all below it
 * (image-spec, config.md, "Layer ChainID").
 */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : digestOf(Buffer.from(`${below} ${diffId}`)));
  }
  return chain;
}
