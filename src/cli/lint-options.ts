import { buffer } from "node:stream/consumers";
import type { Level } from "../lint/finding.ts";
import type { LintOptions } from "../lint/lint.ts";
import type { Call, OptionSpecs } from "./command.ts";
import { usageError } from "./usage.ts";

/** What lint and fix both take. */
export const lintOptionSpecs = {
  config: { value: "FILE", complete: "file", help: "the configuration, instead of the nearest .ddiff.yaml" },
  context: {
    value: "DIR",
    complete: "directory",
    help: "the folder that the Dockerfiles are built with, instead of what compose files and COPY tell",
  },
  gpu: { value: "NAME", many: true, help: "a GPU that the images must run on: rtx4090, h100, 8.9" },
  driver: { value: "VERSION", help: "NVIDIA's driver there: 550" },
  rule: { value: "RULE", many: true, help: "only this rule, by name, id or group; also where it is off" },
  profile: {
    value: "NAME",
    choices: ["default", "strict"],
    help: "strict adds the rules that are off by default",
  },
  baseline: { value: "FILE", complete: "file", help: "leave the findings of this file as they are" },
  shellcheck: { help: "run ShellCheck over the scripts as well, where it is installed" },
  stdin: { help: "take a file from standard input" },
  "stdin-filename": { value: "NAME", help: "its name, which tells what it is and which settings hold" },
} as const satisfies OptionSpecs;

type LintCall = Call<typeof lintOptionSpecs>;

/** The options of a run of rules. Throws `USAGE`, `GPU_UNKNOWN`, `DRIVER_INVALID`. */
export async function readLintOptions(call: LintCall, failOn?: string): Promise<LintOptions> {
  const { args, options } = call;
  if (options.stdin && args.length > 0) throw usageError("--stdin and paths exclude each other");
  if (options["stdin-filename"] !== undefined && !options.stdin)
    throw usageError("--stdin-filename needs --stdin");
  const { readTarget } = await import("../lint/target.ts");
  const target = readTarget(options.gpu, options.driver, "the command line");
  return {
    paths: args.length === 0 ? ["."] : args,
    cwd: process.cwd(),
    config: options.config,
    context: options.context,
    stdin: options.stdin
      ? { bytes: await buffer(process.stdin), name: options["stdin-filename"] ?? "Dockerfile" }
      : undefined,
    baseline: options.baseline,
    today: Date.now(),
    only: options.rule,
    profile: options.profile === "strict" || options.profile === "default" ? options.profile : undefined,
    failOn: failOn as Level | undefined,
    shellcheck: options.shellcheck,
    all: false,
    target: {
      ...(options.gpu.length === 0 ? {} : { gpus: target.gpus }),
      ...(options.driver === undefined ? {} : { driver: target.driver }),
    },
  };
}
