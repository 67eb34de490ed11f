import { spawn } from "node:child_process";
import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { DdiffError, messageOf } from "../util/errors.ts";
import type { Progress } from "../util/progress.ts";
import { writeProgram } from "./build-context.ts";
import { finishWords, program } from "./layout.ts";
import type { BasePlan } from "./plan.ts";
import { stepsOf } from "./steps.ts";

/** What building in a folder needs from outside. */
export interface FolderBuild {
  readonly env: Record<string, string | undefined>;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes a base in a folder of this machine, with no engine: uv installs everything, as it does in an image. What a definition says of the
 * system does not count. Parts that are there are made anew; a torch that the definition no longer has stays, for projects may be linked to it.
 * Throws `PYTHON_MISSING`, `BASE_FAILED`.
 */
export async function buildFolder(folder: string, plan: BasePlan, context: FolderBuild): Promise<void> {
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o755);
  await writeProgram(join(folder, "bin"));
  for (const { about, words } of stepsOf(plan)) await runProgram(folder, plan, words, about, context);
  await runProgram(folder, plan, finishWords(undefined), "what it holds", context);
}

async function runProgram(
  folder: string,
  { definition: { indexes } }: BasePlan,
  words: readonly string[],
  about: string,
  { env, progress, signal }: FolderBuild,
): Promise<void> {
  const task = progress.task(`installing ${about}`);
  try {
    const child = spawn("python3", [join(folder, program), ...words], {
      // What uv says goes beside what we say.
      stdio: ["ignore", 2, 2],
      env: { ...env, UV_DEFAULT_INDEX: indexes.pypi, PIP_INDEX_URL: indexes.pypi },
      ...(signal === undefined ? {} : { signal }),
    });
    await new Promise<void>((resolve, reject) => {
      child.on("error", (cause) =>
        reject(
          new DdiffError("PYTHON_MISSING", `python3 cannot be run: ${messageOf(cause)}`, {
            hint: "Install Python 3.9 or newer.",
            cause,
          }),
        ),
      );
      child.on("close", (code, killed) => {
        if (code === 0) resolve();
        else
          reject(
            new DdiffError(
              "BASE_FAILED",
              `${about} could not be installed: the base's program ${code === null ? `was stopped by ${killed}` : `ended with status ${code}`}`,
              { hint: "Its own messages above say why; what is whole stays, and the next run goes on." },
            ),
          );
      });
    });
  } finally {
    task.end();
  }
}
