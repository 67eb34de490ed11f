import { findOs, type OsRelease } from "./os-releases.ts";
import { compareVersions, minorOf } from "./versions.ts";

/** What Docker's official images mean by tags without a release in them. Source: `docker-library`, 2026-08-22. */
const floating: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  debian: { latest: "debian:13", stable: "debian:13", oldstable: "debian:12", oldoldstable: "debian:11" },
  ubuntu: { latest: "ubuntu:26.04", rolling: "ubuntu:26.04" },
  alpine: { latest: "alpine:3.24", "3": "alpine:3.24" },
};

/**
 * On which Debian `python:X.Y.Z` was last built: from the first point release on that moved. Points in between that were built
 * on both, and so cannot be told, are left out of both (`3.13.6`). A minor alone means its last point.
 */
const pythonMoves: readonly {
  readonly minor: string;
  readonly trixieFrom?: number;
  readonly bookworm?: readonly [number, number];
  readonly bullseye?: readonly [number, number];
  readonly newest: string;
}[] = [
  { minor: "3.15", trixieFrom: 0, newest: "debian:13" },
  { minor: "3.14", trixieFrom: 0, newest: "debian:13" },
  { minor: "3.13", trixieFrom: 7, bookworm: [0, 5], newest: "debian:13" },
  { minor: "3.12", trixieFrom: 11, bookworm: [0, 10], newest: "debian:13" },
  { minor: "3.11", trixieFrom: 13, bookworm: [4, 12], bullseye: [0, 3], newest: "debian:13" },
  { minor: "3.10", trixieFrom: 18, bookworm: [12, 17], bullseye: [0, 11], newest: "debian:13" },
  { minor: "3.9", trixieFrom: 23, bookworm: [17, 22], bullseye: [7, 16], newest: "debian:13" },
  { minor: "3.8", bookworm: [17, 20], bullseye: [12, 16], newest: "debian:12" },
  { minor: "3.7", bookworm: [17, 17], bullseye: [12, 16], newest: "debian:12" },
  { minor: "3.6", bullseye: [15, 15], newest: "debian:11" },
];

/** Default Debian of `node:MAJOR`. Majors that moved in between are left out. Source: `docker-library`. */
const nodeDebian: Readonly<Record<string, string>> = {
  "26": "debian:13",
  "24": "debian:12",
  "22": "debian:12",
  "20": "debian:12",
  "18": "debian:12",
};

/** The OS of an official image by its tag (`python:3.11-slim`, `debian:latest`); undefined where the tag does not tell. */
export function osOfOfficialImage(name: string, tag: string): OsRelease | undefined {
  const fixed = osInTag(tag);
  if (fixed !== undefined) return fixed;
  if (/alpine/.test(tag)) return undefined;
  const known = floating[name]?.[tag.replace(/-slim$/, "")];
  if (known !== undefined) return findOs(known);
  const version = /^\d+(?:\.\d+)*/.exec(tag)?.[0];
  if (name === "python") return version === undefined ? pythonWithoutVersion(tag) : osOfPython(version);
  if (version === undefined) return undefined;
  if (name === "node") return osById(nodeDebian[version.split(".")[0] ?? ""]);
  // A point release is the same system as its release: debian:12.5 is debian:12, alpine:3.19.1 is alpine:3.19.
  if (name === "debian") return findOs(`debian:${version.split(".")[0]}`);
  if (name === "rockylinux" || name === "centos" || name === "oraclelinux" || name === "fedora") {
    return findOs(`${name}:${version.split(".")[0]}`);
  }
  if (name === "amazonlinux") return findOs(`amazonlinux:${version.split(".")[0]}`);
  return findOs(`${name}:${minorOf(version)}`);
}

/** A release that is written in a tag: a codename (`3.11-slim-bookworm`), `ubuntu22.04`, `alpine3.20`, `ubi9`. */
export function osInTag(tag: string): OsRelease | undefined {
  for (const part of tag.split(/[-_]/)) {
    const found = findOs(part.replace(/^(ubuntu)(\d\d)(\d\d)$/, "$1$2.$3"));
    if (found !== undefined) return found;
  }
  return undefined;
}

function osOfPython(version: string): OsRelease | undefined {
  const [major = "", minor, point] = version.split(".");
  if (major === "3" && minor === undefined) return findOs("debian:13");
  const move = pythonMoves.find((one) => one.minor === `${major}.${minor}`);
  if (move === undefined) return undefined;
  if (point === undefined) return findOs(move.newest);
  const number = Number(point);
  if (move.trixieFrom !== undefined && compareVersions(point, String(move.trixieFrom)) >= 0) {
    return findOs("debian:13");
  }
  if (isWithin(number, move.bookworm)) return findOs("debian:12");
  return isWithin(number, move.bullseye) ? findOs("debian:11") : undefined;
}

function pythonWithoutVersion(tag: string): OsRelease | undefined {
  return tag === "latest" || tag === "slim" ? findOs("debian:13") : undefined;
}

function isWithin(number: number, range: readonly [number, number] | undefined): boolean {
  return range !== undefined && number >= range[0] && number <= range[1];
}

function osById(id: string | undefined): OsRelease | undefined {
  return id === undefined ? undefined : findOs(id);
}
