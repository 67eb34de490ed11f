import type { Dockerfile } from "../../dockerfile/document.ts";
import type { ShellScript } from "../../dockerfile/shell.ts";
import type { Edit } from "../rule.ts";

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
