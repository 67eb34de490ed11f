import type { Package } from "../analysis.ts";
import type { Claims } from "./claims.ts";
import { foldersOf } from "./dist-info.ts";
import { firstLine, linesOf, stanzasOf } from "./lines.ts";
import { claimModules } from "./modules.ts";
import { homeOfSite, namedBy } from "./python-site.ts";

const packageFields = new Set(["Name", "Version"]);
/** In a folder of installed packages only: beside a project's source it is what its build left. */
const eggInfo = /^(.*(?:site|dist)-packages\/[^/]+\.egg-info)(?:\/PKG-INFO)?$/;
const egg = /^(.*(?:site|dist)-packages\/[^/]+\.egg)\/EGG-INFO\/PKG-INFO$/;
const eggLink = /^(.*(?:site|dist)-packages)\/([^/]+)\.egg-link$/;

/** Claims for Python packages that older tools have installed: `.egg-info` as a folder or a file, `.egg`, and `.egg-link` to a project. */
export function claimEggs(claims: Claims): void {
  for (const path of foldersOf(claims, eggInfo)) {
    const information =
      claims.view.visible.has(path) && claims.text(path) !== undefined ? path : `${path}/PKG-INFO`;
    if (claims.ownerOf(information) !== undefined) continue;
    claimEggInfo(claims, path, packageIn(claims, information, path));
  }
  for (const path of foldersOf(claims, egg)) {
    const information = `${path}/EGG-INFO/PKG-INFO`;
    if (claims.ownerOf(information) === undefined)
      claims.folder(claims.folders.folder(path), packageIn(claims, information, path));
  }
  for (const { path, text } of claims.records) {
    const [, site, name] = eggLink.exec(path) ?? [];
    if (site !== undefined && name !== undefined) claimLinked(claims, path, text, { site, name });
  }
}

function packageIn(claims: Claims, information: string, path: string): Package {
  const text = claims.text(information);
  const [fields] = text === undefined ? [] : stanzasOf(text, packageFields);
  const slash = path.lastIndexOf("/");
  const named = namedBy(path.slice(slash + 1));
  return {
    manager: "pip",
    name: fields?.get("Name") ?? named.name,
    version: fields?.get("Version") ?? named.version,
    home: homeOfSite(path.slice(0, slash)),
  };
}

/** pip wrote `installed-files.txt`; without it the source list names the modules, and what is in them is the package's. */
function claimEggInfo(claims: Claims, path: string, owner: Package): void {
  const site = path.slice(0, path.lastIndexOf("/"));
  const folder = claims.folders.folder(path);
  claims.folder(folder, owner);
  claims.file(path, owner);
  const installed = claims.text(`${path}/installed-files.txt`);
  if (installed !== undefined) {
    for (const line of linesOf(installed)) claims.file(line, owner, folder);
    return;
  }
  const sources = claims.text(`${path}/SOURCES.txt`);
  const from = claims.folders.folder(site);
  // Modules lie at the top of the project or in its src; nothing else of it is installed at the top of a site.
  for (const line of sources === undefined ? [] : linesOf(sources))
    if (line.endsWith(".py") && line.includes("/")) claims.file(line.replace(/^src\//, ""), owner, from);
  claimModules(claims, site, owner, claims.text(`${path}/top_level.txt`));
}

/** The first line of an `.egg-link` is the folder of the project, which has an `.egg-info` beside its modules. */
function claimLinked(
  claims: Claims,
  path: string,
  text: Buffer,
  { site, name }: { site: string; name: string },
): void {
  const folder = claims.folders.folder(firstLine(text));
  if (folder === undefined || claims.ownerOf(path) !== undefined) return;
  const information = `${folder.path}/${name.replaceAll("-", "_")}.egg-info`;
  const owner = { ...packageIn(claims, `${information}/PKG-INFO`, information), home: homeOfSite(site) };
  claims.file(path, owner);
  claims.looseFolder(folder, owner);
}
