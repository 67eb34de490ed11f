import { firstPlain, usesOf } from "../knowledge/commands.ts";
import { defineRule } from "../rule.ts";

const same: Readonly<Record<string, string>> = {
  install: "install",
  update: "update",
  upgrade: "upgrade",
  "full-upgrade": "dist-upgrade",
  "dist-upgrade": "dist-upgrade",
  remove: "remove",
  purge: "purge",
  autoremove: "autoremove",
  clean: "clean",
  autoclean: "autoclean",
};

export const aptInScript = defineRule({
  kind: "dockerfile",
  name: "apt-in-script",
  group: "packages",
  severity: "info",
  aliases: ["DL3027", "CKV_DOCKER_9"],
  meaning: "RUN calls apt instead of apt-get.",
  why: "apt is for people at a terminal: it warns in every build that its command line is not stable, and what it prints and asks may change with each release. apt-get takes the same words.",
  examples: [
    {
      bad: "FROM debian:12\nRUN apt update && apt install -y git\n",
      good: "FROM debian:12\nRUN apt-get update && apt-get install -y git\n",
      fixed: "FROM debian:12\nRUN apt-get update && apt-get install -y git\n",
    },
  ],
  check(file, report) {
    for (const { command } of usesOf(file, "apt")) {
      const { nameWord, args } = command;
      if (nameWord === undefined) continue;
      const subcommand = firstPlain(args);
      const other = Object.hasOwn(same, subcommand?.value ?? "") ? same[subcommand?.value ?? ""] : undefined;
      const plain = nameWord.raw === "apt" && subcommand !== undefined && subcommand.raw === subcommand.value;
      const renamed = plain && other !== undefined && other !== subcommand.value;
      report({
        at: nameWord,
        message: "apt is made for people at a terminal",
        ...(plain &&
          other !== undefined && {
            fix: {
              title: "write apt-get",
              risk: "safe",
              edits: [
                { start: nameWord.start, end: nameWord.end, text: "apt-get" },
                ...(renamed ? [{ start: subcommand.start, end: subcommand.end, text: other }] : []),
              ],
            },
          }),
      });
    }
  },
});
