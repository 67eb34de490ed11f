import { reportUnpinned } from "../knowledge/pins.ts";
import { defineRule } from "../rule.ts";

export const unpinnedZypper = defineRule({
  kind: "dockerfile",
  name: "unpinned-zypper",
  group: "packages",
  severity: "off",
  aliases: ["DL3037"],
  meaning: "zypper installs packages without saying which version.",
  why: "Two builds of one file may hold different packages. Off by default, as are all rules about versions: a pinned one is gone from the mirror after its next update.",
  examples: [
    {
      bad: "FROM opensuse/leap:15.6\nRUN zypper install -y git\n",
      good: "FROM opensuse/leap:15.6\nRUN zypper install -y git=2.43.0\n",
    },
  ],
  check(file, report) {
    reportUnpinned(file, report, {
      managers: ["zypper"],
      form: "name=version",
      isPinned: ({ word }) => /[=<>]|\.rpm$/.test(word.value),
    });
  },
});
