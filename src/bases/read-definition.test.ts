import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020, type AnySchema } from "ajv/dist/2020.js";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { isDdiffError } from "../util/errors.ts";
import { definitionJsonSchema } from "./definition.ts";
import { cpuDefinition, gpuDefinition } from "./examples.ts";
import { baseDockerfile } from "./dockerfile.ts";
import { planBase } from "./plan.ts";
import { readDefinition } from "./read-definition.ts";

const small = "version: 1\nos: debian12\ncuda: cpu\npython: [3.11]\ntorch: [2.9.0]\n";
const read = (text: string) => readDefinition(text, "base.yaml");

test("versions are what is written, also where YAML would take them for numbers", () => {
  const { definition } = read(small.replace("3.11", "3.10"));
  expect(definition.python).toEqual(["3.10"]);
  expect(definition.user).toEqual({ name: "dev", id: 1000 });
});

describe("the published schema", () => {
  const schema = definitionJsonSchema();

  test("is the one in docs", () => {
    const file = join(import.meta.dirname, "..", "..", "docs", "base.schema.json");
    // Out of step? "npm run docs" writes it.
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(JSON.parse(JSON.stringify(schema)));
  });

  test("takes what init writes, and refuses what is no base", () => {
    const validate = new Ajv2020({ strict: false }).compile(schema as AnySchema);
    // As editors read it, for which 3.10 is a number.
    for (const text of [gpuDefinition, cpuDefinition])
      expect(validate(parse(text)), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ version: "1" })).toBe(false);
  });
});

describe("what is wrong is named with its line", () => {
  test.each<[string, string, RegExp]>([
    [
      "a setting that is not there",
      `${small}pyton: [3.9]\n`,
      /line 6: there is no "pyton"; did you mean python\?/,
    ],
    [
      "one of a torch",
      small.replace("2.9.0", "{version: 2.9.0, cude: 12.6}"),
      /line 5: there is no "cude" in torch\.0/,
    ],
    ["no torch", small.replace("[2.9.0]", "[]"), /line 5: torch must name one/],
    ["nothing", "", /the file must be a map of settings/],
    ["no system", small.replace("os: debian12\n", ""), /os is missing/],
    ["half a version", small.replace("2.9.0", "2.9"), /line 5: torch\.0 must be a version such as 2\.5\.1/],
    [
      "CUDA without its point release",
      small.replace("cpu", "12.4"),
      /line 3: cuda must be a version with its point release/,
    ],
    ["a mapping where a list goes", small.replace("[3.11]", "{a: b}"), /line 4: python must be a list/],
    ["another form", small.replace("1\n", "2\n"), /line 1: version must be 1/],
    ["no YAML", "version: 1\n\tos: x\n", /line 2: /],
    ["twice the same", `${small}cuda: cpu\n`, /line 6: Map keys must be unique/],
    [
      "a password in an address",
      `${small}indexes: {pypi: "https://ann:secret@pypi.lab/simple"}\n`,
      /line 6: .*no password/,
    ],
  ])("%s", (_name, text, message) => {
    expect(() => read(text)).toThrowError(
      expect.objectContaining({
        code: "BASE_INVALID",
        exitStatus: 2,
        message: expect.stringMatching(message),
      }),
    );
  });
});

describe("hostile files", () => {
  const bomb = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let at = 1; at < 9; at += 1)
    bomb.push(`a${at}: &a${at} [${Array.from({ length: 10 }, () => `*a${at - 1}`).join(", ")}]`);

  test.each<[string, string]>([
    ["aliases that multiply", `${bomb.join("\n")}\n`],
    ["an endless list", `${small}packages: [${"a,".repeat(600)}a]\n`],
    ["a megabyte", `${small}# ${"x".repeat(1 << 20)}\n`],
    ["a list within lists", `${small}packages: ${"[".repeat(2000)}${"]".repeat(2000)}\n`],
    ["a key of every object", `${small}__proto__: {root: 1}\n`],
  ])("%s are refused at once", (_name, text) => {
    expect(() => read(text)).toThrowError(expect.objectContaining({ code: "BASE_INVALID" }));
  });

  const evil = [
    "$(id)",
    "`id`",
    "a; id",
    "a && id",
    "a | id",
    "a\nRUN id",
    "a\\",
    "a b",
    "'a",
    '"a',
    "--index-url=https://evil.example",
    "-r/etc/passwd",
    "../../etc",
    "a#b",
    "${HOME}",
    "a\u0000",
    "a\u2028b",
    "<<EOF",
    "a @ file:///etc/passwd",
  ];
  const places: [string, (value: string) => string][] = [
    ["name", (value) => `${small}name: ${value}\n`],
    ["os", (value) => small.replace("debian12", value)],
    ["cuda", (value) => small.replace("cpu", value)],
    ["python", (value) => small.replace("3.11", value)],
    ["torch", (value) => small.replace("2.9.0", value)],
    ["torchvision", (value) => small.replace("2.9.0", `{version: 2.9.0, torchvision: ${value}}`)],
    ["flash-attn", (value) => small.replace("2.9.0", `{version: 2.9.0, flash-attn: {"3.11": ${value}}}`)],
    ["torch's packages", (value) => small.replace("2.9.0", `{version: 2.9.0, packages: [${value}]}`)],
    ["packages", (value) => `${small}packages: [${value}]\n`],
    ["system", (value) => `${small}system: [${value}]\n`],
    ["profiler", (value) => `${small}profiler: ${value}\n`],
    ["user", (value) => `${small}user: {name: ${value}, id: 1000}\n`],
    ["capabilities", (value) => `${small}capabilities: [${value}]\n`],
    ["an index", (value) => `${small}indexes: {pypi: ${value}}\n`],
  ];
  test.each(places)("no text of %s gets out of its word", (_place, write) => {
    for (const value of evil)
      expect(() => read(write(JSON.stringify(value))), value).toThrowError(
        expect.objectContaining({ code: "BASE_INVALID" }),
      );
  });

  test("whatever stands in a file, reading it ends in a base or in a sentence, and no line of the Dockerfile is the file's", () => {
    const text = fc.oneof(
      fc.constantFrom(...evil),
      fc.string(),
      fc.constantFrom("numpy", "git", "3.11", "2.9.0", "root"),
    );
    const value = fc.oneof(text, fc.array(text), fc.dictionary(text, text));
    const key = fc.constantFrom(
      "name",
      "os",
      "cuda",
      "python",
      "torch",
      "packages",
      "system",
      "user",
      "indexes",
      "capabilities",
    );
    fc.assert(
      fc.property(fc.dictionary(key, value, { maxKeys: 2 }), (changes) => {
        const base: Record<string, unknown> = {
          version: "1",
          os: "debian12",
          cuda: "cpu",
          python: ["3.11"],
          torch: ["2.9.0"],
        };
        try {
          const plan = planBase(read(JSON.stringify({ ...base, ...changes })));
          const lines = baseDockerfile(plan, { link: true }).split("\n");
          for (const line of lines) expect(line).toMatch(/^(?:#|[A-Z]+ | {4,6}|$)/);
        } catch (error) {
          expect(isDdiffError(error), String(error)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});
