import { allSources, copyTarget } from "../knowledge/copies.ts";
import { defineRule } from "../rule.ts";

export const wholeStageCopied = defineRule({
  kind: "dockerfile",
  name: "whole-stage-copied",
  group: "layers",
  severity: "info",
  aliases: ["DL3067"],
  meaning: "COPY takes the whole file system of another stage.",
  why: "Compilers, caches and build files come along, all in one layer that changes with every build. Copy the folders that the program needs. Into `FROM scratch` it is a way to squash an image; ignore the rule there.",
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
      const source = allSources(file, instruction).find(({ path }) => path === "/");
      if (source === undefined || copyTarget(file, instruction)?.path !== "/") continue;
      report({ at: source.at, message: `everything of ${from.value ?? "the stage"} is copied` });
    }
  },
});
