import type { Analysis } from "../inspect/analysis.ts";
import type { Ink } from "../report/ink.ts";
import { version } from "./version.ts";

/** An analysis in the format that was asked for. */
export async function renderAnalysis(
  analysis: Analysis,
  format: string | undefined,
  ink: Ink,
  { quiet, tree }: { quiet: boolean; tree: boolean },
): Promise<string> {
  switch (format) {
    case "json": {
      const { jsonReport } = await import("../inspect/reports/json.ts");
      return JSON.stringify(jsonReport(analysis), null, 2);
    }
    case "sarif": {
      const { sarifReport } = await import("../inspect/reports/sarif.ts");
      return JSON.stringify(sarifReport(analysis, version), null, 2);
    }
    case "html":
      return (await import("../inspect/reports/html/html.ts")).htmlReport(analysis);
    case "markdown":
      return (await import("../inspect/reports/markdown.ts")).markdownReport(analysis);
    default: {
      const { shortReport, terminalReport } = await import("../inspect/reports/terminal.ts");
      return quiet ? shortReport(analysis) : terminalReport(analysis, ink, tree);
    }
  }
}
