import { availableParallelism } from "node:os";
import type { ImportTest } from "../checklist.ts";
import { type CheckResult, resultOf } from "../result.ts";
import type { RunSetting } from "../run-checklist.ts";
import type { Ran } from "../runners/runner.ts";
import { importWords, readImported } from "./import-scripts.ts";
import { endOfOutput, envOf, lastLine } from "./outcome.ts";

/** More at a time would ask for too much memory: each may be torch. */
const mostAtOnce = 4;

/** Imports the modules of a test, each in a process of its own; a result for each. */
export async function runImportTest(test: ImportTest, setting: RunSetting): Promise<CheckResult[]> {
  const { runner, limits, options, env } = setting;
  const atOnce = Math.min(mostAtOnce, availableParallelism());
  const modules = [...new Set(test.modules)];
  const ran = await runner.run({
    words: importWords({ ...test, modules }, limits.seconds, atOnce),
    env: envOf(env, test.envVars),
    folder: test.folder,
    options,
    // Each has its own limit; this one is for an interpreter that does not get so far.
    seconds: limits.seconds * (modules.length + 1),
  });
  const imported = readImported(ran.stdout);
  return modules.map((module) => {
    const title = titleOfImport(module, test);
    const one = imported.get(module);
    if (one === undefined)
      return resultOf("import", title, { failures: [notReached(ran)], ...endOfOutput(ran) });
    const failures = one.works ? [] : [one.message || "it ended without a word"];
    return resultOf("import", title, { failures, seconds: one.seconds });
  });
}

/** `numpy (/opt/venv/bin/python3)`. */
export function titleOfImport(module: string, { name }: Pick<ImportTest, "name">): string {
  return `${module} (${name})`;
}

function notReached({ unstarted, late, status, stderr }: Ran): string {
  if (unstarted !== undefined) return `the interpreter could not be started: ${unstarted}`;
  if (late) return "the interpreter took too long";
  return `the interpreter ended with status ${status}: ${lastLine(stderr)}`;
}
