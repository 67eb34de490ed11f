import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isDdiffError } from "../../util/errors.ts";
import { checklistSchema, type WrittenChecklist } from "./checklist.ts";
import { joinChecklists, readChecklist } from "./read-checklist.ts";
import { writeChecklist } from "./write-checklist.ts";

const text = fc.string({ unit: "binary", maxLength: 20 }).map((one) => one.replaceAll("\0", ""));
const name = fc
  .oneof(text, fc.constantFrom("3.10", "yes", "~", "null", "0o17", "a: b", "- x", "#", "<<"))
  .filter((one) => one !== "");
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });
const texts = optional(fc.array(text, { maxLength: 3 }));
const number = optional(fc.integer({ min: -1, max: 70_000 }).map(String));
const flag = optional(fc.constantFrom("true", "false"));
const pairs = optional(fc.array(fc.record({ key: name, value: text, isRegex: flag }), { maxLength: 2 }));

/** Any checklist as a person could write it. */
const written: fc.Arbitrary<WrittenChecklist> = fc.record({
  schemaVersion: fc.constant("2.0.0"),
  globalEnvVars: pairs,
  containerRunOptions: optional(fc.record({ user: optional(text), privileged: flag, envVars: texts })),
  commandTests: optional(
    fc.array(
      fc.record({
        name,
        command: name,
        args: texts,
        exitCode: number,
        setup: optional(fc.array(fc.array(text, { minLength: 1, maxLength: 3 }), { maxLength: 2 })),
        envVars: pairs,
        expectedOutput: texts,
        excludedError: texts,
      }),
      { maxLength: 3 },
    ),
  ),
  fileExistenceTests: optional(
    fc.array(fc.record({ name, path: name, shouldExist: flag, uid: number, permissions: optional(text) }), {
      maxLength: 2,
    }),
  ),
  metadataTest: optional(
    fc.record({ cmd: texts, entrypoint: texts, labels: pairs, exposedPorts: texts, user: optional(text) }),
  ),
  serviceTests: optional(
    fc.array(
      fc.record({
        name,
        port: fc.integer({ min: 1, max: 65_535 }).map(String),
        path: text.map((path) => `/${path}`),
        startWithin: number,
        expectedStatus: optional(fc.array(fc.constantFrom("200", "404"), { maxLength: 2 })),
      }),
      { maxLength: 2 },
    ),
  ),
  importTests: optional(
    fc.array(
      fc.record({
        name,
        language: fc.constantFrom("python", "r", "node"),
        interpreter: name,
        modules: fc.array(name, { minLength: 1, maxLength: 3 }),
      }),
      { maxLength: 2 },
    ),
  ),
  uniqueTests: optional(fc.array(fc.record({ name, program: name, copies: number }), { maxLength: 2 })),
});

describe("a checklist", () => {
  test("that is written is read as it was", () => {
    fc.assert(
      fc.property(written, (one) => {
        const list = checklistSchema.parse(one);
        expect(readChecklist(writeChecklist(list), "checks.yaml")).toEqual(list);
      }),
    );
  });

  test("of any text is read or refused, never anything else", () => {
    const line = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        "schemaVersion: 2.0.0",
        "commandTests:",
        "- name: a",
        "  setup: [[]]",
        "&a *a",
        "!!js/function x",
        "? [a]",
      ),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        try {
          readChecklist(lines.join("\n"), "checks.yaml");
        } catch (error) {
          expect(isDdiffError(error, "CHECKLIST_INVALID")).toBe(true);
        }
      }),
    );
  });

  test("means what container-structure-test takes it for", () => {
    const list = readChecklist(
      [
        "schemaVersion: 2.0.0",
        "globalEnvVars: [{key: PATH, value: '/env/bin:$PATH'}]",
        "commandTests:",
        "  - name: version",
        "    command: python3",
        "    args: [--version, 3.10, yes]",
        "    exitCode: 3",
        "fileExistenceTests:",
        "  - {name: gone, path: /gone, shouldExist: no}",
        "  - {name: mine, path: /mine, uid: 0}",
        "metadataTest:",
        "  cmd: []",
        "  exposedPorts: [8080]",
        "licenseTests:",
        "  - debian: true",
      ].join("\n"),
      "checks.yaml",
    );
    expect(list.commandTests[0]).toMatchObject({ args: ["--version", "3.10", "yes"], exitCode: 3 });
    expect(list.fileExistenceTests.map(({ shouldExist, uid }) => [shouldExist, uid])).toEqual([
      [false, -1],
      [true, 0],
    ]);
    expect(list.metadataTest).toMatchObject({ cmd: [], exposedPorts: ["8080"] });
    expect(list.metadataTest?.entrypoint).toBeUndefined();
    expect(list.licenseTests).toEqual([{ debian: true, files: [] }]);
    expect(
      readChecklist('{"schemaVersion": "2.0.0", "licenseTests": [{"debian": true}]}', "a.json"),
    ).toMatchObject({
      licenseTests: [{ debian: true }],
    });
  });

  test("of schema 1.0.0 has a command and its arguments in one list", () => {
    const old = "schemaVersion: '1.0.0'\ncommandTests: [{name: a, command: [apt-get, help], exitCode: 1}]";
    expect(readChecklist(old, "old.yaml").commandTests[0]).toMatchObject({
      command: "apt-get",
      args: ["help"],
      exitCode: 1,
    });
    const empty = "schemaVersion: '1.0.0'\ncommandTests: [{name: a, command: []}]";
    expect(() => readChecklist(empty, "old.yaml")).toThrow(/line 2: commandTests\.0\.command/);
  });

  test("that is wrong says where and what may have been meant", () => {
    const content = "schemaVersion: 2.0.0\ncommandTests:\n  - name: a\n    comand: x\n    exitCode: many\n";
    expect(() => readChecklist(content, "checks.yaml")).toThrow(
      /^checks\.yaml is no checklist: .*line 4: there is no "comand" in commandTests\.0; did you mean "command"\?/,
    );
    expect(() => readChecklist(content, "checks.yaml")).toThrow(
      /line 5: commandTests\.0\.exitCode must be a whole number/,
    );
    expect(() => readChecklist("schemaVersion: 3.0.0", "new.yaml")).toThrow(/must be 2\.0\.0 or 1\.0\.0/);
    const bomb = `schemaVersion: 2.0.0\na: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefgh"
      .split("")
      .map((key, at) => `${key}: &${key} [${Array(9).fill(`*${"abcdefgh"[at]}`).join()}]`)
      .join("\n")}`;
    expect(() => readChecklist(bomb, "bomb.yaml")).toThrow(/alias/i);
  });

  test("of several has the tests of all, and says once what can be said once", () => {
    const one = readChecklist(
      "schemaVersion: 2.0.0\nmetadataTest: {user: a}\ncommandTests: [{name: a, command: a}]",
      "1",
    );
    const two = readChecklist(
      "schemaVersion: 2.0.0\ncontainerRunOptions: {user: b}\ncommandTests: [{name: b, command: b}]",
      "2",
    );
    const joined = joinChecklists([one, two]);
    expect(joined.commandTests.map((test) => test.name)).toEqual(["a", "b"]);
    expect([joined.metadataTest?.user, joined.containerRunOptions.user]).toEqual(["a", "b"]);
  });
});
