import type { Run } from "sarif";
import { describe, expect, test } from "vitest";
import type { Ink } from "../../report/ink.ts";
import { checkFile } from "../check-file.ts";
import type { LintResult } from "../lint.ts";
import type { Report, Rule } from "../rule.ts";
import { contextFor, readAs, settingsFor } from "../testing/check.ts";
import { githubReport } from "./github.ts";
import { jsonReport } from "./json.ts";
import { junitReport } from "./junit.ts";
import { markdownReport } from "./markdown.ts";
import { sarifReport } from "./sarif.ts";
import { shortReport, terminalReport } from "./terminal.ts";

const text = "FROM scratch\n# ddiff ignore=word because so\nRUN one\nRUN two \\\n  three\n";

/** A result with one file, whose rule reports what is given. */
function resultOf(reports: readonly Report[], path = "a b/Dockerfile"): LintResult {
  const rule: Rule = {
    kind: "dockerfile",
    name: "word",
    group: "caches",
    severity: "warning",
    aliases: ["DL3042"],
    meaning: "A word.",
    why: "It is a word.",
    examples: [],
    check: (_, report) => reports.forEach(report),
  };
  const settings = settingsFor(rule);
  const checked = checkFile(readAs("dockerfile", text), settings, { ...contextFor({}), path });
  const file = {
    path,
    absolute: `/x/${path}`,
    text,
    bytes: Buffer.from(text),
    kind: "dockerfile" as const,
    settings,
    recheck: undefined,
    ...checked,
    shown: checked.findings,
  };
  const { findings, ignored } = checked;
  return { files: [file], findings, held: 0, ignored, failed: true, notes: [] };
}

const one: Report = { at: { start: 44, end: 51 }, message: "the one" };
const two: Report = {
  at: { start: 56, end: 59 },
  message: "100% of <b>two</b>, and: more",
  waste: 1.2e9,
  fix: { title: "drop it", risk: "safe", edits: [{ start: 56, end: 59, text: "2" }] },
};
const long: Report = { at: { start: 52, end: 69 }, message: "the whole instruction", waste: 3e8 };

const ink: Ink = { width: 80, printable: (words) => words, paint: (_, words) => words };

describe("the terminal's report", () => {
  test("says the waste first, then each place with its source", () => {
    expect(
      terminalReport(resultOf([one, two, long]), ink),
    ).toBe(`1.5 GB could go: 2 findings in 1 file (2 warnings)

a b/Dockerfile

  4:1  warning  the whole instruction (about 300 MB)  word
  4 | RUN two \\
    | ^^^^^^^^^ to line 5

  4:5  warning  100% of <b>two</b>, and: more (about 1.2 GB, fixable)  word
  4 | RUN two \\
    |     ^^^

1 can be mended by "ddiff fix"
1 finding ignored by comments or the baseline`);
  });

  test("of a clean run is one line", () => {
    expect(terminalReport(resultOf([]), ink)).toBe("no findings in 1 file");
  });

  test("shows the place also where a line is longer than the screen", () => {
    const far = { ...two, at: { start: 56, end: 59 } };
    const report = terminalReport(resultOf([far]), { ...ink, width: 26 });
    for (const line of report.split("\n").filter((shown) => / \| /.test(shown)))
      expect(line.length).toBeLessThanOrEqual(26);
  });

  test("with --quiet is a line for each finding", () => {
    expect(shortReport(resultOf([one, two]), ink)).toBe(
      "a b/Dockerfile:4:5: warning: 100% of <b>two</b>, and: more [word]",
    );
  });
});

test("the JSON report has everything, what is ignored with its reason", () => {
  const report = jsonReport(resultOf([one, two]));
  expect(report.summary).toMatchObject({ findings: 1, warnings: 1, waste: 1.2e9, fixable: 1, ignored: 1 });
  expect(report.findings[0]).toMatchObject({
    rule: "word",
    path: "a b/Dockerfile",
    line: 4,
    column: 5,
    endLine: 4,
    endColumn: 8,
    waste: 1.2e9,
    aliases: ["DL3042"],
    docs: "docs/rules/word.md",
    fix: { title: "drop it", risk: "safe", edits: [{ line: 4, column: 5, endColumn: 8, text: "2" }] },
  });
  expect(report.ignored).toMatchObject([{ message: "the one", by: "comment", reason: "so" }]);
});

test("annotations of GitHub escape what would end them", () => {
  const annotated = githubReport(resultOf([{ ...two, message: "50%\nof: a, b" }, long], "a,b:c/Dockerfile"));
  expect(annotated).toBe(
    [
      "::warning file=a%2Cb%3Ac/Dockerfile,line=4,endLine=5,title=word::the whole instruction (about 300 MB)",
      "::warning file=a%2Cb%3Ac/Dockerfile,line=4,endLine=4,col=5,endColumn=8,title=word::50%25%0Aof: a, b (about 1.2 GB)",
    ].join("\n"),
  );
});

describe("the Markdown report", () => {
  test("has a total, a table and the details folded", () => {
    const report = markdownReport(resultOf([one, two]));
    expect(report).toMatch(/^### 1\.2 GB could go: 1 finding in 1 file/);
    expect(report).toContain("| <code>a b/Dockerfile</code> | 0 | 1 | 0 | 1.2 GB |");
    expect(report).toContain("<details><summary>a b/Dockerfile</summary>");
  });

  test("lets no text from a file be markup, a link or a mention", () => {
    const message = "see @team <script>x</script> [a](http://b) `c` | d\n# e";
    const report = markdownReport(resultOf([{ ...two, message }], "<i>|`x`"));
    expect(report).not.toMatch(/@team|<script>|<i>|\[a\]\(|[^\\]`c/);
    expect(report.split("\n").filter((line) => line.startsWith("| 4 |"))).toHaveLength(1);
  });

  test("fits a comment of GitHub", () => {
    const many = Array.from({ length: 3000 }, () => two);
    expect(markdownReport(resultOf(many)).length).toBeLessThan(65_536);
  });
});

test("the JUnit report is XML whatever the message, and counts", () => {
  const report = junitReport(resultOf([one, { ...two, message: `"a" <b> & 'c' \u0001 \ud800 ]]>` }]));
  expect(report).toContain('<testsuites name="ddiff lint" tests="1" failures="1" errors="0">');
  expect(report).toContain("message=\"&quot;a&quot; &lt;b&gt; &amp; 'c'   ]]&gt;\"");
  expect(report).not.toMatch(/[\u0001\ud800]/);
  expect(junitReport(resultOf([]))).toContain('tests="1" failures="0"');
});

describe("the SARIF report", () => {
  // The whole report was validated with OASIS's schema; its type is made from that schema, and these are what the type cannot say.
  const [run] = sarifReport(resultOf([one, two, long]), "1.2.3").runs as [Run];

  test("names each rule once, with help, and points to it from each result", () => {
    const rules = run.tool.driver.rules ?? [];
    expect(rules.map((rule) => rule.id)).toEqual(["word"]);
    expect(rules[0]).toMatchObject({
      help: { text: expect.stringContaining("docs/rules/word.md"), markdown: expect.any(String) },
      defaultConfiguration: { level: "warning" },
    });
    for (const result of run.results ?? []) expect(rules[result.ruleIndex ?? -1]?.id).toBe(result.ruleId);
  });

  test("counts lines and columns from 1, in UTF-16 units, the end not included", () => {
    expect(run.columnKind).toBe("utf16CodeUnits");
    expect(run.results?.map((one) => one.locations?.[0]?.physicalLocation?.region)).toEqual([
      { startLine: 4, startColumn: 1, endLine: 5, endColumn: 8 },
      { startLine: 4, startColumn: 5, endLine: 4, endColumn: 8 },
      { startLine: 3, startColumn: 1, endLine: 3, endColumn: 8 },
    ]);
  });

  test("has paths as URI references, fixes, fingerprints and suppressions", () => {
    const [, fixed, ignored] = run.results ?? [];
    const uri = "a%20b/Dockerfile";
    expect(fixed?.locations?.[0]?.physicalLocation?.artifactLocation?.uri).toBe(uri);
    expect(fixed?.fixes).toEqual([
      {
        description: { text: "drop it" },
        artifactChanges: [
          {
            artifactLocation: { uri },
            replacements: [
              {
                deletedRegion: { startLine: 4, startColumn: 5, endLine: 4, endColumn: 8 },
                insertedContent: { text: "2" },
              },
            ],
          },
        ],
      },
    ]);
    expect(fixed?.partialFingerprints).toEqual({ "ddiff/v1": expect.stringMatching(/^[0-9a-f]{32}$/) });
    expect(ignored?.suppressions).toEqual([{ kind: "inSource", justification: "so" }]);
  });
});
