import { spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { DdiffError, messageOf } from "../../util/errors.ts";

/** Whether a program is on the PATH. */
export function isOnPath(program: string, env: Record<string, string | undefined>): boolean {
  return (env["PATH"] ?? "").split(delimiter).some((folder) => {
    const path = join(folder === "" ? "." : folder, program);
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      return false;
    }
  });
}

/**
 * Runs a builder without any shell, so that every word arrives as it was written. Its output goes to standard error where standard
 * output belongs to a result (`--json`) or a bundle. Throws `BUILD_FAILED`, with the builder's own status in the sentence.
 */
export async function runBuilder(
  words: readonly string[],
  options: {
    standardInput?: Buffer | undefined;
    outputToError: boolean;
    signal?: AbortSignal | undefined;
    /** What there is not without it: "no bundle was written". */
    lost?: string;
  },
): Promise<void> {
  const [program = "", ...args] = words;
  const name = program.split("/").at(-1);
  await new Promise<void>((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: [
        options.standardInput === undefined ? "inherit" : "pipe",
        options.outputToError ? 2 : "inherit",
        "inherit",
      ],
    });
    // The builder ends by itself: a terminal signals it too, and it has containers to clear away.
    const stop = (): void => void child.kill("SIGTERM");
    options.signal?.addEventListener("abort", stop, { once: true });
    child.on("error", (cause) => {
      reject(
        new DdiffError("BUILD_FAILED", `${program} cannot be run: ${messageOf(cause)}`, {
          hint: "Check that it is installed.",
          cause,
        }),
      );
    });
    child.on("close", (code, signal) => {
      options.signal?.removeEventListener("abort", stop);
      if (code === 0) resolve();
      else {
        const how = code === null ? `was stopped by ${signal}` : `ended with status ${code}`;
        reject(
          new DdiffError("BUILD_FAILED", `${name} ${how}, so ${options.lost ?? "no bundle was written"}`, {
            hint: hintFor(args),
          }),
        );
      }
    });
    // A builder that ends before it has read all says so by its status.
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.standardInput);
  });
}

function hintFor(args: readonly string[]): string {
  const own = args.find((arg) =>
    /^--(?:base|bundle|have|split|whole-layers|exact|require-exact|max-effort)(?:=|$)/.test(arg),
  );
  if (own === undefined) return "Its own messages above say why.";
  return `${own.replace(/=.*/, "")} belongs to ddiff and goes before the build's arguments: ddiff build ${own} ...`;
}
