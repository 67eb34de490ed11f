import { describe, expect, test } from "vitest";
import type { Ink } from "../../../report/ink.ts";
import { printable } from "../../../report/text.ts";
import { type CheckReport, compareChecks } from "../compare-checks.ts";
import { type CheckResult, resultOf } from "../result.ts";
import { checkJson } from "./json.ts";
import { checkJunit } from "./junit.ts";
import { comparisonLines, reportLines } from "./terminal.ts";

const ink: Ink = { width: 80, printable, paint: (_, text) => text };

function report(image: string, ...results: CheckResult[]): CheckReport {
  return { image, platform: "linux/amd64", runner: "docker", notes: [], results };
}

const hostile = '\u001b[31mx\u0007 <&"]]>';
const before = report("app:1", resultOf("import", "numpy", {}), resultOf("import", "torch", {}));
const after = report(
  "app:2",
  resultOf("import", "numpy", {}),
  resultOf("import", "torch", { failures: [hostile], stderr: `one\n${hostile}` }),
);

describe("reports of checks", () => {
  test("tell a person what failed and why, last how many, without moving the cursor", () => {
    const lines = reportLines(after, ink);
    expect(lines[0]).toBe("app:2, linux/amd64, with docker");
    expect(lines).toContain("✗ import: torch");
    expect(lines.at(-1)).toBe("1 of 2 checks failed");
    expect(lines.join("\n")).not.toContain("\u001b");
    expect(reportLines(before, ink).at(-1)).toBe("2 checks passed");
  });

  test("of two images tell what was lost", () => {
    const lines = comparisonLines({ before, after, comparison: compareChecks(before, after) }, ink);
    expect(lines).toContain("✗ import: torch");
    expect(lines.at(-1)).toBe("1 check of 2 that worked does not any more");
    const same = comparisonLines({ before, after: before, comparison: compareChecks(before, before) }, ink);
    expect(same.at(-1)).toBe("all 2 checks that passed before pass now");
  });

  test("as JUnit's XML have a case for each check, and nothing that XML cannot hold", () => {
    const skipped = resultOf("service", "web", { skipped: "nothing runs" });
    const xml = checkJunit([report("app:2", ...after.results, skipped)], []);
    expect(xml).toContain('<testsuites name="ddiff check" tests="3" failures="1" errors="0" skipped="1">');
    expect(xml).toContain('<testcase name="numpy" classname="import" time="0.000"/>');
    expect(xml).toContain("[31mx &lt;&amp;&quot;]]&gt;");
    expect(xml).not.toMatch(/[\u0000-\u0008\u000b-\u001f]/);
  });

  test("as JUnit's XML of two images fail only what was lost", () => {
    const old = report("app:1", ...before.results, resultOf("import", "gpu", { failures: ["no"] }));
    const now = report("app:2", ...after.results, resultOf("import", "gpu", { failures: ["no"] }));
    const xml = checkJunit([old, now], [{ before: old, after: now, comparison: compareChecks(old, now) }]);
    expect(xml).toContain('tests="3" failures="1" errors="0" skipped="1"');
  });

  test("for scripts hold everything", () => {
    const json = checkJson([before, after], [{ before, after, comparison: compareChecks(before, after) }]);
    expect(json.reports[1]?.counts).toEqual({ passed: 1, failed: 1, skipped: 0 });
    expect(json.comparisons[0]).toMatchObject({ before: "app:1", after: "app:2", kept: 1 });
  });
});
