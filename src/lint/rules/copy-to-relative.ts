import type { Stage } from "../../dockerfile/document.ts";
import { copyTarget } from "../knowledge/copies.ts";
import { defineRule } from "../rule.ts";

export const copyToRelative = defineRule({
  kind: "dockerfile",
  name: "copy-to-relative",
  group: "layers",
  severity: "info",
  aliases: ["DL3045"],
  meaning: "COPY puts files at a relative path before the file sets a WORKDIR.",
  why: "They land below the WORKDIR of the base image, in `/` for most. The next version of the base may have another.",
  examples: [
    {
      bad: "FROM python:3.12-slim\nCOPY serve.py app/serve.py\n",
      good: "FROM python:3.12-slim\nWORKDIR /srv\nCOPY serve.py app/serve.py\n",
    },
  ],
  check(file, report) {
    const set = new Set<Stage>();
    for (const stage of file.stages) {
      if (stage.base.kind === "stage" && set.has(stage.base.stage)) set.add(stage);
      // There is no base that could be in another folder than /.
      if (stage.base.kind === "scratch") set.add(stage);
      for (const instruction of stage.instructions) {
        if (instruction.keyword === "WORKDIR") set.add(stage);
        if (instruction.keyword !== "COPY" || set.has(stage)) continue;
        const target = copyTarget(file, instruction);
        if (target === undefined || /^(?:[/$\\]|[A-Za-z]:)/.test(target.path)) continue;
        report({ at: target.at, message: `${target.path} lies below whatever folder the base image is in` });
      }
    }
  },
});
