import { posix } from "node:path";
import { parse } from "unbash";
import type { Dockerfile, Heredoc, Instruction, Joined, JsonWord, State } from "./document.ts";
import { part } from "./joined.ts";
import { isHeredocScript } from "./heredoc-openers.ts";
import { readJson } from "./read-words.ts";
import type { ShellScript, ShellWord } from "./shell.ts";
import { collectCommands, commandOf } from "./shell-commands.ts";

const kept = new WeakMap<Instruction, readonly ShellScript[]>();
const shells = new Set(["sh", "bash", "dash", "ash", "zsh", "ksh", "busybox"]);

/**
 * The shell scripts that an instruction runs: its shell form, heredocs that are scripts, the string after `sh -c` of a JSON form; a
 * JSON form without a shell gives one command. None for shells that are not POSIX (`SHELL ["powershell"]`). Read once and kept for as
 * long as the file is.
 */
export function readShell(file: Dockerfile, instruction: Instruction): readonly ShellScript[] {
  let scripts = kept.get(instruction);
  if (scripts === undefined) {
    scripts = scriptsOf(file, instruction);
    kept.set(instruction, scripts);
  }
  return scripts;
}

function scriptsOf(file: Dockerfile, instruction: Instruction): ShellScript[] {
  const state = file.before(instruction);
  const inner = instruction.trigger ?? instruction;
  switch (inner.keyword) {
    case "RUN":
      return runScripts(file, inner, instruction, state);
    case "CMD":
    case "ENTRYPOINT":
      return commandScripts(inner.body, inner.json, state);
    case "HEALTHCHECK": {
      const [form] = inner.words;
      if (form?.raw.toUpperCase() !== "CMD") return [];
      const body = part(inner.body, form.raw.length);
      return commandScripts(body, readJson(body), state);
    }
    default:
      return [];
  }
}

function runScripts(file: Dockerfile, run: Instruction, whole: Instruction, state: State): ShellScript[] {
  const { heredocs } = whole;
  const [first] = heredocs;
  if (first === undefined || run.json !== undefined) return commandScripts(run.body, run.json, state);
  const shell = shellOf(state);
  if (shell === undefined) return [];
  if (isHeredocScript(run)) {
    const shebang = /^#!\s*(\S+)(?:\s+(\S+))?/.exec(first.content);
    const program = posix.basename(shebang?.[1] ?? shell);
    const named = program === "env" ? (shebang?.[2] ?? "") : program;
    return shells.has(named) ? [scriptOf(heredocText(file, first), named, state)] : [];
  }
  // The shell gets the heredocs too, each for the command that it is fed to.
  const tail = file.text.slice(first.body.start, whole.end);
  const { body } = run;
  const text = `${body.text}\n${tail}`;
  const offset = (at: number): number =>
    at <= body.text.length ? body.offset(at) : first.body.start + at - body.text.length - 1;
  return [scriptOf({ text, offset }, shell, state)];
}

/** A heredoc's content as the shell gets it; tabs that were removed are counted. */
function heredocText(file: Dockerfile, heredoc: Heredoc): Joined {
  const { body, content } = heredoc;
  if (content.length === body.end - body.start) return { text: content, offset: (at) => body.start + at };
  const starts: { at: number; start: number }[] = [];
  let at = 0;
  let start = body.start;
  for (const line of file.text.slice(body.start, body.end).split(/(?<=\n)/)) {
    const tabs = /^\t*/.exec(line)?.[0].length ?? 0;
    starts.push({ at, start: start + tabs });
    at += line.length - tabs;
    start += line.length;
  }
  return {
    text: content,
    offset(wanted) {
      const line = starts.findLast((one) => one.at <= wanted);
      return line === undefined ? body.start : line.start + wanted - line.at;
    },
  };
}

function commandScripts(body: Joined, json: readonly JsonWord[] | undefined, state: State): ShellScript[] {
  if (json === undefined) {
    const shell = shellOf(state);
    return shell === undefined || body.text === "" ? [] : [scriptOf(body, shell, state)];
  }
  const [program, flags, script] = json;
  if (program === undefined) return [];
  const name = posix.basename(program.value);
  if (shells.has(name) && script !== undefined && /^-\w*c$/.test(flags?.value ?? "")) {
    return [scriptOf(jsonText(script), name, state)];
  }
  const words: ShellWord[] = json.map((word) => ({
    start: word.start,
    end: word.end,
    raw: word.value,
    value: word.value,
    literal: true,
  }));
  const range = { start: program.start, end: json.at(-1)?.end ?? program.end };
  const command = commandOf(words, {
    ...range,
    joint: "start",
    pipeline: 0,
    depth: 0,
    branches: [],
    assignments: new Map(),
    writes: [],
  });
  return [
    { text: body.text, ast: undefined, shell: "", commands: [command], offset: (at) => body.offset(at) },
  ];
}

/** The string of a JSON array as a text of its own. With escapes in it, places are only known as far as the string. */
function jsonText(word: JsonWord): Joined {
  const escaped = word.end - word.start !== word.value.length + 2;
  return {
    text: word.value,
    offset: (at) => (escaped ? word.start + 1 : word.start + 1 + Math.min(at, word.value.length)),
  };
}

/** The POSIX shell among the words of SHELL: also that of `conda run -n x /bin/bash -c`. */
function shellOf(state: State): string | undefined {
  return state.shell.map((word) => posix.basename(word)).find((word) => shells.has(word));
}

function scriptOf(joined: Joined, shell: string, state: State): ShellScript {
  const ast = parse(joined.text);
  const offset = (at: number): number => joined.offset(at);
  return { text: joined.text, ast, shell, offset, commands: collectCommands(ast, joined, state.variables) };
}
