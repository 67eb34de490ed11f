import type { ExactEncoder } from "../encoder.ts";
import { chunkedLayer } from "./chunked-encoder.ts";
import { chunkedEras } from "./eras.ts";

/** One of klauspost's encoders of zstd as zstd:chunked uses it. */
export interface ChunkedFrames {
  /** Stands in ids. */
  id: string;
  frames: ExactEncoder;
  /** Whether it makes a frame of nothing. */
  hasEmptyFrames: boolean;
  /** The version of containers/storage that it probably went with. */
  usualEra: keyof typeof chunkedEras;
}

/** The first version of klauspost/compress that makes a frame of nothing, unasked. */
const emptySince = "1.18.5";
/** From the version of klauspost/compress that containers/storage asked for since: the last that is not newer counts. */
const usualEras: readonly [since: string, era: keyof typeof chunkedEras][] = [
  ["1.0", "1.41"],
  ["1.16", "1.50"],
  ["1.17.8", "1.59"],
];

/** The ways in which encoders of zstd may have been used, by the versions that they stand for. */
export function chunkedFrames(encoders: readonly ExactEncoder[]): ChunkedFrames[] {
  return encoders.flatMap((frames) => {
    const [since, level] = partsOf(frames);
    const usualEra = usualEras.findLast(([first]) => !isNewer(first, since))?.[1] ?? "1.59";
    const without = { id: `${frames.id}-chunked`, frames, hasEmptyFrames: false, usualEra };
    const withEmpty: ChunkedFrames = {
      id: `${frames.id}-empty-chunked`,
      frames,
      hasEmptyFrames: true,
      usualEra: "1.59",
    };
    if (!isNewer(emptySince, since)) return [withEmpty];
    const isSucceeded = encoders.map(partsOf).some(([other, otherLevel]) => {
      return otherLevel === level && isNewer(other, since) && !isNewer(other, emptySince);
    });
    return isSucceeded ? [without] : [without, withEmpty];
  });
}

/** All encoders of layers of zstd:chunked: the frames alone, and with what a version of containers/storage writes behind them. */
export function chunkedEncoders(zstd: readonly ExactEncoder[]): ExactEncoder[] {
  return chunkedFrames(zstd).flatMap(({ id, frames, hasEmptyFrames }) => [
    { id, make: chunkedLayer(frames.make, hasEmptyFrames) },
    ...Object.entries(chunkedEras).map(([version, era]) => ({
      id: `${id}${version}`,
      make: chunkedLayer(frames.make, hasEmptyFrames, era),
    })),
  ]);
}

/** The version of klauspost/compress that was the first to give an encoder's bytes, and the level. */
function partsOf({ id }: ExactEncoder): [version: string, level: string] {
  const [, version = "", level = ""] = /klauspost([\d.]+)-(\w+)/.exec(id) ?? [];
  return [version, level];
}

function isNewer(version: string, than: string): boolean {
  return version.localeCompare(than, "en", { numeric: true }) > 0;
}
