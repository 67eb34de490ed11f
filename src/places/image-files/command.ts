import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { readAll } from "../../codec/read-all.ts";
import { DdiffError, messageOf } from "../../util/errors.ts";
import { readableOf } from "../../util/readable.ts";
import type { PlaceContext } from "../place.ts";

/** An engine's own program. */
export interface EngineCommand {
  /** `Podman`, for sentences. */
  engine: string;
  program: string;
  /** Arguments that come before all others. */
  options: readonly string[];
  env: PlaceContext["env"];
  /** Where the program gets a folder of its own for temporary files, which goes with it however it ends. */
  tempDir?: string;
}

/** What a program of an engine did wrong: `ENGINE_REFUSED` with its last words. */
export class CommandFailure extends DdiffError {
  /** All it said on standard error, cut to its end. */
  readonly said: string;

  constructor(command: EngineCommand, args: readonly string[], said: string) {
    const words =
      said
        .trim()
        .split("\n")
        .findLast((line) => line.trim() !== "") ?? "it gave no reason";
    super(
      "ENGINE_REFUSED",
      `${command.program} ${args.slice(0, 2).join(" ")} failed: ${words.replace(/^(?:Error|ctr): /, "")}`,
    );
    this.said = said;
  }
}

const outputLimit = 512 << 20;
const saidLimit = 8000;

/** How a command is run. */
export interface RunOptions {
  /** Fed to the command, and destroyed. Where it fails the command is killed: half an input must not pass for all of it. */
  input?: Readable;
  signal?: AbortSignal | undefined;
}

/**
 * Runs a command to its end and answers its output. A failure of `input` comes before the command's own. Throws
 * `CommandFailure`, `ENGINE_UNREACHABLE` where the program is not installed, and the signal's reason.
 */
export async function runCommand(
  command: EngineCommand,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Buffer> {
  const { input, signal } = options;
  signal?.throwIfAborted();
  const { child, ended } = await start(command, args, input === undefined ? "ignore" : "pipe");
  const kill = (): void => void child.kill("SIGKILL");
  signal?.addEventListener("abort", kill);
  try {
    const output = readAll(child.stdout as Readable, outputLimit, command.program);
    const feeding = input === undefined ? undefined : feed(input, child);
    await Promise.allSettled([output, ended, feeding]);
    signal?.throwIfAborted();
    if (input?.errored) throw input.errored;
    await ended;
    await feeding;
    return await output;
  } finally {
    signal?.removeEventListener("abort", kill);
    kill();
    input?.destroy();
  }
}

/** The output of a command as it comes. The stream fails with `CommandFailure`; destroying it ends the command. */
export async function streamCommand(command: EngineCommand, args: readonly string[]): Promise<Readable> {
  const { child, ended } = await start(command, args, "ignore");
  async function* output(): AsyncGenerator<Buffer, void, void> {
    yield* child.stdout as AsyncIterable<Buffer>;
    await ended;
  }
  return readableOf(output(), () => void child.kill("SIGKILL"));
}

async function feed(input: Readable, child: ChildProcess): Promise<void> {
  const { stdin } = child;
  if (stdin === null) return;
  // A command that fails stops reading: its own words say more than the broken pipe.
  stdin.on("error", () => input.destroy());
  try {
    for await (const chunk of input as AsyncIterable<Buffer>) {
      if (stdin.destroyed) return;
      if (!stdin.write(chunk)) await drained(stdin);
    }
    stdin.end();
  } catch (error) {
    // Destroyed by the broken pipe, not by a failure of its own.
    if (input.errored === null) return;
    child.kill("SIGKILL");
    throw error;
  }
}

/** When the command takes more input, or none any more. */
async function drained(stdin: Writable): Promise<void> {
  await new Promise<void>((resolve) => {
    const go = (): void => {
      stdin.off("drain", go).off("close", go);
      resolve();
    };
    stdin.on("drain", go).on("close", go);
  });
}

/** Starts the program. It and its temporary folder are gone when `ended` is settled. */
async function start(
  command: EngineCommand,
  args: readonly string[],
  stdin: "ignore" | "pipe",
): Promise<{ child: ChildProcess; ended: Promise<void> }> {
  const { tempDir } = command;
  const folder = tempDir === undefined ? undefined : await mkdtemp(join(tempDir, "ddiff-engine-"));
  const child = spawn(command.program, [...command.options, ...args], {
    stdio: [stdin, "pipe", "pipe"],
    env: { ...command.env, LC_ALL: "C", ...(folder === undefined ? {} : { TMPDIR: folder }) },
  });
  let said = "";
  child.stderr?.on("data", (bytes: Buffer) => {
    said = (said + bytes.toString()).slice(-saidLimit);
  });
  const closed = once(child, "close") as Promise<[number | null]>;
  const ended = (async () => {
    try {
      const [code] = await closed;
      if (code !== 0) throw new CommandFailure(command, args, said);
    } catch (error) {
      if (error instanceof CommandFailure) throw error;
      throw new DdiffError(
        "ENGINE_UNREACHABLE",
        `The program ${command.program} cannot be run: ${messageOf(error)}`,
        { hint: `Install ${command.engine}, or name another place.`, cause: error },
      );
    } finally {
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    }
  })();
  // Whoever waits hears of it; whoever has given up need not.
  ended.catch(() => undefined);
  return { child, ended };
}
