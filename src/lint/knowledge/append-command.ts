import type { Dockerfile } from "../../dockerfile/document.ts";
import type { ShellCommand, ShellScript } from "../../dockerfile/shell.ts";
import type { Edit } from "../rule.ts";
import type { PackageCommand } from "./installs.ts";

/**
 * Appends `&& command` to the shell form of a RUN, on a line of its own where the RUN has several. Undefined where the end of the script
 * does not follow from its last command: lists with `;` or `||`, heredocs, loops and branches, JSON.
 */
export function appendCommand(file: Dockerfile, script: ShellScript, command: string): Edit | undefined {
  const { ast, text } = script;
  const [only, ...more] = ast?.commands ?? [];
  if (only === undefined || more.length > 0 || only.background === true) return undefined;
  const list = only.command;
  if (
    list.type === "AndOr"
      ? list.operators.some((one) => one === "||")
      : list.type !== "Command" && list.type !== "Pipeline"
  ) {
    return undefined;
  }
  const last = list.type === "AndOr" ? list.commands.at(-1) : list;
  if (last === undefined || (last.type !== "Command" && last.type !== "Pipeline")) return undefined;
  const end = text.trimEnd().length;
  if (text.includes("<<") || only.end < end || end === 0) return undefined;
  const at = script.offset(end - 1) + 1;
  const { lines } = file;
  const lastLine = lines.line(lines.position(at).line);
  const several = script.offset(0) < lines.start(lines.position(at).line);
  if (!several) return { start: at, end: at, text: ` && ${command}` };
  const indent = /^[ \t]*/.exec(lastLine)?.[0] ?? "";
  const newline = file.text.includes("\r\n") ? "\r\n" : "\n";
  return { start: at, end: at, text: ` ${file.escape}${newline}${indent}&& ${command}` };
}

/**
 * Appends a call of a program that the script has called before, as it was called then: by sudo, by its path. Undefined also where it was called through
 * something else (`python -m`), or by a path from a folder that the script may have left.
 */
export function appendCall(
  file: Dockerfile,
  { script, command }: Pick<PackageCommand, "script" | "command">,
  programs: RegExp,
  rest: string,
): Edit | undefined {
  const program = command.nameWord?.raw ?? command.name;
  if (!programs.test(command.name)) return undefined;
  const relative = program.includes("/") && !/^["']?[/~$]/.test(program);
  if (relative && script.commands.some((one) => /^(?:cd|pushd|popd)$/.test(one.name))) return undefined;
  return appendCommand(file, script, `${asUser(command)}${program} ${rest}`);
}

/** `sudo ` for what was called by sudo: what it made is not the user's to remove. */
export function asUser({ through }: Pick<ShellCommand, "through">): string {
  return through.includes("sudo") ? "sudo " : "";
}
