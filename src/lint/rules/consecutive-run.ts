import type { Dockerfile, Instruction } from "../../dockerfile/document.ts";
import { readShell } from "../../dockerfile/read-shell.ts";
import { defineRule } from "../rule.ts";

export const consecutiveRun = defineRule({
  kind: "dockerfile",
  name: "consecutive-run",
  group: "layers",
  severity: "off",
  aliases: ["DL3059"],
  meaning: "Short RUN instructions follow one another.",
  why: "Each is a layer of its own. That costs next to nothing where they add files, and it keeps the build cache useful: what costs is a file that one layer adds and another deletes, for which there is a rule that is on.",
  examples: [
    {
      bad: "FROM debian:12\nRUN mkdir /data\nRUN chown 1000 /data\n",
      good: "FROM debian:12\nRUN mkdir /data && chown 1000 /data\n",
    },
  ],
  check(file, report) {
    let before: Instruction | undefined;
    for (const instruction of file.instructions) {
      if (instruction.keyword !== "RUN") {
        before = undefined;
        continue;
      }
      const short = before !== undefined && isShort(file, before) && isShort(file, instruction);
      if (short && flagsOf(before) === flagsOf(instruction))
        report({ at: instruction.keywordRange, message: "this RUN and the one before it make two layers" });
      else before = instruction;
    }
  },
});

function isShort(file: Dockerfile, run: Instruction): boolean {
  return readShell(file, run).reduce((sum, script) => sum + script.commands.length, 0) <= 1;
}

function flagsOf(run: Instruction | undefined): string {
  return (run?.flags ?? [])
    .map((flag) => `${flag.name}=${flag.value ?? ""}`)
    .sort()
    .join(" ");
}
