import { reportUnpinned } from "../knowledge/pins.ts";
import { defineRule } from "../rule.ts";

export const unpinnedApk = defineRule({
  kind: "dockerfile",
  name: "unpinned-apk",
  group: "packages",
  severity: "off",
  aliases: ["DL3018"],
  meaning: "apk installs packages without saying which version.",
  why: "Two builds of one file may hold different packages. Off by default: Alpine keeps only the newest version of a package on its mirrors, so that a pinned one is soon gone; `name~1.2` takes any of 1.2.",
  examples: [
    {
      bad: "FROM alpine:3.20\nRUN apk add --no-cache git\n",
      good: "FROM alpine:3.20\nRUN apk add --no-cache git~2.45\n",
    },
  ],
  check(file, report) {
    reportUnpinned(file, report, {
      managers: ["apk"],
      form: "name=version",
      isPinned: ({ word }) => /[=~<>]|\.apk$/.test(word.value),
    });
  },
});
