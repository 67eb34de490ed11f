import { reportUnpinned } from "../knowledge/pins.ts";
import { defineRule } from "../rule.ts";

export const unpinnedNpm = defineRule({
  kind: "dockerfile",
  name: "unpinned-npm",
  group: "packages",
  severity: "off",
  aliases: ["DL3016"],
  meaning: "npm installs a package without saying which version.",
  why: "A tool that is installed by name alone is its newest release in each build, with all that changed in it. Off by default, as are all rules about versions; a project with package-lock.json and `npm ci` needs none.",
  examples: [
    {
      bad: "FROM node:22\nRUN npm install -g pyright\n",
      good: "FROM node:22\nRUN npm install -g pyright@1.1.390\n",
    },
  ],
  check(file, report) {
    reportUnpinned(file, report, {
      managers: ["npm"],
      form: "name@version",
      isPinned: ({ word }) => isVersioned(word.value),
      isPinnedPath: (word) => isVersioned(word.value),
    });
  },
});

function isVersioned(text: string): boolean {
  if (/^(?:git|git\+\w+|https?|ssh|file|github|gitlab|bitbucket):/.test(text))
    return /#|\.tgz$|\.tar(?:\.gz)?$/.test(text) || text.startsWith("file:");
  if (/^(?:\.{0,2}\/|~\/|\.$)|\.(?:tgz|tar|tar\.gz)$/.test(text) || text.includes("$")) return true;
  return text.indexOf("@", 1) > 0;
}
