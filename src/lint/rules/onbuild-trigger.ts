import { defineRule } from "../rule.ts";

export const onbuildTrigger = defineRule({
  kind: "dockerfile",
  name: "onbuild-trigger",
  group: "syntax",
  severity: "error",
  aliases: ["DL3043"],
  meaning: "ONBUILD carries an instruction that it may not carry: ONBUILD, FROM or MAINTAINER.",
  why: "Builders refuse the three, and stop.",
  examples: [
    {
      bad: "FROM debian:12\nONBUILD MAINTAINER ada@lab.example\n",
      good: "FROM debian:12\nONBUILD RUN true\n",
    },
  ],
  check(file, report) {
    for (const { trigger } of file.instructions) {
      if (trigger === undefined || !/^(?:ONBUILD|FROM|MAINTAINER)$/.test(trigger.keyword)) continue;
      report({ at: trigger.keywordRange, message: `ONBUILD may not carry ${trigger.keyword}` });
    }
  },
});
