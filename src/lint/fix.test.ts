import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Checked, checkFile } from "./check-file.ts";
import { applyEdits, fixText } from "./fix.ts";
import type { Edit, Fix, Rule } from "./rule.ts";
import { contextFor, readAs, settingsFor } from "./testing/check.ts";

/** Checks with a rule that finds a word and mends it in the way that is given. */
function checker(
  word: RegExp,
  mend: (at: number, length: number, text: string) => Fix,
): (text: string) => Checked {
  const rule: Rule = {
    kind: "dockerfile",
    name: "word",
    group: "style",
    severity: "warning",
    aliases: [],
    meaning: "A word.",
    why: "For tests.",
    examples: [],
    check(file, report) {
      for (const match of file.text.matchAll(new RegExp(word, "g"))) {
        const at = { start: match.index, end: match.index + match[0].length };
        report({ at, message: "word", fix: mend(match.index, match[0].length, file.text) });
      }
    },
  };
  return (text) => checkFile(readAs("dockerfile", text), settingsFor(rule), contextFor({}));
}

function replace(by: string, risk: Fix["risk"] = "safe"): (at: number, length: number) => Fix {
  return (at, length) => ({ title: "mend", risk, edits: [{ start: at, end: at + length, text: by }] });
}

describe("fixText", () => {
  test("mends everything and says what", () => {
    const shrinking = checker(/x+/, replace("y"));
    const fixed = fixText("FROM scratch\nRUN xx x\n", shrinking, false);
    expect(fixed.text).toBe("FROM scratch\nRUN y y\n");
    expect(fixed.applied).toHaveLength(2);
    expect(fixed.checked.findings).toEqual([]);
  });

  test("leaves unsafe ones unless asked", () => {
    const check = checker(/bad/, replace("good", "unsafe"));
    const text = "FROM scratch\nRUN bad\n";
    expect(fixText(text, check, false).text).toBe(text);
    expect(fixText(text, check, true).text).toBe("FROM scratch\nRUN good\n");
  });

  test("does not apply one that leaves as many findings, and still applies the others", () => {
    const check = checker(/bad\d/, (at, length, text) =>
      replace(text.slice(at, at + length) === "bad1" ? "bad3 bad4" : "good")(at, length),
    );
    expect(fixText("FROM scratch\nRUN bad1 bad2\n", check, false).text).toBe("FROM scratch\nRUN bad1 good\n");
  });

  test("does not apply one that leaves a file that cannot be read", () => {
    const check = checker(/bad\d/, (at, length, text) =>
      replace(text.slice(at, at + length) === "bad1" ? "x\nNONSENSE" : "good")(at, length),
    );
    expect(fixText("FROM scratch\nRUN bad1\nRUN bad2\n", check, false).text).toBe(
      "FROM scratch\nRUN bad1\nRUN good\n",
    );
  });

  test("touches no file that cannot be read in the first place", () => {
    const text = "FROM scratch\nRUN bad\nNONSENSE\n";
    expect(fixText(text, checker(/bad/, replace("good")), true).text).toBe(text);
  });

  test("lets what is at one place wait for its turn", () => {
    const insert = checker(/(?<!ok )(?:one|two)(?=\n)/, (at) => ({
      title: "mend",
      risk: "safe",
      edits: [
        { start: 13, end: 13, text: "# noted\n" },
        { start: at, end: at, text: "ok " },
      ],
    }));
    expect(fixText("FROM scratch\nRUN one\nRUN two\n", insert, false).text).toBe(
      "FROM scratch\n# noted\n# noted\nRUN ok one\nRUN ok two\n",
    );
  });

  test("ends where each fix makes work for another one", () => {
    const check = checker(/ping|pong/, (at, length, text) =>
      replace(text.startsWith("ping", at) ? "pong" : "ping")(at, length),
    );
    const text = "FROM scratch\nRUN ping\n";
    expect(fixText(text, check, false).text).toBe(text);
  });
});

describe("applyEdits", () => {
  test.each([
    ["line ends of Windows", "A\r\nB\r\n", [{ start: 3, end: 4, text: "x\ny" }], "A\r\nx\r\ny\r\n"],
    ["a missing last line end", "A\nB", [{ start: 3, end: 3, text: "\nC\n" }], "A\nB\nC"],
    ["the last line end", "A\nB\n", [{ start: 1, end: 4, text: "" }], "A\n"],
    [
      "the order of edits",
      "abc",
      [
        { start: 2, end: 3, text: "C" },
        { start: 0, end: 1, text: "A" },
      ],
      "AbC",
    ],
  ])("keeps %s", (_, text, edits, result) => {
    expect(applyEdits(text, edits)).toBe(result);
  });

  test("refuses edits that overlap or lie outside", () => {
    expect(
      applyEdits("abc", [
        { start: 0, end: 2, text: "" },
        { start: 1, end: 3, text: "" },
      ]),
    ).toBeUndefined();
    expect(applyEdits("abc", [{ start: 2, end: 9, text: "" }])).toBeUndefined();
    expect(applyEdits("abc", [{ start: 2, end: 1, text: "" }])).toBeUndefined();
  });

  test("changes nothing but what is edited", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 3 }), fc.nat(), fc.nat(), (text, a, b) => {
        const clean = text.replaceAll(/[\r\n]/g, " ");
        const start = a % clean.length;
        const end = start + (b % (clean.length - start));
        const edit: Edit = { start, end, text: "\u{1F600}" };
        expect(applyEdits(clean, [edit])).toBe(`${clean.slice(0, start)}\u{1F600}${clean.slice(end)}`);
      }),
    );
  });
});
