import { baseHas } from "../../catalog/base-images.ts";
import type { Dockerfile } from "../../dockerfile/document.ts";
import type { ShellCommand, ShellScript } from "../../dockerfile/shell.ts";
import { baseOf } from "../knowledge/bases.ts";
import { hasSwitch, type Use, usesOf } from "../knowledge/commands.ts";
import { packageCommands } from "../knowledge/installs.ts";
import { defineRule } from "../rule.ts";

interface Asking {
  readonly subcommands: readonly string[];
  readonly longs: readonly string[];
  readonly letters: string;
}
const rpm: Asking = {
  subcommands: ["install", "groupinstall", "localinstall"],
  longs: ["--assumeyes"],
  letters: "y",
};
const apt: Asking = { subcommands: ["install"], longs: ["--yes", "--assume-yes"], letters: "y" };
const asking: Readonly<Record<string, Asking>> = {
  apt,
  "apt-get": apt,
  yum: rpm,
  dnf: rpm,
  microdnf: rpm,
  zypper: {
    subcommands: ["install", "in", "remove", "rm", "source-install", "si", "patch"],
    longs: ["--non-interactive", "--no-confirm"],
    letters: "yn",
  },
};

export const installWithoutYes = defineRule({
  kind: "dockerfile",
  name: "install-without-yes",
  group: "packages",
  severity: "warning",
  aliases: ["DL3014", "DL3030", "DL3034", "DL3038", "DS-0021"],
  meaning: "A package manager is not told to go on without asking.",
  why: "There is nobody to answer in a build: when more than the named packages would be installed, apt-get stops with `Abort` and exit status 1. It works for as long as no dependency is missing, and breaks with the next base. Silent where the base is known to have all that is named.",
  examples: [
    {
      bad: "FROM debian:12\nRUN apt-get update && apt-get install git\n",
      good: "FROM debian:12\nRUN apt-get update && apt-get install -y git\n",
      fixed: "FROM debian:12\nRUN apt-get update && apt-get install -y git\n",
    },
  ],
  check(file, report) {
    for (const use of usesOf(file, ...Object.keys(asking))) {
      const { command, script } = use;
      const how = asking[command.name];
      const subcommand = command.args.find((word) => how?.subcommands.includes(word.value));
      if (
        how === undefined ||
        subcommand === undefined ||
        answers(command, how) ||
        isAnswered(command, script)
      )
        continue;
      if (/Assume-?Yes|assumeyes/i.test(file.text)) continue;
      if (asksNothing(file, use)) continue;
      const { end } = subcommand;
      report({
        at: { start: command.start, end },
        message: command.name.startsWith("apt")
          ? `${command.name} install has no -y: it stops where it needs more than the packages that are named`
          : `${command.name} ${subcommand.value} asks before it goes on, and nobody answers`,
        fix: { title: "add -y", risk: "safe", edits: [{ start: end, end, text: " -y" }] },
      });
    }
  },
});

function answers({ name, args }: ShellCommand, how: Asking): boolean {
  if (hasSwitch(args, how.longs, how.letters, name.startsWith("apt") ? "otc" : "cx")) return true;
  if (!name.startsWith("apt")) return false;
  // Quiet twice means yes to apt-get.
  const quiet = args.map((word) =>
    /^-[a-z]+$/.test(word.value) ? word.value.split("q").length - 1 : word.value === "--quiet" ? 1 : 0,
  );
  return (
    quiet.reduce((sum, one) => sum + one, 0) >= 2 ||
    args.some((word) => /^-q=[2-9]|^--quiet=[2-9]/.test(word.value))
  );
}

/** Whether the base has programs of these names already: then nothing more is installed, and nothing asked. */
function asksNothing(file: Dockerfile, { command, instruction }: Use): boolean {
  const stage = file.stages[instruction.stage];
  const base = stage === undefined ? undefined : baseOf(stage);
  const names = packageCommands(file, instruction).find((one) => one.command === command)?.packages ?? [];
  // A package of keys depends on nothing that could be asked about.
  const quiet = (name: string): boolean =>
    name.endsWith("-keyring") || (base !== undefined && baseHas(base, name) === true);
  return names.length > 0 && names.every(({ name }) => quiet(name));
}

/** `yes | apt-get install`. */
function isAnswered(command: ShellCommand, script: ShellScript): boolean {
  return (
    command.joint === "|" &&
    script.commands.some((one) => one.pipeline === command.pipeline && /^(?:yes|echo|printf)$/.test(one.name))
  );
}
