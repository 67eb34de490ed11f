import { defineRule } from "../rule.ts";

export const stageNameCasing = defineRule({
  kind: "dockerfile",
  name: "stage-name-casing",
  group: "style",
  severity: "off",
  aliases: ["StageNameCasing"],
  meaning: "A stage's name has capital letters.",
  why: "Builders compare stage names without regard to case, but images must be lower case: `FROM Base` is a stage or an error, and a reader cannot tell which. Names in lower case look like what they are.",
  examples: [
    {
      bad: "FROM debian:12 AS Build\nRUN true\n",
      good: "FROM debian:12 AS build\nRUN true\n",
    },
  ],
  check(file, report) {
    for (const { alias } of file.stages) {
      if (alias === undefined || alias.raw === alias.raw.toLowerCase()) continue;
      report({ at: alias, message: `the stage ${alias.raw} is not named in lower case` });
    }
  },
});
