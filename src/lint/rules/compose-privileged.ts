import { defineRule } from "../rule.ts";

export const composePrivileged = defineRule({
  kind: "compose",
  name: "compose-privileged",
  group: "compose",
  severity: "warning",
  aliases: ["privileged-service"],
  meaning: "A service runs with `privileged: true`.",
  why: "It has every capability and every device of the host, so whoever breaks into it is root there. GPUs do not need it: a device reservation is enough, and `devices` or `cap_add` give single things. Docker in Docker and some drivers need it.",
  examples: [
    {
      bad: "services:\n  train:\n    image: lab/train:1\n    privileged: true\n",
      good: "services:\n  train:\n    image: lab/train:1\n    gpus: all\n    profiles: [gpu]\n    shm_size: 8gb\n",
    },
  ],
  check(file, report) {
    for (const service of file.services) {
      const image = service.get("image");
      if (
        service.get("privileged") !== true ||
        (typeof image === "string" && /dind|cadvisor|buildkit|exporter|binfmt/.test(image))
      )
        continue;
      report({
        at: service.range("privileged"),
        message: `whoever breaks into ${service.name} is root on the host`,
      });
    }
  },
});
