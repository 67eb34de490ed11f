import { folderPath, type Picture } from "./picture.ts";

/** What the page shows: leaves that have all words in their path, package or class, and whose finding is of the risk. */
export interface Wanted {
  words: string;
  risk: string;
}

/** Says of a leaf whether it is wanted. Texts to search in are made once. */
export function makeFilter(picture: Picture): (wanted: Wanted) => (leaf: number) => boolean {
  const { leaves, packages, classes, findings } = picture;
  let texts: string[] | undefined;
  return ({ words, risk }) => {
    const terms = words.toLowerCase().split(/\s+/).filter(Boolean);
    if (terms.length > 0 && texts === undefined) texts = searchTexts(picture);
    return (leaf) => {
      if (risk === "hidden" && leaves.hidden[leaf] === 0) return false;
      if (risk !== "" && risk !== "hidden" && findings[leaves.finding[leaf] ?? -1]?.risk !== risk)
        return false;
      if (terms.length === 0) return true;
      const owner = packages[leaves.package[leaf] ?? -1]?.name.toLowerCase() ?? "";
      const kind = classes[leaves.class[leaf] ?? -1];
      const more = kind === undefined ? "" : `${kind.name} ${kind.title}`.toLowerCase();
      const path = texts?.[leaf] ?? "";
      return terms.every((term) => path.includes(term) || owner.includes(term) || more.includes(term));
    };
  };
}

function searchTexts(picture: Picture): string[] {
  const { leaves, names } = picture;
  const folders = picture.folders.parent.map((_, folder) => folderPath(picture, folder).toLowerCase());
  return leaves.folder.map((folder, leaf) => {
    const name = names[leaves.name[leaf] ?? -1];
    return name === undefined ? `${folders[folder]}/` : `${folders[folder]}/${name.toLowerCase()}`;
  });
}

/** The largest leaves of those that are wanted. */
export function largestLeaves(
  { leaves }: Picture,
  wanted: (leaf: number) => boolean,
  most: number,
): number[] {
  const found: number[] = [];
  for (let leaf = 0; leaf < leaves.bytes.length; leaf++) if (wanted(leaf)) found.push(leaf);
  return found.sort((one, other) => (leaves.bytes[other] ?? 0) - (leaves.bytes[one] ?? 0)).slice(0, most);
}
