import type { FileReport, Package } from "../inspect/analysis.ts";
import type { Placed } from "../inspect/image-view.ts";
import { type Bundle, type LayerTimes, packageLayers } from "./package-layers.ts";
import type { PackageNeeds } from "./package-needs.ts";
import { placeFolders } from "./place-folders.ts";

/** A layer to be made: what stands in it, sorted by path. */
export interface NewLayer {
  /** For the history: `torch 2.9.1`. */
  title: string;
  paths: string[];
  times: LayerTimes;
}

/** Of the layers that hold what is in no package, only so many of the newest stay apart. */
const mostRest = 20;
/** Neighbours among them that are smaller than this become one. */
const tiny = 1 << 20;

/**
 * Lays an image's files out again, what changes least at the bottom: heavy packages each in a layer that depends on nothing but its
 * files, light ones together, then what belongs to no package as it was layered before. Each visible path but those dropped is in one
 * layer; folders that several layers share are in the last. Nothing is hidden by another layer, so no whiteouts are needed.
 */
export function layOut(
  visible: ReadonlyMap<string, Placed>,
  files: readonly FileReport[],
  dropped: ReadonlySet<string>,
  needs: PackageNeeds,
): NewLayer[] {
  const kept = files.filter(({ path }) => !dropped.has(path));
  const { heavy, light, records } = packageLayers(kept.filter(isOwned), needs);
  const rest = restLayers(kept.filter((file) => !isOwned(file)));
  const layers = keepLinksTogether([...heavy, ...light, ...records, ...rest], kept);
  placeFolders(
    visible,
    files.filter(({ path }) => dropped.has(path)),
    layers,
  );
  return layers.map(({ title, paths, times }) => ({ title, times, paths: paths.sort(byCode) }));
}

function isOwned(file: FileReport): file is FileReport & { package: Package } {
  return file.package !== undefined && file.package.manager !== "none";
}

/** UTF-16 order: the same everywhere. */
function byCode(one: string, other: string): number {
  return one < other ? -1 : 1;
}

/** What belongs to no package, as it was layered; the older layers in one where there are many. */
function restLayers(files: readonly FileReport[]): Bundle[] {
  const byLayer = new Map<number, FileReport[]>();
  for (const file of files) {
    const layer = byLayer.get(file.placed.layer) ?? [];
    byLayer.set(file.placed.layer, layer);
    layer.push(file);
  }
  const numbers = [...byLayer.keys()].sort((one, other) => one - other);
  const newest = numbers.slice(-mostRest);
  const older = numbers.slice(0, -mostRest);
  const bundle = (title: string, of: readonly number[]): Bundle => {
    const all = of.flatMap((number) => byLayer.get(number) ?? []);
    return { title, times: "kept", files: all, bytes: all.reduce((sum, { bytes }) => sum + bytes, 0) };
  };
  const layers = older.length === 0 ? [] : [bundle("files of the older layers", older)];
  let tinies: number[] = [];
  const closeTinies = (): void => {
    if (tinies.length > 0) layers.push(bundle(titleOf(tinies), tinies));
    tinies = [];
  };
  for (const number of newest) {
    const alone = bundle(titleOf([number]), [number]);
    if (alone.bytes < tiny) tinies.push(number);
    else {
      closeTinies();
      layers.push(alone);
    }
  }
  closeTinies();
  return layers;
}

function titleOf(numbers: readonly number[]): string {
  const [first = 0, ...others] = numbers.map((number) => number + 1);
  return others.length === 0 ? `files of layer ${first}` : `files of layers ${first} to ${others.at(-1)}`;
}

/** All names of one content stand in one layer, that of the first name. */
function keepLinksTogether(bundles: readonly Bundle[], files: readonly FileReport[]): NewLayer[] {
  const bundleOf = new Map(bundles.flatMap((bundle) => bundle.files.map((file) => [file, bundle] as const)));
  const layers = new Map(
    bundles.map((bundle) => [bundle, { title: bundle.title, times: bundle.times, paths: [] as string[] }]),
  );
  const homes = new Map<object, Bundle>();
  for (const file of files) {
    const home = homes.get(file.placed.content) ?? bundleOf.get(file);
    if (home === undefined) continue;
    homes.set(file.placed.content, home);
    layers.get(home)?.paths.push(file.path);
  }
  return [...layers.values()].filter(({ paths }) => paths.length > 0);
}
