import { portsOf } from "../knowledge/ports.ts";
import { defineRule } from "../rule.ts";

export const exposeProtocolCasing = defineRule({
  kind: "dockerfile",
  name: "expose-protocol-casing",
  group: "style",
  severity: "info",
  aliases: ["ExposeProtoCasing"],
  meaning: "EXPOSE writes a protocol in capital letters.",
  why: "Builders write it in small letters into the image, and Docker warns of the capitals at each build.",
  examples: [
    {
      bad: "FROM debian:12\nEXPOSE 8080/TCP\n",
      good: "FROM debian:12\nEXPOSE 8080/tcp\n",
      fixed: "FROM debian:12\nEXPOSE 8080/tcp\n",
    },
  ],
  check(file, report) {
    for (const instruction of file.instructions) {
      for (const { at, text, protocol, literal } of portsOf(file, instruction)) {
        if (protocol === undefined || protocol === protocol.toLowerCase()) continue;
        if (!/^(?:tcp|udp|sctp)$/i.test(protocol)) continue;
        const start = at.end - protocol.length;
        report({
          at,
          message: `${text} has its protocol in capital letters`,
          ...(literal && {
            fix: {
              title: `write ${protocol.toLowerCase()}`,
              risk: "safe",
              edits: [{ start, end: at.end, text: protocol.toLowerCase() }],
            },
          }),
        });
      }
    }
  },
});
