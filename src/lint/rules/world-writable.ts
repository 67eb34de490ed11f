import type { Instruction } from "../../dockerfile/document.ts";
import { usesOf } from "../knowledge/commands.ts";
import { shippedStages } from "../knowledge/shipped.ts";
import { defineRule } from "../rule.ts";

export const worldWritable = defineRule({
  kind: "dockerfile",
  name: "world-writable",
  group: "security",
  severity: "info",
  aliases: ["DF034"],
  meaning: "chmod makes files writable for everyone.",
  why: "Whatever runs in the container, and whoever shares its volumes, can then change programs and models that others run. Give the folder to the user that needs it (`COPY --chown`, `install -d -o app`); where the user's number is not known before, as on OpenShift, group 0 with `chmod -R g=u` is enough. `/tmp` with its sticky bit (1777) is fine. The folder that `ENV HOME` names is left alone: it is the home of any user then.",
  examples: [
    {
      bad: "FROM debian:12\nRUN mkdir /data && chmod -R 777 /data\n",
      good: "FROM debian:12\nRUN install -d -o 1000 /data\n",
    },
  ],
  check(file, report) {
    const told = new Set<Instruction>();
    const shipped = shippedStages(file);
    for (const { command, instruction } of usesOf(file, "chmod")) {
      const stage = file.stages[instruction.stage];
      if (told.has(instruction) || stage === undefined || !shipped.has(stage)) continue;
      const mode = command.args.find((word) => !/^-[RvcfH]+$|^--/.test(word.value));
      if (mode === undefined || !isOpen(mode.value)) continue;
      const paths = command.args
        .slice(command.args.indexOf(mode) + 1)
        .filter((word) => !word.value.startsWith("-"));
      if (paths.every(({ value }) => /^\/(?:var\/)?tmp\b|\/tmp\/?$/.test(value))) continue;
      // A home that ENV gives to whoever runs the container, as a number that nobody knows before.
      const home = file.before(instruction).env.get("HOME");
      const isHome = (path: string): boolean => /^\$\{?HOME\}?$/.test(path) || path === home;
      if (
        home !== undefined &&
        paths.length > 0 &&
        paths.every(({ value }) => isHome(value.replace(/\/+$/, "")))
      )
        continue;
      told.add(instruction);
      report({
        at: mode,
        message: `everyone may write ${paths
          .map(({ value }) => value)
          .slice(0, 3)
          .join(", ")}`,
      });
    }
  },
});

function isOpen(mode: string): boolean {
  return /^0?[0-7]{2}[2367]$/.test(mode) || /^[ug]*[ao][ugo]*[+=][rxXst]*w/.test(mode);
}
