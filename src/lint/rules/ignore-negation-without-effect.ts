import type { IgnorePattern } from "../../dockerfile/ignore-file.ts";
import { defineRule } from "../rule.ts";

export const ignoreNegationWithoutEffect = defineRule({
  kind: "ignore",
  name: "ignore-negation-without-effect",
  group: "ignore",
  severity: "warning",
  aliases: [],
  meaning: "An exception stands before the pattern that leaves its files out.",
  why: "The last line that matches decides. `!README.md` before `*.md` takes back what nothing has left out yet, and then `*.md` leaves the file out after all. Exceptions go below. Exceptions of which no line leaves anything out are harmless and not reported.",
  examples: [{ bad: "!README.md\n*.md\n", good: "*.md\n!README.md\n" }],
  check(file, report) {
    for (const [index, one] of file.patterns.entries()) {
      if (!one.negated || /[*?[\\]/.test(one.pattern)) continue;
      if (file.patterns.slice(0, index).some((before) => touches(before, one))) continue;
      const decided = file.decides(one.pattern);
      if (decided === undefined || decided.negated || decided.line < one.line) continue;
      report({
        at: one,
        message: `${decided.raw} in line ${decided.line} comes after ${one.raw} and leaves ${one.pattern} out after all`,
      });
    }
  },
});

/** Whether an earlier pattern may leave out what the exception takes back. */
function touches(before: IgnorePattern, one: IgnorePattern): boolean {
  if (before.negated) return false;
  if (before.pattern.includes("*")) return true;
  return (
    `${one.pattern}/`.startsWith(`${before.pattern}/`) || `${before.pattern}/`.startsWith(`${one.pattern}/`)
  );
}
