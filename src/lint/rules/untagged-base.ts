import { versionInName } from "../knowledge/image-versions.ts";
import { defineRule } from "../rule.ts";

export const untaggedBase = defineRule({
  kind: "dockerfile",
  name: "untagged-base",
  group: "base",
  severity: "warning",
  aliases: ["DL3006", "DS-0001", "CKV_DOCKER_7"],
  meaning: "FROM names an image without tag or digest.",
  why: "It is `latest` then: the next build may stand on another Python, another CUDA or another Debian, and nobody can say afterwards which one an image was made from. Names that a bake or compose file of the project gives to contexts are no images, and left alone; so are repositories that are themselves named after a version.",
  examples: [
    {
      bad: "FROM python\nRUN true\n",
      good: "FROM python:3.12-slim\nRUN true\n",
    },
  ],
  check(file, report, context) {
    for (const { base, image } of file.stages) {
      // A tag in a variable, or the whole name, is somebody else's choice.
      if (base.kind !== "image" || image === undefined || /^["']?\$/.test(image.raw)) continue;
      const name = base.image;
      if (name.includes("@") || /:[^/]+$/.test(name) || versionInName(name)) continue;
      // A bake or compose file says what stands behind this name, with its version.
      if (context.contexts.has(name)) continue;
      report({ at: image, message: `${name} has no tag, so that each build may stand on another version` });
    }
  },
});
