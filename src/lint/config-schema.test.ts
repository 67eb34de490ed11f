import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv, type AnySchema } from "ajv";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { parseConfig } from "./config-parse.ts";
import { lintJsonSchema } from "./config-schema.ts";

const docs = join(import.meta.dirname, "..", "..", "docs");

test("the page about the file explains every setting, and its example is right", () => {
  const page = readFileSync(join(docs, "lint-config.md"), "utf8");
  const schema = lintJsonSchema() as { properties: { lint: { properties: object } } };
  for (const setting of Object.keys(schema.properties.lint.properties))
    expect(page).toContain(`\n| \`${setting}\` |`);
  const example = /```yaml\n([^]*?)```/.exec(page)?.[1] ?? "";
  const validate = new Ajv({ strict: false }).compile(lintJsonSchema() as AnySchema);
  expect(validate(parse(example))).toBe(true);
  expect(validate({ lint: { profile: "lax" } })).toBe(false);
  expect(parseConfig(example, ".ddiff.yaml")).toMatchObject({
    "fail-on": "warning",
    target: { driver: 550 },
  });
});
