import type { CheckReport } from "../slim/check/compare-checks.ts";
import type { ComparedReports } from "../slim/check/reports/json.ts";
import type { Ink } from "../report/ink.ts";

/** What came of a check in the format that was asked for. */
export async function renderChecks(
  reports: readonly CheckReport[],
  compared: readonly ComparedReports[],
  format: string | undefined,
  ink: Ink,
): Promise<string> {
  switch (format) {
    case "json": {
      const { checkJson } = await import("../slim/check/reports/json.ts");
      return JSON.stringify(checkJson(reports, compared), null, 2);
    }
    case "junit":
      return (await import("../slim/check/reports/junit.ts")).checkJunit(reports, compared);
    default: {
      const { comparisonLines, reportLines } = await import("../slim/check/reports/terminal.ts");
      const blocks =
        compared.length > 0
          ? compared.map((one) => comparisonLines(one, ink))
          : reports.map((one) => reportLines(one, ink));
      return blocks.map((lines) => lines.join("\n")).join("\n\n");
    }
  }
}
