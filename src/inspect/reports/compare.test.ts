import { expect, test } from "vitest";
import { printable } from "../../report/text.ts";
import { compareImages } from "../compare/compare.ts";
import type { Subject } from "../compare/subject.ts";
import { analysisOf } from "../testing/analyses.ts";
import { trainImage } from "../testing/train-image.ts";
import { compareMarkdown } from "./compare-markdown.ts";
import { compareTerminal } from "./compare-terminal.ts";
import { jsonReport } from "./json.ts";

const ink = { width: 100, printable, paint: (_: unknown, text: string) => text };
const evil = "<script>|`x`\u001b[2J\u202e\udcff\n@team";

function subject(label: string, analysis: Parameters<typeof jsonReport>[0]): Subject {
  return { label, report: jsonReport(analysis), layers: undefined };
}

test("names from outside are no markup and steer no terminal", () => {
  const owner = { manager: "pip" as const, name: evil, version: evil, home: evil };
  const kind = { name: "apt-lists", title: evil, risk: "safe" as const, why: evil, edit: evil };
  const hostile = analysisOf({
    name: evil,
    steps: [{ text: evil }],
    files: [{ path: evil, bytes: 5_000_000, layer: 0, package: owner, class: kind }],
  });
  const comparison = compareImages([subject(evil, hostile), subject("train", trainImage())]);
  const shown = compareTerminal(comparison, ink);
  expect(shown).not.toMatch(/[\u001b\u202e\udcff]/);
  const comment = compareMarkdown(comparison);
  // In code nobody is mentioned.
  expect(comment.replaceAll(/<code>.*?<\/code>/g, "")).not.toMatch(/<script>|@team|\u001b/);
  for (const line of comment.split("\n").filter((line) => line.startsWith("|")))
    expect(line).toMatch(/^\|.*\|$/);
});

test("of several images each has its part, and each pair its row", () => {
  const names = ["one", "two", "three"];
  const comparison = compareImages(names.map((name) => subject(name, trainImage())));
  expect(comparison.transfers).toHaveLength(6);
  const shown = compareTerminal(comparison, ink);
  expect(shown).toMatch(/^3 images: 2\.9 GB unpacked on one machine, 8\.6 GB if they shared nothing\n/);
  expect(shown).toContain("Packages and classes: #3 against #1\n  the same packages and classes");
  expect(shown).toMatch(/\n {2}#1 +#2 +nothing +not known\n/);
  expect(shown.split("\n").filter((line) => line.length > 100)).toEqual([]);
});
