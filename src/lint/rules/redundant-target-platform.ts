import { defineRule } from "../rule.ts";

export const redundantTargetPlatform = defineRule({
  kind: "dockerfile",
  name: "redundant-target-platform",
  group: "base",
  severity: "info",
  aliases: ["RedundantTargetPlatform", "DL3065"],
  meaning: "FROM asks for the platform that it would take anyway.",
  why: "`--platform=$TARGETPLATFORM` is what FROM does by itself. Where it stands a reader looks for the reason, and Docker warns of it at each build.",
  examples: [
    {
      bad: "FROM --platform=$TARGETPLATFORM debian:12\nRUN true\n",
      good: "FROM debian:12\nRUN true\n",
      fixed: "FROM debian:12\nRUN true\n",
    },
  ],
  check(file, report) {
    if (file.globals.has("TARGETPLATFORM")) return;
    for (const { from } of file.stages) {
      const flag = from.flags.find((one) => one.name === "platform");
      if (flag?.value === undefined || !/^\$(?:TARGETPLATFORM|\{TARGETPLATFORM\})$/.test(flag.value))
        continue;
      let { end } = flag;
      while (file.text.charAt(end) === " " || file.text.charAt(end) === "\t") end += 1;
      report({
        at: flag,
        message: "FROM takes the target platform without being told",
        fix: {
          title: "remove --platform",
          risk: "safe",
          edits: [{ start: flag.start, end, text: "" }],
        },
      });
    }
  },
});
