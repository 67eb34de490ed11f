import { posix } from "node:path";
import type { Dockerfile, Instruction, Stage } from "../../dockerfile/document.ts";
import { readShell } from "../../dockerfile/read-shell.ts";
import { chainOf, instructionsOf } from "../knowledge/bases.ts";
import { copySources, copyTarget } from "../knowledge/copies.ts";
import { defineRule } from "../rule.ts";

export const copyToRelative = defineRule({
  kind: "dockerfile",
  name: "copy-to-relative",
  group: "layers",
  severity: "info",
  aliases: ["DL3045"],
  meaning: "COPY puts files at a relative path before the file sets a WORKDIR.",
  why: "They land below the WORKDIR of the base image, in `/` for most. The next version of the base may have another. Where a later RUN of the stage names the files in the same relative way, or ENTRYPOINT starts them so, they are found wherever that is, and nothing is said.",
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
        if (isReadThere(file, stage, instruction, target.path)) continue;
        if (isStartedThere(file, stage, instruction, target.path)) continue;
        report({ at: target.at, message: `${target.path} lies below whatever folder the base image is in` });
      }
    }
  },
});

/** Whether a later RUN of the stage names what was copied by a relative path too: both move together. */
function isReadThere(file: Dockerfile, stage: Stage, copy: Instruction, target: string): boolean {
  const folder = posix.normalize(target).replace(/\/$/, "");
  const names = folder === "." ? copySources(file, copy).map(({ path }) => posix.basename(path)) : [folder];
  const later = stage.instructions.filter((one) => one.keyword === "RUN" && one.start > copy.start);
  const words = later.flatMap((one) =>
    readShell(file, one).flatMap(({ commands }) =>
      commands.flatMap(({ nameWord, args }) => [...(nameWord === undefined ? [] : [nameWord]), ...args]),
    ),
  );
  return names.some((name) =>
    words.some(({ value }) => {
      const path = value.replace(/^(?:\.\/)+/, "");
      return path === name || path.startsWith(`${name}/`);
    }),
  );
}

/** Whether the image starts what was copied by its relative path (`./entrypoint.sh`), with no other folder in between. */
function isStartedThere(file: Dockerfile, stage: Stage, copy: Instruction, target: string): boolean {
  const name = posix.normalize(target);
  return file.stages.some((other) => {
    if (!chainOf(other).includes(stage)) return false;
    const later = instructionsOf(other).filter((one) => one.start > copy.start);
    const moves = later.some(({ keyword }) => keyword === "WORKDIR");
    return !moves && later.some(({ keyword, json }) => keyword === "ENTRYPOINT" && startsWith(json, name));
  });
}

function startsWith(json: Instruction["json"], name: string): boolean {
  return json?.some(({ value }) => value.startsWith("./") && posix.normalize(value) === name) === true;
}
