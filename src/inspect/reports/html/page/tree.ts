import { formatBytes } from "../../../../util/bytes.ts";
import { plural } from "../../../../report/words.ts";
import { hiddenWords, leafPath, type Picture } from "./picture.ts";

/** The ways to cut an image into parts. */
export type Cut = "path" | "layer" | "package" | "class";

/** What the map marks: how sure it is that something could go, and that it is hidden. */
type Mark = "safe" | "check" | "risky" | "hidden";

export const marks: readonly Mark[] = ["safe", "check", "risky", "hidden"];

/** A part of the image: a group, a folder, or a leaf. */
export interface Area {
  name: string;
  bytes: number;
  files: number;
  /** Largest first. */
  children: Area[];
  parent: Area | undefined;
  /** Index of the leaf, of the first of small files; -1 for groups and folders. */
  leaf: number;
  /** A layer, a manager, a package, a class: whatever is no folder and no file. */
  group: boolean;
  /** Bytes that could go, by how sure that is, and those that no container sees. */
  waste: Record<Mark, number>;
  /** Degrees on the circle of colours; undefined for what is no group of its own. */
  hue: number | undefined;
}

/** An area that is being filled: its files are its children already, its groups and folders stand by key. */
interface Growing extends Area {
  inside: Map<string, Growing> | undefined;
}

/** Cuts an image into areas. `wanted` leaves leaves out. */
export function cutTree(picture: Picture, cut: Cut, wanted: (leaf: number) => boolean): Area {
  const { leaves, folders, names, findings } = picture;
  const root = grow("", undefined);
  // The folders of one group after the other: a file finds its folder by group and folder.
  const places = new Map<Growing, Map<number, Growing>>();
  const placeOf = (group: Growing, folder: number): Growing => {
    if (folder === 0) return group;
    let own = places.get(group);
    if (own === undefined) places.set(group, (own = new Map()));
    let place = own.get(folder);
    if (place === undefined) {
      const parent = placeOf(group, folders.parent[folder] ?? 0);
      place = child(parent, `/${folder}`, names[folders.name[folder] ?? -1] ?? "");
      own.set(folder, place);
    }
    return place;
  };
  for (let leaf = 0; leaf < leaves.bytes.length; leaf++) {
    if (!wanted(leaf)) continue;
    const bytes = leaves.bytes[leaf] ?? 0;
    let group = root;
    for (const [key, name, gray] of groupsOf(picture, cut, leaf)) {
      group = child(group, key, name);
      group.group = true;
      if (gray) group.hue = undefined;
    }
    const place = placeOf(group, leaves.folder[leaf] ?? 0);
    const name = names[leaves.name[leaf] ?? -1];
    // Files have names of their own; small ones of one place are one area where they could go alike.
    const area = name === undefined ? child(place, smallKey(picture, leaf), "") : grow(name, place);
    if (name !== undefined) place.children.push(area);
    if (area.leaf === -1) area.leaf = leaf;
    area.bytes += bytes;
    area.files += leaves.files[leaf] ?? 0;
    if (name === undefined) area.name = plural(area.files, "smaller file");
    const risk = findings[leaves.finding[leaf] ?? -1]?.risk;
    if (risk !== undefined) area.waste[risk] += bytes;
    if (leaves.hidden[leaf] !== 0) area.waste.hidden += bytes;
  }
  finish(root);
  // From blue on, and not quite around.
  paint(root, 220, 320);
  return root;
}

/** The groups of a leaf, outermost first: key, name, and whether it is what belongs to no group. */
function groupsOf(picture: Picture, cut: Cut, leaf: number): [key: string, name: string, gray: boolean][] {
  const { leaves, layers, packages, homes, classes } = picture;
  const hidden = leaves.hidden[leaf] ?? 0;
  if (cut === "path") return [];
  if (cut === "layer") {
    const layer = leaves.layer[leaf] ?? 0;
    return [[`layer ${layer}`, `${layer}: ${layers[layer]?.step ?? ""}`, false]];
  }
  if (hidden > 0) return [["hidden", "no container sees it", true]];
  if (cut === "class") {
    const found = classes[leaves.class[leaf] ?? -1];
    return found === undefined ? [["none", "of no class", true]] : [[found.name, found.title, false]];
  }
  const owner = packages[leaves.package[leaf] ?? -1];
  if (owner === undefined) return [["none", "in no package", true]];
  return [
    [`home ${owner.home}`, homes[owner.home] ?? "", false],
    [`package ${leaves.package[leaf]}`, owner.name, false],
  ];
}

function smallKey({ leaves, findings }: Picture, leaf: number): string {
  return `small ${leaves.hidden[leaf]} ${findings[leaves.finding[leaf] ?? -1]?.risk}`;
}

/** The path of a file or folder with `/` in front, whatever it is cut by; the name of a group. */
export function areaPath(picture: Picture, area: Area): string {
  if (area.leaf !== -1) return leafPath(picture, area.leaf);
  if (area.group) return area.name;
  let path = "";
  for (let at: Area | undefined = area; at?.parent !== undefined && !at.group; at = at.parent)
    path = `/${at.name}${path}`;
  return path;
}

const wasteWords: Record<Mark, string> = {
  safe: "could go safely",
  check: "could go with a check",
  risky: "could go at a risk",
  hidden: "no container sees",
};

/** What is known of an area beside its name and size. */
export function areaFacts(picture: Picture, area: Area): string[] {
  if (area.leaf !== -1 && area.files === 1) return leafFacts(picture, area.leaf);
  return marks
    .filter((mark) => area.waste[mark] > 0)
    .map((mark) => `${formatBytes(area.waste[mark])} ${wasteWords[mark]}`);
}

function leafFacts(picture: Picture, leaf: number): string[] {
  // Small files together share nothing that could be told.
  if (picture.leaves.name[leaf] === -1) return [];
  if (picture.leaves.name[leaf] === -1) return [];
  const { leaves, layers, packages, homes, classes, findings } = picture;
  const owner = packages[leaves.package[leaf] ?? -1];
  const found = classes[leaves.class[leaf] ?? -1];
  const finding = findings[leaves.finding[leaf] ?? -1];
  const hidden = hiddenWords[leaves.hidden[leaf] ?? 0] ?? "";
  const layer = leaves.layer[leaf] ?? 0;
  const made = layers[layer];
  return [
    `layer ${layer}${made?.place ? ` (${made.place})` : ""}: ${made?.step ?? ""}`,
    owner === undefined ? "in no package" : `${owner.name}, ${homes[owner.home] ?? ""}`,
    ...(found === undefined ? [] : [found.title]),
    ...(hidden === "" ? [] : [`${hidden} by a later layer`]),
    ...(finding === undefined ? [] : [`could go (${finding.risk}): ${finding.title}`]),
  ];
}

function grow(name: string, parent: Area | undefined): Growing {
  return {
    name,
    bytes: 0,
    files: 0,
    children: [],
    parent,
    leaf: -1,
    waste: { safe: 0, check: 0, risky: 0, hidden: 0 },
    hue: 0,
    group: false,
    inside: undefined,
  };
}

function child(parent: Growing, key: string, name: string): Growing {
  parent.inside ??= new Map();
  let found = parent.inside.get(key);
  if (found === undefined) parent.inside.set(key, (found = grow(name, parent)));
  return found;
}

/** Sums up from the leaves, sorts, and makes a folder with a single folder in it one with it. */
function finish(area: Growing): void {
  if (area.leaf !== -1) return;
  for (const one of area.inside?.values() ?? []) {
    finish(one);
    area.children.push(one);
  }
  area.inside = undefined;
  area.children.sort((one, other) => other.bytes - one.bytes);
  for (const one of area.children) {
    area.bytes += one.bytes;
    area.files += one.files;
    for (const mark of marks) area.waste[mark] += one.waste[mark];
    const [only, second] = one.children;
    if (one.group || only === undefined || second !== undefined || only.leaf !== -1) continue;
    one.name = `${one.name}/${only.name}`;
    one.children = only.children;
    for (const inner of one.children) inner.parent = one;
  }
}

/** Colours that tell neighbours apart: each child gets a part of its parent's arc of the circle, the larger the wider. */
function paint(area: Area, from: number, arc: number): void {
  const total = area.children.reduce((sum, one) => sum + Math.sqrt(one.bytes), 0);
  let start = from;
  for (const one of area.children) {
    const part = total > 0 ? (arc * Math.sqrt(one.bytes)) / total : 0;
    one.hue = one.hue === undefined || area.hue === undefined ? undefined : (start + part / 2) % 360;
    paint(one, start, part);
    start += part;
  }
}
