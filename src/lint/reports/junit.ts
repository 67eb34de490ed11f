import type { LintResult } from "../lint.ts";
import { summarize } from "./summary.ts";

/** JUnit's XML as CI systems show it: a suite for each file, a failed case for each finding; a clean file is one case that passed. */
export function junitReport(result: LintResult): string {
  const summary = summarize(result);
  const suites = result.files.map((file) => {
    const cases = file.shown.map((one) => {
      const place = `${file.path}:${one.start.line}:${one.start.column}`;
      const name = attribute(`${one.rule.name} at ${one.start.line}:${one.start.column}`);
      const body = attribute(`${one.severity}: ${one.message} (${place})`);
      return [
        `    <testcase name="${name}" classname="${attribute(file.path)}">`,
        `      <failure type="${one.severity}" message="${attribute(one.message)}">${body}</failure>`,
        "    </testcase>",
      ].join("\n");
    });
    const shown =
      cases.length > 0 ? cases : [`    <testcase name="lint" classname="${attribute(file.path)}"/>`];
    return [
      `  <testsuite name="${attribute(file.path)}" tests="${shown.length}" failures="${cases.length}" errors="0">`,
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

/** Characters that XML 1.0 cannot hold are left out. */
function attribute(text: string): string {
  return text
    .replaceAll(
      /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
      "",
    )
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("\n", "&#10;")
    .replaceAll("\r", "&#13;");
}
