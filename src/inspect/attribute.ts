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
import type { ImageFile } from "./owners/folders.ts";
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
  const links = ownersOfLinks(claims.folders.files);
  const owners = new Map<string, Package>();
  const rest: string[] = [];
  for (const { path, placed, folder, owner } of claims.folders.files) {
    const found = owner ?? links.get(placed.content) ?? folder.owner;
    if (found === undefined || found === "nobody") rest.push(path);
    else owners.set(path, found);
  }
  claimMade(
    rest.filter((path) => !claimByteCode(path, owners)),
    owners,
  );
  return owners;
}

/** Owners of contents that have several hard links. */
function ownersOfLinks(files: readonly ImageFile[]): ReadonlyMap<InventoryEntry, Package> {
  const shared = new Set<InventoryEntry>();
  for (const { placed } of files) if (placed.entry !== placed.content) shared.add(placed.content);
  const owners = new Map<InventoryEntry, Package>();
  if (shared.size === 0) return owners;
  for (const { placed, owner } of files)
    if (owner !== undefined && shared.has(placed.content) && !owners.has(placed.content))
      owners.set(placed.content, owner);
  return owners;
}

/** Gives byte code to the package of its source; false where it is none, or its source is in no package. */
function claimByteCode(path: string, owners: Map<string, Package>): boolean {
  const source = sourceOfByteCode(path);
  const owner = source === undefined ? undefined : owners.get(source);
  if (owner === undefined) return false;
  owners.set(path, owner);
  return true;
}
