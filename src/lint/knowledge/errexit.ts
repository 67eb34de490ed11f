import type { Dockerfile, Instruction } from "../../dockerfile/document.ts";
import type { ShellCommand, ShellScript } from "../../dockerfile/shell.ts";

/** What hardly ever fails, and what only asks. */
const harmless = new Set(
  "echo printf export set unset : true cat grep test [ [[ command which type sleep umask alias shopt trap exit ls find date env pwd local declare wait uname nproc dirname basename id whoami arch dpkg lsb_release sed cut awk tr head tail sort wc . source chmod userdel groupdel deluser delgroup ps kill tee touch mkdir".split(
    " ",
  ),
);

/** Whether a shell that runs a script ends where something fails: by SHELL, `#!/bin/sh -e`, or `set -e` in the script. */
export function stopsAtFailure(file: Dockerfile, instruction: Instruction, text: string): boolean {
  const { shell } = file.before(instruction);
  if (shell.some((word) => /^-[a-z]*e[a-z]*$/.test(word) || word === "errexit")) return true;
  return /(?:^|[\n;&({])\s*set\s+(?:\S+\s+)*?(?:-[a-zA-Z]*e|-\w*o\s+errexit)|^#!.*\s-[a-z]*e/.test(text);
}

/** The first command before the last statement of a script whose failure nobody would see. */
export function passedOver(script: ShellScript, plainOnly: boolean): ShellCommand | undefined {
  const statements = script.ast?.commands ?? [];
  const last = statements.at(-1)?.command;
  // `...; true` says that the rest does not matter.
  if (last?.type === "Command" && /^(?:true|:|exit)$/.test(last.name?.text ?? "")) return undefined;
  for (const { command, background, pos, end } of statements.slice(0, -1)) {
    if (background === true) continue;
    const { type } = command;
    // Failures inside of loops and branches are another matter, and `|| x` has been thought about.
    if (plainOnly && type !== "Command" && type !== "Pipeline" && type !== "AndOr") continue;
    if (command.type === "AndOr" && command.operators.includes("||")) continue;
    const [from, to] = [script.offset(pos), script.offset(Math.max(pos, end - 1))];
    // Who silences a command expects it to fail.
    if (/(?:2|&)>\s*\/dev\/null/.test(script.text.slice(pos, end))) continue;
    const found = script.commands.find(
      (one) =>
        one.start >= from &&
        one.start <= to &&
        one.name !== "" &&
        // What a variable takes from `$(...)` is looked at by whoever uses it.
        (!plainOnly || one.depth === 0) &&
        !isHarmless(one),
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

function isHarmless({ name, args, through }: ShellCommand): boolean {
  if (harmless.has(name) || through.includes("command")) return true;
  if (name === "rm") return args.some((word) => /^-\w*f/.test(word.value));
  // The apostrophe of a variable's value, or the program in a variable.
  return !/^[\w./+-]+$/.test(name);
}
