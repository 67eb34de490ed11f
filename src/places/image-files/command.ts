import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { pipeline } from "node:stream/promises";
import type { Readable } from "node:stream";
import { readAll } from "../../codec/read-all.ts";
import { DdiffError, messageOf, systemErrorCode } from "../../util/errors.ts";
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

/**
 * Runs a command to its end and answers its output. `input` is fed to it and destroyed; its failure comes before the
 * command's. Throws `CommandFailure`, `ENGINE_UNREACHABLE` where the program is not installed, and the signal's reason.
 */
export async function runCommand(
  command: EngineCommand,
  args: readonly string[],
  options: { input?: Readable; signal?: AbortSignal | undefined } = {},
): Promise<Buffer> {
  const { input, signal } = options;
  signal?.throwIfAborted();
  const running = start(command, args, input === undefined ? "ignore" : "pipe");
  const abort = (): void => void running.child.kill("SIGKILL");
  signal?.addEventListener("abort", abort);
  try {
    // A command that fails stops reading: its own words say more than the broken pipe.
    const feeding = feed(input, running.child);
    const output = running.child.stdout as Readable;
    const [bytes] = await Promise.all([
      readAll(output, outputLimit, command.program),
      running.ended,
      feeding,
    ]);
    if (input?.errored) throw input.errored;
    return bytes;
  } catch (error) {
    signal?.throwIfAborted();
    throw input?.errored ?? error;
  } finally {
    signal?.removeEventListener("abort", abort);
    running.child.kill("SIGKILL");
    input?.destroy();
  }
}

/** The output of a command as it comes. The stream fails with `CommandFailure`; destroying it ends the command. */
export function streamCommand(command: EngineCommand, args: readonly string[]): Readable {
  const running = start(command, args, "ignore");
  // Whoever reads hears of the failure at the end of the output.
  running.ended.catch(() => undefined);
  async function* output(): AsyncGenerator<Buffer, void, void> {
    yield* running.child.stdout as AsyncIterable<Buffer>;
    await running.ended;
  }
  return readableOf(output(), () => void running.child.kill("SIGKILL"));
}

async function feed(input: Readable | undefined, child: ChildProcess): Promise<void> {
  if (input === undefined || child.stdin === null) return;
  try {
    await pipeline(input, child.stdin);
  } catch (error) {
    // Half an archive must not look like a whole one: the end of the input would be taken for its end.
    if (input.errored) child.kill("SIGKILL");
    else if (systemErrorCode(error) !== "EPIPE" && systemErrorCode(error) !== "ERR_STREAM_PREMATURE_CLOSE")
      throw error;
  }
}

function start(
  command: EngineCommand,
  args: readonly string[],
  stdin: "ignore" | "pipe",
): { child: ChildProcess; ended: Promise<void> } {
  const child = spawn(command.program, [...command.options, ...args], {
    stdio: [stdin, "pipe", "pipe"],
    env: { ...command.env, LC_ALL: "C" },
  });
  let said = "";
  child.stderr?.on("data", (bytes: Buffer) => {
    said = (said + bytes.toString()).slice(-saidLimit);
  });
  const ended = (async () => {
    let code: number | null;
    try {
      [code] = (await once(child, "close")) as [number | null];
    } catch (error) {
      throw new DdiffError(
        "ENGINE_UNREACHABLE",
        `The program ${command.program} cannot be run: ${messageOf(error)}`,
        {
          hint: `Install ${command.engine}, or name another place.`,
          cause: error,
        },
      );
    }
    if (code !== 0) throw new CommandFailure(command, args, said);
  })();
  return { child, ended };
}
