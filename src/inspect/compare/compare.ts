import type { AnalysisJson } from "../reports/json-schema.ts";
import {
  type ClassChange,
  classChanges,
  type PackageChange,
  packageChanges,
  type Saving,
  savings,
} from "./changes.ts";
import { isUnpacked, type Subject } from "./subject.ts";

/** Some layers. Sizes in bytes: as the place packs them, and as tars. */
interface LayerSum {
  layers: number;
  packed: number;
  tar: number;
}

/** One image of a comparison. */
export interface ComparedImage extends LayerSum {
  label: string;
  platform: string;
  manifest: string;
  /** Whether the place keeps layers packed; where it does not, `packed` is `tar`. */
  compressed: boolean;
  /** Content that a container sees. */
  visible: number;
  /** Content that later layers hide. */
  hidden: number;
  /** Layers that another image of the comparison has too, by diffID. */
  shared: LayerSum;
  /** Those that no other has. */
  unique: LayerSum;
  /** Content that no other image has in any layer, each once; undefined where a report does not tell. */
  ownContent?: number;
}

/** How an image differs from the first. */
export interface ImageChange {
  /** Its number, from 0. */
  image: number;
  /** More than in the first; less where negative. */
  packed: number;
  tar: number;
  visible: number;
  hidden: number;
  packages: PackageChange[];
  classes: ClassChange[];
  savings: Saving[];
}

/** What a client that has one image must fetch for another. */
export interface Transfer {
  /** Numbers of the images, from 0. */
  from: number;
  to: number;
  /** Layers that it lacks, packed. */
  layers: { count: number; bytes: number };
  /** The bundle of `ddiff diff`: `measured` when it was made; undefined where a report does not tell. */
  bundle?: { bytes: number; measured: boolean };
}

/** Several images side by side; the changes are against the first. */
export interface Comparison {
  version: 1;
  images: ComparedImage[];
  /** All layers of all images, each once: what they take together on one machine. */
  together: LayerSum;
  changes: ImageChange[];
  /** From each image to each other. */
  transfers: Transfer[];
}

/** What an entry's headers take in a bundle, about: they are predicted from the entry before. */
const headerBytes = 3;

/** Compares images. `bundleSizes` are those that were made, by the number of the image that they bring a client with the first one to. */
export function compareImages(
  subjects: readonly Subject[],
  bundleSizes: ReadonlyMap<number, number> = new Map(),
): Comparison {
  const holders = layerHolders(subjects);
  const contents = contentHolders(subjects);
  const first = subjects[0]?.report;
  const all = new Map(subjects.flatMap(({ report }) => report.layers.map((layer) => [layer.diffId, layer])));
  return {
    version: 1,
    images: subjects.map((subject) => describe(subject, holders, contents)),
    together: sumOf([...all.values()]),
    changes: subjects.flatMap(({ report }, image) =>
      image === 0 || first === undefined ? [] : change(first, report, image),
    ),
    transfers: subjects.flatMap((from, i) =>
      subjects.flatMap((to, j) =>
        i === j ? [] : { from: i, to: j, ...transfer(from, to, i === 0 ? bundleSizes.get(j) : undefined) },
      ),
    ),
  };
}

function describe(
  subject: Subject,
  holders: ReadonlyMap<string, number>,
  contents: ReadonlyMap<string, number>,
): ComparedImage {
  const { report, label } = subject;
  const isShared = ({ diffId }: { diffId: string }): boolean => (holders.get(diffId) ?? 0) > 1;
  const layers = distinctLayers(report);
  const own = ownContent(subject, contents);
  return {
    label,
    platform: report.image.platform,
    manifest: report.image.manifest,
    compressed: !isUnpacked(report),
    ...sumOf(report.layers),
    visible: report.sizes.visible,
    hidden: report.sizes.hidden,
    shared: sumOf(layers.filter(isShared)),
    unique: sumOf(layers.filter((layer) => !isShared(layer))),
    ...(own === undefined ? {} : { ownContent: own }),
  };
}

function change(before: AnalysisJson, after: AnalysisJson, image: number): ImageChange {
  return {
    image,
    packed: after.sizes.packed - before.sizes.packed,
    tar: after.sizes.tar - before.sizes.tar,
    visible: after.sizes.visible - before.sizes.visible,
    hidden: after.sizes.hidden - before.sizes.hidden,
    packages: packageChanges(before, after),
    classes: classChanges(before, after),
    savings: savings(before, after),
  };
}

function transfer(from: Subject, to: Subject, made: number | undefined): Pick<Transfer, "layers" | "bundle"> {
  const there = new Set(from.report.layers.map(({ diffId }) => diffId));
  const lacking = distinctLayers(to.report).filter(({ diffId }) => !there.has(diffId));
  const layers = { count: lacking.length, bytes: sumOf(lacking).packed };
  const bytes = made ?? estimateBundle(from, to, new Set(lacking.map(({ diffId }) => diffId)));
  if (bytes === undefined) return { layers };
  return { layers, bundle: { bytes, measured: made !== undefined } };
}

/**
 * What the bundle would hold, about: each content of the missing layers that the other side has nowhere, packed as its layer is. What
 * patches against files of another version save is not known before they are made, so that a bundle is smaller as a rule.
 */
function estimateBundle(from: Subject, to: Subject, missing: ReadonlySet<string>): number | undefined {
  if (from.layers === undefined || to.layers === undefined) return undefined;
  const known = new Set(from.layers.flatMap(({ contents }) => [...contents.keys()]));
  let bytes = 0;
  for (const { diffId, entries, contents } of to.layers) {
    if (!missing.has(diffId)) continue;
    bytes += entries * headerBytes;
    for (const [key, { packed }] of contents) {
      if (known.has(key)) continue;
      known.add(key);
      bytes += packed;
    }
  }
  return Math.round(bytes);
}

/** In how many images each layer is. */
function layerHolders(subjects: readonly Subject[]): Map<string, number> {
  return countHolders(subjects.map(({ report }) => report.layers.map(({ diffId }) => diffId)));
}

/** In how many images each content is. */
function contentHolders(subjects: readonly Subject[]): Map<string, number> {
  return countHolders(
    subjects.map(({ layers = [] }) => layers.flatMap(({ contents }) => [...contents.keys()])),
  );
}

function countHolders(lists: readonly (readonly string[])[]): Map<string, number> {
  const holders = new Map<string, number>();
  for (const list of lists) for (const key of new Set(list)) holders.set(key, (holders.get(key) ?? 0) + 1);
  return holders;
}

function ownContent({ layers }: Subject, holders: ReadonlyMap<string, number>): number | undefined {
  if (layers === undefined) return undefined;
  const own = new Map(layers.flatMap(({ contents }) => [...contents]));
  let bytes = 0;
  for (const [key, { size }] of own) if (holders.get(key) === 1) bytes += size;
  return bytes;
}

/** An image may have a layer several times (an empty one); it is fetched once. */
function distinctLayers({ layers }: AnalysisJson): AnalysisJson["layers"] {
  return [...new Map(layers.map((layer) => [layer.diffId, layer])).values()];
}

function sumOf(layers: readonly { packed: number; tar: number }[]): LayerSum {
  const sum = { layers: layers.length, packed: 0, tar: 0 };
  for (const { packed, tar } of layers) {
    sum.packed += packed;
    sum.tar += tar;
  }
  return sum;
}
