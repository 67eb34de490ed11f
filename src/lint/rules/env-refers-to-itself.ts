import { expandWord } from "../../dockerfile/expand.ts";
import { namesOf } from "../knowledge/variables.ts";
import { defineRule } from "../rule.ts";

export const envRefersToItself = defineRule({
  kind: "dockerfile",
  name: "env-refers-to-itself",
  group: "syntax",
  severity: "error",
  aliases: ["DL3044"],
  meaning: "A variable is used in the ENV that sets it, where it does not have its new value yet.",
  why: "All values of an ENV are worked out before any of them is set: in `ENV A=/opt B=$A/bin` B is `/bin`. Write two ENV.",
  examples: [
    {
      bad: "FROM debian:12\nENV CONDA_DIR=/opt/conda PATH=$CONDA_DIR/bin:$PATH\n",
      good: "FROM debian:12\nENV CONDA_DIR=/opt/conda\nENV PATH=$CONDA_DIR/bin:$PATH\n",
    },
  ],
  check(file, report) {
    for (const instruction of file.instructions) {
      if (instruction.keyword !== "ENV" || !instruction.body.text.includes("$")) continue;
      const pairs = namesOf(instruction);
      if (pairs.length < 2) continue;
      const { variables } = file.before(instruction);
      for (const pair of pairs) {
        const used = variablesIn(pair.value ?? "", file.escape);
        const set = pairs.find((one) => one !== pair && used.has(one.name));
        // One that had a value before is used with that on purpose, as far as one can tell.
        if (set === undefined || variables.has(set.name)) continue;
        report({
          at: pair,
          message: `$${set.name} does not have the value in ${pair.name} that the same ENV sets`,
        });
        break;
      }
    }
  },
});

function variablesIn(word: string, escape: string): Set<string> {
  const names = new Set<string>();
  try {
    expandWord(
      word,
      (name) => {
        names.add(name);
        return "x";
      },
      escape,
    );
  } catch {
    // What was read before the mistake counts.
  }
  return names;
}
