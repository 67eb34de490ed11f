import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..", "..");
const page = readFileSync(join(root, "docs", "hostile-inputs.md"), "utf8");
const groups = page.split(/^## /m).slice(1);
const rowsOf = (text: string): string[][] =>
  [...text.matchAll(/^\| (.+) \| (.+) \| `([^`]+)` \|$/gm)].map((match) => match.slice(1));

test("every input of the page of hostile inputs names a test that is there", () => {
  expect(groups.map((group) => Number.parseInt(group, 10))).toEqual(
    Array.from({ length: 18 }, (_, at) => at + 1),
  );
  for (const group of groups) {
    // No line of a table but its head is written in another way.
    expect(rowsOf(group).length).toBe(group.split("\n").filter((line) => line.startsWith("|")).length - 2);
    for (const [input = "", answer = "", file = ""] of rowsOf(group)) {
      expect([input, answer.length > 0, existsSync(join(root, file))]).toEqual([input, true, true]);
      expect(file).toMatch(/\.test\.ts$/);
    }
  }
});

test("the page counts them", () => {
  expect(page).toContain(` ${rowsOf(page).length} inputs in ${groups.length} groups`);
});
