import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv, type AnySchema } from "ajv";
import { describe, expect, test } from "vitest";
import { printable } from "../../report/text.ts";
import { analysisOf } from "../testing/analyses.ts";
import { hostileImage, hostileName } from "../testing/hostile-image.ts";
import { largeImage, trainImage } from "../testing/train-image.ts";
import { jsonReport } from "./json.ts";
import { analysisJsonSchema, analysisSchema } from "./json-schema.ts";
import { markdownReport } from "./markdown.ts";
import { sarifReport } from "./sarif.ts";
import { shortReport, terminalReport } from "./terminal.ts";

const ink = { width: 90, printable, paint: (_: unknown, text: string) => text };

describe("the terminal's report", () => {
  const text = terminalReport(trainImage(), ink, true);

  test("says first what could go, then names the largest with line and edit", () => {
    expect(text).toMatch(
      /^1\.3 GB of 2\.9 GB could go safely, 150 kB more with a check, 6 MB more at a risk\ntrain:latest, linux\/amd64: 6 layers, 1\.3 GB packed, 2\.9 GB of files; 509 MB of them no container sees\n/,
    );
    expect(text).toContain(
      `What could go
  780 MB  safe   what pip downloaded
          Dockerfile:5  RUN pip install torch numpy
          Write \`RUN --mount=type=cache,target=/root/.cache/pip pip install\`.
  500 MB  safe   removed in layer 5
          Dockerfile:6  COPY model.safetensors /srv/model.safetensors
`,
    );
  });

  test("names the surest first, and sums up those that it has no room for", () => {
    expect(
      text
        .match(/(?<=MB|kB) {2}(?:safe|check|risky) /g)
        ?.slice(0, 7)
        .map((word) => word.trim()),
    ).toEqual(["safe", "safe", "safe", "safe", "check", "check", "risky"]);
    const image = trainImage();
    image.findings = Array.from({ length: 9 }, () => image.findings[0]).filter((one) => one !== undefined);
    expect(terminalReport(image, ink)).toContain(
      "\n  4 smaller findings, 3.1 GB; --format html shows them\n",
    );
  });

  test("shows layers, packages, classes, copies and programs", () => {
    expect(text).toContain("  3  225 MB  500 MB  500 MB     6  COPY model.safetensors");
    expect(text).toMatch(/\n {2}1\.3 GB +4 {2}torch 2\.4\.1 +pip in \/opt\/venv\/lib/);
    expect(text).toMatch(/\n {2}833 MB +3 {2}in no package\n/);
    expect(text).toMatch(/\n {3}47 MB +1 {2}safe +apt-lists +lists of apt\n/);
    expect(text).toMatch(/110 MB {2}libcublas {2}libcublas12 12\.1\.3 .*\n {2}108 MB {13}nvidia-cublas-cu12/);
    expect(text).toMatch(/python {2}3\.11\.2 {3}\/usr\/bin\/python3\.11$/);
  });

  test("draws the largest folders as a tree, a folder that one child fills in one line", () => {
    expect(text).toContain(`Folders
  2.3 GB  /
  1.4 GB  ├─ opt/venv/lib/python3.11/site-packages/
  1.3 GB  │  ├─ torch/lib/
  846 MB  │  │  ├─ libtorch_cuda.so
  433 MB  │  │  └─ libtorch_cpu.so
  108 MB  │  └─ nvidia/cublas/lib/libcublas.so.12
`);
    expect(terminalReport(trainImage(), ink)).not.toContain("Folders");
  });

  test("fits the screen", () => {
    const lines = terminalReport(largeImage(3000), { ...ink, width: 60 }, true).split("\n");
    expect(lines.filter((line) => line.length > 60 && !line.startsWith("large:"))).toEqual([]);
    expect(lines.length).toBeLessThan(140);
  });

  test("of an image without waste says so", () => {
    const clean = analysisOf({ steps: [{ text: "COPY a /a" }], files: [{ path: "a", bytes: 10, layer: 0 }] });
    expect(terminalReport(clean, ink)).toMatch(/^nothing of 10 B is waste\n/);
    expect(shortReport(clean)).toBe("");
  });

  test("of an empty image is no failure", () => {
    expect(terminalReport(analysisOf({ steps: [], files: [] }), ink, true)).toContain("0 layers");
  });

  test("with --quiet is a line for each finding", () => {
    expect(shortReport(trainImage()).split("\n").slice(0, 2)).toEqual([
      "780000000 safe Dockerfile:5: what pip downloaded [class pip-cache]",
      "500000000 safe Dockerfile:6: removed in layer 5 [removed-later]",
    ]);
  });

  test("lets no name steer the terminal or begin a line of its own", () => {
    for (const report of [terminalReport(hostileImage(), ink, true), shortReport(hostileImage())]) {
      expect(report).not.toMatch(/[\u001b\u202e\udcff]|^@team/m);
      expect(report).toContain("\\x1b[2J");
    }
  });
});

describe("the JSON report", () => {
  test.each([
    ["a usual image", trainImage()],
    ["hostile names", hostileImage()],
    ["nothing", analysisOf({ steps: [], files: [] })],
  ])("of %s is as its schema says", (_, analysis) => {
    const written: unknown = JSON.parse(JSON.stringify(jsonReport(analysis)));
    expect(analysisSchema.safeParse(written).error).toBeUndefined();
    const validate = new Ajv({ strict: false }).compile(analysisJsonSchema() as AnySchema);
    expect(validate(written) || validate.errors).toBe(true);
  });

  test("is as the published schema says", () => {
    // Out of step? "npm run docs" writes it.
    const docs = join(import.meta.dirname, "..", "..", "..", "docs", "analyze-report.schema.json");
    expect(JSON.parse(readFileSync(docs, "utf8"))).toEqual(JSON.parse(JSON.stringify(analysisJsonSchema())));
  });

  test("has exact totals and few paths", () => {
    const { findings, sizes } = jsonReport(largeImage(3000));
    expect(sizes.check).toBe(findings.reduce((sum, one) => sum + one.bytes, 0));
    expect(findings[0]?.files).toBeGreaterThan(100);
    expect(findings[0]?.largest).toHaveLength(10);
  });

  test("keeps names that are not UTF-8", () => {
    const written = JSON.parse(JSON.stringify(jsonReport(hostileImage()))) as {
      programs: { path: string }[];
    };
    expect(written.programs[0]?.path).toBe(hostileName);
  });
});

describe("the Markdown report", () => {
  test("has the totals, the largest with line and edit, and the rest folded", () => {
    const report = markdownReport(trainImage());
    expect(report).toMatch(/^### 1\.3 GB of 2\.9 GB could go safely/);
    expect(report).toContain(
      "| 780 MB | 🟢 safe | what pip downloaded | <code>Dockerfile:5</code> | Write <code>RUN --mount=type=cache,target=/root/.cache/pip pip install</code>. |",
    );
    expect(report).toContain("<details><summary>Packages</summary>");
  });

  test("lets no text from an image be markup, a link or a mention", () => {
    const report = markdownReport(hostileImage());
    expect(report).not.toMatch(/<script|[\u001b\u202e\udcff]/);
    for (const line of report.split("\n")) {
      if (line.startsWith("|")) expect(line.replaceAll(/\\\||<code>.*?<\/code>/g, "")).not.toContain("@");
      expect(line).not.toMatch(/^@team/);
    }
  });

  test("fits a comment of GitHub", () => {
    const steps = Array.from({ length: 900 }, (_, i) => ({ text: `RUN ${i} ${"x".repeat(200)}` }));
    const report = markdownReport(analysisOf({ steps, files: [{ path: "a", bytes: 1, layer: 0 }] }));
    expect(report.length).toBeLessThan(65_536);
  });
});

describe("the SARIF report", () => {
  // Its type is made from OASIS's schema; these are what the type cannot say.
  const [run] = sarifReport(trainImage(), "1.2.3").runs;

  test("names each rule once and points to it from each result", () => {
    const rules = run?.tool.driver.rules ?? [];
    expect(rules.map((rule) => rule.id)).toEqual([
      "image-class-pip-cache",
      "image-removed-later",
      "image-class-apt-lists",
      "image-copied",
      "image-class-static-libraries",
      "image-class-byte-code",
    ]);
    for (const result of run?.results ?? []) expect(rules[result.ruleIndex ?? -1]?.id).toBe(result.ruleId);
  });

  test("is about the line to be changed: of a copy the one that copies", () => {
    const places = new Map(
      run?.results?.map((one) => [one.ruleId, one.locations?.[0]?.physicalLocation] as const),
    );
    expect(places.get("image-copied")).toEqual({
      artifactLocation: { uri: "Dockerfile" },
      region: { startLine: 8 },
    });
    expect(places.get("image-removed-later")?.region).toEqual({ startLine: 6 });
  });

  test("has a file and a line in every result, for GitHub refuses all for one without", () => {
    const unknown = trainImage();
    for (const { step } of unknown.layers) {
      delete step.line;
      delete step.file;
    }
    for (const [image, file] of [
      [trainImage(), "Dockerfile"],
      [unknown, "train_latest"],
    ] as const) {
      const results = sarifReport(image, "1").runs[0]?.results ?? [];
      const found = results.find((one) => one.ruleId === "image-class-static-libraries");
      expect(found?.locations?.[0]?.physicalLocation).toEqual({
        artifactLocation: { uri: file },
        region: { startLine: 1 },
      });
      expect(found?.message.text).toContain("In layer 0.");
      for (const { locations } of results)
        expect(locations?.[0]?.physicalLocation?.region?.startLine).toBeGreaterThan(0);
    }
  });

  test("knows a finding again when its size has changed", () => {
    const other = trainImage();
    for (const finding of other.findings) finding.bytes += 1;
    const [before, after] = [trainImage(), other].map((analysis) =>
      sarifReport(analysis, "1").runs[0]?.results?.map((one) => JSON.stringify(one.partialFingerprints)),
    );
    expect(after).toEqual(before);
    expect(new Set(after).size).toBe(other.findings.length);
  });
});
