import type { FileClass, Package, Share, WasteFinding } from "../analysis.ts";
import type { AnalysisJson } from "../reports/json-schema.ts";

/** A package in one of two images. */
interface Held extends Share {
  /** Several with commas. */
  version: string;
}

/** A package that came, went, or is not the same. */
export interface PackageChange extends Pick<Package, "manager" | "name" | "home"> {
  before?: Held;
  after?: Held;
  /** More than before; less where negative. */
  bytes: number;
}

/** A class of files whose bytes are not the same. */
export interface ClassChange extends Pick<FileClass, "name" | "title"> {
  before: number;
  after: number;
  bytes: number;
}

/** What the analysis of the first image said could go, and what of it is gone in the other. */
export interface Saving {
  kind: WasteFinding["kind"];
  /** The class, the soname, the package; empty where the kind says all. */
  name: string;
  title: string;
  /** Bytes that could go by the first image's findings. */
  estimated: number;
  /** Of these, those that the other image's findings of the kind do not hold any more; negative where it has more. */
  measured: number;
}

type Packages = Pick<AnalysisJson, "packages">;

/**
 * The packages that differ, those with the largest change first. A package that is in another folder than before is the same one, as long as there is
 * only one of its name; so is one that uv and not pip installed.
 */
export function packageChanges(before: Packages, after: Packages): PackageChange[] {
  const old = heldPackages(before);
  const now = heldPackages(after);
  const pairs: [before: Owned | undefined, after: Owned | undefined][] = [];
  for (const [key, owned] of now) {
    pairs.push([old.get(key), owned]);
    if (old.delete(key)) now.delete(key);
  }
  const moved = pairs.filter(([one]) => one !== undefined);
  const gone = Map.groupBy(old.values(), nameKey);
  for (const [key, came] of Map.groupBy(now.values(), nameKey)) {
    const left = gone.get(key) ?? [];
    const isOne = came.length === 1 && left.length === 1;
    if (isOne) gone.delete(key);
    for (const one of came) moved.push([isOne ? left[0] : undefined, one]);
  }
  for (const one of [...gone.values()].flat()) moved.push([one, undefined]);
  return moved
    .map(([one, other]) => packageChange(one, other))
    .filter(({ before, after, bytes }) => bytes !== 0 || before?.version !== after?.version)
    .sort(byChange);
}

interface Owned {
  owner: Package;
  held: Held;
}

function packageChange(before: Owned | undefined, after: Owned | undefined): PackageChange {
  const { manager, name, home } = (after ?? before)?.owner ?? nobody;
  return {
    manager,
    name,
    home,
    ...(before === undefined ? {} : { before: before.held }),
    ...(after === undefined ? {} : { after: after.held }),
    bytes: (after?.held.bytes ?? 0) - (before?.held.bytes ?? 0),
  };
}

const nobody: Package = { manager: "none", name: "", version: "", home: "" };

function heldPackages({ packages }: Packages): Map<string, Owned> {
  const groups = Map.groupBy(packages, (owner) => `${nameKey({ owner })}\n${owner.home}`);
  return new Map(
    [...groups].map(([key, owners]) => {
      const [owner = nobody] = owners;
      const versions = [...new Set(owners.map(({ version }) => version))];
      const files = owners.reduce((total, one) => total + one.files, 0);
      const held = { version: versions.join(", "), bytes: sum(owners), files };
      return [key, { owner, held }];
    }),
  );
}

function nameKey({ owner: { manager, name } }: { owner: Package }): string {
  return `${manager === "uv" ? "pip" : manager}\n${name}`;
}

/** The classes whose bytes differ, those with the largest change first. */
export function classChanges(
  before: Pick<AnalysisJson, "classes">,
  after: Pick<AnalysisJson, "classes">,
): ClassChange[] {
  const changes = new Map<string, ClassChange>();
  for (const { name, title, bytes } of before.classes)
    changes.set(name, { name, title, before: bytes, after: 0, bytes: -bytes });
  for (const { name, title, bytes } of after.classes) {
    const known = changes.get(name)?.before ?? 0;
    changes.set(name, { name, title, before: known, after: bytes, bytes: bytes - known });
  }
  return [...changes.values()].filter(({ bytes }) => bytes !== 0).sort(byChange);
}

const kindTitles: Record<WasteFinding["kind"], string> = {
  "removed-later": "removed by later steps",
  overwritten: "written again by later steps",
  copied: "copied because owner, mode or times change",
  duplicate: "stored several times",
  class: "",
  "second-copy": "libraries that are there twice",
  "second-environment": "second environments",
};

/** What the first image's findings said, kind by kind, against what is left of them in the other; largest first. */
export function savings(
  before: Pick<AnalysisJson, "findings" | "classes">,
  after: Pick<AnalysisJson, "findings">,
): Saving[] {
  const titles = new Map(before.classes.map(({ name, title }) => [name, title]));
  const left = Map.groupBy(after.findings, savingKey);
  return [...Map.groupBy(before.findings, savingKey)]
    .flatMap(([key, findings]): Saving[] => {
      const [first] = findings;
      if (first === undefined) return [];
      const { kind, name } = first;
      const estimated = sum(findings);
      const title = kind === "class" ? (titles.get(name) ?? name) : kindTitles[kind];
      const measured = estimated - sum(left.get(key) ?? []);
      return [{ kind, name: kind === "class" ? name : "", title, estimated, measured }];
    })
    .sort((one, other) => other.estimated - one.estimated);
}

/** Findings of a class are told apart by it; the others by their kind, for their names change with the layers. */
function savingKey({ kind, name }: Pick<WasteFinding, "kind" | "name">): string {
  return kind === "class" ? `class ${name}` : kind;
}

function byChange(one: { bytes: number; name: string }, other: { bytes: number; name: string }): number {
  return Math.abs(other.bytes) - Math.abs(one.bytes) || (one.name < other.name ? -1 : 1);
}

function sum(items: readonly { bytes: number }[]): number {
  return items.reduce((total, { bytes }) => total + bytes, 0);
}
