import { openBases } from "../knowledge/open-bases.ts";
import { defineRule } from "../rule.ts";

export const baseLeftToBuilder = defineRule({
  kind: "dockerfile",
  name: "base-left-to-builder",
  group: "base",
  severity: "off",
  aliases: ["InvalidDefaultArgInFrom"],
  meaning: "The whole base image is an ARG without a value, so that nothing is built without `--build-arg`.",
  why: "Tools that read Dockerfiles (update bots, scanners, ddiff) cannot know the base, and nobody sees which one the file was tried with. It is off by default, because a file that is built by a tool of its project asks for its base like that on purpose, and a build without it stops at once. BuildKit's check InvalidDefaultArgInFrom is this rule and `invalid-default-arg-in-from`.",
  examples: [
    {
      bad: "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nRUN true\n",
      good: "ARG BASE_IMAGE=python:3.12-slim\nFROM ${BASE_IMAGE}\nRUN true\n",
    },
  ],
  check(file, report) {
    for (const { image, asked } of openBases(file))
      if (asked)
        report({
          at: image,
          message: `${image.raw} is empty unless --build-arg gives it, so that FROM names no image`,
        });
  },
});
