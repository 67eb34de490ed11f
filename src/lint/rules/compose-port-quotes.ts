import { stepsAt } from "../../dockerfile/compose-values.ts";
import { defineRule } from "../rule.ts";

export const composePortQuotes = defineRule({
  kind: "compose",
  name: "compose-port-quotes",
  group: "compose",
  severity: "off",
  aliases: ["require-quotes-in-ports"],
  meaning: "A port mapping with a small number stands without quotes.",
  why: "YAML 1.1 reads `22:22` as a number to the base of 60, 1342. docker-compose 1 and other tools in Python do; Compose 2 does not, so it is off by default. Mappings with parts of 60 and more are texts everywhere.",
  examples: [
    {
      bad: "services:\n  git:\n    image: lab/git:1\n    ports:\n      - 22:22\n",
      good: 'services:\n  git:\n    image: lab/git:1\n    ports:\n      - "22:22"\n',
      fixed: 'services:\n  git:\n    image: lab/git:1\n    ports:\n      - "22:22"\n',
    },
  ],
  check(file, report) {
    for (const service of file.services) {
      for (const step of stepsAt(service, "ports")) {
        const at = service.place("ports", step)?.value;
        if (at === undefined) continue;
        const written = file.text.slice(at.start, at.end);
        if (!/^[1-9]\d*(?::[0-5]?\d)+$/.test(written)) continue;
        report({
          at,
          message: `${written} is one number to readers of YAML 1.1`,
          fix: {
            title: "put it in quotes",
            risk: "safe",
            edits: [{ start: at.start, end: at.end, text: `"${written}"` }],
          },
        });
      }
    }
  },
});
