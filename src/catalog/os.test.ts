import { expect, test } from "vitest";
import { gonePackage, gonePackages } from "./os-packages.ts";
import { findOs, languageEnded, newestOs, osHasEnded } from "./os-releases.ts";

const day = (text: string) => Date.parse(`${text}T12:00:00Z`);

function os(id: string) {
  const found = findOs(id);
  if (found === undefined) throw new Error(id);
  return found;
}

test("releases are found by number and by codename", () => {
  for (const name of ["debian:12", "debian12", "bookworm", "Bookworm"]) expect(os(name).id).toBe("debian:12");
  expect(os("ubuntu22.04").id).toBe("ubuntu:22.04");
  expect(findOs("bookwurm")).toBeUndefined();
  expect([newestOs("debian")?.id, newestOs("ubuntu")?.id]).toEqual(["debian:13", "ubuntu:26.04"]);
});

test("a release ends after its last day of free security updates", () => {
  expect(osHasEnded(os("bullseye"), day("2026-08-31"))).toBe(false);
  expect(osHasEnded(os("bullseye"), day("2026-09-01"))).toBe(true);
  expect(osHasEnded(os("focal"), day("2026-01-01"))).toBe(true);
  expect(osHasEnded(os("noble"), day("2026-11-21"))).toBe(false);
  expect(languageEnded("python", "3.8", day("2026-11-21"))).toBe("2024-10-07");
  expect(languageEnded("python", "3.12", day("2026-11-21"))).toBeUndefined();
});

test.each([
  ["libgl1-mesa-glx", "debian:13", "libgl1"],
  ["libgl1-mesa-glx", "ubuntu:24.04", "libgl1"],
  ["libgl1-mesa-glx=22.3.6-1", "debian:13", "libgl1"],
  ["libasound2", "ubuntu:24.04", "libasound2t64"],
  ["libtiff5", "debian:12", "libtiff6"],
  ["python3-distutils", "debian:13", "python3-setuptools"],
  ["netcat", "debian:12", "netcat-openbsd"],
  ["python", "ubuntu:22.04", "python3"],
  ["python3.10", "debian:12", "python3"],
  ["python3.9-dev", "ubuntu:24.04", "python3-dev"],
  ["software-properties-common", "debian:13", undefined],
])("%s is gone from %s", (name, release, instead) => {
  expect(gonePackage(name, os(release))).toMatchObject({ instead });
});

test.each([
  ["libgl1-mesa-glx", "debian:12"],
  ["libgl1-mesa-glx", "ubuntu:22.04"],
  // Renamed for 64-bit time, but Debian 13 and Ubuntu 24.04 still provide the old name.
  ["libglib2.0-0", "debian:13"],
  ["libglib2.0-0", "ubuntu:24.04"],
  ["libssl3", "debian:13"],
  ["libasound2", "debian:13"],
  ["libjpeg62", "debian:13"],
  ["netcat", "debian:11"],
  ["python", "debian:11"],
  ["python3.11", "debian:12"],
  ["python3.12", "ubuntu:24.04"],
  ["software-properties-common", "ubuntu:24.04"],
  ["libsm6", "debian:13"],
])("%s installs on %s", (name, release) => {
  expect(gonePackage(name, os(release))).toBeUndefined();
});

test("what is named instead is not gone there itself", () => {
  for (const one of gonePackages) {
    for (const [release, instead] of Object.entries(one.gone)) {
      expect(gonePackage(instead, os(release)), `${one.name} on ${release}`).toBeUndefined();
    }
  }
});
