import { defineRule } from "../rule.ts";

export const composeLinks = defineRule({
  kind: "compose",
  name: "compose-links",
  group: "compose",
  severity: "off",
  aliases: [],
  meaning: "A service has `links`, which services of one file do not need.",
  why: "Services on the same network reach each other by name without it. `depends_on` gives the order of starting. Off by default, as it does no harm.",
  examples: [
    {
      bad: "services:\n  api:\n    image: lab/api:1\n    links: [db]\n  db:\n    image: postgres:17\n",
      good: "services:\n  api:\n    image: lab/api:1\n    depends_on: [db]\n  db:\n    image: postgres:17\n",
    },
  ],
  check(file, report) {
    for (const service of file.services) {
      if (service.get("links") === undefined) continue;
      report({
        at: service.range("links"),
        message: `${service.name} reaches the others by name without links`,
      });
    }
  },
});
