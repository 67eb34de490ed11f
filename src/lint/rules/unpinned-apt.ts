import { reportUnpinned } from "../knowledge/pins.ts";
import { defineRule } from "../rule.ts";

export const unpinnedApt = defineRule({
  kind: "dockerfile",
  name: "unpinned-apt",
  group: "packages",
  severity: "off",
  aliases: ["DL3008"],
  meaning: "apt-get installs packages without saying which version.",
  why: "Two builds of one file may hold different packages. Off by default: Debian keeps one version of a package on its mirrors, so that a pinned one is gone after the next security update and the build breaks; pin the base by digest, or take snapshot.debian.org.",
  examples: [
    {
      bad: "FROM debian:12\nRUN apt-get update && apt-get install -y git\n",
      good: "FROM debian:12\nRUN apt-get update && apt-get install -y git=1:2.39.5-0+deb12u2\n",
    },
  ],
  check(file, report) {
    reportUnpinned(file, report, {
      managers: ["apt"],
      form: "name=version",
      isPinned: ({ word }) => /[=/]|\.deb$/.test(word.value),
    });
  },
});
