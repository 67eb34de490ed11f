import type { Package } from "../analysis.ts";
import type { Claims } from "./claims.ts";
import { readRpmHeader } from "./rpm-header.ts";
import { readNdb } from "./rpm-ndb.ts";
import { readBlobs } from "./sqlite-table.ts";

/** Where releases keep the database; the older place is often a link to the newer. */
const folders = ["usr/lib/sysimage/rpm", "var/lib/rpm"];
const blobColumn = 1;

/** Claims for the packages of rpm, from the databases that it writes since 4.16. One of Berkeley DB is not read: see `unreadRecords`. */
export function claimRpm(claims: Claims): void {
  for (const folder of folders) {
    const sqlite = claims.text(`${folder}/rpmdb.sqlite`);
    if (sqlite !== undefined) claimHeaders(claims, readBlobs(sqlite, "Packages", blobColumn));
    const ndb = claims.text(`${folder}/Packages.db`);
    if (ndb !== undefined) claimHeaders(claims, readNdb(ndb));
  }
}

function claimHeaders(claims: Claims, headers: Iterable<Buffer>): void {
  for (const header of headers) {
    const found = readRpmHeader(header);
    if (found === undefined) continue;
    const owner: Package = { manager: "rpm", name: found.name, version: found.version, home: "" };
    for (const path of found.files) claims.file(path, owner);
  }
}
