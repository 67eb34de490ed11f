import * as fc from "fast-check";
import { expect, test } from "vitest";
import { editsBetween } from "./text-edits.ts";

const line = fc.constantFrom("FROM a", "RUN b", "RUN bb", "", "🐳", "🐋", "RUN b \\", "\r");
const text = fc
  .tuple(fc.array(line, { maxLength: 8 }), fc.boolean())
  .map(([lines, end]) => lines.join("\n") + (end ? "\n" : ""));

test("edits make one text of another, in order, without overlaps and never within a character", () => {
  fc.assert(
    fc.property(text, text, (before, after) => {
      let made = "";
      let at = 0;
      for (const edit of editsBetween(before, after)) {
        expect(edit.start).toBeGreaterThanOrEqual(at);
        for (const offset of [edit.start, edit.end])
          expect(before.slice(0, offset).isWellFormed()).toBe(true);
        made += before.slice(at, edit.start) + edit.text;
        at = edit.end;
      }
      expect(made + before.slice(at)).toBe(after);
    }),
  );
});

test("a word in a line is all that changes", () => {
  expect(editsBetween("FROM a\nRUN pip install b\nRUN c\n", "FROM a\nRUN pip install -q b\nRUN c\n")).toEqual(
    [{ start: 23, end: 23, text: "-q " }],
  );
});
