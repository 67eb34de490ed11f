import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isDdiffError } from "../../util/errors.ts";
import type { AnalysisJson } from "../reports/json-schema.ts";
import { jsonReport } from "../reports/json.ts";
import { analysisOf } from "../testing/analyses.ts";
import { trainImage } from "../testing/train-image.ts";
import { baselineOf } from "./baseline.ts";
import { judgeImage } from "./judge.ts";
import { fitsName, readBudget } from "./rules.ts";

const report = jsonReport(trainImage());

/** What a budget says of the image, as `measure kind: level`. */
function levels(yaml: string, baseline?: AnalysisJson, image = report): string[] {
  const { rules = [] } = readBudget(yaml, ".ddiff.yaml")?.of(["train:latest"]) ?? {};
  const before = baseline === undefined ? undefined : baselineOf("before", baseline);
  const { judged } = judgeImage({ label: "train:latest", report: image, rules, baseline: before });
  return judged.checks.map(({ measure, kind, level }) => `${measure} ${kind}: ${level}`);
}

function growth(limit: string): string {
  return `budget: { growth: { files: ${limit} } }`;
}

describe("a budget", () => {
  test("is broken by what is more than a limit, and not by what is as much", () => {
    const { tar } = report.sizes;
    expect(levels(`budget: { limits: { uncompressed: ${tar} } }`)).toEqual(["uncompressed limit: ok"]);
    expect(levels(`budget: { limits: { uncompressed: ${tar - 1} } }`)).toEqual(["uncompressed limit: hard"]);
    expect(levels(`budget: { limits: { uncompressed: { soft: ${tar - 1}, hard: 99GB } } }`)).toEqual([
      "uncompressed limit: soft",
    ]);
  });

  test("is of the whole, of the largest layer, of waste and of classes; a class that is not there is 0", () => {
    const limits =
      "{ compressed: 1GB, files: 3GB, waste: 1.3GB, layer: 2GB, classes: { pip-cache: 700MB, vcs: 0 } }";
    expect(levels(`budget: { limits: ${limits} }`)).toEqual([
      "compressed limit: hard",
      "files limit: ok",
      "waste limit: hard",
      "layer limit: hard",
      "class pip-cache limit: hard",
      "class vcs limit: ok",
    ]);
  });

  test("of growth is in bytes or a share of the baseline, and left out without one", () => {
    const small = jsonReport(
      analysisOf({ steps: [{ text: "COPY" }], files: [{ path: "a", bytes: 2_850_000_000, layer: 0 }] }),
    );
    // 2,857 MB against 2,850 MB: 7 MB, or 0.25 %.
    expect(levels(growth("{ soft: 0.1%, hard: 1% }"), small)).toEqual(["files growth: soft"]);
    expect(levels(growth("7MB"), small)).toEqual(["files growth: hard"]);
    expect(levels(growth("8MB"), small)).toEqual(["files growth: ok"]);
    expect(levels(growth("0"), report)).toEqual(["files growth: ok"]);
    expect(levels(growth("1%"))).toEqual([]);
  });

  test("of some images goes before that of all, limit by limit, and the later one before the earlier", () => {
    const yaml = `budget:
  limits: { files: 1GB, waste: 5GB }
  images:
    - { name: "train:*", limits: { files: 2GB } }
    - { name: "*:latest", limits: { files: { soft: 1GB, hard: 4GB } } }
    - { name: other, limits: { waste: 0 } }
`;
    expect(levels(yaml)).toEqual(["files limit: soft", "waste limit: ok"]);
  });

  test("of a packed size is refused where the place keeps no packed layers", () => {
    const layers = report.layers.map((layer) => ({ ...layer, packed: layer.tar }));
    const judge = () => levels("budget: { limits: { compressed: 1GB } }", undefined, { ...report, layers });
    expect(judge).toThrow("unpacked");
    expect(
      levels("budget: { limits: { uncompressed: 9GB } }", undefined, { ...report, layers }),
    ).toHaveLength(1);
  });

  test("names the step with most of what it limits, and the limit's line", () => {
    const budget = readBudget("budget:\n  limits:\n    classes:\n      pip-cache: 0\n", ".ddiff.yaml");
    const { rules = [] } = budget?.of([]) ?? {};
    const { judged } = judgeImage({ label: "", report, rules, baseline: undefined });
    expect(judged.checks).toMatchObject([{ line: 4, step: { line: 5 }, hard: 0, value: 780_000_000 }]);
  });
});

describe("a configuration", () => {
  test.each([
    ["budget: { limits: { compresed: 1GB } }", /line 1: .*"compresed".*did you mean "compressed"/],
    ["budget:\n  limits:\n    classes: { pip-cash: 0 }", /line 3: .*"pip-cash".*did you mean "pip-cache"/],
    ["budget: { limits: { files: 5% } }", /budget\.limits\.files/],
    ["budget: { limits: { files: much } }", /budget\.limits\.files/],
    ["budget: { growth: { files: { soft: -1 } } }", /budget\.growth\.files/],
    ["budget: [", /line 1/],
  ])("that is wrong is refused: %s", (yaml, message) => {
    expect(() => readBudget(yaml, ".ddiff.yaml")).toThrow(message);
  });

  test("without a budget has none, whatever else is in it", () => {
    expect(readBudget("lint: { profile: strict }", ".ddiff.yaml")).toBeUndefined();
    expect(readBudget("", ".ddiff.yaml")).toBeUndefined();
  });

  test("of any text is read or refused", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((json) => `budget: ${json}`),
        ),
        (text) => {
          try {
            readBudget(text, ".ddiff.yaml")?.of(["a"]);
          } catch (error) {
            expect(isDdiffError(error, "CONFIG_INVALID")).toBe(true);
          }
        },
      ),
    );
  });
});

test("a pattern fits a name as a regular expression with .* for each star would", () => {
  const short = fc.string({ unit: fc.constantFrom("a", "b", "*", "/"), maxLength: 8 });
  fc.assert(
    fc.property(short, short, (pattern, name) => {
      const expression = new RegExp(`^${pattern.replaceAll("*", ".*")}$`);
      expect(fitsName(pattern, name)).toBe(expression.test(name));
    }),
    { numRuns: 2000 },
  );
  expect(fitsName(`${"*a".repeat(50)}b`, "a".repeat(10_000))).toBe(false);
});
