import type { CheckReport } from "../compare-checks.ts";
import type { CheckResult } from "../result.ts";

/** How many checks of a report ended how. */
export interface CheckCounts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Counts a report's results. */
export function countChecks({ results }: Pick<CheckReport, "results">): CheckCounts {
  const count = (outcome: CheckResult["outcome"]): number =>
    results.filter((one) => one.outcome === outcome).length;
  return { passed: count("passed"), failed: count("failed"), skipped: count("skipped") };
}
