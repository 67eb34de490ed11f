import { fileURLToPath } from "node:url";
import type { Package } from "../analysis.ts";
import type { Claims } from "./claims.ts";
import { fieldsOf } from "./json-record.ts";
import { linesOf } from "./lines.ts";

/** Claims for the project that an editable installation leads to (PEP 610: `direct_url.json` with `dir_info.editable`). */
export function claimEditable(claims: Claims, directUrl: Buffer | undefined, owner: Package): void {
  const { url, dir_info: about } = fieldsOf(directUrl);
  if (typeof url !== "string" || typeof about !== "object" || about === null) return;
  if (!("editable" in about) || about.editable !== true) return;
  const path = pathOfUrl(url);
  if (path !== undefined) claims.looseFolder(claims.folders.folder(path), owner);
}

/** Claims for the folders outside of its site that a `.pth` file of a package adds to the search path (Python's `site` module). */
export function claimPathFile(claims: Claims, site: string, file: string, owner: Package): void {
  const text = claims.text(site === "" ? file : `${site}/${file}`);
  if (text === undefined) return;
  for (const line of linesOf(text)) {
    const folder = line.startsWith("/") ? claims.folders.folder(line.trim()) : undefined;
    if (folder !== undefined && folder.path !== site && !folder.path.startsWith(`${site}/`))
      claims.looseFolder(folder, owner);
  }
}

function pathOfUrl(url: string): string | undefined {
  try {
    return fileURLToPath(url, { windows: false });
  } catch {
    return undefined;
  }
}
