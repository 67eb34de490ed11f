import { runsOf } from "../knowledge/commands.ts";
import { packageCommands } from "../knowledge/installs.ts";
import { shippedStages } from "../knowledge/shipped.ts";
import { defineRule } from "../rule.ts";

const system = new Set(["apt", "apk", "dnf", "yum", "zypper"]);

export const systemUpgrade = defineRule({
  kind: "dockerfile",
  name: "system-upgrade",
  group: "packages",
  severity: "info",
  aliases: ["DL3035", "DS-0024", "DKL-DI-0003"],
  meaning: "RUN upgrades all packages of the base image.",
  why: "Each upgraded file is in the image twice, once in the base and once in the new layer, and two builds of one day differ. A newer tag of the base brings the same updates without the copies. On CUDA bases an upgrade also replaces the libraries that the tag names. Upgrades of security fixes alone (`dnf upgrade --security`) are left alone.",
  examples: [
    {
      bad: "FROM debian:12\nRUN apt-get update && apt-get upgrade -y\n",
      good: "FROM debian:12.11\nRUN apt-get update && apt-get install -y git\n",
    },
  ],
  check(file, report) {
    const shipped = shippedStages(file);
    for (const instruction of runsOf(file)) {
      // Of a stage that only lends files nothing is stored.
      const stage = file.stages[instruction.stage];
      if (stage === undefined || !shipped.has(stage)) continue;
      for (const one of packageCommands(file, instruction)) {
        if (one.action !== "upgrade" || !system.has(one.manager) || one.packages.length > 0) continue;
        // Security fixes alone are a policy, and few.
        if (
          one.command.args.some((word) =>
            /^--(?:security|sec-severity.*|advisor(?:y|ies).*|cves?.*)$/.test(word.value),
          )
        )
          continue;
        report({
          at: one.command,
          message: `${one.command.name} ${one.subcommand} stores every package that it replaces a second time`,
        });
      }
    }
  },
});
