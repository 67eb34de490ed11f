import { defineRule } from "../rule.ts";

export const composeHealthcheckForm = defineRule({
  kind: "compose",
  name: "compose-healthcheck-form",
  group: "compose",
  severity: "error",
  aliases: [],
  meaning: "The list of a health check does not begin with CMD, CMD-SHELL or NONE.",
  why: 'Docker takes the first item for the kind of check: with `["curl", ...]` the container is refused with `Unknown type curl in healthcheck`. CMD-SHELL takes one text; of more items it runs the first and ignores the rest.',
  examples: [
    {
      bad: 'services:\n  api:\n    image: lab/api:1\n    healthcheck:\n      test: ["curl", "-f", "http://localhost:8000/health"]\n',
      good: 'services:\n  api:\n    image: lab/api:1\n    healthcheck:\n      test: ["CMD", "curl", "-f", "http://localhost:8000/health"]\n',
      fixed:
        'services:\n  api:\n    image: lab/api:1\n    healthcheck:\n      test: ["CMD", "curl", "-f", "http://localhost:8000/health"]\n',
    },
  ],
  check(file, report) {
    for (const service of file.services) {
      const test = service.get("healthcheck", "test");
      if (!Array.isArray(test)) continue;
      const first: unknown = test[0];
      if (typeof first !== "string" || first.includes("$")) continue;
      if (["CMD", "CMD-SHELL", "NONE"].includes(first)) {
        if (first !== "CMD-SHELL" || test.length <= 2) continue;
        report({
          at: service.range("healthcheck", "test", 2),
          message: `CMD-SHELL runs ${JSON.stringify(test[1])} alone and ignores what follows`,
        });
        continue;
      }
      const place = service.place("healthcheck", "test", 0);
      const list = service.place("healthcheck", "test");
      const start = place?.value.start ?? 0;
      const flow = list !== undefined && file.text.charAt(list.value.start) === "[";
      report({
        at: service.range("healthcheck", "test", 0),
        message: `Docker takes ${first} for the kind of check and refuses the container`,
        ...(place?.own === true && flow
          ? {
              fix: {
                title: 'put "CMD" first',
                risk: "safe" as const,
                edits: [{ start, end: start, text: '"CMD", ' }],
              },
            }
          : {}),
      });
    }
  },
});
