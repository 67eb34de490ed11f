import { indexLines, type LineIndex } from "../../dockerfile/text.ts";
import { formatBytes } from "../../util/bytes.ts";
import type { Ink } from "../../report/ink.ts";
import { plural } from "../../report/words.ts";
import type { Finding } from "../finding.ts";
import type { LintedFile, LintResult } from "../lint.ts";
import { fixLine, headline, heldLine, summarize } from "./summary.ts";

const colors = { error: "red", warning: "yellow", info: "dim" } as const;

/** What a person reads: the total first, then each file's findings with the source they are about. */
export function terminalReport(result: LintResult, ink: Ink): string {
  const summary = summarize(result);
  const color = summary.errors > 0 ? "red" : summary.warnings > 0 ? "yellow" : "green";
  const blocks = [ink.paint("bold", ink.paint(color, headline(summary)))];
  for (const file of result.files) {
    if (file.shown.length === 0) continue;
    blocks.push(ink.paint("bold", ink.printable(file.path)));
    const lines = indexLines(file.text);
    for (const finding of file.shown) blocks.push(findingText(finding, file, lines, ink));
  }
  const last = [heldLine(summary.held), fixLine(summary), ignoredLine(summary.ignored)].filter(
    (line) => line !== undefined,
  );
  if (last.length > 0) blocks.push(last.join("\n"));
  return blocks.join("\n\n");
}

/** One line for each finding and nothing else, as compilers write. */
export function shortReport(result: LintResult, ink: Ink): string {
  return result.findings
    .map((one) => {
      const place = `${one.path}:${one.start.line}:${one.start.column}`;
      return `${ink.printable(`${place}: ${one.severity}: ${one.message}`)} [${one.rule.name}]`;
    })
    .join("\n");
}

function ignoredLine(ignored: number): string | undefined {
  return ignored === 0 ? undefined : `${plural(ignored, "finding")} ignored by comments or the baseline`;
}

function findingText(finding: Finding, file: LintedFile, lines: LineIndex, ink: Ink): string {
  const { line, column } = finding.start;
  const notes = [
    finding.waste === undefined ? undefined : `about ${formatBytes(finding.waste)}`,
    finding.fix === undefined ? undefined : finding.fix.risk === "safe" ? "fixable" : "fixable with --unsafe",
  ].filter((note) => note !== undefined);
  const tail = notes.length === 0 ? "" : ` (${notes.join(", ")})`;
  const name = finding.rule.name + (finding.code === undefined ? "" : ` ${finding.code}`);
  const head = `  ${line}:${column}  ${ink.paint(colors[finding.severity], finding.severity)}  ${ink.printable(finding.message)}${ink.paint("dim", `${tail}  ${name}`)}`;
  return file.text === "" ? head : `${head}\n${frame(finding, lines, ink)}`;
}

/** The line of a finding with what it is about underlined. */
function frame(finding: Finding, lines: LineIndex, ink: Ink): string {
  const { start, end } = finding;
  const text = lines.line(start.line).replaceAll("\t", " ");
  const from = Math.min(start.column - 1, text.length);
  const till = end.line > start.line ? text.trimEnd().length : end.column - 1;
  const gutter = `  ${String(start.line)} | `;
  const room = Math.max(20, ink.width - gutter.length);
  // A long line is shown from a little before the place on.
  const cut = text.length <= room ? 0 : Math.max(0, Math.min(from - 10, text.length - room));
  const shown = (cut === 0 ? "" : "…") + text.slice(cut === 0 ? 0 : cut + 1, cut + room);
  const length = Math.max(1, Math.min(till, cut + room) - from);
  const pad = " ".repeat(gutter.length - 2);
  const carets = `${" ".repeat(Math.max(0, from - cut))}${"^".repeat(length)}`;
  const further = end.line > start.line && end.column > 1 ? ` to line ${end.line}` : "";
  return [
    `${ink.paint("dim", gutter)}${ink.printable(shown)}`,
    `${ink.paint("dim", `${pad}| `)}${ink.paint(colors[finding.severity], carets)}${ink.paint("dim", further)}`,
  ].join("\n");
}
