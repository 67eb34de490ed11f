import { deflateInBlocks } from "./block-encoder.ts";
import { chunkedEncoders } from "./chunked/chunked-encoders.ts";
import type { DeflateMaker, ExactEncoder } from "./encoder.ts";
import { goDeflate } from "./go/deflate.ts";
import { go127Deflate, pgzipBlocks } from "./klauspost/deflate.ts";
import type { versions } from "./klauspost/versions.ts";
import { chromiumDeflate, zlibDeflate } from "./zlib.ts";
import { klauspostZstd } from "./zstd/frame-encoder.ts";
import { type ZstdVersion, zstdVersions } from "./zstd/versions.ts";

/** Every encoder of gzip that layers can be packed with again, bit for bit. */
export const encoders: readonly ExactEncoder[] = [
  ...withFlushed(levels("go1.8", goDeflate)),
  { id: "go1.8-level0", make: goDeflate(0) },
  { id: "go1.8-huffman", make: goDeflate(-2) },
  ...withFlushed(levels("go1.27", go127Deflate)),
  ...pgzip("1.15.10", [5, 6, 4, 9, 7, 8]),
  ...pgzip("1.18.2", [5, 1, 6, 9, 2, 3, 4, 7, 8]),
  ...pgzip("1.15.11", [1, 2, 3]),
  ...pgzip("1.15.15", [9, 7, 8]),
  ...pgzip("1.18.0", [4]),
  ...pgzip("1.18.1", [5, 1, 6, 2, 3, 4]),
  ...pgzip("1.20.0", [9, 7, 8]),
  ...pgzip("1.15.0", [5]),
  ...pgzip("1.10.11", [5]),
  ...pgzip("1.12.3", [5]),
  ...pgzip("1.14.2", [5]),
  ...pgzip("1.10.11", [5], 256),
  ...pgzip("1.15.10", [5], 256),
  ...pgzip("1.18.2", [5], 256),
  ...levels("zlib", zlibDeflate),
  ...levels("chromium", chromiumDeflate),
];

/** Every encoder of zstd at the level that builders take by themselves, the likeliest first: each makes whole frames, header and checksum included. */
export const zstdEncoders = klauspostZstds("default", ["1.17.8", "1.20.3", "1.17.0", "1.16.4", "1.15.9"]);

/** Those at other levels, which builders can be told to take. */
export const otherZstdEncoders: readonly ExactEncoder[] = [
  ...klauspostZstds("fastest", ["1.17.8", "1.20.3", "1.17.0", "1.16.4", "1.15.9"]),
  ...klauspostZstds("better", [
    "1.17.8",
    "1.20.3",
    "1.17.5",
    "1.17.3",
    "1.17.0",
    "1.16.4",
    "1.15.10",
    "1.15.9",
  ]),
  ...klauspostZstds("best", ["1.17.8", "1.20.3", "1.17.6"]),
];

/** Every encoder of layers of zstd:chunked, which have a frame for each chunk of a file. */
const chunked: readonly ExactEncoder[] = chunkedEncoders([...zstdEncoders, ...otherZstdEncoders]);

/** Whether an encoder makes zstd frames. */
export function makesFrames(id: string): boolean {
  return [...zstdEncoders, ...otherZstdEncoders, ...chunked].some((encoder) => encoder.id === id);
}

/** The encoder of an id, or undefined where there is none. */
export function findEncoder(id: string): ExactEncoder | undefined {
  for (const encoder of [...encoders, ...zstdEncoders, ...otherZstdEncoders, ...chunked]) {
    if (encoder.id === id) return encoder;
    if (encoder.flushed?.id === id) return encoder.flushed;
  }
  return undefined;
}

/** An encoder for each level from 1 to 9, as `NAME-levelN`. */
function levels(name: string, make: (level: number) => DeflateMaker): ExactEncoder[] {
  return Array.from({ length: 9 }, (_, i) => ({ id: `${name}-level${i + 1}`, make: make(i + 1) }));
}

/** Encoders of Go, each also as the writers of eStargz use it. */
function withFlushed(encoders: readonly ExactEncoder[]): ExactEncoder[] {
  return encoders.map(({ id, make }) => ({
    id,
    make,
    flushed: { id: `${id}-flushed`, make: flushedAtEnd(make) },
  }));
}

function flushedAtEnd(make: DeflateMaker): DeflateMaker {
  return (emit) => {
    const encoder = make(emit);
    return {
      write: (input) => encoder.write(input),
      finish() {
        encoder.flush?.();
        encoder.finish();
      },
    };
  };
}

/** pgzip at levels at which a version of klauspost/compress was the first to give these bytes. */
function pgzip(version: keyof typeof versions, levels: number[], kibibytes = 1024): ExactEncoder[] {
  const size = kibibytes === 1024 ? "1m" : `${kibibytes}k`;
  return levels.map((level) => {
    const blocks = pgzipBlocks(version, level, kibibytes << 10);
    return { id: `pgzip-${size}-klauspost${version}-level${level}`, make: deflateInBlocks(blocks), blocks };
  });
}

/** zstd of klauspost/compress at a level, in versions that were the first to give their bytes. */
function klauspostZstds<L extends keyof typeof zstdVersions>(
  level: L,
  versions: (keyof (typeof zstdVersions)[L] & string)[],
): readonly ExactEncoder[] {
  return versions.map((version) => ({
    id: `zstd-klauspost${version}-${level}`,
    make: klauspostZstd(zstdVersions[level][version] as ZstdVersion),
  }));
}
