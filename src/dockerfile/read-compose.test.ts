import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Compose, ComposeService } from "./compose.ts";
import { readCompose } from "./read-compose.ts";

function service(text: string, name = "a"): ComposeService {
  const file = readCompose(text);
  expect(file.problems).toEqual([]);
  const found = file.services.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no service ${name}`);
  return found;
}

function cut(file: Compose | string, range: { start: number; end: number }): string {
  return (typeof file === "string" ? file : file.text).slice(range.start, range.end);
}

describe("what a service says, with everything put in", () => {
  test.each<[string, string, (string | number)[], unknown]>([
    ["a scalar", "services:\n  a:\n    image: x:1\n", ["image"], "x:1"],
    ["a number", "services:\n  a: {mem_limit: 5}", ["mem_limit"], 5],
    ["an item", "services:\n  a:\n    ports: ['1:1', 2]", ["ports", 1], 2],
    ["nothing", "services:\n  a: {image: x}", ["ports", 0], undefined],
    ["an alias", "x-e: &e [p, q]\nservices:\n  a: {environment: *e}", ["environment", 1], "q"],
    ["the last anchor of a name", "x: &e 1\ny: &e 2\nservices:\n  a: {image: *e}", ["image"], 2],
    [
      "a merge key",
      "x-b: &b\n  image: x\n  restart: no\nservices:\n  a:\n    <<: *b\n    image: y",
      [],
      { image: "y", restart: "no" },
    ],
    [
      "several merges, the first wins",
      "x: &x {image: 1, init: 1}\ny: &y {image: 2, tty: 2}\nservices:\n  a: {<<: [*x, *y]}",
      [],
      { image: 1, init: 1, tty: 2 },
    ],
    ["a quoted << is a key", 'services:\n  a: {"<<": {image: x}}', ["image"], undefined],
    ["extends", "services:\n  b: {image: x, tty: true}\n  a: {extends: b, tty: false}", ["tty"], false],
    ["extends by mapping", "services:\n  b: {image: x}\n  a: {extends: {service: b}}", ["image"], "x"],
    [
      "extends over three",
      "services:\n  c: {image: x}\n  b: {extends: c}\n  a: {extends: b}",
      ["image"],
      "x",
    ],
    [
      "extends puts lists together",
      "services:\n  b: {ports: ['1']}\n  a: {extends: b, ports: ['2']}",
      ["ports"],
      ["1", "2"],
    ],
    [
      "but not commands",
      "services:\n  b: {command: [x]}\n  a: {extends: b, command: [y]}",
      ["command"],
      ["y"],
    ],
    ["extends of another file", "services:\n  a: {extends: {file: o.yml, service: z}, tty: 1}", ["tty"], 1],
    ["a number as key", "services:\n  a: {extra_hosts: {1: x}}", ["extra_hosts", "1"], "x"],
    ["a key named __proto__", "services:\n  a: {__proto__: {image: x}}", ["image"], undefined],
  ])("%s", (_what, text, path, expected) => {
    const got = service(text).get(...path);
    expect(got === null || typeof got !== "object" ? got : JSON.parse(JSON.stringify(got))).toEqual(expected);
  });
});

test("names, in the order of the file, without what stands outside of services", () => {
  const file = readCompose(
    "name: p\nx-y: {z: 1}\nservices:\n  b:\n  web: {image: x}\n  a: {}\nvolumes:\n  v:\n",
  );
  expect(file.services.map((one) => one.name)).toEqual(["web", "a"]);
  expect(file.problems).toEqual([]);
});

test("places are those of the text", () => {
  const text = [
    "x-base: &base",
    "  init: true",
    "services:",
    "  a: # first",
    "    <<: *base",
    '    image: "x:1" # why',
    "    environment:",
    "      - A=1   ",
    "      - B=2",
    "    shm_size:",
  ].join("\r\n");
  const a = service(text);
  expect(cut(text, a.at)).toBe("a");
  expect(cut(text, a.range("image"))).toBe('image: "x:1"');
  expect(cut(text, a.range("environment"))).toBe("environment");
  expect(cut(text, a.range("environment", 1))).toBe("- B=2".slice(2));
  expect(cut(text, a.range("environment", 7))).toBe("environment");
  expect(cut(text, a.range("deploy", "x"))).toBe("a");
  const image = a.place("image");
  expect([image?.own, cut(text, image?.key ?? a.at), cut(text, image?.value ?? a.at)]).toEqual([
    true,
    "image",
    '"x:1"',
  ]);
  expect(a.place("init")?.own).toBe(false);
  expect(cut(text, a.place("environment", 0)?.value ?? a.at)).toBe("A=1");
  expect(a.place("nothing")).toBeUndefined();
});

describe("what Compose refuses is a problem at its place, never a throw", () => {
  test.each<[string, string, RegExp]>([
    ["a tab as indent", "services:\n\ta: {}", /tab/i],
    ["a double key", "services:\n  a: {image: x, image: y}", /"image" is there twice/],
    ["a double service", "services:\n  a: {}\n  a: {}", /"a" is there twice/],
    ["an open quote", 'services:\n  a: {image: "x}', /quote/],
    ["an unknown alias", "services:\n  a: {image: *none}", /no anchor &none/],
    ["services as a list", "services:\n  - a", /not a mapping/],
    ["a service as a text", "services:\n  a: x", /service a is not a mapping/],
    ["a base that is not there", "services:\n  a: {extends: b}", /extends b, which is not/],
    ["a service that extends itself", "services:\n  a: {extends: b}\n  b: {extends: a}", /extends itself/],
    ["more than 1 MiB", `services:\n  a: {image: ${"x".repeat(1_200_000)}}`, /1 MiB/],
    ["nesting without end", `services: ${"[".repeat(1_000_000)}`, /nested too deep/],
    ["lists without end", `services: ${"- ".repeat(500_000)}`, /nested too deep/],
    [
      "a billion laughs",
      `a0: &a0 [x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 12 }, (_, at) => `a${at + 1}: &a${at + 1} [${Array(9).fill(`*a${at}`).join(",")}]`).join("\n")}\nservices:\n  a: {command: *a12}`,
      /too large/,
    ],
  ])("%s", (_what, text, sentence) => {
    const { problems } = readCompose(text);
    expect(problems.map((one) => one.message).join("\n")).toMatch(sentence);
    for (const one of problems)
      expect(one.start >= 0 && one.start <= one.end && one.end <= text.length).toBe(true);
  });

  test("an alias of what it stands in ends", () => {
    expect(
      readCompose("services:\n  a: &a\n    image: x\n    <<: *a\n    command: *a").services[0]?.get("image"),
    ).toBe("x");
  });

  test("the services before a mistake are there", () => {
    const file = readCompose('services:\n  a: {image: x}\n  b: {image: "y}');
    expect(file.services[0]?.get("image")).toBe("x");
  });
});

test("no collection of services is a file without any", () => {
  for (const text of [
    "",
    "# nothing",
    "[]",
    "services:",
    "services: {}",
    "~",
    "services: ~",
    "a: b\n---\nc: d",
  ]) {
    const file = readCompose(text);
    expect([file.services, file.problems]).toEqual([[], []]);
  }
});

test("thousands of keys are read, and the one that is there twice is found", () => {
  const keys = Array.from({ length: 20_000 }, (_, at) => `      K${at}: v\n`).join("");
  const file = readCompose(`services:\n  a:\n    environment:\n${keys}      K7: v\n`);
  expect(Object.keys(file.services[0]?.get("environment") as object)).toHaveLength(20_000);
  expect(file.problems.map((one) => one.message)).toEqual([expect.stringContaining('"K7" is there twice')]);
});

test("any text is read", () => {
  const piece = fc.constantFrom(
    "services:",
    "\n  ",
    "\n    ",
    "a:",
    " &x ",
    " *x",
    "<<: *x",
    "{",
    "}",
    "[",
    "]",
    ",",
    '"',
    "'",
    "- ",
    "|",
    ">",
    "\t",
    "? ",
    "#",
    "!!int",
    "extends: a",
    "image: x",
    "---\n",
    "%YAML 1.1\n",
    "é",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 25 }), (pieces) => {
      const file = readCompose(pieces.join(""));
      for (const one of file.services) {
        expect(one.at.end).toBeLessThanOrEqual(file.text.length);
        one.get();
        one.range("image");
        one.place("image");
      }
    }),
    { numRuns: 2000 },
  );
});
