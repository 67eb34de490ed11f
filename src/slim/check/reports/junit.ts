import { xmlText } from "../../../report/xml.ts";
import type { CheckReport } from "../compare-checks.ts";
import type { CheckResult } from "../result.ts";
import { countChecks } from "./counts.ts";
import type { ComparedReports } from "./json.ts";

/**
 * JUnit's XML as CI systems show it: a suite for each image and platform, a case for each check. For two images one suite more: a case for each
 * check of the first, failed where what worked no longer does; what failed in both is no failure there.
 */
export function checkJunit(reports: readonly CheckReport[], compared: readonly ComparedReports[]): string {
  const suites =
    compared.length > 0
      ? compared.map(comparisonSuite)
      : reports.map((report) => suiteOf(`${report.image} ${report.platform}`, report.results));
  const sum = (key: "tests" | "failures" | "skipped"): number =>
    suites.reduce((all, suite) => all + suite[key], 0);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="ddiff check" tests="${sum("tests")}" failures="${sum("failures")}" errors="0" skipped="${sum("skipped")}">`,
    ...suites.map(({ xml }) => xml),
    "</testsuites>",
  ].join("\n");
}

interface Suite {
  tests: number;
  failures: number;
  skipped: number;
  xml: string;
}

/** The second image's results, where only what was lost counts as failed. */
function comparisonSuite({ before, after, comparison }: ComparedReports): Suite {
  const lost = new Map(comparison.lost.map((one) => [`${one.kind} ${one.name}`, one]));
  const results = before.results.map((old): CheckResult => {
    const now = after.results.find(({ kind, name }) => kind === old.kind && name === old.name);
    const why = lost.get(`${old.kind} ${old.name}`)?.why;
    if (why !== undefined) return { ...(now ?? old), outcome: "failed", failures: why };
    if (now?.outcome === "passed") return now;
    return { ...old, outcome: "skipped", reason: "it does not work in the first image either" };
  });
  return suiteOf(`${before.image} and ${after.image} ${after.platform}`, results);
}

function suiteOf(name: string, results: CheckResult[]): Suite {
  const { failed, skipped } = countChecks({ results });
  const seconds = results.reduce((sum, one) => sum + one.seconds, 0);
  const numbers = `tests="${results.length}" failures="${failed}" errors="0" skipped="${skipped}" time="${seconds.toFixed(3)}"`;
  const xml = [
    `  <testsuite name="${xmlText(name)}" ${numbers}>`,
    ...results.map(caseOf),
    "  </testsuite>",
  ].join("\n");
  return { tests: results.length, failures: failed, skipped, xml };
}

function caseOf({ kind, name, outcome, failures, reason, seconds, stdout, stderr }: CheckResult): string {
  const head = `    <testcase name="${xmlText(name)}" classname="${kind}" time="${seconds.toFixed(3)}"`;
  if (outcome === "passed") return `${head}/>`;
  if (outcome === "skipped")
    return `${head}>\n      <skipped message="${xmlText(reason)}"/>\n    </testcase>`;
  const [first = ""] = failures;
  return [
    `${head}>`,
    `      <failure type="${kind}" message="${xmlText(first)}">${xmlText(failures.join("\n"))}</failure>`,
    ...(stdout === "" ? [] : [`      <system-out>${xmlText(stdout)}</system-out>`]),
    ...(stderr === "" ? [] : [`      <system-err>${xmlText(stderr)}</system-err>`]),
    "    </testcase>",
  ].join("\n");
}
