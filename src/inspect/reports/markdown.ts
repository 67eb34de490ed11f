import { fitting, foldedTable, lineCode, lineText, proseText, tableText } from "../../report/markdown.ts";
import { printableLine } from "../../report/text.ts";
import { grouped, plural } from "../../report/words.ts";
import { formatBytes } from "../../util/bytes.ts";
import type { Analysis } from "../analysis.ts";
import {
  headline,
  largest,
  packageHome,
  packageName,
  sizesLine,
  stepName,
  stepToEdit,
  surestFirst,
} from "./overview.ts";

const room = { safe: 8, check: 5, risky: 3 };
const most = { packages: 20, classes: 20, copies: 10 };
const icons = { safe: "🟢", check: "🟡", risky: "🔴" } as const;

/** A comment for a pull request: the totals, the largest findings with their edits, the rest folded. */
export function markdownReport(analysis: Analysis): string {
  const { image } = analysis;
  const parts = [
    `### ${headline(analysis)}`,
    `${lineCode(image.name)}, ${image.platform}: ${sizesLine(analysis)}.`,
    findings(analysis),
    foldedTable("Layers", ["#", "packed", "files", "unseen", "step"], 4, layerRows(analysis)),
    foldedTable("Packages", ["size", "files", "package", "of"], 2, packageRows(analysis)),
    foldedTable("Classes of files", ["size", "files", "class", "risk"], 2, classRows(analysis)),
    foldedTable("Several times in the image", ["size", "what", "path"], 1, copyRows(analysis)),
  ];
  return fitting(parts);
}

function findings(analysis: Analysis): string {
  const { shown, rest } = surestFirst(analysis.findings, room);
  if (shown.length === 0) return "";
  const rows = shown.map((one) => [
    formatBytes(one.bytes),
    `${icons[one.risk]} ${one.risk}`,
    lineText(one.title),
    lineCode(stepName(stepToEdit(analysis, one), one.layer)),
    proseText(printableLine(one.edit)),
  ]);
  const more =
    rest.count === 0 ? "" : `\n\n${plural(rest.count, "smaller finding")}, ${formatBytes(rest.bytes)}.`;
  return tableText(["could go", "risk", "what", "where", "instead"], 1, rows) + more;
}

function layerRows({ layers }: Analysis): string[][] {
  return layers.map((one) => [
    String(one.number),
    formatBytes(one.packed),
    formatBytes(one.visible + one.hidden),
    one.hidden === 0 ? "" : formatBytes(one.hidden),
    `${one.step.line === undefined ? "" : `${lineCode(stepName(one.step, one.number))} `}${lineCode(shorten(one.step.text))}`,
  ]);
}

function packageRows({ packages }: Analysis): string[][] {
  const { shown, rest } = largest(packages, most.packages);
  const rows = shown.map((one) => [
    formatBytes(one.bytes),
    grouped(one.files),
    lineText(packageName(one)),
    lineText(packageHome(one)),
  ]);
  if (rest.count > 0)
    rows.push([formatBytes(rest.bytes), grouped(rest.files), plural(rest.count, "smaller package"), ""]);
  return rows;
}

function classRows({ classes }: Analysis): string[][] {
  return largest(classes, most.classes).shown.map((one) => [
    formatBytes(one.bytes),
    grouped(one.files),
    `${lineCode(one.name)} ${lineText(one.title)}`,
    `${icons[one.risk]} ${one.risk}`,
  ]);
}

function copyRows({ copies }: Analysis): string[][] {
  return copies
    .slice(0, most.copies)
    .flatMap(({ name, copies: each }) =>
      each.map((one) => [formatBytes(one.bytes), lineText(name), lineCode(`/${one.path}`)]),
    );
}

function shorten(value: string): string {
  return value.length <= 120 ? value : `${value.slice(0, 119)}…`;
}
