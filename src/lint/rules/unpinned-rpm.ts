import { reportUnpinned } from "../knowledge/pins.ts";
import { defineRule } from "../rule.ts";

export const unpinnedRpm = defineRule({
  kind: "dockerfile",
  name: "unpinned-rpm",
  group: "packages",
  severity: "off",
  aliases: ["DL3033", "DL3041"],
  meaning: "yum or dnf installs packages without saying which version.",
  why: "Two builds of one file may hold different packages. Off by default, as are all rules about versions: a pinned one is gone from the mirror after its next update.",
  examples: [
    {
      bad: "FROM rockylinux:9\nRUN dnf install -y git\n",
      good: "FROM rockylinux:9\nRUN dnf install -y git-2.43.5\n",
    },
  ],
  check(file, report) {
    reportUnpinned(file, report, {
      managers: ["yum", "dnf"],
      form: "name-version",
      isExcused: ({ subcommand }) => subcommand.startsWith("group"),
      isPinned: ({ word }) => isVersioned(word.value),
    });
  },
});

/** `name-1.2-3.el9`, `module:1.2`, a file. */
function isVersioned(text: string): boolean {
  if (text.startsWith("@") || /\.rpm$|^(?:https?:\/\/|\/)|\$/.test(text)) return true;
  return /-\d[\w.~^:+]*(?:-[\w.~^:+]+)?$/.test(text) || /^[\w.-]+:[\w.]+(?:\/\w+)?$/.test(text);
}
