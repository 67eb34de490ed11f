import { fitting, foldedTable, lineCode, lineText, tableText } from "../../report/markdown.ts";
import { plural } from "../../report/words.ts";
import { formatBytes } from "../../util/bytes.ts";
import type { ComparedImage, Comparison, ImageChange } from "../compare/compare.ts";
import {
  bundleText,
  compareHeadline,
  cutOff,
  fateOf,
  keptPromises,
  layersText,
  shortName,
  signedBytes,
  versionsText,
} from "./compare-overview.ts";
import { packageHome } from "./overview.ts";

const most = { packages: 30, classes: 30 };

/** The same for a comment: sizes and what is to be fetched in view, changes folded. */
export function compareMarkdown(comparison: Comparison): string {
  const { images, together, changes, transfers } = comparison;
  const name = (at: number): string => {
    const image = images[at];
    return image === undefined ? "" : lineCode(shortName(image, images));
  };
  return fitting([
    `### ${lineText(compareHeadline(comparison))}`,
    sizes(images),
    `Together, each layer once: ${plural(together.layers, "layer")}, ${formatBytes(together.packed)} compressed, ${formatBytes(together.tar)} uncompressed.`,
    tableOf(
      ["a client that has", "and wants", "fetches as layers", "as a bundle"],
      transfers.map((one) => [name(one.from), name(one.to), layersText(one), bundleText(one)]),
    ),
    ...changes.flatMap((change) => changeParts(change, `${name(change.image)} against ${name(0)}`)),
  ]);
}

function sizes(images: readonly ComparedImage[]): string {
  const rows = images.map((image) => [
    image.compressed ? formatBytes(image.packed) : "not packed",
    formatBytes(image.tar),
    formatBytes(image.visible + image.hidden),
    formatBytes(image.shared.tar),
    formatBytes(image.unique.tar),
    image.ownContent === undefined ? "" : formatBytes(image.ownContent),
    lineCode(image.label),
    lineText(image.platform),
  ]);
  const head = ["compressed", "uncompressed", "files", "shared", "unique", "own files", "image", "platform"];
  return tableText(head, 6, rows);
}

function changeParts(change: ImageChange, name: string): string[] {
  const packages = cutOff(change.packages, most.packages);
  const classes = cutOff(change.classes, most.classes);
  const { rows, estimated, measured } = keptPromises(change.savings);
  const together = [formatBytes(estimated), formatBytes(measured), "together"];
  const promises = rows.map((one) => [
    formatBytes(one.estimated),
    formatBytes(one.measured),
    lineText(one.title),
  ]);
  return [
    foldedTable(
      `Packages that came, went and changed: ${name}`,
      ["change", "before", "after", "", "package", "of"],
      3,
      withRest(
        packages.shown.map((one) => [
          signedBytes(one.bytes),
          one.before === undefined ? "" : formatBytes(one.before.bytes),
          one.after === undefined ? "" : formatBytes(one.after.bytes),
          fateOf(one),
          lineText(versionsText(one)),
          lineText(packageHome({ ...one, version: "" })),
        ]),
        packages.rest,
      ),
    ),
    foldedTable(
      `Classes of files: ${name}`,
      ["change", "before", "after", "class", ""],
      3,
      withRest(
        classes.shown.map((one) => [
          signedBytes(one.bytes),
          formatBytes(one.before),
          formatBytes(one.after),
          lineCode(one.name),
          lineText(one.title),
        ]),
        classes.rest,
      ),
    ),
    foldedTable(
      `What could go, and what of it is gone: ${name}`,
      ["estimated", "measured", "waste"],
      2,
      rows.length === 0 ? [] : [...promises, together],
    ),
  ];
}

function withRest(rows: string[][], rest: { count: number; bytes: number }): string[][] {
  if (rest.count === 0) return rows;
  return [...rows, [signedBytes(rest.bytes), "", "", plural(rest.count, "smaller change")]];
}

function tableOf(head: readonly string[], rows: readonly string[][]): string {
  return rows.length === 0 ? "" : tableText(head, 0, rows);
}
