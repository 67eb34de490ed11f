import { defineRule } from "../rule.ts";

export const copyFromItself = defineRule({
  kind: "dockerfile",
  name: "copy-from-itself",
  group: "syntax",
  severity: "error",
  aliases: ["DL3023", "DS-0006"],
  meaning: "`COPY --from` names the stage that it stands in.",
  why: "A stage cannot copy from itself before it is done: builders stop at the line. Inside a stage `RUN cp` does it.",
  examples: [
    {
      bad: "FROM debian:12 AS app\nCOPY --from=app /etc/hosts /tmp/hosts\n",
      good: "FROM debian:12 AS base\nRUN true\nFROM base AS app\nCOPY --from=base /etc/hosts /tmp/hosts\n",
    },
  ],
  check(file, report) {
    for (const stage of file.stages) {
      for (const { keyword, flags } of stage.instructions) {
        const flag = flags.find((one) => one.name === "from");
        if (keyword !== "COPY" || flag?.value === undefined) continue;
        const from = flag.value.toLowerCase();
        const shadowed = file.stages.some((other) => other.index < stage.index && other.name === from);
        if (from === stage.name && !shadowed)
          report({ at: flag, message: `the stage ${flag.value} copies from itself` });
      }
    }
  },
});
