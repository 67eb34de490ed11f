import { defineRule } from "../rule.ts";

export const reservedStageName = defineRule({
  kind: "dockerfile",
  name: "reserved-stage-name",
  group: "syntax",
  severity: "error",
  aliases: ["ReservedStageName", "DL3063"],
  meaning: "A stage is named scratch or context, which mean something else to builders.",
  why: "`FROM scratch` is the empty image and `context` the build context. A stage of that name makes later lines mean another thing than they say.",
  examples: [
    {
      bad: "FROM debian:12 AS context\nRUN true\n",
      good: "FROM debian:12 AS sources\nRUN true\n",
    },
  ],
  check(file, report) {
    for (const { name, alias } of file.stages) {
      if (alias === undefined || (name !== "scratch" && name !== "context")) continue;
      report({ at: alias, message: `${alias.raw} is a name that builders keep for themselves` });
    }
  },
});
