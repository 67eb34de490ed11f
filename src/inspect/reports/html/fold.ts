/** A file with all that the picture tells of it, by index; -1 for nothing. */
export interface Leaf {
  folder: Folder;
  /** Undefined for small files together. */
  name: string | undefined;
  bytes: number;
  files: number;
  layer: number;
  package: number;
  class: number;
  finding: number;
  hidden: number;
}

/** A folder of the image. */
export class Folder {
  readonly name: string;
  readonly parent: Folder | undefined;
  readonly children: Folder[] = [];

  constructor(name: string, parent?: Folder) {
    this.name = name;
    this.parent = parent;
    parent?.children.push(this);
  }
}

/** The files of an image, so many that a page can hold them. */
interface Folded {
  leaves: readonly Leaf[];
  /** Files with fewer bytes are together with others of their folder; 0 where none are. */
  floor: number;
}

/** Keeps the `most` largest files at least nearly, and puts the others together. */
export function foldSmall(leaves: readonly Leaf[], root: Folder, most: number): Folded {
  if (leaves.length <= most) return { leaves, floor: 0 };
  const total = leaves.reduce((sum, leaf) => sum + leaf.bytes, 0);
  let floor = floorOf(leaves, most);
  let folded = pourSmall(leaves, floor, root);
  // Where sizes are alike, small ones together are as many again. Beyond the total nothing more can come together: what is left then
  // differs by layer, package, class or finding.
  while (folded.length > 2 * most && floor <= total) {
    floor *= 2;
    folded = pourSmall(leaves, floor, root);
  }
  return { leaves: folded, floor };
}

/** Bytes from which on a file is drawn on its own, so that at most `most` are. */
function floorOf(leaves: readonly Leaf[], most: number): number {
  const sizes = Float64Array.from(leaves, (leaf) => leaf.bytes).sort();
  return Math.max(1, (sizes[sizes.length - most] ?? 0) + 1);
}

/**
 * Puts files below the floor together: those of one folder, layer, package, class and finding. What is still below the floor then goes to the
 * folder above, at last to the root. Every sum stays exact.
 */
function pourSmall(leaves: readonly Leaf[], floor: number, root: Folder): Leaf[] {
  const kept: Leaf[] = [];
  const small = new Map<Folder, Map<string, Leaf>>();
  const pour = (leaf: Leaf, folder: Folder): void => {
    let groups = small.get(folder);
    if (groups === undefined) small.set(folder, (groups = new Map()));
    const key = `${leaf.layer} ${leaf.package} ${leaf.class} ${leaf.finding} ${leaf.hidden}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { ...leaf, folder, name: undefined });
    else {
      group.bytes += leaf.bytes;
      group.files += leaf.files;
    }
  };
  const settle = (folder: Folder): void => {
    for (const child of folder.children) settle(child);
    for (const group of small.get(folder)?.values() ?? []) {
      if (folder.parent === undefined || group.bytes >= floor) kept.push(group);
      else pour(group, folder.parent);
    }
  };
  for (const leaf of leaves) {
    if (leaf.bytes >= floor) kept.push(leaf);
    else pour(leaf, leaf.folder);
  }
  settle(root);
  return kept;
}
