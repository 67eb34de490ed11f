import { defineRule } from "../rule.ts";

export const untaggedBase = defineRule({
  kind: "dockerfile",
  name: "untagged-base",
  group: "base",
  severity: "warning",
  aliases: ["DL3006", "DS-0001", "CKV_DOCKER_7"],
  meaning: "FROM names an image without tag or digest.",
  why: "It is `latest` then: the next build may stand on another Python, another CUDA or another Debian, and nobody can say afterwards which one an image was made from.",
  examples: [
    {
      bad: "FROM python\nRUN true\n",
      good: "FROM python:3.12-slim\nRUN true\n",
    },
  ],
  check(file, report) {
    for (const { base, image } of file.stages) {
      // A tag in a variable, or the whole name, is somebody else's choice.
      if (base.kind !== "image" || image === undefined || image.raw.startsWith("$")) continue;
      const name = base.image;
      if (name.includes("@") || /:[^/]+$/.test(name)) continue;
      report({ at: image, message: `${name} has no tag, so that each build may stand on another version` });
    }
  },
});
