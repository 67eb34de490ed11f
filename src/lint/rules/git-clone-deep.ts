import type { ShellScript } from "../../dockerfile/shell.ts";
import { usesOf } from "../knowledge/commands.ts";
import { shippedStages } from "../knowledge/shipped.ts";
import { cloneOf } from "../knowledge/written-files.ts";
import { defineRule } from "../rule.ts";

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
    const shipped = shippedStages(file);
    for (const { command, script, instruction } of usesOf(file, "git")) {
      const stage = file.stages[instruction.stage];
      if (stage === undefined || !shipped.has(stage)) continue;
      const cloned = cloneOf(command.args);
      const clone = command.args.find((word) => word.value === "clone");
      if (cloned === undefined || clone === undefined || command.args[0] !== clone) continue;
      const shallow = /^--(?:depth|filter|shallow|mirror|bare|reference|no-checkout|recurs)/;
      if (command.args.some((word) => shallow.test(word.value))) continue;
      const folder = cloned.into?.value.split("/").findLast((part) => part !== "") ?? cloned.name;
      if (needsHistory(script, command.start, folder) || file.text.includes("describe")) continue;
      report({
        at: { start: command.start, end: clone.end },
        message: `${cloned.name} comes with its whole history`,
        ...(clone.raw === "clone" && {
          fix: {
            title: "add --depth 1",
            risk: "unsafe",
            edits: [{ start: clone.end, end: clone.end, text: " --depth 1" }],
          },
        }),
      });
    }
  },
});

/** Whether the RUN goes back in the history, or takes it away with the folder. */
function needsHistory(script: ShellScript, start: number, folder: string): boolean {
  return script.commands.some((one) => {
    if (one.start <= start) return false;
    if (one.name === "git") return !/^(?:clone|config|lfs|apply|am|init)$/.test(one.args[0]?.value ?? "");
    if (one.name !== "rm" && one.name !== "find") return false;
    return one.args.some(
      ({ value }) =>
        value.includes(".git") ||
        value.replace(/\/+\*?$/, "").endsWith(folder) ||
        /^(?:\.|\.\.|\*|\/tmp\/\*)$/.test(value),
    );
  });
}
