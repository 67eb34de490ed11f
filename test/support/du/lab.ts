import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { DuJson } from "../../../src/inspect/reports/du-schema.ts";
import { ddiff } from "../run.ts";

const run = promisify(execFile);

/** Twelve images and a slow count of them are made by programs that share nothing with ddiff. */
const programs = {
  images: join(import.meta.dirname, "images.py"),
  count: join(import.meta.dirname, "count.py"),
};

/** What a slow count and `ddiff du` both say of a place. */
export interface Counted {
  bytes: number;
  shared: number;
  purposes: Record<string, number>;
  images: Record<string, { bytes: number; unique: number; shared: number; freed: number }>;
  groups: Record<string, { images: number; bytes: number; unique: number }>;
  containers: Record<string, number>;
  contents: { files: number; bytes: number; distinctFiles: number; distinctBytes: number };
  packages: unknown[];
}

/** The recipes of images.py, and those who build them. */
const recipes = ["train", "serve", "vision", "odd"];
const owners = ["alice", "bob", "carol"];
/** All names in the layout: alice's are the latest too. */
export const allNames = recipes.flatMap((recipe) => [...owners, "latest"].map((tag) => `${recipe}:${tag}`));

/** Writes the layout with the twelve images, some packed with zstd unless `packing` says otherwise. */
export async function writeImages(folder: string, packing: "gzip" | "zstd" = "zstd"): Promise<void> {
  await run("python3", [programs.images, folder, packing]);
}

/** Copies images of the layout to where skopeo can. */
export async function spread(
  layout: string,
  names: readonly string[],
  to: (name: string) => string,
  { env = {}, more = [] }: { env?: Record<string, string>; more?: readonly string[] } = {},
): Promise<void> {
  for (const name of names)
    await run(
      "skopeo",
      ["--insecure-policy", "copy", "--quiet", ...more, `oci:${layout}:${name}`, to(name)],
      {
        env: { ...process.env, ...env },
      },
    );
}

/** What the slow count says. `kind` is one of those that count.py knows. */
export async function slowCount(
  kind: string,
  folder: string,
  env: Record<string, string> = {},
): Promise<Counted> {
  const { stdout } = await run("python3", [programs.count, kind, folder], {
    env: { ...process.env, ...env },
    maxBuffer: 1 << 26,
  });
  return JSON.parse(stdout) as Counted;
}

/** Bytes that everything below these folders has on disk. */
export async function allocated(...folders: string[]): Promise<number> {
  return Number((await run("python3", [programs.count, "allocated", ...folders])).stdout);
}

/** What `ddiff du --json` says. */
export async function du(args: readonly string[], env: Record<string, string | undefined>): Promise<DuJson> {
  const { status, stdout, stderr } = await ddiff(["du", "--json", ...args], { env });
  if (status !== 0) throw new Error(`ddiff du failed: ${stderr}`);
  return JSON.parse(stdout) as DuJson;
}

/** The part of a report on one place that the slow count has too. */
export function countedOf({ places, contents }: DuJson): Counted {
  const [place] = places;
  if (place === undefined || contents === undefined)
    throw new Error("the report has no place or no contents");
  const { copied: _, packages, ...sums } = contents;
  return {
    bytes: place.bytes,
    shared: place.shared,
    purposes: place.purposes,
    images: Object.fromEntries(
      place.images.map(({ id, names, bytes, unique, shared, freed }) => [
        [...names].sort()[0] ?? id.slice(7, 19),
        { bytes, unique, shared, freed },
      ]),
    ),
    groups: Object.fromEntries(
      (place.groups ?? []).map(({ name, images, bytes, unique }) => [name, { images, bytes, unique }]),
    ),
    containers: Object.fromEntries(place.containers.map(({ name, bytes }) => [name, bytes])),
    contents: sums,
    packages: [...packages].sort((one, other) => (order(one) < order(other) ? -1 : 1)),
  };
}

function order({ name, version }: { name: string; version: string }): string {
  return `${name} ${version}`;
}
