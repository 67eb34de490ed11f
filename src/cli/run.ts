import type { PlaceContext } from "../places/place.ts";
import { printable } from "../report/text.ts";
import type { Call, Command, Outcome } from "./command.ts";
import type { GlobalValues } from "./globals.ts";
import { commandHelp, overview } from "./output/help.ts";
import { asDdiffError, printError } from "./output/print-error.ts";
import { openProgress } from "./output/progress.ts";
import type { ClosableProgress } from "./output/progress-lines.ts";
import { paint } from "./output/text.ts";
import { temporaryRoot } from "./paths.ts";
import { type OptionBag, parseCommandLine, type Parsed } from "./program.ts";
import { makeRunDirectory, type RunDirectory } from "./temp-dir.ts";
import { usageError } from "./usage.ts";
import { versionText } from "./version.ts";

/** The world around one run, so that tests can hold it. */
export interface RunEnvironment {
  env: Record<string, string | undefined>;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  /** Aborts the run. */
  signal: AbortSignal;
  /** Hears that the run serves others until a signal, how many milliseconds it may take to stop then, and what SIGHUP means to it. */
  onServe(patience: number, hangup: () => void): void;
  /** Hears of what must be undone where the process has to end before the run does. */
  onCleanup(cleanup: () => void): void;
}

/**
 * Runs one command line and prints its result or its error. Returns the exit status: 0 done, 1 the answer is no,
 * 2 wrong usage, 3 it could not be done. Never throws; the temporary folder is gone when it returns.
 */
export async function runCommandLine(
  argv: readonly string[],
  commands: readonly Command[],
  world: RunEnvironment,
): Promise<0 | 1 | 2 | 3> {
  let parsed: Parsed;
  try {
    parsed = parseCommandLine(argv, commands);
  } catch (error) {
    // The line could not be read, so its --json is looked for in the plain words.
    const json = argv.includes("--json");
    const known = asDdiffError(error);
    printError(known, json ? world.stdout : world.stderr, {
      json,
      debug: argv.includes("--debug"),
      env: world.env,
    });
    return known.exitStatus;
  }
  const width = Math.min(world.stdout.columns ?? 80, 100);
  switch (parsed.kind) {
    case "version":
      world.stdout.write(`${versionText()}\n`);
      return 0;
    case "help":
      world.stdout.write(
        parsed.command === undefined ? overview(commands, width) : commandHelp(parsed.command, width),
      );
      return 0;
    case "nothing":
      world.stderr.write(overview(commands, width));
      return 2;
    default:
      return runCommand(parsed.command, parsed, world);
  }
}

async function runCommand(
  command: Command,
  parsed: { args: string[]; options: OptionBag; globals: GlobalValues },
  world: RunEnvironment,
): Promise<0 | 1 | 2 | 3> {
  const { globals } = parsed;
  const setting = callSetting(globals, world);
  let stdoutTaken = false;
  const out = (): NodeJS.WriteStream => (stdoutTaken ? world.stderr : world.stdout);
  try {
    const outcome = await command.run({
      args: parsed.args,
      options: parsed.options as Call["options"],
      env: world.env,
      json: globals.json,
      quiet: globals.quiet,
      screen: {
        terminal: world.stdout.isTTY,
        paint: (style, text) => paint(style, text, world.stdout, world.env),
        width: Math.min(world.stdout.columns ?? 100, 160),
      },
      context: () => setting.context(),
      signal: world.signal,
      serve: (patience, hangup) => world.onServe(patience, hangup),
      takeStdout() {
        if (world.stdout.isTTY) {
          throw usageError(
            "a bundle is not text: it cannot go to the terminal",
            command.name,
            "Redirect it.",
          );
        }
        stdoutTaken = true;
      },
    });
    setting.close();
    printOutcome(outcome, out(), globals);
    return outcome.status ?? 0;
  } catch (error) {
    setting.close();
    const known = asDdiffError(error);
    // Whoever interrupts knows why nothing came out.
    if (!world.signal.aborted) {
      const screen = globals.json ? out() : world.stderr;
      printError(known, screen, { json: globals.json, debug: globals.debug, env: world.env });
    }
    return known.exitStatus;
  }
}

/** The context of one call, made when first asked for, and its end. */
function callSetting(
  globals: GlobalValues,
  world: RunEnvironment,
): { context(): Promise<PlaceContext>; close(): void } {
  let directory: RunDirectory | undefined;
  let progress: ClosableProgress | undefined;
  let made: Promise<PlaceContext> | undefined;
  const close = (): void => {
    progress?.close();
    directory?.remove();
  };
  const make = async (): Promise<PlaceContext> => {
    directory = makeRunDirectory(temporaryRoot(globals.tempdir, world.env));
    world.onCleanup(close);
    progress = await openProgress(world.stderr, globals.quiet || globals.json);
    return {
      env: world.env,
      progress,
      tempDir: directory.path,
      insecure: globals.insecure,
      signal: world.signal,
      ...(globals.ca === undefined ? {} : { caFile: globals.ca }),
      ...(globals.namespace === undefined ? {} : { containerdNamespace: globals.namespace }),
    };
  };
  return {
    context() {
      made ??= make();
      return made;
    },
    close,
  };
}

function printOutcome(outcome: Outcome, stream: NodeJS.WriteStream, globals: GlobalValues): void {
  if (globals.json) {
    stream.write(`${JSON.stringify(outcome.json)}\n`);
    return;
  }
  if (!globals.quiet) for (const line of outcome.summary ?? []) stream.write(`${printable(line)}\n`);
  // Last, where both are there: what failed must not scroll away behind what worked.
  if (outcome.answer === undefined) return;
  stream.write(outcome.raw === true ? outcome.answer : `${printable(outcome.answer)}\n`);
}
