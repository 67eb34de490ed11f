import type { Command } from "../command.ts";
import { defineCommand } from "../command.ts";
import { commandHelp, overview } from "../output/help.ts";
import { usageError } from "../usage.ts";

/** `ddiff help`, which knows all commands: the list hands itself over when called, since this command stands in it. */
export function helpCommand(commands: () => readonly Command[]): Command {
  return defineCommand({
    name: "help",
    summary: "explain a command",
    usage: ["help [COMMAND]"],
    description: ["Prints a command's page, or what all commands have in common."],
    arguments: [{ name: "COMMAND", complete: "command", help: "the command to explain" }],
    options: {},
    examples: [{ text: "All about diff", command: "ddiff help diff" }],
    async run(call) {
      const width = Math.min(process.stdout.columns ?? 80, 100);
      const [name] = call.args;
      const command = commands().find((one) => one.name === name);
      if (name !== undefined && command === undefined)
        throw usageError(`there is no command ${JSON.stringify(name)}`);
      const text = command === undefined ? overview(commands(), width) : commandHelp(command, width);
      return { json: { help: text }, answer: text.trimEnd() };
    },
  });
}
