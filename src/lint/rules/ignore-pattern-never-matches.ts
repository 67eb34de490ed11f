import { defineRule } from "../rule.ts";

export const ignorePatternNeverMatches = defineRule({
  kind: "ignore",
  name: "ignore-pattern-never-matches",
  group: "ignore",
  severity: "warning",
  aliases: [],
  meaning: "A pattern that no path of the context can match.",
  why: "Patterns are counted from the root of the context and cannot leave it, so `../data` is never met and `.` or `/` leave nothing out. `~` and variables are not expanded, and a backslash takes away the meaning of the next character instead of naming a folder.",
  examples: [
    { bad: "../data\n", good: "data\n" },
    { bad: "$HOME/data\n", good: "data\n" },
  ],
  check(file, report) {
    const all = file.patterns.some((one) => !one.negated && /^(?:\*\*?|\*\*\/\*\*?)$/.test(one.pattern));
    for (const { start, end, raw, pattern } of file.patterns) {
      const why =
        pattern === ".." || pattern.startsWith("../")
          ? "leads out of the context"
          : pattern === "." || pattern === "/"
            ? "names the context itself, which is always sent"
            : /^~\/|\$(?:\{|[A-Z])/.test(pattern)
              ? "is taken as written, nothing is expanded"
              : /[A-Za-z_]\\[A-Za-z_]/.test(pattern)
                ? "has a backslash, which is no separator of folders here"
                : undefined;
      // Another line leaves out what this one was meant to.
      const isDone = all && (pattern === "." || pattern === "/");
      if (why === undefined || isDone) continue;
      report({ at: { start, end }, message: `${raw} ${why}` });
    }
  },
});
