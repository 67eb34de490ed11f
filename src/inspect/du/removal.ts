import type { UsedContainer, UsedImage } from "../../places/usage/usage.ts";
import { DdiffError } from "../../util/errors.ts";
import { nameOf, type PlaceAccount, sumOf } from "./account.ts";

/** What the removal of images would do in one place. */
export interface Removal {
  place: PlaceAccount;
  /** Images that would be gone. */
  gone: UsedImage[];
  /** Images that would only lose names, and those that they keep. */
  kept: { image: UsedImage; names: string[] }[];
  /** Bytes that the place would get back. */
  freed: number;
  /** Bytes of the images that are gone which stay for others, and for whom. */
  stays: { bytes: number; images: UsedImage[]; containers: UsedContainer[] };
}

/** Fewer letters of an ID may be those of a name. */
const shortestId = 6;

/**
 * What would be free if these images were removed together. An image is named as by its place (`torch-app:1`; `:latest` may be left
 * out), by its ID or the beginning of it, or with its place in front (`docker-daemon:torch-app:1`). An image with other names than those
 * that go stays. Throws `IMAGE_NOT_FOUND`.
 */
export function removalOf(places: readonly PlaceAccount[], wanted: readonly string[]): Removal[] {
  const found = places.map((place) => ({ place, lost: new Map<UsedImage, Set<string>>() }));
  for (const name of wanted) {
    let isKnown = false;
    for (const { place, lost } of found) {
      for (const image of place.usage.images) {
        const names = namesMeant(place, image, name);
        if (names === undefined) continue;
        isKnown = true;
        const known = lost.get(image) ?? new Set();
        for (const one of names) known.add(one);
        lost.set(image, known);
      }
    }
    if (!isKnown) throw notFound(places, name);
  }
  return found.filter(({ lost }) => lost.size > 0).map(({ place, lost }) => remove(place, lost));
}

/** What would be free without the images that have no name. */
export function danglingOf(place: PlaceAccount): Removal {
  const nameless = place.usage.images.filter(({ names }) => names.length === 0);
  return remove(place, new Map(nameless.map((image) => [image, new Set<string>()])));
}

function remove(place: PlaceAccount, lost: ReadonlyMap<UsedImage, ReadonlySet<string>>): Removal {
  const left = [...lost].map(([image, names]) => ({
    image,
    names: image.names.filter((name) => !names.has(name)),
  }));
  const gone = left.filter(({ names }) => names.length === 0).map(({ image }) => image);
  const kept = left.filter(({ names }) => names.length > 0);
  const isGone = new Set(gone);
  const free: string[] = [];
  const stays: string[] = [];
  const images = new Set<UsedImage>();
  const containers = new Set<UsedContainer>();
  for (const id of new Set(gone.flatMap(({ parts }) => [...parts]))) {
    const holders = place.holders.get(id);
    const others = holders?.images.filter((image) => !isGone.has(image)) ?? [];
    if (others.length === 0 && holders?.containers.length === 0) free.push(id);
    else {
      stays.push(id);
      for (const image of others) images.add(image);
      for (const container of holders?.containers ?? []) containers.add(container);
    }
  }
  return {
    place,
    gone,
    kept,
    freed: sumOf(place.usage, free),
    stays: { bytes: sumOf(place.usage, stays), images: [...images], containers: [...containers] },
  };
}

/** Which of an image's names a word means: all where it is its ID; undefined where it means another image. */
function namesMeant({ usage }: PlaceAccount, image: UsedImage, word: string): readonly string[] | undefined {
  const isRegistry = word.startsWith("docker://");
  const own =
    word.startsWith(usage.label) && !isRegistry ? word.slice(usage.label.length).replace(/^:/, "") : word;
  const rest = isRegistry ? word.slice("docker://".length) : own;
  const hex = rest.replace(/^@?(?:sha256:)?/, "");
  if (/^[0-9a-f]+$/.test(hex) && hex.length >= shortestId && image.id.slice(7).startsWith(hex))
    return image.names;
  const names = image.names.filter((name) => name === word || name === rest || name === `${rest}:latest`);
  return names.length === 0 ? undefined : names;
}

function notFound(places: readonly PlaceAccount[], name: string): DdiffError {
  const some = places.flatMap(({ images }) => images.map(({ image }) => nameOf(image))).slice(0, 5);
  return new DdiffError("IMAGE_NOT_FOUND", `none of these places has an image ${name}`, {
    hint: some.length === 0 ? "They have no images." : `There are ${some.join(", ")}, …`,
    exitStatus: 2,
  });
}
