import { expect, test } from "vitest";
import { applyEdits } from "../fix.ts";
import { rules } from "../rules.ts";
import { checkWith, readAs } from "../testing/check.ts";
import { ignoreComments } from "./ignore-comment.ts";

const examples = rules.flatMap((rule) =>
  rule.examples.map((example, at) => ({ name: `${rule.name} ${at + 1}`, rule, example })),
);

test.each(examples)("a comment silences what $name finds", ({ rule, example }) => {
  const { findings } = checkWith(rule, example.bad, example);
  for (const finding of findings) {
    const tries = ignoreComments(readAs(rule.kind, example.bad), finding);
    const left = tries.map((edit) => {
      const after = applyEdits(example.bad, [edit]);
      return after === undefined ? findings.length : checkWith(rule, after, example).findings.length;
    });
    expect(Math.min(...left)).toBeLessThan(findings.length);
  }
});

test("a comment about a whole file leaves the directives at its top what they are", () => {
  const file = readAs("dockerfile", "# syntax=docker/dockerfile:1\n# escape=`\nFROM debian\n");
  const [rule] = rules;
  const top = { line: 1, column: 1 };
  const at = { start: 0, end: 0 };
  const finding = {
    rule,
    severity: "info",
    path: "",
    at,
    start: top,
    end: top,
    message: "",
    fingerprint: "",
  } as const;
  const [edit] = ignoreComments(file, finding as Parameters<typeof ignoreComments>[1]);
  expect(applyEdits(file.text, [edit ?? { ...at, text: "" }])).toMatch(
    /^# syntax=.*\n# escape=`\n# ddiff global ignore=.*\nFROM/,
  );
});
