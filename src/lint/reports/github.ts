import { annotationLine } from "../../report/github.ts";
import { formatBytes } from "../../util/bytes.ts";
import type { LintResult } from "../lint.ts";

const levels = { error: "error", warning: "warning", info: "notice" } as const;

/** Lines that GitHub Actions turns into annotations. */
export function githubReport(result: LintResult): string {
  return result.findings
    .map((one) => {
      const waste = one.waste === undefined ? "" : ` (about ${formatBytes(one.waste)})`;
      const { start, end } = one;
      return annotationLine({
        level: levels[one.severity],
        message: one.message + waste,
        title: one.code === undefined ? one.rule.name : `${one.rule.name} ${one.code}`,
        file: one.path,
        line: start.line,
        endLine: end.line,
        // Columns are left out over several lines: GitHub refuses them there.
        ...(start.line === end.line ? { column: start.column, endColumn: end.column } : {}),
      });
    })
    .join("\n");
}
