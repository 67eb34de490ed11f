import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isDdiffError } from "../util/errors.ts";
import { documentLimits, parseJson } from "./json.ts";

const refused: [why: string, bytes: string | Uint8Array, names: RegExp][] = [
  ["nothing", "", /not valid JSON/],
  ["bytes after the value", "{} {}", /not valid JSON/],
  ["a NUL after the value", "{}\0", /not valid JSON/],
  ["a byte order mark", "\uFEFF{}", /not valid JSON/],
  ["broken UTF-8", Uint8Array.of(0x22, 0xc3, 0x22), /not valid UTF-8/],
  ["overlong UTF-8", Uint8Array.of(0x22, 0xc0, 0xaf, 0x22), /not valid UTF-8/],
  ["a name twice", '{"a":1,"b":2,"a":3}', /"a" twice/],
  ["a name twice inside", '[{"x":{"a":1,"a":1}}]', /"a" twice/],
  ["a name twice, once escaped", '{"layers":[],"l\\u0061yers":[]}', /"layers" twice/],
  ["a name twice after a nested object", '{"a":{"b":1},"a":2}', /"a" twice/],
  ["a name twice after a nested list", '{"a":[{"b":1},"a"],"a":2}', /"a" twice/],
  ["__proto__ twice", '{"__proto__":1,"__proto__":2}', /twice/],
  ["deep lists", `${"[".repeat(65)}${"]".repeat(65)}`, /64 levels/],
  ["a million open brackets", "[".repeat(1_000_000), /64 levels/],
  ["deep objects", `${'{"a":'.repeat(65)}1${"}".repeat(65)}`, /64 levels/],
  ["more than 4 MiB", `"${"a".repeat(documentLimits.maxBytes)}"`, /more than the 4194304/],
  ["an open string", '{"a', /not valid JSON/],
  ["an open escape", '{"\\', /not valid JSON/],
  ["a bad escape in a name", '{"\\q":1}', /not valid JSON/],
];

describe("JSON from others", () => {
  test.each(refused)("with %s is refused", (_, content, names) => {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    expect(() => parseJson(bytes, "the index")).toThrow(expect.objectContaining({ code: "JSON_INVALID" }));
    expect(() => parseJson(bytes, "the index")).toThrow(names);
    expect(() => parseJson(bytes, "the index")).toThrow(/^the index /);
  });

  test.each([
    ['{"a":{"a":1},"b":{"a":1},"c":["a","a",{"a":1},{"a":1}]}'],
    ['{"a":"b","b":"a","":"\\",\\"a\\":{"}'],
    [`${"[".repeat(64)}${"]".repeat(64)}`],
    [' {"😀":"\\ud83d\\ude00", "n":-0.5e+3} \n'],
  ])("%s is read as it is", (text) => {
    expect(parseJson(Buffer.from(text), "it")).toEqual(JSON.parse(text));
  });

  test("that a program wrote is always read", () => {
    const anything = fc.jsonValue({ maxDepth: 8 });
    fc.assert(
      fc.property(anything, fc.constantFrom(undefined, 1, "\t"), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(parseJson(Buffer.from(text), "it")).toEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });

  test("with random damage is read or refused, never anything else", () => {
    const text = '{"schemaVersion":2,"layers":[{"size":1,"urls":["a\\n"]}],"annotations":{"a":"\\u0061"}}';
    const damage = fc.array(fc.tuple(fc.nat(text.length), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(damage, (changes) => {
        const bytes = Buffer.from(text);
        for (const [at, byte] of changes) bytes[at] = byte;
        try {
          parseJson(bytes, "it");
        } catch (error) {
          expect(isDdiffError(error, "JSON_INVALID")).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
