import { versionInName } from "../knowledge/image-versions.ts";
import { defineRule } from "../rule.ts";

export const latestBase = defineRule({
  kind: "dockerfile",
  name: "latest-base",
  group: "base",
  severity: "warning",
  aliases: ["DL3007", "DS-0001", "CKV_DOCKER_7", "DKL-DI-0006"],
  meaning: "FROM names the tag latest.",
  why: "`latest` is what was pushed last, with a new major version one day. A tag with a version, or a digest, keeps builds alike and makes an update a change that can be read in the history. Left alone where the repository itself is named after a version.",
  examples: [
    {
      bad: "FROM tensorflow/tensorflow:latest\nRUN true\n",
      good: "FROM tensorflow/tensorflow:2.19.0\nRUN true\n",
    },
  ],
  check(file, report) {
    // An image of the development version follows everything.
    if (/^\s*(?:ENV|ARG)\s+\w*VERSION[= ]"?(?:devel|nightly)\b/im.test(file.text)) return;
    const used = new Set(file.stages.flatMap((stage) => stage.uses));
    for (const stage of file.stages) {
      const { base, image } = stage;
      // Nothing is taken from it, so it is not even fetched.
      const empty = stage.instructions.every((one) => one.keyword === "FROM");
      if (empty && stage !== file.stages.at(-1) && !used.has(stage)) continue;
      if (base.kind !== "image" || image === undefined || !base.image.endsWith(":latest")) continue;
      if (versionInName(base.image)) continue;
      report({ at: image, message: `${base.image} is another image after each release` });
    }
  },
});
