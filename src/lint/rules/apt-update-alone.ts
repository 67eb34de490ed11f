import type { Instruction } from "../../dockerfile/document.ts";
import { packageCommands } from "../knowledge/installs.ts";
import { defineRule } from "../rule.ts";

export const aptUpdateAlone = defineRule({
  kind: "dockerfile",
  name: "apt-update-alone",
  group: "packages",
  severity: "warning",
  aliases: ["DS-0017", "CKV_DOCKER_5", "CIS-DI-0007"],
  meaning: "Package lists are fetched in a RUN of their own, and a later RUN installs from them.",
  why: "The first RUN comes out of the build cache for weeks, the second runs again when its packages change: it then asks the mirror for versions that are gone, and ends with `404 Not Found`. Both in one RUN are always of the same day.",
  examples: [
    {
      bad: "FROM debian:12\nRUN apt-get update\nRUN apt-get install -y git\n",
      good: "FROM debian:12\nRUN apt-get update && apt-get install -y git\n",
    },
  ],
  check(file, report) {
    for (const stage of file.stages) {
      const runs = stage.instructions.filter((one) => one.keyword === "RUN");
      const of = (run: Instruction) => packageCommands(file, run).filter((one) => one.manager === "apt");
      runs.forEach((run, index) => {
        const commands = of(run);
        const update = commands.find((one) => one.action === "refresh");
        if (
          update === undefined ||
          commands.some((one) => one.action === "install" || one.action === "upgrade")
        )
          return;
        const later = runs.slice(index + 1).find((next) => of(next).some((one) => one.action === "install"));
        if (later === undefined || of(later).some((one) => one.action === "refresh")) return;
        report({
          at: update.command,
          message: `line ${later.line} installs from these lists, which may come out of the build cache`,
        });
      });
    }
  },
});
