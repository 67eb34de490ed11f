import { copyTarget, sourceCount } from "../knowledge/copies.ts";
import { defineRule } from "../rule.ts";

export const copySeveralToFile = defineRule({
  kind: "dockerfile",
  name: "copy-several-to-file",
  group: "syntax",
  severity: "error",
  aliases: ["DL3021", "DS-0011"],
  meaning: "COPY puts several sources into a target that does not end with a slash.",
  why: "With more than one source the target must be a folder and end with `/`: builders stop at the line.",
  examples: [
    {
      bad: "FROM debian:12\nCOPY a.txt b.txt /data\n",
      good: "FROM debian:12\nCOPY a.txt b.txt /data/\n",
      fixed: "FROM debian:12\nCOPY a.txt b.txt /data/\n",
    },
  ],
  check(file, report) {
    for (const instruction of file.instructions) {
      if ((instruction.keyword !== "COPY" && instruction.keyword !== "ADD") || sourceCount(instruction) < 2)
        continue;
      const target = copyTarget(file, instruction);
      if (target === undefined || /(?:[/\\]|^\.{1,2}|\/\.{1,2})$/.test(target.path)) continue;
      const quoted = /["']$/.test(file.text.slice(target.at.start, target.at.end));
      const end = quoted ? target.at.end - 1 : target.at.end;
      report({
        at: target.at,
        message: `${target.path} gets several sources and does not end with a slash`,
        fix: { title: "end it with a slash", risk: "safe", edits: [{ start: end, end, text: "/" }] },
      });
    }
  },
});
