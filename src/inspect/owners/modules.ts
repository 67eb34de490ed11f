import type { Package } from "../analysis.ts";
import type { Claims } from "./claims.ts";
import { linesOf } from "./lines.ts";

const moduleName = /^[\w.-]{1,255}$/;

/**
 * Claims for a Python package that keeps no list of its files: the modules that `top_level.txt` names, or the one that is called
 * as the package is. A folder that somebody else has stays theirs.
 */
export function claimModules(
  claims: Claims,
  site: string,
  owner: Package,
  topLevel: Buffer | undefined,
): void {
  const from = claims.folders.folder(site);
  if (from === undefined) return;
  for (const name of topLevel === undefined ? guessesFor(owner.name) : linesOf(topLevel)) {
    if (!moduleName.test(name) || /^\.+$/.test(name)) continue;
    claims.folder(from.folders.get(name), owner);
    claims.file(`${name}.py`, owner, from);
    for (const file of claims.extensionModules(from, name)) claims.file(file, owner, from);
  }
}

function guessesFor(name: string): Set<string> {
  const plain = name.replaceAll(/[-.]+/g, "_");
  return new Set([name, plain, plain.toLowerCase()]);
}
