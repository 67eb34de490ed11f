import { hasSwitch, usesOf } from "../knowledge/commands.ts";
import { defineRule } from "../rule.ts";

export const wgetProgress = defineRule({
  kind: "dockerfile",
  name: "wget-progress",
  group: "style",
  severity: "off",
  aliases: ["DL3047"],
  meaning: "wget shows its progress in the build's log.",
  why: "Without a terminal it prints one line for every 50 kB: 20,000 lines for a gigabyte of weights, among which nobody finds an error. Off by default, because it costs nothing but patience.",
  examples: [
    {
      bad: "FROM debian:12\nRUN wget https://lab.example/w.bin\n",
      good: "FROM debian:12\nRUN wget --progress=dot:giga https://lab.example/w.bin\n",
      fixed: "FROM debian:12\nRUN wget --progress=dot:giga https://lab.example/w.bin\n",
    },
  ],
  check(file, report) {
    for (const { command } of usesOf(file, "wget")) {
      const { args, nameWord } = command;
      const quiet = ["--progress", "--quiet", "--no-verbose", "--output-file", "--append-output"];
      if (
        nameWord === undefined ||
        hasSwitch(args, quiet, "qoa", "OPUteTwQiAR") ||
        args.some((word) => word.value === "-nv")
      )
        continue;
      report({
        at: nameWord,
        message: "wget prints a line for every 50 kB",
        fix: {
          title: "add --progress=dot:giga",
          risk: "safe",
          edits: [{ start: nameWord.end, end: nameWord.end, text: " --progress=dot:giga" }],
        },
      });
    }
  },
});
