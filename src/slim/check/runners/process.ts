import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import { messageOf } from "../../../util/errors.ts";
import type { Ran } from "./runner.ts";

/** Of each stream so many bytes are kept; the rest is read and forgotten, so that no program hangs on it. */
const mostOutput = 1 << 20;

/** How a process is started. */
export interface ProcessOptions {
  env: Record<string, string | undefined>;
  cwd?: string;
  /** As this user and group; only root can. */
  uid?: number;
  gid?: number;
  stdio?: StdioOptions;
}

/** A process that runs, with what it wrote so far. */
export class RunningProcess {
  readonly child: ChildProcess;
  /** Settled when it has ended and all output is read; it never fails. */
  readonly ended: Promise<Ran>;
  readonly #begun = Date.now();
  readonly #stdout = new Kept();
  readonly #stderr = new Kept();
  #late = false;
  #ran: Ran | undefined;

  constructor(program: string, args: readonly string[], { env, ...options }: ProcessOptions) {
    this.child = spawn(program, args, {
      ...options,
      stdio: options.stdio ?? ["ignore", "pipe", "pipe"],
      // Undefined would not take a variable away that node itself has.
      env: Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined)),
    });
    this.#stdout.read(this.child.stdout);
    this.#stderr.read(this.child.stderr);
    this.ended = new Promise((resolve) => {
      this.child.on("error", (error) => resolve(this.#end(127, messageOf(error))));
      this.child.on("close", (code, signal) => resolve(this.#end(statusOf(code, signal))));
    });
  }

  /** How it ended; undefined while it runs. */
  ran(): Ran | undefined {
    return this.#ran;
  }

  /** Kills it after so many seconds. */
  limit(seconds: number): this {
    const timer = setTimeout(() => {
      this.#late = true;
      this.child.kill("SIGKILL");
    }, seconds * 1000);
    void this.ended.then(() => clearTimeout(timer));
    return this;
  }

  #end(status: number, unstarted?: string): Ran {
    this.#ran ??= {
      status,
      stdout: this.#stdout.text(),
      stderr: this.#stderr.text(),
      late: this.#late,
      seconds: (Date.now() - this.#begun) / 1000,
      ...(unstarted === undefined ? {} : { unstarted }),
    };
    return this.#ran;
  }
}

/** The end of a process or an abort, whichever comes first; then it is killed and awaited. Throws the signal's reason. */
export async function endOf(running: RunningProcess, signal: AbortSignal | undefined): Promise<Ran> {
  const kill = (): void => void running.child.kill("SIGKILL");
  signal?.addEventListener("abort", kill, { once: true });
  if (signal?.aborted === true) kill();
  const ran = await running.ended;
  signal?.removeEventListener("abort", kill);
  signal?.throwIfAborted();
  return ran;
}

function statusOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

/** The first bytes of a stream. */
class Kept {
  readonly #parts: Buffer[] = [];
  #size = 0;

  read(stream: Readable | null): void {
    stream?.on("data", (bytes: Buffer) => {
      if (this.#size >= mostOutput) return;
      const part = bytes.subarray(0, mostOutput - this.#size);
      this.#size += part.length;
      this.#parts.push(part);
    });
    stream?.on("error", () => {});
  }

  text(): string {
    return Buffer.concat(this.#parts).toString("utf8");
  }
}
