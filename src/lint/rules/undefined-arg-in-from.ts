import { closeName, platformArgs, unsetIn } from "../knowledge/variables.ts";
import { defineRule } from "../rule.ts";

export const undefinedArgInFrom = defineRule({
  kind: "dockerfile",
  name: "undefined-arg-in-from",
  group: "base",
  severity: "error",
  aliases: ["UndefinedArgInFrom"],
  meaning: "FROM uses a variable that no ARG before the first FROM declares.",
  why: "Only ARGs above the first FROM count there, and `--build-arg` cannot set one that is not declared. The variable is empty, and the base is another image than is written, or none.",
  examples: [
    {
      bad: "ARG PYTHON_VERSION=3.12\nFROM python:3${PYTHON_VERSOIN}\nRUN true\n",
      good: "ARG PYTHON_VERSION=3.12\nFROM python:${PYTHON_VERSION}\nRUN true\n",
    },
  ],
  check(file, report) {
    const known = new Map<string, string | undefined>(file.globals);
    for (const name of platformArgs) if (!known.has(name)) known.set(name, undefined);
    for (const { from, image } of file.stages) {
      const platform = from.flags.find((flag) => flag.name === "platform");
      for (const [word, at] of [
        [image?.raw, image],
        [platform?.value, platform],
      ] as const) {
        if (word === undefined || at === undefined) continue;
        for (const name of unsetIn(word, known, file.escape)) {
          const close = closeName(name, known.keys());
          const meant = close === undefined ? "" : ` (${close}?)`;
          report({
            at,
            message: `no ARG before the first FROM declares ${name}${meant}, so that it is empty`,
          });
        }
      }
    }
  },
});
