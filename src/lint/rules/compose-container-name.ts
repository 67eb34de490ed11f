import { textAt } from "../../dockerfile/compose-values.ts";
import { defineRule } from "../rule.ts";

export const composeContainerName = defineRule({
  kind: "compose",
  name: "compose-container-name",
  group: "compose",
  severity: "error",
  aliases: ["no-duplicate-container-names"],
  meaning: "Two containers would have the same name.",
  why: "A name is given to one container at a time: Compose refuses `container_name` together with more than one replica, and of two services with one name the second does not start.",
  examples: [
    {
      bad: "services:\n  worker:\n    image: lab/worker:1\n    container_name: worker\n    deploy:\n      replicas: 2\n",
      good: "services:\n  worker:\n    image: lab/worker:1\n    deploy:\n      replicas: 2\n",
    },
  ],
  check(file, report) {
    const taken = new Map<string, string>();
    for (const service of file.services) {
      const name = textAt(service, "container_name");
      if (name === undefined || name.includes("$")) continue;
      const replicas = Number(textAt(service, "deploy", "replicas") ?? textAt(service, "scale") ?? "1");
      const other = taken.get(name);
      const at = service.range("container_name");
      if (replicas > 1) {
        report({ at, message: `${replicas} containers of ${service.name} cannot all be called ${name}` });
      } else if (other !== undefined && service.place("container_name")?.own === true) {
        report({ at, message: `${other} is called ${name} already, so ${service.name} does not start` });
      }
      if (service.get("profiles") === undefined) taken.set(name, service.name);
    }
  },
});
