import { textAt } from "../../dockerfile/compose-values.ts";
import { defineRule } from "../rule.ts";

export const composeContainerName = defineRule({
  kind: "compose",
  name: "compose-container-name",
  group: "compose",
  severity: "error",
  aliases: [],
  meaning: "A service with more than one replica has `container_name`.",
  why: "A name is given to one container at a time, so Compose refuses `container_name` together with more than one replica.",
  examples: [
    {
      bad: "services:\n  worker:\n    image: lab/worker:1\n    container_name: worker\n    deploy:\n      replicas: 2\n",
      good: "services:\n  worker:\n    image: lab/worker:1\n    deploy:\n      replicas: 2\n",
    },
  ],
  check(file, report) {
    for (const service of file.services) {
      const name = textAt(service, "container_name");
      const replicas = Number(textAt(service, "deploy", "replicas") ?? textAt(service, "scale") ?? "1");
      if (name === undefined || !(replicas > 1)) continue;
      report({
        at: service.range("container_name"),
        message: `${replicas} containers of ${service.name} cannot all be called ${name}`,
      });
    }
  },
});
