import { defineRule } from "../rule.ts";

export const missingUser = defineRule({
  kind: "dockerfile",
  name: "missing-user",
  group: "security",
  severity: "info",
  aliases: ["DS-0002", "CKV_DOCKER_3", "CIS-DI-0001"],
  meaning:
    "No stage of the last image's chain has a USER, so that it runs as the base image says: mostly as root.",
  why: "Of 761 ML Dockerfiles from 44 projects 87.5 % had none. As root a flaw in a model server is root in the container, and checkpoints in mounted folders belong to root on the host. Bases that set a user of their own (jupyter, distroless nonroot) are left alone.",
  examples: [
    {
      bad: 'FROM python:3.12-slim\nCOPY serve.py /app/\nCMD ["python", "/app/serve.py"]\n',
      good: 'FROM python:3.12-slim\nCOPY serve.py /app/\nUSER 1000\nCMD ["python", "/app/serve.py"]\n',
    },
  ],
  check(file, report) {
    const last = file.stages.at(-1);
    if (last === undefined || last.image === undefined) return;
    // An instruction knows HOME only where the base sets it, which is done for a user of its own.
    const homes = last.instructions.some(
      (one) => /^(?:COPY|ADD|WORKDIR)$/.test(one.keyword) && /\$(?:HOME\b|\{HOME\})/.test(one.body.text),
    );
    if (homes && !/^\s*(?:ENV|ARG)\s.*\bHOME\b/im.test(file.text)) return;
    // An image that only holds files for others runs nothing.
    let runs = false;
    let stage = last;
    for (;;) {
      if (stage.instructions.some((one) => one.keyword === "USER" || one.trigger?.keyword === "USER")) return;
      runs ||= stage.instructions.some((one) => one.keyword === "CMD" || one.keyword === "ENTRYPOINT");
      if (stage.base.kind !== "stage") break;
      stage = stage.base.stage;
    }
    if (
      !runs ||
      stage.base.kind !== "image" ||
      /nonroot|rootless|jupyter\/|unprivileged|bitnami\//.test(stage.base.image)
    )
      return;
    report({
      at: last.image,
      message: "the image sets no user, so that its program runs as root unless the base says otherwise",
    });
  },
});
