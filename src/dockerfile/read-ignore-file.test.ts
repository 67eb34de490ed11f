import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readIgnoreFile } from "./read-ignore-file.ts";

/** What decides, in one word for a table: the pattern as written, or "sent". */
function decided(lines: string | readonly string[], path: string): string {
  const file = readIgnoreFile(typeof lines === "string" ? lines : lines.join("\n"));
  expect(file.problems).toEqual([]);
  return file.decides(path)?.raw ?? "sent";
}

describe("which pattern decides about a path", () => {
  test.each<[string | string[], string, string]>([
    ["*.pyc", "a.pyc", "*.pyc"],
    ["*.pyc", "src/a.pyc", "sent"],
    ["**/*.pyc", "a.pyc", "**/*.pyc"],
    ["**/*.pyc", "src/deep/a.pyc", "**/*.pyc"],
    ["__pycache__/", "__pycache__/x.pyc", "__pycache__/"],
    ["__pycache__/", "src/__pycache__/x.pyc", "sent"],
    ["**/__pycache__", "src/__pycache__/x.pyc", "**/__pycache__"],
    ["data", "data", "data"],
    ["data", "data/train/1.png", "data"],
    ["data", "my/data/1.png", "sent"],
    ["data", "data2", "sent"],
    ["data/*", "data/train/1.png", "data/*"],
    ["data/**", "data", "sent"],
    ["data/**", "data/a/b", "data/**"],
    ["/data", "data/x", "/data"],
    ["./data", "data/x", "./data"],
    ["a/../data//", "data/x", "a/../data//"],
    ["../data", "data/x", "sent"],
    ["**", "a/b", "**"],
    ["**/", "a", "**/"],
    ["**file", "xfile", "**file"],
    ["**file*", "xfile1", "sent"],
    ["*/temp*", "a/temporary", "*/temp*"],
    ["*/temp*", "temporary", "sent"],
    ["temp?", "tempa", "temp?"],
    ["temp?", "temp", "sent"],
    ["a?b", "a☺b", "a?b"],
    ["a?b", "a/b", "sent"],
    ["a[b-d]e", "ace", "a[b-d]e"],
    ["a[^b-d]e", "ace", "sent"],
    ["a\\*b", "a*b", "a\\*b"],
    ["a\\*b", "axb", "sent"],
    ["abc.def", "abcZdef", "sent"],
    ["*.{pt,onnx}", "a.pt", "sent"],
    ["*.{pt,onnx}", "a.{pt,onnx}", "*.{pt,onnx}"],
    [["*.md", "!README.md"], "README.md", "!README.md"],
    [["*.md", "!README.md"], "OTHER.md", "*.md"],
    [["!README.md", "*.md"], "README.md", "*.md"],
    [["docs", "!docs/api"], "docs/api/x", "!docs/api"],
    [["docs", "!docs/api"], "docs/x", "docs"],
    [["*", "!src"], "src/a/b.py", "!src"],
    [["**", "!src", "src/x"], "src/x", "src/x"],
    [["*.md", "!README*.md", "README-secret.md"], "README-secret.md", "README-secret.md"],
    ["!a", "a", "sent"],
    ["! src", "src", "sent"],
    [["*", "! src "], "src/x", "! src "],
    ["# data", "data", "sent"],
    [" # data", " # data", "sent"],
    [" # data", "# data", " # data"],
    ["*.pyc # compiled", "a.pyc", "sent"],
    ["\uFEFFdata", "data", "data"],
    ["\uFEFF# data", "data", "sent"],
    ["data\r\nout\r\n", "data/x", "data"],
    ["  data\t ", "data", "data"],
    ["/", "data", "sent"],
    [".", "data", "sent"],
    ["*", ".", "sent"],
    ["src\\data", "src/data", "sent"],
  ])("%j and %s: %s", (lines, path, expected) => {
    expect(decided(lines, path)).toBe(expected.trim());
  });

  test("a folder that an exception names comes back only when that is asked on the way down", () => {
    // BuildKit walks down with the answers of each folder: `!a` was not asked about a folder that nothing had left out.
    expect(decided(["a/b", "!a"], "a/b")).toBe("a/b");
  });
});

describe("what Docker refuses is a problem, and the other patterns hold", () => {
  test.each([
    ["!", /takes nothing back/],
    ["! ", /takes nothing back/],
    ["!/", /takes nothing back/],
    ["[", /syntax error/],
    ["a[", /syntax error/],
    ["[]a]", /syntax error/],
    ["[x-]", /syntax error/],
    ["[Local-Only]/", /syntax error/],
    ["a\\", /syntax error/],
    ["data\\models", /syntax error/],
    ["x".repeat(70_000), /64 KiB/],
  ])("pattern %#", (pattern, sentence) => {
    const file = readIgnoreFile(`data\n${pattern}\nout`);
    expect(file.problems).toEqual([expect.objectContaining({ message: expect.stringMatching(sentence) })]);
    expect(file.text.slice(file.problems[0]?.start, file.problems[0]?.end)).toBe(pattern.trim());
    expect([file.ignores("data"), file.ignores("out")]).toEqual([true, true]);
  });
});

test("each pattern knows its place, its line and what is left of it", () => {
  const text = "\uFEFF# c\r\n\r\n  /a/./b/  \r\n! c//d\r\n";
  const file = readIgnoreFile(text);
  expect(file.patterns).toEqual([
    { start: 10, end: 17, line: 3, raw: "/a/./b/", pattern: "a/b", negated: false },
    { start: 21, end: 27, line: 4, raw: "! c//d", pattern: "c/d", negated: true },
  ]);
  for (const { start, end, raw } of file.patterns) expect(text.slice(start, end)).toBe(raw);
});

/** The same semantics by plain recursion over the pattern, without tricks for speed. */
function slowMatch(pattern: string, path: string): boolean {
  if (pattern === "") return path === "";
  if (pattern.startsWith("**")) {
    const rest = pattern.slice(2).replace(/^\//, "");
    if (rest === "") return true;
    if (slowMatch(rest, path)) return true;
    for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) {
      if (slowMatch(rest, path.slice(at + 1))) return true;
    }
    return false;
  }
  if (pattern.startsWith("*")) {
    for (let at = 0; ; at++) {
      if (slowMatch(pattern.slice(1), path.slice(at))) return true;
      if (at >= path.length || path[at] === "/") return false;
    }
  }
  if (path === "" || (pattern[0] !== path[0] && (pattern[0] !== "?" || path[0] === "/"))) return false;
  return slowMatch(pattern.slice(1), path.slice(1));
}

function slowIgnores(patterns: readonly string[], path: string): boolean {
  const parts = path.split("/");
  let before = patterns.map(() => false);
  let ignored = false;
  for (let depth = 1; depth <= parts.length; depth++) {
    const here = parts.slice(0, depth).join("/");
    ignored = false;
    before = patterns.map((pattern, index) => {
      const negated = pattern.startsWith("!");
      const holds =
        before[index] === true ||
        (negated === ignored && slowMatch(negated ? pattern.slice(1) : pattern, here));
      if (holds) ignored = !negated;
      return holds;
    });
  }
  return ignored;
}

test("agrees with a slow reading of the same rules", () => {
  const name = fc.constantFrom("a", "b", "ab", "c.py", "a.py", "x");
  const part = fc.constantFrom("a", "b", "ab", "*", "*.py", "?", "a*", "**", "c.py");
  const pattern = fc
    .tuple(fc.boolean(), fc.array(part, { minLength: 1, maxLength: 4 }))
    .map(([negated, parts]) => (negated ? "!" : "") + parts.join("/"));
  fc.assert(
    fc.property(
      fc.array(pattern, { minLength: 1, maxLength: 5 }),
      fc.array(fc.array(name, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 8 }),
      (patterns, paths) => {
        const file = readIgnoreFile(patterns.join("\n"));
        for (const path of paths.map((parts) => parts.join("/"))) {
          expect([path, file.ignores(path)]).toEqual([path, slowIgnores(patterns, path)]);
        }
      },
    ),
    { numRuns: 1500 },
  );
});

test("any text is read", () => {
  const piece = fc.constantFrom(
    "[",
    "]",
    "\\",
    "*",
    "**",
    "?",
    "!",
    "/",
    "..",
    "{2}",
    "|",
    "^",
    "$",
    "(",
    "a",
    "\n",
    "é",
    " ",
    "[:x:]",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.string(), (pieces, path) => {
      const file = readIgnoreFile(pieces.join(""));
      expect(typeof file.ignores(path)).toBe("boolean");
    }),
    { numRuns: 2000 },
  );
});

test("a pattern made to be slow is as quick as its length", () => {
  const slow = [`${"*a".repeat(100)}b`, `${"**/".repeat(60)}x*y`, `${"?*".repeat(80)}z`];
  const file = readIgnoreFile(slow.join("\n"));
  const started = performance.now();
  for (let count = 0; count < 20; count++) file.ignores(`${"a".repeat(250)}/${"a".repeat(200)}${count}`);
  expect(performance.now() - started).toBeLessThan(2_000);
});

test("100 patterns over 20,000 paths take well under a second", () => {
  const patterns = Array.from(
    { length: 100 },
    (_, index) => [`**/*.e${index}`, `dir${index}/`, `!dir${index}/keep*`, `a/*/b${index}`][index % 4],
  );
  const file = readIgnoreFile(patterns.join("\n"));
  const paths = Array.from(
    { length: 20_000 },
    (_, index) => `src/package${index % 200}/sub${index % 7}/module_${index}.py`,
  );
  const started = performance.now();
  let count = 0;
  for (const path of paths) if (file.ignores(path)) count += 1;
  expect(count).toBe(0);
  expect(performance.now() - started).toBeLessThan(900);
});
