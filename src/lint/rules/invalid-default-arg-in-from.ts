import { expandWord } from "../../dockerfile/expand.ts";
import { parseReference } from "../../oci/reference.ts";
import { platformArgs, unsetIn } from "../knowledge/variables.ts";
import { defineRule } from "../rule.ts";

export const invalidDefaultArgInFrom = defineRule({
  kind: "dockerfile",
  name: "invalid-default-arg-in-from",
  group: "base",
  severity: "info",
  aliases: ["InvalidDefaultArgInFrom"],
  meaning: "Without `--build-arg` FROM names no image, because an ARG in it has no default that fits.",
  why: "A plain `docker build .` fails, and tools that read Dockerfiles (update bots, scanners, ddiff) cannot know the base. A default that works says at the same time which version the file was tried with.",
  examples: [
    {
      bad: "ARG VERSION\nFROM debian:$VERSION\n",
      good: "ARG VERSION=12\nFROM debian:$VERSION\n",
    },
  ],
  check(file, report) {
    for (const { image } of file.stages) {
      if (image === undefined || !image.raw.includes("$")) continue;
      // Those that are declared nowhere have a rule of their own.
      const declared = new Map<string, string | undefined>(file.globals);
      for (const name of platformArgs) if (!declared.has(name)) declared.set(name, "x");
      if (unsetIn(image.raw, declared, file.escape).length > 0) continue;
      let name: string;
      try {
        name = expandWord(image.raw, (one) => declared.get(one), file.escape);
      } catch {
        continue;
      }
      if (isImage(name) || file.stages.some((stage) => stage.name === name.toLowerCase())) continue;
      const result = name === "" ? "names no image" : `names ${name}, which is no image`;
      report({ at: image, message: `without --build-arg ${image.raw} ${result}` });
    }
  },
});

function isImage(name: string): boolean {
  try {
    parseReference(name);
    return true;
  } catch {
    return false;
  }
}
