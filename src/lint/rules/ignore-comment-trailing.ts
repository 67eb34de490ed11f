import { defineRule } from "../rule.ts";

export const ignoreCommentTrailing = defineRule({
  kind: "ignore",
  name: "ignore-comment-trailing",
  group: "ignore",
  severity: "warning",
  aliases: [],
  meaning: "A pattern has a comment behind it, which Docker takes for part of the pattern.",
  why: "`#` begins a comment only in the first column. `*.pt  # weights` means files whose names end in `.pt  # weights`, so nothing is left out and nothing says so.",
  examples: [
    {
      bad: "data/  # mounted at run time\n",
      good: "# mounted at run time\ndata/\n",
      fixed: "# mounted at run time\ndata/\n",
    },
  ],
  check(file, report) {
    const newline = file.text.includes("\r\n") ? "\r\n" : "\n";
    for (const { start, end, raw } of file.patterns) {
      const found = /^(\S+)\s+(#.*)$/.exec(raw);
      const [, pattern, comment] = found ?? [];
      if (pattern === undefined || comment === undefined || pattern.startsWith("#")) continue;
      report({
        at: { start, end },
        message: `the comment is part of the pattern, so ${pattern} is not left out`,
        fix: {
          title: "put the comment on a line of its own",
          risk: "safe",
          edits: [{ start, end, text: `${comment}${newline}${pattern}` }],
        },
      });
    }
  },
});
