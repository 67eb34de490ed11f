import { codeSpans, printableLine } from "./text.ts";

/** GitHub cuts comments off at 65,536 characters; some room is left for what others write around a report. */
export const longestComment = 60_000;

/** Text from outside as plain text of a table's cell: no markup, no mention of a person. */
export function cellText(value: string): string {
  return escapeHtml(value)
    .replaceAll(/[\\`*_{}[\]()#+!|~]/g, (char) => `\\${char}`)
    .replaceAll("@", "&#64;");
}

/** Text from outside as code, also in a table's cell. */
export function codeText(value: string): string {
  return `<code>${escapeHtml(value).replaceAll("|", "&#124;")}</code>`;
}

/** A sentence with code between backticks as a table's cell. */
export function proseText(value: string): string {
  return codeSpans(value)
    .map(({ text, code }) => (code ? codeText(text) : cellText(text)))
    .join("");
}

/** Text from outside as HTML, in one line. */
export function escapeHtml(value: string): string {
  return value
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll(/[\r\n]+/g, " ");
}

/** The same of text that may hold anything, on one line. */
export function lineText(value: string): string {
  return cellText(printableLine(value));
}

/** Text that may hold anything as code, on one line. */
export function lineCode(value: string): string {
  return codeText(printableLine(value));
}

/** A table whose first `right` columns are numbers. Cells are Markdown already. */
export function tableText(
  head: readonly string[],
  right: number,
  rows: readonly (readonly string[])[],
): string {
  const rule = `|${head.map((_, at) => (at < right ? "--:" : "---")).join("|")}|`;
  return [tableLine(head), rule, ...rows.map(tableLine)].join("\n");
}

function tableLine(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** A table that opens on a click; empty where there are no rows. */
export function foldedTable(
  title: string,
  head: readonly string[],
  right: number,
  rows: readonly (readonly string[])[],
): string {
  if (rows.length === 0) return "";
  return `<details><summary>${title}</summary>\n\n${tableText(head, right, rows)}\n\n</details>`;
}

/** The parts of a comment that are not empty, as many of the first ones as GitHub takes. */
export function fitting(parts: readonly string[]): string {
  const kept: string[] = [];
  let length = 0;
  for (const part of parts) {
    length += part.length + 2;
    if (part !== "" && length <= longestComment) kept.push(part);
  }
  return kept.join("\n\n");
}
