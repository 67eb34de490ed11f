import { defineRule } from "../rule.ts";

export const ignorePatternBraces = defineRule({
  kind: "ignore",
  name: "ignore-pattern-braces",
  group: "ignore",
  severity: "warning",
  aliases: [],
  meaning: "A pattern lists alternatives in braces, which Docker does not know.",
  why: "`*.{pt,onnx}` matches a file that is really called `x.{pt,onnx}` and nothing else. Docker has `*`, `?`, `[...]` and `**` only; each alternative needs a line.",
  examples: [{ bad: "**/*.{pt,onnx}\n", good: "**/*.pt\n**/*.onnx\n", fixed: "**/*.pt\n**/*.onnx\n" }],
  check(file, report) {
    const newline = file.text.includes("\r\n") ? "\r\n" : "\n";
    for (const { start, end, raw } of file.patterns) {
      const found = /^([^{}]*)\{([^{},]+(?:,[^{},]+)+)\}([^{}]*)$/.exec(raw);
      const [, before = "", list, after = ""] = found ?? [];
      if (list === undefined) continue;
      const each = list.split(",").map((one) => before + one.trim() + after);
      report({
        at: { start, end },
        message: `${raw} is taken as written, so ${each[0] ?? raw} is not left out`,
        fix: {
          title: "write each on a line of its own",
          risk: "safe",
          edits: [{ start, end, text: each.join(newline) }],
        },
      });
    }
  },
});
