import { expect, test } from "vitest";
import { checkFile } from "./check-file.ts";
import { shellcheck } from "./engine-rules.ts";
import type { FileKind } from "./kinds.ts";
import { defineRule, type Report, type Rule } from "./rule.ts";
import type { Settings } from "./settings.ts";
import { contextFor, readAs, settingsFor } from "./testing/check.ts";

const about = {
  severity: "warning",
  group: "caches",
  meaning: "Any line with the word bad.",
  why: "For tests.",
  examples: [],
} as const;

/** Finds the word "bad", wherever it stands. */
function findBad(file: { text: string }, report: (one: Report) => void): void {
  for (const match of file.text.matchAll(/\bbad\b/g))
    report({ at: { start: match.index, end: match.index + 3 }, message: `bad at ${match.index}` });
}

function wordRule(kind: FileKind, name: string, aliases: readonly string[]): Rule {
  return defineRule({ ...about, kind, name, aliases, check: findBad });
}

function linesFound(
  kind: FileKind,
  text: string,
  aliases: readonly string[],
  more: Partial<Settings> = {},
): number[] {
  const rule = wordRule(kind, "word-rule", aliases);
  const checked = checkFile(readAs(kind, text), { ...settingsFor(rule), ...more }, contextFor({}));
  return checked.findings.map((one) => one.start.line);
}

test.each([
  ["ours, with a reason", "# ddiff ignore=word-rule because it is a test\nRUN bad\nRUN bad\n", [4]],
  ["ours, by group", "# ddiff ignore=caches\nRUN bad\n", []],
  ["ours, several, loosely written", "#ddiff  ignore = other , WORD-RULE\nRUN bad\n", []],
  ["ours, all", "# ddiff ignore=all\nRUN bad\n", []],
  ["another rule's", "# ddiff ignore=word-other\nRUN bad\n", [3]],
  ["hadolint's by the alias", "# hadolint ignore=DL9999,DL3042\nRUN bad\n", []],
  ["hadolint's with words after it", "# hadolint ignore=DL3042 # we know\nRUN bad\n", []],
  ["ShellCheck's by the alias", "# shellcheck disable=SC2086,DL3042\nRUN bad\n", []],
  ["over comments and empty lines between", "# hadolint ignore=DL3042\n# more\n\nRUN bad\n", []],
  [
    "of an instruction over several lines, whole",
    "# ddiff ignore=word-rule\nRUN good \\\n  bad && \\\n  bad\n",
    [],
  ],
  [
    "within an instruction, for the next line only",
    "RUN bad && \\\n# ddiff ignore=word-rule\n  bad && \\\n  bad\n",
    [2, 5],
  ],
  ["below its instruction: nothing", "RUN bad\n# ddiff ignore=word-rule\n", [2]],
  ["global, anywhere", "RUN bad\n# ddiff global ignore=word-rule because of all\nRUN bad\n", []],
  ["hadolint's global", "RUN bad\n# hadolint global ignore=DL3042\n", []],
  [
    "a stage from there on",
    "RUN bad\n# hadolint stage ignore=DL3042\nRUN bad\nRUN bad\nFROM scratch\nRUN bad\n",
    [2, 7],
  ],
  [
    "the stage below it, ours",
    "RUN bad\n# ddiff stage ignore=word-rule because of it\nFROM scratch\nRUN bad\nFROM scratch\nRUN bad\n",
    [2, 7],
  ],
  ["the last stage", "RUN bad\n# Hadolint Stage Ignore=DL3042\nRUN bad && \\\n bad\n", [2]],
])("a comment silences in a Dockerfile: %s", (_, text, lines) => {
  expect(linesFound("dockerfile", `FROM scratch\n${text}`, ["DL3042", "SomeCheck"])).toEqual(lines);
});

test.each([
  ["# check=skip=SomeCheck", []],
  ["# check=skip=OtherCheck,SomeCheck;error=true", []],
  ["# check=skip=all", []],
  ["# check=skip=OtherCheck", [3]],
  ["# check=error=true", [3]],
])("the directive %s does what it does for BuildKit", (line, lines) => {
  expect(linesFound("dockerfile", `${line}\nFROM scratch\nRUN bad\n`, ["SomeCheck"])).toEqual(lines);
});

test.each([
  ["the next instruction only", "FROM scratch\n# check=skip=SomeCheck // why\nRUN bad\nRUN bad\n", [4]],
  ["after an empty line at the top", "\n# check=skip=SomeCheck\nFROM bad\n", []],
  ["and another check not", "FROM scratch\n# check=skip=OtherCheck\nRUN bad\n", [3]],
])("check=skip as a comment is for %s", (_, text, lines) => {
  expect(linesFound("dockerfile", text, ["SomeCheck"])).toEqual(lines);
});

test("skip=all of BuildKit leaves rules that are none of its checks", () => {
  expect(linesFound("dockerfile", "# check=skip=all\nFROM scratch\nRUN bad\n", ["DL3042"])).toEqual([3]);
});

test("error=true makes BuildKit's checks errors, others stay", () => {
  const text = "# check=error=true\nFROM scratch\nRUN bad\n";
  const severities = (aliases: readonly string[]) => {
    const rule = wordRule("dockerfile", "word-rule", aliases);
    return checkFile(readAs("dockerfile", text), settingsFor(rule), contextFor({})).findings[0]?.severity;
  };
  expect([severities(["SomeCheck"]), severities(["DL3042"])]).toEqual(["error", "warning"]);
});

test("in a compose file a comment is about the block below it", () => {
  const text = `services:
  # ddiff ignore=word-rule because of its vendor
  a:
    image: bad
    command: bad
  b:
    image: bad
    # ddiff ignore=word-rule
    command: bad
    user: bad
`;
  expect(linesFound("compose", text, [])).toEqual([7, 10]);
});

test("in a .dockerignore a comment is about the next line", () => {
  expect(linesFound("ignore", "# ddiff ignore=word-rule\nbad\nbad/x\n", [])).toEqual([3]);
});

test("what was silenced is kept with its reason", () => {
  const rule = wordRule("dockerfile", "word-rule", []);
  const text = "FROM scratch\n# ddiff ignore=word-rule because the base needs it\nRUN bad\n";
  const { findings, ignored } = checkFile(readAs("dockerfile", text), settingsFor(rule), contextFor({}));
  expect(findings).toEqual([]);
  expect(ignored).toMatchObject([
    { by: "comment", reason: "the base needs it", message: expect.stringMatching(/^bad at/) },
  ]);
});

test("comments that silence nothing, or do not say why, are told where that is wanted", () => {
  const rule = wordRule("dockerfile", "word-rule", []);
  const text = "FROM scratch\n# ddiff ignore=word-rule\nRUN good\n# hadolint ignore=DL3008\nRUN good\n";
  const found = (settings: Partial<Settings>) =>
    checkFile(readAs("dockerfile", text), { ...settingsFor(rule), ...settings }, contextFor({})).findings.map(
      (one) => `${one.rule.name} ${one.start.line}`,
    );
  expect(found({})).toEqual([]);
  expect(found({ requireReason: true })).toEqual(["ignore-without-reason 2"]);
  expect(found({ severity: (one) => (one.name === "unused-ignore" ? "info" : one.severity) })).toEqual([
    "unused-ignore 2",
  ]);
});

test("a rule that fails is a finding that names it, and what it had found is not told", () => {
  const failing: Rule = {
    ...about,
    kind: "dockerfile",
    name: "fails",
    aliases: [],
    check(_, report) {
      report({ at: { start: 0, end: 1 }, message: "half" });
      throw new Error("no such thing");
    },
  };
  const { findings } = checkFile(
    readAs("dockerfile", "FROM scratch\n"),
    settingsFor(failing),
    contextFor({}),
  );
  expect(findings.map((one) => [one.rule.name, one.message])).toEqual([
    ["internal-error", "the rule fails failed: no such thing"],
  ]);
});

test("what comes after a place that cannot be read is not told", () => {
  const text = "FROM scratch\nRUN bad\nBAD_ONE x\nRUN bad\nBAD_TWO\n";
  const rule = wordRule("dockerfile", "word-rule", []);
  const { findings } = checkFile(readAs("dockerfile", text), settingsFor(rule), contextFor({}));
  expect(findings.map((one) => [one.rule.name, one.start.line])).toEqual([
    ["word-rule", 2],
    ["syntax-error", 3],
  ]);
  expect(findings[1]?.message).toMatch(/\(and 1 more\)$/);
});

test.each([
  ["# hadolint ignore=SC2086", {}, []],
  ["# shellcheck disable=SC2086", {}, []],
  ["# ddiff ignore=shellcheck", {}, []],
  ["# hadolint ignore=SC2046", {}, ["warning"]],
  ["#", { codes: new Map([["SC2086", "error"]]) }, ["error"]],
  ["#", { codes: new Map([["SC2086", "off"]]) }, []],
  ["#", { severity: () => "info" }, ["info"]],
] as const)("a finding of ShellCheck heeds its code and its rule: %s %j", (comment, settings, severities) => {
  const rule = wordRule("dockerfile", "word-rule", []);
  const text = `FROM scratch\n${comment}\nRUN rm -rf $x\n`;
  const place = text.indexOf("$x");
  const at = { start: place, end: place + 2 };
  const outside = [{ rule: shellcheck, severity: "warning", code: "SC2086", message: "quote", at }] as const;
  const checked = checkFile(
    readAs("dockerfile", text),
    { ...settingsFor(rule), ...settings } as Settings,
    contextFor({}),
    outside,
  );
  expect(checked.findings.map((one) => one.severity)).toEqual(severities);
});
