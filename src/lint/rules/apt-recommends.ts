import { packagesWithoutRecommends } from "../../catalog/packages-without-recommends.ts";
import { runsOf } from "../knowledge/commands.ts";
import { hasOption, packageCommands, type PackageRequest } from "../knowledge/installs.ts";
import { defineRule } from "../rule.ts";

export const aptRecommends = defineRule({
  kind: "dockerfile",
  name: "apt-recommends",
  group: "packages",
  severity: "info",
  aliases: ["DL3015", "DS-0029"],
  meaning: "apt-get installs what packages recommend, too.",
  why: "Recommended packages are for people at a desktop: with ffmpeg or build-essential come hundreds of megabytes of drivers, fonts and manuals. Of 761 ML Dockerfiles one in five does so. A recommended package can be what makes the other useful (ca-certificates for curl): name it then. Silent where the catalogue knows that the packages recommend nothing, and in .devcontainer, where people work at a terminal.",
  examples: [
    {
      bad: "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n",
      good: "FROM debian:12\nRUN apt-get update && apt-get install -y --no-install-recommends ca-certificates curl\n",
      fixed: "FROM debian:12\nRUN apt-get update && apt-get install -y --no-install-recommends curl\n",
    },
  ],
  check(file, report, { path }) {
    // People work in it at a terminal, and nobody ships it.
    if (/(?:^|[/\\])\.devcontainer(?:[/\\]|$)/.test(path)) return;
    // Somebody has written it into apt's configuration.
    if (/Install-Recommends/i.test(file.text)) return;
    for (const instruction of runsOf(file)) {
      for (const one of packageCommands(file, instruction)) {
        if (one.manager !== "apt" || one.subcommand !== "install") continue;
        if (hasOption(one, "--no-install-recommends", "--reinstall")) continue;
        if (one.packages.length > 0 && one.files.length === 0 && one.packages.every(recommendsNothing))
          continue;
        const subcommand = one.command.args.find((word) => word.value === "install");
        if (subcommand === undefined || one.command.name === "aptitude") continue;
        const next = one.command.args[one.command.args.indexOf(subcommand) + 1];
        const { end } = next?.value === "-y" ? next : subcommand;
        report({
          at: { start: one.command.start, end: subcommand.end },
          message: "what the packages recommend is installed with them",
          fix: {
            title: "add --no-install-recommends",
            risk: "unsafe",
            edits: [{ start: end, end, text: " --no-install-recommends" }],
          },
        });
      }
    }
  },
});

function recommendsNothing({ name }: PackageRequest): boolean {
  return packagesWithoutRecommends.has(name);
}
