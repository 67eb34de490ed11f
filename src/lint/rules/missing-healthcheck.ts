import { defineRule } from "../rule.ts";

export const missingHealthcheck = defineRule({
  kind: "dockerfile",
  name: "missing-healthcheck",
  group: "runtime",
  severity: "off",
  aliases: ["DL3057", "DS-0026", "CKV_DOCKER_2", "CIS-DI-0006"],
  meaning: "The image has no HEALTHCHECK.",
  why: "Docker and compose cannot tell a server that hangs from one that serves. Off by default: Kubernetes has probes of its own and ignores HEALTHCHECK, and a training job has no health but its exit status.",
  examples: [
    {
      bad: 'FROM python:3.12-slim\nCMD ["python", "-m", "serve"]\n',
      good: 'FROM python:3.12-slim\nHEALTHCHECK CMD ["python", "-m", "serve", "--ping"]\nCMD ["python", "-m", "serve"]\n',
    },
  ],
  check(file, report) {
    const last = file.stages.at(-1);
    if (last?.image === undefined) return;
    for (let stage = last; ; ) {
      if (stage.instructions.some((one) => (one.trigger ?? one).keyword === "HEALTHCHECK")) return;
      if (stage.base.kind !== "stage") break;
      stage = stage.base.stage;
    }
    report({ at: last.image, message: "the image has no HEALTHCHECK" });
  },
});
