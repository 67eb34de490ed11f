import { formatBytes } from "../../util/bytes.ts";
import type { LintResult } from "../lint.ts";

const commands = { error: "error", warning: "warning", info: "notice" } as const;

/** Lines that GitHub Actions turns into annotations (workflow commands). */
export function githubReport(result: LintResult): string {
  return result.findings
    .map((one) => {
      const waste = one.waste === undefined ? "" : ` (about ${formatBytes(one.waste)})`;
      // Columns are left out over several lines: GitHub refuses them there.
      const columns =
        one.start.line === one.end.line
          ? [
              ["col", String(one.start.column)],
              ["endColumn", String(one.end.column)],
            ]
          : [];
      const properties = [
        ["file", one.path.replaceAll("\\", "/")],
        ["line", String(one.start.line)],
        ["endLine", String(one.end.line)],
        ...columns,
        ["title", one.code === undefined ? one.rule.name : `${one.rule.name} ${one.code}`],
      ];
      const listed = properties.map(([key = "", value = ""]) => `${key}=${escapeProperty(value)}`).join(",");
      return `::${commands[one.severity]} ${listed}::${escapeData(one.message + waste)}`;
    })
    .join("\n");
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
