import type { Stage } from "../../dockerfile/document.ts";
import { allSources, copyTarget } from "../knowledge/copies.ts";
import { defineRule } from "../rule.ts";

export const wholeStageCopied = defineRule({
  kind: "dockerfile",
  name: "whole-stage-copied",
  group: "layers",
  severity: "info",
  aliases: ["DL3067"],
  meaning: "COPY takes the whole file system of another stage.",
  why: "Compilers, caches and build files come along, all in one layer that changes with every build. Copy the folders that the program needs. Images of one tool and stages `FROM scratch` that only gather files, which are made for it, and copies into `FROM scratch` that squash an image, are left alone.",
  examples: [
    {
      bad: "FROM debian:12 AS build\nRUN true\nFROM debian:12\nCOPY --from=build / /\n",
      good: "FROM debian:12 AS build\nRUN true\nFROM debian:12\nCOPY --from=build /opt/app /opt/app\n",
    },
  ],
  check(file, report) {
    for (const instruction of file.instructions) {
      const from = instruction.flags.find((flag) => flag.name === "from");
      if (instruction.keyword !== "COPY" || from === undefined) continue;
      const stage = file.stages.find(
        (one) => one.name === from.value?.toLowerCase() || String(one.index) === from.value,
      );
      // Images of one tool and build contexts are made to be copied whole, and a copy into scratch is meant to squash.
      if (
        stage === undefined ||
        stage.instructions.length === 1 ||
        isBundle(stage) ||
        file.stages[instruction.stage]?.base.kind === "scratch"
      )
        continue;
      const source = allSources(file, instruction).find(({ path }) => path === "/");
      if (source === undefined || copyTarget(file, instruction)?.path !== "/") continue;
      report({ at: source.at, message: `everything of ${from.value ?? "the stage"} is copied` });
    }
  },
});

/** A stage on nothing that only gathers files is made to be copied whole. */
function isBundle({ base, instructions }: Stage): boolean {
  return (
    base.kind === "scratch" && instructions.every(({ keyword }) => /^(?:FROM|COPY|ADD|ARG)$/.test(keyword))
  );
}
