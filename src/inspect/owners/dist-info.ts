import type { Manager, Package } from "../analysis.ts";
import type { Claims } from "./claims.ts";
import { claimEditable, claimPathFile } from "./editable.ts";
import { firstLine, stanzasOf } from "./lines.ts";
import { claimModules } from "./modules.ts";
import { homeOfSite, namedBy } from "./python-site.ts";
import { readRecord } from "./record.ts";

const metadataFields = new Set(["Name", "Version"]);
/** The files of a `.dist-info` folder that the inventory keeps; one of them makes it a package. */
const distInfoFile = /^((?:.*\/)?[^/]+\.dist-info)\/(?:RECORD|METADATA|INSTALLER)$/;
const environment = /^(.+)\/pyvenv\.cfg$/;
const namedPathFile = /^[^/]+\.pth$/;

/**
 * Claims for the Python packages that have a `.dist-info` folder (PyPA specification "Recording installed projects"). One that
 * another manager delivers, or that lies within another package (`setuptools/_vendor`), is part of that.
 */
export function claimDistInfos(claims: Claims): void {
  fenceEnvironments(claims);
  const sites = new Map<Package, string>();
  for (const path of foldersOf(claims, distInfoFile)) {
    const slash = path.lastIndexOf("/");
    const site = slash < 0 ? "" : path.slice(0, slash);
    const outer = claims.ownerOf(`${path}/METADATA`) ?? claims.ownerOf(`${path}/RECORD`);
    // A neighbour that names this one's record is only careless.
    if (outer !== undefined && sites.get(outer) !== site) continue;
    const owner = describe(claims, path, site);
    sites.set(owner, site);
    claimOne(claims, path, site, owner);
  }
}

/** What no package names in an environment is not the project's that the environment lies in. */
function fenceEnvironments(claims: Claims): void {
  for (const path of foldersOf(claims, environment)) claims.folder(claims.folders.folder(path), "nobody");
}

/** The folders of records whose path matches, outer ones first; the first group of the pattern is the folder. */
export function foldersOf(claims: Claims, pattern: RegExp): Set<string> {
  return new Set(claims.records.flatMap(({ path }) => pattern.exec(path)?.[1] ?? []));
}

function describe(claims: Claims, path: string, site: string): Package {
  const metadata = claims.text(`${path}/METADATA`);
  const [fields] = metadata === undefined ? [] : stanzasOf(metadata, metadataFields);
  const named = namedBy(path.slice(path.lastIndexOf("/") + 1));
  return {
    manager: managerOf(firstLine(claims.text(`${path}/INSTALLER`))),
    name: fields?.get("Name") ?? named.name,
    version: fields?.get("Version") ?? named.version,
    home: homeOfSite(site),
  };
}

/** Poetry, pdm and the others write what pip would; conda's own records may have been removed since. */
function managerOf(installer: string): Manager {
  return installer === "uv" || installer === "conda" ? installer : "pip";
}

function claimOne(claims: Claims, path: string, site: string, owner: Package): void {
  const from = claims.folders.folder(site);
  claims.folder(claims.folders.folder(path), owner);
  const record = claims.text(`${path}/RECORD`);
  if (record === undefined) claimModules(claims, site, owner, claims.text(`${path}/top_level.txt`));
  else {
    for (const { path: file, sha256 } of readRecord(record)) {
      claims.file(file, owner, from, sha256);
      if (namedPathFile.test(file)) claimPathFile(claims, site, file, owner);
    }
  }
  claimEditable(claims, claims.text(`${path}/direct_url.json`), owner);
}
