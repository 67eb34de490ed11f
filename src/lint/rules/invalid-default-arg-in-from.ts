import { openBases } from "../knowledge/open-bases.ts";
import { defineRule } from "../rule.ts";

export const invalidDefaultArgInFrom = defineRule({
  kind: "dockerfile",
  name: "invalid-default-arg-in-from",
  group: "base",
  severity: "info",
  aliases: ["InvalidDefaultArgInFrom"],
  meaning: "Without `--build-arg` FROM names no image, because an ARG in it has no default that fits.",
  why: "A plain `docker build .` fails, and tools that read Dockerfiles (update bots, scanners, ddiff) cannot know the base. A default that works says at the same time which version the file was tried with. BuildKit's check of this name also speaks where the whole image is one ARG without a value, by which a file asks whoever builds it to choose: that is `base-left-to-builder`, which is off by default.",
  examples: [
    {
      bad: "ARG VERSION\nFROM debian:$VERSION\n",
      good: "ARG VERSION=12\nFROM debian:$VERSION\n",
    },
  ],
  check(file, report) {
    for (const { image, name, asked } of openBases(file)) {
      if (asked) continue;
      const result = name === "" ? "names no image" : `names ${name}, which is no image`;
      report({ at: image, message: `without --build-arg ${image.raw} ${result}` });
    }
  },
});
