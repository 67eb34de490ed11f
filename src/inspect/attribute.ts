import type { Package } from "./analysis.ts";
import type { ImageView } from "./image-view.ts";
import type { InventoryEntry } from "./inventory.ts";
import { claimApk } from "./owners/apk.ts";
import { sourceOfByteCode } from "./owners/byte-code.ts";
import { Claims } from "./owners/claims.ts";
import { claimConda } from "./owners/conda.ts";
import { claimDistInfos } from "./owners/dist-info.ts";
import { claimDpkg } from "./owners/dpkg.ts";
import { claimEggs } from "./owners/egg.ts";
import { claimMade } from "./owners/made-files.ts";
import { claimNpm } from "./owners/npm.ts";
import { claimR } from "./owners/r.ts";
import { claimRpm } from "./owners/rpm.ts";

/**
 * In this order: who delivers another manager's record (Debian's python3-numpy, conda's r-base) has the package, so what may
 * deliver comes before what may be delivered.
 */
const managers = [claimDpkg, claimApk, claimRpm, claimConda, claimDistInfos, claimEggs, claimR, claimNpm];

/**
 * Whose each visible file is, by path; a file in no package is not in it, nor are folders. Files of one package have one and the
 * same object. Only records that a container sees count: a package whose record a later layer hides is not installed.
 *
 * A file belongs to the package that names it; else to the one that names another hard link of it; else to the one whose folder it
 * lies in (npm, R, editable projects); else, as byte code, to its source's; else, as a file that maintainer scripts make, to theirs.
 */
export function attributePackages(view: ImageView): ReadonlyMap<string, Package> {
  const claims = new Claims(view);
  for (const claim of managers) claim(claims);
  claims.settle();
  const links = ownersOfLinks(claims);
  const folders = ownersOfFolders(claims);
  const owners = new Map<string, Package>();
  const byteCode: [path: string, source: string][] = [];
  for (const [path, placed] of view.visible) {
    if (placed.entry.type === "directory") continue;
    const owner = claims.files.get(placed) ?? links.get(placed.content) ?? folders.get(folderOf(path));
    const source = owner === undefined ? sourceOfByteCode(path) : undefined;
    if (owner !== undefined) owners.set(path, owner);
    else if (source !== undefined) byteCode.push([path, source]);
  }
  for (const [path, source] of byteCode) {
    const owner = owners.get(source);
    if (owner !== undefined) owners.set(path, owner);
  }
  claimMade(view, owners);
  return owners;
}

/** Owners of contents that have several hard links. */
function ownersOfLinks({ view, files }: Claims): ReadonlyMap<InventoryEntry, Package> {
  const shared = new Set<InventoryEntry>();
  for (const { entry, content } of view.visible.values()) if (entry !== content) shared.add(content);
  const owners = new Map<InventoryEntry, Package>();
  if (shared.size === 0) return owners;
  for (const [{ content }, owner] of files)
    if (shared.has(content) && !owners.has(content)) owners.set(content, owner);
  return owners;
}

/** Owners of folders by path, what is claimed above passed on to what is below. */
function ownersOfFolders({ folders }: Claims): ReadonlyMap<string, Package> {
  const owners = new Map<string, Package>();
  for (const { path, parent, owner } of folders.all()) {
    const own = owner ?? (parent === undefined ? undefined : owners.get(parent.path));
    if (own !== undefined && own !== "nobody") owners.set(path, own);
  }
  return owners;
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}
