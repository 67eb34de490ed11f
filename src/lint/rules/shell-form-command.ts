import type { Dockerfile, Instruction } from "../../dockerfile/document.ts";
import { readShell } from "../../dockerfile/read-shell.ts";
import { freshState } from "../../dockerfile/stage-state.ts";
import { brokenList } from "../knowledge/json-lists.ts";
import { defineRule, type Fix } from "../rule.ts";

export const shellFormCommand = defineRule({
  kind: "dockerfile",
  name: "shell-form-command",
  group: "runtime",
  severity: "warning",
  aliases: ["JSONArgsRecommended", "DL3025"],
  meaning: "CMD or ENTRYPOINT is written without brackets, so that a shell runs as process 1.",
  why: "`CMD python serve.py` starts `/bin/sh -c`. Some shells stay as process 1 and pass no signals on: `docker stop` then waits ten seconds and kills the program, with its requests and its last checkpoint. An ENTRYPOINT in this form takes no arguments either. Keep it where the command needs a shell for variables or pipes, and put `exec` before the program. Where the file sets SHELL, the command starts with `exec`, puts a job into the background, or ends in an interactive shell, the form is taken for meant.",
  examples: [
    {
      bad: "FROM python:3.12-slim\nCMD python -m serve\n",
      good: 'FROM python:3.12-slim\nCMD ["python", "-m", "serve"]\n',
      fixed: 'FROM python:3.12-slim\nCMD ["python", "-m", "serve"]\n',
    },
  ],
  check(file, report) {
    for (const instruction of file.instructions) {
      const { keyword, json, body } = instruction;
      if ((keyword !== "CMD" && keyword !== "ENTRYPOINT") || json !== undefined || body.text === "") continue;
      if (file.before(instruction).shell !== freshState.shell) continue;
      if (needsShell(file, instruction)) continue;
      const broken = brokenList(instruction) !== undefined;
      const fix = broken ? undefined : asJson(file, instruction);
      report({
        at: { start: instruction.start, end: body.offset(body.text.length) },
        message: broken
          ? `the list is no JSON, so that ${keyword} runs in a shell`
          : `${keyword} runs in a shell, which may keep signals from the program`,
        ...(fix !== undefined && { fix }),
      });
    }
  },
});

const builtins = new Set([
  ".",
  "source",
  "cd",
  "export",
  "set",
  "umask",
  "ulimit",
  "alias",
  "eval",
  "exec",
  "trap",
]);

/** Whether the shell gives its place to the program, has a job in the background to look after, or leaves a person at another shell. */
function needsShell(file: Dockerfile, instruction: Instruction): boolean {
  return readShell(file, instruction).some(({ commands, text }) => {
    const last = commands.at(-1);
    const atTerminal = last !== undefined && /^(?:ba|da|z)?sh$/.test(last.name) && last.args.length === 0;
    return atTerminal || /^\s*exec\s/.test(text) || commands.slice(1).some((one) => one.joint === "&");
  });
}

/** One command of plain words says the same in brackets; unsafe, because an entry point of the base gets other arguments then. */
function asJson(file: Dockerfile, instruction: Instruction): Fix | undefined {
  const [script, ...others] = readShell(file, instruction);
  const [command, ...more] = script?.commands ?? [];
  if (command?.nameWord === undefined || others.length + more.length > 0) return undefined;
  const words = [command.nameWord, ...command.args];
  const plain =
    command.assignments.size === 0 &&
    command.through.length === 0 &&
    command.writes.length === 0 &&
    !builtins.has(command.name) &&
    words.every((word) => word.literal && !word.raw.includes("$")) &&
    !/[<>&|;#\n`]/.test(instruction.body.text);
  if (!plain) return undefined;
  const { body } = instruction;
  return {
    title: "write it in brackets",
    risk: "unsafe",
    edits: [
      {
        start: body.offset(0),
        end: body.offset(body.text.length),
        text: `[${words.map((word) => JSON.stringify(word.value)).join(", ")}]`,
      },
    ],
  };
}
