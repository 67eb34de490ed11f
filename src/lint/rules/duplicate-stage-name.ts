import { defineRule } from "../rule.ts";

export const duplicateStageName = defineRule({
  kind: "dockerfile",
  name: "duplicate-stage-name",
  group: "syntax",
  severity: "error",
  aliases: ["DuplicateStageName", "DL3024", "DS-0012", "CKV_DOCKER_11"],
  meaning: "Two stages have the same name.",
  why: "`COPY --from` and `--target` take the last one that was defined before them, so that what a name means changes half way through the file, and the first of the two can no longer be built by its name.",
  examples: [
    {
      bad: "FROM debian:12 AS build\nRUN true\nFROM debian:12 AS build\nRUN false\n",
      good: "FROM debian:12 AS build\nRUN true\nFROM debian:12 AS test\nRUN false\n",
    },
  ],
  check(file, report) {
    const seen = new Map<string, number>();
    for (const { name, alias, from } of file.stages) {
      if (name === undefined || alias === undefined) continue;
      const line = seen.get(name);
      if (line !== undefined)
        report({ at: alias, message: `the stage ${alias.raw} has the name of the one in line ${line}` });
      seen.set(name, from.line);
    }
  },
});
