import { portsOf } from "../knowledge/ports.ts";
import { defineRule } from "../rule.ts";

export const exposeFormat = defineRule({
  kind: "dockerfile",
  name: "expose-format",
  group: "syntax",
  severity: "warning",
  aliases: ["ExposeInvalidFormat"],
  meaning: "EXPOSE names an address or a port of the host.",
  why: "EXPOSE only notes which ports the program listens on; the address and the host's port have no effect there and will be refused by a later BuildKit. Ports are published with `docker run -p` or in compose.",
  examples: [
    {
      bad: "FROM debian:12\nEXPOSE 127.0.0.1:8000:8000\n",
      good: "FROM debian:12\nEXPOSE 8000\n",
      fixed: "FROM debian:12\nEXPOSE 8000\n",
    },
  ],
  check(file, report) {
    for (const instruction of file.instructions) {
      for (const { at, text, mapped, literal } of portsOf(file, instruction)) {
        if (!mapped) continue;
        const inside = text.slice(text.lastIndexOf(":") + 1);
        report({
          at,
          message: `EXPOSE ${text} publishes nothing, only ${inside} of it counts`,
          ...(literal && {
            fix: {
              title: `write ${inside}`,
              risk: "safe",
              edits: [{ start: at.start, end: at.end, text: inside }],
            },
          }),
        });
      }
    }
  },
});
