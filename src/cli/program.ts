import { Command as Commander, type CommanderError, Option } from "commander";
import type { ArgumentSpec, Command, OptionSpecs } from "./command.ts";
import { type GlobalValues, globalOptions } from "./globals.ts";
import { usageError } from "./usage.ts";

/** What a command line asks for. */
export type Parsed =
  | { kind: "run"; command: Command; args: string[]; options: OptionBag; globals: GlobalValues }
  | { kind: "help"; command: Command | undefined; globals: GlobalValues }
  | { kind: "version" | "nothing"; globals: GlobalValues };

/** Option values by long name, as commander collected them. */
export type OptionBag = Record<string, string | string[] | boolean | undefined>;

const helpOption = { help: { short: "h", help: "print this help" } } as const satisfies OptionSpecs;
const versionOption = { version: { short: "V", help: "print the version" } } as const satisfies OptionSpecs;

/**
 * Reads a command line with commander, which gets its commands from their data here and nowhere else.
 * Global options count before and after the command's name; for a command that passes words on only before it.
 * Throws `USAGE` (exit status 2).
 */
export function parseCommandLine(argv: readonly string[], commands: readonly Command[]): Parsed {
  let parsed: Parsed | undefined;
  const program = new Commander("ddiff").enablePositionalOptions().helpOption(false).helpCommand(false);
  program.configureOutput({ writeOut: () => {}, writeErr: () => {} });
  addOptions(program, { ...globalOptions, ...helpOption, ...versionOption });
  program.exitOverride((error) => {
    // Commander's word for "no command was named".
    if (error.code !== "commander.help") throw explained(error, undefined);
    const values = program.opts();
    const kind = values["help"] === true ? "help" : values["version"] === true ? "version" : "nothing";
    parsed = { kind, command: undefined, globals: readGlobals(program, undefined) };
    throw error;
  });
  for (const command of commands) {
    const sub = program.command(command.name);
    sub.exitOverride((error) => {
      throw explained(error, command.name);
    });
    const passThrough = command.passThrough === true;
    addOptions(sub, { ...(passThrough ? {} : globalOptions), ...command.options, ...helpOption });
    // Optional for commander also where they are required: "ddiff load --help" must not ask for a bundle first.
    for (const one of command.arguments) sub.argument(`[${one.name}${one.many === true ? "..." : ""}]`);
    if (passThrough) sub.passThroughOptions().allowUnknownOption();
    sub.action(() => {
      const globals = readGlobals(program, passThrough ? undefined : sub);
      if (sub.opts()["help"] === true || program.opts()["help"] === true)
        parsed = { kind: "help", command, globals };
      else {
        checkArguments(command, sub.args);
        parsed = {
          kind: "run",
          command,
          args: sub.args,
          options: readOptions(sub, command.options),
          globals,
        };
      }
    });
  }
  try {
    program.parse(argv, { from: "user" });
  } catch (error) {
    if (parsed === undefined) throw error;
  }
  if (parsed === undefined) throw usageError("the command line was not understood");
  return parsed;
}

function addOptions(commander: Commander, specs: OptionSpecs): void {
  for (const [name, spec] of Object.entries(specs)) {
    const flags = `${spec.short === undefined ? "" : `-${spec.short}, `}--${name}`;
    const option = new Option(spec.value === undefined ? flags : `${flags} <${spec.value}>`, spec.help);
    if (spec.choices !== undefined) option.choices(spec.choices);
    if (spec.many === true)
      option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
    commander.addOption(option);
  }
}

function readOptions(commander: Commander, specs: OptionSpecs): OptionBag {
  const bag: OptionBag = {};
  for (const [name, spec] of Object.entries(specs)) {
    const value: unknown = commander.getOptionValue(new Option(`--${name}`).attributeName());
    // Commander keeps "--no-delta" as a "delta" that is true until it is said.
    if (spec.value === undefined) bag[name] = value === !name.startsWith("no-");
    else if (spec.many === true) bag[name] = Array.isArray(value) ? value : [];
    else bag[name] = typeof value === "string" ? value : undefined;
  }
  return bag;
}

function readGlobals(program: Commander, sub: Commander | undefined): GlobalValues {
  const before = readOptions(program, globalOptions);
  const after = sub === undefined ? {} : readOptions(sub, globalOptions);
  const merged = Object.fromEntries(
    Object.keys(globalOptions).map((name) => [name, after[name] || before[name]]),
  );
  return merged as GlobalValues;
}

function checkArguments(command: Command, args: readonly string[]): void {
  const missing = command.arguments.find((one, at) => one.required === true && args[at] === undefined);
  if (missing !== undefined) throw usageError(`${command.name} needs a ${missing.name}`, command.name);
  for (const [at, value] of args.entries()) {
    const spec: ArgumentSpec | undefined = command.arguments[at];
    if (spec?.choices !== undefined && !spec.choices.includes(value)) {
      throw usageError(
        `${spec.name} is not one of ${spec.choices.join(", ")}: ${JSON.stringify(value)}`,
        command.name,
      );
    }
  }
}

/** Commander's sentence in our form: "error: unknown option '--fsat'\n(Did you mean --fast?)". */
function explained(error: CommanderError, command: string | undefined): Error {
  const [sentence = "", suggestion] = error.message.replace(/^error: /, "").split("\n");
  return usageError(sentence, command, suggestion?.replace(/^\(|\)$/g, ""));
}
