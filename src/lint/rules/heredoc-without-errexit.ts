import { isHeredocScript } from "../../dockerfile/heredoc-openers.ts";
import { readShell } from "../../dockerfile/read-shell.ts";
import { runsOf } from "../knowledge/commands.ts";
import { passedOver, stopsAtFailure } from "../knowledge/errexit.ts";
import { defineRule } from "../rule.ts";

export const heredocWithoutErrexit = defineRule({
  kind: "dockerfile",
  name: "heredoc-without-errexit",
  group: "shell",
  severity: "warning",
  aliases: [],
  meaning: "A RUN of several lines in a heredoc goes on after a line that failed.",
  why: "The shell runs a heredoc like any script: only the last command decides whether the RUN failed. An `apt-get install` that found nothing is passed over and the broken layer is cached. `set -e` in the first line ends the script where something fails.",
  examples: [
    {
      bad: "FROM debian:12\nRUN <<EOF\napt-get update\napt-get install -y --no-install-recommends git\nrm -rf /var/lib/apt/lists/*\nEOF\n",
      good: "FROM debian:12\nRUN <<EOF\nset -e\napt-get update\napt-get install -y --no-install-recommends git\nrm -rf /var/lib/apt/lists/*\nEOF\n",
      fixed:
        "FROM debian:12\nRUN <<EOF\nset -e\napt-get update\napt-get install -y --no-install-recommends git\nrm -rf /var/lib/apt/lists/*\nEOF\n",
    },
  ],
  check(file, report) {
    for (const instruction of runsOf(file)) {
      const [heredoc] = instruction.heredocs;
      const run = instruction.trigger ?? instruction;
      if (heredoc === undefined || !isHeredocScript(run)) continue;
      const [script] = readShell(file, instruction);
      if (script === undefined || stopsAtFailure(file, instruction, heredoc.content)) continue;
      const risky = passedOver(script, false);
      if (risky === undefined) continue;
      const at = heredoc.content.startsWith("#!")
        ? heredoc.body.start + file.text.slice(heredoc.body.start).indexOf("\n") + 1
        : heredoc.body.start;
      const newline = file.text.includes("\r\n") ? "\r\n" : "\n";
      report({
        at: heredoc.opener,
        message: `the script goes on when ${risky.name} or another line fails, and the RUN ends well`,
        fix: {
          title: "begin with set -e",
          risk: "unsafe",
          edits: [{ start: at, end: at, text: `set -e${newline}` }],
        },
      });
    }
  },
});
