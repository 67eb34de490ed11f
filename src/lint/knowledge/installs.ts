import type { Dockerfile, Instruction } from "../../dockerfile/document.ts";
import { readShell } from "../../dockerfile/read-shell.ts";
import type { ShellCommand, ShellScript, ShellWord } from "../../dockerfile/shell.ts";
import { type Action, grammarOf, type Manager, type ManagerGrammar, uv, uvPip } from "./package-managers.ts";

/** A package that a command asks for. */
export interface PackageRequest {
  /** As its index knows it: lower case, for Python with dashes; without version, extras, architecture and channel. */
  readonly name: string;
  /** What follows the name: `==2.5.1`, `=1.2-3`, `>=2`; "" where nothing does. */
  readonly version: string;
  /** `["standard"]` of `uvicorn[standard]`. */
  readonly extras: readonly string[];
  readonly word: ShellWord;
}

/** A command of a package manager. */
export interface PackageCommand {
  readonly manager: Manager;
  readonly action: Action;
  /** As written: `install`, `env create`. */
  readonly subcommand: string;
  readonly packages: readonly PackageRequest[];
  /** Values of `-r`, `-c`, `-f`, `--file`: what is read from files; local paths and URLs that stand where packages do. */
  readonly files: readonly ShellWord[];
  /** Long and short options as written, with their values; `true` for switches. The last one counts. */
  readonly options: ReadonlyMap<string, string | true>;
  readonly command: ShellCommand;
  readonly script: ShellScript;
  readonly instruction: Instruction;
}

const kept = new WeakMap<Instruction, readonly PackageCommand[]>();

/** The package managers' commands of an instruction, in the order in which they run. */
export function packageCommands(file: Dockerfile, instruction: Instruction): readonly PackageCommand[] {
  let found = kept.get(instruction);
  if (found === undefined) {
    found = readShell(file, instruction).flatMap((script) =>
      script.commands.flatMap((command) => packageCommand(command, script, instruction) ?? []),
    );
    kept.set(instruction, found);
  }
  return found;
}

/** All of a stage, or of any list of instructions. */
export function packageCommandsOf(file: Dockerfile, instructions: readonly Instruction[]): PackageCommand[] {
  return instructions.flatMap((instruction) =>
    (instruction.trigger ?? instruction).keyword === "RUN" ? packageCommands(file, instruction) : [],
  );
}

/** Whether an option was given under any of its names. */
export function hasOption(command: PackageCommand, ...names: string[]): boolean {
  return names.some((name) => command.options.has(name));
}

/** The value of an option under any of its names. */
export function optionValue(command: PackageCommand, ...names: string[]): string | undefined {
  for (const name of names) {
    const value = command.options.get(name);
    if (typeof value === "string") return value;
  }
  return undefined;
}

function packageCommand(
  command: ShellCommand,
  script: ShellScript,
  instruction: Instruction,
): PackageCommand | undefined {
  const line = commandLine(command);
  if (line === undefined) return undefined;
  const { grammar } = line;
  const read = readLine(grammar, line.args);
  const { subcommand, action, rest } = actionOf(grammar, read.words);
  const python = isPython(grammar.manager);
  const packages: PackageRequest[] = [];
  const files = [...read.files];
  for (const word of rest) {
    if (isPath(word)) files.push(word);
    else packages.push(requestOf(word, grammar.manager, python));
  }
  return {
    manager: grammar.manager,
    action,
    subcommand,
    packages,
    files,
    options: read.options,
    command,
    script,
    instruction,
  };
}

function isPython(manager: Manager): boolean {
  return ["pip", "uv-pip", "uv", "poetry", "pdm", "pipenv"].includes(manager);
}

/** The grammar and the words after the program: `python -m pip`, `uv pip` and `conda run` are looked through. */
function commandLine(
  command: ShellCommand,
): { grammar: ManagerGrammar; args: readonly ShellWord[] } | undefined {
  let { name } = command;
  let { args } = command;
  for (let depth = 0; depth < 4; depth += 1) {
    const inner = innerCommand(name, args);
    if (inner === undefined) break;
    [name, args] = inner;
  }
  if (name === "uv") {
    const at = args.findIndex((word) => !word.value.startsWith("-"));
    return args[at]?.value === "pip" ? { grammar: uvPip, args: args.slice(at + 1) } : { grammar: uv, args };
  }
  const grammar = grammarOf(name);
  return grammar === undefined ? undefined : { grammar, args };
}

/** What `python -m pip`, `conda run -n x`, `pixi run` and the like run. */
function innerCommand(name: string, args: readonly ShellWord[]): [string, readonly ShellWord[]] | undefined {
  if (/^python[\d.]*$/.test(name)) {
    const at = args.findIndex((word) => word.value === "-m");
    const module = args[at + 1]?.value;
    return at >= 0 && (module === "pip" || module === "conda" || module === "uv")
      ? [module, args.slice(at + 2)]
      : undefined;
  }
  const runs = ["conda", "mamba", "micromamba", "pixi", "poetry", "pdm", "pipenv"].includes(name);
  if (!runs || args[0]?.value !== "run") return undefined;
  let at = 1;
  for (let word = args[at]; word?.value.startsWith("-") === true; word = args[at]) {
    at += /^(?:-n|-p|-e|--name|--prefix|--environment|--cwd|--manifest-path)$/.test(word.value) ? 2 : 1;
  }
  const program = args[at]?.value.split("/").at(-1);
  return program === undefined ? undefined : [program, args.slice(at + 1)];
}

interface Line {
  words: ShellWord[];
  files: ShellWord[];
  options: Map<string, string | true>;
}

const fileOptions = new Set(
  "-r --requirement --requirements -c --constraint --constraints -e --editable --file --override --overrides".split(
    " ",
  ),
);

function readLine(grammar: ManagerGrammar, args: readonly ShellWord[]): Line {
  const line: Line = { words: [], files: [], options: new Map() };
  // conda's -c is a channel and its -f a file.
  const isFile = (name: string): boolean =>
    grammar.manager === "conda"
      ? name === "-f" || name === "--file"
      : isPython(grammar.manager) && fileOptions.has(name);
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at];
    if (word === undefined || word.value === "--") continue;
    const match = /^(--[^=]+)=(.*)$/s.exec(word.value);
    const short = /^(-[a-zA-Z])(.+)$/s.exec(word.value);
    if (match?.[1] !== undefined) {
      line.options.set(match[1], match[2] ?? "");
      if (isFile(match[1])) line.files.push({ ...word, value: match[2] ?? "" });
    } else if (grammar.valued.has(word.value)) {
      const value = args[at + 1];
      line.options.set(word.value, value?.value ?? "");
      if (value !== undefined && isFile(word.value)) line.files.push(value);
      at += 1;
    } else if (short?.[1] !== undefined && grammar.valued.has(short[1])) {
      line.options.set(short[1], short[2] ?? "");
      if (isFile(short[1])) line.files.push({ ...word, value: short[2] ?? "" });
    } else if (word.value.startsWith("-") && word.value !== "-") line.options.set(word.value, true);
    else line.words.push(word);
  }
  return line;
}

function actionOf(
  grammar: ManagerGrammar,
  words: readonly ShellWord[],
): { subcommand: string; action: Action; rest: readonly ShellWord[] } {
  if (grammar.manager === "r") return { subcommand: "", action: "install", rest: words };
  const one = words[0]?.value ?? "";
  const two = `${one} ${words[1]?.value ?? ""}`;
  const double = grammar.actions[two];
  if (double !== undefined) return { subcommand: two, action: double, rest: words.slice(2) };
  const action = grammar.actions[one] ?? "other";
  const packages = action === "install" || action === "remove" || action === "upgrade" || action === "build";
  return { subcommand: one, action, rest: packages ? words.slice(1) : [] };
}

function isPath(word: ShellWord): boolean {
  return (
    /^(?:\.{0,2}\/|\.$|\.\[|[a-z+]+:\/\/|git\+|file:)/.test(word.value) ||
    /\.(?:whl|deb|rpm|tar\.gz|zip|ya?ml)$/.test(word.value)
  );
}

function requestOf(word: ShellWord, manager: Manager, python: boolean): PackageRequest {
  const { value } = word;
  if (python) {
    const match = /^([A-Za-z0-9][\w.-]*?)\s*(?:\[([^\]]*)\])?\s*((?:[=!<>~@;].*)?)$/s.exec(value);
    return {
      name: (match?.[1] ?? value).toLowerCase().replace(/[-_.]+/g, "-"),
      extras: match?.[2]?.split(",").map((one) => one.trim()) ?? [],
      version: match?.[3] ?? "",
      word,
    };
  }
  if (manager === "conda" || manager === "pixi") {
    const bare = value.replace(/^.*::/, "");
    const match = /^([A-Za-z0-9_][\w.-]*?)\s*((?:[=!<>~ ].*)?)$/s.exec(bare);
    return { name: (match?.[1] ?? bare).toLowerCase(), extras: [], version: match?.[2] ?? "", word };
  }
  if (manager === "npm" || manager === "yarn" || manager === "pnpm") {
    const at = value.indexOf("@", 1);
    return {
      name: at < 0 ? value : value.slice(0, at),
      extras: [],
      version: at < 0 ? "" : value.slice(at),
      word,
    };
  }
  const match = /^([^=<>~:]+)(?::[a-z0-9]+)?((?:[=<>~].*)?)$/s.exec(value);
  return { name: match?.[1] ?? value, extras: [], version: match?.[2] ?? "", word };
}
