import { usesOf } from "../knowledge/commands.ts";
import { defineRule } from "../rule.ts";

export const passwordInRun = defineRule({
  kind: "dockerfile",
  name: "password-in-run",
  group: "security",
  severity: "warning",
  aliases: ["CKV2_DOCKER_17"],
  meaning: "RUN sets a password that stands in the file.",
  why: "`docker history` shows the line to whoever has the image, and every container of it has the same password. Log in with a key that is mounted, or with `docker exec`, which needs none.",
  examples: [
    {
      bad: "FROM debian:12\nRUN echo 'root:secret' | chpasswd\n",
      good: "FROM debian:12\nRUN passwd -l root\n",
    },
  ],
  check(file, report) {
    for (const { command, script } of usesOf(file, "chpasswd")) {
      const source = script.commands.find(
        (one) => one.pipeline === command.pipeline && (one.name === "echo" || one.name === "printf"),
      );
      const words = source?.args.filter((word) => !word.value.startsWith("-")) ?? [];
      if (source === undefined || !words.some((word) => /^[^:]+:./.test(word.value) && word.literal))
        continue;
      report({ at: source, message: "whoever has the image can read this password" });
    }
  },
});
