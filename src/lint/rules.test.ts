import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { engineRules, internalError } from "./engine-rules.ts";
import { fixText } from "./fix.ts";
import type { Example, Rule } from "./rule.ts";
import { ruleFileName, rulePageText, rulesIndexText } from "./rule-pages.ts";
import { rules } from "./rules.ts";
import { allRules } from "./selectors.ts";
import { checkWith } from "./testing/check.ts";

const folder = join(import.meta.dirname, "rules");
const docs = join(import.meta.dirname, "..", "..", "docs", "rules");

/** Ids that say more than one thing, so that several of our rules stand for them. */
const shared = new Set(["DS-0001", "CKV_DOCKER_7", "DL3007", "InvalidDefaultArgInFrom"]);

const examples = rules.flatMap((rule) =>
  rule.examples.map((example, at): [string, Rule, Example] => [`${rule.name} ${at + 1}`, rule, example]),
);

describe("the list of rules", () => {
  test("has every file of rules/ once, in order, under its own name", () => {
    const files = readdirSync(folder)
      .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
      .map((name) => name.slice(0, -3))
      .sort();
    expect(rules.map((rule) => rule.name)).toEqual(files);
  });

  test("names each rule once, and no group like a rule", () => {
    const names = allRules.map((rule) => rule.name);
    expect(names).toEqual([...new Set(names)]);
    expect(allRules.filter((rule) => names.includes(rule.group))).toEqual([]);
  });

  test("gives an id of another linter to one rule only, where it does not mean several", () => {
    const owners = new Map<string, string[]>();
    for (const rule of allRules)
      for (const alias of rule.aliases) owners.set(alias, [...(owners.get(alias) ?? []), rule.name]);
    const doubled = [...owners].filter(([alias, names]) => names.length > 1 && !shared.has(alias));
    expect(doubled).toEqual([]);
  });

  test.each(rules.map((rule) => [rule.name, rule] as const))("%s says what it finds and why", (_, rule) => {
    expect(rule.name).toMatch(/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/);
    expect(rule.meaning).toMatch(/^[^\n]+\.$/);
    expect(rule.why).toMatch(/^[^\n]+\.$/);
    expect(rule.examples.length).toBeGreaterThan(0);
  });
});

describe("examples", () => {
  test.each(examples)("%s: the bad one is found and the good one is not", (_, rule, example) => {
    const bad = checkWith(rule, example.bad, example);
    expect(bad.findings.map((one) => one.rule.name)).toContain(rule.name);
    expect(bad.findings.filter((one) => one.rule !== rule).map((one) => one.message)).toEqual([]);
    expect(checkWith(rule, example.good, example).findings.map((one) => one.message)).toEqual([]);
    for (const one of bad.findings) {
      // One sentence, and what it is about lies in the file.
      expect(one.message).toMatch(/^[^\n]*[^\s.]$/);
      expect(one.at.end).toBeLessThanOrEqual(example.bad.length);
      expect(one.waste ?? 1).toBeGreaterThan(0);
    }
  });

  test.each(examples)("%s: fixing gives what is shown, and then nothing more", (_, rule, example) => {
    const fixed = fixText(example.bad, (text) => checkWith(rule, text, example), true);
    expect(fixed.text).toBe(example.fixed ?? example.bad);
    const again = fixText(fixed.text, (text) => checkWith(rule, text, example), true);
    expect(again.text).toBe(fixed.text);
  });

  test.each(examples)("%s: the fix keeps the line ends of Windows", (_, rule, example) => {
    if (example.fixed === undefined || /<<|`/.test(example.bad)) return;
    const fixed = fixText(dos(example.bad), (text) => checkWith(rule, text, example), true);
    expect(fixed.text).toBe(dos(example.fixed));
  });
});

describe("damaged files", () => {
  const texts = examples.flatMap(([, rule, example]) =>
    [example.bad, example.good].map((text) => ({ kind: rule.kind, text, example })),
  );
  const damage = fc.tuple(
    fc.nat(),
    fc.nat(),
    fc.constantFrom("cut", "insert", "double", "drop"),
    fc.constantFrom(
      "\\\n",
      "\n",
      '"',
      "'",
      "$",
      "${",
      "`",
      "<<EOF\n",
      "[",
      "]",
      "\0",
      "&&",
      "|",
      "--from=",
      "  ",
      "\u{1F600}",
      "#",
      ":",
      "- ",
      "FROM ",
      "!",
    ),
  );

  test("break no rule, and none takes long over them", () => {
    if (texts.length === 0) return;
    fc.assert(
      fc.property(fc.nat(), fc.array(damage, { minLength: 1, maxLength: 6 }), (which, damages) => {
        const one = texts[which % texts.length] ?? { kind: "dockerfile", text: "", example: undefined };
        const text = damages.reduce(broken, one.text);
        for (const rule of rules) {
          if (rule.kind !== one.kind) continue;
          const began = performance.now();
          const { findings } = checkWith(rule, text, one.example);
          const took = performance.now() - began;
          expect(findings.filter((finding) => finding.rule === internalError)).toEqual([]);
          if (took > 500) throw new Error(`${rule.name} took ${took} ms`);
        }
      }),
      { numRuns: 150 },
    );
  });
});

function dos(text: string): string {
  return text.replaceAll("\n", "\r\n");
}

function broken(text: string, [a, b, how, piece]: [number, number, string, string]): string {
  const at = text.length === 0 ? 0 : a % text.length;
  const end = at + (b % 20);
  if (how === "cut") return text.slice(0, at);
  if (how === "insert") return text.slice(0, at) + piece + text.slice(at);
  if (how === "double") return text.slice(0, end) + text.slice(at);
  return text.slice(0, at) + text.slice(end);
}

describe("docs/rules", () => {
  // Out of step? "npm run docs" writes them.
  test.each([...rules, ...engineRules].map((rule) => [rule.name, rule] as const))(
    "%s.md is as the rule says",
    (_, rule) => {
      const path = join(docs, ruleFileName(rule));
      expect(existsSync(path) ? readFileSync(path, "utf8") : "").toBe(rulePageText(rule));
    },
  );

  test("README.md lists them all, and there are no other pages", () => {
    expect(readFileSync(join(docs, "README.md"), "utf8")).toBe(rulesIndexText(allRules));
    const pages = readdirSync(docs).filter((name) => name !== "README.md");
    expect(pages.sort()).toEqual(allRules.map(ruleFileName).sort());
  });
});
