import { defineRule } from "../rule.ts";

export const baseWithoutDigest = defineRule({
  kind: "dockerfile",
  name: "base-without-digest",
  group: "base",
  severity: "off",
  aliases: [],
  meaning: "FROM names an image by its tag alone, without a digest.",
  why: "A tag can point to another image tomorrow; `name:tag@sha256:...` is the same one for ever, for you and for whoever rebuilds. It is off by default, as somebody (Renovate, Dependabot) must then move the digest, or security updates never arrive.",
  examples: [
    {
      bad: "FROM python:3.12-slim\nRUN true\n",
      good: "FROM python:3.12-slim@sha256:d67a7b66b989ad6b6d6b10d428dcc5e0bfc3e5f88906e67d490c4d3daac57047\nRUN true\n",
    },
  ],
  check(file, report) {
    for (const { base, image } of file.stages) {
      if (base.kind !== "image" || image === undefined || base.image.includes("@")) continue;
      report({ at: image, message: `${base.image} can become another image, as no digest pins it` });
    }
  },
});
