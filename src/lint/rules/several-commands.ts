import type { Instruction } from "../../dockerfile/document.ts";
import { defineRule } from "../rule.ts";

const once = ["CMD", "ENTRYPOINT", "HEALTHCHECK"];

export const severalCommands = defineRule({
  kind: "dockerfile",
  name: "several-commands",
  group: "runtime",
  severity: "warning",
  aliases: ["MultipleInstructionsDisallowed", "DL4003", "DL4004", "DL3012", "DS-0007", "DS-0016", "DS-0023"],
  meaning: "A stage has several CMD, ENTRYPOINT or HEALTHCHECK, of which only the last counts.",
  why: "An image has one of each. The earlier ones are dead text, and often the one that was meant: a second CMD does not start a second program.",
  examples: [
    {
      bad: 'FROM debian:12\nCMD ["serve"]\nCMD ["train"]\n',
      good: 'FROM debian:12\nCMD ["train"]\n',
    },
  ],
  check(file, report) {
    for (const stage of file.stages) {
      for (const keyword of once) {
        let before: Instruction | undefined;
        for (const instruction of stage.instructions) {
          if (instruction.keyword !== keyword) continue;
          if (before !== undefined)
            report({
              at: before,
              message: `this ${keyword} has no effect, because another one follows in line ${instruction.line}`,
            });
          before = instruction;
        }
      }
    }
  },
});
