import { type Command, defineCommand } from "../command.ts";

/** `ddiff completion`: like help it is made for the list that it stands in. */
export function completionCommand(commands: () => readonly Command[]): Command {
  return defineCommand({
    name: "completion",
    summary: "print a completion script for bash, zsh or fish",
    usage: ["completion bash|zsh|fish"],
    description: [
      "Prints a script that makes the shell complete ddiff's commands, options and arguments. It is made from the same data as this help.",
    ],
    arguments: [{ name: "SHELL", required: true, choices: ["bash", "zsh", "fish"], help: "the shell" }],
    options: {},
    examples: [
      {
        text: "Bash, for this user",
        command: "ddiff completion bash > ~/.local/share/bash-completion/completions/ddiff",
      },
      { text: "Zsh, in a folder of $fpath", command: "ddiff completion zsh > ~/.zfunc/_ddiff" },
      { text: "Fish", command: "ddiff completion fish > ~/.config/fish/completions/ddiff.fish" },
    ],
    async run(call) {
      const [shell = ""] = call.args;
      const text = await script(shell, commands());
      return { json: { shell, script: text }, answer: text.trimEnd() };
    },
  });
}

async function script(shell: string, commands: readonly Command[]): Promise<string> {
  if (shell === "zsh") return (await import("../completion/zsh.ts")).zshCompletion(commands);
  if (shell === "fish") return (await import("../completion/fish.ts")).fishCompletion(commands);
  return (await import("../completion/bash.ts")).bashCompletion(commands);
}
