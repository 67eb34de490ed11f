import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv, type AnySchema } from "ajv";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { readBudget } from "../inspect/budget/rules.ts";
import { configFileJsonSchema } from "./config-schema.ts";

const docs = join(import.meta.dirname, "..", "..", "docs");

test("the published schema is the one that is checked with", () => {
  // Out of step? "npm run docs" writes it.
  const published: unknown = JSON.parse(readFileSync(join(docs, "ddiff-config.schema.json"), "utf8"));
  expect(published).toEqual(JSON.parse(JSON.stringify(configFileJsonSchema())));
});

test("the page about budgets explains every setting, and its example is right", () => {
  const page = readFileSync(join(docs, "budget.md"), "utf8");
  const schema = configFileJsonSchema() as {
    properties: { budget: { properties: { limits: { properties: object } } } };
  };
  const { limits } = schema.properties.budget.properties;
  for (const setting of [
    ...Object.keys(schema.properties.budget.properties),
    ...Object.keys(limits.properties),
  ])
    expect(page).toContain(`\n| \`${setting}\` |`);
  const example = /```yaml\n([^]*?)```/.exec(page)?.[1] ?? "";
  const validate = new Ajv({ strict: false }).compile(configFileJsonSchema() as AnySchema);
  expect(validate(parse(example))).toBe(true);
  expect(validate({ budget: { limits: { compressed: "much" } } })).toBe(false);
  expect(readBudget(example, ".ddiff.yaml")?.of(["docker://ghcr.io/lab/train:2"]).rules).toContainEqual({
    measure: "compressed",
    kind: "limit",
    soft: { bytes: 5_000_000_000 },
    hard: { bytes: 6_000_000_000 },
    line: expect.any(Number) as number,
  });
});
