import { cellText, codeText, escapeHtml, longestComment } from "../../report/markdown.ts";
import { formatBytes } from "../../util/bytes.ts";
import type { Finding } from "../finding.ts";
import type { LintedFile, LintResult } from "../lint.ts";
import { fixLine, headline, heldLine, summarize } from "./summary.ts";

const icons = { error: "❌", warning: "⚠️", info: "ℹ️" } as const;

/** A comment for a pull request: the total, the files by what they waste, and what was found in each, folded. */
export function markdownReport(result: LintResult): string {
  const summary = summarize(result);
  const parts = [`### ${headline(summary)}`];
  const files = result.files.filter((file) => file.shown.length > 0);
  if (files.length > 0) parts.push(overview(files));
  let length = parts.join("\n\n").length;
  let left = files.length;
  for (const file of files) {
    const text = details(file);
    length += text.length + 2;
    if (length > longestComment) break;
    parts.push(text);
    left -= 1;
  }
  if (left > 0) parts.push(`The findings of ${left} more files do not fit here.`);
  const held = heldLine(summary.held);
  if (held !== undefined) parts.push(held);
  const fixes = fixLine(summary);
  if (fixes !== undefined) parts.push(fixes.replaceAll('"', "`"));
  return parts.join("\n\n");
}

function overview(files: readonly LintedFile[]): string {
  const rows = files.map((file) => {
    const count = (severity: string): number => file.shown.filter((one) => one.severity === severity).length;
    const waste = file.shown.reduce((sum, one) => sum + (one.waste ?? 0), 0);
    const cells = [
      codeText(file.path),
      count("error"),
      count("warning"),
      count("info"),
      waste === 0 ? "" : formatBytes(waste),
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return ["| file | errors | warnings | infos | could go |", "|---|--:|--:|--:|--:|", ...rows].join("\n");
}

function details(file: LintedFile): string {
  const rows = file.shown.map((one) => `| ${one.start.line} | ${icons[one.severity]} | ${text(one)} |`);
  return [
    `<details><summary>${escapeHtml(file.path)}</summary>`,
    "",
    "| line | | finding |",
    "|--:|---|---|",
    ...rows,
    "",
    "</details>",
  ].join("\n");
}

function text(finding: Finding): string {
  const waste = finding.waste === undefined ? "" : ` (about ${formatBytes(finding.waste)})`;
  const fixable = finding.fix === undefined ? "" : " 🔧";
  return `${cellText(finding.message)}${waste} ${codeText(finding.rule.name)}${fixable}`;
}
