import type { Instruction } from "../../dockerfile/document.ts";
import { defineRule } from "../rule.ts";

export const rootUser = defineRule({
  kind: "dockerfile",
  name: "root-user",
  group: "security",
  severity: "info",
  aliases: ["DL3002", "CKV_DOCKER_8"],
  meaning: "The last USER of a stage that becomes an image is root.",
  why: "Whoever gets into the program is root in the container, and files that it writes into mounted folders belong to root on the host. Switch back to the other user after the lines that need root.",
  examples: [
    {
      bad: "FROM debian:12\nUSER app\nUSER root\nRUN true\n",
      good: "FROM debian:12\nUSER root\nRUN true\nUSER app\n",
    },
  ],
  check(file, report) {
    for (const stage of file.stages) {
      // Stages that only build for others are thrown away, whoever ran there.
      const inherited = file.stages.some(
        (other) => other.reached && other.base.kind === "stage" && other.base.stage === stage,
      );
      const last = stage === file.stages.at(-1);
      if (!last && !(inherited && stage.reached)) continue;
      const user = stage.instructions.findLast((one) => one.keyword === "USER");
      if (user === undefined || !isRoot(user)) continue;
      const changed =
        inherited &&
        file.stages.some((other) => other.reached && other !== stage && setsUser(other.instructions));
      if (changed) continue;
      report({ at: user, message: "the image runs as root" });
    }
  },
});

function setsUser(instructions: readonly Instruction[]): boolean {
  return instructions.some((one) => one.keyword === "USER");
}

function isRoot(user: Instruction): boolean {
  return /^(?:root|0)(?::|$)/.test(user.body.text.replace(/["']/g, ""));
}
