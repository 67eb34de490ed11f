import type { CheckComparison, CheckReport } from "../compare-checks.ts";
import { type CheckCounts, countChecks } from "./counts.ts";

/** The shape is documented in docs/check.md. */
export interface CheckJson {
  version: 1;
  reports: (CheckReport & { counts: CheckCounts })[];
  /** One for each platform, where two images were compared. */
  comparisons: (CheckComparison & { platform: string; before: string; after: string })[];
}

/** Two reports of one platform, and what came of comparing them. */
export interface ComparedReports {
  before: CheckReport;
  after: CheckReport;
  comparison: CheckComparison;
}

/** Everything that was found, for scripts. */
export function checkJson(reports: readonly CheckReport[], compared: readonly ComparedReports[]): CheckJson {
  return {
    version: 1,
    reports: reports.map((report) => ({ ...report, counts: countChecks(report) })),
    comparisons: compared.map(({ before, after, comparison }) => ({
      platform: after.platform,
      before: before.image,
      after: after.image,
      ...comparison,
    })),
  };
}
