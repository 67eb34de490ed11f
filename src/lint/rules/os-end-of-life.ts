import { readImageName } from "../../catalog/image-name.ts";
import { osInTag, osOfOfficialImage } from "../../catalog/image-os.ts";
import { findOs, newestOs, type OsRelease, osHasEnded } from "../../catalog/os-releases.ts";
import { defineRule } from "../rule.ts";

export const osEndOfLife = defineRule({
  kind: "dockerfile",
  name: "os-end-of-life",
  group: "base",
  severity: "warning",
  aliases: [],
  meaning:
    "The base stands on a release of Debian, Ubuntu, Alpine or another system without security updates.",
  why: "No fixes come for its OpenSSL, glibc or kernel headers any more, and its package servers move: `apt-get update` on Debian 9 or Ubuntu 19.10 answers 404 until the sources are rewritten to an archive. Dates are those of free security updates (Debian's LTS counts, Ubuntu Pro does not). Ignore it where you have paid support for the release.",
  examples: [
    {
      bad: "FROM ubuntu:18.04\nRUN true\n",
      good: "FROM ubuntu:24.04\nRUN true\n",
    },
    {
      bad: "FROM python:3.9-slim-buster\nRUN true\n",
      good: "FROM python:3.12-slim-bookworm\nRUN true\n",
    },
  ],
  check(file, report, { today }) {
    const told = new Set<string>();
    for (const { base, image } of file.stages) {
      if (base.kind !== "image" || image === undefined || told.has(base.image)) continue;
      const release = releaseOf(base.image);
      if (release === undefined || !osHasEnded(release, today)) continue;
      told.add(base.image);
      const newest = newestOs(release.family);
      const now = newest === undefined ? "" : `; ${nameOf(newest)} is the newest`;
      report({
        at: image,
        message: `${base.image} stands on ${nameOf(release)}, which has had no security updates since ${release.securityEnds}${now}`,
      });
    }
  },
});

const systems =
  /^(?:debian|ubuntu|alpine|centos|rockylinux|oraclelinux|amazonlinux|fedora|python|node|golang)$/;

function releaseOf(image: string): OsRelease | undefined {
  const read = readImageName(image);
  if (read?.tag === undefined) return undefined;
  if (systems.test(read.name)) return osOfOfficialImage(read.name, read.tag);
  return (
    osInTag(read.tag) ??
    findOs(/(?:ubuntu|debian|centos)-?\d+(?:\.\d+)?$/.exec(read.name)?.[0].replace("-", "") ?? "")
  );
}

function nameOf({ family, version, codename }: OsRelease): string {
  const name = `${family.charAt(0).toUpperCase()}${family.slice(1)} ${version}`;
  return codename === undefined ? name : `${name} (${codename})`;
}
