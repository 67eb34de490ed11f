import { spawn } from "node:child_process";
import { join } from "node:path";

/** The repository's root. */
export const repository = join(import.meta.dirname, "..", "..");

/** How a program ended and what it wrote. */
export interface Ran {
  status: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

/** What a run may differ in from a plain one. */
export interface RunOptions {
  cwd?: string;
  env?: Record<string, string | undefined>;
  input?: string | Buffer;
  /** Called once the program runs; with it standard input stays open until the program ends. */
  whileRunning?: (child: ReturnType<typeof spawn>) => void;
}

/** Runs a program to its end, with nothing of DDIFF_* from the environment of the tests. */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("DDIFF_")),
  );
  const child = spawn(program, args, { cwd: options.cwd ?? repository, env: { ...clean, ...options.env } });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  child.stdin.on("error", () => {});
  if (options.whileRunning === undefined) child.stdin.end(options.input);
  else options.whileRunning(child);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status, signal) => {
      resolve({
        status,
        signal,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      });
    });
  });
}

/** Runs ddiff from its source under the Node of the tests. */
export function ddiff(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return run(process.execPath, [join(repository, "src", "main.ts"), ...args], options);
}
