import { plural } from "../../report/words.ts";
import { formatBytes } from "../../util/bytes.ts";
import type { PackageChange, Saving } from "../compare/changes.ts";
import type { ComparedImage, Comparison, Transfer } from "../compare/compare.ts";
import { packageName } from "./overview.ts";

/** "new is 620 MB smaller than old: 1.4 GB of files instead of 2.1 GB". */
export function compareHeadline(comparison: Comparison): string {
  const { images, together } = comparison;
  const [first, second, ...more] = images;
  if (first === undefined || second === undefined || more.length > 0) {
    const apart = images.reduce((sum, { tar }) => sum + tar, 0);
    return `${images.length} images: ${formatBytes(together.tar)} unpacked on one machine, ${formatBytes(apart)} if they shared nothing`;
  }
  const [before, after] = [filesOf(first), filesOf(second)];
  const names = [second, first].map((image) => shortName(image, images));
  if (before === after) return `${names.join(" is as large as ")}: ${formatBytes(after)} of files`;
  const [size, word] = after < before ? [before - after, "smaller"] : [after - before, "larger"];
  return `${names.join(` is ${formatBytes(size)} ${word} than `)}: ${formatBytes(after)} of files instead of ${formatBytes(before)}`;
}

function filesOf({ visible, hidden }: ComparedImage): number {
  return visible + hidden;
}

/** As it was named, with the platform where the name alone says too little. */
export function shortName({ label, platform }: ComparedImage, images: readonly ComparedImage[]): string {
  const isOnly = images.filter((one) => one.label === label).length === 1;
  return isOnly ? label : `${label} ${platform}`;
}

/** `+12 MB`, `−620 MB`. */
export function signedBytes(bytes: number): string {
  if (bytes === 0) return "0 B";
  return `${bytes < 0 ? "−" : "+"}${formatBytes(Math.abs(bytes))}`;
}

/** `torch 2.4.1 → 2.5.0`; a package that came or went with its one version. */
export function versionsText({ manager, name, home, before, after }: PackageChange): string {
  const [old, now] = [before?.version, after?.version];
  const one = packageName({ manager, name, home, version: now ?? old ?? "" });
  return old === undefined || now === undefined || old === now ? one : `${name} ${old} → ${now}`;
}

/** Whether it `came`, `went` or neither. */
export function fateOf({ before, after }: PackageChange): string {
  if (before === undefined) return "came";
  return after === undefined ? "went" : "";
}

/** `3 layers, 700 MB`. */
export function layersText({ layers }: Transfer): string {
  return layers.count === 0 ? "nothing" : `${formatBytes(layers.bytes)} in ${plural(layers.count, "layer")}`;
}

/** `42 MB`, `about 42 MB` where it was not made. */
export function bundleText({ bundle }: Transfer): string {
  if (bundle === undefined) return "not known";
  return bundle.measured ? formatBytes(bundle.bytes) : `about ${formatBytes(bundle.bytes)}`;
}

/** Estimates of which something is gone, the largest first; and their sums. None where nothing that was waste went. */
export function keptPromises(savings: readonly Saving[]): {
  rows: Saving[];
  estimated: number;
  measured: number;
} {
  const rows = savings.filter(({ measured }) => measured > 0);
  return {
    rows,
    estimated: rows.reduce((sum, one) => sum + one.estimated, 0),
    measured: rows.reduce((sum, one) => sum + one.measured, 0),
  };
}

/** The first `most`, and what all others come to. */
export function cutOff<Item extends { bytes: number }>(
  items: readonly Item[],
  most: number,
): { shown: readonly Item[]; rest: { count: number; bytes: number } } {
  const left = items.slice(most);
  return {
    shown: items.slice(0, most),
    rest: { count: left.length, bytes: left.reduce((sum, { bytes }) => sum + bytes, 0) },
  };
}
