import { unquoted } from "../../dockerfile/read-words.ts";
import { defineRule } from "../rule.ts";

export const relativeWorkdir = defineRule({
  kind: "dockerfile",
  name: "relative-workdir",
  group: "layers",
  severity: "warning",
  aliases: ["WorkdirRelativePath", "DL3000", "DS-0009", "CKV_DOCKER_10"],
  meaning: "WORKDIR is relative before an absolute one was set in the file.",
  why: "It hangs below whatever WORKDIR the base image has, which the next version of that image may change: files then lie where nobody looks for them.",
  examples: [
    {
      bad: "FROM python:3.12-slim\nWORKDIR app\nCOPY . .\n",
      good: "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\n",
    },
  ],
  check(file, report) {
    const set = new Set<number>();
    for (const stage of file.stages) {
      if (stage.base.kind === "stage" && set.has(stage.base.stage.index)) set.add(stage.index);
      for (const instruction of stage.instructions) {
        if (instruction.keyword !== "WORKDIR") continue;
        const path = unquoted(instruction.body.text, file.escape);
        // A variable may well hold an absolute path; where its value is known, it says.
        const after = path.startsWith("$")
          ? file.before(instruction).variables.get(path.replace(/^\$\{?|\}?$/g, ""))
          : path;
        const relative = after !== undefined && !/^(?:[/$\\]|[A-Za-z]:)/.test(after);
        if (relative && !set.has(stage.index)) {
          report({
            at: instruction,
            message: `WORKDIR ${path} hangs below whatever folder the base image is in`,
          });
        }
        set.add(stage.index);
      }
    }
  },
});
