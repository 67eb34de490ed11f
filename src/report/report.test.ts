import { describe, expect, test } from "vitest";
import { cellText, codeText, proseText } from "./markdown.ts";
import { fileUri } from "./sarif.ts";
import { table } from "./table.ts";
import { printable, printableLine, wrap } from "./text.ts";
import { plural } from "./words.ts";

describe("text", () => {
  test("names from outside cannot steer the terminal", () => {
    expect(printable("a\u001b[2Jb\rc\u009bd\u202ee\tf\ng")).toBe("a\\x1b[2Jb\\x0dc\\x9bd\\x202ee f\ng");
  });

  test("lines break at blanks, long words stay whole", () => {
    expect(wrap("one two three", 9, "  ")).toBe("  one two\n  three");
    expect(wrap("averylongword x", 5)).toBe("averylongword\nx");
    expect(wrap("write `RUN a b`, or", 12)).toBe("write\n`RUN a b`,\nor");
  });

  test("columns line up, numbers to the right", () => {
    expect(
      table(
        [
          ["NAME", "SIZE"],
          ["a", "9 MB"],
          ["long", "10 MB"],
        ],
        [1],
      ),
    ).toBe("NAME   SIZE\na      9 MB\nlong  10 MB");
  });

  test("colours take no room in a column", () => {
    expect(
      table([
        ["\u001b[31mred\u001b[39m", "1"],
        ["longer", "2"],
      ]),
    ).toBe("\u001b[31mred\u001b[39m     1\nlonger  2");
  });

  test("bytes that are no text are shown as bytes, and a name stays in its line", () => {
    expect(printable("caf\udce9 \ud83d\ude00 \ud800")).toBe("caf\\xe9 \ud83d\ude00 \\xd800");
    expect(printableLine("a\nb")).toBe("a\\x0ab");
  });

  test("numbers go with their words", () => {
    expect([plural(1, "file"), plural(2, "file"), plural(1_234_567, "file")]).toEqual([
      "1 file",
      "2 files",
      "1,234,567 files",
    ]);
  });
});

describe("Markdown", () => {
  test("has no markup that came from outside", () => {
    expect(cellText("<b> @team [a](b) `c` | d\ne")).toBe(
      "&lt;b&gt; &#64;team \\[a\\]\\(b\\) \\`c\\` \\| d e",
    );
    expect(codeText("a|`b`<i>")).toBe("<code>a&#124;`b`&lt;i&gt;</code>");
    expect(proseText("Say `a|b` or *c*.")).toBe("Say <code>a&#124;b</code> or \\*c\\*.");
  });
});

test("a path becomes a reference, whatever is in it", () => {
  expect(fileUri("./a b/c#d")).toBe("a%20b/c%23d");
  expect(fileUri("/x/\udcff")).toBe("file:///x/%EF%BF%BD");
});
