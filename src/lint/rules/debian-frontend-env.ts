import { unquoted } from "../../dockerfile/read-words.ts";
import { namesOf } from "../knowledge/variables.ts";
import { shippedStages } from "../knowledge/shipped.ts";
import { defineRule } from "../rule.ts";

export const debianFrontendEnv = defineRule({
  kind: "dockerfile",
  name: "debian-frontend-env",
  group: "runtime",
  severity: "info",
  aliases: [],
  meaning: "ENV keeps `DEBIAN_FRONTEND=noninteractive` in the image.",
  why: "It is for the build; in the image it follows everyone who opens a shell there or builds on it, and apt then asks nothing where somebody could answer. Docker's own FAQ says not to. `ARG DEBIAN_FRONTEND=noninteractive` holds for the RUNs of the stage and is gone afterwards; a stage that stands on this one needs the line again.",
  examples: [
    {
      bad: "FROM debian:12\nENV DEBIAN_FRONTEND=noninteractive\nRUN apt-get update && apt-get install -y tzdata\n",
      good: "FROM debian:12\nARG DEBIAN_FRONTEND=noninteractive\nRUN apt-get update && apt-get install -y tzdata\n",
      fixed:
        "FROM debian:12\nARG DEBIAN_FRONTEND=noninteractive\nRUN apt-get update && apt-get install -y tzdata\n",
    },
  ],
  check(file, report) {
    for (const stage of shippedStages(file)) {
      // One that is taken back later is gone.
      if ((stage.end.env.get("DEBIAN_FRONTEND") ?? "") !== "noninteractive") continue;
      for (const instruction of stage.instructions) {
        if (instruction.keyword !== "ENV") continue;
        const names = namesOf(instruction);
        const one = names.find(({ name }) => name === "DEBIAN_FRONTEND");
        if (one === undefined || unquoted(one.value ?? "", file.escape) !== "noninteractive") continue;
        const below = file.stages.some((other) => other.base.kind === "stage" && other.base.stage === stage);
        const old = instruction.words[0]?.raw === "DEBIAN_FRONTEND";
        const { keywordRange } = instruction;
        const lower = file.text.slice(keywordRange.start, keywordRange.end) === "env";
        const [first] = instruction.words;
        report({
          at: one,
          message: "DEBIAN_FRONTEND stays set in the image; ARG is enough for the build",
          ...(names.length === 1 && {
            fix: {
              title: "make it an ARG",
              risk: below ? "unsafe" : "safe",
              edits: [
                { start: keywordRange.start, end: keywordRange.end, text: lower ? "arg" : "ARG" },
                ...(old && first !== undefined
                  ? [{ start: first.end, end: instruction.words[1]?.start ?? first.end, text: "=" }]
                  : []),
              ],
            },
          }),
        });
      }
    }
  },
});
