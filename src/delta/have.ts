import { z } from "zod";
import { type Digest, isDigest } from "../oci/digest.ts";
import { parseJson } from "../oci/json.ts";
import { formatPlatform } from "../oci/platform.ts";
import type { HeldImage, Place } from "../places/place.ts";
import { DdiffError, messageOf } from "../util/errors.ts";

/** What a server holds: carried to the workstation so that `ddiff diff --have` can cut against it. */
export interface HaveList {
  version: 1;
  images: { names: string[]; id: Digest; platform: string; layers: Digest[] }[];
}

const digest = z.custom<Digest>(isDigest, "is not a digest");
const schema = z.looseObject({
  version: z.literal(1),
  images: z.array(
    z.looseObject({ names: z.array(z.string()), id: digest, platform: z.string(), layers: z.array(digest) }),
  ),
});

/** Lists every image of the places, each once, sorted by ID so that equal servers give equal lists. */
export async function listHave(places: readonly Place[]): Promise<HaveList> {
  const images = new Map<Digest, HaveList["images"][number]>();
  for (const place of places) {
    for (const held of await place.inventory()) {
      const names = new Set([...(images.get(held.id)?.names ?? []), ...held.names]);
      images.set(held.id, {
        names: [...names].sort(),
        id: held.id,
        platform: formatPlatform(held.platform),
        layers: held.layers,
      });
    }
  }
  return { version: 1, images: [...images.values()].sort((a, b) => (a.id < b.id ? -1 : 1)) };
}

/** Reads a list that `ddiff have` wrote. Throws `HAVE_INVALID`. */
export function parseHave(bytes: Uint8Array, path: string): HaveList {
  try {
    return schema.parse(parseJson(bytes, path, { maxBytes: 256 << 20, maxDepth: 16 }));
  } catch (cause) {
    throw new DdiffError("HAVE_INVALID", `${path} is not a list that ddiff have wrote: ${messageOf(cause)}`, {
      hint: "Make it again on the server: ddiff have > have.json",
      cause,
    });
  }
}

/** Every layer that the server holds. */
export function layersOf(have: HaveList): Set<Digest> {
  return new Set(have.images.flatMap((image) => image.layers));
}

/** The images of an inventory that share layers with `wanted`, those that share most first. */
export function sharing(held: readonly HeldImage[], wanted: ReadonlySet<Digest>): HeldImage[] {
  const shared = (image: HeldImage): number => image.layers.filter((layer) => wanted.has(layer)).length;
  return held.filter((image) => shared(image) > 0).sort((a, b) => shared(b) - shared(a));
}
