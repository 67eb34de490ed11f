import { readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { DdiffError, messageOf, systemErrorCode } from "../util/errors.ts";

/** The file that holds a project's settings, one part for each command that has some. */
export const configName = ".ddiff.yaml";

/** The `.ddiff.yaml` of a folder (absolute): the nearest upwards, to the root of the repository, or to `cwd` where it is in none. */
export function nearestConfig(folder: string, cwd: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const here = join(at, configName);
    if (statSync(here, { throwIfNoEntry: false })?.isFile() === true) return here;
    if (isTop(at, cwd)) return undefined;
  }
}

/** Whether nothing above a folder counts for the files in it. */
function isTop(folder: string, cwd: string): boolean {
  if (exists(join(folder, ".git")) || dirname(folder) === folder) return true;
  if (repositoryOf(folder) !== undefined) return false;
  const within = relative(cwd, folder);
  return within === "" || within.startsWith("..");
}

/** The folder with `.git` at or above a folder (absolute). */
export function repositoryOf(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (exists(join(at, ".git"))) return at;
    if (dirname(at) === at) return undefined;
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** The text of a configuration. Throws `CONFIG_INVALID`. */
export function readConfigText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const missing = systemErrorCode(cause) === "ENOENT";
    throw invalidConfig(file, [missing ? "it is not there" : `it cannot be read: ${messageOf(cause)}`]);
  }
}

/** `CONFIG_INVALID` (exit status 2) with all that is wrong in a configuration's file. */
export function invalidConfig(file: string, problems: readonly string[]): DdiffError {
  return new DdiffError("CONFIG_INVALID", `the configuration in ${file} is wrong: ${problems.join("; ")}`, {
    hint: 'docs/lint-config.md and docs/budget.md list every setting; "ddiff lint --list-rules" lists the rules.',
    exitStatus: 2,
  });
}
