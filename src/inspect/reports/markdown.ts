import { cellText, codeText, longestComment, proseText } from "../../report/markdown.ts";
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
    `${code(image.name)}, ${image.platform}: ${sizesLine(analysis)}.`,
    findings(analysis),
    fold("Layers", ["#", "packed", "files", "unseen", "step"], 4, layerRows(analysis)),
    fold("Packages", ["size", "files", "package", "of"], 2, packageRows(analysis)),
    fold("Classes of files", ["size", "files", "class", "risk"], 2, classRows(analysis)),
    fold("Several times in the image", ["size", "what", "path"], 1, copyRows(analysis)),
  ];
  const kept: string[] = [];
  let length = 0;
  for (const part of parts) {
    length += part.length + 2;
    if (part !== "" && length <= longestComment) kept.push(part);
  }
  return kept.join("\n\n");
}

function findings(analysis: Analysis): string {
  const { shown, rest } = surestFirst(analysis.findings, room);
  if (shown.length === 0) return "";
  const rows = shown.map((one) => [
    formatBytes(one.bytes),
    `${icons[one.risk]} ${one.risk}`,
    text(one.title),
    code(stepName(stepToEdit(analysis, one), one.layer)),
    proseText(printableLine(one.edit)),
  ]);
  const more =
    rest.count === 0 ? "" : `\n\n${plural(rest.count, "smaller finding")}, ${formatBytes(rest.bytes)}.`;
  return table(["could go", "risk", "what", "where", "instead"], 1, rows) + more;
}

function layerRows({ layers }: Analysis): string[][] {
  return layers.map((one) => [
    String(one.number),
    formatBytes(one.packed),
    formatBytes(one.visible + one.hidden),
    one.hidden === 0 ? "" : formatBytes(one.hidden),
    `${one.step.line === undefined ? "" : `${code(stepName(one.step, one.number))} `}${code(shorten(one.step.text))}`,
  ]);
}

function packageRows({ packages }: Analysis): string[][] {
  const { shown, rest } = largest(packages, most.packages);
  const rows = shown.map((one) => [
    formatBytes(one.bytes),
    grouped(one.files),
    text(packageName(one)),
    text(packageHome(one)),
  ]);
  if (rest.count > 0)
    rows.push([formatBytes(rest.bytes), grouped(rest.files), plural(rest.count, "smaller package"), ""]);
  return rows;
}

function classRows({ classes }: Analysis): string[][] {
  return largest(classes, most.classes).shown.map((one) => [
    formatBytes(one.bytes),
    grouped(one.files),
    `${code(one.name)} ${text(one.title)}`,
    `${icons[one.risk]} ${one.risk}`,
  ]);
}

function copyRows({ copies }: Analysis): string[][] {
  return copies
    .slice(0, most.copies)
    .flatMap(({ name, copies: each }) =>
      each.map((one) => [formatBytes(one.bytes), text(name), code(`/${one.path}`)]),
    );
}

function fold(title: string, head: readonly string[], right: number, rows: readonly string[][]): string {
  if (rows.length === 0) return "";
  return `<details><summary>${title}</summary>\n\n${table(head, right, rows)}\n\n</details>`;
}

/** A table whose first `right` columns are numbers. */
function table(head: readonly string[], right: number, rows: readonly string[][]): string {
  const rule = `|${head.map((_, at) => (at < right ? "--:" : "---")).join("|")}|`;
  return [tableLine(head), rule, ...rows.map(tableLine)].join("\n");
}

function tableLine(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function shorten(value: string): string {
  return value.length <= 120 ? value : `${value.slice(0, 119)}…`;
}

function text(value: string): string {
  return cellText(printableLine(value));
}

function code(value: string): string {
  return codeText(printableLine(value));
}
