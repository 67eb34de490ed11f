import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DdiffError } from "../util/errors.ts";
import { expandWord, expandWords } from "./expand.ts";

const values: Record<string, string> = {
  path: "/srv/app/app.tar.gz",
  star: "a*b*c",
  blank: " one  two ",
  none: "",
};
const lookup = (name: string): string | undefined => values[name];

describe("a word is expanded as builders do", () => {
  it.each([
    // The shell's own parameters are never set; more digits are still one name.
    ["x$1y$$z$?", "xyz"],
    ["$123end", "end"],
    ["${-:-d}", "d"],
    ["$.", "$."],
    // Patterns: shortest and longest, from both ends.
    ["${path#*/}", "srv/app/app.tar.gz"],
    ["${path##*/}", "app.tar.gz"],
    ["${path%.*}", "/srv/app/app.tar"],
    ["${path%%.*}", "/srv/app/app"],
    ["${path#?srv?}", "app/app.tar.gz"],
    ["${star#*\\**\\*}", "c"],
    ["${path%$none}", "/srv/app/app.tar.gz"],
    // Replacing takes the longest match, once or everywhere.
    ["${path/app/x}", "/srv/x/app.tar.gz"],
    ["${path//app/x}", "/srv/x/x.tar.gz"],
    ["${path//\\//-}", "-srv-app-app.tar.gz"],
    ["${path/a*./x}", "/srv/xgz"],
    ["${star//\\*/}", "abc"],
    ["${none/x/y}", ""],
  ])("%s", (word, expected) => {
    expect(expandWord(word, lookup, "\\")).toBe(expected);
  });

  it.each([
    "${",
    "${}",
    "${path",
    "${path:#x}",
    "${path/x}",
    "${path=x}",
    "${path#\\x}",
    "${path#a\\",
    "'",
    '"',
  ])("%s is refused", (word) => {
    expect(() => expandWord(word, lookup, "\\")).toThrow(
      expect.objectContaining({ code: "DOCKERFILE_INVALID" }) as DdiffError,
    );
  });

  it("tells of a variable without a value, and never of the shell's own parameters", () => {
    const told: [string, boolean][] = [];
    expandWord("$1 $a ${b:-$c} ${d+e} $@", lookup, "\\", (name, answered) => told.push([name, answered]));
    expect(told).toEqual([
      ["a", false],
      ["b", true],
      ["c", false],
      ["d", true],
    ]);
  });
});

describe("a text is cut at the blanks that no quote holds together", () => {
  it.each([
    ['a"b c" d', ["ab c", "d"]],
    ["a$blank!", ["a", "one", "two", "!"]],
    ['a"$blank"', ["a one  two "]],
    ["a\\ b  ", ["a b"]],
    ["$none ''", []],
  ])("%s", (text, expected) => {
    expect(expandWords(text, lookup, "\\")).toEqual(expected);
  });
});

it("any text is expanded or refused, soon", () => {
  const piece = fc.constantFrom(
    "$",
    "{",
    "}",
    "path",
    "star",
    "#",
    "%",
    "/",
    "*",
    "?",
    "\\",
    "'",
    '"',
    ":",
    "-",
    "é",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      try {
        expandWord(pieces.join(""), lookup, "\\");
      } catch (error) {
        expect(error).toMatchObject({ code: "DOCKERFILE_INVALID" });
      }
    }),
    { numRuns: 1000 },
  );
});

it.each([
  ["trim", "${x##*a*a*a*a*a*b}"],
  ["replace", "${x//*a*a*a*a*b/y}"],
  ["trim by a long pattern", "${x%%$x*b}"],
])("a value made to be slow does not hold up a build: %s", (_, word) => {
  const start = performance.now();
  const long = "a".repeat(200_000);
  try {
    expandWord(word, () => long, "\\");
  } catch (error) {
    expect(error).toMatchObject({ code: "DOCKERFILE_INVALID" });
  }
  expect(performance.now() - start).toBeLessThan(3000);
});
