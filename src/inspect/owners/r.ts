import type { Claims } from "./claims.ts";
import { stanzasOf } from "./lines.ts";

const record = /^(?:(.*)\/)?([^/]+)\/DESCRIPTION$/;
const fields = new Set(["Package", "Version", "Built"]);

/**
 * Claims for installed R packages: each is a folder in a library, and its DESCRIPTION says when it was built. Those that another
 * manager delivers (r-cran-*, conda's r-*) are theirs.
 */
export function claimR(claims: Claims): void {
  for (const { path, text } of claims.records) {
    const [, home = "", folder] = record.exec(path) ?? [];
    if (folder === undefined || claims.ownerOf(path) !== undefined) continue;
    const [description] = stanzasOf(text, fields);
    const name = description?.get("Package");
    if (name === undefined || description?.has("Built") !== true) continue;
    const version = description.get("Version") ?? "";
    claims.folder(claims.folders.folder(path.slice(0, path.lastIndexOf("/"))), {
      manager: "r",
      name,
      version,
      home,
    });
  }
}
