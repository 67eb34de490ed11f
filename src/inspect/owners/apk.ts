import type { Package } from "../analysis.ts";
import type { Claims } from "./claims.ts";
import { linesOf } from "./lines.ts";

/** Newer releases of Alpine have it below usr. */
const databases = ["lib/apk/db/installed", "usr/lib/apk/db/installed"];

/** Claims for the packages of apk. */
export function claimApk(claims: Claims): void {
  for (const database of databases) {
    const text = claims.text(database);
    if (text === undefined) continue;
    for (const { owner, path } of filesOf(text)) claims.file(path, owner);
  }
}

/** The files in apk's database (apk-installed(5)): `P:` and `V:` begin a package, `F:` names a folder, `R:` a file in it. */
export function* filesOf(text: Buffer): Generator<{ owner: Package; path: string }, void, void> {
  let owner: Package = { manager: "apk", name: "", version: "", home: "" };
  let folder = "";
  for (const line of linesOf(text)) {
    const value = line.slice(2);
    if (line === "") {
      owner = { manager: "apk", name: "", version: "", home: "" };
      folder = "";
    } else if (line.startsWith("P:")) owner.name = value;
    else if (line.startsWith("V:")) owner.version = value;
    else if (line.startsWith("F:")) folder = value;
    else if (line.startsWith("R:") && owner.name !== "")
      yield { owner, path: folder === "" ? value : `${folder}/${value}` };
  }
}
