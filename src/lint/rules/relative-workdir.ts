import type { Dockerfile, Instruction } from "../../dockerfile/document.ts";
import { expandWord } from "../../dockerfile/expand.ts";
import { unquoted } from "../../dockerfile/read-words.ts";
import { usesOf } from "../knowledge/commands.ts";
import { isWithin } from "../knowledge/mounts.ts";
import { folderOf, startFolder } from "../knowledge/paths.ts";
import { cloneOf } from "../knowledge/written-files.ts";
import { defineRule } from "../rule.ts";

export const relativeWorkdir = defineRule({
  kind: "dockerfile",
  name: "relative-workdir",
  group: "layers",
  severity: "warning",
  aliases: ["WorkdirRelativePath", "DL3000", "DS-0009", "CKV_DOCKER_10"],
  meaning: "WORKDIR is relative before an absolute one was set in the file.",
  why: "It hangs below whatever WORKDIR the base image has, which the next version of that image may change: files then lie where nobody looks for them. A folder that `git clone` made in the same place moves along, and is left alone.",
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
        if (relative && !set.has(stage.index) && !isCloned(file, instruction, after)) {
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

/** Whether the folder is one that `git clone` made in the folder in which the stage works: it is found wherever that is. */
function isCloned(file: Dockerfile, workdir: Instruction, path: string): boolean {
  return usesOf(file, "git").some((use) => {
    const { command, instruction } = use;
    if (instruction.stage !== workdir.stage || instruction.start > workdir.start) return false;
    const cloned = cloneOf(command.args);
    if (cloned === undefined || folderOf(file, use) !== startFolder(file, instruction)) return false;
    // A folder inside of it comes along as well.
    const name = nameOf(file, instruction, cloned.into?.value ?? cloned.url.value);
    return name !== undefined && isWithin(path.replace(/\/+$/, ""), name);
  });
}

/** The folder that a clone makes: of an address its last part. */
function nameOf(file: Dockerfile, instruction: Instruction, text: string): string | undefined {
  const { variables } = file.before(instruction);
  let known = text;
  try {
    known = expandWord(text, (name) => variables.get(name), file.escape);
  } catch {
    return undefined;
  }
  const name = known.replace(/\/+$/, "").replace(/\.git$/, "");
  return name.includes("://") || name.includes("@") ? name.slice(name.lastIndexOf("/") + 1) : name;
}
