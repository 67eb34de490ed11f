import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Contender } from "./registries.ts";

/** A small image manifest and what it refers to. */
export const config = Buffer.from("{}");
export const configDigest = digest(config);
export const manifest = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: {
      mediaType: "application/vnd.oci.image.config.v1+json",
      digest: configDigest,
      size: config.length,
    },
    layers: [],
  }),
);
export const manifestType = "application/vnd.oci.image.manifest.v1+json";

const repositories = 10_000;
const tagsOfOne = 100_000;

function digest(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/**
 * Puts 10,000 repositories of one tag and one of 100,000 tags into a registry's data folder, in that registry's own form:
 * pushing them would take hours. The registry must not be running.
 */
export function makeCrowd(contender: Contender, folder: string): void {
  const put = contender.id === "ddiff" ? putInOurs : putInDistribution;
  put(join(folder, "data"));
}

function names(): string[] {
  return Array.from({ length: repositories }, (_, i) => `team-${i % 100}/image-${i}`);
}

function tags(): string[] {
  return Array.from({ length: tagsOfOne }, (_, i) => `build-${i}`);
}

function file(path: string, bytes: Buffer | string): void {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, bytes);
}

function putInOurs(data: string): void {
  const record = JSON.stringify({ digest: digest(manifest), mediaType: manifestType, size: manifest.length });
  const hex = digest(manifest).slice(7);
  for (const [bytes, name] of [
    [manifest, hex],
    [config, configDigest.slice(7)],
  ] as const)
    file(join(data, "blobs", "sha256", name.slice(0, 2), name), bytes);
  const fill = (repository: string, all: readonly string[]): void => {
    const segment = repository.replaceAll("/", "~");
    file(join(data, "objects", "catalog", segment), "");
    file(join(data, "objects", "links", segment, `sha256-${configDigest.slice(7)}`), "");
    file(
      join(data, "objects", "manifests", segment, `sha256-${hex}`),
      JSON.stringify({ mediaType: manifestType, size: manifest.length }),
    );
    for (const tag of all) file(join(data, "objects", "tags", segment, tag), record);
  };
  for (const name of names()) fill(name, ["latest"]);
  fill("crowded", tags());
}

function putInDistribution(data: string): void {
  const root = join(data, "docker", "registry", "v2");
  const link = digest(manifest);
  for (const [bytes, name] of [
    [manifest, link.slice(7)],
    [config, configDigest.slice(7)],
  ] as const)
    file(join(root, "blobs", "sha256", name.slice(0, 2), name, "data"), bytes);
  const fill = (repository: string, all: readonly string[]): void => {
    const own = join(root, "repositories", repository);
    file(join(own, "_layers", "sha256", configDigest.slice(7), "link"), configDigest);
    file(join(own, "_manifests", "revisions", "sha256", link.slice(7), "link"), link);
    for (const tag of all) file(join(own, "_manifests", "tags", tag, "current", "link"), link);
  };
  for (const name of names()) fill(name, ["latest"]);
  fill("crowded", tags());
}
