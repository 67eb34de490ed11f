import { reportUnpinned } from "../knowledge/pins.ts";
import { defineRule } from "../rule.ts";

export const unpinnedPip = defineRule({
  kind: "dockerfile",
  name: "unpinned-pip",
  group: "packages",
  severity: "off",
  aliases: ["DL3013"],
  meaning: "pip installs packages without saying which version.",
  why: "The next build may bring another torch, and with it another CUDA and gigabytes more. Off by default: a lock file (uv, pixi, poetry, pip-compile) pins what packages need, too, which a version on the command line does not.",
  examples: [
    {
      bad: "FROM python:3.12-slim\nRUN pip install fastapi\n",
      good: "FROM python:3.12-slim\nRUN pip install fastapi==0.115.6\n",
    },
  ],
  check(file, report) {
    reportUnpinned(file, report, {
      managers: ["pip", "uv-pip"],
      form: "name==version",
      isExcused: ({ options }) =>
        ["-r", "--requirement", "-c", "--constraint", "--constraints"].some((one) => options.has(one)),
      isPinned: ({ word, version }) => /[=<>~]/.test(version) || isVersioned(word.value),
      isPinnedPath: (word) => isVersioned(word.value),
    });
  },
});

function isVersioned(text: string): boolean {
  if (/^(?:git|hg|svn|bzr)(?:\+[\w-]+)?:?/.test(text) && text.includes(":")) return text.includes("@");
  return /[=<>~]=?\s*\S|\.(?:whl|tar\.gz|zip)|\/|^\.|\$|\s@\s/.test(text);
}
