import { portsOf } from "../knowledge/ports.ts";
import { defineRule } from "../rule.ts";

export const portOutOfRange = defineRule({
  kind: "dockerfile",
  name: "port-out-of-range",
  group: "syntax",
  severity: "error",
  aliases: ["DL3011", "DS-0008"],
  meaning: "EXPOSE names a port beyond 65535.",
  why: "There are no such ports: BuildKit stops at the line.",
  examples: [
    {
      bad: "FROM debian:12\nEXPOSE 80000\n",
      good: "FROM debian:12\nEXPOSE 8000\n",
    },
  ],
  check(file, report) {
    for (const instruction of file.instructions) {
      for (const { at, text, from, to } of portsOf(file, instruction)) {
        if (Math.max(from ?? 0, to ?? 0) > 65535)
          report({ at, message: `there is no port ${text}, the last one is 65535` });
      }
    }
  },
});
