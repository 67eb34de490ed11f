import type { Package } from "../analysis.ts";
import type { Claims } from "./claims.ts";
import { linesOf, stanzasOf } from "./lines.ts";

const database = "var/lib/dpkg";
const statusFields = new Set(["Package", "Version", "Architecture", "Status"]);
/** Files that dpkg keeps of a package in its info folder (deb(5), dpkg(1) "FILES"). */
const infoKinds = [
  "list",
  "md5sums",
  "conffiles",
  "preinst",
  "postinst",
  "prerm",
  "postrm",
  "shlibs",
  "symbols",
  "triggers",
  "templates",
  "config",
  "isinstallable",
];

/** A package of dpkg's status, and how its files in the info folder are called. */
interface Installed {
  owner: Package;
  /** `libc6:amd64` where several architectures may be installed side by side. */
  fileNames: readonly string[];
}

/** Where a package's file lies instead, because another one has diverted it (dpkg-divert(1)). */
export interface Diversion {
  from: string;
  to: string;
  /** Its own file stays at `from`; "" for the administrator's diversions, which count for all packages. */
  by: string;
}

/** Claims for the packages of dpkg, and for those of distroless images, which have a file each in `status.d`. */
export function claimDpkg(claims: Claims): void {
  const status = claims.text(`${database}/status`);
  const diversions = diversionsOf(claims.text(`${database}/diversions`));
  for (const { owner, fileNames } of status === undefined ? [] : installedOf(status)) {
    for (const name of fileNames) {
      const list = claims.text(`${database}/info/${name}.list`);
      if (list === undefined) continue;
      for (const path of linesOf(list)) claims.file(divertedPath(path, owner.name, diversions), owner);
      for (const kind of infoKinds) claims.file(`${database}/info/${name}.${kind}`, owner);
    }
  }
  for (const { path, text } of claims.records) claimDistroless(claims, path, text);
}

function claimDistroless(claims: Claims, path: string, text: Buffer): void {
  if (!path.startsWith(`${database}/status.d/`) || path.endsWith(".md5sums")) return;
  const [fields] = stanzasOf(text, statusFields);
  const name = fields?.get("Package");
  if (name === undefined) return;
  const owner: Package = { manager: "dpkg", name, version: fields?.get("Version") ?? "", home: "" };
  claims.file(path, owner);
  const sums = claims.text(`${path}.md5sums`);
  if (sums === undefined) return;
  claims.file(`${path}.md5sums`, owner);
  for (const line of linesOf(sums)) claims.file(line.replace(/^[0-9a-f]{32} [ *]/, ""), owner);
}

/** The packages of a status file that have files: also those that are removed but for their configuration. */
export function installedOf(status: Buffer): Installed[] {
  const names = new Set<string>();
  const found: Installed[] = [];
  for (const fields of stanzasOf(status, statusFields)) {
    const name = fields.get("Package");
    if (name === undefined || fields.get("Status")?.endsWith(" not-installed") === true) continue;
    const full = `${name}:${fields.get("Architecture") ?? ""}`;
    const owner: Package = {
      manager: "dpkg",
      name: names.has(name) ? full : name,
      version: fields.get("Version") ?? "",
      home: "",
    };
    found.push({ owner, fileNames: names.has(name) ? [full] : [name, full] });
    names.add(name);
  }
  return found;
}

/** dpkg's diversions: three lines each, by the path that is diverted. */
export function diversionsOf(text: Buffer | undefined): ReadonlyMap<string, Diversion> {
  const lines = text === undefined ? [] : [...linesOf(text)];
  const found = new Map<string, Diversion>();
  for (let i = 0; i + 2 < lines.length; i += 3) {
    const [from = "", to = "", by = ""] = lines.slice(i, i + 3);
    found.set(from, { from, to, by: by === ":" ? "" : by });
  }
  return found;
}

function divertedPath(path: string, owner: string, diversions: ReadonlyMap<string, Diversion>): string {
  const diversion = diversions.get(path);
  return diversion === undefined || diversion.by === owner ? path : diversion.to;
}
