import { stepsAt, textAt } from "../../dockerfile/compose-values.ts";
import { defineRule } from "../rule.ts";

export const composeUnknownDependency = defineRule({
  kind: "compose",
  name: "compose-unknown-dependency",
  group: "compose",
  severity: "error",
  aliases: [],
  meaning: "A service depends on another that is not in the file.",
  why: "Compose refuses a `depends_on` of a service that it does not know. Files that are merged with others (`-f a -f b`, `include`) are left alone.",
  examples: [
    {
      bad: "services:\n  api:\n    image: lab/api:1\n    depends_on:\n      database:\n        condition: service_healthy\n  db:\n    image: postgres:17\n",
      good: "services:\n  api:\n    image: lab/api:1\n    depends_on:\n      db:\n        condition: service_healthy\n  db:\n    image: postgres:17\n",
    },
  ],
  check(file, report, context) {
    if (!/^(?:docker-)?compose\.ya?ml$|^[^.]*$/.test(context.path.slice(context.path.search(/[^/\\]*$/))))
      return;
    if (file.document.has("include")) return;
    const names = new Set(file.services.map((one) => one.name));
    for (const service of file.services) {
      if (service.get("extends") !== undefined) continue;
      for (const step of stepsAt(service, "depends_on")) {
        const name = typeof step === "string" ? step : textAt(service, "depends_on", step);
        if (name === undefined || names.has(name) || name.includes("$")) continue;
        const at = service.range("depends_on", step);
        report({ at, message: `${service.name} waits for ${name}, which is no service of this file` });
      }
    }
  },
});
