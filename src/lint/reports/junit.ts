import { xmlText } from "../../report/xml.ts";
import type { LintResult } from "../lint.ts";
import { summarize } from "./summary.ts";

/** JUnit's XML as CI systems show it: a suite for each file, a failed case for each finding; a clean file is one case that passed. */
export function junitReport(result: LintResult): string {
  const summary = summarize(result);
  const suites = result.files.map((file) => {
    const cases = file.shown.map((one) => {
      const place = `${file.path}:${one.start.line}:${one.start.column}`;
      const name = xmlText(`${one.rule.name} at ${one.start.line}:${one.start.column}`);
      const body = xmlText(`${one.severity}: ${one.message} (${place})`);
      return [
        `    <testcase name="${name}" classname="${xmlText(file.path)}">`,
        `      <failure type="${one.severity}" message="${xmlText(one.message)}">${body}</failure>`,
        "    </testcase>",
      ].join("\n");
    });
    const shown =
      cases.length > 0 ? cases : [`    <testcase name="lint" classname="${xmlText(file.path)}"/>`];
    return [
      `  <testsuite name="${xmlText(file.path)}" tests="${shown.length}" failures="${cases.length}" errors="0">`,
      ...shown,
      "  </testsuite>",
    ].join("\n");
  });
  const tests = result.files.reduce((sum, file) => sum + Math.max(1, file.shown.length), 0);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="ddiff lint" tests="${tests}" failures="${summary.findings}" errors="0">`,
    ...suites,
    "</testsuites>",
  ].join("\n");
}
