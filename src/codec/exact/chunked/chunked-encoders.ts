import type { ExactEncoder } from "../encoder.ts";
import { chunkedLayer } from "./chunked-encoder.ts";
import { chunkedEras } from "./eras.ts";

/** One of klauspost's encoders of zstd as zstd:chunked uses it. */
export interface ChunkedFrames {
  /** Stands in ids. */
  id: string;
  frames: ExactEncoder;
  hasEmptyFrames: boolean;
  /** The version of containers/storage that it probably went with. */
  usualEra: keyof typeof chunkedEras;
}

/** The first version of klauspost/compress that always makes frames of nothing, and the last of those that do so or do not. */
const emptySince = "1.20.3";
const emptyMaybe = "1.17.8";
const newest: keyof typeof chunkedEras = "1.59";
const usualEras: Record<string, keyof typeof chunkedEras> = {
  "1.15.9": "1.41",
  "1.16.4": "1.50",
  "1.17.0": "1.50",
};

/** The ways in which an encoder of zstd may have been used: with frames of nothing from klauspost/compress 1.18.3 on. */
export function chunkedFrames(frames: ExactEncoder): ChunkedFrames[] {
  const version = /klauspost([\d.]+)/.exec(frames.id)?.[1] ?? "";
  const without: ChunkedFrames = {
    id: `${frames.id}-chunked`,
    frames,
    hasEmptyFrames: false,
    usualEra: usualEras[version] ?? newest,
  };
  const withEmpty = { ...without, id: `${frames.id}-empty-chunked`, hasEmptyFrames: true, usualEra: newest };
  if (version === emptySince) return [withEmpty];
  return version === emptyMaybe ? [without, withEmpty] : [without];
}

/** All encoders of layers of zstd:chunked: the frames alone, and with what a version of containers/storage writes behind them. */
export function chunkedEncoders(zstd: readonly ExactEncoder[]): ExactEncoder[] {
  return zstd.flatMap(chunkedFrames).flatMap(({ id, frames, hasEmptyFrames }) => [
    { id, make: chunkedLayer(frames.make, hasEmptyFrames) },
    ...Object.entries(chunkedEras).map(([version, era]) => ({
      id: `${id}${version}`,
      make: chunkedLayer(frames.make, hasEmptyFrames, era),
    })),
  ]);
}
