import type { FileReport, WasteFinding } from "../analysis.ts";
import type { Placed } from "../image-view.ts";
import type { InventoryEntry } from "../inventory.ts";
import { groupBy, placeOf, type Ledger, type Part, type Words } from "./ledger.ts";

/** Fewer bytes of one tree are not worth a line in a report. */
const leastOfTree = 1 << 20;
/** Of many equal files only so many are asked which one is the nearest. */
const mostOriginals = 16;

interface Visible {
  path: string;
  placed: Placed;
  isOwned: boolean;
}

/** A content that stands in the image before, and those originals whose paths are nearest. */
interface Duplicate extends Part {
  layer: number;
  nearest: readonly Original[];
}

interface Original {
  placed: Placed;
  /** The layer of the copy, and two folders above the names that the paths have in common. */
  trees: string;
}

type Settled = Part & { layer: number; original: Original };

/**
 * Equal contents in different places, by trees: `/app/numpy` is found as one copy of `/usr/lib/python3/dist-packages/numpy`. The
 * original is the one in the lowest layer, one of a package before others.
 */
export function findDuplicates(files: readonly FileReport[], ledger: Ledger): WasteFinding[] {
  const groups = groupBy(settle(duplicatesOf(files, ledger)), ({ original }) => original.trees);
  return [...groups.values()].flatMap((group) => {
    const [{ layer }] = group as [Settled];
    return ledger.finding({ kind: "duplicate", layer }, group, () => wordsOf(group), leastOfTree) ?? [];
  });
}

/** Of originals that are equally near, takes the one in the tree of which most is copied. */
function settle(duplicates: readonly Duplicate[]): Settled[] {
  const bytes = new Map<string, number>();
  for (const { content, nearest } of duplicates)
    for (const { trees } of nearest) bytes.set(trees, (bytes.get(trees) ?? 0) + content.size);
  const bytesOfTrees = ({ trees }: Original): number => bytes.get(trees) ?? 0;
  return duplicates.map(({ nearest, ...rest }) => ({
    ...rest,
    original: nearest.reduce((best, one) => (bytesOfTrees(one) > bytesOfTrees(best) ? one : best)),
  }));
}

function duplicatesOf(files: readonly FileReport[], ledger: Ledger): Duplicate[] {
  const contents = new Map<InventoryEntry, Visible[]>();
  for (const { path, placed, package: owner } of files) {
    if (placed.content.size === 0 || !ledger.isFree(placed.content)) continue;
    const one = { path, placed, isOwned: owner !== undefined };
    const links = contents.get(placed.content);
    if (links === undefined) contents.set(placed.content, [one]);
    else links.push(one);
  }
  const equal = groupBy(contents, ([{ hash, size }]) => `${hash}${size}`);
  return [...equal.values()].flatMap((same) => {
    if (same.length < 2) return [];
    const ranked = same.map(([, links]) => links).sort(byRank);
    return ranked.slice(1).map((links, i) => compare(links, ranked.slice(0, Math.min(i + 1, mostOriginals))));
  });
}

function byRank([one]: Visible[], [other]: Visible[]): number {
  if (one === undefined || other === undefined) return 0;
  if (one.placed.layer !== other.placed.layer) return one.placed.layer - other.placed.layer;
  if (one.isOwned !== other.isOwned) return one.isOwned ? -1 : 1;
  return one.path < other.path ? -1 : 1;
}

/** The copy, with those originals whose paths have most of their end in common with it. */
function compare(links: readonly Visible[], originals: readonly (readonly Visible[])[]): Duplicate {
  const [{ path, placed }] = links as [Visible];
  const names = path.split("/");
  let most = -1;
  let nearest: Original[] = [];
  for (const [original] of originals) {
    if (original === undefined) continue;
    const others = original.path.split("/");
    const shared = sharedEnd(names, others);
    if (shared < most) continue;
    if (shared > most) nearest = [];
    most = shared;
    const trees = `${placed.layer} ${above(names, shared)} ${above(others, shared)}`;
    nearest.push({ placed: original.placed, trees });
  }
  return { content: placed.content, entries: links.map((link) => link.placed), layer: placed.layer, nearest };
}

function sharedEnd(names: readonly string[], others: readonly string[]): number {
  const most = Math.min(names.length, others.length);
  let count = 0;
  while (count < most && names.at(-1 - count) === others.at(-1 - count)) count++;
  return count;
}

/** Of `app/numpy/core/a.so` with three names shared, `app`; of what shares none, its folder. */
function above(names: readonly string[], shared: number): string {
  return names.slice(0, names.length - Math.max(1, shared)).join("/");
}

/** Whether a hard link would look the same in every way. */
function isLinkable(one: Placed, other: Placed): boolean {
  const [a, b] = [one.content, other.content];
  return (
    one.layer === other.layer &&
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.mtime === b.mtime &&
    a.xattrs === b.xattrs
  );
}

function wordsOf(group: readonly Settled[]): Words {
  const name = placeOf(group);
  const original = placeOf(
    group.map(({ original: { placed } }) => ({ content: placed.content, entries: [placed] })),
  );
  const title = `${name}: the same content as ${original}`;
  const areLinkable = group.every(({ entries: [copy], original }) =>
    copy === undefined ? false : isLinkable(copy, original.placed),
  );
  if (areLinkable) {
    return {
      name,
      title,
      risk: "check",
      why: "A hard link looks the same to every program that reads; one that writes into it in place would change both.",
      edit: "In the same RUN: `ln` or `cp -al` instead of `cp -a`, or leave the copy out.",
    };
  }
  return {
    name,
    title,
    risk: "risky",
    why: "Programs may need each copy where it is.",
    edit: `Use ${original}, or make the copy a symbolic link to it.`,
  };
}
