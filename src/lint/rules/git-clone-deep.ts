import type { Instruction } from "../../dockerfile/document.ts";
import type { ShellScript } from "../../dockerfile/shell.ts";
import type { Range } from "../../dockerfile/text.ts";
import { usesOf } from "../knowledge/commands.ts";
import { shippedStages } from "../knowledge/shipped.ts";
import { cloneOf } from "../knowledge/written-files.ts";
import { defineRule, type Edit } from "../rule.ts";

export const gitCloneDeep = defineRule({
  kind: "dockerfile",
  name: "git-clone-deep",
  group: "layers",
  severity: "info",
  aliases: [],
  meaning: "git clone brings the whole history of a repository into a layer.",
  why: "The history is often many times the size of the files: every weight and notebook that was ever committed is in it. `--depth 1` takes the newest commit alone, with `--branch` that of a tag. Not reported where a later command of the RUN needs the history (checkout, describe, submodule) or removes `.git`. Versions that setuptools-scm reads out of tags need the history as well.",
  examples: [
    {
      bad: "FROM python:3.12\nRUN git clone https://github.com/lab/model.git /opt/model\n",
      good: "FROM python:3.12\nRUN git clone --depth 1 --branch v1.2 https://github.com/lab/model.git /opt/model\n",
      fixed: "FROM python:3.12\nRUN git clone --depth 1 https://github.com/lab/model.git /opt/model\n",
    },
  ],
  check(file, report) {
    if (file.text.includes("describe")) return;
    const shipped = shippedStages(file);
    const deep = new Map<Instruction, { at: Range; name: string; edit: Edit }[]>();
    const uses = usesOf(file, "git");
    for (const use of uses) {
      const { command, script, instruction } = use;
      const stage = file.stages[instruction.stage];
      if (stage === undefined || !shipped.has(stage)) continue;
      const cloned = cloneOf(command.args);
      const [clone] = command.args;
      if (cloned === undefined || clone?.value !== "clone") continue;
      const shallow = /^--(?:depth|filter|shallow|mirror|bare|reference|no-checkout|recurs)/;
      if (command.args.some((word) => shallow.test(word.value))) continue;
      const folder = cloned.into?.value.split("/").findLast((part) => part !== "") ?? cloned.name;
      const later = uses.some(
        (one) =>
          one.instruction.stage === instruction.stage &&
          one.command.start > command.start &&
          historic.test(one.command.args.find((word) => !word.value.startsWith("-"))?.value ?? ""),
      );
      if (later || isRemoved(script, command.start, folder)) continue;
      const found = {
        at: { start: command.start, end: clone.end },
        name: cloned.name,
        edit: { start: clone.end, end: clone.end, text: " --depth 1" },
      };
      const list = deep.get(instruction);
      if (list === undefined) deep.set(instruction, [found]);
      else list.push(found);
    }
    for (const list of deep.values()) {
      const [first] = list;
      if (first === undefined) continue;
      const names = list.map((one) => one.name).join(", ");
      report({
        at: first.at,
        message: `${names} come${list.length > 1 ? "" : "s"} with the whole history`,
        fix: { title: "add --depth 1", risk: "unsafe", edits: list.map((one) => one.edit) },
      });
    }
  },
});

/** What goes back in the history, or takes more of it. */
const historic =
  /^(?:checkout|switch|reset|submodule|fetch|pull|rev-parse|log|tag|cherry-pick|revert|merge|rebase|archive|worktree|blame|rev-list)$/;

/** Whether the RUN takes away the folder, or its history. */
function isRemoved(script: ShellScript, start: number, folder: string): boolean {
  return script.commands.some(
    (one) =>
      one.start > start &&
      (one.name === "rm" || one.name === "find") &&
      one.args.some(
        ({ value }) =>
          value.includes(".git") ||
          value.replace(/\/+\*?$/, "").endsWith(folder) ||
          /^(?:\.|\.\.|\*|\/tmp\/\*)$/.test(value),
      ),
  );
}
