import { parseReference } from "../../oci/reference.ts";
import type { UsedImage } from "../../places/usage/usage.ts";
import { type PlaceAccount, sumOf } from "./account.ts";

/** By what images are put together. */
export type Grouping = { by: "repository" } | { by: "user" } | { by: "label"; key: string };

/** Images of one repository, label or user. */
export interface Group {
  /** "" for those that say nothing. */
  name: string;
  images: number;
  /** All that they need, each part once. */
  bytes: number;
  /** What only they need. */
  unique: number;
  /** What images of other groups need too. */
  shared: number;
}

/** Labels in which people say whose an image is, the surest first. */
const userLabels = ["user", "owner", "maintainer", "org.opencontainers.image.authors"];

/** The images of a place by group, the largest first. An image with names of several repositories counts in each. */
export function groupsOf({ usage, holders }: PlaceAccount, grouping: Grouping): Group[] {
  const members = new Map<string, Set<UsedImage>>();
  for (const image of usage.images) {
    for (const name of groupNames(image, grouping)) {
      const known = members.get(name);
      if (known === undefined) members.set(name, new Set([image]));
      else known.add(image);
    }
  }
  const groups = [...members].map(([name, images]): Group => {
    const parts = new Set([...images].flatMap((image) => [...image.parts]));
    const own = [...parts].filter(
      (id) => holders.get(id)?.images.every((image) => images.has(image)) === true,
    );
    const bytes = sumOf(usage, parts);
    const unique = sumOf(usage, own);
    return { name, images: images.size, bytes, unique, shared: bytes - unique };
  });
  return groups.sort((one, other) => other.bytes - one.bytes || (one.name < other.name ? -1 : 1));
}

function groupNames(image: UsedImage, grouping: Grouping): Set<string> {
  switch (grouping.by) {
    case "label":
      return new Set([image.labels.get(grouping.key) ?? ""]);
    case "user":
      return new Set([userOf(image)]);
    default:
      return new Set(image.names.length === 0 ? [""] : image.names.map(repositoryOf));
  }
}

/** Whose an image is: by its labels, else by the folder that its name begins with (`alice/train:1`). */
function userOf({ labels, names }: UsedImage): string {
  for (const label of userLabels) {
    const value = labels.get(label)?.trim() ?? "";
    if (value !== "") return value;
  }
  const folders = names.map((name) => pathOf(name).split("/")).find((parts) => parts.length > 1);
  return folders?.[0] ?? "";
}

/** `train` of `train:1`, `localhost:5000/lab/train` of `localhost:5000/lab/train@sha256:…`. */
function repositoryOf(name: string): string {
  return name.replace(/@.*$/, "").replace(/:[^/:]*$/, "");
}

/** A repository without its registry. */
function pathOf(name: string): string {
  try {
    const { domain, path } = parseReference(name);
    return domain === "docker.io" ? path.replace(/^library\//, "") : path;
  } catch {
    return repositoryOf(name);
  }
}
