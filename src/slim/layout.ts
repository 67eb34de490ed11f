import type { FileReport, Manager, Package } from "../inspect/analysis.ts";
import type { Placed } from "../inspect/image-view.ts";

/** A layer to be made: what stands in it, sorted by path. */
export interface NewLayer {
  /** For the history: `torch 2.9.1`. */
  title: string;
  paths: string[];
  /** `fixed`: its files were given their times by an installer, so all of them get the same, and the same files make the same layer. */
  times: "kept" | "fixed";
}

/** From this size on, what a package brings gets a layer of its own. Fixed, so that it does not depend on the rest of the image. */
const heavy = 20 << 20;
/** Registries and engines take 127 layers; the rest of the image needs some too. */
const mostHeavy = 60;
const mostRest = 40;

/** Installers that write the time of the installation; the others keep what the package says. */
const timeless: ReadonlySet<Manager> = new Set(["pip", "uv", "npm", "r"]);

/** A layer while it is filled. The rank orders layers: what changes least lies at the bottom. */
interface Group {
  rank: number;
  title: string;
  times: NewLayer["times"];
  paths: string[];
  bytes: number;
}

/**
 * Lays an image's files out again: every heavy package in a layer that depends on nothing but its files, small packages together,
 * and what belongs to no package as it was layered before. Each visible path but those dropped is in one layer; folders that several
 * layers share are in the last. Nothing is hidden by another layer, so no whiteouts are needed.
 */
export function layOut(
  visible: ReadonlyMap<string, Placed>,
  files: readonly FileReport[],
  dropped: ReadonlySet<string>,
): NewLayer[] {
  const kept = files.filter(({ path }) => !dropped.has(path));
  const chosen = heavyPackages(kept);
  const groups = new Map<string, Group>();
  const homes = new Map<string, Group>();
  const contents = new Map<object, Group>();
  for (const file of kept) {
    // All names of one content stay together, where the first of them is.
    const { content } = file.placed;
    const group = contents.get(content) ?? groupOf(file, chosen, groups);
    contents.set(content, group);
    group.paths.push(file.path);
    group.bytes += file.bytes;
    homes.set(file.path, group);
  }
  const layers = [...groups.values()].sort((one, other) => one.rank - other.rank || byTitle(one, other));
  const merged = mergeRest(layers, homes);
  placeFolders(visible, files, homes, merged);
  return merged.map(({ title, paths, times }) => ({ title, times, paths: paths.sort(byBytes) }));
}

function byTitle(one: Group, other: Group): number {
  return one.title < other.title ? -1 : 1;
}

/** UTF-16 order: the same everywhere. */
function byBytes(one: string, other: string): number {
  return one < other ? -1 : 1;
}

const rank = { system: 0, heavySystem: 1, heavy: 2, packages: 3, rest: 4 };

function groupOf(file: FileReport, chosen: ReadonlySet<Package>, groups: Map<string, Group>): Group {
  const owner = file.package;
  const make = (key: string, title: string, at: number, times: NewLayer["times"] = "kept"): Group => {
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { rank: at, title, times, paths: [], bytes: 0 }));
    return group;
  };
  if (owner === undefined || owner.manager === "none") {
    const { layer } = file.placed;
    return make(`rest ${layer}`, `files of layer ${layer + 1}`, rank.rest + layer);
  }
  const { manager, home } = owner;
  const isSystem = home === "" && !timeless.has(manager);
  if (chosen.has(owner) && isPayload(file.path)) {
    const title = `${owner.name} ${owner.version}`.trim();
    const at = isSystem ? rank.heavySystem : rank.heavy;
    return make(`heavy ${manager} ${home} ${title}`, title, at, timeless.has(manager) ? "fixed" : "kept");
  }
  if (isSystem) return make(`system ${manager}`, `packages of ${manager}`, rank.system);
  return make(`packages ${manager} ${home}`, `packages of ${manager} in /${home}`, rank.packages);
}

/** Byte code and the installer's records differ from one installation to the next; all else of a package does not. */
function isPayload(path: string): boolean {
  return !/(?:^|\/)(?:__pycache__|[^/]+\.(?:dist|egg)-info|conda-meta)\/|^var\/lib\/dpkg\//.test(path);
}

function heavyPackages(files: readonly FileReport[]): Set<Package> {
  const bytes = new Map<Package, number>();
  for (const file of files) {
    if (file.package !== undefined && file.package.manager !== "none" && isPayload(file.path))
      bytes.set(file.package, (bytes.get(file.package) ?? 0) + file.bytes);
  }
  return new Set(
    [...bytes]
      .filter(([, size]) => size >= heavy)
      .sort(([, one], [, other]) => other - one)
      .slice(0, mostHeavy)
      .map(([owner]) => owner),
  );
}

/** Of layers that hold what is in no package only the newest stay apart. */
function mergeRest(layers: Group[], homes: Map<string, Group>): Group[] {
  const rest = layers.filter((group) => group.rank >= rank.rest);
  const old = rest.slice(0, Math.max(0, rest.length - mostRest));
  const [first, ...others] = old;
  if (first === undefined || others.length === 0) return layers;
  for (const group of others) {
    for (const path of group.paths) homes.set(path, first);
    first.paths = [...first.paths, ...group.paths];
    first.bytes += group.bytes;
  }
  first.title = "files of the older layers";
  const gone = new Set(others);
  return layers.filter((group) => !gone.has(group));
}

/**
 * A folder stands in the layer that holds all that is below it, else in the last one: engines make folders that a layer does not
 * name, and the last layer says how they are. Of folders that were emptied only the topmost stays, and none for byte code.
 */
function placeFolders(
  visible: ReadonlyMap<string, Placed>,
  files: readonly FileReport[],
  homes: ReadonlyMap<string, Group>,
  layers: Group[],
): void {
  const below = new Map<string, Group | "several">();
  for (const [path, group] of homes) {
    for (let folder = parentOf(path); folder !== ""; folder = parentOf(folder)) {
      const known = below.get(folder);
      if (known === "several" || known === group) break;
      below.set(folder, known === undefined ? group : "several");
    }
  }
  const filled = new Set<string>();
  for (const { path } of files)
    for (let folder = parentOf(path); folder !== "" && !filled.has(folder); folder = parentOf(folder))
      filled.add(folder);
  const isEmptied = (folder: string): boolean => filled.has(folder) && !below.has(folder);
  let last = layers.at(-1);
  for (const [path, { entry }] of visible) {
    if (entry.type !== "directory") continue;
    if (isEmptied(path) && (isEmptied(parentOf(path)) || path.endsWith("__pycache__"))) continue;
    const home = below.get(path);
    if (home !== undefined && home !== "several") {
      home.paths.push(path);
      continue;
    }
    if (last === undefined)
      layers.push((last = { rank: rank.rest, title: "folders", times: "kept", paths: [], bytes: 0 }));
    last.paths.push(path);
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}
