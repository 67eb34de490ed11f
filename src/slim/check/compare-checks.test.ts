import { describe, expect, test } from "vitest";
import { type CheckReport, compareChecks } from "./compare-checks.ts";
import { type CheckResult, resultOf } from "./result.ts";

function report(...results: CheckResult[]): CheckReport {
  return { image: "app:1", platform: "linux/amd64", runner: "rootless", notes: [], results };
}

const works = (name: string): CheckResult => resultOf("import", name, {});
const fails = (name: string, why = "no"): CheckResult => resultOf("import", name, { failures: [why] });
const leftOut = (name: string): CheckResult => resultOf("import", name, { skipped: "nothing runs" });

const links = (...failures: string[]): CheckReport => report(resultOf("link", "links", { failures }));
const libraries = (...doubts: string[]): CheckReport => report(resultOf("library", "all", { doubts }));

describe("comparing two images by a list", () => {
  test("tells what worked and does not any more, and why", () => {
    const { lost, kept } = compareChecks(
      report(works("numpy"), works("torch")),
      report(works("numpy"), fails("torch", "ImportError: libgomp")),
    );
    expect(lost).toMatchObject([{ title: "import: torch", why: ["ImportError: libgomp"] }]);
    expect(kept).toBe(1);
  });

  test("what fails in both is nobody's fault, however it is worded; what works now is told", () => {
    const { lost, gained, never } = compareChecks(
      report(fails("gpu", "at 0x1"), fails("sound"), leftOut("x")),
      report(fails("gpu", "at 0x2"), works("sound"), leftOut("x")),
    );
    expect(lost).toEqual([]);
    expect(gained).toEqual(["import: sound"]);
    expect(never).toEqual(["import: gpu", "import: x"]);
  });

  test("what nobody saw working again is lost", () => {
    const { lost } = compareChecks(report(works("a"), works("b")), report(leftOut("a")));
    expect(lost.map(({ title, why }) => [title, why[0]])).toEqual([
      ["import: a", "it was left out: nothing runs"],
      ["import: b", "it was not looked at again"],
    ]);
  });

  test("one more dangling link is lost, though others dangled before", () => {
    expect(compareChecks(links("/a", "/b"), links("/b", "/c")).lost[0]?.why).toEqual(["/c"]);
    expect(compareChecks(links("/a", "/b"), links("/b")).lost).toEqual([]);
  });

  test("a library that was found and now is only where something may load it is lost", () => {
    expect(compareChecks(libraries("/a needs b"), libraries("/a needs b", "/c needs d")).lost).toMatchObject([
      { why: ["/c needs d"] },
    ]);
    expect(compareChecks(libraries("/a needs b"), libraries()).lost).toEqual([]);
  });
});
