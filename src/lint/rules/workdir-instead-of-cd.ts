import { usesOf } from "../knowledge/commands.ts";
import { defineRule } from "../rule.ts";

export const workdirInsteadOfCd = defineRule({
  kind: "dockerfile",
  name: "workdir-instead-of-cd",
  group: "style",
  severity: "off",
  aliases: ["DL3003", "DS-0013"],
  meaning: "RUN changes the folder with cd.",
  why: "The next instruction is back in the WORKDIR, which surprises those who read it as a script. Off by default: inside one RUN that unpacks, builds and cleans up, `cd` is what belongs there.",
  examples: [
    {
      bad: "FROM debian:12\nRUN cd /src && make\n",
      good: "FROM debian:12\nWORKDIR /src\nRUN make\n",
    },
  ],
  check(file, report) {
    for (const { command } of usesOf(file, "cd")) {
      const to = command.args[0]?.value;
      report({ at: command, message: `cd${to === undefined ? "" : ` ${to}`} holds for this RUN only` });
    }
  },
});
