import type { Ink } from "../../report/ink.ts";
import { section, sectionTitle } from "../../report/section.ts";
import { printableLine } from "../../report/text.ts";
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

/** Rows of a section. */
const most = { packages: 15, classes: 12 };
const longestName = 36;

/** What a person reads: sizes side by side, what came and went against the first image, what a client must fetch. */
export function compareTerminal(comparison: Comparison, ink: Ink): string {
  const { images, together, changes } = comparison;
  const blocks = [
    ink.paint("bold", printableLine(compareHeadline(comparison))),
    section(
      "Sizes",
      ["#", "COMPRESSED", "UNCOMPRESSED", "FILES", "SHARED", "UNIQUE", "OWN FILES", "LAYERS", "IMAGE"],
      images.map((image, at) => sizesRow(image, at, images)),
      [0, 1, 2, 3, 4, 5, 6, 7],
      ink,
    ),
    `  together, each layer once: ${plural(together.layers, "layer")}, ${formatBytes(together.packed)} compressed, ${formatBytes(together.tar)} uncompressed`,
    ...changes.flatMap((change) => changeBlocks(change, images, ink)),
    section(
      "What a client must fetch",
      ["IT HAS", "IT WANTS", "AS LAYERS", "AS A BUNDLE"],
      comparison.transfers.map((one) => [
        imageNumber(one.from),
        imageNumber(one.to),
        layersText(one),
        bundleText(one),
      ]),
      [],
      ink,
    ),
  ];
  return blocks.filter((one) => one !== "").join("\n\n");
}

function sizesRow(image: ComparedImage, at: number, images: readonly ComparedImage[]): string[] {
  return [
    imageNumber(at),
    image.compressed ? formatBytes(image.packed) : "not packed",
    formatBytes(image.tar),
    formatBytes(image.visible + image.hidden),
    formatBytes(image.shared.tar),
    formatBytes(image.unique.tar),
    image.ownContent === undefined ? "" : formatBytes(image.ownContent),
    String(image.layers),
    endOf(printableLine(shortName(image, images))),
  ];
}

/** What tells images apart stands at the end of their names. */
function endOf(name: string): string {
  return name.length <= longestName ? name : `…${name.slice(1 - longestName)}`;
}

/** Names of images are long: the other tables name them by their place in the first one. */
function imageNumber(at: number): string {
  return `#${at + 1}`;
}

function changeBlocks(change: ImageChange, images: readonly ComparedImage[], ink: Ink): string[] {
  // With two images there is nothing to tell apart.
  const name = images.length === 2 ? "" : `: ${imageNumber(change.image)} against ${imageNumber(0)}`;
  const files = change.visible + change.hidden;
  const blocks = [
    section(
      `Packages that came, went and changed${name}`,
      ["CHANGE", "BEFORE", "AFTER", "", "PACKAGE", "OF"],
      packageRows(change),
      [0, 1, 2],
      ink,
    ),
    section(
      `Classes of files${name}`,
      ["CHANGE", "BEFORE", "AFTER", "CLASS", ""],
      classRows(change),
      [0, 1, 2],
      ink,
    ),
    savingsBlock(change, name, ink),
  ].filter((one) => one !== "");
  if (blocks.length > 0) return blocks;
  const same = files === 0 ? "the same packages and classes" : `${signedBytes(files)} of files`;
  return [`${sectionTitle(`Packages and classes${name}`, ink)}\n  ${same}`];
}

function packageRows({ packages }: ImageChange): string[][] {
  const { shown, rest } = cutOff(packages, most.packages);
  const rows = shown.map((one) => [
    signedBytes(one.bytes),
    one.before === undefined ? "" : formatBytes(one.before.bytes),
    one.after === undefined ? "" : formatBytes(one.after.bytes),
    fateOf(one),
    printableLine(versionsText(one)),
    printableLine(packageHome({ ...one, version: "" })),
  ]);
  if (rest.count > 0)
    rows.push([signedBytes(rest.bytes), "", "", "", plural(rest.count, "smaller change"), ""]);
  return rows;
}

function classRows({ classes }: ImageChange): string[][] {
  const { shown, rest } = cutOff(classes, most.classes);
  const rows = shown.map((one) => [
    signedBytes(one.bytes),
    formatBytes(one.before),
    formatBytes(one.after),
    printableLine(one.name),
    printableLine(one.title),
  ]);
  if (rest.count > 0) rows.push([signedBytes(rest.bytes), "", "", plural(rest.count, "smaller change"), ""]);
  return rows;
}

function savingsBlock(change: ImageChange, name: string, ink: Ink): string {
  const { rows, estimated, measured } = keptPromises(change.savings);
  if (rows.length === 0) return "";
  const lines = rows.map((one) => [
    formatBytes(one.estimated),
    formatBytes(one.measured),
    printableLine(one.title),
  ]);
  const sum = [formatBytes(estimated), formatBytes(measured), "together"];
  const text = section(
    `What could go, and what of it is gone${name}`,
    ["ESTIMATED", "MEASURED", "WASTE"],
    [...lines, sum],
    [0, 1],
    ink,
  );
  return `${text}\n  all files: ${signedBytes(change.visible + change.hidden)}`;
}
