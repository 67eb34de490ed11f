import type { Claims } from "./claims.ts";
import { fieldsOf, textOf } from "./json-record.ts";

const record = /^((?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/@]+))\/package\.json$/;
const outermost = /^(?:(.*?)\/)?node_modules\//;

/**
 * Claims for npm's packages, and pnpm's and yarn's: each folder in a `node_modules` with its own package.json. Those that another
 * manager delivers are theirs; those that a package brings in its own `node_modules` are packages of their own.
 */
export function claimNpm(claims: Claims): void {
  for (const { path, text } of claims.records) {
    const [, folder, named = ""] = record.exec(path) ?? [];
    if (folder === undefined) continue;
    const outer = claims.ownerOf(path);
    if (outer !== undefined && outer.manager !== "npm") continue;
    const { name, version } = fieldsOf(text);
    claims.folder(claims.folders.folder(folder), {
      manager: "npm",
      name: textOf(name) || named,
      version: textOf(version),
      home: outermost.exec(folder)?.[1] ?? "",
    });
  }
}
