import { bytesOf, textAt } from "../../dockerfile/compose-values.ts";
import { defineRule } from "../rule.ts";

export const composeMemoryLimits = defineRule({
  kind: "compose",
  name: "compose-memory-limits",
  group: "compose",
  severity: "error",
  aliases: [],
  meaning: "`mem_limit` and `deploy.resources.limits.memory` say different things.",
  why: "Compose refuses the file: `can't set distinct values on 'mem_limit' and 'deploy.resources.limits.memory'`. Keep one of them.",
  examples: [
    {
      bad: "services:\n  api:\n    image: lab/api:1\n    mem_limit: 2g\n    deploy:\n      resources:\n        limits:\n          memory: 4g\n",
      good: "services:\n  api:\n    image: lab/api:1\n    deploy:\n      resources:\n        limits:\n          memory: 4g\n",
    },
  ],
  check(file, report) {
    for (const service of file.services) {
      const old = textAt(service, "mem_limit");
      const limit = textAt(service, "deploy", "resources", "limits", "memory");
      if (old === undefined || limit === undefined) continue;
      const [one, other] = [bytesOf(old), bytesOf(limit)];
      if (one === undefined || other === undefined || one === other) continue;
      report({
        at: service.range("mem_limit"),
        message: `${service.name} has limits of ${old} and of ${limit}, which Compose refuses`,
      });
    }
  },
});
