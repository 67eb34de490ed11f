import { defineRule } from "../rule.ts";

export const instructionCasing = defineRule({
  kind: "dockerfile",
  name: "instruction-casing",
  group: "style",
  severity: "off",
  aliases: ["ConsistentInstructionCasing"],
  meaning: "An instruction is written in another case than most of the file.",
  why: "Builders read `run` and `RUN` alike. In capital letters, as nearly all files have them, instructions stand out from their arguments.",
  examples: [
    {
      bad: "FROM debian:12\nRUN true\nrun echo hello\n",
      good: "FROM debian:12\nRUN true\nRUN echo hello\n",
      fixed: "FROM debian:12\nRUN true\nRUN echo hello\n",
    },
  ],
  check(file, report) {
    // ARG before the first FROM belongs to no stage and is not counted.
    const staged = file.instructions.filter((one) => one.stage >= 0);
    const written = staged.map((one) => file.text.slice(one.keywordRange.start, one.keywordRange.end));
    const lower = written.filter((word) => word === word.toLowerCase()).length;
    const upper = written.filter((word) => word === word.toUpperCase()).length;
    const wanted = (word: string): string => (lower > upper ? word.toLowerCase() : word.toUpperCase());
    staged.forEach((instruction, index) => {
      const word = written[index] ?? "";
      if (word === wanted(word)) return;
      report({
        at: instruction.keywordRange,
        message: `${word} is written in another case than most instructions here`,
        fix: {
          title: `write ${wanted(word)}`,
          risk: "safe",
          edits: [{ ...instruction.keywordRange, text: wanted(word) }],
        },
      });
    });
  },
});
