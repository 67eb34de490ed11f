import type { Package } from "../analysis.ts";
import type { Claims } from "./claims.ts";
import { fieldsOf, textOf } from "./json-record.ts";

const record = /^(?:(.*)\/)?conda-meta\/[^/]+\.json$/;
/** `numpy-1.26.4-py312h2809609_0`: name, version, build. */
const distribution = /^(.+)-([^-]+)-[^-]+$/;

/**
 * Claims for the packages of conda environments (`conda-meta/NAME.json`, whose `files` count from the environment's folder), and for
 * those that lie unpacked in a cache. What cache and environment share by hard links is the environment's.
 */
export function claimConda(claims: Claims): void {
  for (const { path, text } of claims.records) {
    const match = record.exec(path);
    if (match === null || claims.ownerOf(path) !== undefined) continue;
    const home = match[1] ?? "";
    const { name, version, files } = fieldsOf(text);
    if (typeof name !== "string" || !Array.isArray(files)) continue;
    const owner: Package = { manager: "conda", name, version: textOf(version), home };
    const prefix = claims.folders.folder(home);
    claims.file(path, owner);
    for (const file of files as unknown[]) if (typeof file === "string") claims.file(file, owner, prefix);
    claims.folder(prefix, "nobody");
  }
  claimCaches(claims);
}

/** Each package in a cache brings its `info/index.json`. */
function claimCaches(claims: Claims): void {
  for (const cache of claims.folders.all()) {
    if (!cache.path.endsWith("/pkgs")) continue;
    for (const [fileName, folder] of cache.folders) {
      const [, name, version] = distribution.exec(fileName) ?? [];
      if (
        name === undefined ||
        version === undefined ||
        !claims.view.visible.has(`${folder.path}/info/index.json`)
      )
        continue;
      claims.folder(folder, { manager: "conda", name, version, home: cache.path });
    }
  }
}
