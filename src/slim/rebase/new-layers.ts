import type { Choice, Chosen } from "./choose-files.ts";
import type { ExactEntry } from "./exact-layer.ts";
import type { ImageFiles } from "./image-files.ts";
import { type Member, sizeOf } from "./members.ts";

/** A layer to be laid over the base. */
export interface RebasedLayer {
  /** The numbers of the image's layers whose files it has, rising. */
  origins: number[];
  /** In the order of the tar: each folder before what is in it, each file before its other names. */
  members: Member[];
  /** Bytes of the tar. */
  size: number;
}

/** Layers that are smaller than this become one with the next. */
const tiny = 1 << 20;
/** Of many layers, only so many of the newest stay apart. */
const mostApart = 20;
const endMarker = 1024;

/**
 * Divides what was chosen into layers as the image had it, so that images with the same layers go on to share them: at most `most`. What the base has and
 * the image has not is whited out by the first. Each layer names the folders that it has something in, for an engine that unpacks it makes those
 * anew. No layer hides anything of another.
 */
export function newLayers(choice: Choice, image: ImageFiles, most: number): RebasedLayer[] {
  const byOrigin = divide(choice.chosen, image);
  const groups = joinTiny(byOrigin, Math.min(most, mostApart));
  if (groups.length === 0 && choice.removed.length + choice.emptied.length > 0) groups.push([]);
  return groups.map((origins, at) => {
    const chosen = origins.flatMap((origin) => byOrigin.get(origin) ?? []);
    const members = membersOf(chosen, at === 0 ? whiteoutsOf(choice) : [], choice.folders, image);
    return { origins, members, size: members.reduce((sum, member) => sum + sizeOf(member), endMarker) };
  });
}

/** By the number of the layer that it comes from; all names of a file with the first of them. */
function divide(chosen: readonly Chosen[], image: ImageFiles): Map<number, Chosen[]> {
  const homes = new Map<ExactEntry, number>();
  const divided = new Map<number, Chosen[]>();
  for (const one of chosen) {
    const isLinked = image.links.has(one.entry);
    const home = (isLinked ? homes.get(one.entry) : undefined) ?? one.layer;
    if (isLinked) homes.set(one.entry, home);
    const group = divided.get(home);
    if (group === undefined) divided.set(home, [one]);
    else group.push(one);
  }
  return divided;
}

function joinTiny(byOrigin: ReadonlyMap<number, readonly Chosen[]>, most: number): number[][] {
  const groups: number[][] = [];
  let bytes = tiny;
  for (const origin of [...byOrigin.keys()].sort((one, other) => one - other)) {
    if (bytes >= tiny) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(origin);
    bytes += (byOrigin.get(origin) ?? []).reduce((sum, { entry }) => sum + entry.size + 512, 0);
  }
  const older = groups.length > most ? groups.splice(0, groups.length - most + 1).flat() : [];
  return older.length === 0 ? groups : [older, ...groups];
}

/** Paths of whiteouts (image-spec, layer.md, "Whiteouts"). */
function whiteoutsOf({ removed, emptied }: Choice): string[] {
  return [
    ...removed.map((path) => inFolder(parentOf(path), `.wh.${path.slice(path.lastIndexOf("/") + 1)}`)),
    ...emptied.map((folder) => inFolder(folder, ".wh..wh..opq")),
  ];
}

function membersOf(
  chosen: readonly Chosen[],
  whiteouts: readonly string[],
  folders: ReadonlyMap<string, ExactEntry>,
  image: ImageFiles,
): Member[] {
  const said = new Map(chosen.map(({ path, entry }) => [path, entry]));
  for (const path of [...said.keys(), ...whiteouts]) {
    for (let at = path; at !== ""; ) {
      at = parentOf(at);
      const folder = folders.get(at);
      if (said.has(at)) break;
      if (folder !== undefined) said.set(at, folder);
    }
  }
  const ordered = [
    ...[...said].map(([path, entry]) => ({ key: orderOf(path), path, entry })),
    ...whiteouts.map((path) => ({ key: whiteoutOrder(path), path, entry: undefined })),
  ].sort((one, other) => (one.key < other.key ? -1 : 1));
  const first = new Map<ExactEntry, string>();
  return ordered.map(({ path, entry }): Member => {
    if (entry === undefined) return { kind: "whiteout", path };
    const target = first.get(entry);
    if (target !== undefined) return { kind: "link", path, entry, target };
    if (image.links.has(entry)) first.set(entry, path);
    return { kind: "entry", path, entry };
  });
}

/** Sorts folders before what is in them: no name holds a NUL. */
function orderOf(path: string): string {
  return path.replaceAll("/", "\0");
}

/** Whiteouts come before all else in their folder. */
function whiteoutOrder(path: string): string {
  const at = path.lastIndexOf("/") + 1;
  return `${orderOf(path.slice(0, at))}\0${path.slice(at)}`;
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

function inFolder(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}
