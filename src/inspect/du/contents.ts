import type { PlaceContext } from "../../places/place.ts";
import type { PlaceAccount } from "./account.ts";
import { ContentCounter, type ContentSums, type CopiedContent } from "./content-sums.ts";
import { type CountedPackage, type ImagePackages, PackageCounter } from "./package-sums.ts";
import { contentsOf } from "./stored-contents.ts";

/** What is stored several times over all places, by content and by package. */
export interface Contents {
  sums: ContentSums;
  /** Large contents that are stored several times, those that cost most first. */
  copied: CopiedContent[];
  /** Packages that cost more than one copy would, the dearest first. */
  packages: CountedPackage[];
  images: ImagePackages[];
}

/**
 * Looks into all images. `read`: also at layers that the cache does not know; else the answer is undefined as soon as there is one.
 * What cannot be read is left out, with a note.
 */
export async function readContentsOf(
  places: readonly PlaceAccount[],
  options: { read: boolean; context: PlaceContext; notes: string[] },
): Promise<Contents | undefined> {
  const contents = new ContentCounter();
  const packages = new PackageCounter();
  for await (const read of contentsOf(places, options)) {
    if (read === undefined) return undefined;
    const stored = read.platform.layers.map(({ part }) => `${read.place.usage.label} ${part}`);
    for (const [i, { entries }] of read.layers.entries()) contents.add(stored[i] ?? "", entries);
    packages.add(read, stored);
  }
  return {
    sums: contents.sums,
    copied: contents.copied(),
    packages: packages.repeated(),
    images: packages.images,
  };
}
