import type { Instruction } from "../../dockerfile/document.ts";
import { usesOf } from "../knowledge/commands.ts";
import { defineRule } from "../rule.ts";

export const wgetAndCurl = defineRule({
  kind: "dockerfile",
  name: "wget-and-curl",
  group: "style",
  severity: "off",
  aliases: ["DL4001", "DS-0014"],
  meaning: "A stage fetches with wget and with curl.",
  why: "One of them is enough, and the other need not be installed. Off by default: with its libraries either takes two or three megabytes.",
  examples: [
    {
      bad: "FROM debian:12\nRUN curl -fO https://lab.example/a\nRUN wget https://lab.example/b\n",
      good: "FROM debian:12\nRUN curl -fO https://lab.example/a\nRUN curl -fO https://lab.example/b\n",
    },
  ],
  check(file, report) {
    const seen = new Map<number, Map<string, number>>();
    let told: Instruction | undefined;
    for (const { command, instruction } of usesOf(file, "curl", "wget")) {
      const here = seen.get(instruction.stage) ?? new Map<string, number>();
      seen.set(instruction.stage, here);
      if (!here.has(command.name)) here.set(command.name, file.lines.position(command.start).line);
      const other = here.get(command.name === "curl" ? "wget" : "curl");
      if (other === undefined || told === instruction) continue;
      told = instruction;
      report({
        at: command,
        message: `${command.name} fetches here, and ${command.name === "curl" ? "wget" : "curl"} in line ${other}`,
      });
    }
  },
});
