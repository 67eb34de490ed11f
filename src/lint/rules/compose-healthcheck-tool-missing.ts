import { baseHas, describeBase } from "../../catalog/base-images.ts";
import { textAt, textsAt } from "../../dockerfile/compose-values.ts";
import { defineRule } from "../rule.ts";

export const composeHealthcheckToolMissing = defineRule({
  kind: "compose",
  name: "compose-healthcheck-tool-missing",
  group: "compose",
  severity: "error",
  aliases: [],
  meaning: "A health check runs a program that the service's image does not have.",
  why: "The check fails each time, so the container is `unhealthy` for ever and whatever waits for it with `condition: service_healthy` never starts. Slim images have no curl and wget; `python -c` with urllib does the same where Python is. Only images that are run as they are and whose content is known are looked at.",
  examples: [
    {
      bad: 'services:\n  api:\n    image: python:3.12-slim\n    healthcheck:\n      test: ["CMD", "curl", "-f", "http://localhost:8000/"]\n',
      good: 'services:\n  api:\n    image: python:3.12-slim\n    healthcheck:\n      test: ["CMD", "python", "-c", "import urllib.request as u; u.urlopen(\'http://localhost:8000/\')"]\n',
    },
  ],
  check(file, report) {
    for (const service of file.services) {
      const image = textAt(service, "image");
      if (image === undefined || image.includes("$") || service.get("build") !== undefined) continue;
      const test = textsAt(service, "healthcheck", "test") ?? [];
      const isList = Array.isArray(service.get("healthcheck", "test"));
      const command = (isList ? test[1] : test[0])?.trimStart() ?? "";
      const tool = isList && test[0] === "CMD" ? command : (command.split(/\s/)[0] ?? "");
      if (!/^[\w.-]+$/.test(tool)) continue;
      const facts = describeBase(image);
      // A command may install it before it starts the service.
      if (facts === undefined || baseHas(facts, tool) !== false || service.get("command") !== undefined)
        continue;
      report({
        at: service.range("healthcheck", "test"),
        message: `${image} has no ${tool}, so ${service.name} never becomes healthy`,
      });
    }
  },
});
