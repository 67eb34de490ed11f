import { posix } from "node:path";
import {
  type Assignment,
  type Case,
  type Command,
  forEachChild,
  type If,
  type ParsedScript,
  parse,
  type Word,
} from "unbash";
import type { Joined } from "./document.ts";
import type { Joint, ShellCommand, ShellWord } from "./shell.ts";
import { readWord } from "./shell-words.ts";

type Variables = ReadonlyMap<string, string | undefined>;
type Node = Parameters<typeof forEachChild>[0];

/** What is being read, and where in it. */
interface Walk {
  readonly joined: Joined;
  /** Those of the stage that the script does not set itself. */
  readonly variables: Variables;
  readonly found: ShellCommand[];
  pipelines: number;
  choices: number;
}

/** Where a list of commands stands. */
type Within = Pick<ShellCommand, "depth" | "branches">;

interface At extends Within {
  joint: Joint;
  pipeline: number | undefined;
}

const top: Within = { depth: 0, branches: [] };

/** The simple commands of a script in the order in which they are written, those inside substitutions after the one they stand in. */
export function collectCommands(ast: ParsedScript, joined: Joined, variables: Variables): ShellCommand[] {
  const own = withoutOwn(variables, joined.text);
  const walk: Walk = { joined, variables: own, found: [], pipelines: 0, choices: 0 };
  list(walk, ast.commands, top);
  return walk.found;
}

/** A name that the script assigns may have any value in it. */
function withoutOwn(variables: Variables, text: string): Variables {
  const own = [...text.matchAll(/(?:^|[\s;&|(])(?:for\s+|read\s+|local\s+)?([A-Za-z_]\w*)(?==|\s+in\s)/g)];
  if (own.length === 0) return variables;
  const left = new Map(variables);
  for (const match of own) if (match[1] !== undefined) left.delete(match[1]);
  return left;
}

function list(walk: Walk, statements: ParsedScript["commands"], within: Within): void {
  let joint: Joint = "start";
  for (const statement of statements) {
    visit(walk, statement.command, { ...within, joint, pipeline: undefined });
    joint = statement.background === true ? "&" : ";";
  }
}

function visit(walk: Walk, node: Node, at: At): void {
  switch (node.type) {
    case "AndOr":
      node.commands.forEach((command, index) => {
        const joint = index === 0 ? at.joint : (node.operators[index - 1] ?? "&&");
        visit(walk, command, { ...at, joint });
      });
      return;
    case "Pipeline": {
      const pipeline = nextPipeline(walk);
      node.commands.forEach((command, index) => {
        visit(walk, command, { ...at, pipeline, joint: index === 0 ? at.joint : "|" });
      });
      return;
    }
    case "Command":
      simple(walk, node, at);
      return;
    case "Script":
    case "CompoundList":
      list(walk, node.commands, at);
      return;
    case "If":
    case "Case":
      choose(walk, node, { ...at, depth: at.depth + 1 });
      return;
    case "CommandExpansion":
    case "ProcessSubstitution":
      // A script in escaped backticks has a text of its own, in which places mean nothing here.
      if (node.script !== undefined && node.script.source === undefined)
        list(walk, node.script.commands, { ...at, depth: at.depth + 1 });
      return;
    default:
      forEachChild(node, (child) =>
        visit(walk, child, { ...at, depth: at.depth + (isCompound(node) ? 1 : 0) }),
      );
  }
}

/** Each way of an `if` or `case` is a branch; what decides between them runs before any. */
function choose(walk: Walk, node: If | Case, at: At): void {
  const choice = walk.choices;
  walk.choices += 1;
  let way = 0;
  const branch = (child: Node): void => {
    visit(walk, child, { ...at, branches: [...at.branches, { choice, way }] });
    way += 1;
  };
  if (node.type === "Case") {
    visit(walk, node.word, at);
    for (const item of node.items) {
      for (const word of item.pattern) visit(walk, word, at);
      branch(item.body);
      // `;&` goes on into the next one.
      if (item.terminator !== undefined && item.terminator !== ";;") way -= 1;
    }
    return;
  }
  visit(walk, node.clause, at);
  branch(node.then);
  for (const other of node.elif) {
    visit(walk, other.clause, at);
    branch(other.then);
  }
  if (node.else !== undefined) branch(node.else);
}

const compounds = new Set([
  "For",
  "ArithmeticFor",
  "Select",
  "While",
  "Subshell",
  "BraceGroup",
  "Function",
  "Coproc",
]);

function isCompound(node: Node): boolean {
  return compounds.has(node.type);
}

function nextPipeline(walk: Walk): number {
  walk.pipelines += 1;
  return walk.pipelines - 1;
}

const fileOperators = new Set([">", ">>", ">|", "&>", "&>>"]);

function simple(walk: Walk, node: Command, at: At): void {
  const words: ShellWord[] = [];
  if (node.name !== undefined) words.push(wordOf(walk, node.name));
  for (const argument of node.args) words.push(wordOf(walk, argument));
  const assignments = new Map<string, string>();
  for (const item of node.prefix) {
    if (item.type === "Assignment" && item.value.type === "Word")
      assignments.set(item.name, wordOf(walk, item.value).value);
  }
  const writes = node.redirects.flatMap((redirect) =>
    redirect.type === "Redirect" && fileOperators.has(redirect.operator) && redirect.target !== undefined
      ? [wordOf(walk, redirect.target)]
      : [],
  );
  const command = commandOf(words, {
    start: walk.joined.offset(node.pos),
    end: endOf(walk, node.end),
    joint: at.joint,
    depth: at.depth,
    branches: at.branches,
    pipeline: at.pipeline ?? nextPipeline(walk),
    assignments,
    writes,
  });
  walk.found.push(command);
  const nested = scriptArgument(command);
  if (nested !== undefined) nestedScript(walk, nested, { ...at, depth: at.depth + 1 });
  // Substitutions are looked for only where they can be: the parts of a word are read when they are asked for.
  if (/[`(]/.test(walk.joined.text.slice(node.pos, node.end))) {
    forEachChild(node, (child) => {
      if (child.type === "Word" || child.type === "Assignment") substitutions(walk, child, at);
    });
  }
}

function substitutions(walk: Walk, node: Node, within: Within): void {
  if (node.type === "CommandExpansion" || node.type === "ProcessSubstitution") {
    visit(walk, node, { ...within, joint: "start", pipeline: undefined });
    return;
  }
  forEachChild(node, (child) => substitutions(walk, child, within));
}

const shells = new Set(["sh", "bash", "dash", "ash", "zsh"]);

/** The script of `bash -lc "..."`. */
function scriptArgument(command: ShellCommand): ShellWord | undefined {
  if (!shells.has(command.name)) return undefined;
  const flag = command.args.findIndex((word) => /^-\w*c$/.test(word.value));
  return flag < 0 ? undefined : command.args[flag + 1];
}

function nestedScript(walk: Walk, word: ShellWord, within: Within): void {
  const quote = word.raw.charAt(0);
  const inner = word.raw.slice(1, -1);
  // Only where the text between the quotes is the script itself do places in it mean something.
  if (
    (quote !== "'" && quote !== '"') ||
    !word.raw.endsWith(quote) ||
    /["'\\]/.test(quote === '"' ? inner : "")
  )
    return;
  const at = walk.joined.text.indexOf(word.raw);
  if (at < 0) return;
  const joined: Joined = { text: inner, offset: (to) => walk.joined.offset(at + 1 + to) };
  const nested: Walk = { ...walk, joined };
  list(nested, parse(inner).commands, within);
  walk.pipelines = nested.pipelines;
  walk.choices = nested.choices;
}

function wordOf(walk: Walk, node: Word | Assignment): ShellWord {
  const range = { start: walk.joined.offset(node.pos), end: endOf(walk, node.end) };
  const raw = walk.joined.text.slice(node.pos, node.end);
  if (node.type === "Assignment")
    return { ...range, raw, value: raw.replace(/["']/g, ""), literal: !/[$`]/.test(raw) };
  return { ...range, raw, ...readWord(node, raw, walk.variables) };
}

function endOf(walk: Walk, end: number): number {
  return end === 0 ? walk.joined.offset(0) : walk.joined.offset(end - 1) + 1;
}

/** Programs that run what follows them, with their options that take a value. */
const wrappers: Readonly<Record<string, readonly string[]>> = {
  sudo: ["-u", "-g", "-h", "-p", "--user", "--group"],
  env: ["-u", "-C", "--unset", "--chdir"],
  exec: ["-a"],
  command: [],
  builtin: [],
  time: ["-f", "-o"],
  nice: ["-n"],
  ionice: ["-c", "-n"],
  nohup: [],
  eatmydata: [],
  stdbuf: ["-i", "-o", "-e"],
  timeout: ["-k", "-s"],
  gosu: [],
  "!": [],
};

/** Builds a command from its words, looking through programs that only run another. */
export function commandOf(
  words: readonly ShellWord[],
  rest: Omit<ShellCommand, "name" | "args" | "nameWord" | "through">,
): ShellCommand {
  const through: string[] = [];
  const assignments = new Map(rest.assignments);
  let at = 0;
  for (;;) {
    const word = words[at];
    const name = word === undefined ? "" : posix.basename(word.value);
    const valued = Object.hasOwn(wrappers, name) ? wrappers[name] : undefined;
    if (word === undefined || valued === undefined) break;
    let next = at + 1;
    for (let option = words[next]; option !== undefined; option = words[next]) {
      const assigned = name === "env" || name === "sudo" ? /^([A-Za-z_]\w*)=(.*)$/s.exec(option.value) : null;
      if (assigned?.[1] !== undefined) assignments.set(assigned[1], assigned[2] ?? "");
      else if (!option.value.startsWith("-")) break;
      else if (valued.includes(option.value)) next += 1;
      next += 1;
    }
    // The first plain word of these is not yet the program.
    if ((name === "timeout" || name === "gosu") && words[next] !== undefined) next += 1;
    if (words[next] === undefined) break;
    through.push(name);
    at = next;
  }
  const nameWord = words[at];
  return {
    ...rest,
    assignments,
    through,
    nameWord,
    name: nameWord === undefined ? "" : posix.basename(nameWord.value),
    args: words.slice(at + 1),
  };
}
