import { variablesAt } from "../../dockerfile/compose-values.ts";
import { isWrittenSecret } from "../knowledge/compose-secrets.ts";
import { defineRule } from "../rule.ts";

export const composeSecretInEnvironment = defineRule({
  kind: "compose",
  name: "compose-secret-in-environment",
  group: "compose",
  severity: "warning",
  aliases: [],
  meaning: "A secret is written out in `environment` or in `build.args`.",
  why: "The file goes into version control, where a secret stays after it is deleted, and `docker inspect` shows it to everyone in the docker group; a build argument is also in the history of the image. Take it from the shell or from an untracked .env file (`KEY: ${KEY:?}`), or use `secrets`.",
  examples: [
    {
      bad: "services:\n  train:\n    image: lab/train:1\n    environment:\n      WANDB_API_KEY: 0123456789abcdef0123456789abcdef01234567\n",
      good: "services:\n  train:\n    image: lab/train:1\n    environment:\n      WANDB_API_KEY: ${WANDB_API_KEY:?}\n",
    },
  ],
  check(file, report) {
    for (const service of file.services) {
      for (const { name, value, at } of variablesAt(service, "environment")) {
        if (!isWrittenSecret(name, value)) continue;
        report({ at, message: `${name} of ${service.name} is written out for whoever can read this file` });
      }
      for (const { name, value, at } of variablesAt(service, "build", "args")) {
        if (!isWrittenSecret(name, value)) continue;
        report({
          at,
          message: `${name} is in this file and in the history of the image that ${service.name} builds`,
        });
      }
    }
  },
});
