import { isHeredocScript } from "../../dockerfile/heredoc-openers.ts";
import { readShell } from "../../dockerfile/read-shell.ts";
import { runsOf } from "../knowledge/commands.ts";
import { passedOver, stopsAtFailure } from "../knowledge/errexit.ts";
import { defineRule } from "../rule.ts";

export const semicolonHidesFailure = defineRule({
  kind: "dockerfile",
  name: "semicolon-hides-failure",
  group: "shell",
  severity: "info",
  aliases: [],
  meaning: "Commands of a RUN are joined by `;`, so that only the last one can fail it.",
  why: "The shell goes on after a `;` whatever happened: when `apt-get install` finds nothing, the RUN still ends well as long as its last command does, and the broken layer is cached. `&&` between them, or `set -e;` at the beginning, stops where something fails. Where a command may fail, `|| true` behind it says so.",
  examples: [
    {
      bad: "FROM debian:12\nRUN apt-get update; apt-get install -y git; rm -rf /var/lib/apt/lists/*\n",
      good: "FROM debian:12\nRUN set -e; apt-get update; apt-get install -y git; rm -rf /var/lib/apt/lists/*\n",
    },
    {
      bad: "FROM debian:12\nRUN make install ; make clean\n",
      good: "FROM debian:12\nRUN make install && { make clean || true; }\n",
    },
  ],
  check(file, report) {
    // cmd.exe knows no such thing, and people write its lines without SHELL.
    if (file.escape === "`" || file.stages.some((one) => /windows|nanoserver/i.test(one.image?.raw ?? "")))
      return;
    for (const instruction of runsOf(file)) {
      const run = instruction.trigger ?? instruction;
      if (isHeredocScript(run) || !run.body.text.includes(";")) continue;
      for (const script of readShell(file, instruction)) {
        if (stopsAtFailure(file, instruction, script.text)) continue;
        const command = passedOver(script, true);
        if (command?.nameWord === undefined) continue;
        report({
          at: command.nameWord,
          message: `the RUN goes on when ${command.name} fails, and ends well when its last command does`,
        });
      }
    }
  },
});
