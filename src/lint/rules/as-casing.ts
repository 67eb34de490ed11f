import { defineRule } from "../rule.ts";

export const asCasing = defineRule({
  kind: "dockerfile",
  name: "as-casing",
  group: "style",
  severity: "off",
  aliases: ["FromAsCasing"],
  meaning: "AS is written in another case than its FROM.",
  why: "It builds all the same, but Docker warns of it at each build, and one more warning hides those that matter.",
  examples: [
    {
      bad: "FROM debian:12 as build\nRUN true\n",
      good: "FROM debian:12 AS build\nRUN true\n",
      fixed: "FROM debian:12 AS build\nRUN true\n",
    },
  ],
  check(file, report) {
    for (const { from, alias } of file.stages) {
      const as = from.words[1];
      if (alias === undefined || as === undefined) continue;
      const keyword = file.text.slice(from.keywordRange.start, from.keywordRange.end);
      const lower = keyword === keyword.toLowerCase();
      // A mixed keyword is what is wrong then, and has a rule of its own.
      if (!lower && keyword !== keyword.toUpperCase()) continue;
      const wanted = lower ? "as" : "AS";
      if (as.raw === wanted) continue;
      report({
        at: as,
        message: `${as.raw} stands beside ${keyword} in another case`,
        fix: {
          title: `write ${wanted}`,
          risk: "safe",
          edits: [{ start: as.start, end: as.end, text: wanted }],
        },
      });
    }
  },
});
