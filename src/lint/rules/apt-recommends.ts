import { packagesWithoutRecommends } from "../../catalog/packages-without-recommends.ts";
import type { Stage } from "../../dockerfile/document.ts";
import { runsOf } from "../knowledge/commands.ts";
import { hasOption, packageCommands, type PackageRequest } from "../knowledge/installs.ts";
import { rootImage } from "../knowledge/variables.ts";
import { defineRule } from "../rule.ts";

export const aptRecommends = defineRule({
  kind: "dockerfile",
  name: "apt-recommends",
  group: "packages",
  severity: "info",
  aliases: ["DL3015", "DS-0029"],
  meaning: "apt-get installs what packages recommend, too.",
  why: "Recommended packages are for people at a desktop: with ffmpeg or build-essential come hundreds of megabytes of drivers, fonts and manuals. Of 761 ML Dockerfiles one in five does so. A recommended package can be what makes the other useful (ca-certificates for curl): name it then. Silent where the catalogue knows that the packages recommend nothing, for tools that NVIDIA's images or one named only at build time may have already, and in .devcontainer, where people work at a terminal.",
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
      const stage = file.stages[instruction.stage];
      const present = stage === undefined ? usual : presentIn(stage);
      const bringsNothing = ({ name }: PackageRequest): boolean =>
        packagesWithoutRecommends.has(name) || present.has(name);
      for (const one of packageCommands(file, instruction)) {
        if (one.manager !== "apt" || one.subcommand !== "install") continue;
        if (hasOption(one, "--no-install-recommends", "--reinstall")) continue;
        if (one.packages.length > 0 && one.files.length === 0 && one.packages.every(bringsNothing)) continue;
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

/** Tools that images to work in have, with what they recommend: apt installs nothing then. */
const usual: ReadonlySet<string> = new Set("build-essential curl gcc g++ git wget vim".split(" "));
const none: ReadonlySet<string> = new Set();

/** Which of them an image may have: one with a framework of NVIDIA, or one of which only the build knows the name. */
function presentIn(stage: Stage): ReadonlySet<string> {
  const image = rootImage(stage);
  return image === undefined || image.startsWith("nvcr.io/nvidia/") ? usual : none;
}
