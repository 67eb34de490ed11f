import { encoders } from "../../src/codec/exact/encoders.ts";
import type { GoProgram } from "./go-flate.ts";

/** Versions of klauspost/compress that stand in go-pgzip/versions. */
const known = [
  "1.11.3",
  "1.13.6",
  "1.14.4",
  "1.15.9",
  "1.15.10",
  "1.15.12",
  "1.17.11",
  "1.18.0",
  "1.18.1",
  "1.18.6",
  "1.20.3",
];
/** Withdrawn: what it writes at these levels cannot always be unpacked. */
const isBroken = (version: string, level: number): boolean => version === "1.18.1" && level >= 7;

/** The program of pgzip with a version of klauspost/compress. */
export function pgzipMaker(version: string, blockSize: number): GoProgram {
  return { source: "go-pgzip", versions: `versions/${version}.mod`, words: [`${blockSize}`] };
}

/** The program of zstd with a version of klauspost/compress. */
export function zstdMaker(version: string): GoProgram {
  return { source: "go-zstd", versions: `versions/${version}.mod` };
}

/** What that program calls its levels. */
export const zstdLevels = { fastest: 1, default: 2, better: 3, best: 4 } as const;

const likeDefault = {
  "1.15.9": ["1.15.9", "1.15.12", "1.16.3"],
  "1.16.4": ["1.16.4", "1.16.5"],
  "1.17.0": ["1.17.0", "1.17.7"],
  "1.17.8": ["1.17.8", "1.18.6", "1.20.2"],
  "1.20.3": ["1.20.3"],
};

/** By level and encoder, the versions that should give the same bytes. */
const zstdVersionsOf: Record<keyof typeof zstdLevels, Record<string, readonly string[]>> = {
  fastest: likeDefault,
  default: likeDefault,
  better: {
    "1.15.9": ["1.15.9"],
    "1.15.10": ["1.15.10", "1.16.3"],
    "1.16.4": ["1.16.4", "1.16.5"],
    "1.17.0": ["1.17.0", "1.17.2"],
    "1.17.3": ["1.17.3", "1.17.4"],
    "1.17.5": ["1.17.5", "1.17.7"],
    "1.17.8": ["1.17.8", "1.18.6", "1.20.2"],
    "1.20.3": ["1.20.3"],
  },
  best: {
    "1.17.6": ["1.17.7"],
    "1.17.8": ["1.17.8", "1.18.6", "1.20.2"],
    "1.20.3": ["1.20.3"],
  },
};

/** Each encoder of zstd with the program's level and the versions that should give the same bytes. */
export const zstdMakers = Object.entries(zstdLevels).flatMap(([name, level]) =>
  Object.entries(zstdVersionsOf[name as keyof typeof zstdLevels]).map(([since, versions]) => ({
    id: `zstd-klauspost${since}-${name}`,
    level,
    versions,
  })),
);

/** Each encoder of klauspost's family with the programs that should give the same bytes. */
export function klauspostMakers(): { id: string; level: number; makers: GoProgram[] }[] {
  const found = encoders.flatMap(({ id }) => {
    const [, blocks, since, level] = /^(go1\.27|pgzip-\w+)(?:-klauspost([\d.]+))?-level(\d)$/.exec(id) ?? [];
    return blocks === undefined ? [] : [{ id, blocks, since, level: Number(level) }];
  });
  return found.map(({ id, blocks, since, level }) => {
    if (since === undefined) {
      const toolchains = ["go1.27.3", "go1.27.4"];
      return { id, level, makers: toolchains.map((toolchain) => ({ source: "go-flate", toolchain })) };
    }
    const size = blocks === "pgzip-256k" ? 256 << 10 : 1 << 20;
    const later = found
      .filter((other) => other.blocks === "pgzip-1m" && other.level === level)
      .map((other) => other.since ?? "")
      .filter((other) => compare(other, since) > 0);
    const until = later.sort(compare)[0];
    const makers = known
      .filter((version) => compare(version, since) >= 0 && !isBroken(version, level))
      .filter((version) => until === undefined || compare(version, until) < 0)
      .map((version) => pgzipMaker(version, size));
    return { id, level, makers };
  });
}

function compare(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}
