import type { GoProgram } from "./go-flate.ts";

/** A version of containers/storage, and what a layer is recognised as that it packed. */
export interface ChunkedMaker {
  version: string;
  /** As zstd's own levels are numbered: 3 is klauspost/compress's default, 10 its best and that of zstd:chunked. */
  level: 3 | 10;
  id: string;
}

/** With the version of klauspost/compress that each asks for: 1.15.14, 1.16.6, 1.17.7, 1.17.8, 1.17.11, 1.18.0, 1.20.3. */
export const chunkedMakers: readonly ChunkedMaker[] = [
  { version: "1.45.3", level: 3, id: "zstd-klauspost1.15.9-default-chunked1.41" },
  { version: "1.48.1", level: 3, id: "zstd-klauspost1.16.4-default-chunked1.47" },
  { version: "1.53.0", level: 3, id: "zstd-klauspost1.17.0-default-chunked1.50" },
  { version: "1.54.0", level: 3, id: "zstd-klauspost1.17.8-default-chunked1.54" },
  { version: "1.57.2", level: 3, id: "zstd-klauspost1.17.8-default-chunked1.55" },
  { version: "1.59.1", level: 3, id: "zstd-klauspost1.17.8-default-chunked1.59" },
  { version: "1.65.0", level: 3, id: "zstd-klauspost1.20.3-default-empty-chunked1.59" },
  { version: "1.53.0", level: 10, id: "zstd-klauspost1.17.6-best-chunked1.50" },
  { version: "1.57.2", level: 10, id: "zstd-klauspost1.17.8-best-chunked1.55" },
  { version: "1.59.1", level: 10, id: "zstd-klauspost1.17.8-best-chunked1.59" },
  { version: "1.65.0", level: 10, id: "zstd-klauspost1.20.3-best-empty-chunked1.59" },
];

/** The program of a version of containers/storage, which is called go.podman.io/storage since 1.60. */
export function chunkedProgram(version: string): GoProgram {
  const isNew = Number(version.split(".")[1]) >= 60;
  return { source: "go-chunked", versions: `versions/${version}.mod`, ...(isNew ? { tag: "podman" } : {}) };
}
